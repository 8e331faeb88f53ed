//! What is printed, and the only place that prints: lists as a table for people, JSON for programs, CSV for
//! spreadsheets, and what is said on standard error.
//!
//! Every print may fail. A reader that went away (`vaultdeck jobs | head -1`) wanted no more, so the command goes on and
//! its exit code tells of the command, not of the reader; any other failure, such as a full disk, is told and is one of
//! the command's. What is said on standard error and cannot be said there is dropped: nobody is left to tell.

use super::failure::Failure;
use super::format::Format;
use crate::client::attributes::Attribute;
use crate::client::text::{csv_cell, csv_text};
use crate::domain::value::Unit;
use crate::tui::text::harmless;
use serde::Serialize;
use serde_json::{Map, Value};
use std::io::Write;
use std::process::ExitCode;
use unicode_width::UnicodeWidthStr;

/// A column: its title in the table, and the member of each row that it shows. JSON and CSV have all members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) member: &'static str,
    pub(super) show: Show,
}

/// How a column shows its values in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    /// As it is.
    Plain,
    /// A number of bytes, to the right.
    Bytes,
    /// A number, to the right.
    Number,
    /// A moment, to the minute, in UTC.
    Time,
}

impl Column {
    /// The column of what is told of records everywhere.
    pub(super) const fn of<T>(attribute: &Attribute<T>) -> Self {
        let show = match attribute.unit {
            Unit::None => Show::Plain,
            Unit::Pieces | Unit::Seconds => Show::Number,
            Unit::Bytes => Show::Bytes,
            Unit::Moment => Show::Time,
        };
        Self { title: attribute.title, member: attribute.member, show }
    }
}

/// One row: AWS's member names, in the order of the CSV.
pub(super) type Row = Map<String, Value>;

/// The row of a record, with the members that it has as JSON.
pub(super) fn row_of(record: &impl Serialize) -> Row {
    match serde_json::to_value(record) {
        Ok(Value::Object(row)) => row,
        _ => Row::new(),
    }
}

/// Prints rows.
pub(super) fn print(columns: &[Column], rows: &[Row], format: Format) -> Result<(), Failure> {
    let text = match format {
        Format::Table => table(columns, rows),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(rows).unwrap_or_default()),
        Format::Csv => csv(columns, rows),
    };
    write(&text)
}

/// Writes to standard output; a reader that went away is no failure.
pub(super) fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// The same for what goes on and on: whether anybody still reads it.
pub(super) fn write_on(text: &str) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        other => written(other).map(|()| true),
    }
}

/// What a write to standard output means for the command.
fn written(result: std::io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("standard output cannot be written: {e}")))
        }
        _ => Ok(()),
    }
}

/// Says a line on standard error.
pub(super) fn say(line: &str) {
    // One write for the whole line, so that those of other processes do not come in between.
    let _ = std::io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Asks on standard error, in a line that goes on.
pub(super) fn ask(prompt: &str) {
    let _ = std::io::stderr().lock().write_all(prompt.as_bytes());
}

/// Prints what the parser of the command line has to say: a mistake, the help, the version. Gives the exit code.
pub(super) fn parsed(told: &clap::Error) -> Result<u8, Failure> {
    let printed = told.print();
    if !told.use_stderr() {
        written(printed)?;
    }
    Ok(u8::try_from(told.exit_code()).unwrap_or(u8::MAX))
}

/// Says on standard error why a command did not do what it was asked. Gives its exit code.
pub(super) fn tell(failure: &Failure) -> ExitCode {
    say(&format!("vaultdeck: {}", failure.message()));
    failure.code()
}

/// Prints one JSON value.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Failure::failed(e.to_string()))?;
    write(&format!("{text}\n"))
}

