//! The packs of the vaults: since when each is known, and which recovery points refer to it.

use crate::domain::{Arn, StorageClass, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::MovesData;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::{Error, Result};
use crate::repository::{Id, Moves};
use rusqlite::{Connection, ToSql, params};
use std::collections::BTreeSet;

/// A vault, and the class of one of its repositories.
pub type Tier<'a> = (&'a Arn, StorageClass);

/// The vaults in which an earlier process left something to collect: those that were not collected to the end since a
/// recovery point went, and packs that no recovery point refers to.
pub fn vaults_with_garbage(connection: &Connection) -> Result<Vec<Arn>> {
    let sql = "SELECT DISTINCT p.vault_arn FROM packs p WHERE NOT EXISTS
             (SELECT 1 FROM pack_references r WHERE r.vault_arn = p.vault_arn AND r.pack = p.pack)
         UNION
         SELECT arn FROM vaults WHERE littered_at IS NOT NULL";
    query::all(connection, sql, [], |row| row.parsed("vault_arn"))
}

/// Notes when packs were first seen; those that are known keep their time.
pub fn remember<'a>(
    connection: &Connection,
    (vault, class): Tier<'_>,
    packs: impl IntoIterator<Item = &'a Id>,
    now: Time,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO packs (vault_arn, pack, added_at, storage_class) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for pack in packs {
        statement.execute(params![vault.as_str(), pack.as_bytes().as_slice(), millis(now), class.as_str()])?;
    }
    Ok(())
}

/// Notes the packs that a point needs: the first of the two proofs that a collection asks for.
pub fn refer(connection: &Connection, vault: &Arn, point: &Arn, packs: &BTreeSet<Id>) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO pack_references (vault_arn, pack, recovery_point_arn) VALUES (?1, ?2, ?3)",
    )?;
    for pack in packs {
        statement.execute(params![vault.as_str(), pack.as_bytes().as_slice(), point.as_str()])?;
    }
    Ok(())
}

/// Knows the packs that are present in a repository and no others: one that is gone is new when it comes again.
pub fn keep_known(connection: &Connection, tier: Tier<'_>, present: &[Id], now: Time) -> Result<()> {
    remember(connection, tier, present, now)?;
    let (vault, _) = tier;
    let present: BTreeSet<&Id> = present.iter().collect();
    let known = self::known(connection, tier)?;
    let mut statement = connection.prepare_cached("DELETE FROM packs WHERE vault_arn = ?1 AND pack = ?2")?;
    for pack in known.iter().filter(|pack| !present.contains(pack)) {
        statement.execute(params![vault.as_str(), pack.as_bytes().as_slice()])?;
    }
    Ok(())
}

/// Forgets packs that were deleted, and who referred to them.
pub fn forget(connection: &Connection, vault: &Arn, deleted: &BTreeSet<Id>) -> Result<()> {
    for sql in [
        "DELETE FROM packs WHERE vault_arn = ?1 AND pack = ?2",
        "DELETE FROM pack_references WHERE vault_arn = ?1 AND pack = ?2",
    ] {
        let mut statement = connection.prepare_cached(sql)?;
        for pack in deleted {
            statement.execute(params![vault.as_str(), pack.as_bytes().as_slice()])?;
        }
    }
    Ok(())
}

/// Whoever refers to a pack refers to those too in which what was needed of it lies now. The old references stay until the
/// old packs are gone.
pub fn move_references(connection: &Connection, tier: Tier<'_>, moves: &Moves, now: Time) -> Result<()> {
    remember(connection, tier, moves.values().flatten(), now)?;
    let (vault, _) = tier;
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO pack_references (vault_arn, pack, recovery_point_arn)
         SELECT vault_arn, ?3, recovery_point_arn FROM pack_references WHERE vault_arn = ?1 AND pack = ?2",
    )?;
    for (old, new) in moves {
        for pack in new {
            statement.execute(params![vault.as_str(), old.as_bytes().as_slice(), pack.as_bytes().as_slice()])?;
        }
    }
    Ok(())
}

