//! The air gap between a logically air-gapped vault and the accounts that do not own it. Nothing crosses it but what a resource
//! share lets through: the accounts that it names see what lies in the vault, and restore it into themselves. What they do not
//! get by a share they get by nothing, whatever the vault's policy says; but copies may come in, as into any vault.

use super::action::{
    Action as _, DescribeBackupVault, DescribeRecoveryPoint, GetRecoveryPointRestoreMetadata,
    ListProtectedResourcesByBackupVault, ListRecoveryPointItems, ListRecoveryPointsByBackupVault, StartRestoreJob,
};
use super::principal::Principal;
use super::{Subject, rows};
use crate::domain::{AccountId, Arn};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::Result;

/// What a share gives to the accounts that it names.
const GIVEN: [&str; 7] = [
    DescribeBackupVault::NAME,
    DescribeRecoveryPoint::NAME,
    ListRecoveryPointItems::NAME,
    GetRecoveryPointRestoreMetadata::NAME,
    ListProtectedResourcesByBackupVault::NAME,
    ListRecoveryPointsByBackupVault::NAME,
    StartRestoreJob::NAME,
];

/// What lies between a vault and somebody who does not own it.
pub(super) enum Gap {
    /// Nothing: the vault is none of these.
    None,
    /// The vault is air-gapped, and not shared with them.
    Open,
    /// The share of this name lets this through.
    Bridged(String),
    /// The share of this name lets less than this through.
    Short(String),
}

/// What lies between the subject's vault and `principal`, who does not own it.
pub(super) fn between(tx: &Connection, principal: &Principal<'_>, action: &str, subject: &impl Subject) -> Result<Gap> {
    let Some(vault) = subject.vault() else { return Ok(Gap::None) };
    if !rows::shares::is_air_gapped(tx, vault)? {
        return Ok(Gap::None);
    }
    let share = match principal {
        Principal::Caller(caller) => share_with(tx, vault, caller)?,
        // Jobs of another account do nothing to it; restores from it are their caller's.
        Principal::Role(_) | Principal::Owner | Principal::Engine(_) => None,
    };
    Ok(match share {
        None => Gap::Open,
        Some(share) if GIVEN.contains(&action) => Gap::Bridged(share),
        Some(share) => Gap::Short(share),
    })
}

fn share_with(tx: &Connection, vault: &Arn, caller: &Caller) -> Result<Option<String>> {
    if vault.region() == caller.region.as_str() {
        rows::shares::share_with(tx, vault, &caller.account)
    } else {
        Ok(None)
    }
}

/// Whether an account owns a vault or has it shared with it: to all others nothing is told of it, not even that it is there.
pub fn sees(connection: &Connection, vault: &Arn, account: &AccountId) -> Result<bool> {
    if vault.account() == account.as_str() {
        return Ok(true);
    }
    Ok(rows::shares::is_air_gapped(connection, vault)?
        && rows::shares::share_with(connection, vault, account)?.is_some())
}
