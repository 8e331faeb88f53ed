//! Carries out questions: which operations answer them, page by page.

mod changes;
mod items;

use crate::client::connect::{Clients, Connection};
use crate::client::explain::Explain;
use crate::client::fetch::Bucket;
use crate::client::map;
use crate::client::query::{PlanDetail, RestoreMetadata, SelectableResource, rows};
use crate::client::{Answer, Fault, FaultKind, Key, Query};
use crate::domain::names::JobId;
use crate::domain::selection::Selection;
use crate::domain::{Arn, PlanId, ResourceType, Scope};
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Rows a page; AWS's maximum.
const PAGE: i32 = 1000;
/// A service that gives ever more pages is mistaken.
const MOST_PAGES: usize = 10_000;
/// How many of a plan's next runs are asked for.
const NEXT_RUNS: i32 = 10;

/// Answers questions: a [`Connection`], or a script in the fetcher's own tests.
pub(crate) trait Ask: Send + Sync + 'static {
    /// Answers one question.
    fn ask(self: Arc<Self>, question: Question) -> BoxFuture<'static, Result<Answer, Fault>>;
}

/// A question with what is needed to answer it politely.
pub(crate) struct Question {
    pub(crate) key: Key,
    /// The last answer, when asking for the changes since is enough.
    pub(crate) previous: Option<Answer>,
    /// Every call waits for its turn here.
    pub(crate) bucket: Arc<Bucket>,
    /// Told how many records came so far, page by page.
    pub(crate) progress: Arc<dyn Fn(usize) + Send + Sync>,
}

impl Ask for Connection {
    fn ask(self: Arc<Self>, question: Question) -> BoxFuture<'static, Result<Answer, Fault>> {
        Box::pin(async move {
            let void = |result: &Result<_, Fault>| matches!(result, Err(fault) if fault.kind == FaultKind::Expired);
            let result = Box::pin(self.answer(&question)).await;
            if !void(&result) {
                return result;
            }
            self.forget_credentials().await;
            // A local engine that was replaced gives the new key by itself; elsewhere somebody must log in first.
            if self.is_local() { Box::pin(self.answer(&question)).await } else { result }
        })
    }
}

/// Follows the pages of a list to its end. `call` makes one call of a token and gives its rows and the next token.
pub(crate) async fn pages<T, F>(question: &Question, call: impl Fn(Option<String>) -> F) -> Result<Vec<T>, Fault>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), Fault>>,
{
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        question.bucket.turn().await;
        let (rows, next) = call(token.clone()).await?;
        all.extend(rows);
        match next.filter(|next| !next.is_empty()) {
            None => return Ok(all),
            Some(next) if Some(&next) == token.as_ref() => break,
            Some(next) => token = Some(next),
        }
        (question.progress)(all.len());
    }
    Err(Fault::new(FaultKind::Other, "the list has no end: the service gives the same page again and again"))
}

/// One list operation with its pages: the client's method, its rows and their mapping.
macro_rules! list {
    ($question:expr, $call:expr, $operation:literal, $field:ident, $map:expr) => {{
        let call = $call;
        crate::client::read::pages($question, move |token| {
            let call = call.clone().set_next_token(token);
            async move {
                let page = call.send().await.explain($operation)?;
                let rows = page.$field.unwrap_or_default();
                Ok((rows.iter().filter_map($map).collect::<Vec<_>>(), page.next_token))
            }
        })
    }};
}
pub(crate) use list;

fn nothing_told(operation: &str) -> Fault {
    Fault::new(FaultKind::Other, format!("{operation} gave an answer that cannot be used"))
}

impl Connection {
    async fn answer(&self, question: &Question) -> Result<Answer, Fault> {
        match (&question.key.scope, &question.key.query) {
            (_, Query::Scopes) => Ok(Answer::Scopes(rows(self.scopes().await?))),
            (_, Query::Accounts) => Ok(Answer::Accounts(rows(self.accounts().await?))),
            (_, Query::Status) => {
                let control = self.control().ok_or_else(|| Fault::not_supported("status"))?;
                Ok(Answer::Status(Arc::new(control.status().await?)))
            }
            (Some(scope), query) => {
                let clients = self.clients(scope).await?;
                self.scoped(scope, query, &clients, question).await
            }
            (None, _) => Err(Fault::new(FaultKind::Refused, "this can only be asked of an account and a region")),
        }
    }

