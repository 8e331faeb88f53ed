//! The screens: one file each; a screen is plain state with a pure view, and does no I/O.

pub mod accounts;
pub mod activity;
pub mod chart;
pub mod details;
pub mod findings;
pub mod job;
pub mod jobs;
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
use crate::tui::table::Table;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// What every screen can do.
pub trait Screen {
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

/// Writes the enum of all screens, and hands each call to the one that it is.
macro_rules! pages {
    ($($variant:ident($type:ty)),+ $(,)?) => {
        /// A screen with its state.
        #[derive(Debug)]
        #[expect(clippy::large_enum_variant, reason = "one exists for each open screen, and none is moved often")]
        pub enum Page { $(#[doc = stringify!($variant)] $variant($type)),+ }

        impl Page {
            fn screen(&self) -> &(dyn Screen + 'static) {
                match self { $(Self::$variant(screen) => screen),+ }
            }

            /// The screen itself, to change.
            pub fn screen_mut(&mut self) -> &mut (dyn Screen + 'static) {
                match self { $(Self::$variant(screen) => screen),+ }
            }
        }
    };
}
pages! {
    Overview(overview::Overview),
    Vaults(vaults::Vaults),
    Points(points::Points),
    Point(Box<point::Point>),
    Plans(plans::Plans),
    Plan(plan::PlanScreen),
    Jobs(jobs::Jobs),
    Job(job::JobScreen),
    Accounts(accounts::Accounts),
    Resources(resources::Resources),
    Findings(findings::Findings),
    Activity(activity::ActivityScreen),
}

impl Page {
    /// The screen of a place, with nothing in it yet.
    pub fn of(route: &Route) -> Self {
        match route {
            Route::Tab(Tab::Overview) => Self::Overview(overview::Overview::default()),
            Route::Tab(Tab::Vaults) => Self::Vaults(vaults::Vaults::default()),
            Route::Tab(Tab::Plans) => Self::Plans(plans::Plans::default()),
            Route::Tab(Tab::Jobs) => Self::Jobs(jobs::Jobs::default()),
            Route::Tab(Tab::Accounts) => Self::Accounts(accounts::Accounts::default()),
            Route::Tab(Tab::Resources) => Self::Resources(resources::Resources::default()),
            Route::Tab(Tab::Findings) => Self::Findings(findings::Findings::default()),
            Route::Tab(Tab::Activity) => Self::Activity(activity::ActivityScreen::default()),
            Route::Vault(scope, name) => Self::Points(points::Points::of_vault(scope.clone(), name.clone())),
            Route::Resource(scope, arn) => Self::Points(points::Points::of_resource(scope.clone(), arn.clone())),
            Route::Point(scope, vault, arn) => {
                Self::Point(Box::new(point::Point::new(scope.clone(), vault.clone(), arn.clone())))
            }
            Route::Plan(scope, id) => Self::Plan(plan::PlanScreen::new(scope.clone(), id.clone())),
            Route::BackupJob(scope, id) => Self::Job(job::JobScreen::backup(scope.clone(), id.clone())),
            Route::RestoreJob(scope, id) => Self::Job(job::JobScreen::restore(scope.clone(), id.clone())),
            Route::CopyJob(scope, id) => Self::Job(job::JobScreen::copy(scope.clone(), id.clone())),
        }
    }
}

impl std::ops::Deref for Page {
    type Target = dyn Screen;
    fn deref(&self) -> &Self::Target {
        self.screen()
    }
}

impl<T: Screen> Screen for Box<T> {
    fn crumb(&self, world: &World) -> String {
        (**self).crumb(world)
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        (**self).keys(world)
    }
    fn sync(&mut self, world: &World) {
        (**self).sync(world);
    }
    fn handle(&mut self, command: Command, world: &World) -> Option<Vec<Act>> {
        (**self).handle(command, world)
    }
    fn subject(&self, world: &World) -> Subject {
        (**self).subject(world)
    }
    fn filter(&mut self, text: &str) {
        (**self).filter(text);
    }
    fn table(&self) -> Option<&Table> {
        (**self).table()
    }
    fn unfilter(&mut self) -> bool {
        (**self).unfilter()
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        (**self).view(world, area, painter);
    }
}
