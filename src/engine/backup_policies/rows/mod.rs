//! Policies as rows.

pub mod attachments;
pub mod effective;
pub mod types;

use crate::domain::Time;
use crate::domain::backup_policy::{Policy, PolicyId};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{CreatePolicy, DeletePolicy, UpdatePolicy};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, Row, params};

const COLUMNS: &str = "id, name, description, content";

fn from_row(row: &Row<'_>) -> Result<Policy> {
    Ok(Policy {
        id: row.parsed("id")?,
        name: row.column("name")?,
        description: row.column("description")?,
        content: row.column("content")?,
    })
}

/// The policy of this id.
pub fn get(connection: &Connection, id: &PolicyId) -> Result<Option<Policy>> {
    let sql = format!("SELECT {COLUMNS} FROM organization_policies WHERE id = ?1");
    query::first(connection, &sql, [id.as_str()], from_row)
}

/// The policy of this name.
pub fn named(connection: &Connection, name: &str) -> Result<Option<Policy>> {
    let sql = format!("SELECT {COLUMNS} FROM organization_policies WHERE name = ?1");
    query::first(connection, &sql, [name], from_row)
}

/// All policies, in the order in which they were made.
pub fn all(connection: &Connection) -> Result<Vec<Policy>> {
    let sql = format!("SELECT {COLUMNS} FROM organization_policies ORDER BY created, id");
    query::all(connection, &sql, [], from_row)
}

/// One page of the policies, in the order in which they were made.
pub fn list(connection: &Connection, request: &PageRequest) -> Result<Page<Policy>> {
    Listing::new(COLUMNS, "organization_policies", &["created", "id"]).page(connection, request, from_row)
}

/// How many there are.
pub fn count(connection: &Connection) -> Result<i64> {
    Ok(connection.prepare_cached("SELECT count(*) FROM organization_policies")?.query_row([], |row| row.get(0))?)
}

/// Adds a policy, which is made now.
pub fn insert(connection: &Connection, _permit: &Permit<'_, CreatePolicy>, policy: &Policy, now: Time) -> Result<()> {
    let Policy { id, name, description, content } = policy;
    connection
        .prepare_cached(
            "INSERT INTO organization_policies (id, name, description, content, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![id.as_str(), name, description, content, millis(now)])?;
    Ok(())
}

/// The policy of the permit is so from now on.
pub fn update(connection: &Connection, permit: &Permit<'_, UpdatePolicy>, policy: &Policy) -> Result<()> {
    connection
        .prepare_cached("UPDATE organization_policies SET name = ?2, description = ?3, content = ?4 WHERE id = ?1")?
        .execute([permit.on(), &policy.name, &policy.description, &policy.content])?;
    Ok(())
}

/// The policy of the permit is gone.
pub fn remove(connection: &Connection, permit: &Permit<'_, DeletePolicy>) -> Result<()> {
    connection.prepare_cached("DELETE FROM organization_policies WHERE id = ?1")?.execute([permit.on()])?;
    Ok(())
}
