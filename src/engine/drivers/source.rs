//! The backup's side of a driver.

use crate::domain::{Arn, PointDetails, Time};
use crate::engine::drivers::{Fault, Inside, Mark, Registered};
use crate::repository::{BackupOutcome, Control, Id, ItemPath, Repository, TreeSource};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What a backup is of.
pub struct BackupCx<'a> {
    /// The resource, as it is registered.
    pub of: &'a Registered,
    /// What the job's `BackupOptions` say, of those that the type has.
    pub options: &'a BTreeMap<String, String>,
    /// The parent snapshot: what a source vouches for is told beside it.
    pub before: Option<Before<'a>>,
    /// What is the same for all backups of which each follows on the one before, and for no others: see [`Self::line_of`].
    pub line: &'a str,
    /// Whether this is the last attempt that the job has: what may go wrong and can be done without is better left out.
    pub is_last: bool,
    /// How the job is stopped.
    pub control: &'a Control,
}

impl BackupCx<'_> {
    /// The line of a vault: a resource's snapshots there follow on each other, and so do the bases of its continuous recovery point.
    pub fn line_of(vault: &Arn, continuous: bool) -> String {
        format!("{vault} {}", if continuous { "continuous" } else { "snapshots" })
    }
}

/// The snapshot of the newest whole recovery point that a resource has in the vault that it is backed up into; for another base of a
/// continuous recovery point that one's own.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// Where it lies.
    pub repository: &'a Arc<Repository>,
    /// The snapshot.
    pub snapshot: Id,
    /// The folder of its newest base, where it is a continuous one's.
    pub folder: Option<&'a str>,
}

impl Before<'_> {
    /// What is in it, by paths from `root`.
    pub fn inside<'s>(&'s self, root: &'s ItemPath) -> Inside<'s> {
        Inside { repository: self.repository, snapshot: self.snapshot, root }
    }
}

/// A resource that is open for a backup, as consistent as its service can make it.
///
/// The job calls [`Self::finish`] after the last byte was read. Dropped before, the backup was aborted: whatever was opened for
/// it (a child process, a snapshot of the file system, a slot of a server) ends, and nothing of it may stay.
pub trait Source: Send {
    /// What is walked and read.
    fn items(&self) -> &dyn TreeSource;

    /// The path in [`Self::items`] that is the resource's root: paths are told from there.
    fn root(&self) -> &Path;

    /// Why reading failed, where the source knows more of it than the error that it gave: that it is worth trying again.
    fn fault(&self) -> Option<Fault> {
        None
    }

    /// The last byte was read and nothing tells of the recovery point yet. Here a child process is asked for its exit status, and
    /// what was frozen is let go. With an error there is no recovery point.
    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault>;
}

/// What a driver says of a backup that is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PointFacts {
    /// Why the backup as a whole lacks something, though the service refused nothing: the job completes with this issue.
    pub lacks: Option<String>,
    /// What went otherwise than it should though nothing is lacking: the job completes with this issue too.
    pub issue: Option<String>,
    /// What there is to say of the recovery point: how consistent it is, the version of its service. It is kept with the point, told to
    /// people, and given to the restores of it; no secret may be in it.
    pub details: PointDetails,
    /// What to remember of the resource, once the recovery point is there.
    pub mark: Option<Mark>,
    /// The first moment, by the service's own clock, that what was read can be restored to with the log behind it.
    pub restorable_from: Option<Time>,
}
