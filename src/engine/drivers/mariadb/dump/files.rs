//! What a server has to dump, and what the files of that are called.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// The databases of a server with what is in each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listed(pub(super) BTreeMap<String, Database>);

/// What is in a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Database {
    pub(super) tables: BTreeSet<String>,
    pub(super) sequences: BTreeSet<String>,
    pub(super) views: BTreeSet<String>,
}

/// The file of a table or a view.
pub(super) fn of_table(database: &str, table: &str) -> PathBuf {
    PathBuf::from(encoded(database)).join(format!("{}.sql", encoded(table)))
}

/// A file of a database itself.
pub(super) fn of_database(database: &str, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", encoded(database)))
}

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_elsewhere_and_no_two_meet() {
        assert_eq!(of_table("größe/..", "a.sql"), PathBuf::from("gr%C3%B6%C3%9Fe%2F%2E%2E/a%2Esql.sql"));
        assert_eq!(of_table("shop", "order_items-1"), PathBuf::from("shop/order_items-1.sql"));
        assert_ne!(of_database("users", ".views.sql"), PathBuf::from(super::super::USERS));
    }
}
