//! A table's columns, as data.

use crate::tui::text::Elide;
use crate::tui::theme::Role;
use crate::tui::world::World;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What stands in one column of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The text.
    pub text: Cow<'static, str>,
    /// How it looks.
    pub role: Role,
}

impl Cell {
    /// A text with a role.
    pub fn new(text: impl Into<Cow<'static, str>>, role: Role) -> Self {
        Self { text: text.into(), role }
    }

    /// Plain text.
    pub fn plain(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(text, Role::Text)
    }

    /// Text that matters less.
    pub fn dim(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(text, Role::Dim)
    }
}

/// When a column is worth its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// When rows of several accounts are shown.
    ManyAccounts,
    /// When rows of several regions are shown.
    ManyRegions,
    /// When the rows may be of several resources: not where the title names the one that they are all of.
    ManyResources,
    /// When the rows may be of several vaults: not where the title names the one that they are all in.
    ManyVaults,
}

impl When {
    /// Whether it is so now, as far as the scopes in view tell.
    pub fn holds(self, world: &World) -> bool {
        match self {
            Self::Always | Self::ManyResources | Self::ManyVaults => true,
            Self::ManyAccounts => world.many_accounts(),
            Self::ManyRegions => world.many_regions(),
        }
    }
}

/// A column, as data.
pub struct Column<T: ?Sized> {
    pub(super) title: &'static str,
    pub(super) minimum: u16,
    pub(super) ideal: u16,
    pub(super) grows: bool,
    pub(super) priority: u8,
    pub(super) right: bool,
    pub(super) elide: Elide,
    pub(super) when: When,
    pub(super) cell: fn(&T, &World) -> Cell,
    pub(super) order: Option<fn(&T, &T) -> Ordering>,
}

impl<T: ?Sized> Column<T> {
    /// A column that is of no use in less than `minimum` columns of the screen and needs no more than `ideal`; where its
    /// texts are short it takes what they need.
    pub const fn new(title: &'static str, minimum: u16, ideal: u16, cell: fn(&T, &World) -> Cell) -> Self {
        Self {
            title,
            minimum,
            ideal,
            grows: false,
            priority: 0,
            right: false,
            elide: Elide::Right,
            when: When::Always,
            cell,
            order: None,
        }
    }

    /// Holds long texts: has `ideal`, where they are as long, before any column that gives way before it is shown, and
    /// takes what room is left over.
    pub const fn grows(mut self) -> Self {
        self.grows = true;
        self
    }

    /// Gives way when the screen is narrow: the highest first; 0 stays.
    pub const fn priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }

    /// Ends its texts at its right edge.
    pub const fn right(mut self) -> Self {
        self.right = true;
        self
    }

    /// Where its texts are cut.
    pub const fn elide(mut self, elide: Elide) -> Self {
        self.elide = elide;
        self
    }

    /// Only shown when.
    pub const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Can be sorted by.
    pub const fn sorted(mut self, order: fn(&T, &T) -> Ordering) -> Self {
        self.order = Some(order);
        self
    }
}
