//! What the wall is shown, and what it cost to take that in.

use crate::client::Rows;
use crate::client::history::Past;
use crate::client::query::{PlanDetail, SelectableResource};
use crate::domain::job::{BackupJob, RestoreJob};
use crate::domain::metric::JobCounts;
use crate::domain::resource::ProtectedResource;
use std::sync::Arc;

/// What is known of one scope. What is not known is left out, and what was known before stays.
#[derive(Debug, Default)]
pub struct Seen<'a> {
    /// Its backup jobs.
    pub jobs: Option<&'a Rows<BackupJob>>,
    /// What is known of the time before these begin.
    pub past: Option<&'a Past>,
    /// Its restore jobs, of which some are restore tests.
    pub restores: Option<&'a Rows<RestoreJob>>,
    /// Its plans, as far as they are known.
    pub plans: Vec<&'a Arc<PlanDetail>>,
    /// Whether these are all, each with its selections.
    pub plans_known: bool,
    /// What can be selected in it, with tags.
    pub resources: Option<&'a Rows<SelectableResource>>,
    /// Whether that list has every resource that there is, and that of jobs every job, as an engine's have.
    pub whole: bool,
    /// What was backed up at least once.
    pub protected: Option<&'a Rows<ProtectedResource>>,
    /// How many of its jobs ended how, as CloudWatch counts them.
    pub counts: Option<&'a Arc<JobCounts>>,
}

/// How much was done since the wall was made: what a refresh costs is counted, not timed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Jobs that were put in or taken out.
    pub jobs: usize,
    /// Jobs from before the lists begin that were looked at.
    pub past: usize,
    /// Resources whose days were counted anew.
    pub rows: usize,
}
