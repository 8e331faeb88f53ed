//! From a resource to the jobs of what it is made of.

use crate::domain::job::JobState;
use crate::domain::{Arn, Resource};
use crate::engine::Engine;
use crate::engine::authorize::action::StartBackupJob;
use crate::engine::authorize::subject::VaultNamed;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Connection;
use crate::engine::drivers::{Drivers, Made, Member, Part, Registered};
use crate::engine::error::Result;
use crate::engine::jobs::backup::composite::NAMES;
use crate::engine::jobs::backup::create::Draft;
use crate::engine::jobs::backup::rows::record::{self, BackupRecord, Moved};
use crate::engine::jobs::backup::rows::{self, children};
use crate::engine::jobs::finish::{Finish, Verdict};
use crate::engine::jobs::live::LiveJob;
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::work::{Failure, Worked};
use crate::engine::resources;
use crate::engine::vaults::gate::Pass;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Asks what a resource is made of; the jobs are made when the work is over.
pub(in crate::engine::jobs::backup) fn run(
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
    let found = Found::among(engine.drivers, members, &all);
    let record = record.clone();
    let finish = move |engine: &Arc<Engine>, verdict| finish(engine, &record, &of, &found, verdict);
    Ok(Worked { bytes: 0, finish: Finish::Alone(Box::new(finish)), pass })
}

/// The members of a resource that are registered, and what is not and should be.
struct Found {
    /// By what they are called in it.
    members: BTreeMap<String, Resource>,
    /// What this engine could back up and does not, in words: without it the composite is a part only.
    lacks: Vec<String>,
}

impl Found {
    /// What no driver of this engine can back up is left out, as AWS does.
    fn among(drivers: Drivers, members: Vec<Member>, all: &[Resource]) -> Self {
        let mut found = Self { members: BTreeMap::new(), lacks: Vec::new() };
        let mut taken = BTreeSet::new();
        for Member { id, what } in members {
            let (resource, words) = match &what {
                Part::Named(arn) => (all.iter().find(|resource| resource.arn == *arn), arn.to_string()),
                Part::Made(made) => {
                    if drivers.of_stack_type(&made.kind).next().is_none() {
                        continue;
                    }
                    (made_of(drivers, made, all), format!("{} {}", made.kind, made.physical_id))
                }
            };
            match resource {
                _ if is_composite(drivers, &what, resource) => {
                    found.lacks.push(format!("{id} ({words}, which is backed up on its own once it is registered)"));
                }
                Some(resource) if taken.insert(resource.arn.clone()) => {
                    found.members.insert(id, resource.clone());
                }
                // Another member is the same resource.
                Some(_) => {}
                None => found.lacks.push(format!("{id} ({words})")),
            }
        }
        found
    }

    fn issue(&self) -> Option<String> {
        let mut shown: Vec<&str> = self.lacks.iter().take(NAMES).map(String::as_str).collect();
        if self.lacks.len() > NAMES {
            shown.push("…");
        }
        let (count, is) = (self.lacks.len(), if self.lacks.len() == 1 { "member is" } else { "members are" });
        let names = shown.join(", ");
        (count > 0).then(|| format!("{count} {is} not backed up with it, not being registered at this engine: {names}"))
    }
}

/// The resource that a stack made.
fn made_of<'r>(drivers: Drivers, made: &Made, all: &'r [Resource]) -> Option<&'r Resource> {
    let is_it = |resource: &&Resource| {
        let mut drivers = drivers.of_stack_type(&made.kind);
        drivers.any(|driver| resource.resource_type == driver.facts().resource_type() && driver.is_made(made, resource))
    };
    all.iter().find(is_it)
}

/// Whether a member is made of others itself.
fn is_composite(drivers: Drivers, what: &Part, resource: Option<&Resource>) -> bool {
    let is_known = resource.and_then(|resource| resource.resource_type.facts()).is_some_and(|facts| facts.is_composite);
    match what {
        Part::Named(_) => is_known,
        Part::Made(made) => drivers.of_stack_type(&made.kind).all(|driver| driver.facts().is_composite),
    }
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
        if !is_open || !children::states(tx, id)?.is_empty() {
            return Ok(());
        }
        let vault = VaultNamed { arn: &parent.job.vault_arn, scope: Some(&parent.job.scope) };
        let permit = authorize(tx, Doing::Schedule, StartBackupJob, &vault)?;
        record::insert(tx, &permit, &child(tx, parent, &of.resource, None)?)?;
        for (member, resource) in &found.members {
            record::insert(tx, &permit, &child(tx, parent, resource, Some(member))?)?;
        }
        children::note_divided(tx, id, found.issue().as_deref())
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
        creator: job.created_by.clone(),
        copies: parent.copy_actions.clone(),
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
