//! Selections: which resources a plan protects. They cannot be changed, only deleted and made anew.

use crate::domain::selection::{Selection, SelectionDocument};
use crate::domain::{PlanId, Scope, SelectionId};
use crate::engine::Engine;
use crate::engine::authorize::action::{CreateBackupSelection, DeleteBackupSelection};
use crate::engine::authorize::subject::PlanOfSelection;
use crate::engine::authorize::{Subject as _, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::organization::roles;
use crate::engine::page::{Page, PageRequest};
use crate::engine::plans::ops::find;
use crate::engine::plans::rows;
use crate::engine::vaults::ops::check_creator_request_id;
use uuid::Uuid;

/// AWS's quota of selections of a plan.
const MAX_SELECTIONS: usize = 100;

/// AWS's quota of selections by tag of a plan.
const MAX_TAG_SELECTIONS: usize = 10;

fn require_plan(connection: &Connection, scope: &Scope, id: &PlanId) -> Result<()> {
    match find(connection, scope, id)? {
        Some(_) => Ok(()),
        None => Err(PlanOfSelection { id, found: None }.missing()),
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
            let found = find(tx, &scope, plan)?;
            let subject = PlanOfSelection { id: plan, found: found.as_ref() };
            let permit = authorize(tx, caller, CreateBackupSelection, &subject)?;
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
            let role = roles::pass(tx, caller, &document.iam_role_arn)?;
            let selection = Selection {
                id: Uuid::new_v4().to_string().parse()?,
                plan_id: plan.clone(),
                document,
                created: Some(now),
                creator_request_id: creator_request_id.map(str::to_owned),
            };
            rows::selections::insert(tx, &permit, &role, &selection)?;
            get(tx, plan, &selection.id)
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
            let found = find(tx, &caller.scope(), plan)?;
            let subject = PlanOfSelection { id: plan, found: found.as_ref() };
            let permit = authorize(tx, caller, DeleteBackupSelection, &subject)?;
            get(tx, plan, id)?;
            rows::selections::remove(tx, &permit, id)
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
