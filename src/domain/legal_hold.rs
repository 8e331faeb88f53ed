//! Legal holds: what keeps recovery points from being deleted until somebody releases them.
//!
//! A hold catches the recovery points that are there when it is created and that its selection names; what is made later
//! is not held, and a copy does not inherit the holds of its source. See
//! [Legal holds](https://docs.aws.amazon.com/aws-backup/latest/devguide/legalhold.html).

use crate::domain::{Arn, Invalid, ResourceType, Scope, Time};
use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

/// How many active holds an account has at most (AWS's quota, which cannot be raised).
pub const MAX_ACTIVE: i64 = 50;

/// How many days the record of a released hold is kept where nothing else is said.
pub const RETAIN_RECORD_DAYS: i64 = 180;

/// The longest that such a record is kept, in days.
const MAX_RETAIN_RECORD_DAYS: i64 = 36_500;

/// The most characters of a title.
const MAX_TITLE: usize = 256;

/// The most characters of a description, and of the reason of a release.
const MAX_DESCRIPTION: usize = 1024;

/// `Status` of [GetLegalHold](https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetLegalHold.html).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldStatus {
    /// Recovery points are still being caught.
    Creating,
    /// It holds.
    Active,
    /// Recovery points are being released.
    Canceling,
    /// It holds nothing any more; its record is kept for a while.
    Canceled,
    /// A state that this version does not know.
    Other(String),
}

impl HoldStatus {
    /// The API's string.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Canceling => "CANCELING",
            Self::Canceled => "CANCELED",
            Self::Other(text) => text,
        }
    }

    /// Whether recovery points may be under it.
    pub fn holds(&self) -> bool {
        *self != Self::Canceled
    }
}

impl From<&str> for HoldStatus {
    fn from(text: &str) -> Self {
        match text {
            "CREATING" => Self::Creating,
            "ACTIVE" => Self::Active,
            // AWS's pages spell it both ways.
            "CANCELING" | "CANCELLING" => Self::Canceling,
            "CANCELED" | "CANCELLED" => Self::Canceled,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A hold as ListLegalHolds tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldSummary {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: Arn,
    /// Where it lives: it holds recovery points of this account and region only.
    pub scope: Scope,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Its state.
    pub status: HoldStatus,
    /// When it was created: what is younger is not held.
    pub created: Option<Time>,
    /// When it was released.
    pub cancelled: Option<Time>,
}

/// A hold as GetLegalHold tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalHold {
    /// What the list tells too.
    pub summary: HoldSummary,
    /// What it catches.
    pub selection: HoldSelection,
    /// Why it was released.
    pub cancel_description: Option<String>,
    /// Until when its record is kept, once it was released.
    pub retain_record_until: Option<Time>,
}

/// A recovery point that is under a hold: `RecoveryPointMember`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPoint {
    /// Its ARN.
    pub arn: Arn,
    /// What it is of.
    pub resource_arn: Arn,
    /// The type of that.
    pub resource_type: ResourceType,
    /// Its vault's name.
    pub vault_name: String,
}

/// `RecoveryPointSelection`: what a hold catches. Of vaults, resources and dates, each that is given must fit; none given
/// means every recovery point of the account and region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HoldSelection {
    /// Only what one of these vaults holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vault_names: Vec<String>,
    /// Only what is of one of these resources, by ARN, or of one of these types (`EFS`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_identifiers: Vec<String>,
    /// Only what was created within it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_range: Option<DateRange>,
}

/// `DateRange`: both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DateRange {
    /// The beginning.
    pub from_date: Time,
    /// The end.
    pub to_date: Time,
}

/// What a selection looks at in a recovery point.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its vault's name.
    pub vault_name: &'a str,
    /// What it is of.
    pub resource_arn: &'a Arn,
    /// The type of that.
    pub resource_type: &'a ResourceType,
    /// The start of its backup job.
    pub created: Time,
}

impl HoldSelection {
    /// Whether it names a recovery point.
    pub fn catches(&self, point: &Candidate<'_>) -> bool {
        let named =
            |names: &[String], fits: &dyn Fn(&str) -> bool| names.is_empty() || names.iter().any(|name| fits(name));
        named(&self.vault_names, &|name| name == point.vault_name)
            && named(&self.resource_identifiers, &|name| {
                name == point.resource_arn.as_str() || name == point.resource_type.as_str()
            })
            && self.date_range.is_none_or(|range| (range.from_date..=range.to_date).contains(&point.created))
    }

    /// What it names, in words.
    pub fn describe(&self) -> String {
        let mut parts = Vec::new();
        if !self.vault_names.is_empty() {
            parts.push(format!("in {}", self.vault_names.join(", ")));
        }
        if !self.resource_identifiers.is_empty() {
            parts.push(format!("of {}", self.resource_identifiers.join(", ")));
        }
        if let Some(DateRange { from_date, to_date }) = self.date_range {
            let shown = |time: Time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string();
            parts.push(format!("created from {} to {}", shown(from_date), shown(to_date)));
        }
        match parts.as_slice() {
            [] => "every recovery point of the account and region".to_owned(),
            parts => format!("recovery points {}", parts.join(", ")),
        }
    }

