//! What of the recovery points cannot be restored, as rows keep it.

use crate::domain::damage::Damage;
use crate::domain::{Arn, StorageClass, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, to_json};
use crate::engine::error::Result;
use crate::engine::points::rows::packs::Tier;
use crate::repository::Id;
use rusqlite::{Connection, Row, params};
use std::collections::{BTreeSet, HashSet};

/// What a look at a recovery point's data needs to know of it.
#[derive(Debug, Clone)]
pub struct PointData {
    /// Its ARN.
    pub arn: Arn,
    /// What it is of, as a person calls it.
    pub resource: String,
    /// When its job began.
    pub created: Time,
    /// Its id, the name of its manifest.
    pub point_id: String,
    /// The id of its snapshot.
    pub snapshot: String,
    /// The folder in the snapshot that is its root.
    pub root: String,
    /// What is known to be lost of it.
    pub damage: Option<Damage>,
    /// In which of its vault's repositories the snapshot lies.
    pub class: StorageClass,
}

const COLUMNS: &str = "arn, resource_arn, resource_name, created, point_id, snapshot_id, source_path, damage, \
    storage_class";

fn from_row(row: &Row<'_>) -> Result<PointData> {
    let resource: Arn = row.parsed("resource_arn")?;
    let name: Option<String> = row.column("resource_name")?;
    let short = || resource.resource().rsplit(['/', ':']).next().unwrap_or_default().to_owned();
    Ok(PointData {
        arn: row.parsed("arn")?,
        resource: name.filter(|name| !name.is_empty()).unwrap_or_else(short),
        created: row.time("created")?,
        point_id: row.column("point_id")?,
        snapshot: row.column("snapshot_id")?,
        root: row.column("source_path")?,
        damage: row.json_option("damage")?,
        class: StorageClass::of(&row.column::<String>("storage_class")?),
    })
}

/// The snapshots of the points of a vault that hold data.
const SNAPSHOTS: &str = "SELECT snapshot_id, arn FROM recovery_points
    WHERE vault_arn = ?1 AND storage_class = ?2 AND snapshot_id IS NOT NULL AND status IN ('COMPLETED', 'PARTIAL', 'AVAILABLE', 'STOPPED')";

/// The points of a vault that hold data in its repository of a class, the oldest first.
pub fn points(connection: &Connection, (vault, class): Tier<'_>) -> Result<Vec<PointData>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM recovery_points
         WHERE vault_arn = ?1 AND storage_class = ?2 AND snapshot_id IS NOT NULL AND status IN ('COMPLETED', 'PARTIAL', 'AVAILABLE', 'STOPPED')
         ORDER BY created, arn"
    );
    query::all(connection, &sql, [vault.as_str(), class.as_str()], from_row)
}

/// A point that holds data, as it is now.
pub fn point(connection: &Connection, arn: &Arn) -> Result<Option<PointData>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM recovery_points
         WHERE arn = ?1 AND snapshot_id IS NOT NULL AND status IN ('COMPLETED', 'PARTIAL', 'AVAILABLE', 'STOPPED')"
    );
    query::first(connection, &sql, [arn.as_str()], from_row)
}

/// Those among the points of a vault that hold data which are damaged, or whose snapshot is none of these. Cheap, however
/// many points there are: each half is answered by an index alone.
pub(crate) fn without_snapshot(
    connection: &Connection,
    (vault, class): Tier<'_>,
    present: &HashSet<Id>,
) -> Result<BTreeSet<Arn>> {
    let mut arns = BTreeSet::new();
    let mut damaged = connection.prepare_cached(
        "SELECT arn FROM recovery_points WHERE vault_arn = ?1 AND storage_class = ?2 AND damage IS NOT NULL
             AND snapshot_id IS NOT NULL AND status IN ('COMPLETED', 'PARTIAL', 'AVAILABLE', 'STOPPED')",
    )?;
    let mut rows = damaged.query([vault.as_str(), class.as_str()])?;
    while let Some(row) = rows.next()? {
        arns.insert(row.parsed("arn")?);
    }
    let mut statement = connection.prepare_cached(SNAPSHOTS)?;
    let mut rows = statement.query([vault.as_str(), class.as_str()])?;
    while let Some(row) = rows.next()? {
        let snapshot = row.get_ref(0)?.as_str().ok().and_then(|text| text.parse().ok());
        if snapshot.is_none_or(|snapshot: Id| !present.contains(&snapshot)) {
            arns.insert(row.parsed("arn")?);
        }
    }
    Ok(arns)
}

