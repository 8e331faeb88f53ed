//! A server that an item becomes a new database of.
//!
//! MariaDB gives a database no other name, and moves neither views nor routines nor tables with triggers out of one. So a new database
//! is made under its own name, with a comment from its first moment on that says that it is not whole and whose it is; when all
//! of it is there, the comment says that it was restored. What has no such comment is never touched.

use super::asked::Item;
use super::rows;
use super::text::Change;
use crate::domain::Secret;
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Running;
use crate::engine::drivers::item::target::{Attempt, Made, NewDatabase};
use crate::engine::drivers::mariadb::address::Address;
use crate::engine::drivers::mariadb::faults::{Doing, fault_of};
use crate::engine::drivers::mariadb::programs::CLIENT;
use crate::engine::drivers::mariadb::server;
use std::io::{self, Write};
use std::time::Duration;

/// How long one statement of a dump may take.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// When to try again what the server is busy with.
const AGAIN: chrono::Duration = chrono::Duration::seconds(5);

/// What a server says of a name that is taken.
const TAKEN: &str = "database exists";

/// How a database is told to take texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Characters {
    pub(super) set: Option<String>,
    pub(super) collation: Option<String>,
}

/// The statements that make an item.
pub(super) trait Statements {
    /// The character set and the collation of its database.
    fn characters(&self) -> Result<Characters, Fault>;

