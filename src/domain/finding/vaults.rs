//! Of vaults: what keeps them from their work.

use super::{Facts, Finding, FindingKind, Severity, Subject};
use crate::domain::kms::{KeyState, KmsKey};
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::vault::Vault;
use crate::domain::vault_lock::LockMode;
use crate::domain::{Arn, Known, Time};
use chrono::Duration;
use std::collections::HashMap;

/// So long before its lock date a lock that can still be taken off is a warning: nobody can take it off afterwards.
const LAST_CALL: Duration = Duration::days(1);

/// The cause of what fails in a vault, told once and first, with what to do about it.
pub(super) fn of_key(vault: &Vault, key: Option<&KmsKey>, now: Time) -> Option<Finding> {
    let named = vault.encryption_key_arn.as_deref().unwrap_or_default();
    let detail = match key.map(|key| &key.state) {
        Some(KeyState::Enabled) => return None,
        None => {
            format!("its KMS key {named} was deleted: nothing in it can be restored but by restic with a recovery key")
        }
        Some(KeyState::PendingDeletion(at)) => format!(
            "its KMS key {named} is pending deletion, until {}: backups, copies and restores fail. Cancel the deletion and \
             enable the key",
            at.format("%Y-%m-%d %H:%M UTC")
        ),
        Some(state) => format!(
            "its KMS key {named} is {}: backups, copies and restores fail, and nothing is lost. Enable the key",
            state.as_str().to_lowercase()
        ),
    };
    Some(Finding {
        severity: Severity::Critical,
        kind: FindingKind::KeyUnusable,
        scope: vault.scope.clone(),
        subject: Subject::Vault(vault.name.clone()),
        at: now,
        title: format!("Vault cannot use its key: {}", vault.name),
        detail,
        identity: vault.arn.to_string(),
        occasion: None,
        recovered: false,
    })
}

/// What follows from the locks: those whose time to be taken off ends, and what they keep for ever.
pub(super) fn of_locks(facts: &Facts<'_>) -> Vec<Finding> {
    let mut undying: HashMap<&Arn, usize> = HashMap::new();
    for point in &facts.recovery_points {
        // Only a list that tells of the day may say that there is none.
        if point.delete_at() == Known::Known(None) && point.status == RecoveryPointStatus::Completed {
            *undying.entry(&point.vault_arn).or_default() += 1;
        }
    }
    let own = facts.vaults.iter().filter(|vault| vault.shared_by().is_none() && !vault.vault_type.is_air_gapped());
    own.filter_map(|vault| match vault.lock?.mode(facts.now) {
        LockMode::Governance => None,
        LockMode::CoolingOff(date) => Some(cooling_off(vault, date, facts.now)),
        LockMode::Compliance(_) => kept_for_ever(vault, *undying.get(&vault.arn)?, facts.now),
    })
    .collect()
}

fn cooling_off(vault: &Vault, date: Time, now: Time) -> Finding {
    Finding {
        severity: if date - now <= LAST_CALL { Severity::Warning } else { Severity::Notice },
        kind: FindingKind::LockCoolingOff,
        scope: vault.scope.clone(),
        subject: Subject::Vault(vault.name.clone()),
        at: date,
        title: format!("Lock is cooling off: {}", vault.name),
        detail: format!(
            "until {} whoever may can take it off or change it; from then on nobody can, and no recovery point of it can be \
             deleted before its day",
            date.format("%Y-%m-%d %H:%M UTC")
        ),
        identity: vault.arn.to_string(),
        occasion: None,
        recovered: false,
    }
}

fn kept_for_ever(vault: &Vault, points: usize, now: Time) -> Option<Finding> {
    let what = if points == 1 { "1 recovery point has" } else { &format!("{points} recovery points have") };
    (points > 0).then(|| Finding {
        severity: Severity::Notice,
        kind: FindingKind::KeptForEver,
        scope: vault.scope.clone(),
        subject: Subject::Vault(vault.name.clone()),
        at: now,
        title: format!("Kept for ever: {}", vault.name),
        detail: format!("{what} no day of deletion, and the lock lets nobody delete them: they stay, and are paid for"),
        identity: vault.arn.to_string(),
        occasion: None,
        recovered: false,
    })
}
