//! One database, or one table, out of a recovery point of a server: what its engines share. It becomes a file in a folder, or a new
//! database of a server that is there.
//!
//! All that is needed of the recovery point is restored into a scratch folder ([`target`]); what takes the item out of that is each
//! engine's own. A new database is never taken for one that is whole while it is not, and what was begun is known by an id that only its
//! restore has: so nothing of anybody else's is touched where a restore clears up behind itself.

pub(super) mod asked;
pub(super) mod file;
pub(super) mod target;
