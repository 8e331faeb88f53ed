//! The wall: what became of each day of each resource, account and plan, and how each is protected.
//!
//! It is kept up to date by what changed: a list of jobs is compared with the one before it by its rows' addresses, and only
//! the resources of the jobs that came, went or changed are counted anew. A plan that changes, or of which a run falls due,
//! counts the resources anew that it has to do with, and so does a resource of which another list says something else. Accounts and plans
//! are summed up from their resources' days.

mod counted;
mod differences;
mod estate;
mod known;
mod lane;
mod older;
mod outline;
mod row;
mod seen;
#[cfg(test)]
mod tests;

pub use lane::{Days, day_of};
pub use row::{Missed, Row};
pub use seen::{Seen, Work};

use crate::domain::day::{DayState, Owner};
use crate::domain::due::Standing;
use crate::domain::job::BackupJob;
use crate::domain::{Scope, Time};
use chrono::NaiveDate;
use chrono_tz::Tz;
use estate::Estate;
use outline::Outline;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a line of the wall is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Turn {
    /// A resource.
    #[default]
    Resources,
    /// An account.
    Accounts,
    /// A plan.
    Plans,
}

/// Which resources are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Only {
    /// All.
    #[default]
    All,
    /// Those that are not protected as their plans promise.
    Unprotected,
    /// Those with a run in the last day of which no job came.
    Missing,
    /// Those that no restore test has proven of late.
    Unproven,
}

/// One line of the wall.
#[derive(Debug, Clone)]
pub struct Line {
    /// Whose days they are.
    pub owner: Owner,
    /// The resource's name, where it has one, or the plan's.
    pub name: Option<String>,
    /// Its days.
    pub days: Arc<Days>,
    outline: Outline,
}

/// The counts of the tiles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Resources that are known.
    pub resources: usize,
    /// Those that are protected as their plans promise.
    pub protected: usize,
    /// Those that no plan selects.
    pub no_plan: usize,
    /// Those of which it is not known.
    pub unknown: usize,
    /// Jobs that failed in the last day.
    pub failed: usize,
    /// Jobs that expired in the last day.
    pub expired: usize,
    /// Runs of the last day of which no job of a resource came.
    pub missing: usize,
    /// Resources that have a recovery point, of scopes whose restore tests are known.
    pub tested: usize,
    /// Those that a restore test has proven.
    pub proven: usize,
}

/// All scopes.
#[derive(Debug)]
pub struct Wall {
    zone: Tz,
    estates: BTreeMap<Scope, Estate>,
    work: Work,
}

impl Default for Wall {
    fn default() -> Self {
        Self::new(Tz::UTC)
    }
}

impl Wall {
    /// An empty wall whose days are those of `zone`.
    pub fn new(zone: Tz) -> Self {
        Self { zone, estates: BTreeMap::new(), work: Work::default() }
    }

    /// Takes in what is known of a scope now.
    pub fn update(&mut self, scope: &Scope, seen: &Seen<'_>, now: Time) {
        let estate = self.estates.entry(scope.clone()).or_default();
        estate.update(scope, seen, now, self.zone, &mut self.work);
    }

    /// Forgets every scope but these.
    pub fn keep(&mut self, scopes: &[Scope]) {
        self.estates.retain(|scope, _| scopes.contains(scope));
    }

    /// How much was done so far.
    pub fn work(&self) -> Work {
        self.work
    }

