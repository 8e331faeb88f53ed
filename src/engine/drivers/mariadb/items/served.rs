//! An item of a copy of the files: a scratch server has it, and `mariadb-dump` writes what makes it again.

use super::asked::Item;
use super::server::{Characters, Statements};
use super::text::{self, Change};
use super::{Origin, rows};
use crate::engine::drivers::Fault;
use crate::engine::drivers::mariadb::dump::{WRITES_HISTORY, some_of};
use crate::engine::drivers::mariadb::exact::{self, Table};
use crate::engine::drivers::mariadb::programs::{CLIENT, DUMP, SERVER};
use crate::engine::drivers::mariadb::rows::{AROUND, UTC, tables_with_floats};
use crate::engine::drivers::mariadb::scratch::Server;
use crate::engine::drivers::mariadb::version::Version;
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
        let histories = server.ask(&rows::histories(&item.database, item.table.as_deref()))?;
        let versions = if histories.is_empty() { None } else { Some([DUMP.version()?, SERVER.version()?]) };
        let histories = versions.map(|versions| History::of(&histories, versions)).unwrap_or_default();
        Ok(Box::new(Served { server, item, of_item, histories }))
    }
}

/// What comes of tables with a history.
#[derive(Debug, Default, PartialEq, Eq)]
struct History {
    is_dumped: bool,
    /// What does not come, as sentences.
    lacks: Vec<String>,
}

impl History {
    /// Of an answer to [`rows::histories`], by a program and a server of these versions: the program writes all histories or none.
    fn of(answer: &[Vec<String>], [program, server]: [Version; 2]) -> Self {
        let which = |is_wanted: &dyn Fn(&[String]) -> bool| -> Vec<String> {
            answer.iter().filter(|row| is_wanted(row)).filter_map(|row| row.first().cloned()).collect()
        };
        let is_set = |row: &[String], at: usize| row.get(at).is_some_and(|told| told == "1");
        let by_transaction = which(&|row| is_set(row, 1)).into_iter().next();
        let why = if program < WRITES_HISTORY || server < WRITES_HISTORY {
            Some(format!(
                "mariadb-dump ({program}) and the server ({server}) would both have to be of {WRITES_HISTORY}"
            ))
        } else {
            by_transaction
                .map(|table| format!("mariadb-dump writes none where a table has one by transactions, as {table}"))
        };
        let is_dumped = why.is_none() && !answer.is_empty();
        let mut lacks = Vec::new();
        if let (Some(why), Some(names)) = (why, some_of(&which(&|_| true))) {
            lacks.push(format!("Without history, since {why}: {names}."));
        }
        // What has a history is written by the program alone.
        if let Some(names) = some_of(&which(&|row| is_set(row, 2))) {
            lacks.push(format!("FLOAT with six digits, as in all tables with a history: {names}."));
        }
        Self { is_dumped, lacks }
    }
}

/// An item of a server that runs.
struct Served<'a> {
    server: Server,
    item: &'a Item,
    /// The table with the sequences that it needs; nothing of a whole database.
    of_item: Vec<String>,
    histories: History,
}

impl Statements for Served<'_> {
    fn characters(&self) -> Result<Characters, Fault> {
        let row = self.server.ask(&rows::characters(&self.item.database))?.into_iter().next().unwrap_or_default();
        let mut row = row.into_iter();
        Ok(Characters { set: row.next(), collation: row.next() })
    }

    fn write(&self, change: Change<'_>, into: &mut dyn Write) -> Result<(), Fault> {
        let asked = tables_with_floats(&self.item.database, self.item.table.as_deref());
        let exact = exact::tables(self.server.ask(&asked)?);
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
        exact.iter().try_for_each(|table| self.rows(table, into))?;
        let table = of_item.last().map_or(&[][..], std::slice::from_ref);
        self.dump(&["--triggers", "--no-create-info", "--no-data"], table, change, into)
    }

    fn notes(&self) -> Vec<String> {
        self.histories.lacks.clone()
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
            .write_all(AROUND.0.as_bytes())
            .and_then(|()| exact::copy(from, into))
            .and_then(|()| into.write_all(AROUND.1.as_bytes()));
        copied.map_err(|error| unwritten(&error))?;
        running.finish().map(drop)
    }

    /// What `mariadb-dump` writes of the item: of these tables, or of all that is in its database.
    fn dump(&self, arguments: &[&str], tables: &[&str], change: Change<'_>, into: &mut dyn Write) -> Result<(), Fault> {
        let history = self.histories.is_dumped.then_some("--dump-history");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_come_of_a_history_is_told() {
        let row =
            |name: &str, by_transaction: &str, float: &str| [name, by_transaction, float].map(str::to_owned).to_vec();
        let (old, new) = (Version::new(10, 6), Version::new(10, 11));
        assert_eq!(History::of(&[row("a", "0", "0")], [new, new]), History { is_dumped: true, lacks: Vec::new() });
        let floats = History::of(&[row("a", "0", "0"), row("b", "0", "1")], [new, new]);
        assert!(floats.is_dumped && floats.lacks.len() == 1 && floats.lacks[0].ends_with("history: b."), "{floats:?}");
        for (versions, other, told) in
            [([old, new], "0", "(10.6)"), ([new, old], "0", "(10.6)"), ([new, new], "1", "as b")]
        {
            let lacks = History::of(&[row("a", "0", "0"), row("b", other, "0")], versions);
            assert!(
                !lacks.is_dumped && lacks.lacks[0].contains(told) && lacks.lacks[0].ends_with(": a, b."),
                "{lacks:?}"
            );
        }
    }
}
