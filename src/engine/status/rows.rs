//! What is told of all tables together.

use crate::engine::FIRST_REGION;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::Connection;

/// Every region in which something lives, the first one first.
pub fn regions(connection: &Connection) -> Result<Vec<String>> {
    let sql = "SELECT region FROM (SELECT region FROM vaults UNION SELECT region FROM resources
         UNION SELECT region FROM plans WHERE deleted IS NULL) ORDER BY region <> ?1, region";
    query::all(connection, sql, [FIRST_REGION], |row| row.column("region"))
}
