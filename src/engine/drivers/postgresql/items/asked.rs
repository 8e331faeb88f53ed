//! What is asked for: which item, and where it goes.

use super::rows;
use crate::domain::types::Metadata;
use crate::domain::types::keys::{DATABASE_KEY, ITEMS_KEY, URL_KEY};
use crate::domain::types::location::Part;
use crate::engine::drivers::item::asked::{
    Given, Goes as GivenGoes, Rules, encoded, name_of, refuse, refuse_without_item,
};
use crate::engine::drivers::postgresql::PostgreSql;
use crate::engine::drivers::postgresql::scratch::Server;
use crate::engine::drivers::psql::address::Address;
use crate::engine::drivers::{Fault, RestoreAsk, endpoint};
use std::fmt;

/// A database, or a table of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) database: String,
    /// Schema and name.
    pub(super) table: Option<(String, String)>,
}

/// A table as it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) schema: String,
    pub(super) name: String,
}

/// What an item is made of.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The table, with its partitions and all that inherit from it; nothing of a whole database.
    pub(super) tables: Vec<Table>,
    /// Whether it is a partition of a table that is not asked for.
    pub(super) is_part: bool,
}

/// A restore of an item.
pub(super) struct Asked {
    pub(super) item: Item,
    pub(super) goes: Goes,
}

/// Where it goes.
pub(super) enum Goes {
    IntoFolder(String),
    /// Into a server, as a new database of this name.
    IntoServer {
        address: Address,
        database: String,
    },
}

/// How a locale is named when a database is made.
pub(super) struct Locale {
    pub(super) encoding: String,
    pub(super) collate: String,
    pub(super) ctype: String,
}

impl Asked {
    /// Reads metadata; nothing where no item is asked for.
    pub(super) fn read(driver: &PostgreSql, metadata: &Metadata) -> Result<Option<Self>, Fault> {
        let rules = Rules {
            engine: "PostgreSQL",
            form: "DATABASE, or DATABASE/SCHEMA.TABLE",
            file: "a file of pg_dump",
            read: driver.0.read,
            supported: driver.0.supported,
        };
        let Some(Given { item, goes }) = Given::read(&rules, metadata)? else {
            return refuse_without_item(metadata, rules.engine).map(|()| None);
        };
        let item = Item::parse(&item).map_err(|rule| refuse(ITEMS_KEY, rule))?;
        let goes = match goes {
            GivenGoes::IntoFolder(path) => Goes::IntoFolder(path.to_owned()),
            GivenGoes::IntoServer { url, database } => {
                let address = Address::parse(url).map_err(|rule| refuse(URL_KEY, rule))?;
                let database = database.map_or_else(|| format!("{}_restored", item.database), str::to_owned);
                if database.len() > 63 || database.contains('\0') {
                    return Err(refuse(
                        DATABASE_KEY,
                        format_args!("must be at most 63 bytes without a NUL, it is {database:?}"),
                    ));
                }
                Goes::IntoServer { address, database }
            }
        };
        Ok(Some(Self { item, goes }))
    }
}

/// Refuses a server that a caller over the network may not name.
pub(super) fn stay(ask: &RestoreAsk<'_>, address: &Address) -> Result<(), Fault> {
    let of_source = ask.source.and_then(|source| source.resource.location.part(Part::Url));
    endpoint::stay(ask, URL_KEY, "server that was backed up", &address.to_string(), of_source)
}

