//! The tags of vaults, plans, recovery points and resources.

pub mod taggable;

use crate::domain::Tags;
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{SetsTags, UntagResource};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, from_json, to_json};
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, OptionalExtension as _};

/// All tags of `arn`.
pub fn get(connection: &Connection, arn: &str) -> Result<Tags> {
    let sql = "SELECT key, value FROM tags WHERE arn = ?1";
    let tags = query::all(connection, sql, [arn], |row| Ok((row.column("key")?, row.column("value")?)))?;
    Ok(tags.into_iter().collect())
}

/// The tags of `arn` by key, a page of them.
pub fn list(connection: &Connection, arn: &str, request: &PageRequest) -> Result<Page<(String, String)>> {
    let mut listing = Listing::new("key, value", "tags", &["key"]);
    listing.filter("arn = ?", arn.to_owned());
    listing.page(connection, request, |row| Ok((row.column("key")?, row.column("value")?)))
}

/// Adds tags to `arn`; a key that it has takes the new value.
pub fn put(connection: &Connection, _permit: &Permit<'_, impl SetsTags>, arn: &str, tags: &Tags) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO tags (arn, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
    )?;
    for (key, value) in tags {
        statement.execute([arn, key, value])?;
    }
    Ok(())
}

/// The same for what was just created: the tags that it was born with are remembered, to know a repeated call by.
pub fn put_at_creation(
    connection: &Connection,
    permit: &Permit<'_, impl SetsTags>,
    arn: &str,
    tags: &Tags,
) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO creation_tags (arn, tags) VALUES (?1, ?2)")?
        .execute([arn, &to_json(tags)?])?;
    put(connection, permit, arn, tags)
}

/// Whether `arn` was created with just these tags. What an older version created is told by the tags that it has now.
pub fn are_of_creation(connection: &Connection, arn: &str, tags: &Tags) -> Result<bool> {
    let born: Option<String> = connection
        .prepare_cached("SELECT tags FROM creation_tags WHERE arn = ?1")?
        .query_row([arn], |row| row.get(0))
        .optional()?;
    let born: Tags = match born {
        Some(text) => from_json(&text)?,
        None => get(connection, arn)?,
    };
    Ok(&born == tags)
}

/// Takes one tag off the thing of the permit.
pub fn remove(connection: &Connection, permit: &Permit<'_, UntagResource>, key: &str) -> Result<()> {
    connection.prepare_cached("DELETE FROM tags WHERE arn = ?1 AND key = ?2")?.execute([permit.on(), key])?;
    Ok(())
}

/// Makes `tags` all that `arn` has.
pub fn replace(connection: &Connection, permit: &Permit<'_, impl SetsTags>, arn: &str, tags: &Tags) -> Result<()> {
    connection.prepare_cached("DELETE FROM tags WHERE arn = ?1")?.execute([arn])?;
    put(connection, permit, arn, tags)
}
