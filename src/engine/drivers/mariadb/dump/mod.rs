//! A server that only the network reaches: statements that make its data again, in a file for each table.
//!
//! A recovery point holds at `/dump`, with names whose other characters than letters, digits, `_` and `-` are percent-encoded (and
//! that end with `~` and a part of the name's SHA-256 where that would be too long for a folder):
//!
//! ```text
//! DB.sequences.sql  the database and its sequences, which tables of any database may need
//! DB/TABLE.sql      the database, the table, its rows and its triggers; for a view a table in its place
//! DB.routines.sql   events and routines
//! DB.views.sql      the views
//! users.sql         users, roles and grants
//! ```
//!
//! Each file can be given to `mariadb` alone: first those of the sequences, then those of the tables, of the routines, of the views
//! and of the users.
//! All rows of tables of InnoDB are of one moment: `mariadb-dump` reads all of them in one transaction, and what it writes is divided
//! while it comes. A person who may name tables or write routines could plant lines in them that look as if another file began; so the
//! tables and views that the server has are asked for before, and each has to come once and in its place.
//!
//! A server writes a `FLOAT` as text of six digits, and no program asks it otherwise: a point of a server with such columns says that it
//! lacks the rest of them.

mod asked;
mod files;
mod source;
mod split;
mod target;
mod users;

pub(super) use asked::{WRITES_HISTORY, some_of};
pub(super) use files::{of_database, of_table};
pub(super) use source::open;
pub(super) use target::{plan, target};

use super::address::Address;
use super::programs::DUMP;
use super::server;
use crate::domain::{PointDetails, Secret};
use crate::engine::drivers::{Fault, Inside};
use crate::repository::ItemPath;

/// Where the files lie in a snapshot.
const ROOT: &str = "/dump";

/// The file of the users.
const USERS: &str = "users.sql";

/// What the server calls a sequence among its tables.
const SEQUENCE: &str = "SEQUENCE";

/// The end of the name of the file of a database's sequences, which is run before all tables.
pub(super) const SEQUENCES: &str = ".sequences.sql";

/// The ends of the names of a database's other own files, in the order in which they are run.
pub(super) const OF_DATABASE: [&str; 2] = [".routines.sql", ".views.sql"];

/// The detail of a recovery point that says in which form it is.
const FORM: (&str, &str) = ("Form", "dump");

/// The rights that a dump of everything needs.
const RIGHTS: [&str; 5] = ["SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "PROCESS"];

/// Whether a recovery point is a dump, by what was said of it.
pub(super) fn is_dump(details: &PointDetails) -> bool {
    details.get(FORM.0).is_some_and(|form| form == FORM.1)
}

/// Whether a recovery point holds a dump.
pub(super) fn holds(content: &Inside<'_>) -> Result<bool, Fault> {
    Ok(content.find(&ItemPath::root().join(USERS.as_bytes()))?.is_some())
}

/// Refuses a user who would not see all that is to be dumped.
pub(super) fn check(address: &Address, secret: Option<&Secret>) -> Result<(), Fault> {
    server::check_rights(address, secret, &RIGHTS)?;
    DUMP.program().map(drop)
}
