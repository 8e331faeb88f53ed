//! Vault Lock: what protects the recovery points of a vault from everybody, their owner as well.
//!
//! A lock in *governance* mode can be taken off again by whoever may; one in *compliance* mode only until its lock date, and
//! by nobody from then on. Both forbid at once that a recovery point of the vault is deleted or its lifecycle changed, and
//! let only such retentions come into the vault as lie within the lock's days. See AWS's
//! [Vault Lock](https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html).

use crate::domain::lifecycle::MAX_DAYS;
use crate::domain::{Invalid, Retention, Time};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use std::fmt;

/// The shortest time for which a lock in compliance mode can still be changed, in days.
pub const MIN_COOLING_OFF_DAYS: i64 = 3;

/// A vault's lock, as DescribeBackupVault tells of it.
#[skip_serializing_none]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VaultLock {
    /// The shortest retention that the lock lets in, in days.
    pub min_retention_days: Option<i64>,
    /// The longest one, in days.
    pub max_retention_days: Option<i64>,
    /// From when on the lock cannot be changed any more; none in governance mode.
    pub lock_date: Option<Time>,
}

/// What PutBackupVaultLockConfiguration takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LockRequest {
    /// The shortest retention that the lock is to let in, in days.
    pub min_retention_days: Option<i64>,
    /// The longest one, in days.
    pub max_retention_days: Option<i64>,
    /// For how many days the lock can still be changed; none for governance mode.
    pub changeable_for_days: Option<i64>,
}

/// How far a lock binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Whoever may takes it off.
    Governance,
    /// Until this moment whoever may takes it off, and nobody from then on.
    CoolingOff(Time),
    /// Since this moment nobody takes it off.
    Compliance(Time),
}

/// How a vault stands with its lock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockState {
    /// It has none.
    #[default]
    Unlocked,
    /// It has one that can be taken off: in governance mode, or until its lock date.
    Changeable(VaultLock),
    /// It has one whose lock date was seen to pass. It stays so, whatever a clock shows later.
    Immutable(VaultLock),
}

impl LockState {
    /// The lock, where there is one.
    pub fn lock(&self) -> Option<VaultLock> {
        match self {
            Self::Unlocked => None,
            Self::Changeable(lock) | Self::Immutable(lock) => Some(*lock),
        }
    }

    /// How far it binds at `now`.
    pub fn mode(&self, now: Time) -> Option<LockMode> {
        match self {
            Self::Unlocked => None,
            Self::Changeable(lock) => Some(lock.mode(now)),
            // What was put in governance mode has no date that could have passed.
            Self::Immutable(lock) => Some(LockMode::Compliance(lock.lock_date.unwrap_or(now))),
        }
    }
}

impl LockRequest {
    /// Checks the rules of PutBackupVaultLockConfiguration.
    pub fn validate(&self) -> Result<(), Invalid> {
        within("MinRetentionDays", self.min_retention_days, 1)?;
        within("MaxRetentionDays", self.max_retention_days, 1)?;
        within("ChangeableForDays", self.changeable_for_days, MIN_COOLING_OFF_DAYS)?;
        match (self.min_retention_days, self.max_retention_days) {
            (Some(min), Some(max)) if min > max => Err(Invalid::value(
                "MinRetentionDays",
                format_args!("it is {min} and must not be greater than MaxRetentionDays, which is {max}"),
            )),
            _ => Ok(()),
        }
    }

    /// The lock that this makes at `now`.
    pub fn at(&self, now: Time) -> VaultLock {
        let after = |days: i64| now.checked_add_signed(Duration::try_days(days)?);
        VaultLock {
            min_retention_days: self.min_retention_days,
            max_retention_days: self.max_retention_days,
            lock_date: self.changeable_for_days.and_then(after),
        }
    }
}

fn within(member: &str, days: Option<i64>, least: i64) -> Result<(), Invalid> {
    match days {
        Some(days) if !(least..=MAX_DAYS).contains(&days) => {
            Err(Invalid::value(member, format_args!("it is {days} and must be between {least} and {MAX_DAYS} days")))
        }
        _ => Ok(()),
    }
}

impl VaultLock {
    /// Whether a recovery point that is to be kept so long may come into the vault. One that is kept for ever exceeds any
    /// longest retention.
    pub fn admits(&self, retention: Retention) -> bool {
        self.min_retention_days.is_none_or(|days| retention >= Retention::Days(days))
            && self.max_retention_days.is_none_or(|days| retention <= Retention::Days(days))
    }

