//! Backup jobs.

pub mod commit;
pub mod create;
pub mod group;
pub(crate) mod kind;
pub mod ops;
pub mod run;
