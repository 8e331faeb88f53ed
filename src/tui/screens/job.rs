//! One job with all that is known of it, and how far it is.

use crate::client::Key;
use crate::domain::Scope;
use crate::domain::job::{BackupJob, CopyJob, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::vault::VaultRef;
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::Painter;
use crate::tui::route::Route;
use crate::tui::screens::details::Scroll;
use crate::tui::screens::screen::Screen;
use crate::tui::screens::sheets::{self, Sheet};
use crate::tui::subject::Subject;
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
    sheet: Option<Sheet>,
}

impl JobScreen {
    fn new(scope: Scope, id: JobId, kind: Kind) -> Self {
        Self { scope, id, kind, scroll: Scroll::default(), sheet: None }
    }

    /// A backup job.
    pub fn backup(scope: Scope, id: JobId) -> Self {
        Self::new(scope, id, Kind::Backup)
    }

    /// A restore job.
    pub fn restore(scope: Scope, id: JobId) -> Self {
        Self::new(scope, id, Kind::Restore)
    }

    /// A copy job.
    pub fn copy(scope: Scope, id: JobId) -> Self {
        Self::new(scope, id, Kind::Copy)
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

    fn sheet(&self, world: &World) -> Sheet {
        let mut sheet = match self.kind {
            Kind::Backup => sheets::job::backup(&self.scope, &self.id, world),
            Kind::Restore => sheets::job::restore(&self.scope, &self.id, world),
            Kind::Copy => sheets::job::copy(&self.scope, &self.id, world),
        };
        // Whoever opens a job wants to know why it failed; whoever passes it in a list asks for nothing.
        sheet.keys.extend(sheets::job::asked_of(&self.scope, self.message(world)));
        sheet
    }

    /// What is said of how the job is.
    fn message<'a>(&self, world: &'a World) -> Option<&'a String> {
        match self.kind {
            Kind::Backup => self.backup_job(world)?.status_message.as_ref(),
            Kind::Restore => self.restore_job(world)?.status_message.as_ref(),
            Kind::Copy => self.copy_job(world)?.status_message.as_ref(),
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
        self.sheet.as_ref().map_or_else(|| self.sheet(world).keys, |sheet| sheet.keys.clone())
    }
    fn sync(&mut self, world: &World) {
        self.sheet = Some(self.sheet(world));
    }
    fn handle(&mut self, command: Command, world: &World) -> Option<Vec<Act>> {
        if command == Command::Open {
            return Some(self.point(world).map(Act::Open).into_iter().collect());
        }
        self.scroll.handle(command).then(Vec::new)
    }
    fn is_text(&self) -> bool {
        true
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
        if let Some(sheet) = &self.sheet {
            sheets::view(sheet, "", &self.scroll, world, area, painter);
        }
    }
}
