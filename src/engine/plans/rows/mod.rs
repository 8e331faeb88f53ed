//! Plans, their versions and the ids of their rules as rows.

pub mod progress;
pub mod selections;

use crate::domain::plan::{Plan, PlanDocument, PlanSummary};
use crate::domain::{AccountId, Arn, PlanId, Scope, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{CreateBackupPlan, DeleteBackupPlan, SetsDocument, UpdateBackupPlan};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis, to_json};
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// A plan joined with one of its versions.
const COLUMNS: &str = "p.id, p.arn, p.account, p.region, p.name, v.version_id, v.document, p.creator_request_id, \
    v.created, p.deleted, p.last_execution";

const CURRENT: &str = "plans p JOIN plan_versions v ON v.plan_id = p.id \
    AND v.sequence = (SELECT max(sequence) FROM plan_versions WHERE plan_id = p.id)";

fn from_row(row: &Row<'_>) -> Result<Plan> {
    Ok(Plan {
        id: row.parsed("id")?,
        arn: row.parsed("arn")?,
        scope: row.scope()?,
        version_id: row.column("version_id")?,
        document: row.json("document")?,
        creator_request_id: row.column("creator_request_id")?,
        created: row.time_option("created")?,
        deleted: row.time_option("deleted")?,
        last_execution: row.time_option("last_execution")?,
    })
}

fn summary_from_row(row: &Row<'_>) -> Result<PlanSummary> {
    let plan = from_row(row)?;
    Ok(PlanSummary {
        id: plan.id,
        arn: plan.arn,
        scope: plan.scope,
        name: plan.document.backup_plan_name,
        version_id: plan.version_id,
        creator_request_id: plan.creator_request_id,
        created: plan.created,
        deleted: plan.deleted,
        last_execution: plan.last_execution,
        advanced_backup_settings: plan.document.advanced_backup_settings,
    })
}

/// The current version of a plan, deleted or not.
pub fn get(connection: &Connection, scope: &Scope, id: &PlanId) -> Result<Option<Plan>> {
    let sql = format!("SELECT {COLUMNS} FROM {CURRENT} WHERE p.id = ?1 AND p.account = ?2 AND p.region = ?3");
    let key = params![id.as_str(), scope.account.as_str(), scope.region.as_str()];
    query::first(connection, &sql, key, from_row)
}

/// The current versions of all plans that are not deleted, in every account and region: what the scheduler runs.
pub fn all_live(connection: &Connection) -> Result<Vec<Plan>> {
    let sql = format!("SELECT {COLUMNS} FROM {CURRENT} WHERE p.deleted IS NULL ORDER BY p.id");
    query::all(connection, &sql, [], from_row)
}

/// Whether a plan is still there, and this its newest version.
pub fn is_current(connection: &Connection, plan: &Plan) -> Result<bool> {
    let sql =
        format!("SELECT EXISTS (SELECT 1 FROM {CURRENT} WHERE p.id = ?1 AND p.deleted IS NULL AND v.version_id = ?2)");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([plan.id.as_str(), plan.version_id.as_str()], |row| row.get(0))?)
}

/// A version of a plan that is not deleted.
pub fn version(connection: &Connection, scope: &Scope, id: &PlanId, version: &str) -> Result<Option<Plan>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM plans p JOIN plan_versions v ON v.plan_id = p.id
         WHERE p.id = ?1 AND p.account = ?2 AND p.region = ?3 AND v.version_id = ?4 AND p.deleted IS NULL"
    );
    let key = params![id.as_str(), scope.account.as_str(), scope.region.as_str(), version];
    query::first(connection, &sql, key, from_row)
}

/// The plans in the way of a new one: of its name, or made by the same token. Those by the token first, then the oldest.
pub fn alike(connection: &Connection, scope: &Scope, name: &str, token: Option<&str>) -> Result<Vec<Plan>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {CURRENT} WHERE p.account = ?1 AND p.region = ?2 AND p.deleted IS NULL
         AND p.policy_plan IS NULL AND (p.name = ?3 OR p.creator_request_id = ?4) ORDER BY p.creator_request_id IS ?4 DESC, p.created"
    );
    query::all(connection, &sql, params![scope.account.as_str(), scope.region.as_str(), name, token], from_row)
}

/// The plans of an account and region, the oldest first.
pub fn list(
    connection: &Connection,
    scope: &Scope,
    include_deleted: bool,
    request: &PageRequest,
) -> Result<Page<PlanSummary>> {
    let mut listing = Listing::new(COLUMNS, CURRENT, &["p.created", "p.id"]).named("plans");
    listing.filter("p.account = ?", scope.account.as_str().to_owned());
    listing.filter("p.region = ?", scope.region.as_str().to_owned());
    if !include_deleted {
        listing.require("p.deleted IS NULL");
    }
    listing.page(connection, request, summary_from_row)
}

