//! Carries out questions: which operations answer them, page by page.

mod changes;
mod denial;
pub mod events;
mod explore;
mod items;
mod pages;
mod points;
mod policies;
mod proofs;
mod signed;
mod single;

pub(crate) use pages::{list, pages, pages_begun};

use crate::client::connect::{Clients, Connection};
use crate::client::explain::Explain;
use crate::client::map;
use crate::client::pace::Bucket;
use crate::client::query::{SelectableResource, rows};
use crate::client::{Answer, Fault, FaultKind, Key, Query};
use crate::domain::extension::ResourceView;
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::types::TYPES;
use crate::domain::{KnownPoint, Scope};
use futures_util::future::BoxFuture;
use pages::MOST_PAGES;
use std::sync::Arc;

/// Rows a page; AWS's maximum.
const PAGE: i32 = 1000;

/// Answers questions: a [`Connection`], or a script in the fetcher's own tests.
pub(crate) trait Asker: Send + Sync + 'static {
    /// Answers one question.
    fn ask(self: Arc<Self>, question: Question) -> BoxFuture<'static, Result<Answer, Fault>>;
}

/// A question with what is needed to answer it politely.
pub(crate) struct Question {
    pub(crate) key: Key,
    /// The last answer, where there is one.
    pub(crate) previous: Option<Answer>,
    /// Whether all is asked for, though the changes since the last answer would be enough.
    pub(crate) whole: bool,
    /// Every call waits for its turn here.
    pub(crate) bucket: Arc<Bucket>,
    /// Told what came so far, page by page.
    pub(crate) told: Arc<dyn Fn(SoFar) + Send + Sync>,
}

/// What is known of an answer that is not whole yet.
#[derive(Debug)]
pub(crate) enum SoFar {
    /// How many records came.
    Records(usize),
    /// The first page of several, as if it were all.
    Begun(Answer),
}

impl Asker for Connection {
    fn ask(self: Arc<Self>, question: Question) -> BoxFuture<'static, Result<Answer, Fault>> {
        Box::pin(async move {
            let void = |result: &Result<_, Fault>| matches!(result, Err(fault) if fault.kind == FaultKind::Expired);
            let result = Box::pin(self.answer(&question)).await;
            if !void(&result) {
                return result;
            }
            self.forget_credentials().await;
            // A local engine that was replaced gives the new key by itself; elsewhere somebody must log in first.
            match result {
                Err(fault) if !self.is_local() => Err(self.with_login(fault).await),
                _ => Box::pin(self.answer(&question)).await,
            }
        })
    }
}