    async fn scoped(
        &self,
        scope: &Scope,
        query: &Query,
        clients: &Clients,
        question: &Question,
    ) -> Result<Answer, Fault> {
        let backup = &clients.backup;
        let previous = question.previous.as_ref();
        match query {
            Query::Vaults => {
                let call = backup.list_backup_vaults().max_results(PAGE);
                let vaults = list!(question, call, "ListBackupVaults", backup_vault_list, |row| map::vault(scope, row));
                Ok(Answer::Vaults(rows(vaults.await?)))
            }
            Query::RecoveryPoints { vault } => {
                let call = backup.list_recovery_points_by_backup_vault().backup_vault_name(vault).max_results(PAGE);
                let points = list!(question, call, "ListRecoveryPointsByBackupVault", recovery_points, |row| {
                    map::recovery_point(scope, row)
                });
                Ok(Answer::RecoveryPoints(newest_first(points.await?, |point| point.created)))
            }
            Query::RecoveryPointsOfResource { resource } => {
                let call = backup.list_recovery_points_by_resource().resource_arn(resource.as_str()).max_results(PAGE);
                let points = list!(question, call, "ListRecoveryPointsByResource", recovery_points, |row| {
                    map::recovery_point_of_resource(scope, resource, row)
                });
                Ok(Answer::RecoveryPoints(newest_first(points.await?, |point| point.created)))
            }
            Query::Plans => {
                let call = backup.list_backup_plans().max_results(PAGE);
                let plans =
                    list!(question, call, "ListBackupPlans", backup_plans_list, |row| map::plan_summary(scope, row));
                Ok(Answer::Plans(rows(plans.await?)))
            }
            Query::ProtectedResources => {
                let call = backup.list_protected_resources().max_results(PAGE);
                let resources = list!(question, call, "ListProtectedResources", results, |row| {
                    map::protected_resource(scope, row)
                });
                Ok(Answer::ProtectedResources(rows(resources.await?)))
            }
            Query::BackupJobs => changes::backup_jobs(self, scope, backup, question, previous).await,
            Query::RestoreJobs => changes::restore_jobs(self, scope, backup, question, previous).await,
            Query::CopyJobs => changes::copy_jobs(self, scope, backup, question, previous).await,
            Query::Resources => Ok(Answer::Resources(rows(self.resources(scope, clients, question).await?))),
            Query::Plan { id } => Ok(Answer::Plan(Arc::new(plan_detail(scope, backup, id, question).await?))),
            Query::Items { recovery_point, path } => {
                Ok(Answer::Items(Arc::new(self.items(scope, recovery_point, path, question).await?)))
            }
            single => {
                question.bucket.turn().await;
                one(scope, backup, single).await
            }
        }
    }

    /// What can be selected: what the tagging API tells, completed by what the engine knows of the same scope.
    async fn resources(
        &self,
        scope: &Scope,
        clients: &Clients,
        question: &Question,
    ) -> Result<Vec<SelectableResource>, Fault> {
        let mut call = clients.tagging.get_resources().resources_per_page(100);
        if self.capabilities().engine.is_none() {
            call = call.set_resource_type_filters(Some(PROTECTABLE.iter().map(ToString::to_string).collect()));
        }
        let tagged = pages(question, |token| {
            let call = call.clone().set_pagination_token(token);
            async move {
                let page = call.send().await.explain("GetResources")?;
                let rows = page.resource_tag_mapping_list.unwrap_or_default();
                Ok((rows.iter().filter_map(map::tagged).collect::<Vec<_>>(), page.pagination_token))
            }
        });
        let mut resources = tagged.await?;
        if let Some(control) = self.control() {
            let registered: Vec<_> = control.resources().await?.iter().filter_map(map::registered).collect();
            for resource in registered.into_iter().filter(|r| r.arn.scope().as_ref() == Some(scope)) {
                resources.retain(|known| known.arn != resource.arn);
                resources.push(resource);
            }
        }
        resources.retain(|resource| !matches!(resource.resource_type, ResourceType::Other(_)));
        resources.sort_by(|a, b| (&a.resource_type, &a.name, &a.arn).cmp(&(&b.resource_type, &b.name, &b.arn)));
        Ok(resources)
    }
}

/// What AWS Backup can protect, as the tagging API calls it.
const PROTECTABLE: [&str; 15] = [
    "elasticfilesystem:file-system",
    "ec2:volume",
    "ec2:instance",
    "rds:db",
    "rds:cluster",
    "dynamodb:table",
    "fsx:file-system",
    "fsx:volume",
    "s3",
    "storagegateway",
    "redshift:cluster",
    "timestream:table",
    "cloudformation:stack",
    "backup-gateway:vm",
    "eks:cluster",
];

fn newest_first<T>(mut records: Vec<T>, time: impl Fn(&T) -> crate::domain::Time) -> crate::client::Rows<T> {
    records.sort_by_key(|record| std::cmp::Reverse(time(record)));
    rows(records)
}

