//! What the descriptions of a parent job tell beyond the lists.

use crate::domain::job::JobState;
use serde::Serialize;
use std::collections::BTreeMap;

/// The child jobs of a parent job, counted.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChildJobs {
    number_of_child_jobs: u64,
    child_jobs_in_state: BTreeMap<String, u64>,
}

impl ChildJobs {
    /// Of jobs by their states.
    pub(super) fn of(states: BTreeMap<JobState, u64>) -> Self {
        Self {
            number_of_child_jobs: states.values().sum(),
            child_jobs_in_state: states.into_iter().map(|(state, jobs)| (state.as_str().to_owned(), jobs)).collect(),
        }
    }
}
