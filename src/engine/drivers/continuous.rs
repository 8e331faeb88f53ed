//! Following a service's log: the part of a driver that continuous backup needs.
//!
//! The engine asks the service to [hold](Continuous::hold) its log before the first base is read, and to
//! [release](Continuous::release) it when nothing follows it any more: between the two nothing that a chain needs goes away. A
//! [`Follower`] says from time to time what has come; the engine stores it, and only then says so.

use crate::domain::{PointDetails, Time};
use crate::engine::drivers::{Fault, Mark, Registered};
use crate::repository::Control;
use std::path::{Path, PathBuf};

/// What a driver of a service with a log does beyond its backups.
pub trait Continuous: Send + Sync {
    /// From now on the service keeps its log under this name until it is released. Again for the same name is fine.
    fn hold(&self, of: &Registered, name: &str) -> Result<(), Fault>;

    /// The service need not keep its log under this name any more. A name that it does not know is fine; after any fault
    /// it may keep it still, and is told again.
    fn release(&self, of: &Registered, name: &str) -> Result<(), Fault>;

    /// Where the log goes on behind a base, of which the driver said this.
    fn behind(&self, base: &PointDetails) -> Result<Mark, Fault>;

    /// The folder of a base in which the log lies, as a path from its root.
    fn log_folder(&self) -> &'static str;

    /// Whether a new base, of which the driver said this, needs a file that the log of the one before has. `last` is the last
    /// file of the new base's own log, by its name; empty where it has none.
    fn needs(&self, _base: &PointDetails, last: &[u8], file: &[u8]) -> bool {
        file > last
    }

    /// Begins to follow the log, or goes on.
    fn follow(&self, cx: &FollowCx<'_>) -> Result<Box<dyn Follower>, Broken>;
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
    /// Looks what has come. It takes some seconds at most.
    fn look(&mut self, control: &Control) -> Result<Progress, Broken>;

    /// What was told last is stored.
    fn kept(&mut self, progress: &Progress);
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
    /// Its name in the [log's folder](Continuous::log_folder).
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
