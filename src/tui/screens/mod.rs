//! The screens: one file each; a screen is plain state with a pure view, and does no I/O.
//!
//! To add a list: write its file beside [`vaults`] as the pattern (the columns, the row's [`Record`](crate::tui::table::Record)
//! and what is special to the list, [`list::Listed`]), and give its place a line in [`open`]. A place is a tab, with a line in
//! [`crate::tui::route`] and in [`crate::tui::command`], or a route inside another screen, with a variant of [`Route`].

pub mod accounts;
pub mod activity;
pub mod beside;
pub mod causes;
pub mod changes;
pub mod details;
pub mod findings;
pub mod found;
pub mod held_points;
pub mod holds;
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
pub mod resource;
pub mod resources;
pub mod screen;
pub mod sheets;
pub mod status;
pub mod vaults;

use crate::tui::route::{Route, Tab};
use list::ListScreen;
use screen::Screen;

/// The screen of a place, with nothing in it yet.
pub fn open(route: &Route) -> Box<dyn Screen> {
    match route.clone() {
        Route::Tab(Tab::Overview) => Box::new(overview::Overview::default()),
        Route::Tab(Tab::Vaults) => Box::new(ListScreen::new(vaults::Vaults)),
        Route::Tab(Tab::Plans) => Box::new(ListScreen::new(plans::Plans::default())),
        Route::Tab(Tab::Jobs) => Box::new(jobs::Jobs::default()),
        Route::Tab(Tab::Accounts) => Box::new(accounts::Accounts::default()),
        Route::Tab(Tab::Resources) => Box::new(ListScreen::new(resources::Resources)),
        Route::Tab(Tab::Findings) => Box::new(ListScreen::new(findings::Findings::default())),
        Route::Tab(Tab::Activity) => Box::new(ListScreen::new(activity::Activities::default())),
        Route::Vault(scope, name) => Box::new(ListScreen::new(points::Points::of_vault(scope, name))),
        Route::LegalHolds => Box::new(ListScreen::new(holds::Holds)),
        Route::LegalHold(scope, id) => Box::new(ListScreen::new(held_points::HeldPoints::new(scope, id))),
        Route::Resource(scope, arn) => Box::new(resource::ResourceScreen::new(scope, arn)),
        Route::Point(scope, vault, arn) => Box::new(point::Point::new(scope, vault, arn)),
        Route::Plan(scope, id) => Box::new(plan::PlanScreen::new(scope, id)),
        Route::BackupJob(scope, id) => Box::new(job::JobScreen::backup(scope, id)),
        Route::RestoreJob(scope, id) => Box::new(job::JobScreen::restore(scope, id)),
        Route::CopyJob(scope, id) => Box::new(job::JobScreen::copy(scope, id)),
        Route::Changes(pair) => Box::new(ListScreen::new(changes::ChangesList::new(pair))),
        Route::Found(sought) => Box::new(ListScreen::new(found::FoundList::new(sought))),
        Route::Jobs(slice) => jobs::of(slice),
        Route::Findings(cause) => Box::new(ListScreen::new(findings::Findings::of(cause))),
    }
}
