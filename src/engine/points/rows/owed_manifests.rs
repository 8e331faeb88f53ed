//! The catalog's copies of manifests: from them a manifest that was lost or damaged is written again.

use crate::domain::continuous::Moment;
use crate::domain::{Arn, Lifecycle, PointDetails, StorageClass};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, from_json, time, to_json};
use crate::engine::error::Result;
use crate::engine::points::manifest::Manifest;
use crate::engine::points::rows::nesting;
use crate::engine::tags;
use rusqlite::{Connection, Row};

/// What the catalog knows of a point's manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The manifest, as it should be now.
    pub manifest: Manifest,
    /// What it should hold and the catalog does not know, in words; nothing for points that this version made.
    pub lacks: Vec<&'static str>,
}

/// Keeps the manifest of a point that the catalog has a row of.
pub fn keep(connection: &Connection, arn: &Arn, manifest: &Manifest) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO manifests (recovery_point_arn, document) VALUES (?1, ?2)")?
        .execute([arn.as_str(), &to_json(manifest)?])?;
    Ok(())
}

/// Whether the manifest of a point is kept.
pub fn is_kept(connection: &Connection, arn: &Arn) -> Result<bool> {
    let mut statement =
        connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM manifests WHERE recovery_point_arn = ?1)")?;
    Ok(statement.query_row([arn.as_str()], |row| row.get(0))?)
}

/// A change of the point's row is to be told by its manifest too: to be called in the transaction that makes the change.
pub fn owe(connection: &Connection, arn: &Arn) -> Result<()> {
    connection
        .prepare_cached("UPDATE recovery_points SET manifest_owed = 1 WHERE arn = ?1")?
        .execute([arn.as_str()])?;
    Ok(())
}

/// The manifest of a point is what its row says.
pub fn settle(connection: &Connection, arn: &Arn) -> Result<()> {
    connection
        .prepare_cached("UPDATE recovery_points SET manifest_owed = 0 WHERE arn = ?1")?
        .execute([arn.as_str()])?;
    Ok(())
}

/// The points of a vault whose manifests are to be written again.
pub fn owed(connection: &Connection, vault: &Arn) -> Result<Vec<Arn>> {
    let sql = "SELECT arn FROM recovery_points
         WHERE vault_arn = ?1 AND manifest_owed = 1 AND status IN ('COMPLETED', 'PARTIAL', 'AVAILABLE', 'STOPPED') ORDER BY arn";
    query::all(connection, sql, [vault.as_str()], |row| row.parsed("arn"))
}

/// The vaults with points whose manifests are to be written again.
pub fn vaults_that_owe(connection: &Connection) -> Result<Vec<Arn>> {
    let sql = "SELECT DISTINCT vault_arn FROM recovery_points
         WHERE manifest_owed = 1 AND status IN ('COMPLETED', 'PARTIAL', 'AVAILABLE', 'STOPPED')";
    query::all(connection, sql, [], |row| row.parsed("vault_arn"))
}

/// The manifest of a point as it should be now; `None` when there is no such point, or it is not whole yet.
pub fn of(connection: &Connection, arn: &Arn) -> Result<Option<Kept>> {
    let sql = "SELECT p.*, m.document, j.bytes_transferred, j.message_category,
             coalesce(j.status_message, p.status_message) AS job_message
         FROM recovery_points p LEFT JOIN manifests m ON m.recovery_point_arn = p.arn
              LEFT JOIN backup_jobs j ON j.id = p.backup_job_id
         WHERE p.arn = ?1 AND p.snapshot_id IS NOT NULL AND p.status <> 'CREATING'";
    let kept = query::first(connection, sql, [arn.as_str()], from_row)?;
    let Some(mut kept) = kept else { return Ok(None) };
    kept.manifest.tags = tags::rows::get(connection, arn.as_str())?;
    Ok(Some(kept))
}

/// What its driver said of a point when it was made; nothing of points of a version that kept none of it.
pub fn details(connection: &Connection, arn: &Arn) -> Result<PointDetails> {
    Ok(of(connection, arn)?.map(|kept| kept.manifest.details).unwrap_or_default())
}

