//! What servers are asked to take an item out of one, and to make a database of it in another.

/// The locale of a database, in the session of it.
pub(super) const LOCALE: &str =
    "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = current_database();";

/// The table, view or sequence of this name, and with a table its partitions and all that inherit from it: a schema and a name a row.
pub(super) fn family(schema: &str, table: &str) -> String {
    format!(
        "WITH RECURSIVE family AS ({} UNION SELECT i.inhrelid FROM pg_inherits i JOIN family f ON f.oid = i.inhparent) \
         SELECT n.nspname, c.relname FROM family f JOIN pg_class c ON c.oid = f.oid JOIN pg_namespace n ON n.oid = c.relnamespace \
         ORDER BY c.oid;",
        one(schema, table)
    )
}

/// What a table is a part of, or inherits from, and whether it is a partition of that.
pub(super) fn above(schema: &str, table: &str) -> String {
    format!(
        "SELECT format('%s.%s', n.nspname, c.relname), p.relispartition FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent \
         JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class p ON p.oid = i.inhrelid WHERE i.inhrelid IN ({});",
        one(schema, table)
    )
}

/// The number of what can be an item and has this name.
fn one(schema: &str, table: &str) -> String {
    format!(
        "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p', 'm', 'v', 'f', 'S')",
        literal(schema),
        literal(table)
    )
}

/// How many databases there are of this name: one or none.
pub(super) fn databases(name: &str) -> String {
    format!("SELECT count(*) FROM pg_database WHERE datname = {};", literal(name))
}

/// Makes an empty database, in which text is what it was: with an encoding, a collation and a locale of characters.
pub(super) fn make(name: &str, [encoding, collate, ctype]: [&str; 3]) -> String {
    format!(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {};",
        quoted(name),
        literal(encoding),
        literal(collate),
        literal(ctype)
    )
}

/// Makes a schema, which the dump of a table in it does not.
pub(super) fn make_schema(name: &str) -> String {
    format!("CREATE SCHEMA IF NOT EXISTS {};", quoted(name))
}

/// Gives a database its name.
pub(super) fn rename(name: &str, to: &str) -> String {
    format!("ALTER DATABASE {} RENAME TO {};", quoted(name), quoted(to))
}

/// Says of a database what it is; that stays with it when it gets another name.
pub(super) fn note(name: &str, text: &str) -> String {
    format!("COMMENT ON DATABASE {} IS {};", quoted(name), literal(text))
}

/// What was said of a database.
pub(super) fn noted(name: &str) -> String {
    format!(
        "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = {};",
        literal(name)
    )
}

/// Ends the user's own sessions in a database.
pub(super) fn leave(name: &str) -> String {
    format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = {} AND usename = current_user \
         AND pid <> pg_backend_pid();",
        literal(name)
    )
}

/// Drops a database, if it is there.
pub(super) fn drop(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {};", quoted(name))
}

/// A name in the server's language, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in the server's language, in a form that means the same in every mode.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_what_it_is_in() {
        assert_eq!(literal("a'b\\"), "E'a''b\\\\'");
        assert_eq!(drop("a\"b; x"), "DROP DATABASE IF EXISTS \"a\"\"b; x\";");
    }
}
