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
use crate::domain::{Arn, KnownPoint, PlanId, Scope};
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

/// A change, where it is made, and what it strands: that is told before a person is asked, and else not looked for, so that
/// what cannot be read stops nobody who does not ask for it.
type Proposed = (Scope, Mutation, Option<String>);

async fn carry_out(
    reached: &Reached,
    audit: &Arc<crate::client::audit::Audit>,
    command: &DeleteCommand,
) -> Result<Exit, Failure> {
    let (scope, change, told) = match command {
        DeleteCommand::Vault { name, options } => vault(reached, options, name).await?,
        DeleteCommand::Point { arn, options } => point(reached, options, arn).await?,
        DeleteCommand::Plan { id, options } => plan(reached, options, &id.parse()?).await?,
    };
    if let Some(told) = told {
        let text = format!("{}.\n{} {told}\n", change.summary(), change.consequence());
        let lines: Vec<_> = text.lines().map(harmless).collect();
        output::write(&format!("{}\n", lines.join("\n")))?;
        if !repair::confirmed(repair::SAY_YES)? {
            return Ok(Exit::Failed);
        }
    }
    reached.connection.order(audit, scope, change).await?;
    Ok(Exit::Done)
}

async fn scope(reached: &Reached, named: &ScopeOptions) -> Result<Scope, Failure> {
    Ok(named.clone().or(reached.connection.home_scope().await?))
}

async fn vault(reached: &Reached, options: &DeleteOptions, name: &str) -> Result<Proposed, Failure> {
    let scope = scope(reached, &options.scope).await?;
    let told = if options.yes { None } else { Some(left_by_vault(reached, &scope, name).await?) };
    Ok((scope, DeleteVault { name: name.to_owned() }.into(), told))
}

async fn left_by_vault(reached: &Reached, scope: &Scope, name: &str) -> Result<String, Failure> {
    let mut plans = Vec::new();
    if let Answer::Plans(listed) = reached.connection.read(Key::scoped(scope.clone(), Query::Plans)).await? {
        for plan in listed.iter() {
            plans.push(detail(reached, scope, &plan.id).await?);
        }
    }
    Ok(stranded::by_vault(scope, name, Some(plans.iter().map(|detail| &detail.plan))))
}

async fn point(reached: &Reached, options: &DeleteOptions, arn: &Arn) -> Result<Proposed, Failure> {
    let within = Within { account: options.scope.account.clone(), region: options.scope.region.clone() };
    let point = reached.connection.find_recovery_point(&within, arn).await?;
    let told = if options.yes { None } else { Some(left_by_point(reached, &point).await?) };
    let change = DeleteRecoveryPoint { vault: point.vault_name.clone(), recovery_point: arn.clone() };
    Ok((point.scope.clone(), change.into(), told))
}

async fn left_by_point(reached: &Reached, point: &KnownPoint) -> Result<String, Failure> {
    let resource = Query::RecoveryPointsOfResource { resource: point.resource_arn.clone() };
    match reached.connection.read(Key::scoped(point.scope.clone(), resource)).await? {
        Answer::RecoveryPoints(others) => Ok(stranded::by_point(point, others.iter().map(AsRef::as_ref))),
        _ => Err(Failure::failed("the answer is of another question")),
    }
}

async fn plan(reached: &Reached, options: &DeleteOptions, id: &PlanId) -> Result<Proposed, Failure> {
    let scope = scope(reached, &options.scope).await?;
    let found = detail(reached, &scope, id).await?;
    let selections = found.selections.clone()?.into_iter();
    let selections = selections
        .map(|selection| SelectionRef { id: selection.id, name: selection.document.selection_name })
        .collect();
    let told = if options.yes { None } else { Some(left_by_plan(reached, &scope, id).await?) };
    let name = found.plan.document.backup_plan_name.clone();
    Ok((scope, DeletePlan { id: id.clone(), name, selections }.into(), told))
}

async fn left_by_plan(reached: &Reached, scope: &Scope, id: &PlanId) -> Result<String, Failure> {
    let jobs = reached.connection.read(Key::scoped(scope.clone(), Query::BackupJobs)).await?;
    let jobs = jobs.backup_jobs().into_iter().flat_map(|jobs| jobs.iter());
    Ok(stranded::by_plan(id, jobs.map(AsRef::as_ref)))
}

async fn detail(reached: &Reached, scope: &Scope, id: &PlanId) -> Result<Arc<PlanDetail>, Failure> {
    match reached.connection.read(Key::scoped(scope.clone(), Query::Plan { id: id.clone() })).await? {
        Answer::Plan(detail) => Ok(detail),
        _ => Err(Failure::failed("the answer is of another question")),
    }
}
