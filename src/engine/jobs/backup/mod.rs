//! Backup jobs: one of a resource at a time, within their windows, into a vault that may be written.

mod continuous;
pub mod create;
mod divide;
mod members;
mod new_data;
pub mod ops;
pub mod rows;
mod run;
mod stored;

use crate::domain::job::JobState;
use crate::domain::names::JobId;
use crate::domain::{Arn, Time, air_gap};
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::jobs::MAX_ATTEMPTS;
use crate::engine::jobs::composite::{self, Parent};
use crate::engine::jobs::entered::{Entered, Use};
use crate::engine::jobs::kind::{Chance, Decision, Job, Kind};
use crate::engine::jobs::live::LiveJob;
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::readiness::Readiness;
use crate::engine::jobs::rows::store;
use crate::engine::jobs::rows::table::JobTable;
use crate::engine::jobs::turn::{RETRY_AFTER, Turn};
use crate::engine::jobs::work::{Failure, Worked};
use crate::engine::organization::roles;
use crate::engine::vaults;
use rows::TABLE;
use rows::record::{self, BackupRecord, Moved};
use std::sync::Arc;

/// Backup jobs.
pub(crate) struct Backups;

impl Kind for Backups {
    fn table(&self) -> &'static JobTable {
        &TABLE
    }

    fn name(&self) -> &'static str {
        "backup"
    }

    fn places(&self, engine: &Engine) -> usize {
        engine.places_for_points()
    }

    /// Those that an earlier process left running come first.
    fn open(&self, engine: &Engine) -> Result<Vec<Box<dyn Job>>> {
        if !engine.data_dir.is_writable() {
            return Ok(Vec::new());
        }
        let open = engine.catalog.read(record::open)?;
        let (interrupted, created): (Vec<_>, Vec<_>) = open.into_iter().partition(Job::holds_resource);
        Ok(interrupted.into_iter().chain(created).map(|record| Box::new(record) as Box<dyn Job>).collect())
    }

    /// The end of a start window.
    fn next_event(&self, connection: &Connection) -> Result<Option<Time>> {
        rows::next_start_by(connection)
    }
}

impl Job for BackupRecord {
    fn id(&self) -> &JobId {
        &self.job.id
    }

    /// What is the own of a parent's resource is guarded by the parent.
    fn resource(&self) -> Option<&Arn> {
        let is_own = self.job.parent_job_id.is_some() && self.member.is_none();
        (!is_own).then_some(&self.job.resource_arn)
    }

    fn holds_resource(&self) -> bool {
        self.job.state != JobState::Created
    }

    fn left_in(&self) -> Option<&Arn> {
        (self.job.state != JobState::Created).then_some(&self.job.vault_arn)
    }

    /// Of a parent the children are to be done by then: what became of them is told in any case.
    fn complete_by(&self) -> Option<Time> {
        self.children.is_empty().then_some(self.complete_by)
    }

    fn decide(&self, engine: &Arc<Engine>, turn: &mut Turn, chance: Chance) -> Result<Decision> {
        let Chance { taken, free, now } = chance;
        let job = &self.job;
        if job.state == JobState::Aborting {
            let waits = composite::any_open(&self.children);
            return Ok(if waits { Decision::Wait } else { Decision::End(Ending::stopped()) });
        }
        if !self.children.is_empty() {
            return match composite::decide(engine, &self.as_parent(), chance)? {
                Some(decision) => Ok(decision),
                None => engine.start_again(turn, &job.id, &job.vault_arn, Use::Writing, now),
            };
        }
        if job.state != JobState::Created {
            return decide_interrupted(self, engine, turn, chance);
        }
        if job.start_by.is_some_and(|start_by| now >= start_by) {
            let ending = match turn.retries.remove(&job.id) {
                _ if taken => Ending::resource_busy(),
                Some((_, why)) => Ending::never_started(Some(&why)),
                None => Ending::never_started(None),
            };
            return Ok(Decision::End(ending));
        }
        if taken {
            return Ok(Decision::Wait);
        }
        if let Some(ending) = engine.catalog.read(|connection| refusal(connection, self))? {
            return Ok(Decision::End(ending));
        }
        if turn.retries.get(&job.id).is_some_and(|(at, _)| *at > now) || !free {
            return Ok(Decision::Wait);
        }
        Ok(match engine.ready(turn, &job.vault_arn, Use::Writing)? {
            Readiness::Ready(entered) => Decision::Start(entered),
            Readiness::NotNow => Decision::Wait,
            // Say since restic holds it: it may be free again soon.
            Readiness::Closed(closed) if closed.temporary => {
                turn.retries.insert(job.id.clone(), (now + RETRY_AFTER, closed.why));
                Decision::Wait
            }
            Readiness::Closed(closed) => Decision::End(closed.ending),
        })
    }

