//! How far the scrub of each vault is.

use crate::domain::{Arn, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use crate::repository::Id;
use rusqlite::{Connection, params};

/// How far a vault was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scrub {
    /// When the cycle began in which all of it is read once.
    pub cycle_began: Time,
    /// The last pack of this cycle that was read; packs are read in the order of their ids.
    pub position: Option<Id>,
    /// When the part of a day was last read to its end.
    pub part_done: Time,
}

/// How far a vault was read; `None` before the first part.
pub fn get(connection: &Connection, vault: &Arn) -> Result<Option<Scrub>> {
    let sql = "SELECT cycle_began, position, part_done FROM scrubs WHERE vault_arn = ?1";
    query::first(connection, sql, [vault.as_str()], |row| {
        Ok(Scrub {
            cycle_began: row.time("cycle_began")?,
            position: row.column::<Option<[u8; 32]>>("position")?.map(Id::from_bytes),
            part_done: row.time("part_done")?,
        })
    })
}

/// Notes how far a vault was read, if it is still there.
pub fn set(connection: &Connection, vault: &Arn, scrub: &Scrub) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO scrubs (vault_arn, cycle_began, position, part_done)
             SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM vaults WHERE arn = ?1)
             ON CONFLICT (vault_arn) DO UPDATE SET cycle_began = excluded.cycle_began, position = excluded.position,
                 part_done = excluded.part_done",
        )?
        .execute(params![
            vault.as_str(),
            millis(scrub.cycle_began),
            scrub.position.map(|id| id.as_bytes().to_vec()),
            millis(scrub.part_done)
        ])?;
    Ok(())
}

/// Every vault that holds recovery points, with when a part of it was last read: when it was made, before the first one.
pub fn last_parts(connection: &Connection) -> Result<Vec<(Arn, Time)>> {
    let sql = "SELECT v.arn, coalesce(s.part_done, v.created) AS part_done FROM vaults v
         LEFT JOIN scrubs s ON s.vault_arn = v.arn
         WHERE EXISTS (SELECT 1 FROM recovery_points WHERE vault_arn = v.arn) ORDER BY v.arn";
    query::all(connection, sql, [], |row| Ok((row.parsed("arn")?, row.time("part_done")?)))
}
