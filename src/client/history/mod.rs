//! Jobs that were seen are kept on this machine: AWS lists what ended within thirty days, and forgets it then.
//!
//! One SQLite file of a user has the backup jobs that are over, of each context, account and region by itself. A [`Keeper`]
//! writes it beside everything else and reads what reaches further back than the service tells ([`Past`]). It never says
//! anything of the time that the service lists: what that tells now is what is. An engine keeps its own jobs as long as this
//! file would, and lists them all, so that nothing is kept of one.
//!
//! What is kept is bounded, in days and in bytes, and the oldest leaves first. A file that cannot be used is told of once;
//! the dashboard goes on without it.

mod bounds;
mod file;
mod keeper;
mod past;
mod rows;
#[cfg(test)]
mod tests;

pub use bounds::Bounds;
pub use file::{HistoryError, HistoryFile};
pub use keeper::{Keeper, News};
pub(in crate::client) use past::LISTED;
pub use past::Past;
pub use rows::{Kept, Summary};
