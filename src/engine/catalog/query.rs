//! Reading rows: each statement is prepared once for a connection, each row mapped as it comes.

use crate::engine::error::Result;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

/// All rows of a query, in its order.
pub fn all<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    map: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(map(row)?);
    }
    Ok(items)
}

/// The first row of a query, if it has any.
pub fn first<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    map: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row(parameters, |row| Ok(map(row))).optional()?.transpose()
}
