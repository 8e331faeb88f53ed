//! Backup plans and their versions.

use crate::domain::plan::{Plan, PlanDocument, PlanSummary, ScheduledRun};
use crate::domain::plan_runs::PlanRuns;
use crate::domain::{Arn, Invalid, PlanId, Scope, Tags, Time, tags as tag_rules};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::values::{Columns, millis, to_json};
use crate::engine::error::{Error, Result};
use crate::engine::request::{Caller, Page, PageRequest};
use crate::engine::vaults::ops::check_creator_request_id;
use crate::engine::{Engine, tags};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

/// AWS's quota of plans in an account and region.
const MAX_PLANS: i64 = 300;

/// AWS's quota of versions of a plan.
const MAX_VERSIONS: i64 = 2000;

/// The most runs that a preview tells.
const MAX_PREVIEW: i64 = 10;

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
    connection.prepare_cached(&sql)?.query_row(key, |row| Ok(from_row(row))).optional()?.transpose()
}

/// The current versions of all plans that are not deleted, in every account and region: what the scheduler runs.
pub fn all_live(connection: &Connection) -> Result<Vec<Plan>> {
    let sql = format!("SELECT {COLUMNS} FROM {CURRENT} WHERE p.deleted IS NULL ORDER BY p.id");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| Ok(from_row(row)))?;
    rows.map(|row| row?).collect()
}

/// Whether a plan is still there, and this its newest version.
pub fn is_current(connection: &Connection, plan: &Plan) -> Result<bool> {
    let sql =
        format!("SELECT EXISTS (SELECT 1 FROM {CURRENT} WHERE p.id = ?1 AND p.deleted IS NULL AND v.version_id = ?2)");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([plan.id.as_str(), plan.version_id.as_str()], |row| row.get(0))?)
}

fn live(connection: &Connection, scope: &Scope, id: &PlanId) -> Result<Plan> {
    get(connection, scope, id)?.filter(|plan| plan.deleted.is_none()).ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::not_found("Failed reading Backup plan with provided version")
}

/// A VersionId in AWS's shape: 48 characters of base64 over the text of a UUID.
fn new_version_id() -> String {
    STANDARD.encode(Uuid::new_v4().to_string())
}

/// Gives every rule its id: the one that a rule of this name had before, or a new one.
fn give_rule_ids(connection: &Connection, id: &PlanId, document: &mut PlanDocument) -> Result<()> {
    let mut find = connection.prepare_cached("SELECT rule_id FROM plan_rules WHERE plan_id = ?1 AND rule_name = ?2")?;
    let mut add = connection.prepare_cached("INSERT INTO plan_rules VALUES (?1, ?2, ?3)")?;
    for rule in &mut document.rules {
        let known: Option<String> =
            find.query_row([id.as_str(), rule.rule_name.as_str()], |row| row.get(0)).optional()?;
        let rule_id = match known {
            Some(rule_id) => rule_id,
            None => {
                let rule_id = Uuid::new_v4().to_string();
                add.execute([id.as_str(), rule.rule_name.as_str(), rule_id.as_str()])?;
                rule_id
            }
        };
        rule.rule_id = Some(rule_id);
    }
    Ok(())
}

fn add_version(connection: &Connection, id: &PlanId, document: PlanDocument, now: Time) -> Result<()> {
    let mut document = document.with_defaults();
    give_rule_ids(connection, id, &mut document)?;
    let last: i64 = connection
        .prepare_cached("SELECT coalesce(max(sequence), 0) FROM plan_versions WHERE plan_id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))?;
    if last >= MAX_VERSIONS {
        return Err(Error::limit_exceeded(format!("The quota of {MAX_VERSIONS} versions of a backup plan is reached")));
    }
    connection.prepare_cached("INSERT INTO plan_versions VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        id.as_str(),
        last + 1,
        new_version_id(),
        to_json(&document)?,
        millis(now)
    ])?;
    Ok(())
}

