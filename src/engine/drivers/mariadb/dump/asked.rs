//! What a server has to dump, and what of it a dump does not hold.

use super::SEQUENCE;
use super::files::{Database, Listed};
use crate::domain::Secret;
use crate::engine::drivers::Fault;
use crate::engine::drivers::mariadb::address::Address;
use crate::engine::drivers::mariadb::programs::DUMP;
use crate::engine::drivers::mariadb::version::Version;
use crate::engine::drivers::mariadb::{faults, rows, server};

/// The first version whose program writes the history of tables, and whose server takes it back.
pub(in crate::engine::drivers::mariadb) const WRITES_HISTORY: Version = Version::new(10, 11);

/// The engine whose tables are all of one moment.
const TRANSACTIONAL: &str = "InnoDB";

/// What the server calls a table with a history.
const VERSIONED: &str = "SYSTEM VERSIONED";

/// How many names a message has.
const MOST_NAMED: usize = 5;

/// What a server has to dump.
pub(super) struct Asked {
    pub(super) listed: Listed,
    pub(super) size_bytes: u64,
    pub(super) is_of_one_moment: bool,
    /// Whether there are tables with a history, and it can be dumped.
    pub(super) has_history: bool,
    /// What a dump does not hold of it, as sentences.
    pub(super) lacks: Vec<String>,
}

/// Asks a server of this version.
pub(super) fn ask(address: &Address, secret: Option<&Secret>, version: &str) -> Result<Asked, Fault> {
    let mut asked = Asked {
        listed: Listed::default(),
        size_bytes: 0,
        is_of_one_moment: true,
        has_history: false,
        lacks: Vec::new(),
    };
    let mut versioned = Vec::new();
    for row in server::ask(address, secret, rows::LISTED)? {
        let Ok([database, name, kind, engine, bytes]) = <[String; 5]>::try_from(row) else {
            return Err(faults::fault(address, "it does not list its tables as MariaDB does"));
        };
        if [&database, &name].iter().any(|name| name.contains(char::is_control)) {
            let why = format!("{database:?}.{name:?} has a control character in its name; a dump is divided by lines");
            return Err(faults::fault(address, &why));
        }
        let of = database.clone();
        let within: &mut Database = asked.listed.0.entry(database).or_default();
        asked.size_bytes += bytes.parse().unwrap_or(0);
        match kind.as_str() {
            "" => {}
            "VIEW" => drop(within.views.insert(name)),
            SEQUENCE => drop(within.sequences.insert(name)),
            _ => {
                if kind == VERSIONED {
                    versioned.push(format!("{of}.{name}"));
                }
                asked.is_of_one_moment &= engine == TRANSACTIONAL;
                within.tables.insert(name);
            }
        }
    }
    let floats: Vec<String> = server::ask(address, secret, rows::FLOATS)?.into_iter().flatten().collect();
    if let Some(names) = some_of(&floats) {
        asked.lacks.push(format!("Of FLOAT a dump holds six digits, and all others are lost: {names}."));
    }
    if let Some(names) = some_of(&versioned) {
        let why = why_no_history(address, secret, version)?;
        asked.has_history = why.is_none();
        let lack = |why| format!("A dump holds no history of the rows, since {why}: {names}.");
        asked.lacks.extend(why.map(lack));
    }
    Ok(asked)
}

/// Why the history of tables cannot be dumped, where that is so: the program writes it of all of them or of none.
fn why_no_history(address: &Address, secret: Option<&Secret>, version: &str) -> Result<Option<String>, Fault> {
    let program = DUMP.version()?;
    if program < WRITES_HISTORY || Version::of(version).is_none_or(|server| server < WRITES_HISTORY) {
        return Ok(Some(format!(
            "mariadb-dump ({program}) and the server ({version}) would both have to be of {WRITES_HISTORY}"
        )));
    }
    let rows = server::ask(address, secret, rows::HISTORY_BY_TRANSACTION)?;
    let first = rows.into_iter().flatten().next();
    Ok(first.map(|table| format!("mariadb-dump writes none where a table has one by transactions, as {table}")))
}

/// The first few names, and how many more there are.
pub(in crate::engine::drivers::mariadb) fn some_of(names: &[String]) -> Option<String> {
    let few = names.get(..names.len().min(MOST_NAMED)).filter(|few| !few.is_empty())?.join(", ");
    let more = names.len().saturating_sub(MOST_NAMED);
    Some(if more == 0 { few } else { format!("{few} and {more} more") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_a_few_are_told() {
        let names = |count: usize| (0..count).map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(some_of(&names(0)), None);
        assert_eq!(some_of(&names(2)).unwrap(), "0, 1");
        assert_eq!(some_of(&names(7)).unwrap(), "0, 1, 2, 3, 4 and 2 more");
    }
}
