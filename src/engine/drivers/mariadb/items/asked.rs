//! What is asked for: which item, and where it goes.

use crate::domain::types::Metadata;
use crate::domain::types::keys::{DATABASE_KEY, ITEMS_KEY, URL_KEY};
use crate::domain::types::location::Part;
use crate::engine::drivers::item::asked::{Given, Goes as GivenGoes, Rules, encoded, name_of, refuse};
use crate::engine::drivers::mariadb::MariaDb;
use crate::engine::drivers::mariadb::address::Address;
use crate::engine::drivers::{Fault, RestoreAsk, endpoint};
use std::fmt;

/// What an item looks like.
const FORM: &str = "DATABASE, or DATABASE.TABLE";

/// The databases that are a server's own, which are no items, and what no new one is called.
pub(super) const OF_SERVER: [&str; 4] = ["mysql", "sys", "information_schema", "performance_schema"];

/// The most characters that a name has.
const LONGEST: usize = 64;

/// What the file of a table ends with in a dump, and in a data directory too.
const OF_DUMP: &str = "sql";
const ENDS: [&str; 7] = [OF_DUMP, "frm", "ibd", "MYD", "MYI", "MAD", "MAI"];

/// What a name begins with that the server takes for that of a folder.
const OF_FOLDER: &str = "#mysql50#";

/// A database, or a table of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) database: String,
    pub(super) table: Option<String>,
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

impl Asked {
    /// Reads metadata; nothing where no item is asked for.
    pub(super) fn read(driver: &MariaDb, metadata: &Metadata) -> Result<Option<Self>, Fault> {
        let (read, supported) = (driver.0.read, driver.0.supported);
        let rules = Rules { engine: "MariaDB", form: FORM, file: "a file of statements", read, supported };
        let Some(Given { item, goes }) = Given::read(&rules, metadata)? else { return Ok(None) };
        let item = Item::parse(&item).map_err(|rule| refuse(ITEMS_KEY, rule))?;
        let goes = match goes {
            GivenGoes::IntoFolder(path) => Goes::IntoFolder(path.to_owned()),
            GivenGoes::IntoServer { url, database } => {
                let address = Address::parse(url).map_err(|rule| refuse(URL_KEY, rule))?;
                let database = database.map_or_else(|| format!("{}_restored", item.database), str::to_owned);
                check_new(&database)
                    .map_err(|rule| refuse(DATABASE_KEY, format_args!("{rule}; it is {database:?}")))?;
                Goes::IntoServer { address, database }
            }
        };
        Ok(Some(Self { item, goes }))
    }
}

/// The rule that the name of a new database breaks.
fn check_new(name: &str) -> Result<(), String> {
    if OF_SERVER.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return Err("must not be the name of a database that is the server's own".to_owned());
    }
    let is_fit = |c: char| !c.is_control() && c <= '\u{ffff}';
    let fits = name.chars().count() <= LONGEST && name.chars().all(is_fit) && !name.ends_with(' ');
    if fits && !name.starts_with(OF_FOLDER) {
        return Ok(());
    }
    Err(format!(
        "must have at most {LONGEST} characters up to U+FFFF without control characters, no blank at its end and not begin with \
         {OF_FOLDER}"
    ))
}

/// Refuses a server that a caller over the network may not name.
pub(super) fn stay(ask: &RestoreAsk<'_>, address: &Address) -> Result<(), Fault> {
    let of_source = ask.source.and_then(|source| source.resource.location.part(Part::Url));
    endpoint::stay(ask, URL_KEY, "server that was backed up", &address.to_string(), of_source)
}

impl Item {
    /// Reads `DATABASE` or `DATABASE.TABLE`; the rule that it breaks otherwise. A slash stands for the point too, as for other engines.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let form = || {
            format!("must be DATABASE or DATABASE.TABLE, with %2E, %2F and %25 in names for ., / and %; it is {text:?}")
        };
        let text = text.strip_prefix('/').unwrap_or(text);
        if let Some((database, table)) = of_file(text) {
            let name = |part: &str| name_of(part).ok_or_else(form);
            return Ok(Self { database: name(database)?, table: Some(name(table)?) });
        }
        let mut parts = text.splitn(3, ['.', '/']);
        let (database, table, more) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let name = |part: &str| name_of(part).filter(|name| !name.contains(char::is_control)).ok_or_else(form);
        if more.is_some() {
            return Err(form());
        }
        Ok(Self { database: name(database)?, table: table.map(name).transpose()? })
    }

    /// What its file is called.
    pub(super) fn file_name(&self) -> String {
        let table = self.table.as_ref().map(|table| format!(".{}", encoded(table)));
        format!("{}{}.sql", encoded(&self.database), table.unwrap_or_default())
    }

    /// Refuses a database that the recovery point does not have, by those that it has.
    pub(super) fn lacks_database(&self, databases: &[String]) -> Fault {
        let shown: Vec<&str> = databases.iter().map(String::as_str).collect();
        let has = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
        Fault::Failed(format!("The recovery point has no database {}; it has {has}.", self.database))
    }

    /// Refuses what the recovery point has and is no table.
    pub(super) fn is_no_table(&self, kind: &str) -> Fault {
        let database = &self.database;
        Fault::Failed(format!("{self} is a {kind}, which needs more of its database: restore {database}."))
    }

    /// Refuses a table that the recovery point does not have.
    pub(super) fn lacks_table(&self) -> Fault {
        Fault::Failed(format!("The recovery point has no table {self}."))
    }
}

