//! Reading only the pages that changed since the recovery point before.
//!
//! A server from version 17 on with `summarize_wal = on` notes which pages its log changes. Told the manifest of a backup, it sends of
//! each file of a relation the pages that changed since that began ([`changes`]), and all other files whole. What is stored is whole all the
//! same: [`Rebuilt`] puts each file together of the pieces that the recovery point before has of it and of the pages that came. Of pieces
//! without a changed page nothing is read anywhere; those with one are taken out of the vault. So every recovery point is what
//! `pg_combinebackup` would make, a data directory that needs no other one.
//!
//! But for visibility maps: bits of them are cleared without a word in the log (when VACUUM cuts a table of a server without checksums; by
//! every deletion before the servers were mended), and a bit too many is a row that was deleted and is seen, so what did not come of them is
//! zeros, which only says that nothing is known. VACUUM finds it out again.
//!
//! The base has to be one that the cluster went on from without a break: the one recovery point before, of this system identifier and
//! timeline, whose trace is on the server ([`trace`](super::trace)) with checksums of pages as they are now. Whatever is in the way of that,
//! or is not understood, all of the cluster is read, and the job says why.

mod base;
mod changes;
mod history;
mod rebuilt;
mod relation;

pub(super) use base::{Base, Old};
pub(super) use changes::Changes;
pub(super) use history::History;
pub(super) use rebuilt::{Parts, Rebuilt};
pub(super) use relation::Relation;

use super::server::{Division, Identity, Server, Session};
use super::trace::Traces;
use super::tree::PIECE;
use crate::engine::drivers::{Before, Fault};

/// What is read of a cluster.
pub(super) enum Reads {
    /// The pages that changed since a recovery point.
    Changes(Box<Base>),
    /// All of it.
    All(Whole),
}

/// Why all of a cluster is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) why: String,
    /// Whether it could not be otherwise with this server, or for the first time: nobody needs to look after it.
    pub(super) is_expected: bool,
}

impl Whole {
    fn expected(why: &str) -> Self {
        Self { why: why.to_owned(), is_expected: true }
    }

    /// What stands in the way though it should not.
    pub(super) fn unexpected(why: impl Into<String>) -> Self {
        Self { why: why.into(), is_expected: false }
    }
}

/// A server that is asked what changed.
pub(super) struct Asked<'a> {
    pub(super) server: &'a Server,
    pub(super) identity: &'a Identity,
    pub(super) traces: &'a Traces,
    pub(super) session: &'a mut Session,
}

impl Reads {
    /// What is to be read of a server: the changes where all speaks for it.
    pub(super) fn of(before: Option<Before<'_>>, is_last: bool, asked: Asked<'_>) -> Result<Self, Fault> {
        let server = asked.server;
        if !server.tells_changes {
            let why = "the server does not tell which pages changed (version 17 or newer with summarize_wal = on and three \
                       replication slots to spare does)";
            return Ok(Self::All(Whole::expected(why)));
        }
        // Pages lie in pieces, each in one.
        let Division { page, segment } = server.division;
        if !page.is_power_of_two() || page > u64::from(PIECE) || segment == 0 {
            return Ok(Self::All(Whole::expected("its pages or segments are of a size that is not known here")));
        }
        let Some(before) = before else {
            return Ok(Self::All(Whole::expected("there is no recovery point before it in this vault")));
        };
        if is_last {
            return Ok(Self::All(Whole::unexpected("earlier attempts of this job came to no end")));
        }
        Ok(Base::of(before, asked)?
            .map_or_else(|why| Self::All(Whole::unexpected(why)), |base| Self::Changes(Box::new(base))))
    }
}
