//! What a finished job says of itself: state, category and message in AWS's words.

use crate::domain::extension::MissingItem;
use crate::domain::job::JobState;

/// Everything went well.
pub const SUCCESS: &str = "SUCCESS";
/// Rights were missing.
pub const ACCESS_DENIED: &str = "AccessDenied";
/// What cannot be written into a logically air-gapped vault.
pub const NO_AIR_GAP: &str = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT_NOT_SUPPORTED";
/// All other trouble.
pub const MISCELLANEOUS: &str = "MISCELLANEOUS";

/// How many names a message carries before it only counts.
const NAMES: usize = 5;
/// How long one name may be in a message.
const NAME_LENGTH: usize = 200;

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Its last state.
    pub state: JobState,
    /// Its category.
    pub category: &'static str,
    /// Its message; none after a full success.
    pub message: Option<String>,
}

impl Ending {
    fn new(state: JobState, category: &'static str, message: impl Into<String>) -> Self {
        Self { state, category, message: Some(message.into()) }
    }

    /// COMPLETED, with or without issues.
    pub fn completed(missing: &[MissingItem], all_denied: bool) -> Self {
        if missing.is_empty() {
            return Self { state: JobState::Completed, category: SUCCESS, message: None };
        }
        let category = if all_denied { ACCESS_DENIED } else { MISCELLANEOUS };
        let message =
            format!("Completed with issues: {} not read: {}", count(missing.len()), names_with_reasons(missing));
        Self::new(JobState::Completed, category, message)
    }

    /// The same, completed with one more issue.
    #[must_use]
    pub fn with_issue(self, issue: Option<&str>) -> Self {
        let Some(issue) = issue else { return self };
        let message = match self.message {
            None => format!("Completed with issues: {issue}"),
            Some(message) => format!("{message}. {issue}"),
        };
        Self::new(self.state, MISCELLANEOUS, message)
    }

    /// PARTIAL: some child job did not complete.
    pub fn partial(message: String) -> Self {
        Self::new(JobState::Partial, MISCELLANEOUS, message)
    }

    /// FAILED for a reason that has to do with rights or not.
    pub fn failed(denied: bool, message: impl Into<String>) -> Self {
        Self::new(JobState::Failed, if denied { ACCESS_DENIED } else { MISCELLANEOUS }, message)
    }

    /// FAILED since the disk of the vault is full, with how it stands.
    pub fn disk_full(how: &dyn std::fmt::Display) -> Self {
        Self::failed(
            false,
            format!(
                "The disk of the vault is full: {how}. Delete recovery points that are not needed any more, or make room \
                 otherwise, and start the job again. The recovery points that are in the vault are not harmed."
            ),
        )
    }

    /// A restore that missed something; what was written stays.
    /// `total` counts also what is not listed.
    pub fn incomplete_restore(missing: &[MissingItem], total: u64) -> Self {
        let message = format!(
            "{} not restored: {}. What was restored stays in place.",
            count(usize::try_from(total).unwrap_or(usize::MAX)),
            names_with_reasons(missing)
        );
        Self::failed(false, message)
    }

    /// FAILED, since the role cannot be assumed.
    pub fn role_not_assumable(role: &str) -> Self {
        Self::failed(true, format!("IAM Role {role} cannot be assumed by AWS Backup"))
    }

    /// FAILED, since there is no such vault any more.
    pub fn no_vault(arn: &str) -> Self {
        Self::failed(false, format!("Backup job failed because backup vault {arn} does not exist."))
    }

    /// FAILED, since the vault was named as an air-gapped one and is none, or the other way round.
    pub fn other_kind_of_vault(arn: &str, meant_air_gapped: bool) -> Self {
        let why = if meant_air_gapped {
            "is not a logically air-gapped backup vault"
        } else {
            "is a logically air-gapped backup vault, which only TargetLogicallyAirGappedBackupVaultArn can name"
        };
        Self::failed(false, format!("Backup job failed because backup vault {arn} {why}."))
    }

    /// FAILED, since the type cannot be backed up into an air-gapped vault at once.
    pub fn not_into_air_gap(resource_type: &str) -> Self {
        let message = format!(
            "Backup job failed because resources of type {resource_type} cannot be backed up directly into a logically \
             air-gapped backup vault by this engine."
        );
        Self::new(JobState::Failed, NO_AIR_GAP, message)
    }

