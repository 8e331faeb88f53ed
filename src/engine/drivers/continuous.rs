//! Following a service's log: the part of a driver that continuous backup needs.
//!
//! The engine asks the service to [hold](Continuous::hold) its log before the first base is read, and to
//! [release](Continuous::release) it when nothing follows it any more: between the two nothing that a chain needs goes away. A
//! [`Follower`] says from time to time what has come; the engine stores it, and only then says so.

use crate::domain::{PointDetails, Time};
use crate::engine::drivers::{Fault, Mark, Registered};
use crate::repository::{Control, ReadElsewhere, SourceItem};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a driver of a service with a log does beyond its backups.
pub trait Continuous: Send + Sync {
    /// From now on the service keeps its log under this name until it is released. Again for the same name is fine.
    fn hold(&self, of: &Registered, name: &str) -> Result<(), Fault>;

    /// Before the first base of a point is read, once the log is held: notes in the [spool](FollowCx::spool) what a follower has to
    /// know of the service as it is now. Again is fine, as long as nobody follows.
    fn begin(&self, _of: &Registered, _spool: &Path, _control: &Control) -> Result<(), Fault> {
        Ok(())
    }

    /// The service need not keep its log under this name any more. A name that it does not know is fine; after any fault
    /// it may keep it still, and is told again.
    fn release(&self, of: &Registered, name: &str) -> Result<(), Fault>;

    /// Where the log goes on behind a base, of which the driver said this.
    fn behind(&self, base: &PointDetails) -> Result<Mark, Fault>;

    /// The folder of a base in which the log lies, as a path from its root.
    fn log_folder(&self) -> &'static str;

    /// What a later base, of which the driver said this, needs of the log that the one before has.
    fn needed(&self, _base: &PointDetails) -> Needed {
        Needed::BehindItsOwn
    }

    /// Whether a later base takes over from the one before what did not change since.
    fn takes_over(&self) -> bool {
        false
    }

    /// Begins to follow the log, or goes on.
    fn follow(&self, cx: &FollowCx<'_>) -> Result<Box<dyn Follower>, Broken>;
}

/// What is said of a file by its name.
pub type OfName = dyn Fn(&[u8]) -> bool + Send;

/// What a later base needs of the log that the one before has.
pub enum Needed {
    /// The files behind the last one of the log that it has itself.
    BehindItsOwn,
    /// What is behind this name, folders that are all behind it as a whole.
    Behind(PathBuf),
    /// The files that this is said of, by their names: their order is the service's own.
    Files(Box<OfName>),
}

/// A log that is to be followed.
pub struct FollowCx<'a> {
    /// The resource, as it is registered.
    pub of: &'a Registered,
    /// The name under which the service keeps its log.
    pub hold: &'a str,
    /// Up to where the log is stored.
    pub log: &'a Mark,
    /// A folder for what has come and is not stored yet. What is in it after a crash may be used.
    pub spool: &'a Path,
}

/// Who follows a log. Dropped, it stops: no process and no connection may stay.
pub trait Follower: Send {
    /// Looks what has come. It takes some seconds at most, or looks meanwhile whether it is wanted still.
    fn look(&mut self, control: &Control) -> Result<Progress, Broken>;

    /// What was told last is stored.
    fn kept(&mut self, progress: &Progress);

    /// What of the log that came last lies with the service still: it is read while it is stored, and needs no room in the spool.
    fn elsewhere(&self) -> Option<&dyn Elsewhere> {
        None
    }

    /// How long after it was stored it is looked again; the engine's own time where a driver has no reason for another.
    fn pause(&self) -> Option<Duration> {
        None
    }
}

/// Files of a log that are read from the service while they are stored.
pub trait Elsewhere: ReadElsewhere {
    /// These files, by their names in the [log's folder](Continuous::log_folder): by these they are opened too.
    fn files(&self) -> Vec<(PathBuf, SourceItem)>;

    /// Why one of them could not be read, where that was the service's doing.
    fn broken(&self) -> Option<Broken>;
}

/// What of a log has come since the last time.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Files of the log that are new or longer than before.
    pub files: Vec<LogFile>,
    /// Up to where the log is stored once these are.
    pub log: Mark,
    /// Up to which moment, by the service's own clock, the log has everything then; none where that is not later than before.
    pub latest: Option<Time>,
    /// The last change that is in what came.
    pub newest_change: Option<Time>,
}

/// A file of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Its name in the [log's folder](Continuous::log_folder); with slashes it lies in folders there.
    pub name: String,
    /// Where its content is.
    pub from: PathBuf,
    /// How many bytes of it count; behind them it has zeros.
    pub length: u64,
    /// How many bytes it has.
    pub size: u64,
}

/// Why a log cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// Something of it is gone for good, or it is another log: what comes cannot continue what is stored.
    Gap(String),
    /// It cannot be followed now. The service keeps it.
    For(Fault),
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self::For(fault)
    }
}
