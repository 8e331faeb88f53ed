//! One job with all that is known of it, and how far it is.

use crate::client::{Key, Query};
use crate::domain::job::{BackupJob, CopyJob, JobState, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::vault::VaultRef;
use crate::domain::{Arn, Scope, Time};
use crate::tui::command::Command;
use crate::tui::fmt;
use crate::tui::msg::Act;
use crate::tui::paint::Painter;
use crate::tui::route::Route;
use crate::tui::screens::details::{self, Detail, Scroll};
use crate::tui::screens::jobs::took;
use crate::tui::screens::points::resource_name;
use crate::tui::screens::screen::Screen;
use crate::tui::screens::{pane, status};
use crate::tui::subject::Subject;
use crate::tui::table::Cell;
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;
use std::sync::Arc;

/// Which kind of job.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Backup,
    Restore,
    Copy,
}

/// One job.
#[derive(Debug)]
pub struct JobScreen {
    scope: Scope,
    id: JobId,
    kind: Kind,
    scroll: Scroll,
}

/// What the screen says of any kind of job.
struct Report {
    state: JobState,
    percent: Option<f64>,
    facts: Vec<Detail>,
}

impl JobScreen {
    /// A backup job.
    pub fn backup(scope: Scope, id: JobId) -> Self {
        Self { scope, id, kind: Kind::Backup, scroll: Scroll::default() }
    }

    /// A restore job.
    pub fn restore(scope: Scope, id: JobId) -> Self {
        Self { scope, id, kind: Kind::Restore, scroll: Scroll::default() }
    }

    /// A copy job.
    pub fn copy(scope: Scope, id: JobId) -> Self {
        Self { scope, id, kind: Kind::Copy, scroll: Scroll::default() }
    }

    fn key(&self) -> Key {
        let id = self.id.clone();
        Key::scoped(
            self.scope.clone(),
            match self.kind {
                Kind::Backup => Query::BackupJob { id },
                Kind::Restore => Query::RestoreJob { id },
                Kind::Copy => Query::CopyJobs,
            },
        )
    }

    fn backup_job<'a>(&self, world: &'a World) -> Option<&'a Arc<BackupJob>> {
        world.store.find_backup_job(&self.scope, &self.id)
    }

    fn restore_job<'a>(&self, world: &'a World) -> Option<&'a Arc<RestoreJob>> {
        world.store.find_restore_job(&self.scope, &self.id)
    }

    fn copy_job<'a>(&self, world: &'a World) -> Option<&'a Arc<CopyJob>> {
        world.store.copy_jobs(&self.scope)?.iter().find(|job| job.id == self.id)
    }

    fn report(&self, world: &World) -> Option<Report> {
        match self.kind {
            Kind::Backup => self.backup_job(world).map(|job| backup_report(job, world)),
            Kind::Restore => self.restore_job(world).map(|job| restore_report(job, world)),
            Kind::Copy => self.copy_job(world).map(|job| copy_report(job, world)),
        }
    }

    /// The recovery point that the job made or used.
    fn point(&self, world: &World) -> Option<Route> {
        match self.kind {
            Kind::Backup => {
                let job = self.backup_job(world)?;
                let arn = job.recovery_point_arn.clone()?;
                Some(Route::Point(job.scope.clone(), job.vault_name.clone().into(), arn))
            }
            Kind::Restore => {
                let job = self.restore_job(world)?;
                let arn = job.recovery_point_arn.clone()?;
                let named = job.vault_arn.as_ref().and_then(|vault| Some((vault, vault.vault_name()?)));
                let vault = named.map(|(vault, name)| VaultRef::of(vault, name, &job.scope));
                let vault = vault.or_else(|| Some(world.store.find_point(&job.scope, &arn)?.vault()))?;
                Some(Route::Point(job.scope.clone(), vault, arn))
            }
            Kind::Copy => None,
        }
    }
}

/// A moment with its distance from now.
fn moment(time: Time, now: Time) -> String {
    format!("{} ({})", fmt::exact(time), fmt::relative(now, time))
}

/// The lines on why a job is as it is.
fn reasons(state: &JobState, started: bool, category: Option<&String>, message: Option<&String>) -> Vec<Detail> {
    let mut facts = Vec::new();
    facts.extend(Detail::maybe("Message", message.cloned()));
    let category = category.map(String::as_str).filter(|category| !category.eq_ignore_ascii_case("success"));
    facts.extend(Detail::maybe("Category", category));
    let meaning = status::meaning(state, started, category, message.map(String::as_str));
    facts.extend(meaning.map(|meaning| Detail::cell("What it means", Cell::new(meaning, Role::Strong))));
    facts
}