/// The versions of a plan, the newest first.
pub fn list_versions(connection: &Connection, id: &PlanId, request: &PageRequest) -> Result<Page<PlanSummary>> {
    let mut listing = Listing::new(COLUMNS, "plans p JOIN plan_versions v ON v.plan_id = p.id", &["v.sequence"])
        .named("plan-versions")
        .descending();
    listing.filter("p.id = ?", id.as_str().to_owned());
    listing.page(connection, request, summary_from_row)
}

/// The plans that backup policies make in an account, each with the key by which it is known again.
pub fn of_policies(connection: &Connection, account: &AccountId) -> Result<Vec<(String, Plan)>> {
    let sql = format!(
        "SELECT {COLUMNS}, p.policy_plan FROM {CURRENT}
         WHERE p.account = ?1 AND p.policy_plan IS NOT NULL AND p.deleted IS NULL ORDER BY p.created, p.id"
    );
    query::all(connection, &sql, [account.as_str()], |row| Ok((row.column("policy_plan")?, from_row(row)?)))
}

/// How many plans of its own an account has in a region.
pub fn count(connection: &Connection, scope: &Scope) -> Result<i64> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM plans WHERE account = ?1 AND region = ?2 AND deleted IS NULL AND policy_plan IS NULL",
        )?
        .query_row([scope.account.as_str(), scope.region.as_str()], |row| row.get(0))?)
}

/// What the row of a new plan holds.
pub struct NewPlan<'a> {
    /// Its id.
    pub id: &'a PlanId,
    /// Its account and region.
    pub scope: &'a Scope,
    /// Its name.
    pub name: &'a str,
    /// The token of its creation.
    pub creator_request_id: Option<&'a str>,
    /// When it was created.
    pub created: Time,
    /// The key by which it is known again, where a backup policy makes it.
    pub policy_plan: Option<&'a str>,
}

/// Adds a plan, without any version.
pub fn insert(connection: &Connection, _permit: &Permit<'_, CreateBackupPlan>, plan: &NewPlan<'_>) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO plans (id, arn, account, region, name, creator_request_id, created, policy_plan)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            plan.id.as_str(),
            Arn::plan(plan.scope, plan.id.as_str()).as_str(),
            plan.scope.account.as_str(),
            plan.scope.region.as_str(),
            plan.name,
            plan.creator_request_id,
            millis(plan.created),
            plan.policy_plan
        ])?;
    Ok(())
}

/// The number of a plan's newest version, 0 when it has none.
pub fn last_version(connection: &Connection, id: &PlanId) -> Result<i64> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(sequence), 0) FROM plan_versions WHERE plan_id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))?)
}

/// Adds a version to a plan.
pub fn insert_version(
    connection: &Connection,
    _permit: &Permit<'_, impl SetsDocument>,
    id: &PlanId,
    sequence: i64,
    version_id: &str,
    document: &PlanDocument,
    now: Time,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO plan_versions (plan_id, sequence, version_id, document, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![id.as_str(), sequence, version_id, to_json(document)?, millis(now)])?;
    Ok(())
}

/// The id of the rule of this name that a plan has, or ever had.
pub fn rule_id(connection: &Connection, id: &PlanId, rule: &str) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT rule_id FROM plan_rules WHERE plan_id = ?1 AND rule_name = ?2")?
        .query_row([id.as_str(), rule], |row| row.get(0))
        .optional()?)
}

/// Keeps the id of a rule.
pub fn insert_rule(
    connection: &Connection,
    _permit: &Permit<'_, impl SetsDocument>,
    id: &PlanId,
    rule: &str,
    rule_id: &str,
) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO plan_rules (plan_id, rule_name, rule_id) VALUES (?1, ?2, ?3)")?
        .execute([id.as_str(), rule, rule_id])?;
    Ok(())
}

/// Gives the plan of the permit another name.
pub fn rename(connection: &Connection, permit: &Permit<'_, UpdateBackupPlan>, name: &str) -> Result<()> {
    connection.prepare_cached("UPDATE plans SET name = ?2 WHERE arn = ?1")?.execute([permit.on(), name])?;
    Ok(())
}

/// Marks the plan of the permit as deleted; it stays listed.
pub fn set_deleted(connection: &Connection, permit: &Permit<'_, DeleteBackupPlan>, now: Time) -> Result<()> {
    connection
        .prepare_cached("UPDATE plans SET deleted = ?2 WHERE arn = ?1")?
        .execute(params![permit.on(), millis(now)])?;
    Ok(())
}
