//! `vaultdeck copy start`: a copy into another vault, followed to its end.

use super::arguments::{CopyCommand, CopyOptions, PlainFormat};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::follow::{Follower, Glance, left_alone, say_end, wait};
use super::host::Purpose;
use super::{Session, backup, output, restore, rows};
use crate::client::Outcome;
use crate::client::attributes::copy_job;
use crate::client::audit::Audit;
use crate::client::change::{StartCopy, new_token};
use crate::domain::job::{CopyJob, JobState};
use crate::domain::names::JobId;
use crate::domain::{Arn, Lifecycle, Scope, copies};
use std::sync::Arc;

pub(super) async fn run(session: &Session, command: CopyCommand) -> Result<Exit, Failure> {
    let CopyCommand::Start(options) = command;
    let lifecycle = options.delete_after.map(Lifecycle::delete_after);
    lifecycle.map_or(Ok(()), |lifecycle| lifecycle.validate())?;
    copies::destination(options.to.as_str())?;
    let audit = backup::audit(session)?;
    let order = &options.order;
    let reached = Reached::open(session, &order.place, &[], order.write, Purpose::Work).await?;
    let ended = start(&reached, &audit, &options, lifecycle).await;
    reached.close().await;
    ended
}

async fn start(
    reached: &Reached,
    audit: &Arc<Audit>,
    options: &CopyOptions,
    lifecycle: Option<Lifecycle>,
) -> Result<Exit, Failure> {
    let point = restore::point(reached, &options.point, &options.scope).await?;
    let order = StartCopy {
        recovery_point: point.arn.clone(),
        source_vault: point.vault_arn.clone(),
        destination: options.to.clone(),
        role: options.role.clone().unwrap_or_else(|| Arn::default_role(&point.scope.account)),
        lifecycle,
        idempotency_token: new_token(),
    };
    let Outcome::CopyJob(id) = reached.connection.order(audit, point.scope.clone(), order).await? else {
        return Err(Failure::failed("the service told no job"));
    };
    if left_alone(reached, &options.order, &id)? {
        return Ok(Exit::Done);
    }
    let job = follow(reached, &point.scope, &id).await?;
    tell(&job, options.order.output)
}

async fn follow(reached: &Reached, scope: &Scope, id: &JobId) -> Result<Arc<CopyJob>, Failure> {
    let mut follower = Follower::new();
    let followed = reached.connection.follow_copy(scope, id, |job| {
        follower.show(&Glance { state: job.state.as_str(), percent: None, moved: None });
    });
    let job = wait(reached, followed).await;
    follower.end();
    job
}

fn tell(job: &CopyJob, format: PlainFormat) -> Result<Exit, Failure> {
    let (done, partial) = (job.state == JobState::Completed, job.state == JobState::Partial);
    if format == PlainFormat::Json {
        output::print_json(&rows::told(job, copy_job::ALL))?;
    } else if let (Some(arn), true) = (&job.destination_recovery_point_arn, done || partial) {
        output::write(&format!("{arn}\n"))?;
    }
    if !done {
        say_end(&job.id, &job.state, job.status_message.as_deref());
    }
    Ok(match () {
        () if done => Exit::Done,
        () if partial => Exit::DoneWithIssues,
        () => Exit::Failed,
    })
}
