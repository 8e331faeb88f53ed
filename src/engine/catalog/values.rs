//! Between the catalog's columns and the domain's types.

use crate::domain::recovery_point::Creator;
use crate::domain::{Invalid, Scope, Time};
use crate::engine::error::{Error, Result};
use chrono::TimeZone;
use rusqlite::types::FromSql;
use rusqlite::{Row, Statement};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::str::FromStr;

/// A time as the catalog keeps it: milliseconds since 1970.
pub fn millis(time: Time) -> i64 {
    time.timestamp_millis()
}

/// A time from the catalog.
pub fn time(millis: i64) -> Result<Time> {
    chrono::Utc
        .timestamp_millis_opt(millis)
        .single()
        .ok_or_else(|| Error::Internal(format!("the catalog holds an impossible time, {millis}")))
}

/// A document as the catalog keeps it.
pub fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::Internal(format!("a document does not serialize: {e}")))
}

/// The plan and rule behind something, as the catalog keeps them: their values alone, in the order of their members. Every job and
/// recovery point has them, and the names of the members would let the row of a point need a page of its own beside its table's.
/// Both forms are read.
pub fn creator(creator: &Creator) -> Result<String> {
    let Creator {
        backup_plan_id,
        backup_plan_arn,
        backup_plan_name,
        backup_plan_version,
        backup_rule_id,
        backup_rule_name,
        backup_rule_cron,
        backup_rule_timezone,
    } = creator;
    to_json(&[
        backup_plan_id,
        backup_plan_arn,
        backup_plan_name,
        backup_plan_version,
        backup_rule_id,
        backup_rule_name,
        backup_rule_cron,
        backup_rule_timezone,
    ])
}

/// A document from the catalog.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::Internal(format!("the catalog holds a damaged document: {e}")))
}

/// What every row mapper needs: columns by name, converted.
pub trait Columns {
    /// The column as SQLite has it.
    fn column<T: FromSql>(&self, name: &str) -> Result<T>;

    /// A text that the domain checks.
    fn parsed<T: FromStr<Err = Invalid>>(&self, name: &str) -> Result<T> {
        parse(&self.column::<String>(name)?, name)
    }

    /// A text that the domain checks, where there is one.
    fn parsed_option<T: FromStr<Err = Invalid>>(&self, name: &str) -> Result<Option<T>> {
        self.column::<Option<String>>(name)?.map(|text| parse(&text, name)).transpose()
    }

    /// A time.
    fn time(&self, name: &str) -> Result<Time> {
        time(self.column(name)?)
    }

    /// A time, where there is one.
    fn time_option(&self, name: &str) -> Result<Option<Time>> {
        self.column::<Option<i64>>(name)?.map(time).transpose()
    }

    /// A document.
    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        from_json(&self.column::<String>(name)?)
    }

    /// A document, where there is one.
    fn json_option<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.column::<Option<String>>(name)?.map(|text| from_json(&text)).transpose()
    }

    /// The columns `account` and `region`.
    fn scope(&self) -> Result<Scope> {
        Ok(Scope::new(self.parsed("account")?, self.parsed("region")?))
    }
}

impl Columns for Row<'_> {
    fn column<T: FromSql>(&self, name: &str) -> Result<T> {
        Ok(self.get(place(self, name)?)?)
    }
}

thread_local! {
    /// The place behind that of the column that was asked for last.
    static NEXT: Cell<usize> = const { Cell::new(0) };
}

/// The place of a column. They are mostly asked for in their order: a search from the first one would compare half of the names
/// each time, and rows have thirty. No two columns of a statement have one name.
fn place(row: &Row<'_>, name: &str) -> Result<usize> {
    let statement: &Statement<'_> = row.as_ref();
    let next = NEXT.get();
    let is_next = next < statement.column_count() && statement.column_name(next)? == name;
    let place = if is_next { next } else { statement.column_index(name)? };
    NEXT.set(place + 1);
    Ok(place)
}

fn parse<T: FromStr<Err = Invalid>>(text: &str, name: &str) -> Result<T> {
    text.parse().map_err(|e| Error::Internal(format!("the catalog's column {name} holds {text:?}: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn a_time_survives_to_the_millisecond() {
        let moment = time(1_516_925_490_087).unwrap();
        assert_eq!(moment.to_rfc3339(), "2018-01-26T00:11:30.087+00:00");
        assert_eq!(millis(moment), 1_516_925_490_087);
        assert!(time(i64::MAX).is_err());
    }

    #[test]
    fn a_plan_and_its_rule_are_read_in_both_forms() {
        let text = |number: u8| number.to_string();
        let made = Creator {
            backup_plan_id: text(1),
            backup_plan_arn: text(2),
            backup_plan_name: text(3),
            backup_plan_version: text(4),
            backup_rule_id: text(5),
            backup_rule_name: text(6),
            backup_rule_cron: text(7),
            backup_rule_timezone: text(8),
        };
        for kept in [creator(&made).unwrap(), to_json(&made).unwrap()] {
            assert_eq!(from_json::<Creator>(&kept).unwrap(), made, "{kept}");
        }
        assert_eq!(creator(&made).unwrap(), r#"["1","2","3","4","5","6","7","8"]"#);
    }

    #[test]
    fn a_column_is_found_by_its_name_in_whatever_order_they_are_asked_for() {
        let connection = Connection::open_in_memory().unwrap();
        let ask = |sql: &str, names: &[&str]| -> Vec<Option<i64>> {
            let mut statement = connection.prepare(sql).unwrap();
            let mut rows = statement.query([]).unwrap();
            let row = rows.next().unwrap().unwrap();
            names.iter().map(|name| row.column(name).ok()).collect()
        };
        let three = "SELECT 1 AS one, 2 AS two, 3 AS three";
        assert_eq!(ask(three, &["one", "two", "three"]), [Some(1), Some(2), Some(3)]);
        assert_eq!(ask(three, &["three", "one", "one", "three", "two"]), [3, 1, 1, 3, 2].map(Some));
        assert_eq!(ask(three, &["two", "four", "three", "one"]), [Some(2), None, Some(3), Some(1)]);
        assert_eq!(ask("SELECT 7 AS one", &["two", "one"]), [None, Some(7)], "another statement has others there");
    }
}
