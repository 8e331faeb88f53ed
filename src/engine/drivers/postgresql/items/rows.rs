//! What servers are asked to take an item out of one, and to make a database of it in another.

/// The locale of a database, in the session of it.
pub(super) const LOCALE: &str =
    "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = current_database();";

/// How many tables, views and sequences there are of this name: one or none.
pub(super) fn tables(schema: &str, table: &str) -> String {
    format!(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p', 'm', 'v', 'f', 'S');",
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
