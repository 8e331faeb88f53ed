//! States in words and signs: no colour ever says something alone.

use crate::domain::KnownPoint;
use crate::domain::day::DayState;
use crate::domain::denial;
use crate::domain::job::{BackupJob, JobState};
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::tui::fmt;
use crate::tui::glyph::Glyphs;
use crate::tui::table::Cell;
use crate::tui::theme::Role;

/// What is said of a job that completed and could not read everything.
pub const ISSUES: &str = "ISSUES";
/// What is said of a recovery point of which something is damaged.
pub const DAMAGED: &str = "DAMAGED";

/// A job's state.
pub fn job(state: &JobState, percent: Option<f64>, glyphs: Glyphs) -> Cell {
    let (sign, role) = match state {
        JobState::Completed => (glyphs.good, Role::Good),
        JobState::Failed => (glyphs.bad, Role::Bad),
        JobState::Expired => (glyphs.bad, Role::Expired),
        JobState::Partial | JobState::Aborted | JobState::Aborting => (glyphs.warning, Role::Warning),
        JobState::Running => (glyphs.running, Role::Running),
        JobState::Created | JobState::Pending => (glyphs.pending, Role::Pending),
        JobState::Other(_) => (glyphs.none, Role::Text),
    };
    let text = match (state, percent) {
        (JobState::Running, Some(percent)) => format!("{sign} {} {}", state.as_str(), fmt::percent(percent)),
        _ => format!("{sign} {}", state.as_str()),
    };
    Cell::new(text, role)
}

/// A backup job's state, where one that completed may have issues.
pub fn backup_job(record: &BackupJob, glyphs: Glyphs) -> Cell {
    if record.completed_with_issues() {
        return Cell::new(format!("{} {ISSUES}", glyphs.warning), Role::Warning);
    }
    job(&record.state, record.percent_done, glyphs)
}

/// The colour of a day.
pub fn of_day(state: DayState) -> Role {
    match state {
        DayState::NoneDue => Role::Rule,
        DayState::Good => Role::Good,
        DayState::Running => Role::Running,
        DayState::Stopped | DayState::Issues => Role::Warning,
        DayState::Missing => Role::Missing,
        DayState::Expired => Role::Expired,
        DayState::Failed => Role::Bad,
    }
}

/// A recovery point's state.
pub fn point(point: &KnownPoint, glyphs: Glyphs) -> Cell {
    // Whatever its state is called, nobody should count on it.
    if point.is_damaged() {
        return Cell::new(format!("{} {DAMAGED}", glyphs.bad), Role::Bad);
    }
    let (sign, role) = match &point.status {
        RecoveryPointStatus::Completed | RecoveryPointStatus::Available => (glyphs.good, Role::Good),
        RecoveryPointStatus::Creating => (glyphs.running, Role::Running),
        RecoveryPointStatus::Deleting => (glyphs.pending, Role::Pending),
        RecoveryPointStatus::Partial | RecoveryPointStatus::Stopped => (glyphs.warning, Role::Warning),
        RecoveryPointStatus::Expired => (glyphs.bad, Role::Bad),
        RecoveryPointStatus::Other(_) => (glyphs.none, Role::Text),
    };
    Cell::new(format!("{sign} {}", point.status.as_str()), role)
}

/// Words of a service's message, and what they mean to a person on call. AWS Backup promises no wording: services write
/// these messages, so words are looked for and not whole texts.
const MEANINGS: &[(&[&str], &str)] = &[
    (
        &["completed with issues"],
        "The backup is there and can be restored, but not everything could be read. Open its recovery point to see what is \
         missing; mend the permissions, then back up again.",
    ),
    (
        &["engine was not running"],
        "Nothing ran the engine when this was due. Run `vaultdeck serve` as a service so that plans are kept.",
    ),
    (
        &["cannot be assumed", "not authorized to perform: sts:assumerole"],
        "The role of this job was removed or does not trust AWS Backup. On an engine: vaultdeck role add ARN.",
    ),
    (
        &["not authorized", "access denied", "accessdenied", "missing permission", "permission denied"],
        "The role, or the user that the engine runs as, may not read this.",
    ),
    (
        &["running job for the same resource", "job for same resource", "another job"],
        "Another job held this resource until the window was over. Give the rules more distance, or longer windows.",
    ),
    (
        &["expired before", "completion window", "start window"],
        "Its window was too short. Lengthen the window of the rule, or start earlier.",
    ),
    (
        &[
            "no such file",
            "not found",
            "does not exist",
            "no longer available",
            "is gone",
            "missing or unreadable",
            "could not find",
        ],
        "What should be backed up or restored is not there any more. If it moved, register it at its new place; if it is \
         retired, take it out of the plan.",
    ),
    (
        &["no space", "disk full", "disk of the vault is full", "enospc", "not enough space"],
        "The disk is full. Make room, then start it again; the vault is whole.",
    ),
    (&["limit exceeded", "quota", "more than 50 tags", "can have at most"], "A limit of the account was reached."),
    (
        &["key is disabled", "kms", "key id is not accessible"],
        "The vault's key cannot be used: disabled, pending deletion or not shared.",
    ),
    (&["subscription"], "The account has no subscription for this service."),
    (&["vss"], "Windows' shadow copies were not consistent; a plain backup was made if it completed."),
    (&["stopped by user"], "Someone stopped it."),
    (
        &["crash", "restarted", "interrupted"],
        "The engine was stopped while it ran; such jobs run again up to three times.",
    ),
    (
        &["internal error", "fatal error"],
        "The service itself failed. Start it again; if it stays, open a support case.",
    ),
];

/// What a job's end means, in plain words; none when there is nothing to add.
pub fn meaning(state: &JobState, started: bool, category: Option<&str>, message: Option<&str>) -> Option<&'static str> {
    // An encoded message may spell any word.
    let message = message.map(denial::around).unwrap_or_default();
    let said = format!("{} {message}", category.unwrap_or_default()).to_lowercase();
    let found = MEANINGS.iter().find(|(words, _)| words.iter().any(|word| said.contains(word)));
    if let Some((_, meaning)) = found {
        return Some(meaning);
    }
    match (state, started) {
        (JobState::Expired, false) => {
            Some("It never started inside its start window. Lengthen the window, or free the resource earlier.")
        }
        (JobState::Expired, true) => {
            Some("It started, but was not done when its completion window ended. Lengthen the window.")
        }
        (JobState::Created, _) => Some("It waits for a free place, or for another job of the same resource to end."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_meanings_of_expired_are_told_apart() {
        let never = meaning(&JobState::Expired, false, None, None).unwrap();
        let late = meaning(&JobState::Expired, true, None, None).unwrap();
        assert!(never.contains("never started") && late.contains("not done"));
    }

    #[test]
    fn what_an_encoded_message_spells_by_chance_means_nothing() {
        let said = "Encoded authorization failure message: xxxxxkmsxxxxxvssxxxxxquotaxxxxx";
        assert_eq!(meaning(&JobState::Failed, true, None, Some(said)), None);
    }

    #[test]
    fn a_denied_item_is_explained_by_its_message() {
        let said = Some("Completed with issues: 3 items not read: a, b, c");
        assert!(meaning(&JobState::Completed, true, Some("AccessDenied"), said).unwrap().contains("can be restored"));
        assert_eq!(meaning(&JobState::Completed, true, Some("SUCCESS"), None), None);
    }
}
