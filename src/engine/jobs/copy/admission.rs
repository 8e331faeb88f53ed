//! What stands in the way of a copy as it begins.

use crate::domain::copies::{Obstacle, is_cross_account};
use crate::domain::job::JobState;
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::engine::authorize::action::{CopyFromBackupVault, CopyIntoBackupVault};
use crate::engine::authorize::subject::{VaultNamed, VaultToLeave};
use crate::engine::authorize::{Principal, authorize};
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, ErrorKind, Result};
use crate::engine::jobs::copy::rows::{self, CopyRecord};
use crate::engine::jobs::outcome::Ending;
use crate::engine::organization::{accounts, roles, settings};
use crate::engine::{points, vaults};

/// How the job ends, if it cannot begin at all. A child job does not begin either while its parent could not: what that is to make
/// of the children would never come.
pub(super) fn refusal(connection: &Connection, record: &CopyRecord) -> Result<Option<Ending>> {
    if let Some(ending) = own_refusal(connection, record)? {
        return Ok(Some(ending));
    }
    let is_new = record.job.state == JobState::Created;
    let Some(parent) = record.job.parent_job_id.as_ref().filter(|_| is_new) else { return Ok(None) };
    let Some(parent) = rows::open_one(connection, parent)? else { return Ok(None) };
    let of_parent = own_refusal(connection, &parent)?;
    Ok(of_parent.map(|ending| Ending {
        message: ending.message.map(|why| format!("The composite that it is to be nested in cannot be copied: {why}")),
        ..ending
    }))
}

/// How the job ends for what stands in its own way.
fn own_refusal(connection: &Connection, record: &CopyRecord) -> Result<Option<Ending>> {
    if !roles::is_assumable(connection, &record.job.scope.account, record.role.as_str())? {
        return Ok(Some(Ending::role_not_assumable(record.role.as_str())));
    }
    if let Some(ending) = unfit_source(connection, record)? {
        return Ok(Some(ending));
    }
    let obstacle = obstacle(connection, record)?;
    Ok(obstacle.map(|obstacle| Ending::failed(obstacle.is_denied(), obstacle.to_string())))
}

/// Why the source cannot be copied any more.
fn unfit_source(connection: &Connection, record: &CopyRecord) -> Result<Option<Ending>> {
    let arn = &record.source_point;
    let Some(point) = points::rows::get(connection, arn)? else {
        return Ok(Some(Ending::failed(false, format!("Cannot find recovery point {arn}."))));
    };
    // A point that is being deleted stays until the copy of it is over. A continuous one may have been stopped since its rule ran.
    let whole = matches!(
        point.status,
        RecoveryPointStatus::Completed
            | RecoveryPointStatus::Partial
            | RecoveryPointStatus::Available
            | RecoveryPointStatus::Stopped
            | RecoveryPointStatus::Deleting
    );
    let state = point.status.as_str();
    Ok(match () {
        () if !whole => Some(Ending::failed(false, format!("Recovery point {arn} is in state {state}."))),
        // Of a composite all that is copied is what is nested in it.
        () if point.is_cold() && !record.job.is_parent => {
            Some(Ending::failed(false, Obstacle::Cold(arn.clone()).to_string()))
        }
        () => None,
    })
}

/// What keeps the copy out of its destination.
fn obstacle(connection: &Connection, record: &CopyRecord) -> Result<Option<Obstacle>> {
    let (destination, scope) = (&record.destination, &record.destination_scope);
    if destination == &record.source_vault {
        return Ok(Some(Obstacle::OwnVault));
    }
    if !accounts::is_member(connection, &scope.account)? {
        return Ok(Some(Obstacle::OtherOrganization));
    }
    if is_cross_account(&record.source_vault, destination) && !settings::allows_cross_account_copies(connection)? {
        return Ok(Some(Obstacle::NotEnabled));
    }
    let Some((into_type, _)) = vaults::rows::kind(connection, destination)? else {
        return Ok(Some(Obstacle::NoVault(destination.clone())));
    };
    // Where the source's vault is gone its point is too, and that was told.
    let (from_type, key) = vaults::rows::kind(connection, &record.source_vault)?.unwrap_or_default();
    let role = Principal::Role(&record.role);
    let from = VaultToLeave {
        arn: &record.source_vault,
        scope: &record.job.scope,
        vault_type: &from_type,
        key: key.as_deref(),
        into: Some(&into_type),
    };
    let into = VaultNamed { arn: destination, scope: Some(scope) };
    let allowed = authorize(connection, role, CopyFromBackupVault, &from).map(drop);
    match allowed.and_then(|()| authorize(connection, role, CopyIntoBackupVault, &into).map(drop)) {
        Ok(()) => {}
        Err(refused) if refused.kind() == ErrorKind::InvalidRequest => return Ok(Some(Obstacle::AirGap)),
        // A policy that cannot be read lets nobody in.
        Err(refused @ (Error::Service { .. } | Error::Damaged { .. })) => {
            return Ok(Some(Obstacle::Policy(refused.to_string())));
        }
        Err(other) => return Err(other),
    }
    // A lock binds new jobs: one that had begun when it was put on goes on. What a parent writes itself begins when its children
    // are over, and not with the first of them.
    let is_new = record.job.state == JobState::Created || (record.job.is_parent && record.attempts == 0);
    let fits = !is_new || vaults::lock::retention_fits(connection, destination, record.job.lifecycle.as_ref())?;
    Ok((!fits).then_some(Obstacle::Retention))
}