fn table(columns: &[Column], rows: &[Row]) -> String {
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| column.cell(row)).collect()).collect();
    let width = |index: usize| {
        let widest = cells.iter().map(|row| row[index].width()).max().unwrap_or_default();
        widest.max(columns[index].title.width())
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let titles: Vec<String> = columns.iter().map(|column| column.title.to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&titles).chain(&cells) {
        let mut line = String::new();
        for ((cell, column), width) in row.iter().zip(columns).zip(&widths) {
            let pad = " ".repeat(width - cell.width());
            let right = matches!(column.show, Show::Bytes | Show::Number);
            line += &if right { format!("{pad}{cell}  ") } else { format!("{cell}{pad}  ") };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

impl Column {
    fn cell(&self, row: &Row) -> String {
        let value = row.get(self.member).unwrap_or(&Value::Null);
        match (self.show, value) {
            (_, Value::Null) => "-".to_owned(),
            (Show::Bytes, value) => value.as_u64().map_or_else(|| "-".to_owned(), bytes),
            (Show::Time, Value::String(text)) => minute(text),
            (_, value) => harmless(&plain(value)).into_owned(),
        }
    }
}

/// `2026-11-23T05:00:00.000Z` → `2026-11-23 05:00`.
fn minute(text: &str) -> String {
    chrono::DateTime::parse_from_rfc3339(text)
        .map_or_else(|_| harmless(text).into_owned(), |at| at.naive_utc().format("%Y-%m-%d %H:%M").to_string())
}

fn csv(columns: &[Column], rows: &[Row]) -> String {
    let mut members: Vec<&str> = columns.iter().map(|column| column.member).collect();
    for name in rows.iter().flat_map(|row| row.keys()) {
        if !members.contains(&name.as_str()) {
            members.push(name);
        }
    }
    let mut text = members.join(",") + "\r\n";
    for row in rows {
        let cells: Vec<String> = members.iter().map(|name| row.get(*name).map(cell).unwrap_or_default()).collect();
        text += &cells.join(",");
        text += "\r\n";
    }
    text
}

/// A value as text: nothing for null, `key=value` pairs for an object.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(members) => {
            members.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

/// A value as a cell of CSV.
fn cell(value: &Value) -> String {
    if value.is_number() { csv_cell(&plain(value)) } else { csv_text(&plain(value)) }
}

/// Bytes in binary units, three digits at most before the point.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const COLUMNS: [Column; 3] = [
        Column { title: "NAME", member: "Name", show: Show::Plain },
        Column { title: "SIZE", member: "Size", show: Show::Bytes },
        Column { title: "CREATED", member: "Created", show: Show::Time },
    ];

    fn row(value: Value) -> Row {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_table_is_aligned_by_what_the_eye_sees() {
        let rows = [
            row(json!({"Name": "日本", "Size": 1536, "Created": "2026-11-23T05:00:30.000Z"})),
            row(json!({"Name": "a", "Size": null})),
        ];
        assert_eq!(
            table(&COLUMNS, &rows),
            "NAME     SIZE  CREATED\n日本  1.5 KiB  2026-11-23 05:00\na           -  -\n"
        );
    }

    #[test]
    fn a_terminal_does_not_act_on_a_cell() {
        let rows = [row(json!({"Name": "a\u{1b}[2J\u{202e}b\n"}))];
        let text = table(&COLUMNS[..1], &rows);
        assert_eq!(text, "NAME\na\\x1b[2J\\u{202e}b\\n\n");
    }

    #[test]
    fn csv_has_every_member_and_quotes_what_needs_it() {
        let rows = [row(json!({"Name": "a,\"b\"", "Size": 1, "Tags": {"env": "prod"}}))];
        assert_eq!(csv(&COLUMNS, &rows), "Name,Size,Created,Tags\r\n\"a,\"\"b\"\"\",1,,env=prod\r\n");
    }

    #[test]
    fn csv_makes_no_formula_of_a_name() {
        for (name, cell) in [("=1+2", "'=1+2"), ("@SUM(A1)", "'@SUM(A1)"), ("-x", "'-x"), ("+x", "'+x"), ("a=b", "a=b")]
        {
            assert_eq!(csv(&COLUMNS[..1], &[row(json!({ "Name": name }))]), format!("Name\r\n{cell}\r\n"));
        }
        assert_eq!(csv(&COLUMNS[1..2], &[row(json!({"Size": -1}))]), "Size\r\n-1\r\n");
        assert_eq!(csv(&COLUMNS[..1], &[row(json!({"Name": "\t=1,2"}))]), "Name\r\n\"'\t=1,2\"\r\n");
    }

    #[test]
    fn bytes_have_binary_units() {
        let table = [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_048_575, "1.0 MiB"), (u64::MAX, "16.0 EiB")];
        for (count, expected) in table {
            assert_eq!(bytes(count), expected);
        }
    }
}
