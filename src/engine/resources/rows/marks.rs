//! What drivers remember of resources, as rows.

use crate::domain::Arn;
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::drivers::Mark;
use crate::engine::error::Result;
use rusqlite::Connection;

/// What its driver remembers of a resource.
pub fn get(connection: &Connection, arn: &Arn) -> Result<Option<Mark>> {
    let sql = "SELECT mark FROM resource_marks WHERE arn = ?1";
    let text: Option<String> = query::first(connection, sql, [arn.as_str()], |row| row.column("mark"))?;
    Ok(text.and_then(|text| Mark::from_text(&text)))
}

/// Remembers what a driver says, if the resource is still registered.
pub fn remember(connection: &Connection, arn: &Arn, mark: &Mark) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO resource_marks (arn, mark) SELECT arn, ?2 FROM resources WHERE arn = ?1
             ON CONFLICT (arn) DO UPDATE SET mark = excluded.mark",
        )?
        .execute([arn.as_str(), &mark.to_text()])?;
    Ok(())
}
