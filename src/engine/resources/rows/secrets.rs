//! The secrets of resources, as rows: sealed, and read by nobody but whoever opens a resource.

use crate::domain::Arn;
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{AddResource, RewrapSecret};
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::{Connection, params};

/// The sealed secret of a resource.
pub fn get(connection: &Connection, arn: &Arn) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT sealed FROM resource_secrets WHERE arn = ?1";
    query::first(connection, sql, [arn.as_str()], |row| row.column("sealed"))
}

/// Replaces the sealed secret of the permit's resource; with `None` it has none from now on.
pub fn put(connection: &Connection, permit: &Permit<'_, AddResource>, sealed: Option<&[u8]>) -> Result<()> {
    match sealed {
        None => connection.prepare_cached("DELETE FROM resource_secrets WHERE arn = ?1")?.execute([permit.on()])?,
        Some(sealed) => connection
            .prepare_cached("INSERT OR REPLACE INTO resource_secrets (arn, sealed) VALUES (?1, ?2)")?
            .execute(params![permit.on(), sealed])?,
    };
    Ok(())
}

/// The ARNs of the resources that have a secret, and that, sealed.
pub fn sealed(connection: &Connection) -> Result<Vec<(Arn, Vec<u8>)>> {
    let sql = "SELECT arn, sealed FROM resource_secrets";
    query::all(connection, sql, [], |row| Ok((row.parsed("arn")?, row.column("sealed")?)))
}

/// Puts the same secret of the permit's resource there, sealed anew.
pub fn reseal(connection: &Connection, permit: &Permit<'_, RewrapSecret>, sealed: &[u8]) -> Result<()> {
    let sql = "UPDATE resource_secrets SET sealed = ?2 WHERE arn = ?1";
    connection.prepare_cached(sql)?.execute(params![permit.on(), sealed])?;
    Ok(())
}