impl Item {
    /// Reads `DATABASE` or `DATABASE/SCHEMA.TABLE`; the rule that it breaks otherwise.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let form = || {
            format!(
                "must be DATABASE or DATABASE/SCHEMA.TABLE, with %2F, %2E and %25 in names for /, . and %; it is {text:?}"
            )
        };
        let part = |part: &str| name_of(part).ok_or_else(form);
        let text = text.strip_prefix('/').unwrap_or(text);
        let Some((database, table)) = text.split_once('/') else {
            return Ok(Self { database: part(text)?, table: None });
        };
        let (schema, table) = table.split_once('.').ok_or_else(form)?;
        if table.contains(['/', '.']) {
            return Err(form());
        }
        Ok(Self { database: part(database)?, table: Some((part(schema)?, part(table)?)) })
    }

    /// What its dump is called.
    pub(super) fn file_name(&self) -> String {
        let table = self.table.as_ref().map(|(schema, table)| format!(".{}.{}", encoded(schema), encoded(table)));
        format!("{}{}.dump", encoded(&self.database), table.unwrap_or_default())
    }

    /// What it is made of: `pg_dump` takes a table without its partitions, and those have the rows. Refused is what the recovery point
    /// does not have.
    pub(super) fn parts(&self, server: &Server) -> Result<Parts, Fault> {
        let databases = server.databases()?;
        if !databases.contains(&self.database) {
            let names = databases.join(", ");
            return Err(Fault::Failed(format!(
                "The recovery point has no database {}; it has {names}.",
                self.database
            )));
        }
        let Some((schema, table)) = &self.table else { return Ok(Parts::default()) };
        let tables = server.ask(&self.database, &rows::family(schema, table))?.into_iter().map(|row| {
            let [schema, name]: [String; 2] = row.try_into().map_err(|_| {
                Fault::Failed(format!(
                    "The parts of the table {self} have names that cannot be read: restore its database."
                ))
            })?;
            Ok(Table { schema, name })
        });
        let tables = tables.collect::<Result<Vec<_>, Fault>>()?;
        if tables.is_empty() {
            return Err(Fault::Failed(format!("The recovery point has no table {self}.")));
        }
        let above = server.ask(&self.database, &rows::above(schema, table))?;
        let is_part = !above.is_empty();
        let stands_alone = tables.len() == 1 && above.iter().all(|row| row.get(1).is_some_and(|is| is == "t"));
        if is_part && !stands_alone {
            let of: Vec<String> = above.into_iter().filter_map(|row| row.into_iter().next()).collect();
            let of = of.join(", ");
            return Err(Fault::Failed(format!(
                "The table {self} cannot be made without {of}: restore that, or the database."
            )));
        }
        Ok(Parts { tables, is_part })
    }

    /// The locale of its database.
    pub(super) fn locale(&self, server: &Server) -> Result<Locale, Fault> {
        let row = server.ask(&self.database, rows::LOCALE)?.into_iter().next();
        let row: Option<[String; 3]> = row.and_then(|row| row.try_into().ok());
        let [encoding, collate, ctype] = row
            .ok_or_else(|| Fault::Failed("The scratch server does not say which locale a database has.".to_owned()))?;
        Ok(Locale { encoding, collate, ctype })
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            None => f.write_str(&self.database),
            Some((schema, table)) => write!(f, "{}/{schema}.{table}", self.database),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::drivers::postgresql::RDS;

    fn asked(pairs: &[(&str, &str)]) -> Result<Option<Asked>, String> {
        let given = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let metadata = given.chain([("DBInstanceIdentifier".to_owned(), "new".to_owned())]).collect();
        Asked::read(&RDS, &metadata).map_err(|fault| fault.to_string())
    }

    #[test]
    fn an_item_is_a_database_or_a_table_whatever_their_names() {
        let item = |database: &str, table: Option<(&str, &str)>| Item {
            database: database.to_owned(),
            table: table.map(|(schema, table)| (schema.to_owned(), table.to_owned())),
        };
        for (text, expected) in [
            ("shop", item("shop", None)),
            ("/shop", item("shop", None)),
            ("shop/public.orders", item("shop", Some(("public", "orders")))),
            ("a%2Fb/c%2Ed.e%25 f", item("a/b", Some(("c.d", "e% f")))),
        ] {
            assert_eq!(Item::parse(text).unwrap(), expected);
        }
        for wrong in ["", "/", "shop/", "shop/orders", "shop/.orders", "shop/public.", "a/b.c/d", "a/b.c.d", "a%00"] {
            assert!(Item::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Item::parse("a%2Fb/c.d").unwrap().file_name(), "a%2Fb.c.d.dump");
    }

    #[test]
    fn an_item_goes_into_a_folder_or_into_a_server_and_never_into_both() {
        assert!(asked(&[]).unwrap().is_none());
        let into = |pairs| asked(pairs).unwrap().unwrap().goes;
        assert!(
            matches!(into(&[("ItemsToRestore", r#"["shop"]"#), ("vaultdeck:path", "/x")]), Goes::IntoFolder(path) if path == "/x")
        );
        let server = into(&[("ItemsToRestore", r#"["shop"]"#), ("vaultdeck:url", "postgresql://me@db")]);
        assert!(matches!(server, Goes::IntoServer { database, .. } if database == "shop_restored"));
        for (pairs, told) in [
            (&[("ItemsToRestore", r#"["shop"]"#)][..], "needs either vaultdeck:path"),
            (&[("ItemsToRestore", r#"["a", "b"]"#), ("vaultdeck:path", "/x")], "must be one database or one table"),
            (
                &[("ItemsToRestore", r#"["shop"]"#), ("vaultdeck:path", "/x"), ("vaultdeck:url", "postgresql://me@db")],
                "needs either",
            ),
            (
                &[("ItemsToRestore", r#"["shop"]"#), ("vaultdeck:path", "/x"), ("vaultdeck:database", "y")],
                "goes with vaultdeck:url",
            ),
            (&[("vaultdeck:url", "postgresql://me@db")], "name that with ItemsToRestore"),
            (&[("ItemsToRestore", r#"["shop"]"#), ("vaultdeck:url", "mysql://me@db")], "must begin with postgresql://"),
        ] {
            let refused = asked(pairs).err().unwrap();
            assert!(refused.contains(told), "{refused}");
        }
    }
}
