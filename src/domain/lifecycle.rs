//! How long a recovery point lives, and when it goes to cold storage: AWS's [Lifecycle](https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html).

use crate::domain::{Invalid, Time};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// The longest retention, in days.
pub const MAX_DAYS: i64 = 36_500;

/// How many days a point must stay in cold storage before it may be deleted.
pub const MIN_COLD_DAYS: i64 = 90;

/// The lifecycle of a rule, a job or a recovery point. `None` and `-1` mean never.
#[skip_serializing_none]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Lifecycle {
    /// Days after creation at which the point moves to cold storage.
    pub move_to_cold_storage_after_days: Option<i64>,
    /// Days after creation at which the point is deleted.
    pub delete_after_days: Option<i64>,
    /// Whether what goes cold only by choice does: snapshots of EBS, into their archive.
    pub opt_in_to_archive_for_supported_resources: Option<bool>,
}

/// The moments at which a lifecycle acts on one recovery point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalculatedLifecycle {
    /// When it moves to cold storage.
    pub move_to_cold_storage_at: Option<Time>,
    /// The day after which it is deleted (within 8 hours).
    pub delete_at: Option<Time>,
}

/// How long something is kept, ordered: more days are longer, and nothing is longer than forever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Retention {
    /// This many days.
    Days(i64),
    /// Without end.
    Forever,
}

impl Lifecycle {
    /// A lifecycle that deletes after `days`.
    pub fn delete_after(days: i64) -> Self {
        Self { delete_after_days: Some(days), ..Self::default() }
    }

    /// Days until cold storage; none for never, however that was written.
    pub fn cold_days(&self) -> Option<i64> {
        self.move_to_cold_storage_after_days.filter(|days| *days != -1)
    }

    /// Days until deletion; none for never, however that was written.
    pub fn delete_days(&self) -> Option<i64> {
        self.delete_after_days.filter(|days| *days != -1)
    }

    /// Checks AWS's bounds, in AWS's words.
    pub fn validate(&self) -> Result<(), Invalid> {
        let (cold, delete) = (self.cold_days(), self.delete_days());
        let within = |days: i64| (1..=MAX_DAYS).contains(&days);
        if delete.is_some_and(|days| !within(days)) {
            return Err(invalid("DeleteAfterDays cannot be less than 1 or more than 36500 days"));
        }
        if cold.is_some_and(|days| !within(days)) {
            return Err(invalid("MoveToColdStorageAfterDays cannot be less than 1 or more than 36500 days"));
        }
        match (cold, delete) {
            (Some(cold), Some(delete)) if delete < cold + MIN_COLD_DAYS => {
                Err(invalid("DeleteAfterDays cannot be less than 90 days apart from MoveToColdStorageAfterDays"))
            }
            _ => Ok(()),
        }
    }

    /// Checks what a continuous backup's lifecycle must keep besides: at most 35 days, and no cold storage.
    pub fn validate_continuous(&self) -> Result<(), Invalid> {
        if self.cold_days().is_some() {
            return Err(invalid("MoveToColdStorageAfterDays is unavailable"));
        }
        if !self.delete_days().is_some_and(|days| (1..=35).contains(&days)) {
            return Err(invalid("DeleteAfterDays cannot be less than 1 or more than 35 days for continuous backup"));
        }
        Ok(())
    }

    /// When it acts on a point that was created at `created`.
    pub fn calculate(&self, created: Time) -> CalculatedLifecycle {
        let after = |days: i64| created.checked_add_signed(Duration::try_days(days)?);
        CalculatedLifecycle {
            move_to_cold_storage_at: self.cold_days().and_then(after),
            delete_at: self.delete_days().and_then(after),
        }
    }

    /// When it acts on a point of a type that can go cold, or cannot: then it stays warm, whatever its lifecycle says.
    pub fn acts_on(&self, can_go_cold: bool, created: Time) -> CalculatedLifecycle {
        let acts = self.calculate(created);
        if can_go_cold { acts } else { CalculatedLifecycle { move_to_cold_storage_at: None, ..acts } }
    }

    /// How long a point is kept.
    pub fn retention(&self) -> Retention {
        self.delete_days().map_or(Retention::Forever, Retention::Days)
    }
}

impl Retention {
    /// How long a point is kept whose lifecycle may be absent.
    pub fn of(lifecycle: Option<&Lifecycle>) -> Self {
        lifecycle.map_or(Self::Forever, Lifecycle::retention)
    }
}

