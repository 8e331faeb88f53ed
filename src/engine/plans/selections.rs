//! Selections: which resources a plan protects. They cannot be changed, only deleted and made anew.

use crate::domain::selection::{Selection, SelectionDocument};
use crate::domain::{PlanId, Scope, SelectionId};
use crate::engine::Engine;
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::organization::roles;
use crate::engine::page::{Page, PageRequest};
use crate::engine::plans::rows;
use crate::engine::vaults::ops::check_creator_request_id;
use uuid::Uuid;

/// AWS's quota of selections of a plan.
const MAX_SELECTIONS: usize = 100;

/// AWS's quota of selections by tag of a plan.
const MAX_TAG_SELECTIONS: usize = 10;

fn require_plan(connection: &Connection, scope: &Scope, id: &PlanId) -> Result<()> {
    match rows::get(connection, scope, id)? {
        Some(plan) if plan.deleted.is_none() => Ok(()),
        _ => Err(Error::invalid_parameter(format!("Cannot find Backup plan with id {id}"))),
    }
}

fn get(connection: &Connection, plan: &PlanId, id: &SelectionId) -> Result<Selection> {
    rows::selections::get(connection, plan, id)?
        .ok_or_else(|| Error::not_found(format!("Cannot find Backup selection with id {id}")))
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
            let others = rows::selections::of_plan(tx, plan)?;
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
            rows::selections::insert(tx, plan, &id, &document, creator_request_id, now)?;
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
        self.catalog.read(|c| {
            require_plan(c, &caller.scope(), plan)?;
            rows::selections::list(c, plan, page)
        })
    }

    /// DeleteBackupSelection.
    pub fn delete_selection(&self, caller: &Caller, plan: &PlanId, id: &SelectionId) -> Result<()> {
        self.catalog.write(|tx| {
            require_plan(tx, &caller.scope(), plan)?;
            get(tx, plan, id)?;
            rows::selections::remove(tx, id)
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
