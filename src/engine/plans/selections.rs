//! Selections: which resources a plan protects. They cannot be changed, only deleted and made anew.

use crate::domain::selection::{Selection, SelectionDocument};
use crate::domain::{PlanId, Scope, SelectionId};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::values::{Columns, millis, to_json};
use crate::engine::error::{Error, Result};
use crate::engine::organization::roles;
use crate::engine::request::{Caller, Page, PageRequest};
use crate::engine::vaults::ops::check_creator_request_id;
use crate::engine::{Engine, plans};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

/// AWS's quota of selections of a plan.
const MAX_SELECTIONS: usize = 100;

/// AWS's quota of selections by tag of a plan.
const MAX_TAG_SELECTIONS: usize = 10;

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
pub fn of_plan(connection: &Connection, id: &PlanId) -> Result<Vec<Selection>> {
    let sql = format!("SELECT {COLUMNS} FROM selections WHERE plan_id = ?1 ORDER BY created, id");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([id.as_str()], |row| Ok(from_row(row)))?;
    rows.map(|row| row?).collect()
}

fn require_plan(connection: &Connection, scope: &Scope, id: &PlanId) -> Result<()> {
    match plans::ops::get(connection, scope, id)? {
        Some(plan) if plan.deleted.is_none() => Ok(()),
        _ => Err(Error::invalid_parameter(format!("Cannot find Backup plan with id {id}"))),
    }
}

fn get(connection: &Connection, plan: &PlanId, id: &SelectionId) -> Result<Selection> {
    let sql = format!("SELECT {COLUMNS} FROM selections WHERE plan_id = ?1 AND id = ?2");
    let found = connection
        .prepare_cached(&sql)?
        .query_row([plan.as_str(), id.as_str()], |row| Ok(from_row(row)))
        .optional()?
        .transpose()?;
    found.ok_or_else(|| Error::not_found(format!("Cannot find Backup selection with id {id}")))
}

fn by_tag(document: &SelectionDocument) -> bool {
    !document.list_of_tags.is_empty() || !document.conditions.is_empty()
}

impl Engine {
    /// CreateBackupSelection.
    pub fn create_selection(
        &self,
        caller: &Caller,
        plan: &PlanId,
        document: SelectionDocument,
        creator_request_id: Option<String>,
    ) -> Result<Selection> {
        let creator_request_id = creator_request_id.as_deref();
        document.validate(&caller.region)?;
        check_creator_request_id(creator_request_id)?;
        let (scope, now) = (caller.scope(), self.now());
        self.catalog.write(|tx| {
            require_plan(tx, &scope, plan)?;
            let others = of_plan(tx, plan)?;
            if let Some(same) = others.iter().find(|other| other.document.selection_name == document.selection_name) {
                let repeated = creator_request_id.is_some()
                    && same.creator_request_id.as_deref() == creator_request_id
                    && same.document == document;
                let message = "Backup selection with the same name already exists in this backup plan";
                return if repeated {
                    Ok(same.clone())
                } else {
                    Err(Error::already_exists(message, None, same.creator_request_id.clone()))
                };
            }
            check_quota(&others, &document)?;
            roles::require_assumable(tx, &scope.account, &document.iam_role_arn)?;
            let id: SelectionId = Uuid::new_v4().to_string().parse()?;
            tx.prepare_cached("INSERT INTO selections VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
                id.as_str(),
                plan.as_str(),
                document.selection_name,
                to_json(&document)?,
                creator_request_id,
                millis(now)
            ])?;
            get(tx, plan, &id)
        })
    }

    /// GetBackupSelection.
    pub fn get_selection(&self, caller: &Caller, plan: &PlanId, id: &SelectionId) -> Result<Selection> {
        self.catalog.read(|c| {
            require_plan(c, &caller.scope(), plan)?;
            get(c, plan, id)
        })
    }

    /// ListBackupSelections, the oldest first.
    pub fn list_selections(&self, caller: &Caller, plan: &PlanId, page: &PageRequest) -> Result<Page<Selection>> {
        let mut listing = Listing::new(COLUMNS, "selections", &["created", "id"]);
        listing.filter("plan_id = ?", plan.as_str().to_owned());
        self.catalog.read(|c| {
            require_plan(c, &caller.scope(), plan)?;
            listing.page(c, page, from_row)
        })
    }

    /// DeleteBackupSelection.
    pub fn delete_selection(&self, caller: &Caller, plan: &PlanId, id: &SelectionId) -> Result<()> {
        self.catalog.write(|tx| {
            require_plan(tx, &caller.scope(), plan)?;
            get(tx, plan, id)?;
            tx.prepare_cached("DELETE FROM selections WHERE id = ?1")?.execute([id.as_str()])?;
            Ok(())
        })
    }
}

fn check_quota(others: &[Selection], document: &SelectionDocument) -> Result<()> {
    let by_tags = others.iter().filter(|other| by_tag(&other.document)).count();
    if others.len() >= MAX_SELECTIONS {
        return Err(Error::limit_exceeded(format!(
            "The quota of {MAX_SELECTIONS} selections of a backup plan is reached"
        )));
    }
    if by_tag(document) && by_tags >= MAX_TAG_SELECTIONS {
        return Err(Error::limit_exceeded(format!(
            "The quota of {MAX_TAG_SELECTIONS} selections by tag of a backup plan is reached"
        )));
    }
    Ok(())
}
