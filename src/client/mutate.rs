//! Carries out what was approved. No other module calls a writing operation.

use crate::client::approve::{Approval, Approved};
use crate::client::audit::{Audit, Entry, Phase};
use crate::client::connect::Connection;
use crate::client::explain::Explain;
use crate::client::mutation::{NEW_PLAN_ID, Request, SelectionRef, StartBackup, StartRestore, selection_token};
use crate::client::text::clean;
use crate::client::{Fault, FaultKind, Feature, Mutation, map};
use crate::domain::names::JobId;
use crate::domain::selection::SelectionDocument;
use crate::domain::{PlanId, Tags};
use aws_sdk_backup::Client;
use aws_sdk_backup::operation::RequestId;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// What a mutation made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done; there is nothing new to point at.
    Done,
    /// A plan, new or changed.
    Plan(PlanId),
    /// A backup job to follow.
    BackupJob(JobId),
    /// A restore job to follow.
    RestoreJob(JobId),
}

/// A mutation that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub fault: Fault,
    /// The operations that were already done, in their order; they are not undone.
    pub done: Vec<&'static str>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.done.as_slice() {
            [] => write!(f, "{}", self.fault),
            done => write!(f, "{} (already done: {})", self.fault, done.join(", ")),
        }
    }
}

impl std::error::Error for Failure {}

/// Sends the requests of an approved mutation, in their order, each written to the audit log before and after.
pub async fn mutate(connection: &Connection, audit: &Arc<Audit>, approved: Approved) -> Result<Outcome, Failure> {
    let stopped = |fault| Failure { fault, done: Vec::new() };
    let refused = |why: &str| stopped(Fault::new(FaultKind::Refused, why));
    connection.capabilities().allows(Feature::Write).map_err(refused)?;
    let client = connection.clients(approved.scope()).await.map_err(stopped)?.backup;
    let mut run = Run {
        connection,
        audit,
        approved: &approved,
        requests: approved.pending().mutation.requests(approved.pending().token()).into_iter(),
        plan: None,
        done: Vec::new(),
    };
    run.all(&client).await
}

/// A mutation on its way.
struct Run<'a> {
    connection: &'a Connection,
    audit: &'a Arc<Audit>,
    approved: &'a Approved,
    /// The requests still to be sent, as they were approved.
    requests: std::vec::IntoIter<Request>,
    /// The id of the plan that this mutation made.
    plan: Option<PlanId>,
    done: Vec<&'static str>,
}