    /// The zone whose clock says which day it is.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Every resource.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.estates.values().flat_map(Estate::told)
    }

    /// One resource.
    pub fn row(&self, owner: &Owner) -> Option<&Row> {
        let Owner::Resource(scope, arn) = owner else { return None };
        self.estates.get(scope)?.rows.get(arn).filter(|row| row.is_told)
    }

    /// The jobs that have not ended.
    pub fn open(&self) -> impl Iterator<Item = &Arc<BackupJob>> {
        self.estates.values().flat_map(|estate| estate.open.values())
    }

    /// The counts of the day before `now`.
    pub fn counts(&self, now: Time) -> Counts {
        let since = now - chrono::Duration::days(1);
        let mut counts = Counts::default();
        for estate in self.estates.values() {
            for (_, state) in estate.bad.iter().rev().take_while(|((at, _), _)| *at >= since) {
                counts.failed += usize::from(*state == DayState::Failed);
                counts.expired += usize::from(*state == DayState::Expired);
            }
            for row in estate.told() {
                counts.resources += 1;
                counts.protected += usize::from(row.standing == Standing::Within);
                counts.no_plan += usize::from(row.standing == Standing::NoPlan);
                counts.unknown += usize::from(row.standing == Standing::Unknown);
                counts.missing += row.missing_since(since);
                if let (Some(proven), Some(_)) = (&estate.proven, row.newest) {
                    counts.tested += 1;
                    counts.proven += usize::from(proven.contains(&row.arn));
                }
            }
        }
        counts
    }

    /// Whether a restore test has proven a resource of late; none where that is not known.
    pub fn is_proven(&self, row: &Row) -> Option<bool> {
        Some(self.estates.get(&row.scope)?.proven.as_ref()?.contains(&row.arn))
    }

    /// Whether a resource has a recovery point, and it is known that no restore test has proven one of late.
    pub fn is_unproven(&self, row: &Row) -> bool {
        row.newest.is_some() && self.is_proven(row) == Some(false)
    }

    fn is_shown(&self, row: &Row, only: Only, now: Time) -> bool {
        match only {
            Only::All => true,
            Only::Unprotected => !matches!(row.standing, Standing::Within),
            Only::Missing => row.missing_since(now - chrono::Duration::days(1)) > 0,
            Only::Unproven => self.is_unproven(row),
        }
    }

    /// The lines of the wall, the worst first.
    pub fn lines(&self, turn: Turn, only: Only, now: Time) -> Vec<Line> {
        let rows = self.rows().filter(|row| self.is_shown(row, only, now));
        let mut lines: Vec<Line> = match turn {
            Turn::Resources => rows
                .map(|row| Line {
                    owner: Owner::Resource(row.scope.clone(), row.arn.clone()),
                    name: row.name.clone(),
                    days: Arc::clone(&row.days),
                    outline: row.outline,
                })
                .collect(),
            Turn::Accounts => {
                let rows = rows.map(|row| (&row.scope, row.days.as_ref().clone())).collect();
                summed(self.by_account(rows, only == Only::All))
            }
            Turn::Plans => summed(rows.flat_map(|row| self.by_plan(row))),
        };
        let today = day_of(now, self.zone);
        lines.sort_by_cached_key(|line| (Reverse(line.outline.rank(today)), line.name.clone(), line.owner.clone()));
        lines
    }

    /// The days of accounts. Where all their resources are meant, CloudWatch's counts stand for the days of which not each job was seen.
    fn by_account<'a>(
        &'a self,
        rows: Vec<(&'a Scope, Days)>,
        all: bool,
    ) -> impl Iterator<Item = (Owner, Option<String>, Days)> + 'a {
        let counted = move |scope: &Scope| self.estates.get(scope)?.counted(self.zone).filter(|_| all);
        let seen = rows.into_iter().map(move |(scope, mut days)| {
            if let Some((range, _)) = counted(scope) {
                days.retain(|day, _| !range.contains(day));
            }
            (scope, days)
        });
        let told = self.estates.keys().filter_map(move |scope| {
            let (range, days) = counted(scope)?;
            Some((scope, days.range(range).map(|(day, counts)| (*day, *counts)).collect::<Days>()))
        });
        seen.chain(told).map(|(scope, days)| (Owner::Account(scope.account.clone()), None, days))
    }

    /// Whether what is told of a day of an account is, as a whole or in part, what CloudWatch counts.
    pub fn is_counted(&self, owner: &Owner, only: Only, day: NaiveDate) -> bool {
        let (Owner::Account(_), Only::All) = (owner, only) else { return false };
        let mut estates = self.estates.iter().filter(|(scope, _)| is_in(owner, scope));
        estates.any(|(_, estate)| estate.counted(self.zone).is_some_and(|(range, _)| range.contains(&day)))
    }

    fn by_plan<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (Owner, Option<String>, Days)> + 'a {
        let lanes = row.all_lanes().map(|(plan, lane)| {
            let name = lane.jobs.first().and_then(|job| Some(job.created_by.as_ref()?.backup_plan_name.clone()));
            (Owner::Plan(row.scope.clone(), plan.clone()), name, lane.days.clone())
        });
        let missed = row.missed.iter().map(|missed| {
            let mut days = Days::new();
            days.entry(day_of(missed.at, self.zone)).or_default().add(DayState::Missing);
            (Owner::Plan(row.scope.clone(), Some(missed.plan.clone())), None, days)
        });
        lanes.chain(missed)
    }

    /// The last day of which not each job of an owner was seen: of one without a job, up to then, nothing is known. What CloudWatch
    /// counts of an account is seen where all its resources are meant.
    pub fn unseen(&self, owner: &Owner, only: Only) -> Option<NaiveDate> {
        let estates = self.estates.iter().filter(|(scope, _)| is_in(owner, scope));
        let unseen = |estate: &Estate| match (owner, estate.counted(self.zone)) {
            (Owner::Account(_), Some((range, _))) if only == Only::All => range.start().pred_opt(),
            _ => estate.unseen(self.zone),
        };
        estates.filter_map(|(_, estate)| unseen(estate)).max()
    }

    /// What happened on a day: the jobs, the newest first, and the runs of which none came.
    pub fn told(&self, owner: &Owner, day: NaiveDate) -> (Vec<Arc<BackupJob>>, Vec<&Missed>) {
        let has = |row: &Row, plan: Option<&str>| match owner {
            Owner::Resource(_, arn) => row.arn == *arn,
            Owner::Account(_) => true,
            Owner::Plan(_, own) => own.as_deref() == plan,
        };
        let (mut jobs, mut missed) = (Vec::new(), Vec::new());
        for (scope, estate) in &self.estates {
            if !is_in(owner, scope) {
                continue;
            }
            jobs.extend(estate.jobs_on(day, self.zone, has));
            let runs = estate.told().flat_map(|row| row.missed.iter().filter(move |one| has(row, Some(&one.plan))));
            missed.extend(runs.filter(|one| day_of(one.at, self.zone) == day));
        }
        jobs.sort_by_key(|job| Reverse(job.created));
        (jobs, missed)
    }
}

/// Whether an owner has, or may have, jobs of a scope.
fn is_in(owner: &Owner, scope: &Scope) -> bool {
    match owner {
        Owner::Resource(own, _) | Owner::Plan(own, _) => own == scope,
        Owner::Account(account) => *account == scope.account,
    }
}

/// The lines of owners that are named more than once, their days joined.
fn summed(parts: impl Iterator<Item = (Owner, Option<String>, Days)>) -> Vec<Line> {
    let mut sums: BTreeMap<Owner, (Option<String>, Days)> = BTreeMap::new();
    for (owner, name, days) in parts {
        let sum = sums.entry(owner).or_default();
        sum.0 = sum.0.take().or(name);
        for (day, counts) in days {
            sum.1.entry(day).or_default().join(&counts);
        }
    }
    let line = |(owner, (name, days))| Line { owner, name, outline: Outline::of(&days), days: Arc::new(days) };
    sums.into_iter().map(line).collect()
}
