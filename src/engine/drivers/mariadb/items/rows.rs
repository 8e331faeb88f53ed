//! What servers are asked to take an item out of one, and to make a database of it in another.
//!
//! Names stand as bytes where they are compared, and between backticks where they are names: both mean the same in every mode of a
//! server.

use crate::engine::drivers::mariadb::rows::quoted;

/// How a line begins that makes a table.
pub(super) const TABLE: &str = "CREATE TABLE ";

/// How a line begins that says how the current database takes texts.
pub(super) const ALTERED: &str = "ALTER DATABASE CHARACTER SET ";

/// How a line begins that says it of a database with its name, around a program that was made when it took texts otherwise.
pub(super) fn altered(database: &str) -> String {
    format!("ALTER DATABASE {} CHARACTER SET ", quoted(database))
}

/// The databases that may be items, some at a time.
pub(super) fn databases(behind: usize, most: usize) -> String {
    format!(
        "SELECT schema_name FROM information_schema.schemata \
         WHERE schema_name NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY BINARY schema_name \
         LIMIT {most} OFFSET {behind}"
    )
}

/// What kind of a thing has this name: one row, or none.
pub(super) fn kind(database: &str, table: &str) -> String {
    format!(
        "SELECT table_type FROM information_schema.tables WHERE BINARY table_schema = {} AND BINARY table_name = {}",
        bytes(database),
        bytes(table)
    )
}

/// The character set and the collation of a database.
pub(super) fn characters(database: &str) -> String {
    format!(
        "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE BINARY schema_name = {}",
        bytes(database)
    )
}

/// The sequences of a database, where a table takes numbers of any.
pub(super) fn sequences(database: &str, table: &str) -> String {
    let (database, table) = (bytes(database), bytes(table));
    format!(
        "SELECT table_name FROM information_schema.tables WHERE BINARY table_schema = {database} AND table_type = 'SEQUENCE' \
         AND EXISTS (SELECT 1 FROM information_schema.columns WHERE BINARY table_schema = {database} AND BINARY table_name = {table} \
         AND column_default LIKE '%nextval(%')"
    )
}

/// The tables with a history of a database, or the one that is named if it has one: the name, whether the history is told by
/// transactions, and whether a column is of single precision and not rounded to a number of places.
pub(super) fn histories(database: &str, table: Option<&str>) -> String {
    let database = bytes(database);
    let of_table = table.map(|table| format!(" AND BINARY t.table_name = {}", bytes(table)));
    let has = |what: &str| {
        format!(
            "BINARY t.table_name IN (SELECT BINARY table_name FROM information_schema.columns \
             WHERE BINARY table_schema = {database} AND {what})"
        )
    };
    format!(
        "SELECT t.table_name, {}, {} FROM information_schema.tables t WHERE BINARY t.table_schema = {database}{} \
         AND t.table_type = 'SYSTEM VERSIONED' ORDER BY BINARY t.table_name",
        has("generation_expression = 'ROW START' AND data_type = 'bigint'"),
        has("data_type = 'float' AND numeric_scale IS NULL AND is_generated = 'NEVER'"),
        of_table.unwrap_or_default()
    )
}

/// What is noted of the database with this name, as this server takes names; no row where there is none.
pub(super) fn noted(name: &str) -> String {
    format!("SELECT schema_comment FROM information_schema.schemata WHERE {}", is_called("schema_name", name))
}

/// Makes an empty database of which something is noted from its first moment on, with a character set and a collation where they are
/// known.
pub(super) fn make(name: &str, [set, collation]: [&Option<String>; 2], note: &str) -> String {
    let told = |what: &str, told: &Option<String>| {
        let word = |word: &String| word.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
        told.as_ref().map(|told| format!(" {what} {}", word(told))).unwrap_or_default()
    };
    let (set, collation) = (told("CHARACTER SET", set), told("COLLATE", collation));
    format!("CREATE DATABASE {}{set}{collation} COMMENT '{note}'", quoted(name))
}

/// Notes something else of a database.
pub(super) fn note(name: &str, note: &str) -> String {
    format!("ALTER DATABASE {} COMMENT '{note}'", quoted(name))
}

/// The events of a database that run.
pub(super) fn enabled_events(name: &str) -> String {
    format!(
        "SELECT event_name FROM information_schema.events WHERE {} AND status = 'ENABLED'",
        is_called("event_schema", name)
    )
}

/// The views of a database that name something in another one.
pub(super) fn views_of(name: &str, other: &str) -> String {
    format!(
        "SELECT table_name FROM information_schema.views WHERE {} AND INSTR(BINARY view_definition, {}) > 0 ORDER BY BINARY table_name",
        is_called("table_schema", name),
        bytes(&format!("{}.", quoted(other)))
    )
}

/// The user's own sessions that are in a database.
pub(super) fn sessions(name: &str) -> String {
    format!(
        "SELECT id FROM information_schema.processlist WHERE {} AND user = SUBSTRING_INDEX(USER(), '@', 1) AND id <> CONNECTION_ID()",
        is_called("db", name)
    )
}

/// Ends a session.
pub(super) fn end(session: &str) -> String {
    let number: String = session.chars().filter(char::is_ascii_digit).collect();
    format!("KILL CONNECTION {number}")
}

/// Drops a database.
pub(super) fn drop(name: &str) -> String {
    format!("DROP DATABASE {}", quoted(name))
}

/// The foreign keys of a table that lead to another one, and its triggers: a sort and a name a row.
pub(super) fn leading_elsewhere(database: &str, table: &str) -> String {
    let (here, this) = (is_called("constraint_schema", database), is_called("table_name", table));
    let same = format!(
        "{} AND {}",
        is_called("unique_constraint_schema", database),
        is_called("referenced_table_name", table)
    );
    let (triggered, of_this) = (is_called("event_object_schema", database), is_called("event_object_table", table));
    format!(
        "SELECT 'FOREIGN KEY', constraint_name FROM information_schema.referential_constraints WHERE {here} AND {this} AND NOT ({same}) \
         UNION ALL SELECT 'TRIGGER', trigger_name FROM information_schema.triggers WHERE {triggered} AND {of_this} ORDER BY 1, 2"
    )
}

/// Takes a foreign key from a table, or drops a trigger.
pub(super) fn leave_out(database: &str, table: &str, (sort, name): (&str, &str)) -> String {
    match sort {
        "TRIGGER" => format!("DROP TRIGGER {}.{}", quoted(database), quoted(name)),
        _ => format!("ALTER TABLE {}.{} DROP FOREIGN KEY {}", quoted(database), quoted(table), quoted(name)),
    }
}

/// Whether a column has a name, as the server takes names of databases and tables.
fn is_called(column: &str, name: &str) -> String {
    let bytes = bytes(name);
    format!(
        "IF(@@global.lower_case_table_names = 0, BINARY {column} = {bytes}, LOWER({column}) = LOWER(CONVERT({bytes} USING utf8mb4)) COLLATE utf8mb4_bin)"
    )
}

/// The bytes of a text.
fn bytes(text: &str) -> String {
    format!("X'{}'", hex::encode(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_what_it_is_in() {
        assert_eq!(drop("a`b; x"), "DROP DATABASE `a``b; x`");
        assert_eq!(
            kind("a'b", "ü").split_once("table_schema = ").unwrap().1,
            "X'612762' AND BINARY table_name = X'c3bc'"
        );
        assert_eq!(end("7; DROP"), "KILL CONNECTION 7");
    }
}
