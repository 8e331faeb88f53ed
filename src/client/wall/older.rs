//! The jobs of a scope that its list does not reach any more.

use super::differences::{differences, same};
use super::seen::Work;
use crate::client::history::Past;
use crate::client::{Rows, query};
use crate::domain::Time;
use crate::domain::job::BackupJob;
use std::sync::Arc;

/// The jobs, and what they were taken of.
#[derive(Debug)]
pub(super) struct Older {
    /// The newest first.
    pub(super) jobs: Vec<Arc<BackupJob>>,
    past: Rows<BackupJob>,
    /// From which of the jobs of the past on.
    begin: usize,
    /// Those of that time that are listed all the same.
    listed: Vec<Arc<BackupJob>>,
}

impl Default for Older {
    fn default() -> Self {
        Self { jobs: Vec::new(), past: query::rows([]), begin: 0, listed: Vec::new() }
    }
}

impl Older {
    /// Takes in what is known of the past beside a list, the newest first: what is gone, and what is new.
    pub(super) fn take_in(
        &mut self,
        past: &Past,
        list: &[Arc<BackupJob>],
        now: Time,
        work: &mut Work,
    ) -> (Vec<Arc<BackupJob>>, Vec<Arc<BackupJob>>) {
        let (begin, listed) = past.begin(list, now);
        let goes_on = Arc::ptr_eq(&self.past, &past.jobs) && same(&self.listed, listed) && begin <= self.begin;
        // Where only time went on some more are of that time, before those that were.
        let until = if goes_on { self.begin } else { past.jobs.len() };
        let found: Vec<_> = past.between(begin, until, listed).into_iter().cloned().collect();
        work.past += until - begin;
        let changes = if goes_on {
            self.jobs.splice(..0, found.iter().cloned());
            (Vec::new(), found)
        } else {
            let changes = differences(&self.jobs, &found);
            self.jobs = found;
            changes
        };
        (self.past, self.begin, self.listed) = (Arc::clone(&past.jobs), begin, listed.to_vec());
        changes
    }
}
