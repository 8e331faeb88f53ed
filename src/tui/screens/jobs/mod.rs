//! Screen 4: the jobs, a tab for each kind.

mod backup;
mod copy;
mod restore;

use crate::client::Key;
use crate::domain::Arn;
use crate::domain::job::JobState;
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, segment};
use crate::tui::route::Slice;
use crate::tui::screens::list::ListScreen;
use crate::tui::screens::screen::Screen;
use crate::tui::subject::Subject;
use crate::tui::table::Table;
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// The lists of jobs, each with its tab's name, and which of them is open.
#[derive(Debug)]
pub struct Jobs {
    tabs: [(&'static str, Box<dyn Screen>); 3],
    open: usize,
}

impl Default for Jobs {
    fn default() -> Self {
        let tabs: [(&'static str, Box<dyn Screen>); 3] = [
            ("Backup", Box::new(ListScreen::new(backup::BackupJobs::default()))),
            ("Copy", Box::new(ListScreen::new(copy::CopyJobs))),
            ("Restore", Box::new(ListScreen::new(restore::RestoreJobs))),
        ];
        Self { tabs, open: 0 }
    }
}

/// The screen of a part of the backup jobs.
pub fn of(slice: Slice) -> Box<dyn Screen> {
    Box::new(ListScreen::new(backup::BackupJobs { slice: Some(slice) }))
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

impl Jobs {
    fn tab(&self) -> &dyn Screen {
        self.tabs[self.open].1.as_ref()
    }

    fn tab_mut(&mut self) -> &mut dyn Screen {
        self.tabs[self.open].1.as_mut()
    }

    fn turn(&mut self, forward: bool) {
        let step = if forward { 1 } else { self.tabs.len() - 1 };
        self.open = (self.open + step) % self.tabs.len();
    }

    /// The tabs' names, the open one first to the eye.
    fn view_tabs(&self, area: Rect, painter: &mut Painter<'_>) {
        let mut tabs = Vec::new();
        for (at, (title, _)) in self.tabs.iter().enumerate() {
            let (open, close, role) = if at == self.open { ("[", "]", Role::Strong) } else { (" ", " ", Role::Dim) };
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
        self.tab().keys(world)
    }
    fn sync(&mut self, world: &World) {
        for (_, tab) in &mut self.tabs {
            tab.sync(world);
        }
    }
    fn handle(&mut self, command: Command, world: &World) -> Option<Vec<Act>> {
        if matches!(command, Command::NextTab | Command::PreviousTab) {
            self.turn(command == Command::NextTab);
            return Some(Vec::new());
        }
        self.tab_mut().handle(command, world)
    }
    fn subject(&self, world: &World) -> Subject {
        self.tab().subject(world)
    }
    fn is_moving(&self) -> bool {
        self.tab().is_moving()
    }
    fn has_detail(&self) -> bool {
        self.tab().has_detail()
    }
    fn rest(&mut self, world: &World) {
        self.tab_mut().rest(world);
    }
    fn filter(&mut self, text: &str, world: &World) {
        self.tab_mut().filter(text, world);
    }
    fn table(&self) -> Option<&Table> {
        self.tab().table()
    }
    fn unfilter(&mut self, world: &World) -> bool {
        self.tab_mut().unfilter(world)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        self.view_tabs(Rect::new(area.x, area.y, area.width, 1), painter);
        let list = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
        self.tab().view(world, list, painter);
    }
}
