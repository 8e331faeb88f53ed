//! The rows of a finished recovery point.

use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, Time};
use crate::engine::catalog::values::{millis, to_json};
use crate::engine::error::{Error, Result};
use crate::engine::points::expiry::{delete_due, seed};
use crate::engine::points::{self, manifest, packs};
use crate::engine::tags;
use crate::engine::vaults::rows::vault_key;
use crate::repository::Id;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

/// Adds the recovery point that a manifest tells of, with its tags and packs.
pub(crate) fn insert_point(
    connection: &Connection,
    manifest: &manifest::Manifest,
    packs: &BTreeSet<Id>,
    now: Time,
) -> Result<()> {
    let key = vault_key(connection, &manifest.vault_arn)?.flatten();
    let point = recovery_point(manifest, key)?;
    let id = &manifest.recovery_point_id;
    let delete_at = point.calculated_lifecycle.delete_at;
    let due = match delete_at {
        Some(at) => Some(delete_due(at, &seed(connection)?, id)),
        None => None,
    };
    connection
        .prepare_cached(
            "INSERT INTO recovery_points (arn, account, region, vault_arn, vault_name, resource_arn, resource_name,
                 resource_type, plan_id, created_by, iam_role_arn, status, status_message, created, initiated, completed,
                 size_bytes, lifecycle, delete_at, encryption_key_arn, storage_class, point_id, snapshot_id, source_path,
                 missing_items, backup_job_id, delete_due)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'COMPLETED', ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                 'WARM', ?20, ?21, ?22, ?23, ?24, ?25)",
        )?
        .execute(params![
            point.arn.as_str(),
            point.scope.account.as_str(),
            point.scope.region.as_str(),
            point.vault_arn.as_str(),
            point.vault_name,
            point.resource_arn.as_str(),
            point.resource_name,
            point.resource_type.as_str(),
            point.created_by.as_ref().map(|creator| creator.backup_plan_id.as_str()),
            point.created_by.as_ref().map(to_json).transpose()?,
            point.iam_role_arn.as_ref().map(|arn| arn.as_str()),
            point.status_message,
            millis(point.created),
            point.initiated.map(millis),
            point.completed.map(millis),
            point.size_bytes,
            point.lifecycle.as_ref().map(to_json).transpose()?,
            delete_at.map(millis),
            point.encryption_key_arn,
            id,
            manifest.snapshot,
            manifest.root.to_string_lossy(),
            manifest.missing.len() as i64,
            manifest.job_id,
            due.map(millis),
        ])?;
    tags::rows::put(connection, point.arn.as_str(), &manifest.tags)?;
    points::owed_manifests::keep(connection, &point.arn, manifest)?;
    points::rows::remember_protected(connection, &point)?;
    packs::remember(connection, &point.vault_arn, packs, now)?;
    refer(connection, &point.vault_arn, &point.arn, packs)
}

/// The record of the point that a manifest tells of.
fn recovery_point(manifest: &manifest::Manifest, encryption_key_arn: Option<String>) -> Result<RecoveryPoint> {
    let vault = &manifest.vault_arn;
    let (Some(scope), Some(vault_name)) = (vault.scope(), vault.vault_name()) else {
        return Err(Error::Internal(format!("{vault} is not a vault's")));
    };
    Ok(RecoveryPoint {
        arn: Arn::recovery_point(&scope, &manifest.recovery_point_id),
        vault_name: vault_name.to_owned(),
        scope,
        vault_arn: vault.clone(),
        resource_arn: manifest.resource_arn.clone(),
        resource_name: manifest.resource_name.clone(),
        resource_type: manifest.resource_type.clone(),
        created_by: manifest.created_by.clone(),
        iam_role_arn: manifest.iam_role_arn.clone(),
        status: RecoveryPointStatus::Completed,
        status_message: manifest.status_message.clone(),
        created: manifest.created,
        initiated: manifest.initiated,
        completed: Some(manifest.completed),
        size_bytes: Some(manifest.size_bytes as i64),
        lifecycle: manifest.lifecycle,
        calculated_lifecycle: manifest.lifecycle.map(|l| l.calculate(manifest.created)).unwrap_or_default(),
        encryption_key_arn,
        encrypted: true,
        last_restore: None,
        storage_class: Some("WARM".to_owned()),
    })
}

/// Notes the packs that a point needs: the first of the two proofs that a collection asks for.
pub(crate) fn refer(connection: &Connection, vault: &Arn, point: &Arn, packs: &BTreeSet<Id>) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO pack_references (vault_arn, pack, recovery_point_arn) VALUES (?1, ?2, ?3)",
    )?;
    for pack in packs {
        statement.execute(params![vault.as_str(), pack.as_bytes().as_slice(), point.as_str()])?;
    }
    Ok(())
}
