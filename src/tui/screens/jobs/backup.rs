//! The tab of backup jobs.

use crate::client::attributes::{Attribute, backup_job};
use crate::client::{Answer, Key, Query};
use crate::domain::day::{DayState, Owner};
use crate::domain::job::BackupJob;
use crate::tui::fmt;
use crate::tui::fmt::took;
use crate::tui::msg::Act;
use crate::tui::route::{Route, Slice};
use crate::tui::screens::jobs::{is_bad, push_all};
use crate::tui::screens::list::Listed;
use crate::tui::screens::{pane, status};
use crate::tui::store::Line;
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::Arc;

/// The list of backup jobs, or of a part of them.
#[derive(Debug, Default)]
pub struct BackupJobs {
    /// The part; none is all.
    pub slice: Option<Slice>,
}

static COLUMNS: &[Column<BackupJob>] = &[
    Column::of(&backup_job::STATE, 13, 13)
        .shown(|job, world| status::backup_job(job, world.glyphs))
        .says(&[status::ISSUES])
        .sorted(|a, b| a.state.cmp(&b.state)),
    Column::of(&backup_job::CREATED, 11, 11).sorted(|a, b| b.created.cmp(&a.created)),
    Column::of(&backup_job::RESOURCE, 14, 28)
        .role(Role::Accent)
        .once(|a, b| a.resource_arn == b.resource_arn && a.is_parent == b.is_parent)
        .sorted(|a, b| by_text(a.resource_arn.as_str(), b.resource_arn.as_str())),
    Column::of(&backup_job::TYPE, 4, 9).once(|a, b| a.resource_type == b.resource_type).priority(8),
    Column::of(&backup_job::VAULT, 12, 24)
        .sorted(|a, b| by_text(&a.vault_name, &b.vault_name))
        .once(|a, b| a.vault_name == b.vault_name)
        .priority(3),
    Column::of(&backup_job::SIZE, 8, 9).sorted(|a, b| b.size_bytes.cmp(&a.size_bytes)).priority(4),
    Column::of(&backup_job::TOOK, 6, 8)
        .shown(|job, world| Cell::plain(took(job.initiated, job.completed, world.now())))
        .priority(6),
    Column::account(10, 20).by_account().priority(2),
    Column::region(12, 14).by_region().priority(5),
    Column::of(&backup_job::PLAN, 10, 22)
        .shown(|job, _| match &job.created_by {
            None => Cell::dim("on demand"),
            Some(creator) => Cell::plain(creator.backup_plan_name.clone()),
        })
        .once(|a, b| plan_of(a) == plan_of(b))
        .priority(7),
    Column::of(&backup_job::MESSAGE, 20, 25).role(Role::Dim).grows().priority(1),
];

fn plan_of(job: &BackupJob) -> Option<&str> {
    job.created_by.as_ref().map(|creator| creator.backup_plan_name.as_str())
}

impl Record for BackupJob {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn attributes() -> &'static [&'static Attribute<Self>] {
        backup_job::ALL
    }
    fn words(&self, words: &mut String) {
        let plan = self.created_by.as_ref().map_or("on demand", |creator| creator.backup_plan_name.as_str());
        push_all(
            words,
            &[
                self.id.as_str(),
                self.state.as_str(),
                self.resource_arn.as_str(),
                self.resource_name.as_deref().unwrap_or_default(),
                self.resource_type.as_str(),
                &self.vault_name,
                self.scope.account.as_str(),
                self.scope.region.as_str(),
                plan,
                self.status_message.as_deref().unwrap_or_default(),
            ],
        );
    }
    fn is_problem(&self) -> bool {
        is_bad(&self.state) || self.completed_with_issues()
    }
}

const EMPTY: pane::Empty<'_> = &[
    "No backup job yet.",
    "",
    "Back something up now:",
    "$ :start-backup",
    "or let a plan do it every night:",
    "$ :create-plan",
    "",
    "There must be a resource to back up. Register one:",
    "$ :add-resource",
];

const EMPTY_PART: pane::Empty<'_> = &[
    "There is no such backup job.",
    "",
    "Where a run is missing, no job came of it: look at the plan's role, at its selection, and whether the type is opted in.",
    "esc goes back.",
];

/// What a part of the jobs is called.
fn title_of(slice: &Slice, world: &World) -> String {
    let mut title = match slice.state {
        Some(DayState::Running) => "Backup jobs that wait or run".to_owned(),
        Some(state) => format!("Backup jobs that {}", state.word()),
        None => "Backup jobs".to_owned(),
    };
    match &slice.owner {
        Some(Owner::Resource(scope, arn)) => title.push_str(&format!(" of {}", world.resource_name(scope, arn))),
        Some(Owner::Account(account)) => title.push_str(&format!(" of {}", world.account(account))),
        Some(Owner::Plan(scope, Some(id))) => {
            let plans = world.store.plans(scope).into_iter().flat_map(|plans| plans.iter());
            let name = plans.into_iter().find(|plan| plan.id.as_str() == id).map(|plan| plan.name.clone());
            title.push_str(&format!(" of the plan {}", name.unwrap_or_else(|| id.clone())));
        }
        Some(Owner::Plan(_, None)) => title.push_str(" on demand"),
        None => {}
    }
    match (slice.from.or(slice.ended), slice.until) {
        (Some(from), Some(_)) => title.push_str(&format!(", {}", from.format("%a %-d %b"))),
        (Some(from), None) => title.push_str(&format!(", since {}", fmt::short(from))),
        _ => {}
    }
    title
}

impl Listed for BackupJobs {
    type Row = BackupJob;

    fn title(&self, world: &World) -> String {
        self.slice.as_ref().map_or_else(|| "Backup jobs".to_owned(), |slice| title_of(slice, world))
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        world.everywhere(&Query::BackupJobs)
    }
    fn rows(&mut self, world: &World) -> Vec<Line<BackupJob>> {
        let mut lines = world.store.gather(&world.shown, &Query::BackupJobs, Answer::backup_jobs);
        if let Some(slice) = &self.slice {
            // A day of the wall may lie further back than the service lists.
            let scopes = world.shown.iter().filter(|_| slice.from.is_some());
            let older = scopes.flat_map(|scope| world.store.older_backup_jobs(scope, world.now()));
            lines.extend(older.map(|job| Line { record: Arc::clone(job), stale: true }));
            lines.retain(|line| slice.has(&line.record));
        }
        lines.sort_by_key(|line| Reverse(line.record.created));
        lines
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        if self.slice.is_some() { EMPTY_PART } else { EMPTY }
    }
    fn open(&self, job: &BackupJob, _: &World) -> Option<Vec<Act>> {
        Some(vec![Act::Open(Route::BackupJob(job.scope.clone(), job.id.clone()))])
    }
    fn takes_several(&self) -> bool {
        true
    }
    fn subject(&self, job: &Arc<BackupJob>, _: &World) -> Subject {
        Subject::BackupJob(Arc::clone(job))
    }
}
