//! Several rows at once, as data: what is marked, and what one command can be done to. `crate::tui::bulk` decides.

use crate::tui::command::Command;
use crate::tui::proposal::{LeftOut, Proposal};
use crate::tui::route::Route;
use crate::tui::subject::Subject;

/// What is marked in a list.
#[derive(Debug, Clone, Default)]
pub struct Marked {
    /// The marked rows that something can be done to, in the order of the list: each by its id.
    pub rows: Vec<(String, Subject)>,
    /// How many of them a filter hides.
    pub hidden: usize,
    /// What the list itself can do to them, beside what can be done to their subjects.
    pub also: &'static [Command],
    /// The screen that they are on.
    pub route: Option<Route>,
}

impl Marked {
    /// Whether something is to be done to them and not to the selected row: the one that is marked is often another one.
    pub fn are_any(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Whether two or more are marked.
    pub fn are_several(&self) -> bool {
        self.rows.len() > 1
    }
}

/// Something that something is done to, and the rows that stand for it: two findings may be about one resource.
#[derive(Debug, Clone)]
pub struct Target {
    /// The rows.
    pub rows: Vec<String>,
    /// What they are about.
    pub subject: Subject,
}

/// What one command can be done to.
#[derive(Debug, Clone)]
pub struct Several {
    /// The command.
    pub command: Command,
    /// What it can be done to.
    pub targets: Vec<Target>,
    /// What it cannot be done to.
    pub left_out: LeftOut,
    /// How many rows are marked.
    pub marked: usize,
    /// How many of those a filter hides.
    pub hidden: usize,
    /// The screen that they are on.
    pub route: Option<Route>,
}

impl Several {
    /// A proposal for it that has no change yet.
    pub fn proposal(&self, title: String) -> Proposal {
        Proposal {
            title,
            changes: Vec::new(),
            left_out: self.left_out.clone(),
            marked: (self.marked, self.hidden),
            route: self.route.clone(),
            notes: Vec::new(),
        }
    }
}