    /// How far it binds at `now`, as far as its date tells.
    pub fn mode(&self, now: Time) -> LockMode {
        match self.lock_date {
            None => LockMode::Governance,
            Some(date) if now < date => LockMode::CoolingOff(date),
            Some(date) => LockMode::Compliance(date),
        }
    }
}

/// The retentions that it lets in.
impl fmt::Display for VaultLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min_retention_days, self.max_retention_days) {
            (None, None) => f.pad("any"),
            (Some(min), None) => f.pad(&format!("{min}+ days")),
            (None, Some(max)) => f.pad(&format!("to {max} days")),
            (Some(min), Some(max)) => f.pad(&format!("{min} to {max} days")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_whose_date_was_seen_to_pass_stays_whatever_the_clock_shows_later() {
        let date: Time = "2026-11-26T05:00:00Z".parse().unwrap();
        let lock = VaultLock { lock_date: Some(date), ..VaultLock::default() };
        let before = date - Duration::days(300);
        assert_eq!(LockState::Immutable(lock).mode(before), Some(LockMode::Compliance(date)));
        assert_eq!(LockState::Changeable(lock).mode(before), Some(LockMode::CoolingOff(date)));
        assert_eq!(LockState::Changeable(lock).mode(date), Some(LockMode::Compliance(date)));
        assert_eq!(LockState::Unlocked.mode(date), None);
    }

    fn request(min: Option<i64>, max: Option<i64>, changeable: Option<i64>) -> LockRequest {
        LockRequest { min_retention_days: min, max_retention_days: max, changeable_for_days: changeable }
    }

    #[test]
    fn what_breaks_a_rule_is_refused_by_the_name_of_the_member() {
        for (broken, member) in [
            (request(Some(0), None, None), "MinRetentionDays"),
            (request(Some(-1), None, None), "MinRetentionDays"),
            (request(None, Some(36_501), None), "MaxRetentionDays"),
            (request(None, Some(0), None), "MaxRetentionDays"),
            (request(Some(8), Some(7), None), "MinRetentionDays"),
            (request(None, None, Some(2)), "ChangeableForDays"),
            (request(None, None, Some(36_501)), "ChangeableForDays"),
            (request(Some(i64::MIN), Some(i64::MAX), Some(3)), "MinRetentionDays"),
        ] {
            let refused = broken.validate().unwrap_err();
            assert_eq!(refused.field, member, "{broken:?}");
            assert!(refused.message.starts_with(&format!("Invalid {member}: ")), "{refused}");
        }
        for fine in [
            request(None, None, None),
            request(Some(1), Some(36_500), Some(3)),
            request(Some(7), Some(7), Some(36_500)),
            request(None, Some(1), None),
        ] {
            assert_eq!(fine.validate(), Ok(()), "{fine:?}");
        }
    }

    #[test]
    fn days_to_change_it_make_a_lock_date_and_none_make_governance() {
        let now: Time = "2026-11-23T05:00:00Z".parse().unwrap();
        assert_eq!(request(Some(7), None, None).at(now).mode(now), LockMode::Governance);
        let date: Time = "2026-11-26T05:00:00Z".parse().unwrap();
        let lock = request(Some(7), Some(365), Some(3)).at(now);
        assert_eq!(lock.lock_date, Some(date));
        assert_eq!(lock.mode(now), LockMode::CoolingOff(date));
        assert_eq!(lock.mode(date - Duration::milliseconds(1)), LockMode::CoolingOff(date));
        assert_eq!(lock.mode(date), LockMode::Compliance(date));
    }

    #[test]
    fn retentions_within_the_days_come_in_and_forever_is_longer_than_any() {
        let lock = |min, max| request(min, max, None).at(Time::UNIX_EPOCH);
        let seven = lock(Some(7), Some(30));
        for (days, fits) in [(6, false), (7, true), (30, true), (31, false)] {
            assert_eq!(seven.admits(Retention::Days(days)), fits, "{days}");
        }
        assert!(!seven.admits(Retention::Forever));
        assert!(!lock(None, Some(36_500)).admits(Retention::Forever));
        assert!(lock(Some(36_500), None).admits(Retention::Forever));
        assert!(lock(None, None).admits(Retention::Forever) && lock(None, None).admits(Retention::Days(1)));
    }
}
