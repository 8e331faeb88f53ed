//! The jobs of one resource by one plan, and what they are to each day.

use crate::domain::Time;
use crate::domain::day::{DayCounts, DayState};
use crate::domain::job::{BackupJob, JobState};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What became of each day; a day that is not there has nothing.
pub type Days = BTreeMap<NaiveDate, DayCounts>;

/// The day that a moment belongs to, on the clock of a zone.
pub fn day_of(at: Time, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

/// The jobs that one plan made of one resource, or that were started on demand.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The newest first, as lists tell them, so that what a list tells first is appended.
    pub(super) jobs: Vec<Arc<BackupJob>>,
    pub(super) days: Days,
}

impl Lane {
    fn place(&self, job: &BackupJob) -> usize {
        self.jobs.partition_point(|known| (known.created, &known.id) > (job.created, &job.id))
    }

    pub(super) fn add(&mut self, job: Arc<BackupJob>, zone: Tz) {
        self.days.entry(day_of(job.created, zone)).or_default().add(DayState::of(&job));
        let place = self.place(&job);
        self.jobs.insert(place, job);
    }

    pub(super) fn remove(&mut self, job: &BackupJob, zone: Tz) {
        let place = self.place(job);
        if self.jobs.get(place).is_none_or(|known| known.id != job.id) {
            return;
        }
        let job = self.jobs.remove(place);
        let day = day_of(job.created, zone);
        if let Some(counts) = self.days.get_mut(&day) {
            counts.remove(DayState::of(&job));
            if counts.is_empty() {
                self.days.remove(&day);
            }
        }
    }

    /// The jobs that were created from `from` to `until`, both included, the newest first.
    pub(super) fn between(&self, from: Time, until: Time) -> impl Iterator<Item = &Arc<BackupJob>> {
        let start = self.jobs.partition_point(|job| job.created > until);
        self.jobs[start..].iter().take_while(move |job| job.created >= from)
    }

    /// Of its jobs that left a recovery point the newest first.
    pub(super) fn good(&self) -> impl Iterator<Item = &Arc<BackupJob>> {
        self.jobs.iter().filter(|job| job.state == JobState::Completed)
    }
}