/// The database and the table of a file that is listed of a recovery point, as it is marked in a list. Where the server writes another name
/// for a file than for its table, there is an `@` in it.
fn of_file(path: &str) -> Option<(&str, &str)> {
    let (database, file) = path.split_once('/')?;
    let (name, end) = file.rsplit_once('.').filter(|(_, end)| ENDS.contains(end))?;
    let name = name.split_once("#P#").map_or(name, |(table, _)| table);
    let is_plain = end == OF_DUMP || !database.contains('@') && !name.contains('@');
    (is_plain && ![database, name].iter().any(|part| part.contains(['/', '.']))).then_some((database, name))
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            None => f.write_str(&self.database),
            Some(table) => write!(f, "{}.{table}", self.database),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::drivers::mariadb::RDS;

    fn asked(pairs: &[(&str, &str)]) -> Result<Option<Asked>, String> {
        let given = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let metadata = given.chain([("DBInstanceIdentifier".to_owned(), "new".to_owned())]).collect();
        Asked::read(&RDS, &metadata).map_err(|fault| fault.to_string())
    }

    #[test]
    fn an_item_is_a_database_or_a_table_whatever_their_names() {
        let item = |database: &str, table: Option<&str>| Item {
            database: database.to_owned(),
            table: table.map(str::to_owned),
        };
        for (text, expected) in [
            ("shop", item("shop", None)),
            ("/shop", item("shop", None)),
            ("shop.orders", item("shop", Some("orders"))),
            ("shop/orders", item("shop", Some("orders"))),
            ("größe und-mehr.t%2F%2E%2E%2F1%2Esql", item("größe und-mehr", Some("t/../1.sql"))),
            ("a%2Eb`c", item("a.b`c", None)),
            // As files are listed of a recovery point.
            ("/shop/orders.ibd", item("shop", Some("orders"))),
            ("/shop/sold#P#p1.ibd", item("shop", Some("sold"))),
            ("/gr%C3%B6%C3%9Fe/t%2Fx.sql", item("größe", Some("t/x"))),
        ] {
            assert_eq!(Item::parse(text).unwrap(), expected);
        }
        for wrong in
            ["", "/", "shop.", ".orders", "a.b.c", "a/b/c", "a/b.c", "a%00", "a%0A.b", "a/b@0020.ibd", "a/b.par"]
        {
            assert!(Item::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Item::parse("a%2Fb.c%2E%25").unwrap().file_name(), "a%2Fb.c%2E%25.sql");
    }

    #[test]
    fn an_item_goes_into_a_folder_or_into_a_new_database_of_a_server() {
        assert!(asked(&[]).unwrap().is_none());
        let item = ("ItemsToRestore", r#"["shop.orders"]"#);
        let into = |pairs: &[(&str, &str)]| asked(pairs).unwrap().unwrap().goes;
        assert!(matches!(into(&[item, ("vaultdeck:path", "/x")]), Goes::IntoFolder(path) if path == "/x"));
        let server = into(&[item, ("vaultdeck:url", "mysql://me@db")]);
        assert!(matches!(server, Goes::IntoServer { database, .. } if database == "shop_restored"));
        let url = ("vaultdeck:url", "mysql://me@db");
        let long = "ü".repeat(65);
        for (pairs, told) in [
            (&[item][..], "needs either vaultdeck:path"),
            (&[item, ("vaultdeck:path", "/x"), url], "needs either"),
            (&[item, ("vaultdeck:path", "/x"), ("vaultdeck:database", "y")], "goes with vaultdeck:url"),
            (&[item, ("vaultdeck:url", "postgresql://me@db")], "must begin with mysql://"),
            (&[item, url, ("vaultdeck:database", "MySQL")], "server's own"),
            (&[item, url, ("vaultdeck:database", &long)], "at most 64 characters"),
            (&[item, url, ("vaultdeck:database", "#mysql50#x")], "not begin with"),
            (&[item, url, ("vaultdeck:database", "x ")], "no blank at its end"),
        ] {
            let refused = asked(pairs).err().unwrap();
            assert!(refused.contains(told), "{refused}");
        }
    }
}