/// The only moment that a snapshot of a continuous recovery point is restored to; nothing for any other point.
pub fn moment(connection: &Connection, arn: &Arn) -> Result<Option<Moment>> {
    Ok(of(connection, arn)?.and_then(|kept| kept.manifest.moment))
}

fn from_row(row: &Row<'_>) -> Result<Kept> {
    let lifecycle: Option<Lifecycle> = row.json_option("lifecycle")?;
    let snapshot: String = row.column("snapshot_id")?;
    let class: String = row.column("storage_class")?;
    let storage_class = Some(class).filter(|class| class != StorageClass::Warm.as_str());
    let document: Option<String> = row.column("document")?;
    match document {
        Some(document) => {
            let kept: Manifest = from_json(&document)?;
            let manifest = Manifest { snapshot, storage_class, lifecycle, nesting: nesting(row)?, ..kept };
            Ok(Kept { manifest: lessened(row, manifest)?, lacks: Vec::new() })
        }
        None => rebuilt(row, lifecycle, snapshot, storage_class),
    }
}

/// The manifest of a composite that may lack what it had when it was made, as its row says; that of one which is gone or is being
/// deleted does not say it any more.
fn lessened(row: &Row<'_>, kept: Manifest) -> Result<Manifest> {
    if !kept.nesting.is_parent() || row.column::<String>("status")? != "PARTIAL" {
        return Ok(kept);
    }
    let (status_message, message_category) = (row.column("status_message")?, "MISCELLANEOUS".to_owned());
    Ok(Manifest { partial: true, status_message, message_category, ..kept })
}

/// The manifest of a point of a version that kept no copies: all that the rows tell.
fn rebuilt(
    row: &Row<'_>,
    lifecycle: Option<Lifecycle>,
    snapshot: String,
    storage_class: Option<String>,
) -> Result<Kept> {
    let missing_items: i64 = row.column("missing_items")?;
    let bytes_read: Option<i64> = row.column("bytes_transferred")?;
    let size: Option<i64> = row.column("size_bytes")?;
    let status_message: Option<String> = row.column("job_message")?;
    let category: Option<String> = row.column("message_category")?;
    let created = row.time("created")?;
    let mut lacks = Vec::new();
    if missing_items > 0 {
        lacks.push("the names of the items that could not be read when it was made");
    }
    if bytes_read.is_none() {
        lacks.push("how many bytes were read when it was made");
    }
    let manifest = Manifest {
        recovery_point_id: row.column("point_id")?,
        job_id: row.column::<Option<String>>("backup_job_id")?.unwrap_or_default(),
        vault_arn: row.parsed("vault_arn")?,
        source_vault_arn: row.parsed_option("source_vault_arn")?,
        snapshot,
        snapshot_file: None,
        storage_class,
        root: row.column::<String>("source_path")?.into(),
        resource_arn: row.parsed("resource_arn")?,
        resource_name: row.column("resource_name")?,
        resource_type: row.column::<String>("resource_type")?.into(),
        iam_role_arn: row.parsed_option("iam_role_arn")?,
        created_by: row.json_option("created_by")?,
        created,
        initiated: row.time_option("initiated")?,
        completed: row.column::<Option<i64>>("completed")?.map(time).transpose()?.unwrap_or(created),
        bytes_read: bytes_read.unwrap_or_default().max(0) as u64,
        size_bytes: size.unwrap_or_default().max(0) as u64,
        lifecycle,
        tags: std::collections::BTreeMap::new(),
        missing: Vec::new(),
        notes: 0,
        details: PointDetails::new(),
        continuous: None,
        moment: None,
        nesting: nesting(row)?,
        partial: false,
        message_category: category.unwrap_or_else(|| {
            let issues = missing_items > 0 || status_message.is_some();
            if issues { "MISCELLANEOUS" } else { "SUCCESS" }.to_owned()
        }),
        status_message,
    };
    Ok(Kept { manifest, lacks })
}
