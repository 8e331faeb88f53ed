//! The screens: one file each; a screen is plain state with a pure view, and does no I/O.

pub mod accounts;
pub mod activity;
pub mod chart;
pub mod details;
pub mod findings;
pub mod job;
pub mod jobs;
pub mod list;
pub mod overview;
pub mod pane;
pub mod plan;
pub mod plans;
pub mod point;
pub mod points;
pub mod problems;
pub mod resources;
pub mod status;
pub mod vaults;

use crate::client::Key;
use crate::tui::actions::Subject;
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::Painter;
use crate::tui::route::{Route, Tab};
use crate::tui::screens::list::ListScreen;
use crate::tui::table::Table;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// What every screen can do.
pub trait Screen: std::fmt::Debug {
    /// Its part of the path at the top.
    fn crumb(&self, world: &World) -> String;
    /// What it shows.
    fn keys(&self, world: &World) -> Vec<Key>;
    /// Takes new data in.
    fn sync(&mut self, world: &World);
    /// Carries a command out that moves in it; none when the command is not one of its own.
    fn handle(&mut self, command: Command, world: &World) -> Option<Vec<Act>>;
    /// What is selected, for the actions.
    fn subject(&self, world: &World) -> Subject;
    /// Filters its list.
    fn filter(&mut self, _text: &str) {}
    /// Its list, as far as it has one in view: what it is filtered by, and how many rows it built for the last frame.
    fn table(&self) -> Option<&Table> {
        None
    }
    /// Takes the filter and the restriction to problems away; false when there was neither.
    fn unfilter(&mut self) -> bool {
        false
    }
    /// Draws it.
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>);
}

/// A screen with nothing on it.
#[derive(Debug)]
pub struct Nowhere;

impl Screen for Nowhere {
    fn crumb(&self, _: &World) -> String {
        String::new()
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        Vec::new()
    }
    fn sync(&mut self, _: &World) {}
    fn handle(&mut self, _: Command, _: &World) -> Option<Vec<Act>> {
        None
    }
    fn subject(&self, _: &World) -> Subject {
        Subject::Nothing
    }
    fn view(&self, _: &World, _: Rect, _: &mut Painter<'_>) {}
}

/// The screen of a place, with nothing in it yet.
pub fn open(route: &Route) -> Box<dyn Screen> {
    match route.clone() {
        Route::Tab(Tab::Overview) => Box::new(overview::Overview::default()),
        Route::Tab(Tab::Vaults) => Box::new(ListScreen::new(vaults::Vaults)),
        Route::Tab(Tab::Plans) => Box::new(ListScreen::new(plans::Plans::default())),
        Route::Tab(Tab::Jobs) => Box::new(jobs::Jobs::default()),
        Route::Tab(Tab::Accounts) => Box::new(ListScreen::new(accounts::Accounts)),
        Route::Tab(Tab::Resources) => Box::new(ListScreen::new(resources::Resources)),
        Route::Tab(Tab::Findings) => Box::new(ListScreen::new(findings::Findings::default())),
        Route::Tab(Tab::Activity) => Box::new(ListScreen::new(activity::Activities)),
        Route::Vault(scope, name) => Box::new(ListScreen::new(points::Points::of_vault(scope, name))),
        Route::Resource(scope, arn) => Box::new(ListScreen::new(points::Points::of_resource(scope, arn))),
        Route::Point(scope, vault, arn) => Box::new(point::Point::new(scope, vault, arn)),
        Route::Plan(scope, id) => Box::new(plan::PlanScreen::new(scope, id)),
        Route::BackupJob(scope, id) => Box::new(job::JobScreen::backup(scope, id)),
        Route::RestoreJob(scope, id) => Box::new(job::JobScreen::restore(scope, id)),
        Route::CopyJob(scope, id) => Box::new(job::JobScreen::copy(scope, id)),
    }
}
