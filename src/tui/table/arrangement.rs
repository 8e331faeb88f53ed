//! What a list shows, as it is saved under a name: its filter, its order, its columns.

use super::{List, Record};
use crate::client::views::{SortKey, View};
use crate::domain::filter::meant;
use crate::tui::world::World;

/// Rows are sorted by no more keys.
const MOST_KEYS: usize = 2;

impl<T: Record> List<T> {
    /// What it shows, but which list it is.
    pub(super) fn as_view(&self) -> View {
        let name = |column: &usize| T::columns().get(*column).map(|column| column.field().name).unwrap_or_default();
        let sort = self.table.sort.iter().map(|(column, reversed)| SortKey { by: name(column), reversed: *reversed });
        View {
            list: String::new(),
            filter: self.table.read.text(),
            problems: self.table.problems,
            sort: sort.collect(),
            columns: self.table.chosen.iter().map(name).collect(),
        }
    }

    /// Shows what a view says. One that does not fit the list changes nothing, and the error says what does not.
    pub(super) fn show_view(&mut self, view: &View, world: &World) -> Result<(), String> {
        let (sort, chosen) = (keys::<T>(&view.sort)?, columns::<T>(&view.columns)?);
        let read = self.read_whole(&view.filter, world).map_err(|error| error.to_string())?;
        let table = &mut self.table;
        (table.sort, table.chosen, table.problems, table.read) = (sort, chosen, view.problems, read);
        view.filter.clone_into(&mut table.filter);
        table.once.clear();
        self.rearrange(world);
        Ok(())
    }
}

/// The columns of these names.
fn columns<T: Record>(names: &[String]) -> Result<Vec<usize>, String> {
    let mut columns = Vec::new();
    for name in names {
        let column = column::<T>(name, |_| true)?;
        if columns.contains(&column) {
            return Err(format!("{name} is named twice"));
        }
        columns.push(column);
    }
    Ok(columns)
}

/// The columns that are sorted by.
fn keys<T: Record>(keys: &[SortKey]) -> Result<Vec<(usize, bool)>, String> {
    if keys.len() > MOST_KEYS {
        return Err(format!("rows are sorted by at most {MOST_KEYS} columns"));
    }
    let sorted = |place: usize| T::columns()[place].order.is_some();
    keys.iter().map(|key| Ok((column::<T>(&key.by, sorted)?, key.reversed))).collect()
}

/// The column of a name, out of those that fit.
fn column<T: Record>(name: &str, fits: impl Fn(usize) -> bool) -> Result<usize, String> {
    let all = T::columns().iter().map(|column| column.field().name).enumerate();
    let all: Vec<(usize, String)> = all.filter(|(place, _)| fits(*place)).collect();
    let found = all.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(place, _)| *place);
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(_, known)| known.as_str()).collect();
        let meant = meant(name, names.iter().copied());
        format!("no column here is {name}{meant}. There are: {}", names.join(", "))
    })
}
