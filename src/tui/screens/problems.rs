//! The problems of the overview: what a person on call must see first.

use crate::domain::job::{BackupJob, JobState, RestoreJob};
use crate::domain::{Arn, Scope, Time};
use crate::tui::actions::last_part;
use crate::tui::fmt;
use crate::tui::route::Route;
use crate::tui::screens::points::resource_name;
use crate::tui::table::{Cell, Column, Record, When, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use chrono::Duration;
use std::borrow::Cow;
use std::collections::HashMap;

/// How bad it is; the worst sorts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Data are not protected.
    Bad,
    /// Something is not as it should be.
    Warning,
    /// It was bad, and a later run made it good.
    Recovered,
}

/// One problem.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Tells it from the others.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// One word: `FAILED`.
    pub what: &'static str,
    /// What it is about.
    pub name: String,
    /// Why, as far as known.
    pub detail: String,
    /// When.
    pub at: Time,
    /// Where it lives.
    pub scope: Scope,
    /// What opens.
    pub route: Route,
}

static COLUMNS: &[Column<Problem>] = &[
    Column::<Problem>::new("WHAT", 9, 11, |problem, world| {
        let (sign, role) = match problem.severity {
            Severity::Bad => (world.glyphs.bad, Role::Bad),
            Severity::Warning => (world.glyphs.warning, Role::Warning),
            Severity::Recovered => (world.glyphs.good, Role::Dim),
        };
        Cell::new(format!("{sign} {}", problem.what), role)
    })
    .sorted(|a, b| a.severity.cmp(&b.severity)),
    Column::<Problem>::new("WHEN", 10, 11, |problem, world| Cell::plain(fmt::relative(world.now(), problem.at)))
        .right()
        .priority(1)
        .sorted(|a, b| b.at.cmp(&a.at)),
    Column::<Problem>::new("OF", 10, 24, |problem, _| Cell::new(problem.name.clone(), Role::Accent))
        .sorted(|a, b| by_text(&a.name, &b.name)),
    Column::<Problem>::new("ACCOUNT", 10, 18, |problem, world| Cell::plain(world.account(&problem.scope.account)))
        .priority(2)
        .when(When::ManyAccounts)
        .sorted(|a, b| a.scope.account.cmp(&b.scope.account)),
    Column::<Problem>::new("REGION", 9, 14, |problem, _| Cell::plain(problem.scope.region.to_string()))
        .priority(4)
        .when(When::ManyRegions),
    Column::<Problem>::new("WHY", 14, 40, |problem, _| Cell::plain(problem.detail.clone())).priority(3).grows(),
];

impl Record for Problem {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.id)
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        for word in [self.what, &self.name, &self.detail, self.scope.account.as_str(), self.scope.region.as_str()] {
            words.push_str(word);
            words.push(' ');
        }
    }
    fn is_problem(&self) -> bool {
        self.severity != Severity::Recovered
    }
}

/// Problems stay in view this long when nothing made them good.
const OPEN: Duration = Duration::days(7);
/// Problems that a later run made good stay this long.
const RECOVERED: Duration = Duration::hours(24);

/// All problems of the scopes that are shown: the open ones first, the newest first.
pub fn of(world: &World) -> Vec<Problem> {
    let mut problems = Vec::new();
    for scope in &world.shown {
        let jobs = world.store.backup_jobs(scope);
        problems.extend(backups(jobs.into_iter().flat_map(|jobs| jobs.iter()).map(AsRef::as_ref), world.now()));
        let jobs = world.store.restore_jobs(scope);
        problems.extend(jobs.into_iter().flat_map(|jobs| jobs.iter()).filter_map(|job| restore(job, world.now())));
    }
    problems.sort_by(|a, b| a.severity.cmp(&b.severity).then(b.at.cmp(&a.at)));
    problems
}

fn backups<'a>(jobs: impl Iterator<Item = &'a BackupJob> + Clone, now: Time) -> Vec<Problem> {
    let mut good: HashMap<&Arn, Time> = HashMap::new();
    for job in jobs.clone().filter(|job| job.state == JobState::Completed && !job.completed_with_issues()) {
        let newest = good.entry(&job.resource_arn).or_insert(job.created);
        *newest = (*newest).max(job.created);
    }
    jobs.filter_map(|job| {
        let (severity, what) = match job.state {
            JobState::Failed => (Severity::Bad, "FAILED"),
            JobState::Expired => (Severity::Bad, "EXPIRED"),
            JobState::Partial => (Severity::Warning, "PARTIAL"),
            JobState::Completed if job.completed_with_issues() => (Severity::Warning, "ISSUES"),
            _ => return None,
        };
        let recovered = good.get(&job.resource_arn).is_some_and(|at| *at > job.created);
        if now - job.created > if recovered { RECOVERED } else { OPEN } {
            return None;
        }
        Some(Problem {
            id: job.id.to_string(),
            severity: if recovered { Severity::Recovered } else { severity },
            what,
            name: resource_name(job.resource_name.as_ref(), &job.resource_arn),
            detail: job.status_message.clone().unwrap_or_default(),
            at: job.completed.unwrap_or(job.created),
            scope: job.scope.clone(),
            route: Route::BackupJob(job.scope.clone(), job.id.clone()),
        })
    })
    .collect()
}

fn restore(job: &RestoreJob, now: Time) -> Option<Problem> {
    if job.state != JobState::Failed || now - job.created > RECOVERED {
        return None;
    }
    let source = job.source_resource_arn.as_ref().or(job.recovery_point_arn.as_ref());
    Some(Problem {
        id: job.id.to_string(),
        severity: Severity::Bad,
        what: "RESTORE",
        name: source.map(last_part).unwrap_or_default(),
        detail: job.status_message.clone().unwrap_or_default(),
        at: job.completed.unwrap_or(job.created),
        scope: job.scope.clone(),
        route: Route::RestoreJob(job.scope.clone(), job.id.clone()),
    })
}
