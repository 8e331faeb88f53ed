//! Rows that are read from a recovery point and inserted.

use super::csv::{Csv, Row};
use super::rows;
use super::rows::model::{Table, literal, quoted};
use super::session::Session;
use crate::engine::drivers::Fault;
use std::io::{self, Read};

/// The most that one statement inserts.
const BATCH_BYTES: usize = 256 << 10;

/// A session in the database that is written into.
pub(super) struct Open {
    pub(super) session: Session,
    pub(super) is_redshift: bool,
}

/// Why rows could not be written.
pub(super) enum Unwritten {
    /// The content could not be read.
    Unread(io::Error),
    /// The session ended, and no other table can be written in it.
    Session(Fault),
}

impl From<io::Error> for Unwritten {
    fn from(error: io::Error) -> Self {
        Self::Unread(error)
    }
}

/// Inserts all rows of a table into the one of this name.
pub(super) fn insert(open: &mut Open, table: &Table, name: &str, content: &mut dyn Read) -> Result<(), Unwritten> {
    let mut csv = Csv::new(content);
    let names: Vec<String> = table.stored().map(|column| quoted(&column.name)).collect();
    let head: Vec<Option<String>> = table.stored().map(|column| Some(column.name.clone())).collect();
    if csv.next()?.as_ref() != Some(&head) {
        return Err(io::Error::other("its first line does not name the columns of the table").into());
    }
    let overrides = table.columns.iter().any(|column| column.identity == "a");
    let beginning = rows::insert(name, &names.join(", "), overrides);
    let mut statement = String::new();
    while let Some(row) = csv.next()? {
        if row.len() != head.len() {
            let what = format!("a row has {} values and the table {} columns", row.len(), head.len());
            return Err(io::Error::other(what).into());
        }
        statement.push_str(if statement.is_empty() { &beginning } else { "," });
        statement.push_str(&values(&row, open.is_redshift));
        if statement.len() > BATCH_BYTES {
            open.session.order(&format!("{statement};")).map_err(Unwritten::Session)?;
            statement.clear();
        }
    }
    if !statement.is_empty() {
        open.session.order(&format!("{statement};")).map_err(Unwritten::Session)?;
    }
    Ok(())
}

fn values(row: &Row, is_redshift: bool) -> String {
    let values =
        row.iter().map(|value| value.as_ref().map_or_else(|| "NULL".to_owned(), |text| literal(text, is_redshift)));
    format!("({})", values.collect::<Vec<_>>().join(","))
}
