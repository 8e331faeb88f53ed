//! Between the catalog's columns and the domain's types.

use crate::domain::{Invalid, Scope, Time};
use crate::engine::error::{Error, Result};
use chrono::TimeZone;
use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::Serialize;
use serde::de::DeserializeOwned;
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
        Ok(self.get(name)?)
    }
}

fn parse<T: FromStr<Err = Invalid>>(text: &str, name: &str) -> Result<T> {
    text.parse().map_err(|e| Error::Internal(format!("the catalog's column {name} holds {text:?}: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_to_the_millisecond() {
        let moment = time(1_516_925_490_087).unwrap();
        assert_eq!(moment.to_rfc3339(), "2018-01-26T00:11:30.087+00:00");
        assert_eq!(millis(moment), 1_516_925_490_087);
        assert!(time(i64::MAX).is_err());
    }
}
