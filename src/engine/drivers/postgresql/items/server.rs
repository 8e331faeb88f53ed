//! A server that an item becomes a new database of.

use super::asked::{Item, Locale};
use super::{needed, rows};
use crate::domain::Secret;
use crate::engine::drivers::Fault;
use crate::engine::drivers::postgresql::server::newest;
use crate::engine::drivers::psql::address::Address;
use crate::engine::drivers::psql::programs::{self, Programs};
use crate::engine::drivers::psql::{faults, on_server};
use std::path::Path;
use std::time::Duration;

/// How long a question may take, and how long a restore may do nothing.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

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

    /// Refuses a name that a database has.
    pub(super) fn refuse_taken(&self) -> Result<(), Fault> {
        if self.ask(&rows::databases(&self.database))?.trim() == "0" {
            return Ok(());
        }
        Err(Fault::Failed(format!(
            "The server at {} has a database {} already, and nothing was written: give another name with vaultdeck:database.",
            self.address.place(),
            self.database
        )))
    }

    /// Drops what an earlier attempt began, under the name that it alone uses.
    pub(super) fn drop_temporary(&self, name: &str) -> Result<(), Fault> {
        self.ask(&rows::drop(name)).map(drop)
    }

    /// Makes the database of a dump, under a name of its own until it is whole.
    pub(super) fn restore(
        &self,
        programs: &Programs,
        item: &Item,
        locale: &Locale,
        file: &Path,
        temporary: &str,
    ) -> Result<(), Fault> {
        let Locale { encoding, collate, ctype } = locale;
        self.ask(&rows::make(temporary, [encoding, collate, ctype]))?;
        let filled = self.fill(programs, item, file, temporary).and_then(|()| {
            self.refuse_taken()?;
            self.ask(&rows::rename(temporary, &self.database)).map(drop)
        });
        if filled.is_err() {
            // What failed says more than that this failed too.
            let _ = self.drop_temporary(temporary);
        }
        filled
    }

    fn fill(&self, programs: &Programs, item: &Item, file: &Path, temporary: &str) -> Result<(), Fault> {
        let address = Address { database: temporary.to_owned(), ..self.address.clone() };
        // A dump of a table does not make its schema.
        if let Some((schema, _)) = &item.table {
            self.ask_at(&address, &rows::make_schema(schema))?;
        }
        let arguments = ["--exit-on-error", "--no-owner", "--no-privileges", "--no-password", "--dbname", temporary];
        let program = arguments.iter().fold(needed(programs, "pg_restore")?, |program, argument| program.arg(argument));
        let ended = on_server(program.arg(file), &address, self.secret.as_ref()).run(PATIENCE);
        ended.map(drop).map_err(|fault| faults::fault(&address, &fault.to_string()))
    }

    fn ask(&self, question: &str) -> Result<String, Fault> {
        self.ask_at(&self.address, question)
    }

    fn ask_at(&self, address: &Address, question: &str) -> Result<String, Fault> {
        let installed = programs::installed()?;
        let arguments = ["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-c", question];
        let program = arguments.iter().fold(newest(&installed)?.psql()?, |program, argument| program.arg(argument));
        let ended = on_server(program, address, self.secret.as_ref()).run(PATIENCE);
        let ended = ended.map_err(|fault| faults::fault(address, &fault.to_string()))?;
        Ok(String::from_utf8_lossy(&ended.output).into_owned())
    }
}
