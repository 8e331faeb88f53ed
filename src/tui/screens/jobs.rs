//! Screen 4: the jobs, in three tabs.

use crate::client::{Answer, Key, Query};
use crate::domain::job::{BackupJob, CopyJob, JobState, RestoreJob};
use crate::domain::{Arn, Scope, Time};
use crate::tui::actions::{Subject, last_part};
use crate::tui::command::Command;
use crate::tui::fmt;
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, segment};
use crate::tui::route::Route;
use crate::tui::screens::points::resource_name;
use crate::tui::screens::{Screen, pane, status};
use crate::tui::table::{Cell, Column, List, Record, Table, When, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;
use std::borrow::Cow;
use std::sync::Arc;

/// The three kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Backup,
    Copy,
    Restore,
}

impl Kind {
    const ALL: [(Self, &'static str); 3] = [(Self::Backup, "Backup"), (Self::Copy, "Copy"), (Self::Restore, "Restore")];

    fn query(self) -> Query {
        match self {
            Self::Backup => Query::BackupJobs,
            Self::Copy => Query::CopyJobs,
            Self::Restore => Query::RestoreJobs,
        }
    }
}

/// The lists of jobs.
#[derive(Debug, Default)]
pub struct Jobs {
    kind: Kind,
    backups: List<BackupJob>,
    copies: List<CopyJob>,
    restores: List<RestoreJob>,
}

/// How long a job took, or has taken so far.
pub fn took(started: Option<Time>, ended: Option<Time>, now: Time) -> String {
    match (started, ended) {
        (Some(started), Some(ended)) => fmt::duration(ended - started),
        (Some(started), None) => fmt::coarse(now - started),
        _ => String::new(),
    }
}

fn account<T>(scope: fn(&T) -> &Scope, record: &T, world: &World) -> Cell {
    Cell::plain(world.account(&scope(record).account))
}

static BACKUP: &[Column<BackupJob>] = &[
    Column::<BackupJob>::new("STATE", 13, 13, |job, world| status::backup_job(job, world.glyphs))
        .sorted(|a, b| a.state.cmp(&b.state)),
    Column::<BackupJob>::new("CREATED", 11, 11, |job, _| Cell::plain(fmt::short(job.created)))
        .sorted(|a, b| b.created.cmp(&a.created)),
    Column::<BackupJob>::new("RESOURCE", 14, 28, |job, _| {
        Cell::new(resource_name(job.resource_name.as_ref(), &job.resource_arn), Role::Accent)
    })
    .sorted(|a, b| by_text(a.resource_arn.as_str(), b.resource_arn.as_str())),
    Column::<BackupJob>::new("TYPE", 4, 9, |job, _| Cell::plain(job.resource_type.as_str().to_owned())).priority(8),
    Column::<BackupJob>::new("VAULT", 12, 24, |job, _| Cell::plain(job.vault_name.clone()))
        .sorted(|a, b| by_text(&a.vault_name, &b.vault_name))
        .priority(3),
    Column::<BackupJob>::new("SIZE", 8, 9, |job, _| Cell::plain(fmt::maybe_bytes(job.size_bytes)))
        .right()
        .sorted(|a, b| b.size_bytes.cmp(&a.size_bytes))
        .priority(4),
    Column::<BackupJob>::new("TOOK", 6, 8, |job, world| Cell::plain(took(job.initiated, job.completed, world.now())))
        .right()
        .priority(6),
    Column::<BackupJob>::new("ACCOUNT", 10, 20, |job, world| account(|job: &BackupJob| &job.scope, job, world))
        .when(When::ManyAccounts)
        .sorted(|a, b| a.scope.account.cmp(&b.scope.account))
        .priority(1),
    Column::<BackupJob>::new("REGION", 12, 14, |job, _| Cell::plain(job.scope.region.to_string()))
        .when(When::ManyRegions)
        .sorted(|a, b| a.scope.region.cmp(&b.scope.region))
        .priority(5),
    Column::<BackupJob>::new("PLAN", 10, 22, |job, _| match &job.created_by {
        None => Cell::dim("on demand"),
        Some(creator) => Cell::plain(creator.backup_plan_name.clone()),
    })
    .priority(7),
    Column::<BackupJob>::new("MESSAGE", 20, 32, |job, _| Cell::dim(job.status_message.clone().unwrap_or_default()))
        .grows()
        .priority(2),
];

static COPY: &[Column<CopyJob>] = &[
    Column::<CopyJob>::new("STATE", 13, 13, |job, world| status::job(&job.state, None, world.glyphs))
        .sorted(|a, b| a.state.cmp(&b.state)),
    Column::<CopyJob>::new("CREATED", 11, 11, |job, _| Cell::plain(job.created.map(fmt::short).unwrap_or_default()))
        .sorted(|a, b| b.created.cmp(&a.created)),
    Column::<CopyJob>::new("RESOURCE", 14, 28, |job, _| {
        let name = job.resource_name.clone().or_else(|| job.resource_arn.as_ref().map(last_part));
        Cell::new(name.unwrap_or_default(), Role::Accent)
    }),
    Column::<CopyJob>::new("FROM", 12, 24, |job, _| Cell::plain(vault_of(job.source_vault_arn.as_ref()))).priority(4),
    Column::<CopyJob>::new("TO", 12, 24, |job, _| Cell::plain(vault_of(job.destination_vault_arn.as_ref())))
        .priority(1),
    Column::<CopyJob>::new("SIZE", 8, 9, |job, _| Cell::plain(fmt::maybe_bytes(job.size_bytes))).right().priority(5),
    Column::<CopyJob>::new("TOOK", 6, 8, |job, world| Cell::plain(took(job.created, job.completed, world.now())))
        .right()
        .priority(6),
    Column::<CopyJob>::new("ACCOUNT", 10, 20, |job, world| account(|job: &CopyJob| &job.scope, job, world))
        .when(When::ManyAccounts)
        .priority(2),
    Column::<CopyJob>::new("MESSAGE", 20, 32, |job, _| Cell::dim(job.status_message.clone().unwrap_or_default()))
        .grows()
        .priority(3),
];

static RESTORE: &[Column<RestoreJob>] = &[
    Column::<RestoreJob>::new("STATE", 13, 13, |job, world| status::job(&job.state, job.percent_done, world.glyphs))
        .sorted(|a, b| a.state.cmp(&b.state)),
    Column::<RestoreJob>::new("CREATED", 11, 11, |job, _| Cell::plain(fmt::short(job.created)))
        .sorted(|a, b| b.created.cmp(&a.created)),
    Column::<RestoreJob>::new("FROM", 14, 28, |job, world| {
        let source = job.source_resource_arn.as_ref().or(job.recovery_point_arn.as_ref());
        Cell::new(source.map(|arn| world.resource_name(&job.scope, arn)).unwrap_or_default(), Role::Accent)
    }),
    Column::<RestoreJob>::new("RESTORED", 12, 28, |job, world| {
        let restored = job.created_resource_arn.as_ref();
        Cell::plain(restored.map(|arn| world.resource_name(&job.scope, arn)).unwrap_or_default())
    })
    .priority(3),
    Column::<RestoreJob>::new("SIZE", 8, 9, |job, _| Cell::plain(fmt::maybe_bytes(job.size_bytes))).right().priority(4),
    Column::<RestoreJob>::new("TOOK", 6, 8, |job, world| {
        Cell::plain(took(Some(job.created), job.completed, world.now()))
    })
    .right()
    .priority(5),
    Column::<RestoreJob>::new("ACCOUNT", 10, 20, |job, world| account(|job: &RestoreJob| &job.scope, job, world))
        .when(When::ManyAccounts)
        .priority(1),
    Column::<RestoreJob>::new("REGION", 12, 14, |job, _| Cell::plain(job.scope.region.to_string()))
        .when(When::ManyRegions)
        .priority(6),
    Column::<RestoreJob>::new("MESSAGE", 20, 32, |job, _| Cell::dim(job.status_message.clone().unwrap_or_default()))
        .grows()
        .priority(2),
];

fn vault_of(arn: Option<&Arn>) -> String {
    arn.map(|arn| arn.vault_name().map_or_else(|| arn.to_string(), str::to_owned)).unwrap_or_default()
}

fn push_all(words: &mut String, all: &[&str]) {
    for word in all {
        words.push_str(word);
        words.push(' ');
    }
}

fn text(arn: Option<&Arn>) -> &str {
    arn.map_or("", Arn::as_str)
}

/// Whether a state is one that someone should look at.
pub fn is_bad(state: &JobState) -> bool {
    matches!(state, JobState::Failed | JobState::Expired | JobState::Aborted | JobState::Aborting | JobState::Partial)
}

impl Record for BackupJob {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        BACKUP
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

impl Record for CopyJob {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        COPY
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

impl Record for RestoreJob {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        RESTORE
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

impl Jobs {
    fn turn(&mut self, forward: bool) {
        let at = Kind::ALL.iter().position(|(kind, _)| *kind == self.kind).unwrap_or(0);
        let next = if forward { at + 1 } else { at + Kind::ALL.len() - 1 } % Kind::ALL.len();
        self.kind = Kind::ALL[next].0;
    }

    /// Where the selected job opens.
    fn choose(&mut self) -> Option<Route> {
        match self.kind {
            Kind::Backup => {
                self.backups.choose().map(|line| Route::BackupJob(line.record.scope.clone(), line.record.id.clone()))
            }
            Kind::Copy => {
                self.copies.choose().map(|line| Route::CopyJob(line.record.scope.clone(), line.record.id.clone()))
            }
            Kind::Restore => {
                self.restores.choose().map(|line| Route::RestoreJob(line.record.scope.clone(), line.record.id.clone()))
            }
        }
    }

    /// The tabs' names, the open one first to the eye.
    fn view_tabs(&self, area: Rect, painter: &mut Painter<'_>) {
        let mut tabs = Vec::new();
        for (kind, title) in Kind::ALL {
            let (open, close, role) = if kind == self.kind { ("[", "]", Role::Strong) } else { (" ", " ", Role::Dim) };
            tabs.push(segment(format!("{open}{title}{close} "), role));
        }
        tabs.push(segment("  tab", Role::Key));
        tabs.push(segment(" next", Role::Dim));
        painter.line(area.x + 1, area.y, area.width.saturating_sub(1), &tabs);
    }
}

impl Screen for Jobs {
    fn crumb(&self, _: &World) -> String {
        "Jobs".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        world.everywhere(&self.kind.query())
    }
    fn sync(&mut self, world: &World) {
        let (store, shown) = (&world.store, &world.shown);
        let mut backups = store.gather(shown, &Query::BackupJobs, Answer::backup_jobs);
        let mut copies = store.gather(shown, &Query::CopyJobs, Answer::copy_jobs);
        let mut restores = store.gather(shown, &Query::RestoreJobs, Answer::restore_jobs);
        backups.sort_by_key(|line| std::cmp::Reverse(line.record.created));
        copies.sort_by_key(|line| std::cmp::Reverse(line.record.created));
        restores.sort_by_key(|line| std::cmp::Reverse(line.record.created));
        self.backups.set(backups);
        self.copies.set(copies);
        self.restores.set(restores);
    }
    fn handle(&mut self, command: Command, _: &World) -> Option<Vec<Act>> {
        match command {
            Command::NextTab | Command::PreviousTab => {
                self.turn(command == Command::NextTab);
                Some(Vec::new())
            }
            Command::Open => Some(vec![Act::Open(self.choose()?)]),
            other => match self.kind {
                Kind::Backup => self.backups.handle(other),
                Kind::Copy => self.copies.handle(other),
                Kind::Restore => self.restores.handle(other),
            }
            .then(Vec::new),
        }
    }
    fn subject(&self, _: &World) -> Subject {
        match self.kind {
            Kind::Backup => self.backups.selected().map(|line| Subject::BackupJob(Arc::clone(&line.record))),
            Kind::Copy => self.copies.selected().map(|line| Subject::CopyJob(Arc::clone(&line.record))),
            Kind::Restore => self.restores.selected().map(|line| Subject::RestoreJob(Arc::clone(&line.record))),
        }
        .unwrap_or(Subject::Nothing)
    }
    fn filter(&mut self, text: &str) {
        match self.kind {
            Kind::Backup => self.backups.filter(text),
            Kind::Copy => self.copies.filter(text),
            Kind::Restore => self.restores.filter(text),
        }
    }
    fn table(&self) -> Option<&Table> {
        Some(match self.kind {
            Kind::Backup => self.backups.table(),
            Kind::Copy => self.copies.table(),
            Kind::Restore => self.restores.table(),
        })
    }
    fn unfilter(&mut self) -> bool {
        match self.kind {
            Kind::Backup => self.backups.unfilter(),
            Kind::Copy => self.copies.unfilter(),
            Kind::Restore => self.restores.unfilter(),
        }
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let fresh = world.store.freshness(&self.keys(world));
        self.view_tabs(Rect::new(area.x, area.y, area.width, 1), painter);
        let list = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
        match self.kind {
            Kind::Backup => {
                let empty: pane::Empty<'_> = &[
                    "No backup job yet.",
                    "",
                    "Back something up now:",
                    "$ :start-backup",
                    "or let a plan do it every night:",
                    "$ :create-plan",
                    "",
                    "There must be a resource to back up. In another shell:",
                    "$ vaultdeck resource add EFS projects --path /srv/projects --tag env=prod",
                ];
                pane::view_list(&self.backups, "Backup jobs", &fresh, empty, world, list, painter);
            }
            Kind::Copy => {
                let empty: pane::Empty<'_> = match world.store.capabilities.allows(crate::client::Feature::Copies) {
                    Ok(()) => {
                        &["No copy job yet. A plan's rule can copy what it made into another vault, account or region."]
                    }
                    Err(_) => &["No copy job: this engine does not copy recovery points yet."],
                };
                pane::view_list(&self.copies, "Copy jobs", &fresh, empty, world, list, painter);
            }
            Kind::Restore => {
                let empty: pane::Empty<'_> = &[
                    "Nothing was restored yet.",
                    "",
                    "Choose a recovery point: 2, then enter on a vault, enter on a point; then",
                    "$ :restore",
                ];
                pane::view_list(&self.restores, "Restore jobs", &fresh, empty, world, list, painter);
            }
        }
    }
}
