//! What a server has to dump, and what the files of that are called.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The longest name that has room for its end in a folder, where 255 bytes are the most.
const LONGEST: usize = 240;

/// How much of its hash a name has that would be longer.
const OF_HASH: usize = 32;

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
pub(in crate::engine::drivers::mariadb) fn of_table(database: &str, table: &str) -> PathBuf {
    PathBuf::from(encoded(database)).join(format!("{}.sql", encoded(table)))
}

/// A file of a database itself.
pub(in crate::engine::drivers::mariadb) fn of_database(database: &str, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", encoded(database)))
}

fn encoded(name: &str) -> String {
    let encoded = utf8_percent_encode(name, KEPT).to_string();
    if encoded.len() <= LONGEST {
        return encoded;
    }
    let hash = hex::encode(Sha256::digest(name));
    format!("{}~{}", &encoded[..LONGEST - 1 - OF_HASH], &hash[..OF_HASH])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_elsewhere_and_no_two_meet() {
        assert_eq!(of_table("größe/..", "a.sql"), PathBuf::from("gr%C3%B6%C3%9Fe%2F%2E%2E/a%2Esql.sql"));
        assert_eq!(of_table("shop", "order_items-1"), PathBuf::from("shop/order_items-1.sql"));
        let long = |end: &str| of_table("d", &format!("{}{end}", "表".repeat(63)));
        let name = long("甲").file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name.starts_with("%E8%A1%A8%E8") && name.len() <= 255 && name.contains('~'), "{name}");
        assert!(of_database(&"表".repeat(64), super::super::SEQUENCES).as_os_str().len() <= 255);
        assert_eq!((long("甲") == long("甲"), long("甲") == long("乙")), (true, false));
        assert_ne!(of_database("users", ".views.sql"), PathBuf::from(super::super::USERS));
    }
}
