//! Which rows of a list pass its filter. Of many rows some are looked at in each step, so that no key waits for all of them;
//! meanwhile the rows are shown that were.

use super::{List, Record, Table};
use crate::client::views::View;
use crate::domain::filter::{Candidates, Fields, Filter, FilterError, Rule, Told, Typing};
use crate::domain::value::Value;
use crate::tui::export::Export;
use crate::tui::store::Line;
use crate::tui::world::World;
use crate::tui::zone::Asked;
use std::collections::BTreeSet;

/// So many rows are looked at in one step: less than a frame's work.
const STEP: usize = 5_000;
/// So many rows are asked for the values that a field has.
const MOST_ASKED: usize = 5_000;

/// Rows that came.
pub(super) struct Fresh<T> {
    pub(super) lines: Vec<Line<T>>,
    /// Whether no more are on their way.
    pub(super) whole: bool,
}

/// Rows on their way through a filter.
pub(super) struct Pass<T> {
    /// The rows, where they are not those that are shown.
    fresh: Option<Fresh<T>>,
    /// The first one that was not looked at.
    next: usize,
    /// Those that passed.
    passed: Vec<u32>,
    /// How many passed each term, as long as none passed all.
    counts: Vec<usize>,
}

/// A list whatever its rows are.
pub trait Listing {
    /// What it shows.
    fn table(&self) -> &Table;
    /// Whether a filter can be read.
    fn check(&self, text: &str, world: &World) -> Result<(), FilterError>;
    /// Shows only rows that pass a filter, the terms of it that can be read; the error tells the first other one.
    fn filter(&mut self, text: &str, world: &World) -> Result<(), FilterError>;
    /// Shows all rows again; false when nothing restricted them.
    fn unfilter(&mut self, world: &World) -> bool;
    /// What can stand at a place, in bytes, of a filter.
    fn candidates(&self, text: &str, cursor: usize, world: &World) -> Option<Candidates>;
    /// What it shows, but which list it is.
    fn view(&self) -> View;
    /// Shows what a view says. One that does not fit the list changes nothing, and the error says what does not.
    fn set_view(&mut self, view: &View, world: &World) -> Result<(), String>;
    /// The rows that it shows, with the columns that stand in it or are told in its title.
    fn export(&self, world: &World) -> Export;
    /// Looks at some more rows; false when there is none left to look at.
    fn step(&mut self, world: &World) -> bool;
    /// Does what the pointer asks on a row; false where it is not shown any more.
    fn point(&mut self, row: &str, asked: Asked) -> bool;
}

/// A row and what is known beside it.
struct RowOf<'a, T> {
    row: &'a T,
    world: &'a World,
}

impl<T: Record> Told for RowOf<'_, T> {
    fn words(&self, words: &mut String) {
        self.row.words(words);
    }
    fn any(&self, field: usize, passes: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
        let columns = T::columns();
        match columns.get(field) {
            Some(column) => column.any(self.row, self.world, passes),
            None => {
                let attribute = T::attributes().get(field - columns.len());
                attribute.is_some_and(|attribute| passes(&(attribute.value)(self.row)))
            }
        }
    }
}

impl<T: Record> List<T> {
    /// What filters know of a row: its columns, then what else is told of it.
    pub(super) fn fields() -> Fields {
        let columns = T::columns().iter().map(|column| column.field());
        Fields::new(columns.chain(T::attributes().iter().map(|attribute| attribute.field())))
    }

    /// Reads a filter. A value that a field should not have is asked of the rows: services add some.
    fn read<R>(&self, world: &World, read: impl Fn(&Fields) -> (R, Option<FilterError>)) -> (R, Option<FilterError>) {
        let mut fields = Self::fields();
        let (done, error) = read(&fields);
        if !matches!(error, Some(FilterError { rule: Rule::NoChoice { .. }, .. })) {
            return (done, error);
        }
        let limited = fields.all().iter().enumerate().filter(|(_, field)| !field.choices.is_empty());
        for field in limited.map(|(place, _)| place).collect::<Vec<_>>() {
            fields.allow(field, self.values(field, self.lines.len(), world));
        }
        read(&fields)
    }

    /// The same of all of a filter.
    pub(super) fn read_whole(&self, text: &str, world: &World) -> Result<Filter, FilterError> {
        let parsed = self.read(world, |fields| match Filter::parse(text, fields, world.now()) {
            Ok(filter) => (filter, None),
            Err(error) => (Filter::default(), Some(error)),
        });
        match parsed {
            (filter, None) => Ok(filter),
            (_, Some(error)) => Err(error),
        }
    }