/// The points of a vault that need any of these packs, as their commits noted it.
pub fn needing<'a>(
    connection: &Connection,
    vault: &Arn,
    packs: impl IntoIterator<Item = &'a Id>,
) -> Result<BTreeSet<Arn>> {
    let mut statement = connection
        .prepare_cached("SELECT recovery_point_arn FROM pack_references WHERE vault_arn = ?1 AND pack = ?2")?;
    let mut arns = BTreeSet::new();
    for pack in packs {
        let mut rows = statement.query(params![vault.as_str(), pack.as_bytes().as_slice()])?;
        while let Some(row) = rows.next()? {
            arns.insert(row.parsed("recovery_point_arn")?);
        }
    }
    Ok(arns)
}

/// The vault of a point, and the class of the repository that it lies in.
pub fn tier_of(connection: &Connection, arn: &Arn) -> Result<Option<(Arn, StorageClass)>> {
    let sql = "SELECT vault_arn, storage_class FROM recovery_points WHERE arn = ?1";
    query::first(connection, sql, [arn.as_str()], |row| {
        Ok((row.parsed("vault_arn")?, StorageClass::of(&row.column::<String>("storage_class")?)))
    })
}

/// What is known to be lost of a point.
pub fn of(connection: &Connection, arn: &Arn) -> Result<Option<Damage>> {
    let sql = "SELECT damage FROM recovery_points WHERE arn = ?1";
    Ok(query::first(connection, sql, [arn.as_str()], |row| row.json_option("damage"))?.flatten())
}

/// Notes what of a point cannot be restored, or that it is whole.
pub fn set(connection: &Connection, arn: &Arn, damage: Option<&Damage>) -> Result<()> {
    connection
        .prepare_cached("UPDATE recovery_points SET damage = ?2 WHERE arn = ?1")?
        .execute(params![arn.as_str(), damage.map(to_json).transpose()?])?;
    Ok(())
}

/// How many points of a vault's repository are damaged.
pub fn count(connection: &Connection, (vault, class): Tier<'_>) -> Result<i64> {
    let sql = "SELECT count(*) FROM recovery_points WHERE vault_arn = ?1 AND storage_class = ?2 AND damage IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([vault.as_str(), class.as_str()], |row| row.get(0))?)
}

/// How many recovery points of each vault are damaged, and how many items of them: the vault's account, region and name.
pub fn by_vault(connection: &Connection) -> Result<Vec<(String, u64, u64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT account || '/' || region || '/' || vault_name AS vault, damage FROM recovery_points
         WHERE damage IS NOT NULL AND status IN ('COMPLETED', 'PARTIAL', 'AVAILABLE', 'STOPPED') ORDER BY vault",
    )?;
    let mut rows = statement.query([])?;
    let mut vaults: Vec<(String, u64, u64)> = Vec::new();
    while let Some(row) = rows.next()? {
        let vault: String = row.column("vault")?;
        let items = row.json_option::<Damage>("damage")?.map_or(0, |damage| damage.told());
        match vaults.last_mut().filter(|(name, ..)| *name == vault) {
            Some((_, points, total)) => (*points, *total) = (*points + 1, *total + items),
            None => vaults.push((vault, 1, items)),
        }
    }
    Ok(vaults)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::sample;
    use crate::engine::points::rows::packs;

    #[test]
    fn which_snapshots_are_needed_is_told_by_an_index_without_the_rows() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = sample::catalog(&folder);
        let plan = |sql: &str| {
            catalog
                .read(|connection| {
                    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                    Ok(statement.query_row(["arn", "WARM"], |row| row.get::<_, String>("detail"))?)
                })
                .unwrap()
        };
        for sql in [SNAPSHOTS, packs::SNAPSHOTS, packs::HELD] {
            let plan = plan(sql);
            assert!(plan.contains("USING COVERING INDEX recovery_points_by_vault (vault_arn=?)"), "{plan}");
        }
    }
}
