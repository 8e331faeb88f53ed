//! A table's columns, as data.

use crate::client::attributes::{self, Attribute, Scoped};
use crate::domain::filter::Field;
use crate::domain::value::{Unit, Value};
use crate::tui::export::Seen;
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

/// Whether two rows say the same in a column.
pub type Same<T> = fn(&T, &T) -> bool;
/// What stands in a cell.
pub type Shown<T> = fn(&T, &World) -> Cell;
/// What a cell says, before anyone decides how it is written.
pub type Told<T> = for<'a> fn(&'a T, &'a World) -> Value<'a>;

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
    /// What is told of the record everywhere.
    attribute: Option<&'static Attribute<T>>,
    role: Role,
    /// What this column shows in its place.
    shown: Option<Shown<T>>,
    /// What the cells count, where no attribute says it.
    measured: Option<(Unit, Told<T>)>,
    /// All that a cell stands for, where it shows less.
    each: Option<fn(&T, &World) -> Vec<String>>,
    /// Whether what is shown is a name of what is told.
    named: bool,
    /// What it shows in the place of one of the values that there can be.
    says: &'static [&'static str],
    pub(super) order: Option<fn(&T, &T) -> Ordering>,
    pub(super) same: Option<Same<T>>,
}

impl<T: Scoped> Column<T> {
    /// The account of each row by its name, where rows of several are shown.
    pub const fn account(minimum: u16, ideal: u16) -> Self {
        Self::of(const { &attributes::account::<T>() }, minimum, ideal)
            .shown(|row, world| Cell::plain(world.account(&row.scope().account)))
            .named()
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
        let mut column = Self::with(attribute.title, minimum, ideal);
        column.attribute = Some(attribute);
        if matches!(attribute.unit, Unit::Pieces | Unit::Bytes | Unit::Seconds) { column.right() } else { column }
    }

    /// A column that only this list has. It is of no use in less than `minimum` columns of the screen and needs no more
    /// than `ideal`; where its texts are short it takes what they need.
    pub const fn new(title: &'static str, minimum: u16, ideal: u16, cell: Shown<T>) -> Self {
        Self::with(title, minimum, ideal).shown(cell)
    }

    const fn with(title: &'static str, minimum: u16, ideal: u16) -> Self {
        Self {
            title,
            minimum,
            ideal,
            grows: false,
            priority: 0,
            right: false,
            elide: Elide::Right,
            when: When::Always,
            attribute: None,
            role: Role::Text,
            shown: None,
            measured: None,
            each: None,
            named: false,
            says: &[],
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
        self.role = role;
        self
    }

    /// Shows something else in the attribute's place: a sign beside the word, an age and not the moment.
    pub const fn shown(mut self, cell: Shown<T>) -> Self {
        self.shown = Some(cell);
        self
    }

    /// What its cells count, and what they say: filters compare it.
    pub const fn measured(mut self, unit: Unit, told: Told<T>) -> Self {
        self.measured = Some((unit, told));
        self
    }

    /// All that a cell stands for where it only says how many: filters look at each.
    pub const fn each(mut self, texts: fn(&T, &World) -> Vec<String>) -> Self {
        self.each = Some(texts);
        self
    }

    /// What it shows in the place of one of the values that there can be.
    pub const fn says(mut self, words: &'static [&'static str]) -> Self {
        self.says = words;
        self
    }

    /// What it shows is a name of what the attribute tells: filters know both, and offer the name.
    pub const fn named(mut self) -> Self {
        self.named = true;
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
        match (self.shown, self.attribute) {
            (Some(cell), _) => cell(row, world),
            (None, Some(attribute)) => Cell::new(text((attribute.value)(row), attribute.unit), self.role),
            (None, None) => Cell::plain(""),
        }
    }

    /// The field of filters that it is.
    pub(super) fn field(&self) -> Field {
        let unit = self.measured.map(|(unit, _)| unit).or(self.attribute.map(|attribute| attribute.unit));
        let choices = self.attribute.map_or(&[] as &[&str], |attribute| attribute.choices);
        Field::titled(self.title, unit.unwrap_or(Unit::None), &[choices, self.says].concat())
    }

    /// Whether something that it says of a row passes: what is told, and where that is a text what is shown, too.
    pub(super) fn any(&self, row: &T, world: &World, passes: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
        if let Some((_, told)) = self.measured {
            return passes(&told(row, world));
        }
        if let Some(texts) = self.each {
            return texts(row, world).iter().any(|text| passes(&text.into()));
        }
        let told = self.attribute.is_some_and(|attribute| passes(&(attribute.value)(row)));
        let is_text = self.attribute.is_none_or(|attribute| attribute.unit == Unit::None);
        let shown = self.shown.filter(|_| is_text).map(|cell| cell(row, world).text);
        told || shown.is_some_and(|shown| match shown.as_ref() {
            // That nothing is told is said with a sign.
            none if none == world.glyphs.none => passes(&Value::Nothing),
            shown => passes(&shown.into()) || passes(&without_sign(shown).into()),
        })
    }

    /// What its cell tells other programs.
    pub(super) fn seen(&self, row: &T, world: &World) -> Seen {
        let shown = self.cell(row, world).text.into_owned();
        let told = match (self.measured, self.attribute) {
            (Some((_, told)), _) => told(row, world).json(),
            (None, Some(attribute)) if !self.named => (attribute.value)(row).json(),
            _ => shown.as_str().into(),
        };
        Seen { shown, told }
    }

    /// What filters are offered of a row.
    pub(super) fn offers(&self, row: &T, world: &World) -> Vec<String> {
        match (self.each, self.attribute) {
            (Some(texts), _) => texts(row, world),
            (None, Some(attribute)) if !self.named => vec![text((attribute.value)(row), attribute.unit)],
            _ => vec![without_sign(&self.cell(row, world).text).to_owned()],
        }
    }
}

/// What a cell says without the sign before it; the sign where it says no more.
fn without_sign(shown: &str) -> &str {
    Some(shown.trim_start_matches(|c: char| !c.is_alphanumeric())).filter(|words| !words.is_empty()).unwrap_or(shown)
}

/// A value as people read it; nothing where nothing is told.
fn text(value: Value<'_>, unit: Unit) -> String {
    match value {
        Value::Nothing => String::new(),
        Value::Text(text) => text.into_owned(),
        Value::Number(number) if unit == Unit::Bytes => fmt::maybe_bytes(Some(number)),
        Value::Number(number) if unit == Unit::Seconds => {
            fmt::duration(chrono::Duration::try_seconds(number).unwrap_or_default())
        }
        Value::Number(number) => fmt::grouped(number.max(0) as u64),
        Value::Fraction(number) => number.to_string(),
        Value::Flag(flag) => if flag { "yes" } else { "no" }.to_owned(),
        Value::Time(time) => fmt::short(time),
    }
}