impl Run<'_> {
    async fn all(&mut self, client: &Client) -> Result<Outcome, Failure> {
        match &self.approved.pending().mutation {
            Mutation::CreateVault { name, tags, encryption_key_arn } => {
                let call = client.create_backup_vault().backup_vault_name(name);
                let call = call.set_backup_vault_tags(sent(tags)).set_encryption_key_arn(encryption_key_arn.clone());
                let call = call.creator_request_id(self.approved.pending().token());
                self.step(async { call.send().await.explain("CreateBackupVault") }).await?;
                Ok(Outcome::Done)
            }
            Mutation::DeleteVault { name } => {
                let call = client.delete_backup_vault().backup_vault_name(name);
                self.step(async { call.send().await.explain("DeleteBackupVault") }).await?;
                Ok(Outcome::Done)
            }
            Mutation::CreatePlan { document, selections, tags } => {
                let input = map::plan_input(document).map_err(|fault| self.failed(fault))?;
                let call = client.create_backup_plan().backup_plan(input).set_backup_plan_tags(sent(tags));
                let call = call.creator_request_id(self.approved.pending().token());
                let made = self.step(async { call.send().await.explain("CreateBackupPlan") }).await?;
                let id = made.backup_plan_id().and_then(|id| id.parse::<PlanId>().ok());
                let id = id.ok_or_else(|| self.failed(no_id("CreateBackupPlan")))?;
                self.plan = Some(id.clone());
                self.create_selections(client, &id, selections).await?;
                Ok(Outcome::Plan(id))
            }
            Mutation::UpdatePlan { id, document, delete, create } => {
                let input = map::plan_input(document).map_err(|fault| self.failed(fault))?;
                let call = client.update_backup_plan().backup_plan_id(id.as_str()).backup_plan(input);
                self.step(async { call.send().await.explain("UpdateBackupPlan") }).await?;
                self.delete_selections(client, id, delete).await?;
                self.create_selections(client, id, create).await?;
                Ok(Outcome::Plan(id.clone()))
            }
            Mutation::DeletePlan { id, selections, .. } => {
                self.delete_selections(client, id, selections).await?;
                let call = client.delete_backup_plan().backup_plan_id(id.as_str());
                self.step(async { call.send().await.explain("DeleteBackupPlan") }).await?;
                Ok(Outcome::Done)
            }
            Mutation::CreateSelection { plan, document } => {
                self.create_selections(client, plan, std::slice::from_ref(document)).await?;
                Ok(Outcome::Plan(plan.clone()))
            }
            Mutation::DeleteSelection { plan, selection } => {
                self.delete_selections(client, plan, std::slice::from_ref(selection)).await?;
                Ok(Outcome::Plan(plan.clone()))
            }
            Mutation::StartBackup(start) => self.start_backup(client, start).await,
            Mutation::StopBackup { id } => {
                let call = client.stop_backup_job().backup_job_id(id.as_str());
                self.step(async { call.send().await.explain("StopBackupJob") }).await?;
                Ok(Outcome::BackupJob(id.clone()))
            }
            Mutation::StartRestore(start) => self.start_restore(client, start).await,
            Mutation::DeleteRecoveryPoint { vault, recovery_point } => {
                let call = client.delete_recovery_point().backup_vault_name(vault);
                let call = call.recovery_point_arn(recovery_point.as_str());
                self.step(async { call.send().await.explain("DeleteRecoveryPoint") }).await?;
                Ok(Outcome::Done)
            }
            Mutation::UpdateLifecycle { vault, recovery_point, lifecycle } => {
                let call = client.update_recovery_point_lifecycle().backup_vault_name(vault);
                let call = call.recovery_point_arn(recovery_point.as_str()).lifecycle(map::lifecycle_input(*lifecycle));
                self.step(async { call.send().await.explain("UpdateRecoveryPointLifecycle") }).await?;
                Ok(Outcome::Done)
            }
            Mutation::TagResource { arn, tags } => {
                let tags = tags.clone().into_iter().collect();
                let call = client.tag_resource().resource_arn(arn.as_str()).set_tags(Some(tags));
                self.step(async { call.send().await.explain("TagResource") }).await?;
                Ok(Outcome::Done)
            }
            Mutation::UntagResource { arn, keys } => {
                let call = client.untag_resource().resource_arn(arn.as_str()).set_tag_key_list(Some(keys.clone()));
                self.step(async { call.send().await.explain("UntagResource") }).await?;
                Ok(Outcome::Done)
            }
        }
    }

    async fn create_selections(
        &mut self,
        client: &Client,
        plan: &PlanId,
        documents: &[SelectionDocument],
    ) -> Result<(), Failure> {
        for (index, document) in documents.iter().enumerate() {
            let input = map::selection_input(document).map_err(|fault| self.failed(fault))?;
            let call = client.create_backup_selection().backup_plan_id(plan.as_str()).backup_selection(input);
            let call = call.creator_request_id(selection_token(self.approved.pending().token(), index));
            self.step(async { call.send().await.explain("CreateBackupSelection") }).await?;
        }
        Ok(())
    }

    async fn delete_selections(
        &mut self,
        client: &Client,
        plan: &PlanId,
        selections: &[SelectionRef],
    ) -> Result<(), Failure> {
        for selection in selections {
            let call = client.delete_backup_selection().backup_plan_id(plan.as_str());
            let call = call.selection_id(selection.id.as_str());
            self.step(async { call.send().await.explain("DeleteBackupSelection") }).await?;
        }
        Ok(())
    }

    async fn start_backup(&mut self, client: &Client, start: &StartBackup) -> Result<Outcome, Failure> {
        let call = client
            .start_backup_job()
            .backup_vault_name(&start.vault)
            .resource_arn(start.resource.as_str())
            .iam_role_arn(start.role.as_str())
            .idempotency_token(&start.idempotency_token)
            .set_start_window_minutes(start.start_window_minutes)
            .set_complete_window_minutes(start.complete_window_minutes)
            .set_lifecycle(start.lifecycle.map(map::lifecycle_input))
            .set_recovery_point_tags(sent(&start.tags))
            .set_backup_options(sent(&start.options));
        let made = self.step(async { call.send().await.explain("StartBackupJob") }).await?;
        let id = made.backup_job_id().and_then(|id| id.parse().ok());
        id.map(Outcome::BackupJob).ok_or_else(|| self.failed(no_id("StartBackupJob")))
    }

    async fn start_restore(&mut self, client: &Client, start: &StartRestore) -> Result<Outcome, Failure> {
        let call = client
            .start_restore_job()
            .recovery_point_arn(start.recovery_point.as_str())
            .set_metadata(Some(start.metadata.clone().into_iter().collect()))
            .set_iam_role_arn(start.role.as_ref().map(ToString::to_string))
            .idempotency_token(&start.idempotency_token)
            .set_resource_type(start.resource_type.as_ref().map(ToString::to_string))
            .set_copy_source_tags_to_restored_resource(start.copy_source_tags.then_some(true));
        let made = self.step(async { call.send().await.explain("StartRestoreJob") }).await?;
        let id = made.restore_job_id().and_then(|id| id.parse().ok());
        id.map(Outcome::RestoreJob).ok_or_else(|| self.failed(no_id("StartRestoreJob")))
    }

    /// Sends one request between its two lines of the audit log.
    async fn step<T: RequestId>(&mut self, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Failure> {
        let request = self.requests.next();
        let request =
            request.ok_or_else(|| self.failed(Fault::new(FaultKind::Other, "more requests than were approved")))?;
        let intended = self.entry(&request);
        self.write(&intended).await.map_err(|fault| self.failed(fault))?;
        let result = call.await;
        let mut outcome = Entry { at: chrono::Utc::now(), ..intended };
        match &result {
            Ok(answer) => {
                outcome.phase = Phase::Done;
                outcome.request_id = answer.request_id().map(clean);
            }
            Err(fault) => {
                outcome.phase = Phase::Failed;
                outcome.request_id.clone_from(&fault.request_id);
                outcome.error = Some(fault.to_string());
            }
        }
        if let Err(fault) = self.write(&outcome).await {
            // The change is made: that the log lacks its outcome must not hide it.
            tracing::error!("{fault}");
        }
        match result {
            Ok(answer) => {
                self.done.push(request.operation);
                Ok(answer)
            }
            Err(fault) => Err(self.failed(fault)),
        }
    }

    fn failed(&self, fault: Fault) -> Failure {
        Failure { fault, done: self.done.clone() }
    }

    fn entry(&self, request: &Request) -> Entry {
        let mut input = request.input.clone();
        if let (Some(plan), Some(id)) = (&self.plan, input.get_mut("BackupPlanId"))
            && *id == NEW_PLAN_ID
        {
            *id = Value::from(plan.as_str());
        }
        let scope = self.approved.scope();
        Entry {
            at: chrono::Utc::now(),
            id: uuid::Uuid::new_v4().to_string(),
            phase: Phase::Intended,
            who: self.audit.who().to_owned(),
            approval: match self.approved.by() {
                Approval::Typed => "typed".to_owned(),
                Approval::CommandLine => "command_line".to_owned(),
            },
            context: self.connection.label(),
            account: scope.account.clone(),
            region: scope.region.clone(),
            operation: request.operation.to_owned(),
            request: input,
            request_id: None,
            error: None,
        }
    }

    /// Appends a line off the async threads: syncing takes as long as the disk takes.
    async fn write(&self, entry: &Entry) -> Result<(), Fault> {
        let (audit, entry) = (self.audit.clone(), entry.clone());
        let written = tokio::task::spawn_blocking(move || audit.append(&entry)).await;
        let failed = |why: String| Fault::new(FaultKind::Other, why);
        written.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
    }
}

fn no_id(operation: &str) -> Fault {
    Fault::new(FaultKind::Other, format!("{operation} succeeded but told no usable id"))
}

/// Tags for the API; none when there are none.
fn sent(tags: &Tags) -> Option<HashMap<String, String>> {
    (!tags.is_empty()).then(|| tags.clone().into_iter().collect())
}
