//! What can happen, and what the app wants done about it.

use crate::client::approve::Approved;
use crate::client::audit::Logged;
use crate::client::history::News;
use crate::client::mutes::Mutes;
use crate::client::views::{View, Views};
use crate::client::{Event, Fault, Key, Mutation, Outcome};
use crate::domain::extension::{AddResource, ResourceProbe};
use crate::domain::{Scope, Time};
use crate::tui::command::Command;
use crate::tui::course::Step;
use crate::tui::dialog::Dialog;
use crate::tui::proposal::Proposal;
use crate::tui::route::Route;
use crate::tui::term::pointer::Pointer;
use crate::tui::term::signals::Signal;
use crossterm::event::KeyEvent;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything that can happen.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Pointer(Pointer),
    /// A text was pasted.
    Paste(String),
    /// The terminal has this size now.
    Resize(u16, u16),
    /// This machine's clock says.
    Tick(Time),
    /// No key came for a moment, after one that moved a cursor: [`App::is_moving`](crate::tui::app::App::is_moving).
    Rested,
    /// No key came for a while, after the first one of a chord: [`App::is_in_chord`](crate::tui::app::App::is_in_chord).
    Lingered,
    /// Nothing else is to be done: some more rows can be looked at, [`App::is_filtering`](crate::tui::app::App::is_filtering).
    Step,
    /// The fetcher tells something.
    Data(Box<Event>),
    /// A change ended.
    Changed {
        /// The number under which it was asked for.
        ticket: u64,
        /// What came of it.
        outcome: Result<Outcome, Fault>,
    },
    /// What a dialog wanted to know of a resource is known.
    Probed {
        /// The number under which it was asked for.
        ticket: u64,
        /// What was found, or why it cannot be registered.
        outcome: Result<ResourceProbe, Fault>,
    },
    /// What is muted is known, or why it cannot be known or changed.
    Muted(Result<Mutes, String>),
    /// What this machine kept of jobs is known, or cannot be used.
    Past(News),
    /// What is saved under a name is known, or why it cannot be known or changed.
    Views(Result<Views, String>),
    /// What the audit log has, or why it cannot be read.
    Logged(Result<Arc<[Logged]>, String>),
    /// A file was written, or why not.
    Exported(Result<String, String>),
    /// A signal came that is not about the terminal.
    Signal(Signal),
}

/// What the app wants done outside of it.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "few exist at a time, and each is moved once")]
pub enum Effect {
    /// Keep the answers to these keys fresh, and no others: those on the screen, and those behind it.
    Want {
        /// On the screen.
        visible: Vec<Key>,
        /// Behind it.
        hidden: Vec<Key>,
    },
    /// Ask these again now.
    Refresh(Vec<Key>),
    /// Ask everything that is wanted of a scope again now: something ended there.
    RefreshScope(Scope),
    /// Carry a change out, and answer with [`Msg::Changed`].
    Change {
        /// Its number.
        ticket: u64,
        /// What a user said yes to.
        approved: Approved,
        /// Whether what is wanted of its account and region is asked again when it ended; of several the last one sees to that.
        refreshes: bool,
    },
    /// Ask what registering a resource would find, and answer with [`Msg::Probed`].
    Probe {
        /// Its number.
        ticket: u64,
        /// What would be registered.
        request: Box<AddResource>,
    },
    /// Mute a finding or let it speak again, and answer with [`Msg::Muted`].
    Mute(MuteChange),
    /// Save a view or forget one, and answer with [`Msg::Views`].
    View(ViewChange),
    /// Read the audit log, and answer with [`Msg::Logged`].
    ReadLog,
    /// Write a new file, and answer with [`Msg::Exported`].
    Export {
        /// Where.
        path: String,
        /// What.
        text: String,
    },
    /// Stop asking by itself, or go on.
    Pause(bool),
    /// Put a text on the clipboard.
    Copy(String),
    /// Ring the terminal's bell.
    Bell,
    /// Let the terminal show a note on the desktop.
    Note(String),
    /// Let the terminal tell of the mouse, or not any more.
    Mouse(bool),
    /// Draw all again.
    Redraw,
    /// Back to the shell until it continues us.
    Suspend,
    /// End.
    Quit,
}

/// What screens and dialogs ask the app for.
#[derive(Debug)]
pub enum Act {
    /// Open a place inside the one that is shown.
    Open(Route),
    /// Go to a place from its root.
    Go(Vec<Route>),
    /// Run a command, as if its key was pressed.
    Run(Command),
    /// Do a command to what is marked, if it is of these rows still, and to nothing else.
    RunMarked(Command, BTreeSet<String>),
    /// Show a dialog above all.
    Show(Dialog),
    /// Close the topmost dialog.
    Close,
    /// Show what a change would do, and ask.
    Propose(Scope, Box<Mutation>),
    /// Show what several changes would do, and ask once.
    ProposeAll(Box<Proposal>),
    /// Ask what registering a resource would find; the dialog that is on top is told.
    Probe(Box<AddResource>),
    /// Mute a finding or let it speak again.
    Mute(MuteChange),
    /// A dialog asked, and the answer was right: do it.
    Carry(Box<Approved>),
    /// The same of several: begin with them.
    CarryAll {
        /// What they do.
        title: String,
        /// What was said of all of them together.
        notes: Vec<String>,
        /// The screen on which they were marked.
        route: Option<Route>,
        /// The changes.
        steps: Vec<Step>,
    },
    /// Send no further one of the several that are under way.
    StopCourse,
    /// Look no longer at how far they have come.
    LeaveCourse,
    /// Say something for a while.
    Say(Tone, String),
    /// Put a text on the clipboard.
    Copy(String),
    /// Ask these again now.
    Refresh(Vec<Key>),
    /// Show a list as it was saved under a name.
    Recall(String),
    /// Look like the theme of a name.
    Theme(String),
    /// Show one scope only, or all.
    Narrow(Option<Scope>),
    /// End now; jobs that run here resume at the next start.
    Quit,
    /// End as soon as no job runs any more.
    QuitWhenIdle,
}

impl Act {
    /// Shows what a change would do in a scope, and asks.
    pub fn propose(scope: Scope, change: impl Into<Mutation>) -> Self {
        Self::Propose(scope, Box::new(change.into()))
    }
}

/// A change of what is muted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MuteChange {
    /// Findings are not to be told of.
    Mute {
        /// Their keys.
        keys: Vec<String>,
        /// Why.
        note: String,
        /// Until when; for good where there is none.
        until: Option<Time>,
        /// This machine's clock.
        now: Time,
    },
    /// They are to be told of again.
    Unmute {
        /// Their keys.
        keys: Vec<String>,
        /// This machine's clock.
        now: Time,
    },
}

/// A change of what is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewChange {
    /// Save a view under a name.
    Save(String, View),
    /// Forget the one of a name.
    Forget(String),
}

/// How something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// It is worth knowing.
    Plain,
    /// It went wrong.
    Bad,
}