    /// FAILED, since the lock of the vault does not let its retention in.
    pub fn outside_lock() -> Self {
        Self::failed(false, "Backup job failed because the lifecycle is outside the valid range for backup vault.")
    }

    /// EXPIRED: another job of the resource ran through the whole start window.
    pub fn resource_busy() -> Self {
        let message = "Backup job failed because there was a running job for the same resource.";
        Self::new(JobState::Expired, MISCELLANEOUS, message)
    }

    /// EXPIRED: the start window went by.
    pub fn never_started(why: Option<&str>) -> Self {
        let message = match why {
            None => "Backup job expired before it could start.".to_owned(),
            Some(why) => format!("Backup job expired before it could start: {why}"),
        };
        Self::new(JobState::Expired, MISCELLANEOUS, message)
    }

    /// EXPIRED: the engine was off for the whole start window.
    pub fn engine_was_off() -> Self {
        Self::never_started(Some("engine was not running"))
    }

    /// EXPIRED: the completion window went by, with what kept the job from its end where that is known.
    pub fn past_deadline(why: Option<&str>) -> Self {
        let message = match why {
            None => "Backup job expired before completion.".to_owned(),
            Some(why) => format!("Backup job expired before completion: {why}"),
        };
        Self::new(JobState::Expired, MISCELLANEOUS, message)
    }

    /// ABORTED by StopBackupJob.
    pub fn stopped() -> Self {
        Self::new(JobState::Aborted, MISCELLANEOUS, "Backup job was stopped by user.")
    }

    /// FAILED: begun as often as a job may be, and interrupted each time.
    pub fn interrupted(attempts: i64) -> Self {
        Self::failed(false, format!("The engine stopped while this job ran, {attempts} times; it is not tried again."))
    }
}

/// A category as a job's ending has it.
pub fn known_category(text: &str) -> &'static str {
    [SUCCESS, ACCESS_DENIED].into_iter().find(|known| *known == text).unwrap_or(MISCELLANEOUS)
}

fn count(items: usize) -> String {
    if items == 1 { "1 item".to_owned() } else { format!("{items} items") }
}

fn names_with_reasons(missing: &[MissingItem]) -> String {
    list(missing, |item| format!("{} ({})", shorten(&item.path), item.reason))
}

fn list(missing: &[MissingItem], show: impl Fn(&MissingItem) -> String) -> String {
    let mut shown: Vec<String> = missing.iter().take(NAMES).map(show).collect();
    if missing.len() > NAMES {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

fn shorten(path: &str) -> String {
    if path.chars().count() <= NAME_LENGTH {
        return path.to_owned();
    }
    let tail: Vec<char> = path.chars().rev().take(NAME_LENGTH).collect();
    format!("…{}", tail.into_iter().rev().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(count: usize) -> Vec<MissingItem> {
        (0..count).map(|i| MissingItem { path: format!("/f{i}"), reason: "denied".to_owned() }).collect()
    }

    #[test]
    fn a_full_success_has_no_message() {
        let ending = Ending::completed(&[], true);
        assert_eq!((ending.state, ending.category, ending.message), (JobState::Completed, SUCCESS, None));
    }

    #[test]
    fn issues_are_counted_and_the_first_are_named() {
        let ending = Ending::completed(&missing(7), true);
        assert_eq!(ending.category, ACCESS_DENIED);
        assert_eq!(
            ending.message.unwrap(),
            "Completed with issues: 7 items not read: /f0 (denied), /f1 (denied), /f2 (denied), /f3 (denied), /f4 (denied), …"
        );
        assert_eq!(
            Ending::completed(&missing(1), false).message.unwrap(),
            "Completed with issues: 1 item not read: /f0 (denied)"
        );
    }

    #[test]
    fn a_long_name_is_cut_at_its_beginning() {
        let long = vec![MissingItem { path: format!("/{}/end", "x".repeat(600)), reason: "gone".to_owned() }];
        let message = Ending::completed(&long, false).message.unwrap();
        assert!(message.ends_with("/end (gone)") && message.chars().count() < 300, "{message}");
    }
}