fn backup_report(job: &BackupJob, world: &World) -> Report {
    let now = world.now();
    let mut facts = vec![Detail::cell("State", status::backup_job(job, world.glyphs))];
    facts.extend(reasons(
        &job.state,
        job.initiated.is_some(),
        job.message_category.as_ref(),
        job.status_message.as_ref(),
    ));
    facts.push(Detail::new("Resource", resource_name(job.resource_name.as_ref(), &job.resource_arn)));
    facts.push(Detail::new("Into vault", job.vault_name.clone()));
    facts.push(Detail::new("Created", moment(job.created, now)));
    facts.extend(Detail::maybe("Started", job.initiated.map(|at| moment(at, now))));
    if !job.state.is_final() {
        facts.extend(Detail::maybe("Must start by", job.start_by.map(|at| moment(at, now))));
        facts.extend(Detail::maybe("Expected done", job.expected_completion.map(|at| moment(at, now))));
    }
    facts.extend(Detail::maybe("Ended", job.completed.map(|at| moment(at, now))));
    facts.extend(Detail::maybe("Took", job.initiated.map(|_| took(job.initiated, job.completed, now))));
    facts.extend(Detail::maybe("Size", job.size_bytes.map(|size| fmt::maybe_bytes(Some(size)))));
    facts.extend(Detail::maybe("Moved", job.bytes_transferred.map(|size| fmt::maybe_bytes(Some(size)))));
    let days = job.lifecycle.and_then(|lifecycle| lifecycle.delete_after_days).filter(|days| *days > 0);
    facts.push(Detail::new("Kept", days.map_or_else(|| "for ever".to_owned(), |days| fmt::days(Some(days)))));
    match &job.created_by {
        None => facts.push(Detail::new("Made by", "on demand")),
        Some(creator) => {
            let rule = &creator.backup_rule_name;
            facts.push(Detail::new("Made by", format!("plan {}, rule {rule}", creator.backup_plan_name)));
        }
    }
    facts.extend(Detail::maybe("Recovery point", job.recovery_point_arn.as_ref().map(ToString::to_string)));
    facts.extend(child_jobs(job, world));
    facts.push(Detail::heading("Identity"));
    facts.extend(Detail::maybe("Parent job", job.parent_job_id.as_ref().map(ToString::to_string)));
    facts.push(Detail::new("Job id", job.id.to_string()));
    facts.push(Detail::new("Resource ARN", job.resource_arn.to_string()));
    facts.push(Detail::new("Type", job.resource_type.as_str()));
    facts.extend(Detail::maybe("Role", job.iam_role_arn.as_ref().map(ToString::to_string)));
    facts.push(Detail::new("Account, region", world.scope_name(&job.scope)));
    facts.extend(Detail::maybe("Encryption key", job.encryption_key_arn.clone()));
    facts.extend(job.backup_options.iter().map(|(name, value)| Detail::new(name, value.clone())));
    Report { state: job.state.clone(), percent: job.percent_done, facts }
}

/// The jobs that a parent job stands for, as far as the list of jobs has them.
fn child_jobs(job: &BackupJob, world: &World) -> Vec<Detail> {
    if !job.is_parent {
        return Vec::new();
    }
    let listed = world.store.backup_jobs(&job.scope).into_iter().flat_map(|jobs| jobs.iter());
    let children = listed.filter(|child| child.parent_job_id.as_ref() == Some(&job.id)).map(|child| {
        let name = resource_name(child.resource_name.as_ref(), &child.resource_arn);
        let why = child.status_message.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        let state = status::backup_job(child, world.glyphs);
        Detail::cell(child.resource_type.as_str(), Cell::new(format!("{name} {}{why}", state.text), state.role))
    });
    std::iter::once(Detail::heading("Child jobs")).chain(children).collect()
}

fn restore_report(job: &RestoreJob, world: &World) -> Report {
    let now = world.now();
    let mut facts = vec![Detail::cell("State", status::job(&job.state, job.percent_done, world.glyphs))];
    facts.extend(reasons(&job.state, true, None, job.status_message.as_ref()));
    facts.extend(Detail::maybe(
        "From",
        job.source_resource_arn.as_ref().map(|arn| world.resource_name(&job.scope, arn)),
    ));
    facts.extend(Detail::maybe("Backed up", job.recovery_point_created.map(|at| moment(at, now))));
    facts.extend(Detail::maybe(
        "Restored into",
        job.created_resource_arn.as_ref().map(|arn| restored(arn, &job.scope, world)),
    ));
    if let Some(test) = &job.validation {
        let said =
            |word: &str, why: Option<&String>| why.map_or_else(|| word.to_owned(), |why| format!("{word}: {why}"));
        facts.push(Detail::new("Restore test", said(&test.status, test.message.as_ref())));
        let deletion = test.deletion.as_ref().map(|word| said(word, test.deletion_message.as_ref()));
        facts.extend(Detail::maybe("Deletion", deletion));
    }
    facts.push(Detail::new("Created", moment(job.created, now)));
    facts.extend(Detail::maybe("Ended", job.completed.map(|at| moment(at, now))));
    facts.push(Detail::new("Took", took(Some(job.created), job.completed, now)));
    facts.extend(Detail::maybe("Size", job.size_bytes.map(|size| fmt::maybe_bytes(Some(size)))));
    facts.push(Detail::heading("Identity"));
    facts.push(Detail::new("Job id", job.id.to_string()));
    facts.extend(Detail::maybe("Recovery point", job.recovery_point_arn.as_ref().map(ToString::to_string)));
    facts.extend(Detail::maybe("Source ARN", job.source_resource_arn.as_ref().map(ToString::to_string)));
    facts.extend(Detail::maybe("Restored ARN", job.created_resource_arn.as_ref().map(ToString::to_string)));
    facts.extend(Detail::maybe("Type", job.resource_type.as_ref().map(|kind| kind.as_str())));
    facts.extend(Detail::maybe("Role", job.iam_role_arn.as_ref().map(ToString::to_string)));
    facts.push(Detail::new("Account, region", world.scope_name(&job.scope)));
    Report { state: job.state.clone(), percent: job.percent_done, facts }
}

