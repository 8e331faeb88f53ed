//! A table's columns, as data.

use crate::client::attributes::value::{Unit, Value};
use crate::client::attributes::{self, Attribute, Scoped};
use crate::tui::fmt;
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
    /// When an account of the organization is not active: all the others say the same.
    InactiveAccounts,
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
            Self::InactiveAccounts => {
                world.store.accounts().is_some_and(|accounts| accounts.iter().any(|account| account.status != "ACTIVE"))
            }
        }
    }
}

/// What stands in a column's cells.
pub(super) enum Content<T: 'static> {
    /// What is told of the record everywhere.
    Attribute(&'static Attribute<T>, Role),
    /// What this column makes of it.
    Made(fn(&T, &World) -> Cell),
}

/// Whether two rows say the same in a column.
pub type Same<T> = fn(&T, &T) -> bool;

/// A column, as data.
pub struct Column<T: 'static> {
    pub(super) title: &'static str,
    pub(super) minimum: u16,
    pub(super) ideal: u16,
    pub(super) grows: bool,
    pub(super) priority: u8,
    pub(super) right: bool,
    pub(super) elide: Elide,
    pub(super) when: When,
    pub(super) content: Content<T>,
    pub(super) order: Option<fn(&T, &T) -> Ordering>,
    pub(super) same: Option<Same<T>>,
}

impl<T: Scoped> Column<T> {
    /// The account of each row by its name, where rows of several are shown.
    pub const fn account(minimum: u16, ideal: u16) -> Self {
        let title = const { attributes::account::<T>().title };
        Self::new(title, minimum, ideal, |row, world| Cell::plain(world.account(&row.scope().account)))
            .when(When::ManyAccounts)
            .once(|a, b| a.scope().account == b.scope().account)
    }

    /// The region of each row, where rows of several are shown.
    pub const fn region(minimum: u16, ideal: u16) -> Self {
        Self::of(const { &attributes::region::<T>() }, minimum, ideal)
            .when(When::ManyRegions)
            .once(|a, b| a.scope().region == b.scope().region)
    }

    /// Can be sorted by the account's id.
    pub const fn by_account(self) -> Self {
        self.sorted(|a, b| a.scope().account.cmp(&b.scope().account))
    }

    /// Can be sorted by the region.
    pub const fn by_region(self) -> Self {
        self.sorted(|a, b| a.scope().region.cmp(&b.scope().region))
    }
}

impl<T> Column<T> {
    /// What is told of a record everywhere, under the same title; see [`Column::new`] for the widths.
    pub const fn of(attribute: &'static Attribute<T>, minimum: u16, ideal: u16) -> Self {
        let column = Self::with(attribute.title, minimum, ideal, Content::Attribute(attribute, Role::Text));
        if matches!(attribute.unit, Unit::Pieces | Unit::Bytes) { column.right() } else { column }
    }

    /// A column that only this list has. It is of no use in less than `minimum` columns of the screen and needs no more
    /// than `ideal`; where its texts are short it takes what they need.
    pub const fn new(title: &'static str, minimum: u16, ideal: u16, cell: fn(&T, &World) -> Cell) -> Self {
        Self::with(title, minimum, ideal, Content::Made(cell))
    }

    const fn with(title: &'static str, minimum: u16, ideal: u16, content: Content<T>) -> Self {
        Self {
            title,
            minimum,
            ideal,
            grows: false,
            priority: 0,
            right: false,
            elide: Elide::Right,
            when: When::Always,
            content,
            order: None,
            same: None,
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

    /// How the attribute's text looks.
    pub const fn role(mut self, role: Role) -> Self {
        if let Content::Attribute(attribute, _) = self.content {
            self.content = Content::Attribute(attribute, role);
        }
        self
    }

    /// Shows something else in the attribute's place: a sign beside the word, an age and not the moment.
    pub const fn shown(mut self, cell: fn(&T, &World) -> Cell) -> Self {
        self.content = Content::Made(cell);
        self
    }

    /// Stands under another title here.
    pub const fn titled(mut self, title: &'static str) -> Self {
        self.title = title;
        self
    }

    /// Moves into the title where it says the same in every row; `same` is whether it does in two.
    pub const fn once(mut self, same: Same<T>) -> Self {
        self.same = Some(same);
        self
    }

    /// Can be sorted by.
    pub const fn sorted(mut self, order: fn(&T, &T) -> Ordering) -> Self {
        self.order = Some(order);
        self
    }

    /// What stands in it in a row.
    pub(super) fn cell(&self, row: &T, world: &World) -> Cell {
        match self.content {
            Content::Attribute(attribute, role) => Cell::new(text((attribute.value)(row), attribute.unit), role),
            Content::Made(cell) => cell(row, world),
        }
    }
}

/// A value as people read it; nothing where nothing is told.
fn text(value: Value<'_>, unit: Unit) -> String {
    match value {
        Value::Nothing => String::new(),
        Value::Text(text) => text.into_owned(),
        Value::Number(number) if unit == Unit::Bytes => fmt::maybe_bytes(Some(number)),
        Value::Number(number) => fmt::grouped(number.max(0) as u64),
        Value::Fraction(number) => number.to_string(),
        Value::Flag(flag) => if flag { "yes" } else { "no" }.to_owned(),
        Value::Time(time) => fmt::short(time),
    }
}
