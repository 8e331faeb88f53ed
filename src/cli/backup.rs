//! `vaultdeck backup start`: an on-demand backup, followed to its end.

use super::Session;
use super::arguments::{BackupCommand, BackupOptions, PlainFormat};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::follow::{Follower, Glance, left_alone, say_end, wait};
use super::host::Purpose;
use super::{output, rows};
use crate::client::Outcome;
use crate::client::attributes::backup_job;
use crate::client::audit::Audit;
use crate::client::change::{StartBackup, new_token};
use crate::domain::job::{BackupJob, JobState};
use crate::domain::names::JobId;
use crate::domain::{Arn, Lifecycle, Scope, VaultName};
use std::path::PathBuf;
use std::sync::Arc;

pub(super) async fn run(session: &Session, command: BackupCommand) -> Result<Exit, Failure> {
    let BackupCommand::Start(options) = command;
    let lifecycle = options.delete_after.map(Lifecycle::delete_after);
    lifecycle.map_or(Ok(()), |lifecycle| lifecycle.validate())?;
    let audit = audit(session)?;
    let order = &options.order;
    let reached = Reached::open(session, &order.place, &[], order.write, Purpose::Work).await?;
    let ended = start(&reached, &audit, &options, lifecycle).await;
    reached.close().await;
    ended
}

/// The audit log of this user.
pub(super) fn audit(session: &Session) -> Result<Arc<Audit>, Failure> {
    let name = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let who = name.unwrap_or_else(|_| format!("uid {}", rustix::process::getuid().as_raw()));
    Audit::open(&audit_file(session), who).map(Arc::new).map_err(|e| Failure::failed(e.to_string()))
}

/// Where that is.
pub(super) fn audit_file(session: &Session) -> PathBuf {
    session.places.state_dir.join("audit.jsonl")
}

async fn start(
    reached: &Reached,
    audit: &Arc<Audit>,
    options: &BackupOptions,
    lifecycle: Option<Lifecycle>,
) -> Result<Exit, Failure> {
    let resource = resource(reached, &options.resource).await?;
    let scope = scope(reached, options, &resource).await?;
    let role = options.role.clone().unwrap_or_else(|| Arn::default_role(&scope.account));
    let order = StartBackup {
        vault: options.vault.clone(),
        air_gapped_vault: options.air_gapped_vault.as_ref().map(|name| air_gapped(name, &scope)).transpose()?,
        resource,
        role,
        lifecycle,
        start_window_minutes: None,
        complete_window_minutes: None,
        tags: options.tags.iter().cloned().collect(),
        options: options.options.iter().cloned().collect(),
        idempotency_token: new_token(),
    };
    let Outcome::BackupJob(id) = reached.connection.order(audit, scope.clone(), order).await? else {
        return Err(Failure::failed("the service told no job"));
    };
    if left_alone(reached, &options.order, &id)? {
        return Ok(Exit::Done);
    }
    let job = follow(reached, &scope, &id).await?;
    tell(&job, options.order.output)
}

/// The ARN of an air-gapped vault.
fn air_gapped(name: &str, scope: &Scope) -> Result<Arn, Failure> {
    Ok(Arn::vault(scope, &name.parse::<VaultName>()?))
}

/// An ARN, or the name of a resource that the engine has registered.
pub(super) async fn resource(reached: &Reached, text: &str) -> Result<Arn, Failure> {
    if let Ok(arn) = text.parse() {
        return Ok(arn);
    }
    let control = reached.connection.control();
    let control =
        control.ok_or_else(|| Failure::usage(format!("{text:?} is not an ARN; only an engine knows names")))?;
    let mut named: Vec<String> = control
        .resources()
        .await?
        .into_iter()
        .filter(|resource| resource.name == text)
        .map(|resource| resource.resource_arn)
        .collect();
    match (named.pop(), named.is_empty()) {
        (Some(arn), true) => Ok(arn.parse::<Arn>()?),
        (Some(_), false) => Err(Failure::usage(format!("more than one resource is named {text}; give its ARN"))),
        (None, _) => Err(Failure::failed(format!("no resource is named {text}; see vaultdeck resource list"))),
    }
}

/// The resource's own account and region, unless the options name others or its ARN has none.
async fn scope(reached: &Reached, options: &BackupOptions, resource: &Arn) -> Result<Scope, Failure> {
    let home = match resource.scope() {
        Some(scope) => scope,
        None => reached.connection.home_scope().await?,
    };
    Ok(options.scope.clone().or(home))
}

async fn follow(reached: &Reached, scope: &Scope, id: &JobId) -> Result<Arc<BackupJob>, Failure> {
    let mut follower = Follower::new();
    let followed = reached.connection.follow_backup(scope, id, |job| {
        follower.show(&Glance { state: job.state.as_str(), percent: job.percent_done, moved: job.bytes_transferred });
    });
    let job = wait(reached, followed).await;
    follower.end();
    job
}

fn tell(job: &BackupJob, format: PlainFormat) -> Result<Exit, Failure> {
    let exit = match &job.state {
        JobState::Completed if job.completed_with_issues() => Exit::DoneWithIssues,
        // There is a recovery point, which lacks something.
        JobState::Partial => Exit::DoneWithIssues,
        JobState::Completed => Exit::Done,
        _ => Exit::Failed,
    };
    if format == PlainFormat::Json {
        output::print_json(&rows::told(job, backup_job::ALL))?;
    } else if let (Some(arn), JobState::Completed | JobState::Partial) = (&job.recovery_point_arn, &job.state) {
        output::write(&format!("{arn}\n"))?;
    }
    if exit != Exit::Done {
        say_end(&job.id, &job.state, job.status_message.as_deref());
    }
    Ok(exit)
}
