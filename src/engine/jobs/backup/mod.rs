//! Backup jobs.

pub mod commit;
pub mod create;
pub mod group;
pub mod ops;
pub mod run;
