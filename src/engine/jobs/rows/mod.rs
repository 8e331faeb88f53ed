//! What the rows of all kinds of jobs have in common: what becomes of those that are not over, their lists, their counts.

pub mod backups;
pub(in crate::engine) mod list;
pub mod restores;
pub mod store;
pub mod summaries;