/// A restored resource with the path of its data, where an engine tells it.
fn restored(arn: &Arn, scope: &Scope, world: &World) -> String {
    let resources = world.store.resources(scope);
    let path =
        resources.and_then(|all| all.iter().find(|one| one.arn == *arn)).and_then(|one| one.path.clone().known());
    path.map_or_else(|| arn.last_part().to_owned(), |path| format!("{path} ({})", arn.last_part().to_owned()))
}

fn copy_report(job: &CopyJob, world: &World) -> Report {
    let now = world.now();
    let mut facts = vec![Detail::cell("State", status::job(&job.state, None, world.glyphs))];
    facts.extend(reasons(&job.state, true, job.message_category.as_ref(), job.status_message.as_ref()));
    facts.extend(Detail::maybe("Created", job.created.map(|at| moment(at, now))));
    facts.extend(Detail::maybe("Ended", job.completed.map(|at| moment(at, now))));
    facts.extend(Detail::maybe("Size", job.size_bytes.map(|size| fmt::maybe_bytes(Some(size)))));
    for (label, arn) in [
        ("From vault", &job.source_vault_arn),
        ("From point", &job.source_recovery_point_arn),
        ("To vault", &job.destination_vault_arn),
        ("To point", &job.destination_recovery_point_arn),
        ("Resource", &job.resource_arn),
        ("Role", &job.iam_role_arn),
    ] {
        facts.extend(Detail::maybe(label, arn.as_ref().map(ToString::to_string)));
    }
    facts.push(Detail::new("Job id", job.id.to_string()));
    Report { state: job.state.clone(), percent: None, facts }
}

impl Screen for JobScreen {
    fn crumb(&self, _: &World) -> String {
        let kind = match self.kind {
            Kind::Backup => "backup",
            Kind::Restore => "restore",
            Kind::Copy => "copy",
        };
        format!("{kind} {}", self.id.as_str().chars().take(8).collect::<String>())
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys = vec![self.key()];
        if self.backup_job(world).is_some_and(|job| job.is_parent) {
            keys.push(Key::scoped(self.scope.clone(), Query::BackupJobs));
        }
        if matches!(self.kind, Kind::Restore) {
            keys.push(Key::scoped(self.scope.clone(), Query::Resources));
        }
        keys
    }
    fn sync(&mut self, _: &World) {}
    fn handle(&mut self, command: Command, world: &World) -> Option<Vec<Act>> {
        if command == Command::Open {
            return Some(self.point(world).map(Act::Open).into_iter().collect());
        }
        self.scroll.handle(command).then(Vec::new)
    }
    fn subject(&self, world: &World) -> Subject {
        match self.kind {
            Kind::Backup => self.backup_job(world).map(|job| Subject::BackupJob(Arc::clone(job))),
            Kind::Restore => self.restore_job(world).map(|job| Subject::RestoreJob(Arc::clone(job))),
            Kind::Copy => self.copy_job(world).map(|job| Subject::CopyJob(Arc::clone(job))),
        }
        .unwrap_or(Subject::Nothing)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let fresh = world.store.freshness(&[self.key()]);
        let name = match self.kind {
            Kind::Backup => "Backup job",
            Kind::Restore => "Restore job",
            Kind::Copy => "Copy job",
        };
        let head = Rect::new(area.x, area.y, area.width, 1);
        painter.rule(head, &pane::title(name, "", world), &pane::freshness(&fresh, world));
        let body = Rect::new(area.x + 1, area.y + 1, area.width.saturating_sub(1), area.height.saturating_sub(1));
        let Some(report) = self.report(world) else {
            pane::view_nothing(
                &fresh,
                &["There is no such job; job records are kept for a limited time."],
                world,
                body,
                painter,
            );
            return;
        };
        let mut body = body;
        if !report.state.is_final() {
            view_progress(&report, body, painter);
            body = Rect::new(body.x, body.y + 2, body.width, body.height.saturating_sub(2));
        }
        details::view(&report.facts, &self.scroll, body, painter);
    }
}

/// A wide bar with its percentage.
fn view_progress(report: &Report, area: Rect, painter: &mut Painter<'_>) {
    let percent = report.percent.unwrap_or(0.0);
    let label = match report.state {
        JobState::Running => fmt::percent(percent),
        ref other => other.as_str().to_owned(),
    };
    let width = area.width.saturating_sub(12).min(100);
    painter.bar(area.x, area.y, width, percent / 100.0, Role::Running);
    painter.put(area.x + width + 1, area.y, 11, &label, Role::Strong);
}
