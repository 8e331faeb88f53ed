//! What the catalog has to know of a finished recovery point.

use crate::domain::continuous::Chain;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::vault::VaultType;
use crate::domain::{Arn, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::AddRecoveryPoint;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::points::expiry::{delete_due, seed};
use crate::engine::points::manifest;
use crate::engine::points::rows::{self, NewPoint};
use crate::engine::tags;
use crate::engine::vaults;
use crate::repository::Id;
use std::collections::BTreeSet;

/// Adds the recovery point that a manifest tells of, with its tags and packs.
pub(crate) fn insert_point(
    connection: &Connection,
    permit: &Permit<'_, AddRecoveryPoint>,
    manifest: &manifest::Manifest,
    packs: &BTreeSet<Id>,
    now: Time,
) -> Result<()> {
    write_point(connection, manifest, packs, now, |new| {
        rows::insert(connection, permit, new)?;
        tags::rows::put(connection, permit, new.point.arn.as_str(), &manifest.tags)
    })
}

/// The same for a point whose job is not over: its row of status CREATING becomes the whole point, with the tags that it has by
/// now. Where there is none, as after the deletion of its vault, it is added.
pub(crate) fn complete_point(
    connection: &Connection,
    permit: &Permit<'_, AddRecoveryPoint>,
    manifest: &manifest::Manifest,
    packs: &BTreeSet<Id>,
    now: Time,
) -> Result<()> {
    write_point(connection, manifest, packs, now, |new| {
        if rows::creating::complete(connection, permit, new)? {
            return Ok(());
        }
        rows::insert(connection, permit, new)?;
        tags::rows::put(connection, permit, new.point.arn.as_str(), &manifest.tags)
    })
}

/// Writes the row of a point, and what else the catalog keeps of it.
fn write_point(
    connection: &Connection,
    manifest: &manifest::Manifest,
    packs: &BTreeSet<Id>,
    now: Time,
    write: impl FnOnce(&NewPoint<'_>) -> Result<()>,
) -> Result<()> {
    let (vault_type, key) = vaults::rows::kind(connection, &manifest.vault_arn)?.unwrap_or_default();
    let point = recovery_point(manifest, vault_type, key)?;
    let due = match point.calculated_lifecycle.delete_at {
        // What is nested goes together with what it is nested in.
        Some(at) => {
            let of = manifest.nesting.parent().map_or(manifest.recovery_point_id.as_str(), rows::point_id);
            Some(delete_due(at, &seed(connection)?, of))
        }
        None => None,
    };
    write(&NewPoint { point: &point, manifest, delete_due: due })?;
    rows::owed_manifests::keep(connection, &point.arn, manifest)?;
    if let Some(chain) = &manifest.continuous {
        rows::chains::remember(connection, &point.arn, &point.resource_arn, &point.vault_arn, &chain.hold)?;
        rows::chains::keep(connection, &point.arn, chain)?;
    }
    // A copy is no backup of its resource, which may be another account's.
    if point.source_vault_arn.is_none() {
        rows::protected::remember(connection, &point)?;
    }
    rows::packs::remember(connection, (&point.vault_arn, manifest.class()), packs, now)?;
    rows::packs::refer(connection, &point.vault_arn, &point.arn, packs)
}

/// The record of the point that a manifest tells of.
fn recovery_point(
    manifest: &manifest::Manifest,
    vault_type: VaultType,
    encryption_key_arn: Option<String>,
) -> Result<RecoveryPoint> {
    let vault = &manifest.vault_arn;
    let (Some(scope), Some(vault_name)) = (vault.scope(), vault.vault_name()) else {
        return Err(Error::Internal(format!("{vault} is not a vault's")));
    };
    // A chain lives by the last moment that it can be restored to, however long ago it was begun.
    let since = manifest.continuous.as_ref().map_or(manifest.created, |chain| chain.latest.max(manifest.created));
    Ok(RecoveryPoint {
        arn: Arn::recovery_point(&scope, &manifest.recovery_point_id),
        vault_name: vault_name.to_owned(),
        scope,
        vault_arn: vault.clone(),
        vault_type,
        source_vault_arn: manifest.source_vault_arn.clone(),
        resource_arn: manifest.resource_arn.clone(),
        resource_name: manifest.resource_name.clone(),
        resource_type: manifest.resource_type.clone(),
        created_by: manifest.created_by.clone(),
        iam_role_arn: manifest.iam_role_arn.clone(),
        status: match &manifest.continuous {
            None if manifest.partial => RecoveryPointStatus::Partial,
            None => RecoveryPointStatus::Completed,
            Some(Chain { stopped: None, .. }) => RecoveryPointStatus::Available,
            Some(_) => RecoveryPointStatus::Stopped,
        },
        status_message: manifest.status_message.clone(),
        created: manifest.created,
        initiated: manifest.initiated,
        completed: Some(manifest.completed),
        size_bytes: Some(manifest.size_bytes as i64),
        lifecycle: manifest.lifecycle,
        calculated_lifecycle: manifest
            .lifecycle
            .map(|lifecycle| lifecycle.acts_on(manifest.resource_type.goes_cold_by(&lifecycle), since))
            .unwrap_or_default(),
        encryption_key_arn,
        encrypted: true,
        last_restore: None,
        held: false,
        nesting: manifest.nesting.clone(),
        storage_class: Some(manifest.class().as_str().to_owned()),
    })
}
