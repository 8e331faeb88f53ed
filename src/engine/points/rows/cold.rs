//! Recovery points that move to cold storage.

use crate::domain::{Arn, StorageClass, Time, metric};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::MoveToColdStorage;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis, time, to_json};
use crate::engine::error::Result;
use crate::engine::points::rows::{owed_manifests, packs};
use crate::repository::Id;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

/// What is to move: whole, in warm storage, and its day has come. What is damaged stays where it is until it is whole again.
const IS_DUE: &str =
    "cold_due IS NOT NULL AND storage_class = 'WARM' AND damage IS NULL AND status IN ('COMPLETED', 'PARTIAL')
    AND snapshot_id IS NOT NULL";

/// A recovery point that is to move.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The point.
    pub arn: Arn,
    /// Its vault.
    pub vault: Arn,
    /// Its id, the mark of its snapshot.
    pub point_id: String,
    /// Its warm snapshot.
    pub snapshot: String,
}

/// Where the data of a recovery point lies now.
pub struct NewHome<'a> {
    /// Its new snapshot, as the repository names it.
    pub snapshot: Id,
    /// That snapshot's file, in base64; none where it is not known.
    pub snapshot_file: Option<String>,
    /// The packs that it needs there.
    pub packs: &'a BTreeSet<Id>,
    /// The class of that repository.
    pub class: StorageClass,
}

/// That a point does not lie in a vault under one of the KMS keys of a JSON array: those that cannot be used now.
const IS_OPEN: &str =
    "vault_arn NOT IN (SELECT arn FROM vaults WHERE encryption_key_arn IN (SELECT value FROM json_each(?1)))";

/// The next moment at which a point is to move that is under none of the KMS keys `unusable`.
pub fn next_due(connection: &Connection, unusable: &[Arn]) -> Result<Option<Time>> {
    let sql = format!("SELECT min(cold_due) FROM recovery_points WHERE {IS_DUE} AND {IS_OPEN}");
    let due: Option<i64> = connection.prepare_cached(&sql)?.query_row([to_json(&unusable)?], |row| row.get(0))?;
    due.map(time).transpose()
}

/// The points whose day has come and that are under none of the KMS keys `unusable`, the earliest first.
pub fn due(connection: &Connection, unusable: &[Arn], now: Time) -> Result<Vec<Candidate>> {
    let sql = format!(
        "SELECT arn, vault_arn, point_id, snapshot_id FROM recovery_points WHERE {IS_DUE} AND {IS_OPEN} AND cold_due <= ?2
         ORDER BY cold_due, arn"
    );
    query::all(connection, &sql, params![to_json(&unusable)?, millis(now)], |row| {
        Ok(Candidate {
            arn: row.parsed("arn")?,
            vault: row.parsed("vault_arn")?,
            point_id: row.column("point_id")?,
            snapshot: row.column("snapshot_id")?,
        })
    })
}

/// Whether a point is still to move, as it was when it was read.
pub fn is_due(connection: &Connection, point: &Candidate, now: Time) -> Result<bool> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM recovery_points WHERE arn = ?1 AND snapshot_id = ?2 AND {IS_DUE} AND cold_due <= ?3)"
    );
    let key = params![point.arn.as_str(), point.snapshot, millis(now)];
    Ok(connection.prepare_cached(&sql)?.query_row(key, |row| row.get(0))?)
}

/// The data of the permit's point lies elsewhere from now on; its manifest is to say so.
pub fn move_home(
    connection: &Connection,
    permit: &Permit<'_, MoveToColdStorage>,
    vault: &Arn,
    home: &NewHome<'_>,
    now: Time,
) -> Result<()> {
    let arn: Arn = permit.on().parse()?;
    let moved =
        super::get(connection, &arn)?.filter(|point| point.storage_class.as_deref() != Some(home.class.as_str()));
    if let Some(point) = moved.filter(|_| home.class == StorageClass::Cold) {
        super::count(connection, &point, Some(metric::COLD), now)?;
    }
    connection
        .prepare_cached("UPDATE recovery_points SET storage_class = ?2, snapshot_id = ?3 WHERE arn = ?1")?
        .execute([arn.as_str(), home.class.as_str(), &home.snapshot.to_hex()])?;
    packs::replace(connection, permit, (vault, home.class), home.packs, now)?;
    if let Some(mut kept) = owed_manifests::of(connection, &arn)?.filter(|kept| kept.lacks.is_empty()) {
        kept.manifest.snapshot_file.clone_from(&home.snapshot_file);
        owed_manifests::keep(connection, &arn, &kept.manifest)?;
    }
    owed_manifests::owe(connection, &arn)
}
