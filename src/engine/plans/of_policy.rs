//! Plans that backup policies of the organization make: they are set right whenever what holds in their account changes, in
//! the transaction that changes it.

use crate::domain::backup_policy::AccountPlan;
use crate::domain::event::detail::{self, Became};
use crate::domain::plan::Plan;
use crate::domain::selection::Selection;
use crate::domain::{AccountId, Arn, PlanId, Scope, Time};
use crate::engine::authorize::action::{
    CreateBackupPlan, CreateBackupSelection, DeleteBackupPlan, DeleteBackupSelection, TagResource, UpdateBackupPlan,
};
use crate::engine::authorize::subject::{NewThing, PlanNamed, PlanOfSelection, Tagged};
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::events::record::record;
use crate::engine::plans::ops::{add_version, live};
use crate::engine::plans::rows::{self, NewPlan};
use crate::engine::tags;
use crate::repository::crash_point;
use uuid::Uuid;

/// Makes `wanted` all that policies make in an account: what is missing is made, what differs is changed, and what is there
/// beyond is deleted. A plan is known again by its region and by its name, whose case makes no difference.
pub(crate) fn settle(connection: &Connection, account: &AccountId, wanted: &[AccountPlan], now: Time) -> Result<()> {
    let there = rows::of_policies(connection, account)?;
    let matches = |(key, plan): &(String, Plan), wanted: &AccountPlan| {
        plan.scope.region == wanted.region && *key == key_of(wanted)
    };
    for known in &there {
        match wanted.iter().find(|wanted| matches(known, wanted)) {
            Some(wanted) => change(connection, &known.1, wanted, now)?,
            None => take_away(connection, &known.1, now)?,
        }
    }
    for wanted in wanted {
        if !there.iter().any(|known| matches(known, wanted)) {
            make(connection, account, wanted, now)?;
        }
    }
    Ok(())
}

/// The plans that policies make in an account.
pub(crate) fn made_in(connection: &Connection, account: &AccountId) -> Result<Vec<Plan>> {
    Ok(rows::of_policies(connection, account)?.into_iter().map(|(_, plan)| plan).collect())
}

fn key_of(wanted: &AccountPlan) -> String {
    wanted.document.backup_plan_name.to_lowercase()
}

fn make(connection: &Connection, account: &AccountId, wanted: &AccountPlan, now: Time) -> Result<()> {
    let scope = Scope::new(account.clone(), wanted.region.clone());
    let id: PlanId = PlanId::of_organization(&Uuid::new_v4().to_string()).parse()?;
    let arn = Arn::plan(&scope, id.as_str());
    let subject = NewThing { scope: &scope, arn: &arn };
    let permit = authorize(connection, Doing::Policy, CreateBackupPlan, &subject)?;
    crash_point::reached("during-plans-of-policy");
    let row = NewPlan {
        id: &id,
        scope: &scope,
        name: &wanted.document.backup_plan_name,
        creator_request_id: None,
        created: now,
        policy_plan: Some(&key_of(wanted)),
    };
    rows::insert(connection, &permit, &row)?;
    add_version(connection, &permit, &id, wanted.document.clone(), now)?;
    tags::rows::put_at_creation(connection, &permit, arn.as_str(), &wanted.tags)?;
    let plan = live(connection, &scope, &id)?;
    select(connection, &plan, wanted, now)?;
    record(connection, &detail::plan(&plan, Became::Created, now))
}

fn change(connection: &Connection, plan: &Plan, wanted: &AccountPlan, now: Time) -> Result<()> {
    if !plan.document.says_the_same(&wanted.document) {
        let permit = authorize(connection, Doing::Policy, UpdateBackupPlan, &PlanNamed { found: Some(plan) })?;
        crash_point::reached("during-plans-of-policy");
        rows::rename(connection, &permit, &wanted.document.backup_plan_name)?;
        add_version(connection, &permit, &plan.id, wanted.document.clone(), now)?;
        let plan = live(connection, &plan.scope, &plan.id)?;
        record(connection, &detail::plan(&plan, Became::Modified, now))?;
    }
    if tags::rows::get(connection, plan.arn.as_str())? != wanted.tags {
        let subject = Tagged { arn: &plan.arn, scope: Some(&plan.scope), vault: None };
        let permit = authorize(connection, Doing::Policy, TagResource, &subject)?;
        tags::rows::replace(connection, &permit, plan.arn.as_str(), &wanted.tags)?;
    }
    select(connection, plan, wanted, now)
}

/// Makes the selections those that are wanted. One that says the same stays.
fn select(connection: &Connection, plan: &Plan, wanted: &AccountPlan, now: Time) -> Result<()> {
    let there = rows::selections::of_plan(connection, &plan.id)?;
    let subject = PlanOfSelection { id: &plan.id, found: Some(plan) };
    for selection in there.iter().filter(|known| !wanted.selections.contains(&known.document)) {
        let permit = authorize(connection, Doing::Policy, DeleteBackupSelection, &subject)?;
        rows::selections::remove(connection, &permit, &selection.id)?;
    }
    for document in &wanted.selections {
        if there.iter().any(|known| known.document == *document) {
            continue;
        }
        let permit = authorize(connection, Doing::Policy, CreateBackupSelection, &subject)?;
        let selection = Selection {
            id: Uuid::new_v4().to_string().parse()?,
            plan_id: plan.id.clone(),
            document: document.clone(),
            created: Some(now),
            creator_request_id: None,
        };
        rows::selections::insert_of_policy(connection, &permit, &selection)?;
    }
    Ok(())
}

/// The plan stays listed as deleted, as any, and its recovery points stay.
fn take_away(connection: &Connection, plan: &Plan, now: Time) -> Result<()> {
    let subject = PlanOfSelection { id: &plan.id, found: Some(plan) };
    for selection in rows::selections::of_plan(connection, &plan.id)? {
        let permit = authorize(connection, Doing::Policy, DeleteBackupSelection, &subject)?;
        rows::selections::remove(connection, &permit, &selection.id)?;
    }
    let permit = authorize(connection, Doing::Policy, DeleteBackupPlan, &PlanNamed { found: Some(plan) })?;
    crash_point::reached("during-plans-of-policy");
    rows::set_deleted(connection, &permit, now)?;
    let deleted = Plan { deleted: Some(now), ..plan.clone() };
    record(connection, &detail::plan(&deleted, Became::Deleted, now))
}
