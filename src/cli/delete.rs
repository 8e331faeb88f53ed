//! `vaultdeck delete`: says what a deletion blocks or strands, asks, and deletes.

use super::arguments::{DeleteCommand, DeleteOptions, ScopeOptions};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::Purpose;
use super::{Session, backup, output, repair};
use crate::client::change::{DeletePlan, DeleteRecoveryPoint, DeleteVault};
use crate::client::lists::Within;
use crate::client::query::PlanDetail;
use crate::client::{Answer, Key, Mutation, Query, SelectionRef, stranded};
use crate::domain::{Arn, PlanId, Scope};
use crate::tui::text::harmless;
use std::sync::Arc;

pub(super) async fn run(session: &Session, command: DeleteCommand) -> Result<Exit, Failure> {
    let (DeleteCommand::Vault { options, .. }
    | DeleteCommand::Point { options, .. }
    | DeleteCommand::Plan { options, .. }) = &command;
    let audit = backup::audit(session)?;
    let reached = Reached::open(session, &options.place, &[], options.write, Purpose::Look).await?;
    let ended = carry_out(&reached, &audit, &command).await;
    reached.close().await;
    ended
}

/// A change, where it is made, and what it strands.
type Proposed = (Scope, Mutation, String);

async fn carry_out(
    reached: &Reached,
    audit: &Arc<crate::client::audit::Audit>,
    command: &DeleteCommand,
) -> Result<Exit, Failure> {
    let (options, (scope, change, told)) = match command {
        DeleteCommand::Vault { name, options } => (options, vault(reached, options, name).await?),
        DeleteCommand::Point { arn, options } => (options, point(reached, options, arn).await?),
        DeleteCommand::Plan { id, options } => (options, plan(reached, options, &id.parse()?).await?),
    };
    if !options.yes {
        let text = format!("{}.\n{} {told}\n", change.summary(), change.consequence());
        let lines: Vec<_> = text.lines().map(harmless).collect();
        output::write(&format!("{}\n", lines.join("\n")))?;
        if !repair::confirmed()? {
            return Ok(Exit::Failed);
        }
    }
    reached.connection.order(audit, scope, change).await?;
    Ok(Exit::Done)
}

async fn scope(reached: &Reached, named: &ScopeOptions) -> Result<Scope, Failure> {
    let home = reached.connection.home_scope().await?;
    let named = named.clone();
    Ok(Scope::new(named.account.unwrap_or(home.account), named.region.unwrap_or(home.region)))
}

async fn vault(reached: &Reached, options: &DeleteOptions, name: &str) -> Result<Proposed, Failure> {
    let scope = scope(reached, &options.scope).await?;
    let mut plans = Vec::new();
    if let Answer::Plans(listed) = reached.connection.read(Key::scoped(scope.clone(), Query::Plans)).await? {
        for plan in listed.iter() {
            plans.push(detail(reached, &scope, &plan.id).await?);
        }
    }
    let told = stranded::by_vault(&scope, name, Some(plans.iter().map(|detail| &detail.plan)));
    Ok((scope, DeleteVault { name: name.to_owned() }.into(), told))
}

async fn point(reached: &Reached, options: &DeleteOptions, arn: &Arn) -> Result<Proposed, Failure> {
    let within = Within { account: options.scope.account.clone(), region: options.scope.region.clone() };
    let point = reached.connection.find_recovery_point(&within, arn).await?;
    let resource = Query::RecoveryPointsOfResource { resource: point.resource_arn.clone() };
    let key = Key::scoped(point.scope.clone(), resource);
    let Answer::RecoveryPoints(others) = reached.connection.read(key).await? else {
        return Err(Failure::failed("the answer is of another question"));
    };
    let told = stranded::by_point(&point, others.iter().map(AsRef::as_ref));
    let change = DeleteRecoveryPoint { vault: point.vault_name.clone(), recovery_point: arn.clone() };
    Ok((point.scope.clone(), change.into(), told))
}

async fn plan(reached: &Reached, options: &DeleteOptions, id: &PlanId) -> Result<Proposed, Failure> {
    let scope = scope(reached, &options.scope).await?;
    let found = detail(reached, &scope, id).await?;
    let selections = found.selections.clone()?.into_iter();
    let selections = selections
        .map(|selection| SelectionRef { id: selection.id, name: selection.document.selection_name })
        .collect();
    let jobs = reached.connection.read(Key::scoped(scope.clone(), Query::BackupJobs)).await?;
    let jobs = jobs.backup_jobs().into_iter().flat_map(|jobs| jobs.iter());
    let told = stranded::by_plan(id, jobs.map(AsRef::as_ref));
    let name = found.plan.document.backup_plan_name.clone();
    Ok((scope, DeletePlan { id: id.clone(), name, selections }.into(), told))
}

async fn detail(reached: &Reached, scope: &Scope, id: &PlanId) -> Result<Arc<PlanDetail>, Failure> {
    match reached.connection.read(Key::scoped(scope.clone(), Query::Plan { id: id.clone() })).await? {
        Answer::Plan(detail) => Ok(detail),
        _ => Err(Failure::failed("the answer is of another question")),
    }
}