impl std::fmt::Display for Retention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Days(1) => f.pad("1 day"),
            Self::Days(days) => f.pad(&format!("{days} days")),
            Self::Forever => f.pad("forever"),
        }
    }
}

/// A member that AWS has and the engine refuses until a later version carries it out.
pub(crate) fn unsupported(member: &str) -> Invalid {
    Invalid::with_message(member, format!("{member} is not supported by this engine yet"))
}

fn invalid(rule: &str) -> Invalid {
    Invalid::with_message("Lifecycle", format!("Invalid lifecycle. {rule}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lifecycle(cold: Option<i64>, delete: Option<i64>) -> Lifecycle {
        Lifecycle { move_to_cold_storage_after_days: cold, delete_after_days: delete, ..Lifecycle::default() }
    }

    #[test]
    fn never_is_valid_in_both_spellings() {
        for days in [None, Some(-1)] {
            let never = lifecycle(days, days);
            assert_eq!(never.validate(), Ok(()));
            assert_eq!(never.retention(), Retention::Forever);
            assert_eq!(never.calculate(Time::UNIX_EPOCH), CalculatedLifecycle::default());
        }
    }

    #[test]
    fn bounds_are_refused_in_awss_words() {
        let range = "Invalid lifecycle. DeleteAfterDays cannot be less than 1 or more than 36500 days";
        for days in [0, -2, 36_501, i64::MAX, i64::MIN] {
            assert_eq!(lifecycle(None, Some(days)).validate().unwrap_err().message, range);
        }
        assert_eq!(
            lifecycle(Some(1), Some(90)).validate().unwrap_err().message,
            "Invalid lifecycle. DeleteAfterDays cannot be less than 90 days apart from MoveToColdStorageAfterDays"
        );
        assert_eq!(lifecycle(Some(1), Some(91)).validate(), Ok(()));
        assert_eq!(lifecycle(Some(30), None).validate(), Ok(()));
        assert!(lifecycle(Some(0), None).validate().is_err());
    }

    #[test]
    fn a_continuous_backup_lives_at_most_35_days_and_stays_warm() {
        assert_eq!(lifecycle(None, Some(35)).validate_continuous(), Ok(()));
        assert!(lifecycle(None, Some(36)).validate_continuous().is_err());
        assert!(lifecycle(None, None).validate_continuous().is_err());
        assert!(lifecycle(Some(1), Some(35)).validate_continuous().unwrap_err().message.ends_with("is unavailable"));
    }

    #[test]
    fn only_points_of_types_that_can_go_cold_do() {
        let rule = lifecycle(Some(10), Some(100));
        let created: Time = "2026-11-23T05:00:00Z".parse().unwrap();
        assert_eq!(rule.acts_on(true, created), rule.calculate(created));
        let warm = rule.acts_on(false, created);
        assert_eq!((warm.move_to_cold_storage_at, warm.delete_at), (None, rule.calculate(created).delete_at));
    }

    #[test]
    fn days_count_from_creation() {
        let created: Time = "2026-11-23T05:00:00Z".parse().unwrap();
        let calculated = lifecycle(Some(10), Some(100)).calculate(created);
        assert_eq!(calculated.move_to_cold_storage_at, Some("2026-12-03T05:00:00Z".parse().unwrap()));
        assert_eq!(calculated.delete_at, Some("2027-03-03T05:00:00Z".parse().unwrap()));
    }

    #[test]
    fn longer_is_more_days_and_forever_is_longest() {
        assert!(Retention::Days(7) > Retention::Days(1));
        assert!(Retention::Forever > Retention::Days(MAX_DAYS));
        assert_eq!(Retention::of(None), Retention::Forever);
    }

    #[test]
    fn unknown_members_are_refused() {
        assert!(serde_json::from_str::<Lifecycle>(r#"{"DeleteAfterDays":7,"DeleteAfterEvent":"X"}"#).is_err());
    }

    proptest! {
        /// A valid lifecycle deletes after it cools, and both after creation.
        #[test]
        fn a_valid_lifecycle_acts_in_order(cold in prop::option::of(-1..40_000i64), delete in prop::option::of(-1..40_000i64)) {
            let rule = lifecycle(cold, delete);
            if rule.validate().is_ok() {
                let acts = rule.calculate(Time::UNIX_EPOCH);
                prop_assert!(acts.delete_at.is_none_or(|at| at > Time::UNIX_EPOCH));
                if let (Some(cold), Some(delete)) = (acts.move_to_cold_storage_at, acts.delete_at) {
                    prop_assert!(delete - cold >= Duration::days(MIN_COLD_DAYS));
                }
            }
        }
    }
}
