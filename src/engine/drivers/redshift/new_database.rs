//! The database that a restore makes: it has a name that nobody else would choose until all is in it, and then the one that was asked
//! for. So it is this restore's whenever the engine or the server broke off, and what is called as asked for is whole.

use super::inventory::{self, Server};
use super::rows;
use super::rows::model::{literal, quoted};
use super::session::Session;
use crate::domain::Secret;
use crate::domain::types::keys::DATABASE_KEY;
use crate::engine::drivers::Fault;
use crate::engine::drivers::psql::address::Address;

/// When to try again what the server is busy with.
const AGAIN: chrono::Duration = chrono::Duration::seconds(5);

/// A database that is to be made.
pub(super) struct NewDatabase<'a> {
    pub(super) address: &'a Address,
    pub(super) secret: Option<&'a Secret>,
    /// As it is called when all is done.
    pub(super) name: &'a str,
}

/// What is known of one that was begun.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    /// As it is called until then.
    pub(super) working: &'a str,
    /// What is noted at it before it gets its name: a later attempt of the same restore knows it by that.
    pub(super) note: &'a str,
}

impl NewDatabase<'_> {
    /// Refuses a name that is taken; makes nothing.
    pub(super) fn refuse_taken(&self) -> Result<(), Fault> {
        let (mut outside, server) = self.outside()?;
        if is_there(self.name, &mut outside, &server)? {
            return Err(self.taken());
        }
        outside.close();
        Ok(())
    }

    /// Whether an earlier attempt of this restore gave it its name, which was the last thing to do. Redshift does not tell what is
    /// noted at another database than the one that it is asked in.
    pub(super) fn is_done(&self, begun: Named<'_>) -> Result<bool, Fault> {
        let (mut outside, server) = self.outside()?;
        if server.is_redshift {
            return Ok(false);
        }
        let found = outside.ask(&rows::note_of_database(&literal(self.name, false)))?;
        outside.close();
        Ok(found.first().and_then(|row| row.first()).is_some_and(|note| note == begun.note))
    }

    /// Makes it, still without its name. What an earlier attempt made is taken away.
    pub(super) fn make(&self, begun: Named<'_>, is_resumed: bool) -> Result<(), Fault> {
        let (mut outside, server) = self.outside()?;
        if is_resumed && is_there(begun.working, &mut outside, &server)? {
            outside.order(&rows::drop_database(&quoted(begun.working)))?;
        }
        let made = outside.order(&rows::make_database(&quoted(begun.working)));
        outside.close();
        match made {
            // A server makes it to the end though who asked for it was killed, and knows of it only then.
            Err(fault @ Fault::Failed(_)) if is_resumed => {
                Err(Fault::Temporary { why: fault.to_string(), after: AGAIN })
            }
            made => made,
        }
    }

    /// Gives it its name, now that all is in it.
    pub(super) fn name(&self, begun: Named<'_>) -> Result<(), Fault> {
        let (mut outside, server) = self.outside()?;
        let working = quoted(begun.working);
        if is_there(self.name, &mut outside, &server)? {
            outside.order(&rows::drop_database(&working))?;
            return Err(self.taken());
        }
        if !server.is_redshift {
            outside.order(&format!("{};", rows::note("DATABASE", &working, &literal(begun.note, false))))?;
        }
        outside.order(&rows::rename_database(&working, &quoted(self.name)))?;
        outside.close();
        Ok(())
    }

    /// A session with the database from which others are made.
    fn outside(&self) -> Result<(Session, Server), Fault> {
        let mut session = Session::connect(self.address, &self.address.database, self.secret)?;
        let server = inventory::look(&mut session)?;
        Ok((session, server))
    }

    fn taken(&self) -> Fault {
        Fault::Failed(format!(
            "The server at {} has a database {} already, and nothing was written: choose another {DATABASE_KEY}.",
            self.address.place(),
            self.name
        ))
    }
}

fn is_there(database: &str, outside: &mut Session, server: &Server) -> Result<bool, Fault> {
    Ok(!outside.ask(&rows::database(&literal(database, server.is_redshift)))?.is_empty())
}