/// A plan that stands in the way of a new one: made by the same token, or saying the same.
fn twin(
    connection: &Connection,
    scope: &Scope,
    document: &PlanDocument,
    token: Option<&str>,
) -> Result<Option<(Plan, bool)>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {CURRENT} WHERE p.account = ?1 AND p.region = ?2 AND p.deleted IS NULL
         AND (p.name = ?3 OR p.creator_request_id = ?4) ORDER BY p.creator_request_id IS ?4 DESC, p.created"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let key = params![scope.account.as_str(), scope.region.as_str(), document.backup_plan_name, token];
    let rows = statement.query_map(key, |row| Ok(from_row(row)))?;
    for plan in rows {
        let plan = plan??;
        let same = plan.document.says_the_same(document);
        let repeated = token.is_some() && plan.creator_request_id.as_deref() == token;
        if same || repeated {
            return Ok(Some((plan, same && repeated)));
        }
    }
    Ok(None)
}

/// What is not built is refused by its name before its rules are looked at: they would only mislead.
fn check(document: &PlanDocument) -> Result<()> {
    document.unsupported_members()?;
    document.validate()?;
    Ok(())
}

impl Engine {
    /// GetBackupPlanFromJSON: a document as CreateBackupPlan would keep it, if it would.
    pub fn checked_plan(&self, document: PlanDocument) -> Result<PlanDocument> {
        check(&document)?;
        Ok(document.with_defaults())
    }

    /// CreateBackupPlan. The same token with the same document and tags gives the same plan.
    pub fn create_plan(
        &self,
        caller: &Caller,
        document: PlanDocument,
        plan_tags: Tags,
        creator_request_id: Option<String>,
    ) -> Result<Plan> {
        let creator_request_id = creator_request_id.as_deref();
        check(&document)?;
        tag_rules::validate("BackupPlanTags", &plan_tags)?;
        check_creator_request_id(creator_request_id)?;
        let (scope, now) = (caller.scope(), self.now());
        self.catalog.write(|tx| {
            match twin(tx, &scope, &document, creator_request_id)? {
                Some((plan, true)) if tags::rows::are_of_creation(tx, plan.arn.as_str(), &plan_tags)? => {
                    return Ok(plan);
                }
                Some((plan, true)) => {
                    let message = "Backup plan with the same CreatorRequestId and other tags already exists";
                    return Err(Error::already_exists(message, Some(plan.arn.to_string()), plan.creator_request_id));
                }
                Some((plan, false)) => return Err(exists(plan, &document)),
                None => {}
            }
            let count: i64 = tx
                .prepare_cached("SELECT count(*) FROM plans WHERE account = ?1 AND region = ?2 AND deleted IS NULL")?
                .query_row([scope.account.as_str(), scope.region.as_str()], |row| row.get(0))?;
            if count >= MAX_PLANS {
                return Err(Error::limit_exceeded(format!(
                    "The quota of {MAX_PLANS} backup plans in an account and region is reached"
                )));
            }
            let id: PlanId = Uuid::new_v4().to_string().parse()?;
            let arn = Arn::plan(&scope, id.as_str());
            tx.prepare_cached("INSERT INTO plans VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, NULL)")?.execute(
                params![
                    id.as_str(),
                    arn.as_str(),
                    scope.account.as_str(),
                    scope.region.as_str(),
                    document.backup_plan_name,
                    creator_request_id,
                    millis(now)
                ],
            )?;
            add_version(tx, &id, document, now)?;
            tags::rows::put_at_creation(tx, arn.as_str(), &plan_tags)?;
            live(tx, &scope, &id)
        })
    }

    /// GetBackupPlan: the current version, or the one asked for. A deleted plan has none, though it is still listed.
    pub fn get_plan(&self, caller: &Caller, id: &PlanId, version: Option<&str>) -> Result<Plan> {
        let scope = caller.scope();
        let Some(version) = version else {
            return self.catalog.read(|c| live(c, &scope, id));
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM plans p JOIN plan_versions v ON v.plan_id = p.id
             WHERE p.id = ?1 AND p.account = ?2 AND p.region = ?3 AND v.version_id = ?4 AND p.deleted IS NULL"
        );
        let key = params![id.as_str(), scope.account.as_str(), scope.region.as_str(), version];
        let found = self
            .catalog
            .read(|c| c.prepare_cached(&sql)?.query_row(key, |row| Ok(from_row(row))).optional()?.transpose())?;
        found.ok_or_else(unknown)
    }

