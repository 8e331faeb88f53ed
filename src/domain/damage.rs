//! What of a recovery point cannot be restored any more, and how that is told.

use crate::domain::extension::MissingItem;
use serde::{Deserialize, Serialize};

/// What a status message of a damaged recovery point begins with.
const MARK: &str = "Damaged: ";
/// How many items a message names.
const NAMES: usize = 5;
/// How long one name may be in a message.
const NAME_LENGTH: usize = 200;

/// What of a recovery point cannot be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Damage {
    /// How many items cannot be restored; a folder of which the list is lost counts as one. None when nothing can be.
    pub count: Option<u64>,
    /// The first of them: paths from the resource's root, and what is wrong.
    pub items: Vec<MissingItem>,
}

impl Damage {
    /// Nothing of the point can be restored.
    pub fn of_everything(reason: impl Into<String>) -> Self {
        Self { count: None, items: vec![MissingItem { path: "/".to_owned(), reason: reason.into() }] }
    }

    /// How many items are told of; one when nothing can be restored.
    pub fn told(&self) -> u64 {
        self.count.unwrap_or(1)
    }

    /// What the recovery point's status message says.
    pub fn message(&self) -> String {
        format!("{MARK}{}", self.text())
    }

    /// The same without what marks it.
    pub fn text(&self) -> String {
        let Some(count) = self.count else {
            let reason = self.items.first().map(|item| format!(": {}", item.reason)).unwrap_or_default();
            return format!("nothing of it can be restored{reason}");
        };
        let mut names: Vec<String> = self.items.iter().take(NAMES).map(|item| shorten(&item.path)).collect();
        if count > names.len() as u64 {
            names.push("…".to_owned());
        }
        let items = if count == 1 { "item" } else { "items" };
        format!("{count} {items} cannot be restored: {}", names.join(", "))
    }

    /// Whether a recovery point's status message tells of damage.
    pub fn is_told_by(message: Option<&str>) -> bool {
        message.is_some_and(|message| message.starts_with(MARK))
    }

    /// The status message of a point: its damage first, then what else was to be said.
    pub fn told_with(damage: Option<&Self>, message: Option<String>) -> Option<String> {
        match (damage, message) {
            (None, message) => message,
            (Some(damage), None) => Some(damage.message()),
            (Some(damage), Some(message)) => Some(format!("{}. {message}", damage.message())),
        }
    }
}

/// A long path loses its beginning.
fn shorten(path: &str) -> String {
    let length = path.chars().count();
    if length <= NAME_LENGTH {
        return path.to_owned();
    }
    format!("…{}", path.chars().skip(length - NAME_LENGTH).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(count: u64, named: usize) -> Damage {
        let item = |number| MissingItem { path: format!("/f{number}"), reason: "gone".to_owned() };
        Damage { count: Some(count), items: (0..named).map(item).collect() }
    }

    #[test]
    fn a_message_counts_all_and_names_the_first() {
        assert_eq!(lost(1, 1).message(), "Damaged: 1 item cannot be restored: /f0");
        assert_eq!(lost(9, 9).message(), "Damaged: 9 items cannot be restored: /f0, /f1, /f2, /f3, /f4, …");
        assert_eq!(
            Damage::of_everything("its snapshot is missing").message(),
            "Damaged: nothing of it can be restored: its snapshot is missing"
        );
    }

    #[test]
    fn damage_is_told_before_what_else_is_said_and_is_found_again() {
        let issues = Some("Completed with issues: 1 item not read: /x".to_owned());
        assert_eq!(Damage::told_with(None, issues.clone()), issues);
        assert!(!Damage::is_told_by(issues.as_deref()) && !Damage::is_told_by(None));
        let both = Damage::told_with(Some(&lost(2, 2)), issues);
        assert_eq!(
            both.as_deref(),
            Some("Damaged: 2 items cannot be restored: /f0, /f1. Completed with issues: 1 item not read: /x")
        );
        assert!(Damage::is_told_by(both.as_deref()));
    }

    #[test]
    fn a_long_name_loses_its_beginning() {
        let damage = Damage {
            count: Some(1),
            items: vec![MissingItem { path: format!("/{}/end", "ä".repeat(600)), reason: String::new() }],
        };
        let message = damage.message();
        assert!(message.ends_with("ä/end") && message.chars().count() < 300, "{message}");
    }
}