    /// Only if its vault is still there: with the turn to write in hand nobody deletes it.
    fn begin(&self, connection: &Connection, now: Time) -> Result<bool> {
        if let Some(ending) = unfit_vault(connection, self)? {
            self.end(connection, &ending, 0, now)?;
            return Ok(false);
        }
        // A lock binds new jobs: one that had begun when it was put on goes on.
        if self.job.state == JobState::Created && !fits_lock(connection, self)? {
            self.end(connection, &Ending::outside_lock(), 0, now)?;
            return Ok(false);
        }
        store::begin(connection, &TABLE, &self.job.id, now)
    }

    fn run(&self, engine: &Arc<Engine>, live: &LiveJob, entered: Entered) -> std::result::Result<Worked, Failure> {
        let mut record = self.clone();
        record.job.initiated = record.job.initiated.or(Some(live.started));
        // What it stored until it failed or was stopped is nobody's: the collection looks for it.
        run::run(engine, live, &record, entered).inspect_err(|_| engine.jobs.litter(&record.job.vault_arn))
    }

    fn end(&self, connection: &Connection, ending: &Ending, bytes: i64, now: Time) -> Result<()> {
        record::end(connection, &self.job.id, ending, Moved { bytes, ..Moved::default() }, now).map(drop)
    }
}

impl BackupRecord {
    /// As a job that stands for others.
    fn as_parent(&self) -> Parent<'_> {
        let job = &self.job;
        Parent {
            table: &TABLE,
            id: &job.id,
            children: &self.children,
            attempts: self.attempts,
            told: job.status_message.as_deref(),
            resource: &job.resource_arn,
            point: job.recovery_point_arn.clone(),
            issue: self.issue.clone(),
        }
    }
}

/// What becomes of a job that ran when an earlier process ended.
fn decide_interrupted(
    record: &BackupRecord,
    engine: &Arc<Engine>,
    turn: &mut Turn,
    chance: Chance,
) -> Result<Decision> {
    let (job, now) = (&record.job, chance.now);
    if !engine.jobs.resumes() {
        Ok(Decision::Wait)
    } else if now >= record.complete_by {
        Ok(Decision::End(Ending::past_deadline(job.status_message.as_deref())))
    } else if record.attempts >= MAX_ATTEMPTS {
        Ok(Decision::End(engine.given_up(&job.id, job.status_message.as_deref(), record.attempts)))
    } else if chance.free && !engine.rests(&job.id, now) {
        engine.start_again(turn, &job.id, &job.vault_arn, Use::Writing, now)
    } else {
        Ok(Decision::Wait)
    }
}

/// Why a job cannot start at all: its role, its vault, the vault's lock.
fn refusal(connection: &Connection, record: &BackupRecord) -> Result<Option<Ending>> {
    let job = &record.job;
    if let Some(role) = &job.iam_role_arn
        && !roles::is_assumable(connection, &job.scope.account, role.as_str())?
    {
        return Ok(Some(Ending::role_not_assumable(role.as_str())));
    }
    if let Some(ending) = unfit_vault(connection, record)? {
        return Ok(Some(ending));
    }
    Ok((!fits_lock(connection, record)?).then(Ending::outside_lock))
}

/// Why a job cannot write into its vault: it is not there, or of another kind than it was named as. What was meant for an
/// air-gapped vault never comes into one that is not.
fn unfit_vault(connection: &Connection, record: &BackupRecord) -> Result<Option<Ending>> {
    let job = &record.job;
    let Some((vault_type, _)) = vaults::rows::kind(connection, &job.vault_arn)? else {
        return Ok(Some(Ending::no_vault(job.vault_arn.as_str())));
    };
    if vault_type != job.vault_type {
        return Ok(Some(Ending::other_kind_of_vault(job.vault_arn.as_str(), job.vault_type.is_air_gapped())));
    }
    let takes = !vault_type.is_air_gapped() || air_gap::takes_directly(&job.resource_type);
    Ok((!takes).then(|| Ending::not_into_air_gap(job.resource_type.as_str())))
}

/// Whether the lock of the vault lets in what the job would make.
fn fits_lock(connection: &Connection, record: &BackupRecord) -> Result<bool> {
    vaults::lock::retention_fits(connection, &record.job.vault_arn, record.job.lifecycle.as_ref())
}
