//! The units of the organization's tree.

use crate::domain::organization::Unit;
use crate::domain::{Time, UnitId};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{CreateOrganizationalUnit, DeleteOrganizationalUnit, UpdateOrganizationalUnit};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, Row, params};

const COLUMNS: &str = "id, parent, name";

fn from_row(row: &Row<'_>) -> Result<Unit> {
    Ok(Unit { id: row.parsed("id")?, parent: row.parsed_option("parent")?, name: row.column("name")? })
}

/// The unit of this id.
pub fn get(connection: &Connection, id: &UnitId) -> Result<Option<Unit>> {
    query::first(
        connection,
        &format!("SELECT {COLUMNS} FROM organizational_units WHERE id = ?1"),
        [id.as_str()],
        from_row,
    )
}

/// All units, in the order in which they were made.
pub fn all(connection: &Connection) -> Result<Vec<Unit>> {
    let sql = format!("SELECT {COLUMNS} FROM organizational_units ORDER BY created, id");
    query::all(connection, &sql, [], from_row)
}

/// The unit of this name in a unit, or directly below the root.
pub fn named(connection: &Connection, parent: Option<&UnitId>, name: &str) -> Result<Option<Unit>> {
    let sql = format!("SELECT {COLUMNS} FROM organizational_units WHERE ifnull(parent, '') = ?1 AND name = ?2");
    query::first(connection, &sql, [key(parent), name], from_row)
}

/// One page of the units in a unit, or directly below the root.
pub fn page(connection: &Connection, parent: Option<&UnitId>, request: &PageRequest) -> Result<Page<Unit>> {
    let mut listing = Listing::new(COLUMNS, "organizational_units", &["created", "id"]);
    listing.filter("ifnull(parent, '') = ?", key(parent).to_owned());
    listing.page(connection, request, from_row)
}

/// Adds a unit, which is made now.
pub fn insert(
    connection: &Connection,
    _permit: &Permit<'_, CreateOrganizationalUnit>,
    unit: &Unit,
    now: Time,
) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO organizational_units (id, parent, name, created) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![unit.id.as_str(), unit.parent.as_ref().map(UnitId::as_str), unit.name, millis(now)])?;
    Ok(())
}

/// The unit of the permit is called so from now on.
pub fn rename(connection: &Connection, permit: &Permit<'_, UpdateOrganizationalUnit>, name: &str) -> Result<()> {
    let mut statement = connection.prepare_cached("UPDATE organizational_units SET name = ?2 WHERE id = ?1")?;
    statement.execute([permit.on(), name])?;
    Ok(())
}

/// The unit of the permit is gone.
pub fn remove(connection: &Connection, permit: &Permit<'_, DeleteOrganizationalUnit>) -> Result<()> {
    connection.prepare_cached("DELETE FROM organizational_units WHERE id = ?1")?.execute([permit.on()])?;
    Ok(())
}

/// How a place stands in the indexes.
pub(super) fn key(unit: Option<&UnitId>) -> &str {
    unit.map_or("", UnitId::as_str)
}
