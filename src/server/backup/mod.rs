//! AWS Backup (rest-json): one file per group of operations.
//!
//! A handler reads its parameters, asks the engine, and writes the answer with AWS's member names.

mod access_policies;
mod approval_teams;
mod backup_jobs;
mod child_jobs;
mod copy_jobs;
mod documents;
mod empty_lists;
mod exceptions;
mod legal_holds;
mod not_built;
mod nothing_there;
mod notifications;
pub(super) mod operations;
mod plans;
mod protected_resources;
mod recovery_points;
mod restore_jobs;
mod selections;
mod settings;
mod summaries;
mod tags;
mod templates;
mod vaults;
