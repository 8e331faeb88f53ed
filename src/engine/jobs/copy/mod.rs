//! Copy jobs: side by side, without windows, from a vault that need only be readable into one that may be written.
//!
//! What stands in the way of a copy is looked at when it begins, in the transaction that says so: the vaults, the policies and
//! the settings of that moment count, and not those of the call.
//!
//! The job of a composite recovery point stands for a child job for each point that is nested in it, and makes a composite of what
//! they copied.

mod admission;
mod composite;
pub mod create;
pub mod ops;
pub mod rows;
mod run;
mod stored;

use crate::domain::job::JobState;
use crate::domain::names::JobId;
use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::jobs::MAX_ATTEMPTS;
use crate::engine::jobs::entered::{Entered, Use};
use crate::engine::jobs::kind::{Chance, Decision, Job, Kind};
use crate::engine::jobs::live::LiveJob;
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::rows::store;
use crate::engine::jobs::rows::table::JobTable;
use crate::engine::jobs::turn::Turn;
use crate::engine::jobs::work::{Failure, Worked};
use crate::engine::points::rows::chains;
use chrono::Duration;
use rows::{CopyRecord, TABLE};
use std::sync::Arc;

/// How long a job is tried again that cannot begin for the time being.
const RETRIED_FOR: Duration = Duration::hours(2);

/// Copy jobs.
pub(crate) struct Copies;

impl Kind for Copies {
    fn table(&self) -> &'static JobTable {
        &TABLE
    }

    fn name(&self) -> &'static str {
        "copy"
    }

    fn places(&self, engine: &Engine) -> usize {
        engine.places_for_points()
    }

    fn open(&self, engine: &Engine) -> Result<Vec<Box<dyn Job>>> {
        if !engine.data_dir.is_writable() {
            return Ok(Vec::new());
        }
        let open = engine.catalog.read(rows::open)?;
        Ok(open.into_iter().map(|record| Box::new(record) as Box<dyn Job>).collect())
    }
}

impl Job for CopyRecord {
    fn id(&self) -> &JobId {
        &self.job.id
    }

    fn resource(&self) -> Option<&Arn> {
        None
    }

    fn holds_resource(&self) -> bool {
        false
    }

    fn left_in(&self) -> Option<&Arn> {
        (self.job.state != JobState::Created).then_some(&self.destination)
    }

    fn complete_by(&self) -> Option<Time> {
        None
    }

    fn decide(&self, engine: &Arc<Engine>, turn: &mut Turn, chance: Chance) -> Result<Decision> {
        let (job, now) = (&self.job, chance.now);
        if let Some(parent) = self.as_parent() {
            return composite::decide(self, &parent, engine, turn, chance);
        }
        if job.state == JobState::Running {
            if !engine.jobs.resumes() {
                return Ok(Decision::Wait);
            }
            if self.attempts >= MAX_ATTEMPTS {
                let ending = engine.given_up(&job.id, job.status_message.as_deref(), self.attempts);
                return Ok(Decision::End(ending));
            }
        } else if let Some(ending) = self.tried_for_too_long(engine, now) {
            return Ok(Decision::End(ending));
        }
        if !chance.free || engine.rests(&job.id, now) {
            return Ok(Decision::Wait);
        }
        if let Some(ending) = engine.catalog.read(|connection| admission::refusal(connection, self))? {
            return Ok(Decision::End(ending));
        }
        // Who stores the log wakes it.
        if engine.catalog.read(|connection| chains::awaits_log(connection, &self.source_point))? {
            return Ok(Decision::Wait);
        }
        let from = match engine.start_again(turn, &job.id, &self.source_vault, Use::Reading, now)? {
            Decision::Start(from) => from,
            other => return Ok(other),
        };
        Ok(match engine.start_again(turn, &job.id, &self.destination, Use::Writing, now)? {
            Decision::Start(into) => Decision::Start(Entered { from: Some(Box::new(from)), ..into }),
            other => other,
        })
    }

    /// Only if nothing stands in its way: with the turn to write in hand nobody deletes its vault or changes a policy.
    fn begin(&self, connection: &Connection, now: Time) -> Result<bool> {
        if let Some(ending) = admission::refusal(connection, self)? {
            self.end(connection, &ending, 0, now)?;
            return Ok(false);
        }
        let begins = store::begin(connection, &TABLE, &self.job.id, now)?;
        if let Some(parent) = self.job.parent_job_id.as_ref().filter(|_| begins) {
            rows::begin_parent(connection, parent, now)?;
        }
        Ok(begins)
    }

    fn run(&self, engine: &Arc<Engine>, live: &LiveJob, entered: Entered) -> std::result::Result<Worked, Failure> {
        // What it stored until it failed or was stopped is nobody's: the collection looks for it.
        let worked = match self.as_parent() {
            Some(parent) => composite::run(engine, live, self, &parent, entered),
            None => run::run(engine, live, self, entered),
        };
        worked.inspect_err(|_| engine.jobs.litter(&self.destination))
    }

    fn end(&self, connection: &Connection, ending: &Ending, _bytes: i64, now: Time) -> Result<()> {
        rows::end(connection, &self.job.id, ending, now).map(drop)
    }
}

impl CopyRecord {
    /// How a job ends that could not begin for the time being, and that for too long.
    fn tried_for_too_long(&self, engine: &Engine, now: Time) -> Option<Ending> {
        let setback = engine.jobs.setbacks().get(&self.job.id).cloned()?;
        (now - setback.since >= RETRIED_FOR).then(|| Ending::failed(false, setback.why))
    }
}
