//! Selections as rows.

use crate::domain::selection::Selection;
use crate::domain::{PlanId, SelectionId};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{CreateBackupSelection, DeleteBackupSelection, PassRole};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis, to_json};
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, Row, params};

const COLUMNS: &str = "id, plan_id, document, creator_request_id, created";

fn from_row(row: &Row<'_>) -> Result<Selection> {
    Ok(Selection {
        id: row.parsed("id")?,
        plan_id: row.parsed("plan_id")?,
        document: row.json("document")?,
        created: row.time_option("created")?,
        creator_request_id: row.column("creator_request_id")?,
    })
}

/// All selections of a plan, the oldest first.
pub fn of_plan(connection: &Connection, plan: &PlanId) -> Result<Vec<Selection>> {
    let sql = format!("SELECT {COLUMNS} FROM selections WHERE plan_id = ?1 ORDER BY created, id");
    query::all(connection, &sql, [plan.as_str()], from_row)
}

/// The selection of a plan with this id.
pub fn get(connection: &Connection, plan: &PlanId, id: &SelectionId) -> Result<Option<Selection>> {
    let sql = format!("SELECT {COLUMNS} FROM selections WHERE plan_id = ?1 AND id = ?2");
    query::first(connection, &sql, [plan.as_str(), id.as_str()], from_row)
}

/// The selections of a plan, the oldest first.
pub fn list(connection: &Connection, plan: &PlanId, request: &PageRequest) -> Result<Page<Selection>> {
    let mut listing = Listing::new(COLUMNS, "selections", &["created", "id"]);
    listing.filter("plan_id = ?", plan.as_str().to_owned());
    listing.page(connection, request, from_row)
}

/// How many selections a plan has.
pub fn count(connection: &Connection, plan: &PlanId) -> Result<i64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM selections WHERE plan_id = ?1")?
        .query_row([plan.as_str()], |row| row.get(0))?)
}

/// Adds a selection to its plan.
pub fn insert(
    connection: &Connection,
    permit: &Permit<'_, CreateBackupSelection>,
    _role: &Permit<'_, PassRole>,
    selection: &Selection,
) -> Result<()> {
    add(connection, permit, selection)
}

/// Adds a selection that a backup policy makes; whether there is such a role shows when its jobs run.
pub fn insert_of_policy(
    connection: &Connection,
    permit: &Permit<'_, CreateBackupSelection>,
    selection: &Selection,
) -> Result<()> {
    add(connection, permit, selection)
}

fn add(connection: &Connection, _permit: &Permit<'_, CreateBackupSelection>, selection: &Selection) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO selections (id, plan_id, name, document, creator_request_id, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            selection.id.as_str(),
            selection.plan_id.as_str(),
            selection.document.selection_name,
            to_json(&selection.document)?,
            selection.creator_request_id,
            selection.created.map(millis)
        ])?;
    Ok(())
}

/// Removes a selection.
pub fn remove(connection: &Connection, _permit: &Permit<'_, DeleteBackupSelection>, id: &SelectionId) -> Result<()> {
    connection.prepare_cached("DELETE FROM selections WHERE id = ?1")?.execute([id.as_str()])?;
    Ok(())
}