    /// Writes them, with what has to be changed.
    fn write(&self, change: Change<'_>, into: &mut dyn Write) -> Result<(), Fault>;

    /// What they do not hold of the item, as sentences.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The server, and the database that is made.
pub(super) struct Into {
    address: Address,
    secret: Option<Secret>,
    database: String,
}

impl Into {
    pub(super) fn new(address: Address, secret: Option<Secret>, database: String) -> Self {
        Self { address, secret, database }
    }

    fn ask(&self, question: &str) -> Result<Vec<Vec<String>>, Fault> {
        server::ask_for(Doing::Restore, &self.address, self.secret.as_ref(), question)
    }

    /// What is noted of the database; nothing where there is none.
    fn noted(&self) -> Result<Option<String>, Fault> {
        Ok(self.ask(&rows::noted(&self.database))?.into_iter().next().map(|row| row.join("\t")))
    }

    fn taken(&self) -> Fault {
        Fault::Failed(format!(
            "The server at {} has a database {} already, and nothing was written: give another name with vaultdeck:database.",
            self.address.place(),
            self.database
        ))
    }

    /// Drops the database if it is the one that an attempt with this id began and did not end. What that left on the server may be at
    /// work in it yet.
    fn drop_begun(&self, id: &str) -> Result<(), Fault> {
        if self.noted()?.is_none_or(|noted| noted != begun(id)) {
            return Ok(());
        }
        for session in self.ask(&rows::sessions(&self.database))?.into_iter().flatten() {
            // One that has ended meanwhile is what is wanted.
            let _ = self.ask(&rows::end(&session));
        }
        self.ask(&rows::drop(&self.database)).map(drop)
    }

    /// Makes the database.
    pub(super) fn restore(&self, item: &Item, statements: &dyn Statements, attempt: &Attempt) -> Result<Made, Fault> {
        let characters = statements.characters()?;
        let made = self.ask(&rows::make(&self.database, [&characters.set, &characters.collation], &begun(&attempt.id)));
        match made {
            Err(fault) if fault.to_string().contains(TAKEN) => {
                // A server makes it to the end though who asked for it was killed, and tells of it only then.
                let is_ours = attempt.is_resumed && self.noted()?.is_some_and(|noted| noted == begun(&attempt.id));
                return Err(if is_ours {
                    Fault::Temporary { why: fault.to_string(), after: AGAIN }
                } else {
                    self.taken()
                });
            }
            made => made.map(drop),
        }
        .and_then(|()| self.fill(item, statements))
        .and_then(|left_out| {
            self.refuse_enabled()?;
            let notes = statements.notes().into_iter().chain(self.reading_elsewhere(item)?).collect();
            self.ask(&rows::note(&self.database, &whole(&attempt.id))).map(|_| Made { left_out, notes })
        })
        .inspect_err(|_| {
            // What failed says more than that this failed too.
            let _ = self.drop_begun(&attempt.id);
        })
    }

    fn fill(&self, item: &Item, statements: &dyn Statements) -> Result<Vec<String>, Fault> {
        let program = CLIENT.on_server(&self.address, self.secret.as_ref())?;
        let arguments =
            ["--batch", "--binary-mode", "--comments", "--max-allowed-packet=1G", "--default-character-set=utf8mb4"];
        let program = arguments.iter().fold(program, |program, argument| program.arg(argument));
        let mut client = program.arg(format!("--database={}", self.database)).with_input().start(PATIENCE)?;
        client.discard_output().map_err(|error| Fault::of_io("No thread can be started", &error))?;
        let mut poured = Poured { client, failed: None };
        let change = Change { database: &item.database, has_head: false, disables: true };
        let written = statements.write(change, &mut poured);
        let Poured { client, failed } = poured;
        let ended = |client: Running| {
            client.finish().map_err(|fault| fault_of(Doing::Restore, &self.address, &fault.to_string()))
        };
        if let Some(error) = failed {
            // Why it did not take all is told best by its end.
            ended(client)?;
            let why = format!("mariadb ended well before it had read all: {error}");
            return Err(fault_of(Doing::Restore, &self.address, &why));
        }
        written?;
        ended(client)?;
        item.table.as_ref().map_or_else(|| Ok(Vec::new()), |table| self.leave_out(table))
    }

    /// Refuses a database of which something runs by itself.
    fn refuse_enabled(&self) -> Result<(), Fault> {
        match self.ask(&rows::enabled_events(&self.database))?.into_iter().flatten().next() {
            None => Ok(()),
            Some(event) => Err(Fault::Failed(format!(
                "The event {event} of the new database {} was not disabled, and the database is not whole with it.",
                self.database
            ))),
        }
    }

    /// Which views read the database that the item was in, as the server has it: where a view names another database it names its own
    /// too.
    fn reading_elsewhere(&self, item: &Item) -> Result<Option<String>, Fault> {
        // The names of a view lead to itself then.
        if self.database == item.database {
            return Ok(None);
        }
        let views = self.ask(&rows::views_of(&self.database, &item.database))?;
        let views: Vec<String> = views.into_iter().flatten().collect();
        Ok((!views.is_empty()).then(|| {
            format!(
                "Views that read {} and not {}, as they name it: {}.",
                item.database,
                self.database,
                views.join(", ")
            )
        }))
    }

    /// Takes from a table what leads to what is not in its database.
    fn leave_out(&self, table: &str) -> Result<Vec<String>, Fault> {
        let mut left_out = Vec::new();
        for row in self.ask(&rows::leading_elsewhere(&self.database, table))? {
            let Ok([sort, name]) = <[String; 2]>::try_from(row) else { continue };
            self.ask(&rows::leave_out(&self.database, table, (&sort, &name)))?;
            left_out.push(format!("{sort} {name}"));
        }
        Ok(left_out)
    }
}

/// What a client is told as it reads it.
struct Poured {
    client: Running,
    failed: Option<String>,
}

impl Write for Poured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let poured = self.client.pour(bytes);
        poured.inspect_err(|error| self.failed = Some(error.to_string())).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewDatabase for Into {
    fn refuse_taken(&self) -> Result<(), Fault> {
        if self.noted()?.is_none() { Ok(()) } else { Err(self.taken()) }
    }

    fn clear(&self, id: &str) -> Result<bool, Fault> {
        if self.noted()?.is_some_and(|noted| noted == whole(id)) {
            return Ok(true);
        }
        self.drop_begun(id).map(|()| false)
    }

    fn note(&self, item: &str, left_out: &[String]) -> String {
        let (database, place) = (&self.database, self.address.place());
        let made = format!(
            "{item} is the new database {database} of the server at {place}. Rights are not restored, and its events are disabled."
        );
        if left_out.is_empty() {
            return made;
        }
        format!("{made} Left out is what leads to other tables: {}.", left_out.join(", "))
    }
}

/// What is noted of a database that is being made, and tells it from all others.
fn begun(id: &str) -> String {
    format!("NOT WHOLE: vaultdeck is restoring it ({id})")
}

/// What is noted of one that is whole.
fn whole(id: &str) -> String {
    format!("Restored by vaultdeck ({id})")
}
