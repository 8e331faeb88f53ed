//! Restore jobs: side by side, without windows, from a vault that need only be readable.

pub mod ops;
mod proving;
pub mod rows;
mod run;
mod scratch;

use crate::domain::job::JobState;
use crate::domain::names::JobId;
use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::authorize::air_gap;
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
use crate::engine::organization::roles;
use rows::{RestoreRecord, TABLE};
use std::sync::Arc;

/// Restore jobs.
pub(crate) struct Restores;

impl Kind for Restores {
    fn table(&self) -> &'static JobTable {
        &TABLE
    }

    fn name(&self) -> &'static str {
        "restore"
    }

    fn places(&self, engine: &Engine) -> usize {
        engine.jobs.workers
    }

    /// What an earlier process left is taken up only where it can be written down how that went.
    fn open(&self, engine: &Engine) -> Result<Vec<Box<dyn Job>>> {
        let open = engine.catalog.read(rows::open)?;
        let may = |record: &RestoreRecord| engine.data_dir.is_writable() || engine.jobs.is_of_session(&record.job.id);
        Ok(open.into_iter().filter(may).map(|record| Box::new(record) as Box<dyn Job>).collect())
    }
}

impl Job for RestoreRecord {
    fn id(&self) -> &JobId {
        &self.job.id
    }

    fn resource(&self) -> Option<&Arn> {
        None
    }

    fn holds_resource(&self) -> bool {
        false
    }

    fn complete_by(&self) -> Option<Time> {
        None
    }

    fn decide(&self, engine: &Arc<Engine>, turn: &mut Turn, chance: Chance) -> Result<Decision> {
        let job = &self.job;
        if job.state == JobState::Running {
            if !engine.jobs.resumes() {
                return Ok(Decision::Wait);
            }
            if self.attempts >= MAX_ATTEMPTS {
                let ending = engine.given_up(&job.id, job.status_message.as_deref(), self.attempts);
                return Ok(Decision::End(ending));
            }
        }
        if !chance.free || engine.rests(&job.id, chance.now) {
            return Ok(Decision::Wait);
        }
        if let Some(role) = &job.iam_role_arn
            && !engine.catalog.read(|c| roles::is_assumable(c, &job.scope.account, role.as_str()))?
        {
            return Ok(Decision::End(Ending::role_not_assumable(role.as_str())));
        }
        match &job.vault_arn {
            Some(vault) => engine.start_again(turn, &job.id, vault, Use::Reading, chance.now),
            None => Ok(Decision::End(Ending::failed(false, "The job names no backup vault."))),
        }
    }

    /// What lies in an air-gapped vault of another account is restored only as long as that is shared with this one.
    fn begin(&self, connection: &Connection, now: Time) -> Result<bool> {
        if let (JobState::Pending, Some(vault)) = (&self.job.state, &self.job.vault_arn)
            && !air_gap::sees(connection, vault, &self.job.scope.account)?
        {
            let why = format!("Backup vault {vault} is not shared with account {} any more.", self.job.scope.account);
            self.end(connection, &Ending::failed(true, why), 0, now)?;
            return Ok(false);
        }
        store::begin(connection, &TABLE, &self.job.id, now)
    }

    fn run(&self, engine: &Arc<Engine>, live: &LiveJob, entered: Entered) -> std::result::Result<Worked, Failure> {
        if self.is_test { proving::run(engine, live, self, entered) } else { run::run(engine, live, self, entered) }
    }

    fn end(&self, connection: &Connection, ending: &Ending, _bytes: i64, now: Time) -> Result<()> {
        rows::end(connection, &self.job.id, ending, None, now).map(drop)
    }
}
