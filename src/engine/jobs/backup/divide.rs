//! From a resource that is made of others to the jobs of these.
//!
//! A parent job begins as any other. Its work is to ask what its resource is made of and to make the child jobs, all in one
//! transaction. What becomes of it from then on is in [`composite`](crate::engine::jobs::composite).

use crate::domain::job::JobState;
use crate::domain::{Arn, Resource};
use crate::engine::Engine;
use crate::engine::authorize::action::StartBackupJob;
use crate::engine::authorize::subject::VaultNamed;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Connection;
use crate::engine::drivers::Registered;
use crate::engine::error::Result;
use crate::engine::jobs::backup::create::Draft;
use crate::engine::jobs::backup::members::{Found, Looking, Within};
use crate::engine::jobs::backup::rows::record::{self, BackupRecord, Moved};
use crate::engine::jobs::backup::rows::{self, TABLE, children as families};
use crate::engine::jobs::finish::{Finish, Verdict};
use crate::engine::jobs::live::LiveJob;
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::rows::children;
use crate::engine::jobs::work::{Failure, Worked};
use crate::engine::resources;
use crate::engine::vaults::gate::Pass;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Asks what a resource is made of; the jobs are made when the work is over.
pub(super) fn run(
    engine: &Arc<Engine>,
    live: &LiveJob,
    record: &BackupRecord,
    pass: Pass,
) -> std::result::Result<Worked, Failure> {
    let job = &record.job;
    let of = engine.catalog.read(|connection| engine.registered(connection, &job.resource_arn))?;
    let of = of.filter(|of| of.resource.scope == job.scope);
    let of = of.ok_or_else(|| Ending::failed(false, format!("Resource {} does not exist.", job.resource_arn)))?;
    let driver = engine.driver_of(&of.resource.resource_type)?;
    let alone = || Ending::failed(false, format!("{} are made of no other resources.", job.resource_type));
    let members = driver.composite().ok_or_else(alone)?.members(&of, &live.control)?;
    live.control.check()?;
    let all = engine.catalog.read(|connection| resources::rows::all(connection, Some(&job.scope)))?;
    let mut found = Found::default();
    found.add(&Looking { engine, live, all: &all }, members, &Within::outermost(&of.resource.arn))?;
    live.control.check()?;
    let record = record.clone();
    let finish = move |engine: &Arc<Engine>, verdict| finish(engine, &record, &of, &found, verdict);
    Ok(Worked { bytes: 0, finish: Finish::Alone(Box::new(finish)), pass })
}

/// Makes the child jobs, all or none of them.
fn finish(engine: &Arc<Engine>, parent: &BackupRecord, of: &Registered, found: &Found, verdict: Verdict) -> Result<()> {
    let (id, now) = (&parent.job.id, engine.clock.now());
    let ending = match verdict {
        Verdict::Complete => None,
        Verdict::Expired => Some(Ending::past_deadline(None)),
        Verdict::Stopped => Some(Ending::stopped()),
    };
    engine.catalog.write(|tx| {
        if let Some(ending) = &ending {
            return record::end(tx, id, ending, Moved::default(), now).map(drop);
        }
        // It may have been stopped meanwhile.
        let is_open = rows::get(tx, id)?.is_some_and(|job| job.state == JobState::Running);
        if !is_open || !children::states(tx, &TABLE, id)?.is_empty() {
            return Ok(());
        }
        let vault = VaultNamed { arn: &parent.job.vault_arn, scope: Some(&parent.job.scope) };
        let permit = authorize(tx, Doing::Schedule, StartBackupJob, &vault)?;
        record::insert(tx, &permit, &child(tx, parent, &of.resource, None)?)?;
        for (member, resource) in &found.members {
            record::insert(tx, &permit, &child(tx, parent, resource, Some(member))?)?;
        }
        families::note_divided(tx, id, found.issue().as_deref())
    })
}

/// The job of a member, or, with none, of what is the resource's own. It lives in the windows of its parent, and its recovery point
/// as long as that of its parent.
fn child(connection: &Connection, parent: &BackupRecord, of: &Resource, member: Option<&str>) -> Result<BackupRecord> {
    let job = &parent.job;
    let no_role = || crate::engine::error::Error::Internal(format!("backup job {} has no role", job.id));
    let role: &Arn = job.iam_role_arn.as_ref().ok_or_else(no_role)?;
    let draft = Draft {
        scope: &job.scope,
        vault: &job.vault_name.parse()?,
        vault_type: job.vault_type.clone(),
        resource: of,
        role,
        created: job.created,
        start_window: 0,
        complete_window: 0,
        lifecycle: job.lifecycle,
        tags: parent.recovery_point_tags.clone(),
        creator: job.created_by.as_deref().cloned(),
        // It is copied as a part of its parent's recovery point, or when there is none, as its parent says.
        copies: Vec::new(),
        // There is none of what is nested, as in AWS.
        continuous: false,
        options: BTreeMap::new(),
        parent: Some(job.id.clone()),
    };
    let mut record = draft.record(connection)?;
    record.job.start_by = Some(parent.complete_by);
    record.complete_by = parent.complete_by;
    record.member = member.map(str::to_owned);
    Ok(record)
}