    /// The plan's next runs (`MaxScheduledRunsPreview`), with the overlapping rules merged.
    pub fn preview_plan(&self, caller: &Caller, plan: &Plan, count: i64) -> Result<Vec<ScheduledRun>> {
        if !(0..=MAX_PREVIEW).contains(&count) {
            let rule = format!("it must lie between 0 and {MAX_PREVIEW}");
            return Err(Invalid::value("MaxScheduledRunsPreview", rule).into());
        }
        if plan.scope != caller.scope() {
            return Ok(Vec::new());
        }
        let runs = PlanRuns::new(&plan.document, plan.created)?;
        Ok(runs.preview(&plan.document, self.now(), count as usize))
    }

    /// ListBackupPlans, the oldest first.
    pub fn list_plans(&self, caller: &Caller, include_deleted: bool, page: &PageRequest) -> Result<Page<PlanSummary>> {
        let mut listing = Listing::new(COLUMNS, CURRENT, &["p.created", "p.id"]).named("plans");
        listing.filter("p.account = ?", caller.account.as_str().to_owned());
        listing.filter("p.region = ?", caller.region.as_str().to_owned());
        if !include_deleted {
            listing.require("p.deleted IS NULL");
        }
        self.catalog.read(|c| listing.page(c, page, summary_from_row))
    }

    /// ListBackupPlanVersions, the newest first.
    pub fn list_plan_versions(&self, caller: &Caller, id: &PlanId, page: &PageRequest) -> Result<Page<PlanSummary>> {
        let scope = caller.scope();
        let mut listing = Listing::new(COLUMNS, "plans p JOIN plan_versions v ON v.plan_id = p.id", &["v.sequence"])
            .named("plan-versions")
            .descending();
        listing.filter("p.id = ?", id.as_str().to_owned());
        self.catalog.read(|c| {
            live(c, &scope, id)?;
            listing.page(c, page, summary_from_row)
        })
    }

    /// UpdateBackupPlan: the whole document anew, a new version. A rule keeps its id as long as it keeps its name.
    pub fn update_plan(&self, caller: &Caller, id: &PlanId, document: PlanDocument) -> Result<Plan> {
        check(&document)?;
        let (scope, now) = (caller.scope(), self.now());
        self.catalog.write(|tx| {
            live(tx, &scope, id)?;
            tx.prepare_cached("UPDATE plans SET name = ?2 WHERE id = ?1")?
                .execute([id.as_str(), document.backup_plan_name.as_str()])?;
            add_version(tx, id, document, now)?;
            live(tx, &scope, id)
        })
    }

    /// DeleteBackupPlan: only one without selections. It stays listed with `includeDeleted`, and its recovery points stay.
    pub fn delete_plan(&self, caller: &Caller, id: &PlanId) -> Result<Plan> {
        let (scope, now) = (caller.scope(), self.now());
        self.catalog.write(|tx| {
            live(tx, &scope, id)?;
            let selections: i64 = tx
                .prepare_cached("SELECT count(*) FROM selections WHERE plan_id = ?1")?
                .query_row([id.as_str()], |row| row.get(0))?;
            if selections > 0 {
                return Err(Error::invalid_request(
                    "Related backup plan selections must be deleted prior to backup plan deletion",
                ));
            }
            tx.prepare_cached("UPDATE plans SET deleted = ?2 WHERE id = ?1")?
                .execute(params![id.as_str(), millis(now)])?;
            get(tx, &scope, id)?.ok_or_else(unknown)
        })
    }
}

fn exists(plan: Plan, document: &PlanDocument) -> Error {
    let message = if plan.document.says_the_same(document) {
        "Backup plan with the same plan document already exists"
    } else {
        "Backup plan with the same CreatorRequestId and another plan document already exists"
    };
    Error::already_exists(message, Some(plan.arn.to_string()), plan.creator_request_id)
}