/// The questions that one call answers.
async fn one(scope: &Scope, backup: &aws_sdk_backup::Client, query: &Query) -> Result<Answer, Fault> {
    match query {
        Query::Vault { name } => {
            let call = backup.describe_backup_vault().backup_vault_name(name);
            let vault = call.send().await.explain("DescribeBackupVault")?;
            let vault = map::described_vault(scope, &vault).ok_or_else(|| nothing_told("DescribeBackupVault"))?;
            Ok(Answer::Vault(Arc::new(vault)))
        }
        Query::RecoveryPoint { vault, recovery_point } => {
            let call = backup.describe_recovery_point().backup_vault_name(vault);
            let point =
                call.recovery_point_arn(recovery_point.as_str()).send().await.explain("DescribeRecoveryPoint")?;
            let point =
                map::described_recovery_point(scope, &point).ok_or_else(|| nothing_told("DescribeRecoveryPoint"))?;
            Ok(Answer::RecoveryPoint(Arc::new(point)))
        }
        Query::RestoreMetadata { vault, recovery_point } => {
            let call = backup.get_recovery_point_restore_metadata().backup_vault_name(vault);
            let call = call.recovery_point_arn(recovery_point.as_str());
            let told = call.send().await.explain("GetRecoveryPointRestoreMetadata")?;
            let resource_type = told.resource_type().map(|text| ResourceType::from(crate::client::text::clean(text)));
            let metadata = map::string_map(told.restore_metadata());
            Ok(Answer::RestoreMetadata(Arc::new(RestoreMetadata { resource_type, metadata })))
        }
        Query::BackupJob { id } => Ok(Answer::BackupJob(Arc::new(backup_job(scope, backup, id).await?))),
        Query::RestoreJob { id } => Ok(Answer::RestoreJob(Arc::new(restore_job(scope, backup, id).await?))),
        Query::ProtectedResource { arn } => {
            let call = backup.describe_protected_resource().resource_arn(arn.as_str());
            let told = call.send().await.explain("DescribeProtectedResource")?;
            let resource = map::described_protected_resource(scope, &told)
                .ok_or_else(|| nothing_told("DescribeProtectedResource"))?;
            Ok(Answer::ProtectedResource(Arc::new(resource)))
        }
        Query::Tags { arn } => Ok(Answer::Tags(Arc::new(tags(backup, arn).await?))),
        Query::RegionSettings => {
            let told = backup.describe_region_settings().send().await.explain("DescribeRegionSettings")?;
            let preferences = told.resource_type_opt_in_preference().into_iter().flatten();
            let preferences = preferences.map(|(kind, opted_in)| (crate::client::text::clean(kind), *opted_in));
            Ok(Answer::RegionSettings(Arc::new(preferences.collect())))
        }
        Query::SupportedResourceTypes => {
            let told = backup.get_supported_resource_types().send().await.explain("GetSupportedResourceTypes")?;
            let types = told.resource_types().iter().map(|text| ResourceType::from(crate::client::text::clean(text)));
            Ok(Answer::ResourceTypes(types.collect()))
        }
        _ => Err(Fault::new(FaultKind::Refused, "this is not asked of an account and a region")),
    }
}

pub(super) async fn backup_job(
    scope: &Scope,
    backup: &aws_sdk_backup::Client,
    id: &JobId,
) -> Result<crate::domain::job::BackupJob, Fault> {
    let told = backup.describe_backup_job().backup_job_id(id.as_str()).send().await.explain("DescribeBackupJob")?;
    map::described_backup_job(scope, &told).ok_or_else(|| nothing_told("DescribeBackupJob"))
}

pub(super) async fn restore_job(
    scope: &Scope,
    backup: &aws_sdk_backup::Client,
    id: &JobId,
) -> Result<crate::domain::job::RestoreJob, Fault> {
    let told = backup.describe_restore_job().restore_job_id(id.as_str()).send().await.explain("DescribeRestoreJob")?;
    map::described_restore_job(scope, &told).ok_or_else(|| nothing_told("DescribeRestoreJob"))
}

async fn tags(backup: &aws_sdk_backup::Client, arn: &Arn) -> Result<crate::domain::Tags, Fault> {
    let mut tags = crate::domain::Tags::new();
    let mut token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let call = backup.list_tags().resource_arn(arn.as_str()).set_next_token(token);
        let page = call.send().await.explain("ListTags")?;
        tags.extend(map::tags(page.tags()));
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            break;
        }
    }
    Ok(tags)
}

/// A plan, and its selections with their documents. Where selections cannot be read, the plan is still shown.
async fn plan_detail(
    scope: &Scope,
    backup: &aws_sdk_backup::Client,
    id: &PlanId,
    question: &Question,
) -> Result<PlanDetail, Fault> {
    question.bucket.turn().await;
    let call = backup.get_backup_plan().backup_plan_id(id.as_str()).max_scheduled_runs_preview(NEXT_RUNS);
    let told = call.send().await.explain("GetBackupPlan")?;
    let (plan, next_runs) = map::plan(scope, id, &told);
    let selections = selections(backup, id, question).await;
    Ok(PlanDetail { plan, selections, next_runs })
}

async fn selections(
    backup: &aws_sdk_backup::Client,
    plan: &PlanId,
    question: &Question,
) -> Result<Vec<Selection>, Fault> {
    let call = backup.list_backup_selections().backup_plan_id(plan.as_str()).max_results(PAGE);
    let ids = list!(question, call, "ListBackupSelections", backup_selections_list, |row| {
        row.selection_id().map(ToOwned::to_owned)
    });
    let mut selections = Vec::new();
    for id in ids.await? {
        question.bucket.turn().await;
        let call = backup.get_backup_selection().backup_plan_id(plan.as_str()).selection_id(id);
        selections.extend(map::selection(plan, &call.send().await.explain("GetBackupSelection")?));
    }
    Ok(selections)
}
