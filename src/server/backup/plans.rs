//! Plans.

use super::documents;
use crate::domain::Invalid;
use crate::domain::plan::{AdvancedBackupSetting, Plan, PlanDocument, PlanSummary, ScheduledRun};
use crate::engine::Page;
use crate::server::call::{Answer, Call, Stamp, stamp};
use serde::Serialize;
use serde_with::skip_serializing_none;

/// The answer of the three operations that write.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    backup_plan_id: String,
    backup_plan_arn: String,
    version_id: String,
    creation_date: Option<Stamp>,
    deletion_date: Option<Stamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advanced_backup_settings: Vec<AdvancedBackupSetting>,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    backup_plan: PlanDocument,
    backup_plan_id: String,
    backup_plan_arn: String,
    version_id: String,
    creator_request_id: Option<String>,
    creation_date: Option<Stamp>,
    deletion_date: Option<Stamp>,
    last_execution_date: Option<Stamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advanced_backup_settings: Vec<AdvancedBackupSetting>,
    scheduled_runs_preview: Option<Vec<RunView>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RunView {
    execution_time: Stamp,
    rule_id: String,
    rule_execution_type: String,
}

/// `BackupPlansListMember`.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SummaryView {
    backup_plan_arn: String,
    backup_plan_id: String,
    backup_plan_name: String,
    version_id: String,
    creation_date: Option<Stamp>,
    deletion_date: Option<Stamp>,
    creator_request_id: Option<String>,
    last_execution_date: Option<Stamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advanced_backup_settings: Vec<AdvancedBackupSetting>,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    backup_plans_list: Vec<SummaryView>,
    next_token: Option<String>,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Versions {
    backup_plan_versions_list: Vec<SummaryView>,
    next_token: Option<String>,
}

impl From<PlanSummary> for SummaryView {
    fn from(plan: PlanSummary) -> Self {
        Self {
            backup_plan_arn: plan.arn.into(),
            backup_plan_id: plan.id.into(),
            backup_plan_name: plan.name,
            version_id: plan.version_id,
            creation_date: stamp(plan.created),
            deletion_date: stamp(plan.deleted),
            creator_request_id: plan.creator_request_id,
            last_execution_date: stamp(plan.last_execution),
            advanced_backup_settings: plan.advanced_backup_settings,
        }
    }
}

impl From<ScheduledRun> for RunView {
    fn from(run: ScheduledRun) -> Self {
        Self { execution_time: Stamp(run.at), rule_id: run.rule_id, rule_execution_type: run.execution_type }
    }
}

fn rows(page: Page<PlanSummary>) -> (Vec<SummaryView>, Option<String>) {
    (page.items.into_iter().map(SummaryView::from).collect(), page.next_token)
}

fn written(plan: Plan) -> Written {
    Written {
        backup_plan_id: plan.id.into(),
        backup_plan_arn: plan.arn.into(),
        version_id: plan.version_id,
        creation_date: stamp(plan.created),
        deletion_date: None,
        advanced_backup_settings: plan.document.advanced_backup_settings,
    }
}

/// CreateBackupPlan.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let document = documents::plan(body.required_object("BackupPlan")?)?;
    let tags = body.string_map("BackupPlanTags")?.unwrap_or_default();
    let creator_request_id = body.string("CreatorRequestId")?;
    body.finish()?;
    call.answer(&written(call.engine.create_plan(call.caller, document, tags, creator_request_id)?))
}

/// GetBackupPlan.
pub(super) fn get(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let version = query.string("versionId");
    let preview = query.integer("MaxScheduledRunsPreview")?;
    query.finish()?;
    if preview.is_some_and(|runs| !(0..=10).contains(&runs)) {
        return Err(Invalid::value("MaxScheduledRunsPreview", "must be between 0 and 10").into());
    }
    let plan = call.engine.get_plan(call.caller, &call.segment(0).parse()?, version.as_deref())?;
    let preview = match preview {
        None | Some(0) => None,
        Some(runs) => Some(call.engine.preview_plan(call.caller, &plan, runs)?),
    };
    call.answer(&Described {
        advanced_backup_settings: plan.document.advanced_backup_settings.clone(),
        backup_plan: plan.document.with_defaults(),
        backup_plan_id: plan.id.into(),
        backup_plan_arn: plan.arn.into(),
        version_id: plan.version_id,
        creator_request_id: plan.creator_request_id,
        creation_date: stamp(plan.created),
        deletion_date: stamp(plan.deleted),
        last_execution_date: stamp(plan.last_execution),
        scheduled_runs_preview: preview.map(|runs| runs.into_iter().map(RunView::from).collect()),
    })
}

/// ListBackupPlans.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let include_deleted = query.boolean("includeDeleted")?.unwrap_or(false);
    let page = query.camel_page()?;
    query.finish()?;
    let (backup_plans_list, next_token) = rows(call.engine.list_plans(call.caller, include_deleted, &page)?);
    call.answer(&List { backup_plans_list, next_token })
}

/// ListBackupPlanVersions.
pub(super) fn versions(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let page = query.camel_page()?;
    query.finish()?;
    let versions = call.engine.list_plan_versions(call.caller, &call.segment(0).parse()?, &page)?;
    let (backup_plan_versions_list, next_token) = rows(versions);
    call.answer(&Versions { backup_plan_versions_list, next_token })
}

/// UpdateBackupPlan.
pub(super) fn update(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let document = documents::plan(body.required_object("BackupPlan")?)?;
    body.finish()?;
    call.answer(&written(call.engine.update_plan(call.caller, &call.segment(0).parse()?, document)?))
}

/// DeleteBackupPlan.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let plan = call.engine.delete_plan(call.caller, &call.segment(0).parse()?)?;
    call.answer(&Written {
        backup_plan_id: plan.id.into(),
        backup_plan_arn: plan.arn.into(),
        version_id: plan.version_id,
        creation_date: None,
        deletion_date: stamp(plan.deleted),
        advanced_backup_settings: Vec::new(),
    })
}