    /// Checks what can be checked without a look at what there is. `now` is engine time.
    pub fn validate(&self, now: Time) -> Result<(), Invalid> {
        for name in &self.resource_identifiers {
            let known = match name.parse::<Arn>() {
                Ok(arn) => ResourceType::of_arn(&arn).is_some(),
                Err(_) => ResourceType::from(name.clone()).facts().is_some(),
            };
            if !known {
                let rule = format_args!(
                    "{name:?} is neither the ARN of a resource that AWS Backup supports nor a resource type such as EFS"
                );
                return Err(Invalid::value("RecoveryPointSelection.ResourceIdentifiers", rule));
            }
        }
        self.date_range.map_or(Ok(()), |range| range.validate(now))
    }
}

impl DateRange {
    fn validate(&self, now: Time) -> Result<(), Invalid> {
        const FIELD: &str = "RecoveryPointSelection.DateRange";
        if self.from_date > self.to_date {
            let (from, to) = (self.from_date.to_rfc3339(), self.to_date.to_rfc3339());
            return Err(Invalid::value(FIELD, format_args!("FromDate {from} must not be after ToDate {to}")));
        }
        if self.to_date > now {
            let (to, now) = (self.to_date.to_rfc3339(), now.to_rfc3339());
            return Err(Invalid::value(FIELD, format_args!("ToDate {to} must not be in the future; it is {now} now")));
        }
        Ok(())
    }
}

impl LegalHold {
    /// Whether a recovery point is under it: it holds, the point was there when it was created, and its selection names it.
    pub fn is_on(&self, point: &Candidate<'_>) -> bool {
        let was_there = self.summary.created.is_none_or(|created| point.created <= created);
        self.summary.status.holds() && was_there && self.selection.catches(point)
    }
}

/// Reads a time, or a day in UTC that counts from its beginning.
pub fn parse_begin(text: &str) -> Result<Time, Invalid> {
    parse("FromDate", text, NaiveTime::MIN)
}

/// Reads a time, or a day in UTC that counts to its end.
pub fn parse_end(text: &str) -> Result<Time, Invalid> {
    parse("ToDate", text, LAST_SECOND)
}

/// The end of a range as the API takes it: a day that is not over yet counts as far as it has come.
pub fn as_far(at: Time, now: Time) -> Time {
    if at > now && at.date_naive() == now.date_naive() { now } else { at }
}

/// The last second of a day.
const LAST_SECOND: NaiveTime = match NaiveTime::from_hms_opt(23, 59, 59) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

fn parse(field: &str, text: &str, of_a_day: NaiveTime) -> Result<Time, Invalid> {
    let text = text.trim();
    let day = text.parse::<NaiveDate>().map(|day| day.and_time(of_a_day).and_utc());
    day.or_else(|_| text.parse::<Time>()).map_err(|_| {
        Invalid::value(
            field,
            format_args!("{text:?} is no day such as 2026-01-31 and no time such as 2026-01-31T12:00:00Z"),
        )
    })
}

/// Checks a title.
pub fn validate_title(title: &str) -> Result<(), Invalid> {
    validate_text("Title", title, MAX_TITLE)
}

/// Checks a description, or the reason of a release; `field` is the member's name.
pub fn validate_description(field: &str, description: &str) -> Result<(), Invalid> {
    validate_text(field, description, MAX_DESCRIPTION)
}

/// Checks for how many days the record of a released hold is to be kept.
pub fn validate_retention(days: i64) -> Result<(), Invalid> {
    if (1..=MAX_RETAIN_RECORD_DAYS).contains(&days) {
        return Ok(());
    }
    let rule = format_args!("{days} is not between 1 and {MAX_RETAIN_RECORD_DAYS} days");
    Err(Invalid::value("RetainRecordInDays", rule))
}