    /// Begins to look at the rows, at new ones where some came. A few are looked at right away.
    pub(super) fn begin(&mut self, fresh: Option<Fresh<T>>, world: &World) {
        // Days without a year are the nearest ones, seen from now.
        if !self.table.read.is_empty()
            && let Ok(read) = self.read_whole(&self.table.filter, world)
        {
            self.table.read = read;
        }
        let fresh = fresh.or_else(|| self.pass.take().and_then(|pass| pass.fresh));
        self.pass = Some(Pass { fresh, next: 0, passed: Vec::new(), counts: Vec::new() });
        self.table.filtering = true;
        if self.table.read.is_empty() && !self.table.problems {
            while self.step(world) {}
        } else {
            self.step(world);
        }
    }

    /// What a field says in the first rows, each once.
    fn values(&self, field: usize, rows: usize, world: &World) -> Vec<String> {
        let asked = self.lines.iter().take(rows);
        let columns = T::columns();
        let told = asked.flat_map(|line| match columns.get(field) {
            Some(column) => column.offers(&line.record, world),
            None => {
                let attribute = T::attributes().get(field - columns.len());
                let value = attribute.map_or(Value::Nothing, |attribute| (attribute.value)(&line.record));
                if let Value::Text(text) = value { vec![text.into_owned()] } else { Vec::new() }
            }
        });
        told.filter(|value| !value.is_empty()).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl<T: Record> Listing for List<T> {
    fn table(&self) -> &Table {
        &self.table
    }
    fn check(&self, text: &str, world: &World) -> Result<(), FilterError> {
        self.read_whole(text, world).map(drop)
    }
    fn filter(&mut self, text: &str, world: &World) -> Result<(), FilterError> {
        let (read, error) = self.read(world, |fields| Filter::parse_some(text, fields, world.now()));
        let kept = match &error {
            Some(FilterError { rule: Rule::TooLong | Rule::TooMany, .. }) => self.table.filter.clone(),
            Some(_) => read.text(),
            None => text.to_owned(),
        };
        if self.table.filter != kept {
            (self.table.filter, self.table.read) = (kept, read);
            self.rearrange(world);
        }
        error.map_or(Ok(()), Err)
    }
    fn unfilter(&mut self, world: &World) -> bool {
        let restricted = self.table.problems || !self.table.filter.is_empty();
        if restricted {
            self.table.problems = false;
            self.table.filter.clear();
            self.table.read = Filter::default();
            self.rearrange(world);
        }
        restricted
    }
    fn candidates(&self, text: &str, cursor: usize, world: &World) -> Option<Candidates> {
        let fields = Self::fields();
        let typing = Typing::at(text, cursor, &fields)?;
        let found = typing.candidates(text, &fields, |field| self.values(field, MOST_ASKED, world));
        (!found.texts.is_empty()).then_some(found)
    }
    fn point(&mut self, row: &str, asked: Asked) -> bool {
        self.point_at(row, asked)
    }
    fn view(&self) -> View {
        self.as_view()
    }
    fn set_view(&mut self, view: &View, world: &World) -> Result<(), String> {
        self.show_view(view, world)
    }
    fn export(&self, world: &World) -> Export {
        let all = T::columns();
        let own = self.table.chosen.is_empty();
        let order = self.table.order_of(all.len());
        let columns: Vec<_> = order
            .into_iter()
            .filter_map(|place| all.get(place))
            .filter(|column| !own || column.when.holds(world))
            .collect();
        let lines = self.table.order.iter().map(|index| &self.lines[*index as usize].record);
        let rows = lines.map(|row| columns.iter().map(|column| column.seen(row, world)).collect());
        Export {
            rows: rows.collect(),
            columns: columns.iter().map(|column| (column.title, column.field().name)).collect(),
        }
    }
    fn step(&mut self, world: &World) -> bool {
        let Some(pass) = &mut self.pass else { return false };
        let (table, now) = (&mut self.table, world.now());
        let lines = pass.fresh.as_ref().map_or(&self.lines, |fresh| &fresh.lines);
        let until = (pass.next + STEP).min(lines.len());
        for (line, index) in lines[pass.next..until].iter().zip(pass.next as u32..) {
            let row = RowOf { row: &*line.record, world };
            if table.problems && !row.row.is_problem() {
                continue;
            }
            if table.read.is_empty() || table.read.passes(&row, now) {
                pass.passed.push(index);
            } else if pass.passed.is_empty() {
                table.read.count(&row, now, &mut pass.counts);
            }
        }
        pass.next = until;
        if until < lines.len() {
            return true;
        }
        let Some(Pass { fresh, passed, counts, .. }) = self.pass.take() else { return false };
        if let Some(Fresh { lines, whole }) = fresh {
            self.lines = lines;
            self.tell_once(whole, world);
            if whole {
                self.forget_gone();
            }
        }
        let table = &mut self.table;
        table.apart = table.read.terms().map(str::to_owned).zip(counts).filter(|_| passed.is_empty()).collect();
        (table.order, table.filtering) = (passed, false);
        self.arrange();
        false
    }
}
