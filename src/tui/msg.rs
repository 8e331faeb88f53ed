//! What can happen, and what the app wants done about it.

use crate::client::approve::Approved;
use crate::client::{Event, Fault, Key, Mutation, Outcome};
use crate::domain::extension::{AddResource, ResourceProbe};
use crate::domain::{Scope, Time};
use crate::tui::command::Command;
use crate::tui::dialog::Dialog;
use crate::tui::route::Route;
use crate::tui::term::signals::Signal;
use crossterm::event::KeyEvent;

/// Everything that can happen.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// A text was pasted.
    Paste(String),
    /// The terminal has this size now.
    Resize(u16, u16),
    /// This machine's clock says.
    Tick(Time),
    /// No key came for a moment, after one that moved a cursor: [`App::is_moving`](crate::tui::app::App::is_moving).
    Rested,
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
    },
    /// Ask what registering a resource would find, and answer with [`Msg::Probed`].
    Probe {
        /// Its number.
        ticket: u64,
        /// What would be registered.
        request: Box<AddResource>,
    },
    /// Stop asking by itself, or go on.
    Pause(bool),
    /// Put a text on the clipboard.
    Copy(String),
    /// Ring the terminal's bell.
    Bell,
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
    /// Show a dialog above all.
    Show(Dialog),
    /// Close the topmost dialog.
    Close,
    /// Show what a change would do, and ask.
    Propose(Scope, Box<Mutation>),
    /// Ask what registering a resource would find; the dialog that is on top is told.
    Probe(Box<AddResource>),
    /// A dialog asked, and the answer was right: do it.
    Carry(Box<Approved>),
    /// Say something for a while.
    Say(Tone, String),
    /// Put a text on the clipboard.
    Copy(String),
    /// Ask these again now.
    Refresh(Vec<Key>),
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
