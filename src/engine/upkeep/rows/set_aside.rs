//! What lies in a vault's folder of damaged files, and since when the vault is known to do without.

use crate::domain::{Arn, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet};

/// The files that are known to lie there, with when each was first seen.
pub fn known(connection: &Connection, vault: &Arn) -> Result<BTreeMap<String, Time>> {
    let sql = "SELECT name, seen FROM set_aside WHERE vault_arn = ?1";
    let files = query::all(connection, sql, [vault.as_str()], |row| Ok((row.column("name")?, row.time("seen")?)))?;
    Ok(files.into_iter().collect())
}

/// Notes what lies there at `now`: what is new is seen for the first time, what is gone is forgotten.
pub fn note(connection: &Connection, vault: &Arn, present: &BTreeSet<String>, now: Time) -> Result<()> {
    let mut add =
        connection.prepare_cached("INSERT OR IGNORE INTO set_aside (vault_arn, name, seen) VALUES (?1, ?2, ?3)")?;
    for name in present {
        add.execute(params![vault.as_str(), name, millis(now)])?;
    }
    let mut forget = connection.prepare_cached("DELETE FROM set_aside WHERE vault_arn = ?1 AND name = ?2")?;
    for name in known(connection, vault)?.into_keys().filter(|name| !present.contains(name)) {
        forget.execute([vault.as_str(), &name])?;
    }
    Ok(())
}

/// When the last reading of all of the vault began that found nothing lost.
pub fn whole_since(connection: &Connection, vault: &Arn) -> Result<Option<Time>> {
    let sql = "SELECT whole_since FROM vaults WHERE arn = ?1";
    Ok(query::first(connection, sql, [vault.as_str()], |row| row.time_option("whole_since"))?.flatten())
}

/// A reading of all of the vault that began at `began` has ended and found nothing lost. One that began later counts more,
/// though it has ended before.
pub fn is_whole(connection: &Connection, vault: &Arn, began: Time) -> Result<()> {
    connection
        .prepare_cached("UPDATE vaults SET whole_since = max(coalesce(whole_since, ?2), ?2) WHERE arn = ?1")?
        .execute(params![vault.as_str(), millis(began)])?;
    Ok(())
}