fn validate_text(field: &str, text: &str, most: usize) -> Result<(), Invalid> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        return Err(Invalid::missing(field));
    }
    if length > most {
        return Err(Invalid::value(field, format_args!("at most {most} characters are allowed, it has {length}")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Invalid::value(field, "it must not hold control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn selection(vaults: &[&str], resources: &[&str], range: Option<(&str, &str)>) -> HoldSelection {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        HoldSelection {
            vault_names: texts(vaults),
            resource_identifiers: texts(resources),
            date_range: range.map(|(from, to)| DateRange { from_date: at(from), to_date: at(to) }),
        }
    }

    const FILES: &str = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1";

    fn catches(selection: &HoldSelection) -> bool {
        let arn: Arn = FILES.parse().unwrap();
        let resource_type = ResourceType::of_arn(&arn).unwrap();
        let created = at("2026-11-20T05:00:00Z");
        selection.catches(&Candidate { vault_name: "safe", resource_arn: &arn, resource_type: &resource_type, created })
    }

    #[test]
    fn what_is_given_must_fit_and_nothing_given_catches_all() {
        let day = Some(("2026-11-20T05:00:00Z", "2026-11-20T05:00:00Z"));
        for (vaults, resources, range, caught) in [
            (&[][..], &[][..], None, true),
            (&["other", "safe"], &[], None, true),
            (&["other"], &[], None, false),
            (&[], &[FILES], None, true),
            (&[], &["EFS"], None, true),
            (&[], &["S3"], None, false),
            (&["safe"], &["S3"], None, false),
            (&["safe"], &["S3", "EFS"], day, true),
            (&[], &[], Some(("2026-11-19T00:00:00Z", "2026-11-20T04:59:59.999Z")), false),
            (&[], &[], Some(("2026-11-20T05:00:00.001Z", "2026-11-21T00:00:00Z")), false),
        ] {
            let selection = selection(vaults, resources, range);
            assert_eq!(catches(&selection), caught, "{selection:?}");
        }
    }

    #[test]
    fn a_hold_is_on_what_was_there_when_it_was_created_until_it_is_released() {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let arn: Arn = FILES.parse().unwrap();
        let resource_type = ResourceType::of_arn(&arn).unwrap();
        let hold = |status| LegalHold {
            summary: HoldSummary {
                id: "h".to_owned(),
                arn: Arn::legal_hold(&scope, "h"),
                scope: scope.clone(),
                title: "t".to_owned(),
                description: "d".to_owned(),
                status,
                created: Some(at("2026-11-20T00:00:00Z")),
                cancelled: None,
            },
            selection: HoldSelection::default(),
            cancel_description: None,
            retain_record_until: None,
        };
        for (created, status, is_on) in [
            ("2026-11-20T00:00:00Z", HoldStatus::Active, true),
            ("2026-11-20T00:00:01Z", HoldStatus::Active, false),
            ("2026-11-19T00:00:00Z", HoldStatus::Canceling, true),
            ("2026-11-19T00:00:00Z", HoldStatus::Canceled, false),
        ] {
            let created = at(created);
            let point = Candidate { vault_name: "safe", resource_arn: &arn, resource_type: &resource_type, created };
            assert_eq!(hold(status.clone()).is_on(&point), is_on, "{created} {status:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_member_and_the_rule() {
        let now = at("2026-11-26T00:00:00Z");
        for (selection, told) in [
            (selection(&[], &["nonsense"], None), "ResourceIdentifiers: \"nonsense\" is neither"),
            (selection(&[], &["arn:aws:lambda:r:1:function:f"], None), "ResourceIdentifiers: \"arn:aws:lambda"),
            (selection(&[], &[], Some(("2026-11-03T00:00:00Z", "2026-11-02T00:00:00Z"))), "must not be after ToDate"),
            (selection(&[], &[], Some(("2026-11-03T00:00:00Z", "2026-11-27T00:00:00Z"))), "must not be in the future"),
        ] {
            let message = selection.validate(now).unwrap_err().message;
            assert!(message.starts_with("Invalid RecoveryPointSelection.") && message.contains(told), "{message}");
        }
        assert_eq!(validate_title(" ").unwrap_err().message, "Title is required");
        assert!(validate_title(&"x".repeat(257)).unwrap_err().message.contains("at most 256 characters"));
        assert!(validate_title("a\u{1b}[2J").is_err());
        assert_eq!(validate_description("Description", &"ü".repeat(1024)), Ok(()));
        for (days, fine) in [(0, false), (1, true), (36_500, true), (36_501, false), (-1, false)] {
            assert_eq!(validate_retention(days).is_ok(), fine, "{days}");
        }
    }

    #[test]
    fn a_day_counts_from_its_beginning_or_to_its_end() {
        assert_eq!(parse_begin("2026-11-20"), Ok(at("2026-11-20T00:00:00Z")));
        assert_eq!(parse_end(" 2026-11-20 "), Ok(at("2026-11-20T23:59:59Z")));
        assert_eq!(parse_end("2026-11-20T05:00:00Z"), Ok(at("2026-11-20T05:00:00Z")));
        assert!(parse_begin("yesterday").unwrap_err().message.starts_with("Invalid FromDate: \"yesterday\""));
    }

    #[test]
    fn a_day_that_is_not_over_counts_as_far_as_it_has_come() {
        let now = at("2026-11-20T05:00:00Z");
        for (end, far) in [
            ("2026-11-20T23:59:59Z", "2026-11-20T05:00:00Z"),
            ("2026-11-20T04:00:00Z", "2026-11-20T04:00:00Z"),
            ("2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z"),
        ] {
            assert_eq!(as_far(at(end), now), at(far));
        }
    }

    #[test]
    fn a_selection_says_itself_again_as_it_was_kept() {
        let full = selection(&["safe"], &["EFS"], Some(("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")));
        for selection in [HoldSelection::default(), full] {
            let kept = serde_json::to_string(&selection).unwrap();
            assert_eq!(serde_json::from_str::<HoldSelection>(&kept).unwrap(), selection, "{kept}");
        }
    }
}
