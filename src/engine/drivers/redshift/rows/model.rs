//! What a database is beside its rows, as `database.json` keeps it, and the SQL that makes it again.

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// A database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::engine::drivers::redshift) struct Database {
    pub(in crate::engine::drivers::redshift) schemas: Vec<String>,
    pub(in crate::engine::drivers::redshift) sequences: Vec<Sequence>,
    pub(in crate::engine::drivers::redshift) tables: Vec<Table>,
    pub(in crate::engine::drivers::redshift) views: Vec<View>,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::engine::drivers::redshift) struct Table {
    pub(in crate::engine::drivers::redshift) schema: String,
    pub(in crate::engine::drivers::redshift) name: String,
    pub(in crate::engine::drivers::redshift) columns: Vec<Column>,
    /// Primary key and unique, which are there before the rows, and checked, which comes after them: its words run for each row, and
    /// rows may be there that were before it was.
    pub(in crate::engine::drivers::redshift) rules: Vec<Rule>,
    /// Foreign keys, which come after all rows.
    pub(in crate::engine::drivers::redshift) references: Vec<Rule>,
    /// Statements.
    pub(in crate::engine::drivers::redshift) indexes: Vec<String>,
    /// The columns of the primary key.
    pub(in crate::engine::drivers::redshift) key: Vec<String>,
}

/// A column of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::engine::drivers::redshift) struct Column {
    pub(in crate::engine::drivers::redshift) name: String,
    #[serde(rename = "Type")]
    pub(in crate::engine::drivers::redshift) kind: String,
    /// Where it is not that of the type.
    pub(in crate::engine::drivers::redshift) collation: Option<String>,
    pub(in crate::engine::drivers::redshift) not_null: bool,
    pub(in crate::engine::drivers::redshift) default: Option<String>,
    /// `a` for one that the server numbers always, `d` for one that it numbers where no value is given.
    pub(in crate::engine::drivers::redshift) identity: String,
    /// `s` for one that is computed of others, and no part of the rows.
    pub(in crate::engine::drivers::redshift) generated: String,
}

/// A rule that a table's rows obey.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::engine::drivers::redshift) struct Rule {
    pub(in crate::engine::drivers::redshift) name: String,
    pub(in crate::engine::drivers::redshift) definition: String,
}

/// A view.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::engine::drivers::redshift) struct View {
    pub(in crate::engine::drivers::redshift) schema: String,
    pub(in crate::engine::drivers::redshift) name: String,
    pub(in crate::engine::drivers::redshift) definition: String,
}

/// A sequence of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::engine::drivers::redshift) struct Sequence {
    pub(in crate::engine::drivers::redshift) schema: String,
    pub(in crate::engine::drivers::redshift) name: String,
    pub(in crate::engine::drivers::redshift) last_value: String,
    pub(in crate::engine::drivers::redshift) is_called: bool,
    #[serde(rename = "Type")]
    pub(in crate::engine::drivers::redshift) kind: String,
    /// How it goes on, as SQL says it.
    pub(in crate::engine::drivers::redshift) options: Vec<String>,
    /// Whether a column that numbers itself makes it.
    pub(in crate::engine::drivers::redshift) is_internal: bool,
    /// The column that it goes with.
    pub(in crate::engine::drivers::redshift) owner: Option<Owner>,
}

/// A column that a sequence goes with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::engine::drivers::redshift) struct Owner {
    pub(in crate::engine::drivers::redshift) schema: String,
    pub(in crate::engine::drivers::redshift) table: String,
    pub(in crate::engine::drivers::redshift) column: String,
}

/// A name in SQL.
pub(in crate::engine::drivers::redshift) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in SQL. It ends where it ends for `psql` and for the server, whatever a backslash means to either at that moment: what is
/// in a database can change that. Redshift, where it is always an escape, knows no `E`.
pub(in crate::engine::drivers::redshift) fn literal(text: &str, is_redshift: bool) -> String {
    let text = text.replace('\'', "''");
    if !text.contains('\\') {
        return format!("'{text}'");
    }
    let escapes = if is_redshift { "" } else { "E" };
    format!("{escapes}'{}'", text.replace('\\', r"\\"))
}

/// A name with its schema.
pub(in crate::engine::drivers::redshift) fn named(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
}

impl Table {
    /// As SQL names it.
    pub(in crate::engine::drivers::redshift) fn named(&self) -> String {
        named(&self.schema, &self.name)
    }

