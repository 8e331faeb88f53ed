//! What Vault Lock may forbid, and what is known of a lock that is to change.

use super::Subject;
use crate::domain::policy::Facts;
use crate::domain::recovery_point::RecoveryPoint;
use crate::domain::vault::Vault;
use crate::domain::vault_lock::LockRequest;
use crate::domain::{Arn, Time};
use crate::engine::authorize::principal::Belongs;
use crate::engine::error::Error;

/// What is to be done to something that a vault's lock may protect.
#[derive(Debug, Clone, Copy)]
pub enum Touched<'a> {
    /// A recovery point is to be deleted.
    Deletion(&'a RecoveryPoint),
    /// A recovery point is to live longer or shorter. AWS refuses both.
    Lifecycle(&'a RecoveryPoint),
    /// The lock itself is to be put on, changed or taken off at this moment.
    Lock(&'a Vault, Time),
}

/// A vault whose lock is to be put on, changed or taken off.
#[derive(Debug, Clone, Copy)]
pub struct VaultToLock<'a> {
    /// The name that was asked for.
    pub name: &'a str,
    /// The vault of this name, where there is one.
    pub found: Option<&'a Vault>,
    /// The lock that is to be put on, where one is.
    pub request: Option<&'a LockRequest>,
    /// Engine time.
    pub now: Time,
}

impl Subject for VaultToLock<'_> {
    fn name(&self) -> String {
        self.found.map_or_else(String::new, |vault| vault.arn.to_string())
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.found.map(|vault| Belongs::To(&vault.scope))
    }

    fn missing(&self) -> Error {
        Error::no_such_vault(self.name)
    }

    fn vault(&self) -> Option<&Arn> {
        self.found.map(|vault| &vault.arn)
    }

    fn facts(&self, facts: Facts) -> Facts {
        let Some(request) = self.request else { return facts };
        let days = [
            ("backup:MinRetentionDays", request.min_retention_days),
            ("backup:MaxRetentionDays", request.max_retention_days),
            ("backup:ChangeableForDays", request.changeable_for_days),
        ];
        let given = days.into_iter().filter_map(|(key, days)| Some((key, days?)));
        given.fold(facts, |facts, (key, days)| facts.with(key, days.to_string()))
    }

    fn touches(&self) -> Option<Touched<'_>> {
        self.found.map(|vault| Touched::Lock(vault, self.now))
    }
}
