//! One resource on the wall.

use super::lane::{Days, Lane, day_of};
use super::outline::Outline;
use crate::domain::day::DayState;
use crate::domain::due::{Due, Standing, standing};
use crate::domain::job::BackupJob;
use crate::domain::{Arn, Scope, Time, sizes};
use chrono::Duration;
use chrono_tz::Tz;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The median of how long jobs took looks at so many of the newest.
const MEDIAN_OF: usize = 14;

/// A run of a plan of which no job of a resource came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// When it was due.
    pub at: Time,
    /// The plan's id.
    pub plan: String,
    /// The plan's name and the rule's.
    pub rule: String,
}

/// A resource on the wall.
#[derive(Debug)]
pub struct Row {
    /// Where it lives.
    pub scope: Scope,
    /// Its ARN.
    pub arn: Arn,
    /// Its name, where a list tells one.
    pub name: Option<String>,
    /// What became of its days, missing runs included.
    pub days: Arc<Days>,
    /// The runs of which no job came, the oldest first.
    pub missed: Vec<Missed>,
    /// Whether it is protected as its plans promise.
    pub standing: Standing,
    /// When its newest recovery point was begun.
    pub newest: Option<Time>,
    pub(super) outline: Outline,
    /// By plan's id; none is what was started on demand.
    pub(super) lanes: BTreeMap<Option<String>, Lane>,
    /// The same of the jobs that the service does not list any more.
    pub(super) older: BTreeMap<Option<String>, Lane>,
    /// Whether the service tells of it now. What only older jobs tell of is no row of the wall.
    pub(super) is_told: bool,
}

/// When a row is counted, and how far what is known of its jobs reaches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Time,
    pub(super) zone: Tz,
    /// From when on each older job was seen; none where that is not known.
    pub(super) whole_since: Option<Time>,
}

/// A plan that selects a resource: id, name, names of its rules, and its due runs.
pub(super) struct Promise<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) rules: Vec<&'a str>,
    pub(super) due: &'a [Due],
}

impl Row {
    pub(super) fn new(scope: Scope, arn: Arn) -> Self {
        Self {
            scope,
            arn,
            name: None,
            days: Arc::default(),
            missed: Vec::new(),
            standing: Standing::Unknown,
            newest: None,
            outline: Outline::default(),
            lanes: BTreeMap::new(),
            older: BTreeMap::new(),
            is_told: true,
        }
    }

    /// Whether no job is known of it.
    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty() && self.older.is_empty()
    }

    /// Its jobs by plan, those that are listed before those that are not any more.
    pub(super) fn all_lanes(&self) -> impl Iterator<Item = (&Option<String>, &Lane)> {
        self.lanes.iter().chain(&self.older)
    }

    /// Counts anew what follows from its jobs and from the plans that select it. `told` is when another list says that it
    /// was last backed up, and `known` is whether all plans that may select it are known.
    pub(super) fn refresh(&mut self, promises: &[Promise<'_>], told: Option<Time>, known: bool, moment: Moment) {
        let Moment { now, zone, whole_since } = moment;
        self.missed = promises.iter().flat_map(|promise| self.missed_of(promise, now, whole_since)).collect();
        self.missed.sort_by_key(|missed| missed.at);
        let mut days = Days::new();
        for (day, counts) in self.all_lanes().flat_map(|(_, lane)| &lane.days) {
            days.entry(*day).or_default().join(counts);
        }
        for missed in &self.missed {
            days.entry(day_of(missed.at, zone)).or_default().add(DayState::Missing);
        }
        self.outline = Outline::of(&days);
        self.days = Arc::new(days);
        let made = self.lanes.values().filter_map(|lane| Some(lane.good().next()?.created)).max();
        self.newest = made.max(told);
        self.standing = match (promises.is_empty(), known) {
            (true, true) => Standing::NoPlan,
            (true, false) => Standing::Unknown,
            // Of a plan whose selections could not be read no run is due, so it promised nothing that could be kept.
            (false, _) if promises.iter().all(|promise| promise.due.is_empty()) => Standing::Unknown,
            (false, _) => standing(self.newest, promises.iter().flat_map(|promise| promise.due), now),
        };
    }

    /// The runs of a plan of which no job of this resource came. Before the first job that the plan made of it nothing is
    /// missing: the resource may not have been there. Nor is it where not each job was seen.
    fn missed_of(&self, promise: &Promise<'_>, now: Time, whole_since: Option<Time>) -> Vec<Missed> {
        let plan = Some(promise.id.to_owned());
        let (lane, older) = (self.lanes.get(&plan), self.older.get(&plan).filter(|_| whole_since.is_some()));
        let oldest = |lane: &Lane| lane.jobs.last().map(|job| job.created);
        let first = older.and_then(oldest).max(whole_since.filter(|_| older.is_some())).or(lane.and_then(oldest));
        let Some(first) = first else { return Vec::new() };
        let over = promise.due.iter().filter(|due| due.at > first && due.is_over(now));
        let missed = over.filter(|due| {
            let rule = promise.rules.get(due.rule).copied().unwrap_or_default();
            let by = |job: &BackupJob| {
                let by = job.created_by.as_ref().map(|by| by.backup_rule_name.as_str());
                due.is_answered_by(rule, by.unwrap_or_default(), job.created)
            };
            let from = due.at - crate::domain::due::SLACK;
            !lane.into_iter().chain(older).any(|lane| lane.between(from, due.until).any(|job| by(job)))
        });
        missed
            .map(|due| Missed {
                at: due.at,
                plan: promise.id.to_owned(),
                rule: format!("{} / {}", promise.name, promise.rules.get(due.rule).copied().unwrap_or_default()),
            })
            .collect()
    }

    /// How long its jobs took of late: the median of the newest that completed.
    pub fn usual(&self) -> Option<Duration> {
        let mut good: Vec<&Arc<BackupJob>> =
            self.all_lanes().flat_map(|(_, lane)| lane.good().take(MEDIAN_OF)).collect();
        good.sort_by_key(|job| std::cmp::Reverse(job.created));
        let took = good.into_iter().take(MEDIAN_OF);
        sizes::median(took.filter_map(|job| Some(job.completed? - job.initiated.unwrap_or(job.created))).collect())
    }

    /// How many of its runs are missing since then.
    pub fn missing_since(&self, since: Time) -> usize {
        self.missed.len() - self.missed.partition_point(|missed| missed.at < since)
    }
}
