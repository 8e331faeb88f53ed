//! What AWS Backup tells of changes of state, in the shapes of
//! [EventBridge](https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html): an envelope that all events have,
//! and a [`detail`] for each kind.

pub mod detail;
pub mod finding;

use crate::domain::{AccountId, Invalid, Region, Scope, Time};
use chrono::SecondsFormat;
use detail::Detail;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// `source` of AWS Backup's events.
pub const SOURCE: &str = "aws.backup";

/// `source` of what AWS has no event for.
pub const OWN_SOURCE: &str = "vaultdeck";

/// `version` of every event.
const VERSION: &str = "0";

/// `detail-type`: what changed its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum DetailType {
    /// A backup job.
    BackupJob,
    /// A copy job.
    CopyJob,
    /// A restore job.
    RestoreJob,
    /// A recovery point.
    RecoveryPoint,
    /// A backup plan.
    BackupPlan,
    /// A vault.
    BackupVault,
    /// The settings of an account in a region.
    RegionSetting,
    /// Something that somebody should look at; no event of AWS, and only there where somebody is told of findings.
    Finding,
}

impl DetailType {
    /// Every one, AWS's in the order of its page.
    pub const ALL: [Self; 8] = [
        Self::BackupJob,
        Self::BackupPlan,
        Self::BackupVault,
        Self::CopyJob,
        Self::RecoveryPoint,
        Self::RegionSetting,
        Self::RestoreJob,
        Self::Finding,
    ];

    /// AWS's string, where it is one of AWS's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BackupJob => "Backup Job State Change",
            Self::CopyJob => "Copy Job State Change",
            Self::RestoreJob => "Restore Job State Change",
            Self::RecoveryPoint => "Recovery Point State Change",
            Self::BackupPlan => "Backup Plan State Change",
            Self::BackupVault => "Backup Vault State Change",
            Self::RegionSetting => "Region Setting State Change",
            Self::Finding => "Finding",
        }
    }

    /// Who tells such events: [`SOURCE`] or [`OWN_SOURCE`].
    pub const fn source(self) -> &'static str {
        match self {
            Self::Finding => OWN_SOURCE,
            _ => SOURCE,
        }
    }
}

impl fmt::Display for DetailType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DetailType {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.into_iter().map(Self::as_str).collect();
            Invalid::value("detail-type", format!("{text:?} is not one of {}", known.join(", ")))
        })
    }
}

impl TryFrom<String> for DetailType {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<DetailType> for &'static str {
    fn from(detail_type: DetailType) -> Self {
        detail_type.as_str()
    }
}

/// Something that has just changed, before the feed gives it a place.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// Whose it is.
    pub scope: &'a Scope,
    /// When it changed, in engine time.
    pub at: Time,
    /// The ARNs of `resources`.
    pub resources: Vec<&'a str>,
    /// What changed, and how it is now.
    pub detail: Detail<'a>,
}

/// An event of the feed: EventBridge's envelope, and its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// Its place in the feed, from 1 on: what comes later has a higher one. EventBridge has no such member.
    pub position: u64,
    /// `0`.
    pub version: String,
    /// The same whenever the event is read or delivered again, and no other's.
    pub id: String,
    /// What changed.
    pub detail_type: DetailType,
    /// [`SOURCE`] or [`OWN_SOURCE`].
    pub source: String,
    /// Whose it is.
    pub account: AccountId,
    /// When it changed, in whole seconds as EventBridge tells it.
    #[serde(with = "seconds")]
    pub time: Time,
    /// Where.
    pub region: Region,
    /// The ARNs that it is about; what they are depends on the detail type.
    pub resources: Vec<String>,
    /// AWS's members of this detail type.
    pub detail: Value,
}

impl Event {
    /// An event with what all have in common.
    pub fn new(position: u64, id: String, scope: Scope, time: Time, detail_type: DetailType) -> Self {
        Self {
            position,
            version: VERSION.to_owned(),
            id,
            detail_type,
            source: detail_type.source().to_owned(),
            account: scope.account,
            time,
            region: scope.region,
            resources: Vec::new(),
            detail: Value::Null,
        }
    }

    /// A text of the detail.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.detail.get(member)?.as_str()
    }

    /// What it is about, for people: a job's id, what was found, the ARN of anything else.
    pub fn subject(&self) -> &str {
        let job =
            ["backupJobId", "copyJobId", "restoreJobId", "title"].into_iter().find_map(|member| self.text(member));
        job.or_else(|| self.resources.first().map(String::as_str)).unwrap_or_default()
    }

    /// The state that it tells of: AWS calls it `state` of some things and `status` of others. A finding's is its severity.
    pub fn state(&self) -> &str {
        ["state", "status", "severity"].into_iter().find_map(|member| self.text(member)).unwrap_or_default()
    }
}

/// The route of the feed of events: `GET /_vaultdeck/events?after=…&limit=…&wait=…&account=…&region=…`.
pub const EVENTS: &str = "/_vaultdeck/events";

/// A page of the feed of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EventPage {
    /// The events, in the order of their positions.
    pub events: Vec<Event>,
    /// What to give as `after` for those that follow.
    pub next: u64,
}

/// A time of an envelope: `2020-07-15T21:41:17Z`.
mod seconds {
    use super::{SecondsFormat, Time};
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        Time::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detail_type_reads_back_and_no_other_text_is_one() {
        for detail_type in DetailType::ALL {
            assert_eq!(detail_type.as_str().parse::<DetailType>().unwrap(), detail_type);
        }
        let refused = "Backup job".parse::<DetailType>().unwrap_err();
        assert!(refused.to_string().contains("Backup Vault State Change"), "{refused}");
    }

    #[test]
    fn the_envelope_has_eventbridges_members_and_reads_back() {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let time: Time = "2026-11-23T05:00:00Z".parse().unwrap();
        let mut event = Event::new(7, "some-id".to_owned(), scope, time, DetailType::BackupVault);
        event.resources.push("arn:aws:backup:us-east-1:123456789012:backup-vault:v".to_owned());
        event.detail = serde_json::json!({ "backupVaultName": "v", "state": "CREATED" });
        let text = serde_json::to_value(&event).unwrap();
        assert_eq!(
            text,
            serde_json::json!({
                "position": 7, "version": "0", "id": "some-id", "detail-type": "Backup Vault State Change",
                "source": "aws.backup", "account": "123456789012", "time": "2026-11-23T05:00:00Z",
                "region": "us-east-1", "resources": ["arn:aws:backup:us-east-1:123456789012:backup-vault:v"],
                "detail": { "backupVaultName": "v", "state": "CREATED" },
            })
        );
        assert_eq!(serde_json::from_value::<Event>(text).unwrap(), event);
        assert_eq!(event.state(), "CREATED");
    }
}
