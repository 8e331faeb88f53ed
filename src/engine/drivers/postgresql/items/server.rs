//! A server that an item becomes a new database of.

use super::asked::{Locale, Parts};
use super::{list, needed, rows};
use crate::domain::Secret;
use crate::engine::drivers::Fault;
use crate::engine::drivers::item::file::NewFile;
use crate::engine::drivers::item::target::{Attempt, NewDatabase};
use crate::engine::drivers::postgresql::server::newest;
use crate::engine::drivers::psql::address::Address;
use crate::engine::drivers::psql::programs::{self, Programs};
use crate::engine::drivers::psql::{faults, on_server};
use crate::repository::OpenFolder;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

/// How long a question may take, and how long a restore may do nothing.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// When to try again what the server is busy with.
const AGAIN: chrono::Duration = chrono::Duration::seconds(5);

/// What is chosen of a dump, in the folder of that.
const CHOSEN: &str = "item.list";

/// A dump that becomes a database.
pub(super) struct Dump<'a> {
    pub(super) programs: &'a Programs,
    pub(super) folder: &'a Path,
    pub(super) name: &'a str,
    pub(super) parts: &'a Parts,
    pub(super) locale: Locale,
}

/// The server, and the database that is made.
pub(super) struct Into {
    pub(super) address: Address,
    secret: Option<Secret>,
    pub(super) database: String,
}

impl Into {
    pub(super) fn new(address: Address, secret: Option<Secret>, database: String) -> Self {
        Self { address, secret, database }
    }

    /// Drops what was begun, under the name that it alone uses. What an attempt left on the server may be at work in it yet.
    fn drop_temporary(&self, name: &str) -> Result<(), Fault> {
        self.ask(&rows::leave(name))?;
        self.ask(&rows::drop(name)).map(drop)
    }

    /// Makes the database of a dump, under a name of its own until it is whole; what of the dump was left out.
    pub(super) fn restore(&self, dump: &Dump<'_>, attempt: &Attempt) -> Result<Vec<String>, Fault> {
        let Attempt { id: temporary, is_resumed } = attempt;
        let Locale { encoding, collate, ctype } = &dump.locale;
        match self.ask(&rows::make(temporary, [encoding, collate, ctype])) {
            // A server makes it to the end though who asked for it was killed, and knows of it only then.
            Err(fault @ Fault::Failed(_)) if *is_resumed && fault.to_string().contains("already exists") => {
                return Err(Fault::Temporary { why: fault.to_string(), after: AGAIN });
            }
            made => made?,
        };
        let filled = self.fill(dump, temporary).and_then(|left_out| {
            self.ask(&rows::note(temporary, &note(temporary)))?;
            self.refuse_taken()?;
            self.ask(&rows::rename(temporary, &self.database))?;
            Ok(left_out)
        });
        if filled.is_err() {
            // What failed says more than that this failed too.
            let _ = self.drop_temporary(temporary);
        }
        filled
    }

    fn fill(&self, dump: &Dump<'_>, temporary: &str) -> Result<Vec<String>, Fault> {
        let address = Address { database: temporary.to_owned(), ..self.address.clone() };
        let file = dump.folder.join(dump.name);
        let arguments = ["--exit-on-error", "--no-owner", "--no-privileges", "--no-password", "--dbname", temporary];
        let program = needed(dump.programs, "pg_restore")?;
        let mut program = arguments.iter().fold(program, |program, argument| program.arg(argument));
        let mut left_out = Vec::new();
        // A dump of a table does not make its schema, and leads to what is not in it.
        if !dump.parts.tables.is_empty() {
            let schemas: BTreeSet<&str> = dump.parts.tables.iter().map(|table| table.schema.as_str()).collect();
            for schema in schemas {
                self.ask_at(&address, &rows::make_schema(schema))?;
            }
            left_out = choose(dump, &file)?;
            program = program.arg("--use-list").arg(dump.folder.join(CHOSEN));
        }
        let ended = on_server(program.arg(&file), &address, self.secret.as_ref()).run(PATIENCE);
        ended.map(|_| left_out).map_err(|fault| faults::of_restore(&address, &fault.to_string()))
    }

    fn ask(&self, question: &str) -> Result<String, Fault> {
        self.ask_at(&self.address, question)
    }

    fn ask_at(&self, address: &Address, question: &str) -> Result<String, Fault> {
        let installed = programs::installed()?;
        let arguments = ["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-c", question];
        let program = arguments.iter().fold(newest(&installed)?.psql()?, |program, argument| program.arg(argument));
        let ended = on_server(program, address, self.secret.as_ref()).run(PATIENCE);
        let ended = ended.map_err(|fault| faults::of_restore(address, &fault.to_string()))?;
        Ok(String::from_utf8_lossy(&ended.output).into_owned())
    }
}

impl NewDatabase for Into {
    fn refuse_taken(&self) -> Result<(), Fault> {
        if self.ask(&rows::databases(&self.database))?.trim() == "0" {
            return Ok(());
        }
        Err(Fault::Failed(format!(
            "The server at {} has a database {} already, and nothing was written: give another name with vaultdeck:database.",
            self.address.place(),
            self.database
        )))
    }

    /// The note of an attempt that came to its end is at what is called as asked for.
    fn clear(&self, id: &str) -> Result<bool, Fault> {
        let is_done = self.ask(&rows::noted(&self.database))?.trim() == note(id);
        self.drop_temporary(id).map(|()| is_done)
    }

    fn note(&self, item: &str, left_out: &[String]) -> String {
        let (database, place, user) = (&self.database, self.address.place(), &self.address.user);
        let made = format!(
            "{item} is the new database {database} of the server at {place}; it belongs to {user}, with no rights of others."
        );
        if left_out.is_empty() {
            return made;
        }
        let left_out = left_out.join(", ");
        format!("{made} Left out is what leads to other tables, functions or roles: {left_out}.")
    }
}

/// What is said of a database that is made, and tells it from all others.
fn note(temporary: &str) -> String {
    format!("Restored by vaultdeck ({temporary})")
}

/// Writes down what of a dump is restored, and tells what is not.
fn choose(dump: &Dump<'_>, file: &Path) -> Result<Vec<String>, Fault> {
    let listed = needed(dump.programs, "pg_restore")?.arg("--list").arg(file).run(PATIENCE)?;
    let (chosen, left_out) = list::choose(&String::from_utf8_lossy(&listed.output), dump.parts.is_part);
    let unwritten = |error| Fault::of_io(format_args!("{} cannot be written", dump.folder.display()), &error);
    let folder = OpenFolder::open(dump.folder).map_err(unwritten)?.into_descriptor();
    NewFile { folder: &folder, name: CHOSEN }.write(|file| file.write_all(chosen.as_bytes()).map_err(unwritten))?;
    Ok(left_out)
}
