//! Screen 4: the jobs, a tab for each kind.

mod backup;
mod copy;
mod restore;

use crate::client::Key;
use crate::domain::Arn;
use crate::domain::filter::FilterError;
use crate::domain::job::JobState;
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, segment};
use crate::tui::route::Slice;
use crate::tui::screens::list::ListScreen;
use crate::tui::screens::screen::Screen;
use crate::tui::several::Marked;
use crate::tui::subject::Subject;
use crate::tui::table::Listing;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::zone::{Asked, Spot};
use ratatui::layout::Rect;

/// The commands that open the tabs.
const OPENED_BY: [Command; 3] = [Command::BackupJobs, Command::CopyJobs, Command::RestoreJobs];

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
    fn view_tabs(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let mut tabs = Vec::new();
        let mut x = area.x + 1;
        for (at, (title, _)) in self.tabs.iter().enumerate() {
            let (open, close, role) = if at == self.open { ("[", "]", Role::Strong) } else { (" ", " ", Role::Dim) };
            let text = format!("{open}{title}{close} ");
            let width = text::columns(&text);
            painter.zone(Rect::new(x, area.y, width, 1), Spot::Run(OPENED_BY[at]));
            x += width;
            tabs.push(segment(text, role));
        }
        tabs.push(segment(format!("  {}", world.keymap.told(Command::NextTab)), Role::Key));
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
        if let Some(open) = OPENED_BY.iter().position(|by| *by == command) {
            self.open = open;
            return Some(Vec::new());
        }
        if matches!(command, Command::NextTab | Command::PreviousTab) {
            self.turn(command == Command::NextTab);
            return Some(Vec::new());
        }
        self.tab_mut().handle(command, world)
    }
    fn is_text(&self) -> bool {
        self.tab().is_text()
    }
    fn pointed(&mut self, spot: &Spot, asked: Asked, across: u16, world: &World) -> bool {
        self.tab_mut().pointed(spot, asked, across, world)
    }
    fn opened_by(&self) -> Option<Command> {
        OPENED_BY.get(self.open).copied()
    }
    fn subject(&self, world: &World) -> Subject {
        self.tab().subject(world)
    }
    fn marked(&self, world: &World) -> Marked {
        self.tab().marked(world)
    }
    fn unmark(&mut self, rows: &[String]) {
        for (_, tab) in &mut self.tabs {
            tab.unmark(rows);
        }
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
    fn filter(&mut self, text: &str, world: &World) -> Result<(), FilterError> {
        self.tab_mut().filter(text, world)
    }
    fn is_filtering(&self) -> bool {
        self.tab().is_filtering()
    }
    fn step(&mut self, world: &World) -> bool {
        self.tab_mut().step(world)
    }
    fn listing(&self) -> Option<&dyn Listing> {
        self.tab().listing()
    }
    fn listing_mut(&mut self) -> Option<&mut dyn Listing> {
        self.tab_mut().listing_mut()
    }
    fn unfilter(&mut self, world: &World) -> bool {
        self.tab_mut().unfilter(world)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        self.view_tabs(world, Rect::new(area.x, area.y, area.width, 1), painter);
        let list = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
        self.tab().view(world, list, painter);
    }
}
