//! The rows of tables with columns of single precision, as statements that make them again to the last bit.
//!
//! A server writes a `FLOAT` as a text of six digits, whoever asks, and so does `mariadb-dump`. The same number as a `DOUBLE` is written
//! whole, and gives the same `FLOAT` when it is read. So the server itself writes the rows of such tables as statements: numbers
//! as they are, what has an order of its members by that, times in quotes, and everything else by its bytes.

use super::rows;
use std::io::{self, BufRead, Write};

/// The longest piece of a row that is copied at once.
const PIECE: u64 = 64 << 10;

/// A table with its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    database: String,
    name: String,
    columns: Vec<Column>,
}

/// The tables in an answer to [`rows::tables_with_floats`].
pub(super) fn tables(answer: Vec<Vec<String>>) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for row in answer {
        let ([database, name, ..], Some(column)) = (row.as_slice(), row.get(2..).and_then(Column::read)) else {
            continue;
        };
        match tables.last_mut().filter(|last| last.database == *database && last.name == *name) {
            Some(table) => table.columns.push(column),
            None => tables.push(Table { database: database.clone(), name: name.clone(), columns: vec![column] }),
        }
    }
    tables
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    kind: String,
    /// Whether it is not rounded to a number of places.
    is_whole: bool,
}

impl Column {
    fn read(row: &[String]) -> Option<Self> {
        let [name, kind, is_whole] = row else { return None };
        Some(Self { name: name.clone(), kind: kind.to_lowercase(), is_whole: is_whole == "1" })
    }

    /// What writes its value in a statement.
    fn told(&self) -> String {
        rows::told(&rows::quoted(&self.name), &self.kind, self.is_whole)
    }
}

impl Table {
    /// The option that keeps `mariadb-dump` from writing its rows.
    pub(super) fn without_rows(&self) -> String {
        format!("--ignore-table-data={}.{}", self.database, self.name)
    }

    /// The question whose answer is the statements of all rows, each in a line.
    pub(super) fn question(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| rows::quoted(&column.name)).collect();
        let told: Vec<String> = self.columns.iter().map(Column::told).collect();
        rows::statements((&self.database, &self.name), &names, &told)
    }
}

/// Copies the statements that a client wrote, and refuses what is none: what a server cannot write in one text, it writes as NULL.
pub(super) fn copy(mut from: impl BufRead, into: &mut dyn Write) -> io::Result<()> {
    let (mut is_at_line, mut piece) = (true, Vec::new());
    loop {
        piece.clear();
        if io::Read::take(&mut from, PIECE).read_until(b'\n', &mut piece)? == 0 {
            return Ok(());
        }
        if is_at_line && !piece.starts_with(rows::STATEMENT.as_bytes()) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a row is too long for one statement"));
        }
        is_at_line = piece.ends_with(b"\n");
        into.write_all(&piece)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_written_so_that_it_is_read_as_it_was() {
        let told =
            |kind: &str, is_whole: &str| Column::read(&["a`b", kind, is_whole].map(str::to_owned)).unwrap().told();
        assert_eq!(told("float", "1"), "IF(`a``b` IS NULL, 'NULL', CAST(`a``b` AS DOUBLE))");
        assert_eq!(told("float", "0"), "IF(`a``b` IS NULL, 'NULL', `a``b`)");
        assert_eq!(told("SET", "0"), "IF(`a``b` IS NULL, 'NULL', CAST(`a``b` AS UNSIGNED))");
        assert_eq!(told("datetime", "0"), "IF(`a``b` IS NULL, 'NULL', QUOTE(`a``b`))");
        assert!(told("longblob", "0").contains("HEX(`a``b`)"));
    }

    #[test]
    fn the_columns_of_a_table_stay_together() {
        let row = |table: &str, column: &str| ["d", table, column, "int", "0"].map(str::to_owned).to_vec();
        let tables = tables(vec![row("s", "x"), row("t", "a"), row("t", "b")]);
        assert_eq!(tables.iter().map(|table| table.columns.len()).collect::<Vec<_>>(), [1, 2]);
        let asked = tables[1].question();
        assert!(
            asked.ends_with("IF(`a` IS NULL, 'NULL', `a`), ',', IF(`b` IS NULL, 'NULL', `b`), ');') FROM `d`.`t`;\n"),
            "{asked}"
        );
    }

    #[test]
    fn a_row_that_the_server_could_not_write_is_refused() {
        let copied = |text: &str| {
            let mut into = Vec::new();
            copy(text.as_bytes(), &mut into).map(|()| String::from_utf8(into).unwrap())
        };
        let long = format!("INSERT INTO `t` VALUES (0x{});\n", "00".repeat(100 << 10));
        assert_eq!(copied(&long).unwrap(), long);
        assert!(copied(&format!("{long}NULL\n")).unwrap_err().to_string().contains("too long"));
    }
}
