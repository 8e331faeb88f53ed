//! What became of a day: of the jobs of something, and of the runs of which no job came.

use crate::domain::job::{BackupJob, JobState};
use crate::domain::{AccountId, Arn, Scope};
use serde::{Serialize, Serializer};

/// The worst that happened on a day; the worst is the greatest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DayState {
    /// Nothing was due, and nothing was made.
    #[default]
    NoneDue,
    /// A backup completed.
    Good,
    /// A job waits or runs.
    Running,
    /// Somebody stopped a job.
    Stopped,
    /// A backup completed with issues.
    Issues,
    /// A run was due, and no job came of it.
    Missing,
    /// A job missed its window.
    Expired,
    /// A job failed, or is partial.
    Failed,
}

impl DayState {
    /// All of them, the worst last.
    pub const ALL: [Self; 8] = [
        Self::NoneDue,
        Self::Good,
        Self::Running,
        Self::Stopped,
        Self::Issues,
        Self::Missing,
        Self::Expired,
        Self::Failed,
    ];

    /// What a backup job adds to its day.
    pub fn of(job: &BackupJob) -> Self {
        if job.completed_with_issues() { Self::Issues } else { Self::of_state(&job.state) }
    }

    /// What a state adds, whatever the job is of.
    pub fn of_state(state: &JobState) -> Self {
        match state {
            JobState::Completed => Self::Good,
            JobState::Failed | JobState::Partial => Self::Failed,
            JobState::Expired => Self::Expired,
            JobState::Aborted => Self::Stopped,
            JobState::Created | JobState::Pending | JobState::Running | JobState::Aborting | JobState::Other(_) => {
                Self::Running
            }
        }
    }

    /// Whether no backup came of a day on which one should have.
    pub fn is_bad(self) -> bool {
        self >= Self::Missing
    }

    /// In a few words, behind a number: `2 failed`.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoneDue => "none due",
            Self::Good => "ok",
            Self::Running => "not ended",
            Self::Stopped => "stopped",
            Self::Issues => "with issues",
            Self::Missing => "missing",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }
}

impl Serialize for DayState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// Whose days they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A resource's.
    Resource(Scope, Arn),
    /// All resources' of an account, in every region.
    Account(AccountId),
    /// What a plan's jobs made of them, by the plan's id; none is what was started on demand.
    Plan(Scope, Option<String>),
}

impl Owner {
    /// Whether a job is one of its own.
    pub fn has(&self, job: &BackupJob) -> bool {
        match self {
            Self::Resource(scope, arn) => job.resource_arn == *arn && job.scope == *scope,
            Self::Account(account) => job.scope.account == *account,
            Self::Plan(scope, plan) => {
                let by = job.created_by.as_ref().map(|by| by.backup_plan_id.as_str());
                job.scope == *scope && by == plan.as_deref()
            }
        }
    }
}

/// How often each thing happened on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayCounts([u32; DayState::ALL.len()]);

impl DayCounts {
    /// One more.
    pub fn add(&mut self, state: DayState) {
        self.0[state as usize] += 1;
    }

    /// So many more.
    pub fn add_many(&mut self, state: DayState, number: u32) {
        let count = &mut self.0[state as usize];
        *count = count.saturating_add(number);
    }

    /// One less; of nothing, nothing is taken.
    pub fn remove(&mut self, state: DayState) {
        self.0[state as usize] = self.0[state as usize].saturating_sub(1);
    }

    /// All of another day's on top.
    pub fn join(&mut self, other: &Self) {
        for (own, more) in self.0.iter_mut().zip(other.0) {
            *own += more;
        }
    }

    /// How often it happened.
    pub fn of(&self, state: DayState) -> u32 {
        self.0[state as usize]
    }

    /// How many jobs there were.
    pub fn jobs(&self) -> u32 {
        self.0.iter().sum::<u32>() - self.of(DayState::Missing) - self.of(DayState::NoneDue)
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// The worst of it.
    pub fn worst(&self) -> DayState {
        DayState::ALL.into_iter().rev().find(|state| self.of(*state) > 0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_a_day_is_told_and_what_is_taken_back_is_gone() {
        let mut day = DayCounts::default();
        assert_eq!((day.worst(), day.jobs(), day.is_empty()), (DayState::NoneDue, 0, true));
        for state in [DayState::Good, DayState::Failed, DayState::Expired, DayState::Missing] {
            day.add(state);
        }
        assert_eq!((day.worst(), day.jobs()), (DayState::Failed, 3));
        day.remove(DayState::Failed);
        assert_eq!((day.worst(), day.jobs()), (DayState::Expired, 2));
        day.remove(DayState::Failed);
        assert_eq!(day.jobs(), 2);
    }

    #[test]
    fn all_are_in_the_order_of_how_bad_they_are() {
        assert!(DayState::ALL.is_sorted());
        assert!(DayState::ALL.iter().enumerate().all(|(at, state)| *state as usize == at));
        let bad: Vec<DayState> = DayState::ALL.into_iter().filter(|state| state.is_bad()).collect();
        assert_eq!(bad, [DayState::Missing, DayState::Expired, DayState::Failed]);
    }
}