impl Connection {
    async fn answer(&self, question: &Question) -> Result<Answer, Fault> {
        match (&question.key.scope, &question.key.query) {
            (_, Query::Scopes) => Ok(Answer::Scopes(rows(self.scopes().await?))),
            (_, Query::Accounts) => Ok(Answer::Accounts(rows(self.accounts().await?))),
            (_, Query::Organization) => Ok(Answer::Organization(Arc::new(self.organization().await?))),
            (_, Query::BackupPolicies) => Ok(Answer::BackupPolicies(rows(self.backup_policies(question).await?))),
            (_, Query::Units) => Ok(Answer::Units(rows(self.units().await?))),
            (_, Query::Status) => {
                let control = self.control().ok_or_else(|| Fault::not_supported("status"))?;
                Ok(Answer::Status(Arc::new(control.status().await?)))
            }
            (_, Query::Health) => Ok(Answer::Health(Arc::new(self.health().await?))),
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
        match query {
            Query::Vaults => {
                let call = backup.list_backup_vaults().max_results(PAGE);
                let vaults = list!(question, call, "ListBackupVaults", backup_vault_list, |row| map::vault(scope, row));
                Ok(Answer::Vaults(rows(vaults.await?)))
            }
            Query::SharedVaults => {
                let call = backup.list_backup_vaults().by_shared(true).max_results(PAGE);
                let vaults = list!(question, call, "ListBackupVaults", backup_vault_list, |row| map::vault(scope, row));
                Ok(Answer::Vaults(rows(vaults.await?)))
            }
            Query::RecoveryPoints { vault } => {
                let call = backup.list_recovery_points_by_backup_vault().backup_vault_name(&vault.name);
                let owner = vault.owner.as_ref().map(ToString::to_string);
                let call = call.set_backup_vault_account_id(owner).max_results(PAGE);
                let answer = |points| Answer::RecoveryPoints(newest_first(points, |point: &KnownPoint| point.created));
                let begun = |points: &[KnownPoint]| (question.told)(SoFar::Begun(answer(points.to_vec())));
                let points = list!(question, begun, call, "ListRecoveryPointsByBackupVault", recovery_points, |row| {
                    map::recovery_point(scope, row)
                });
                Ok(answer(points.await?))
            }
            Query::RecoveryPointsOfResource { resource } => {
                let points = points::of_resource(scope, backup, resource, question).await?;
                Ok(Answer::RecoveryPoints(newest_first(points, |point| point.created)))
            }
            Query::Plans => {
                let call = backup.list_backup_plans().max_results(PAGE);
                let plans =
                    list!(question, call, "ListBackupPlans", backup_plans_list, |row| map::plan_summary(scope, row));
                Ok(Answer::Plans(rows(plans.await?)))
            }
            Query::LegalHolds => {
                let call = backup.list_legal_holds().max_results(PAGE);
                let holds = list!(question, call, "ListLegalHolds", legal_holds, |row| map::legal_hold(scope, row));
                Ok(Answer::LegalHolds(rows(holds.await?)))
            }
            Query::HeldPoints { hold } => {
                let call = backup.list_recovery_points_by_legal_hold().legal_hold_id(hold).max_results(PAGE);
                let points = list!(question, call, "ListRecoveryPointsByLegalHold", recovery_points, map::held_point);
                Ok(Answer::HeldPoints(rows(points.await?)))
            }
            Query::ProtectedResources => {
                let call = backup.list_protected_resources().max_results(PAGE);
                let resources = list!(question, call, "ListProtectedResources", results, |row| {
                    map::protected_resource(scope, row)
                });
                Ok(Answer::ProtectedResources(rows(resources.await?)))
            }
            Query::BackupJobs => changes::jobs::<BackupJob>(self, scope, backup, question).await,
            Query::RestoreJobs => changes::jobs::<RestoreJob>(self, scope, backup, question).await,
            Query::CopyJobs => changes::jobs::<CopyJob>(self, scope, backup, question).await,
            Query::Resources => Ok(Answer::Resources(rows(self.resources(scope, clients, question).await?))),
            Query::Plan { id } => Ok(Answer::Plan(Arc::new(single::plan_detail(scope, backup, id, question).await?))),
            Query::Items { recovery_point, path } => {
                Ok(Answer::Items(Arc::new(self.items(scope, recovery_point, path, question).await?)))
            }
            Query::Sight { recovery_point, at } => {
                question.bucket.turn().await;
                Ok(Answer::Sight(Arc::new(self.sight(scope, recovery_point, *at).await?)))
            }
            Query::Changes { recovery_point, since } => {
                Ok(Answer::Changes(Arc::new(self.changes(scope, recovery_point, since, question).await?)))
            }
            Query::Find { place, name, is_regex } => {
                Ok(Answer::Found(Arc::new(self.found(scope, place, (name, *is_regex), question).await?)))
            }
            Query::NewData { job } => {
                question.bucket.turn().await;
                Ok(Answer::NewData(rows(self.new_data(scope, job.as_ref()).await?)))
            }
            Query::WhoCan { vault, action } => {
                let control = self.control().ok_or_else(|| Fault::not_supported("who can"))?;
                Ok(Answer::WhoCan(Arc::new(control.who_can(scope, vault, action).await?)))
            }
            Query::JobCounts => Ok(Answer::JobCounts(Arc::new(self.job_counts(scope, backup, question).await?))),
            Query::ApiCalls => Ok(Answer::ApiCalls(rows(self.api_calls(scope, question).await?))),
            Query::KmsKeys => {
                question.bucket.turn().await;
                Ok(Answer::KmsKeys(rows(self.kms(scope).await?.keys(scope).await?)))
            }
            Query::Denial { message } => {
                question.bucket.turn().await;
                Ok(Answer::Denial(Arc::new(denial::decoded(clients, message).await?)))
            }
            Query::KmsKey { name } => {
                question.bucket.turn().await;
                let found = match self.kms(scope).await?.describe(scope, name).await {
                    Err(fault) if fault.kind == FaultKind::NotFound => None,
                    found => Some(found?),
                };
                Ok(Answer::KmsKey(Arc::new(found)))
            }
            Query::VaultShares { vault } => {
                question.bucket.turn().await;
                Ok(Answer::VaultShares(Arc::new(self.vault_shares(scope, vault).await?)))
            }
            single => {
                question.bucket.turn().await;
                single::one(scope, backup, single).await
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
            call = call.set_resource_type_filters(Some(protectable()));
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
            let own = |resource: &&ResourceView| {
                resource.account_id == scope.account.as_str() && resource.region == scope.region.as_str()
            };
            for resource in control.resources().await?.iter().filter(own).filter_map(map::registered) {
                resources.retain(|known| known.arn != resource.arn);
                resources.push(resource);
            }
        }
        resources.retain(|resource| resource.resource_type.facts().is_some());
        resources.sort_by(|a, b| (&a.resource_type, &a.name, &a.arn).cmp(&(&b.resource_type, &b.name, &b.arn)));
        Ok(resources)
    }
}

/// What AWS Backup can protect, as the tagging API calls it.
fn protectable() -> Vec<String> {
    TYPES.iter().flat_map(|facts| facts.tagged_as).map(ToString::to_string).collect()
}

fn newest_first<T>(mut records: Vec<T>, time: impl Fn(&T) -> crate::domain::Time) -> crate::client::Rows<T> {
    records.sort_by_key(|record| std::cmp::Reverse(time(record)));
    rows(records)
}