/// What [`snapshots`] asks.
pub(super) const SNAPSHOTS: &str = "SELECT snapshot_id FROM recovery_points
    WHERE vault_arn = ?1 AND snapshot_id IS NOT NULL AND status <> 'DELETING' AND storage_class = ?2";

/// What [`held`] asks.
pub(super) const HELD: &str =
    "SELECT snapshot_id FROM recovery_points WHERE vault_arn = ?1 AND snapshot_id IS NOT NULL AND storage_class = ?2";

/// The snapshots that a vault's recovery points of one class need.
pub fn snapshots(connection: &Connection, tier: Tier<'_>) -> Result<BTreeSet<Id>> {
    snapshot_ids(connection, SNAPSHOTS, tier)
}

/// The snapshots of all of a vault's recovery points of one class, those too that are being deleted.
pub fn held(connection: &Connection, tier: Tier<'_>) -> Result<BTreeSet<Id>> {
    snapshot_ids(connection, HELD, tier)
}

fn snapshot_ids(connection: &Connection, sql: &str, (vault, class): Tier<'_>) -> Result<BTreeSet<Id>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([vault.as_str(), class.as_str()], |row| row.get::<_, String>(0))?;
    let damaged = || Error::Internal("the catalog holds a snapshot id that is none".to_owned());
    rows.map(|row| row?.parse().map_err(|_| damaged())).collect()
}

/// The permit's point needs these packs and no others, in a repository of this class.
pub fn replace(
    connection: &Connection,
    permit: &Permit<'_, impl MovesData>,
    tier: Tier<'_>,
    packs: &BTreeSet<Id>,
    now: Time,
) -> Result<()> {
    connection.prepare_cached("DELETE FROM pack_references WHERE recovery_point_arn = ?1")?.execute([permit.on()])?;
    remember(connection, tier, packs, now)?;
    refer(connection, tier.0, &permit.on().parse()?, packs)
}

/// The packs of a repository that are known.
pub fn known(connection: &Connection, (vault, class): Tier<'_>) -> Result<BTreeSet<Id>> {
    let sql = "SELECT pack FROM packs WHERE vault_arn = ?1 AND storage_class = ?2";
    ids(connection, sql, &[&vault.as_str(), &class.as_str()])
}

/// Whether anything of a vault lies in cold storage, be it needed or not.
pub fn has_cold(connection: &Connection, vault: &Arn) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM packs WHERE vault_arn = ?1 AND storage_class = 'COLD')
             OR EXISTS (SELECT 1 FROM recovery_points WHERE vault_arn = ?1 AND storage_class = 'COLD')";
    Ok(connection.prepare_cached(sql)?.query_row([vault.as_str()], |row| row.get(0))?)
}

/// The packs that any recovery point refers to.
pub fn referenced(connection: &Connection, vault: &Arn) -> Result<BTreeSet<Id>> {
    ids(connection, "SELECT DISTINCT pack FROM pack_references WHERE vault_arn = ?1", &[&vault.as_str()])
}

/// The packs that were known at a moment, but for those that a recovery point refers to whose snapshot does not count any
/// more: what it needs of them, nobody can tell.
pub fn eligible(connection: &Connection, (vault, class): Tier<'_>, known_at: Time) -> Result<BTreeSet<Id>> {
    ids(
        connection,
        "SELECT pack FROM packs WHERE vault_arn = ?1 AND storage_class = ?3 AND added_at <= ?2
         EXCEPT
         SELECT pack FROM pack_references WHERE recovery_point_arn IN
             (SELECT arn FROM recovery_points WHERE vault_arn = ?1 AND (snapshot_id IS NULL OR status = 'DELETING'))",
        &[&vault.as_str(), &millis(known_at), &class.as_str()],
    )
}

fn ids(connection: &Connection, sql: &str, parameters: &[&dyn ToSql]) -> Result<BTreeSet<Id>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(parameters, |row| row.get::<_, [u8; 32]>(0))?;
    Ok(rows.map(|row| row.map(Id::from_bytes)).collect::<rusqlite::Result<_>>()?)
}
