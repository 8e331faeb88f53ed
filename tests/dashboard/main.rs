//! The dashboard, seen as its user sees it: keys in, screens out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod add_resource;
mod air_gap;
mod ascii;
mod backup_policies;
mod beside;
mod budgets;
mod calendar;
mod composites;
mod copies;
mod deletions;
mod dialogs;
mod driver;
mod fixture;
mod flow;
mod gone;
mod holds;
mod job_details;
mod keys;
mod moments;
mod notifications;
mod plan_week;
mod policies;
mod screens;
mod terminal;
mod told_once;
mod update;
mod vault_locks;
mod wall;
