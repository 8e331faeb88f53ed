//! What the job machine asks of a kind of job. The queue, the threads of jobs, held jobs, windows and setbacks know this and no
//! kind by name, nor do deletions, collections and the removal of old records; [`KINDS`](super::KINDS) is the only list of them.
//!
//! A job lives as a row and, while it is under way, as a [`LiveJob`]. The queue lists the rows that are not over ([`Kind::open`]),
//! asks of each what is to become of it ([`Job::decide`]), and writes all beginnings and ends of a turn in one transaction
//! ([`Job::begin`], [`Job::end`]); each job that began has a thread ([`Job::run`]), whose [`Finish`](super::finish::Finish)
//! commits or discards what it did, at once, with others, or when its simulated time has come.
//!
//! A parent of other jobs is one whose `decide` waits while its children are open: it has a thread to make them, and another one to
//! store what became of them, COMPLETED or PARTIAL, and none in between. A job that follows
//! a stream is a kind whose `run` returns only when it is stopped, and whose `complete_by` is none; what it has made durable on
//! the way is its own to write down.

use crate::domain::names::JobId;
use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::jobs::entered::Entered;
use crate::engine::jobs::live::LiveJob;
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::rows::table::JobTable;
use crate::engine::jobs::turn::Turn;
use crate::engine::jobs::work::{Failure, Worked};
use std::sync::Arc;

/// A kind of job.
pub(crate) trait Kind: Sync {
    /// Its table: the rules of its states, and what its jobs need and write.
    fn table(&self) -> &'static JobTable;

    /// What its threads are called.
    fn name(&self) -> &'static str;

    /// How many of its jobs may be under way side by side. Those that make recovery points take turns in the engine's lanes as
    /// they work: of them there may be more than work at a time.
    fn places(&self, engine: &Engine) -> usize;

    /// Its jobs that are not over and that this process may run, in the order in which they are to be looked at.
    fn open(&self, engine: &Engine) -> Result<Vec<Box<dyn Job>>>;

    /// When the next of those that wait is to be looked at, whatever happens until then.
    fn next_event(&self, _connection: &Connection) -> Result<Option<Time>> {
        Ok(None)
    }
}

/// A job as its row has it.
pub(crate) trait Job: Send {
    /// Its id.
    fn id(&self) -> &JobId;

    /// What no other job may work on meanwhile.
    fn resource(&self) -> Option<&Arn>;

    /// Whether that is so even while this job waits: an earlier process left it running.
    fn holds_resource(&self) -> bool;

    /// The vault in which an earlier process may have left something of it.
    fn left_in(&self) -> Option<&Arn> {
        None
    }

    /// Until when it must be done.
    fn complete_by(&self) -> Option<Time>;

    /// What is to become of it now. Waits for nothing: a vault that is not open is opened in the background.
    fn decide(&self, engine: &Arc<Engine>, turn: &mut Turn, chance: Chance) -> Result<Decision>;

    /// Writes that it begins, or begins again. Whether it does: what it needs may have gone since it was decided.
    fn begin(&self, connection: &Connection, now: Time) -> Result<bool>;

    /// Does its work, in a thread of its own.
    fn run(&self, engine: &Arc<Engine>, live: &LiveJob, entered: Entered) -> std::result::Result<Worked, Failure>;

    /// Writes how it ended without a result, after it had moved so many bytes.
    fn end(&self, connection: &Connection, ending: &Ending, bytes: i64, now: Time) -> Result<()>;
}

/// How things stand for a job that is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chance {
    /// Whether another job has its resource.
    pub taken: bool,
    /// Whether its kind has a place for it.
    pub free: bool,
    /// Engine time.
    pub now: Time,
}

/// What to do with a job that is not under way.
pub(crate) enum Decision {
    /// Begin it, or begin it again, in the vault that has let it in.
    Start(Entered),
    /// Leave it for later.
    Wait,
    /// It is over.
    End(Ending),
}
