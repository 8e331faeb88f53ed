//! What was seen of the roots of resources, as rows.

use crate::domain::Arn;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use crate::engine::resources::source_root::{Held, SourceRoot};
use crate::repository::Identity;
use rusqlite::{Connection, params};

/// What was seen of a resource's root.
pub fn get(connection: &Connection, resource: &Arn) -> Result<SourceRoot> {
    let sql = "SELECT device, inode, held FROM source_roots WHERE arn = ?1";
    let found = query::first(connection, sql, [resource.as_str()], |row| {
        Ok(SourceRoot {
            identity: identity(row.column("device")?, row.column("inode")?),
            held: match row.column::<i64>("held")? {
                0 => Held::Nothing,
                1 => Held::Items,
                _ => Held::Files,
            },
        })
    })?;
    Ok(found.unwrap_or_default())
}

/// Remembers what was seen, if the resource is still registered.
pub fn remember(connection: &Connection, resource: &Arn, root: SourceRoot) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO source_roots (arn, device, inode, held) SELECT arn, ?2, ?3, ?4 FROM resources WHERE arn = ?1
             ON CONFLICT (arn) DO UPDATE SET device = excluded.device, inode = excluded.inode, held = excluded.held",
        )?
        .execute(params![
            resource.as_str(),
            root.identity.map(|identity| identity.device as i64),
            root.identity.map(|identity| identity.inode as i64),
            root.held as i64,
        ])?;
    Ok(())
}

/// An identity from two columns; SQLite's numbers have a sign, the system's have none.
pub fn identity(device: Option<i64>, inode: Option<i64>) -> Option<Identity> {
    Some(Identity { device: device? as u64, inode: inode? as u64 })
}
