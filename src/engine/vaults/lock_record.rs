//! What is kept of a vault's lock, in the catalog and again in the vault's folder.

use crate::domain::VaultLock;
use crate::domain::vault_lock::LockState;
use serde::{Deserialize, Serialize};

/// The lock of a vault as it was last changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LockRecord {
    /// How often it was changed; it only grows, also when the lock is taken off.
    pub sequence: i64,
    /// The lock.
    pub state: LockState,
}

impl LockRecord {
    /// The record that follows this one.
    pub fn followed_by(&self, state: LockState) -> Self {
        Self { sequence: self.sequence + 1, state }
    }

    /// Whether this one counts where both are found. A lock that nobody may take off goes before all others, whatever their
    /// numbers; else the later change counts.
    pub fn prevails_over(&self, other: &Self) -> bool {
        let rank = |record: &Self| (matches!(record.state, LockState::Immutable(_)), record.sequence);
        rank(self) > rank(other)
    }

    /// The lock, where there is one.
    pub fn lock(&self) -> Option<VaultLock> {
        self.state.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_change_counts_and_nothing_counts_more_than_a_lock_for_good() {
        let none = LockRecord::default();
        let put = none.followed_by(LockState::Changeable(VaultLock::default()));
        let taken_off = put.followed_by(LockState::Unlocked);
        let fixed = put.followed_by(LockState::Immutable(VaultLock::default()));
        assert!(put.prevails_over(&none) && taken_off.prevails_over(&put) && !put.prevails_over(&taken_off));
        let forged = LockRecord { sequence: i64::MAX, state: LockState::Unlocked };
        assert!(fixed.prevails_over(&forged) && !forged.prevails_over(&fixed));
        assert!(!fixed.prevails_over(&fixed));
    }
}
