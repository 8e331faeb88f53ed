//! What is told of one thing: on a screen of its own, and shortened beside the list in which it is selected. Either way it is
//! the same sheet, made when data change and not in every frame.

pub mod job;
pub mod plan;
pub mod point;
pub mod resource;
mod runs;
mod timeline;
pub mod vault;
mod week;

use crate::client::Key;
use crate::domain::Time;
use crate::tui::command::Command;
use crate::tui::fmt;
use crate::tui::paint::{Painter, Segments};
use crate::tui::route::Route;
use crate::tui::screens::details::{self, Detail, Scroll};
use crate::tui::screens::pane;
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// What is told of one thing.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// What kind of thing it is: `Backup job`.
    pub kind: &'static str,
    /// What it is called.
    pub name: String,
    /// What is asked for it beyond what lists tell.
    pub keys: Vec<Key>,
    /// What is known of it, what matters most first and ids last; none where nothing is known.
    pub facts: Option<Vec<Detail>>,
    /// What to say where all that was asked was answered and there is no such thing.
    pub absent: pane::Empty<'static>,
}

/// The sheet of what a place shows; none where the place is no single thing.
pub fn of(route: &Route, world: &World) -> Option<Sheet> {
    match route {
        Route::Vault(scope, vault) => Some(vault::sheet(scope, vault, world)),
        Route::Resource(scope, arn) => Some(resource::sheet(scope, arn, world)),
        Route::Point(scope, vault, arn) => {
            Some(point::PointOf::new(scope.clone(), vault.clone(), arn.clone()).sheet(world))
        }
        Route::Plan(scope, id) => Some(plan::sheet(scope, id, world)),
        Route::BackupJob(scope, id) => Some(job::backup(scope, id, world)),
        Route::RestoreJob(scope, id) => Some(job::restore(scope, id, world)),
        Route::CopyJob(scope, id) => Some(job::copy(scope, id, world)),
        Route::Tab(_)
        | Route::LegalHolds
        | Route::LegalHold(..)
        | Route::Changes(_)
        | Route::Found(_)
        | Route::Jobs(_)
        | Route::Findings(_) => None,
    }
}

/// A moment with its distance from now.
fn moment(time: Time, now: Time) -> String {
    format!("{} ({})", fmt::exact(time), fmt::relative(now, time))
}

/// Draws a sheet in full; `name` is empty where the path at the top tells it.
pub fn view(sheet: &Sheet, name: &str, scroll: &Scroll, world: &World, area: Rect, painter: &mut Painter<'_>) {
    let fresh = world.store.freshness(sheet.keys.iter().take(1));
    let head = Rect::new(area.x, area.y, area.width, 1);
    painter.rule(head, &pane::title(sheet.kind, name, world), &pane::freshness(&fresh, world));
    let body = Rect::new(area.x + 1, area.y + 1, area.width.saturating_sub(1), area.height.saturating_sub(1));
    match &sheet.facts {
        Some(facts) => drop(details::view(facts, scroll, body, painter)),
        None => pane::view_nothing(&fresh, sheet.absent, world, body, painter),
    }
}

/// Draws what fits of a sheet, from its top, with a line at its left. One that has not followed the cursor yet has a dim title.
pub fn view_top(sheet: &Sheet, is_behind: bool, world: &World, area: Rect, painter: &mut Painter<'_>) {
    let fresh = world.store.freshness(&sheet.keys);
    let head = Rect::new(area.x, area.y, area.width, 1);
    let told = if sheet.keys.is_empty() { Segments::new() } else { pane::freshness(&fresh, world) };
    let mut title = pane::title(sheet.kind, &sheet.name, world);
    if is_behind {
        for (_, role) in &mut title {
            *role = Role::Dim;
        }
    }
    painter.rule(head, &title, &told);
    for y in head.bottom()..area.bottom() {
        painter.put(area.x, y, 1, painter.glyphs.vertical, Role::Rule);
    }
    let body = Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(2), area.height.saturating_sub(1));
    match &sheet.facts {
        Some(facts) => details::view_top(facts, world.keymap.told(Command::DetailFull), body, painter),
        None => pane::view_nothing(&fresh, sheet.absent, world, body, painter),
    }
}
