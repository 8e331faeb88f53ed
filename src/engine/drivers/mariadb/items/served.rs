//! An item of a copy of the files: a scratch server has it, and `mariadb-dump` writes what makes it again.

use super::asked::Item;
use super::server::{Characters, Statements};
use super::text::{self, Change};
use super::{Origin, rows};
use crate::engine::drivers::Fault;
use crate::engine::drivers::mariadb::exact::{self, Table};
use crate::engine::drivers::mariadb::programs::{CLIENT, DUMP};
use crate::engine::drivers::mariadb::rows::TABLES_WITH_FLOATS;
use crate::engine::drivers::mariadb::scratch::Server;
use crate::repository::Control;
use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::time::Duration;

/// How long a dump may do nothing.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// What each dump ends with.
const END: &[u8] = b"-- Dump completed\n";

/// How everything is dumped. With a lock on a table no default of it is looked up in a sequence.
const USUAL: [&str; 7] = [
    "--single-transaction",
    "--quick",
    "--hex-blob",
    "--no-autocommit",
    "--skip-add-locks",
    "--skip-dump-date",
    "--max-allowed-packet=1G",
];

/// In which time zone times are written and read.
const UTC: &str = "SET time_zone = '+00:00'; ";

/// A data directory on which a server starts.
pub(super) struct Data(pub(super) PathBuf);

impl Origin for Data {
    fn open<'a>(&'a self, item: &'a Item) -> Result<Box<dyn Statements + 'a>, Fault> {
        let failed = |why| Fault::Failed(format!("The recovery point does not start as a server: {why}"));
        let server = Server::start_for_us(&self.0, &Control::new())?.map_err(failed)?;
        let databases: Vec<String> = server.all_rows(rows::databases)?.into_iter().flatten().collect();
        if !databases.contains(&item.database) {
            return Err(item.lacks_database(&databases));
        }
        let mut of_item = Vec::new();
        if let Some(table) = &item.table {
            let kind = server.ask(&rows::kind(&item.database, table))?.into_iter().flatten().next();
            match kind.as_deref() {
                None => return Err(item.lacks_table()),
                Some("BASE TABLE" | "SYSTEM VERSIONED") => {}
                Some(other) => return Err(item.is_no_table(&other.to_lowercase())),
            }
            of_item = server.ask(&rows::sequences(&item.database, table))?.into_iter().flatten().collect();
            of_item.push(table.clone());
        }
        let histories = server.ask(&rows::histories(&item.database))?.into_iter().next().unwrap_or_default();
        let is_some = |at: usize| histories.get(at).is_some_and(|count| count != "0");
        Ok(Box::new(Served { server, item, of_item, has_history: is_some(0) && !is_some(1) }))
    }
}

/// An item of a server that runs.
struct Served<'a> {
    server: Server,
    item: &'a Item,
    /// The table with the sequences that it needs; nothing of a whole database.
    of_item: Vec<String>,
    has_history: bool,
}

impl Statements for Served<'_> {
    fn characters(&self) -> Result<Characters, Fault> {
        let row = self.server.ask(&rows::characters(&self.item.database))?.into_iter().next().unwrap_or_default();
        let mut row = row.into_iter();
        Ok(Characters { set: row.next(), collation: row.next() })
    }

    fn write(&self, change: Change<'_>, into: &mut dyn Write) -> Result<(), Fault> {
        let of_item = |table: &&Table| {
            table.database == self.item.database && self.item.table.as_ref().is_none_or(|name| *name == table.name)
        };
        let exact = exact::tables(self.server.ask(TABLES_WITH_FLOATS)?);
        let exact: Vec<&Table> = exact.iter().filter(of_item).collect();
        let of_item: Vec<&str> = self.of_item.iter().map(String::as_str).collect();
        if exact.is_empty() {
            return self.dump(&["--triggers", "--routines", "--events"], &of_item, change, into);
        }
        // No trigger may be there yet when rows come.
        if let [sequences @ .., table] = &of_item[..] {
            // Rows of a table that is named are written whatever is to be left out.
            if !sequences.is_empty() {
                self.dump(&[], sequences, change, into)?;
            }
            self.dump(&["--skip-triggers", "--no-data"], &[table], change, into)?;
        } else {
            let without: Vec<String> = exact.iter().map(|table| table.without_rows()).collect();
            let without = without.iter().map(String::as_str);
            let all: Vec<&str> = ["--skip-triggers", "--routines", "--events"].into_iter().chain(without).collect();
            self.dump(&all, &[], change, into)?;
        }
        exact.into_iter().try_for_each(|table| self.rows(table, into))?;
        let table = of_item.last().map_or(&[][..], std::slice::from_ref);
        self.dump(&["--triggers", "--no-create-info", "--no-data"], table, change, into)
    }
}

impl Served<'_> {
    /// The rows of a table of which `mariadb-dump` would lose something.
    fn rows(&self, table: &Table, into: &mut dyn Write) -> Result<(), Fault> {
        let question = format!("{UTC}{}", table.question());
        let arguments = ["--batch", "--raw", "--skip-column-names", "--quick", "--max-allowed-packet=1G"];
        let program =
            arguments.iter().fold(self.server.reach(CLIENT.program()?), |program, argument| program.arg(argument));
        let program = program.arg("--default-character-set=utf8mb4").arg("--execute").arg(question);
        let mut running = program.start(PATIENCE)?;
        let from = BufReader::with_capacity(64 << 10, &mut running);
        let copied = into
            .write_all(exact::AROUND.0.as_bytes())
            .and_then(|()| exact::copy(from, into))
            .and_then(|()| into.write_all(exact::AROUND.1.as_bytes()));
        copied.map_err(|error| unwritten(&error))?;
        running.finish().map(drop)
    }

    /// What `mariadb-dump` writes of the item: of these tables, or of all that is in its database.
    fn dump(&self, arguments: &[&str], tables: &[&str], change: Change<'_>, into: &mut dyn Write) -> Result<(), Fault> {
        let history = self.has_history.then_some("--dump-history");
        let whole = self.item.table.is_none();
        let program =
            USUAL.iter().chain(arguments).copied().chain(history).fold(DUMP.program()?, |program, argument| {
                // A table comes without the routines and events of its database.
                if !whole && ["--routines", "--events"].contains(&argument) { program } else { program.arg(argument) }
            });
        let program = self.server.reach(program).arg("--").arg(&self.item.database);
        let program = tables.iter().fold(program, |program, table| program.arg(table));
        let mut running = program.start(PATIENCE)?;
        let copied = text::copy(BufReader::with_capacity(64 << 10, &mut running), change, into);
        match copied {
            Ok(last) if last == END => running.finish().map(drop),
            Ok(_) => {
                running.finish()?;
                Err(Fault::Failed("mariadb-dump ended well before it had written all.".to_owned()))
            }
            Err(error) => Err(unwritten(&error)),
        }
    }
}

fn unwritten(error: &io::Error) -> Fault {
    Fault::of_io("The statements of the item cannot be written", error)
}