    /// The columns that its rows hold.
    pub(in crate::engine::drivers::redshift) fn stored(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.generated.is_empty())
    }

    /// Makes it, under this name.
    pub(in crate::engine::drivers::redshift) fn create(&self, name: &str) -> String {
        let columns = self.columns.iter().map(Column::create);
        let own = name == self.name;
        let rules = self.rules.iter().filter(|rule| !rule.is_check()).map(|rule| {
            // The name of a rule is that of its index, which a schema has once.
            let named = if own { format!("CONSTRAINT {} ", quoted(&rule.name)) } else { String::new() };
            format!("{named}{}", rule.definition)
        });
        let inside: Vec<String> = columns.chain(rules).collect();
        format!("CREATE TABLE {} (\n    {}\n)", named(&self.schema, name), inside.join(",\n    "))
    }

    /// Has its rows, under this name, checked from now on.
    pub(in crate::engine::drivers::redshift) fn check(&self, name: &str) -> Vec<String> {
        let name = named(&self.schema, name);
        self.rules.iter().filter(|rule| rule.is_check()).map(|rule| rule.add(&name)).collect()
    }

    /// The rows, each column as CSV writes it: nothing for what has no value, and all else quoted. Rows of a table with a primary key
    /// come in its order.
    pub(in crate::engine::drivers::redshift) fn select(&self) -> String {
        let columns: Vec<String> = self.stored().map(Column::select).collect();
        let key: Vec<String> = self.key.iter().map(|name| quoted(name)).collect();
        super::rows_of(&columns.join(", "), &self.named(), &key.join(", "))
    }

    /// The names of the columns, as the first line of its CSV.
    pub(in crate::engine::drivers::redshift) fn head(&self) -> String {
        let names: Vec<String> = self.stored().map(|column| quoted(&column.name)).collect();
        format!("{}\n", names.join(","))
    }
}

impl Column {
    fn create(&self) -> String {
        let mut text = format!("{} {}", quoted(&self.name), self.kind);
        if let Some(collation) = &self.collation {
            _ = write!(text, " COLLATE {}", quoted(collation));
        }
        match (&self.default, self.identity.as_str(), self.generated.as_str()) {
            (Some(of), _, "s") => _ = write!(text, " GENERATED ALWAYS AS ({of}) STORED"),
            (Some(of), _, "v") => _ = write!(text, " GENERATED ALWAYS AS ({of}) VIRTUAL"),
            (Some(default), ..) => _ = write!(text, " DEFAULT {default}"),
            (None, "a", _) => text.push_str(" GENERATED ALWAYS AS IDENTITY"),
            (None, "d", _) => text.push_str(" GENERATED BY DEFAULT AS IDENTITY"),
            (None, ..) => {}
        }
        if self.not_null {
            text.push_str(" NOT NULL");
        }
        text
    }

    /// Of every type a text that reads back as the same value. Redshift has none of a boolean.
    fn select(&self) -> String {
        let name = quoted(&self.name);
        if self.kind == "boolean" {
            return super::boolean(&name);
        }
        super::text(&name)
    }
}

impl Rule {
    fn is_check(&self) -> bool {
        self.definition.starts_with("CHECK")
    }

    /// Adds it to a table.
    fn add(&self, table: &str) -> String {
        format!("ALTER TABLE {table} ADD CONSTRAINT {} {}", quoted(&self.name), self.definition)
    }
}

impl View {
    /// Makes it.
    pub(in crate::engine::drivers::redshift) fn create(&self) -> String {
        format!("CREATE VIEW {} AS {}", named(&self.schema, &self.name), self.definition.trim_end_matches(';'))
    }
}

impl Sequence {
    /// As SQL names it.
    pub(in crate::engine::drivers::redshift) fn named(&self) -> String {
        named(&self.schema, &self.name)
    }

    /// Makes it, where no column does.
    pub(in crate::engine::drivers::redshift) fn create(&self) -> Option<String> {
        (!self.is_internal)
            .then(|| format!("CREATE SEQUENCE {} AS {} {}", self.named(), self.kind, self.options.join(" ")))
    }

