//! The tab of copy jobs.

use crate::client::attributes::{Attribute, copy_job};
use crate::client::{Answer, Key, Query};
use crate::domain::Arn;
use crate::domain::job::CopyJob;
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
use std::collections::HashSet;
use std::sync::Arc;

/// The list of copy jobs.
#[derive(Debug)]
pub struct CopyJobs;

static COLUMNS: &[Column<CopyJob>] = &[
    Column::of(&copy_job::STATE, 13, 13)
        .shown(|job, world| status::job(&job.state, None, world.glyphs))
        .sorted(|a, b| a.state.cmp(&b.state)),
    Column::of(&copy_job::CREATED, 11, 11).sorted(|a, b| b.created.cmp(&a.created)),
    Column::of(&copy_job::RESOURCE, 14, 28)
        .role(Role::Accent)
        .once(|a, b| a.resource_arn == b.resource_arn && a.is_parent == b.is_parent),
    Column::of(&copy_job::FROM, 12, 24)
        .shown(|job, _| Cell::plain(vault_of(job.source_vault_arn.as_ref())))
        .once(|a, b| a.source_vault_arn == b.source_vault_arn)
        .priority(4),
    Column::of(&copy_job::TO, 12, 24)
        .shown(|job, _| Cell::plain(vault_of(job.destination_vault_arn.as_ref())))
        .once(|a, b| a.destination_vault_arn == b.destination_vault_arn)
        .priority(1),
    Column::of(&copy_job::SIZE, 8, 9).priority(5),
    Column::of(&copy_job::TOOK, 6, 8)
        .shown(|job, world| Cell::plain(took(job.created, job.completed, world.now())))
        .priority(6),
    Column::account(10, 20).priority(3),
    Column::of(&copy_job::MESSAGE, 20, 25).role(Role::Dim).grows().priority(2),
];

fn vault_of(arn: Option<&Arn>) -> String {
    arn.map(|arn| arn.vault_name().map_or_else(|| arn.to_string(), str::to_owned)).unwrap_or_default()
}

impl Record for CopyJob {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn attributes() -> &'static [&'static Attribute<Self>] {
        copy_job::ALL
    }
    fn words(&self, words: &mut String) {
        push_all(
            words,
            &[
                self.id.as_str(),
                self.state.as_str(),
                text(self.resource_arn.as_ref()),
                text(self.source_vault_arn.as_ref()),
                text(self.destination_vault_arn.as_ref()),
                self.status_message.as_deref().unwrap_or_default(),
            ],
        );
    }
    fn is_problem(&self) -> bool {
        is_bad(&self.state)
    }
}

impl Listed for CopyJobs {
    type Row = CopyJob;

    fn title(&self, _: &World) -> String {
        "Copy jobs".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        world.everywhere(&Query::CopyJobs)
    }
    fn rows(&mut self, world: &World) -> Vec<Line<CopyJob>> {
        let mut lines = world.store.gather(&world.shown, &Query::CopyJobs, Answer::copy_jobs);
        // Who copies and to whom it comes both list it.
        let mut seen = HashSet::new();
        lines.retain(|line| seen.insert(line.record.id.clone()));
        lines.sort_by_key(|line| Reverse(line.record.created));
        lines
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        &["No copy job yet. A plan's rule can copy what it made into another vault, account or region."]
    }
    fn open(&self, job: &CopyJob, _: &World) -> Option<Vec<Act>> {
        Some(vec![Act::Open(Route::CopyJob(job.scope.clone(), job.id.clone()))])
    }
    fn subject(&self, job: &Arc<CopyJob>, _: &World) -> Subject {
        Subject::CopyJob(Arc::clone(job))
    }
}
