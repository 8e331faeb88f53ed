//! The tab of restore jobs.

use crate::client::attributes::{Attribute, restore_job};
use crate::client::{Answer, Key, Query};
use crate::domain::job::RestoreJob;
use crate::tui::fmt::took;
use crate::tui::msg::Act;
use crate::tui::route::Route;
use crate::tui::screens::jobs::{is_bad, push_all, text};
use crate::tui::screens::list::Listed;
use crate::tui::screens::{pane, status};
use crate::tui::store::Line;
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, Record};
use crate::tui::theme::Role;
use crate::tui::world::World;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::Arc;

/// The list of restore jobs.
#[derive(Debug)]
pub struct RestoreJobs;

static COLUMNS: &[Column<RestoreJob>] = &[
    Column::of(&restore_job::STATE, 13, 13)
        .shown(|job, world| status::job(&job.state, job.percent_done, world.glyphs))
        .sorted(|a, b| a.state.cmp(&b.state)),
    Column::of(&restore_job::CREATED, 11, 11).sorted(|a, b| b.created.cmp(&a.created)),
    Column::<RestoreJob>::new("FROM", 14, 28, |job, world| {
        let source = job.source_resource_arn.as_ref().or(job.recovery_point_arn.as_ref());
        Cell::new(source.map(|arn| world.resource_name(&job.scope, arn)).unwrap_or_default(), Role::Accent)
    })
    .once(|a, b| a.source_resource_arn.is_some() && a.source_resource_arn == b.source_resource_arn),
    Column::of(&restore_job::RESTORED, 12, 28)
        .shown(|job, world| {
            let restored = job.created_resource_arn.as_ref();
            Cell::plain(restored.map(|arn| world.resource_name(&job.scope, arn)).unwrap_or_default())
        })
        .priority(3),
    Column::of(&restore_job::SIZE, 8, 9).priority(4),
    Column::of(&restore_job::TOOK, 6, 8)
        .shown(|job, world| Cell::plain(took(Some(job.created), job.completed, world.now())))
        .priority(5),
    Column::account(10, 20).priority(2),
    Column::region(12, 14).priority(6),
    Column::of(&restore_job::MESSAGE, 20, 25).role(Role::Dim).grows().priority(1),
];

impl Record for RestoreJob {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn attributes() -> &'static [&'static Attribute<Self>] {
        restore_job::ALL
    }
    fn words(&self, words: &mut String) {
        push_all(
            words,
            &[
                self.id.as_str(),
                self.state.as_str(),
                text(self.source_resource_arn.as_ref()),
                text(self.recovery_point_arn.as_ref()),
                text(self.created_resource_arn.as_ref()),
                self.scope.account.as_str(),
                self.status_message.as_deref().unwrap_or_default(),
            ],
        );
    }
    fn is_problem(&self) -> bool {
        is_bad(&self.state)
    }
}

const EMPTY: pane::Empty<'_> = &[
    "Nothing was restored yet.",
    "",
    "Choose a recovery point: {vaults}, then enter on a vault, enter on a point; then",
    "$ :restore",
];

impl Listed for RestoreJobs {
    type Row = RestoreJob;

    fn title(&self, _: &World) -> String {
        "Restore jobs".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        world.everywhere(&Query::RestoreJobs)
    }
    fn rows(&mut self, world: &World) -> Vec<Line<RestoreJob>> {
        let mut lines = world.store.gather(&world.shown, &Query::RestoreJobs, Answer::restore_jobs);
        lines.sort_by_key(|line| Reverse(line.record.created));
        lines
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        EMPTY
    }
    fn open(&self, job: &RestoreJob, _: &World) -> Option<Vec<Act>> {
        Some(vec![Act::Open(Route::RestoreJob(job.scope.clone(), job.id.clone()))])
    }
    fn subject(&self, job: &Arc<RestoreJob>, _: &World) -> Subject {
        Subject::RestoreJob(Arc::clone(job))
    }
}