    /// With which column it goes, and where it goes on.
    fn after(&self) -> Vec<String> {
        let name = self.named();
        // Redshift has no sequences.
        let text = |text: &str| literal(text, false);
        let Some(Owner { schema, table, column }) = &self.owner else {
            return vec![super::set_sequence(&text(&name), &self.last_value, self.is_called)];
        };
        let table = named(schema, table);
        if self.is_internal {
            let options = self.options.iter().map(|option| format!("SET {option}")).collect::<Vec<_>>().join(" ");
            return vec![
                format!("ALTER TABLE {table} ALTER COLUMN {} {options}", quoted(column)),
                super::set_identity(&text(&table), &text(column), &self.last_value, self.is_called),
            ];
        }
        vec![
            format!("ALTER SEQUENCE {name} OWNED BY {table}.{}", quoted(column)),
            super::set_sequence(&text(&name), &self.last_value, self.is_called),
        ]
    }
}

impl Database {
    /// Makes all that rows go into.
    pub(in crate::engine::drivers::redshift) fn before(&self) -> Vec<String> {
        let schemas = self.schemas.iter().map(|name| format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(name)));
        let sequences = self.sequences.iter().filter_map(Sequence::create);
        let tables = self.tables.iter().map(|table| table.create(&table.name));
        schemas.chain(sequences).chain(tables).collect()
    }

    /// Makes what comes after the rows, but the views.
    pub(in crate::engine::drivers::redshift) fn after(&self) -> Vec<String> {
        let indexes = self.tables.iter().flat_map(|table| table.indexes.iter().cloned());
        let checks = self.tables.iter().flat_map(|table| table.check(&table.name));
        let references =
            self.tables.iter().flat_map(|table| table.references.iter().map(|rule| rule.add(&table.named())));
        let sequences = self.sequences.iter().flat_map(Sequence::after);
        indexes.chain(checks).chain(references).chain(sequences).collect()
    }
}

/// Statements as a file for `psql`.
pub(in crate::engine::drivers::redshift) fn script(statements: impl IntoIterator<Item = String>) -> String {
    statements.into_iter().fold(String::new(), |mut text, statement| {
        _ = writeln!(text, "{statement};\n");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: &str) -> Column {
        Column { name: name.to_owned(), kind: kind.to_owned(), ..Column::default() }
    }

    #[test]
    fn a_table_is_made_as_it_was_and_its_rows_are_asked_for_in_the_order_of_its_key() {
        let table = Table {
            schema: "s".to_owned(),
            name: "t\"t".to_owned(),
            columns: vec![
                Column { not_null: true, identity: "d".to_owned(), ..column("id", "integer") },
                Column { default: Some("'a'::text".to_owned()), ..column("A b", "text") },
                Column { default: Some("id * 2".to_owned()), generated: "s".to_owned(), ..column("twice", "integer") },
                column("is", "boolean"),
            ],
            rules: [("t_pkey", "PRIMARY KEY (id)"), ("t_check", "CHECK ((id > 0)) NOT VALID")]
                .map(|(name, definition)| Rule { name: name.to_owned(), definition: definition.to_owned() })
                .into(),
            key: vec!["id".to_owned()],
            ..Table::default()
        };
        let made = table.create("t\"t");
        for part in [
            "CREATE TABLE \"s\".\"t\"\"t\" (",
            "\"id\" integer GENERATED BY DEFAULT AS IDENTITY NOT NULL",
            "\"A b\" text DEFAULT 'a'::text",
            "\"twice\" integer GENERATED ALWAYS AS (id * 2) STORED",
            "CONSTRAINT \"t_pkey\" PRIMARY KEY (id)",
        ] {
            assert!(made.contains(part), "{made}");
        }
        assert!(!table.create("other").contains("CONSTRAINT"));
        // What is checked runs for no row that is written.
        let added = r#"ALTER TABLE "s"."o" ADD CONSTRAINT "t_check" CHECK ((id > 0)) NOT VALID"#;
        assert!(!made.contains("CHECK") && table.check("o") == [added]);
        assert_eq!(table.head(), "\"id\",\"A b\",\"is\"\n");
        let asked = table.select();
        assert!(asked.ends_with("FROM \"s\".\"t\"\"t\" ORDER BY \"id\";") && !asked.contains("twice"), "{asked}");
    }

    #[test]
    fn a_literal_ends_where_it_ends_whatever_backslashes_mean() {
        assert_eq!(literal("a'", false), "'a'''");
        assert_eq!(literal(r"a'\", false), r"E'a''\\'");
        assert_eq!(literal(r"a'\", true), r"'a''\\'");
    }
}
