//! Backup plans and their versions.

use crate::domain::event::detail::{self, Became};
use crate::domain::plan::{Plan, PlanDocument, PlanSummary, ScheduledRun};
use crate::domain::plan_rules::AIR_GAPPED_TARGET;
use crate::domain::plan_runs::PlanRuns;
use crate::domain::{Arn, Invalid, PlanId, Scope, Tags, Time, tags as tag_rules};
use crate::engine::authorize::action::{CreateBackupPlan, DeleteBackupPlan, SetsDocument, UpdateBackupPlan};
use crate::engine::authorize::subject::{NewThing, PlanNamed};
use crate::engine::authorize::{Permit, Subject as _, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::events::record::record;
use crate::engine::page::{Page, PageRequest};
use crate::engine::plans::rows::{self, NewPlan};
use crate::engine::vaults::ops::check_creator_request_id;
use crate::engine::{Engine, tags, vaults};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

/// AWS's quota of plans in an account and region.
const MAX_PLANS: i64 = 300;

/// AWS's quota of versions of a plan.
const MAX_VERSIONS: i64 = 2000;

/// The most runs that a preview tells.
const MAX_PREVIEW: i64 = 10;

/// The plan of this id, if it is there and not deleted.
pub(super) fn find(connection: &Connection, scope: &Scope, id: &PlanId) -> Result<Option<Plan>> {
    Ok(rows::get(connection, scope, id)?.filter(|plan| plan.deleted.is_none()))
}

pub(super) fn live(connection: &Connection, scope: &Scope, id: &PlanId) -> Result<Plan> {
    find(connection, scope, id)?.ok_or_else(unknown)
}

fn unknown() -> Error {
    PlanNamed { found: None }.missing()
}

/// A VersionId in AWS's shape: 48 characters of base64 over the text of a UUID.
fn new_version_id() -> String {
    STANDARD.encode(Uuid::new_v4().to_string())
}

/// Gives every rule its id: the one that a rule of this name had before, or a new one.
fn give_rule_ids(
    connection: &Connection,
    permit: &Permit<'_, impl SetsDocument>,
    id: &PlanId,
    document: &mut PlanDocument,
) -> Result<()> {
    for rule in &mut document.rules {
        let known = rows::rule_id(connection, id, rule.rule_name.as_str())?;
        let rule_id = match known {
            Some(rule_id) => rule_id,
            None => {
                let rule_id = Uuid::new_v4().to_string();
                rows::insert_rule(connection, permit, id, rule.rule_name.as_str(), &rule_id)?;
                rule_id
            }
        };
        rule.rule_id = Some(rule_id);
    }
    Ok(())
}

pub(super) fn add_version(
    connection: &Connection,
    permit: &Permit<'_, impl SetsDocument>,
    id: &PlanId,
    document: PlanDocument,
    now: Time,
) -> Result<()> {
    let mut document = document.with_defaults();
    give_rule_ids(connection, permit, id, &mut document)?;
    let last = rows::last_version(connection, id)?;
    rows::insert_version(connection, permit, id, last + 1, &new_version_id(), &document, now)
}

/// A plan that stands in the way of a new one: made by the same token, or saying the same.
fn twin(
    connection: &Connection,
    scope: &Scope,
    document: &PlanDocument,
    token: Option<&str>,
) -> Result<Option<(Plan, bool)>> {
    for plan in rows::alike(connection, scope, &document.backup_plan_name, token)? {
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

/// The vaults that are there must be of the kind that the rules name them as. Those that are not there fail the jobs.
fn check_targets(tx: &Connection, scope: &Scope, document: &PlanDocument) -> Result<()> {
    document.validate_targets(scope)?;
    for rule in &document.rules {
        let named = Arn::vault(scope, &rule.target_backup_vault_name.parse()?);
        if vaults::rows::kind(tx, &named)?.is_some_and(|(vault_type, _)| vault_type.is_air_gapped()) {
            let why = format_args!("{named} is logically air-gapped: name it as {AIR_GAPPED_TARGET}").to_string();
            return Err(rule.blame(Invalid::value("TargetBackupVaultName", why)).into());
        }
        let Some(text) = &rule.target_logically_air_gapped_backup_vault_arn else { continue };
        if vaults::rows::kind(tx, &text.parse()?)?.is_some_and(|(vault_type, _)| !vault_type.is_air_gapped()) {
            let why = format_args!("{text} is not a logically air-gapped backup vault").to_string();
            return Err(rule.blame(Invalid::value(AIR_GAPPED_TARGET, why)).into());
        }
    }
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
            check_targets(tx, &scope, &document)?;
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
            if rows::count(tx, &scope)? >= MAX_PLANS {
                return Err(Error::limit_exceeded(format!(
                    "The quota of {MAX_PLANS} backup plans in an account and region is reached"
                )));
            }
            let id: PlanId = Uuid::new_v4().to_string().parse()?;
            let arn = Arn::plan(&scope, id.as_str());
            let permit = authorize(tx, caller, CreateBackupPlan, &NewThing { scope: &scope, arn: &arn })?;
            let name = &document.backup_plan_name;
            let row = NewPlan { id: &id, scope: &scope, name, creator_request_id, created: now, policy_plan: None };
            rows::insert(tx, &permit, &row)?;
            add_version(tx, &permit, &id, document, now)?;
            tags::rows::put_at_creation(tx, &permit, arn.as_str(), &plan_tags)?;
            let plan = live(tx, &scope, &id)?;
            record(tx, &detail::plan(&plan, Became::Created, now))?;
            Ok(plan)
        })
    }

    /// GetBackupPlan: the current version, or the one asked for. A deleted plan has none, though it is still listed.
    pub fn get_plan(&self, caller: &Caller, id: &PlanId, version: Option<&str>) -> Result<Plan> {
        let scope = caller.scope();
        let Some(version) = version else {
            return self.catalog.read(|c| live(c, &scope, id));
        };
        let found = self.catalog.read(|c| rows::version(c, &scope, id, version))?;
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
        self.catalog.read(|c| rows::list(c, &caller.scope(), include_deleted, page))
    }

    /// ListBackupPlanVersions, the newest first.
    pub fn list_plan_versions(&self, caller: &Caller, id: &PlanId, page: &PageRequest) -> Result<Page<PlanSummary>> {
        let scope = caller.scope();
        self.catalog.read(|c| {
            live(c, &scope, id)?;
            rows::list_versions(c, id, page)
        })
    }

    /// UpdateBackupPlan: the whole document anew, a new version. A rule keeps its id as long as it keeps its name.
    pub fn update_plan(&self, caller: &Caller, id: &PlanId, document: PlanDocument) -> Result<Plan> {
        check(&document)?;
        let (scope, now) = (caller.scope(), self.now());
        self.catalog.write(|tx| {
            check_targets(tx, &caller.scope(), &document)?;
            let plan = find(tx, &scope, id)?;
            let permit = authorize(tx, caller, UpdateBackupPlan, &PlanNamed { found: plan.as_ref() })?;
            if rows::last_version(tx, id)? >= MAX_VERSIONS {
                let message = format!("The quota of {MAX_VERSIONS} versions of a backup plan is reached");
                return Err(Error::limit_exceeded(message));
            }
            rows::rename(tx, &permit, &document.backup_plan_name)?;
            add_version(tx, &permit, id, document, now)?;
            let plan = live(tx, &scope, id)?;
            record(tx, &detail::plan(&plan, Became::Modified, now))?;
            Ok(plan)
        })
    }

    /// DeleteBackupPlan: only one without selections. It stays listed with `includeDeleted`, and its recovery points stay.
    pub fn delete_plan(&self, caller: &Caller, id: &PlanId) -> Result<Plan> {
        let (scope, now) = (caller.scope(), self.now());
        self.catalog.write(|tx| {
            let plan = find(tx, &scope, id)?;
            let permit = authorize(tx, caller, DeleteBackupPlan, &PlanNamed { found: plan.as_ref() })?;
            if rows::selections::count(tx, id)? > 0 {
                return Err(Error::invalid_request(
                    "Related backup plan selections must be deleted prior to backup plan deletion",
                ));
            }
            rows::set_deleted(tx, &permit, now)?;
            let plan = rows::get(tx, &scope, id)?.ok_or_else(unknown)?;
            record(tx, &detail::plan(&plan, Became::Deleted, now))?;
            Ok(plan)
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
