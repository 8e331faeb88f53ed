//! What Vault Lock forbids. It binds everybody: callers of every account, the owner of the data directory, the engine's own
//! doings. What it leaves is the end of a life as the owner of the recovery point set it before.
//!
//! The lock of the vault that a subject names is read here, as its access policy is: nobody can forget it.

use super::principal::{Doing, Principal};
use super::subject::Touched;
use super::{Subject, rows};
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::vault::{Vault, VaultType};
use crate::domain::vault_lock::{LockMode, LockState};
use crate::domain::{Time, VaultLock};
use crate::engine::catalog::Connection;
use crate::engine::clock::{self, Jumps};
use crate::engine::error::{Error, Result};

/// What the lock of the subject's vault answers to `principal`; nothing where it lets through what is to be done.
pub(super) fn refusal(tx: &Connection, principal: &Principal<'_>, subject: &impl Subject) -> Result<Option<Error>> {
    let (Some(touched), Some(vault)) = (subject.touches(), subject.vault()) else { return Ok(None) };
    let state = rows::locks::state(tx, vault)?;
    let Some(lock) = state.lock() else { return Ok(None) };
    Ok(match touched {
        Touched::Deletion(point) if may_go(tx, principal, point)? => None,
        Touched::Deletion(point) => Some(protected(point, "it cannot be deleted", &lock)),
        Touched::Lifecycle(point) => Some(protected(point, "its lifecycle cannot be changed", &lock)),
        Touched::Lock(vault, now) => immutable(vault, &state, now),
    })
}

/// Whether the life that the owner of a point gave it is over by a time that was believed, and `principal` ends it for that
/// reason. What is left over since its deletion had failed then goes for everybody. A life that ended in a jump of the clock that
/// nobody confirmed is over when a lock of that date would be final.
fn may_go(tx: &Connection, principal: &Principal<'_>, point: &RecoveryPoint) -> Result<bool> {
    let ends = matches!(principal, Principal::Engine(Doing::Expiry)) || point.status == RecoveryPointStatus::Expired;
    let Some((end, now)) = point.calculated_lifecycle.delete_at.zip(clock::last_believed(tx)?) else {
        return Ok(false);
    };
    Ok(ends && Jumps::of(tx)?.final_at(end) <= now)
}

fn protected(point: &RecoveryPoint, what: &str, lock: &VaultLock) -> Error {
    let (arn, vault) = (&point.arn, called(&point.vault_type));
    let mode = if lock.lock_date.is_some() { "compliance" } else { "governance" };
    Error::invalid_request(format!(
        "Recovery point {arn} is in a {vault} that AWS Backup Vault Lock protects in {mode} mode: {what}."
    ))
}

/// What a vault is called in a sentence.
fn called(vault_type: &VaultType) -> &'static str {
    if vault_type.is_air_gapped() { "logically air-gapped backup vault" } else { "backup vault" }
}

fn immutable(vault: &Vault, state: &LockState, now: Time) -> Option<Error> {
    match state.mode(now) {
        Some(LockMode::Compliance(date)) => Some(Error::invalid_request(format!(
            "The Vault Lock configuration of {} {} cannot be changed or deleted: it is immutable since {}.",
            called(&vault.vault_type),
            vault.name,
            date.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        ))),
        Some(LockMode::Governance | LockMode::CoolingOff(_)) | None => None,
    }
}
