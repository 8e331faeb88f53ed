//! The AWS SDK on the dashboard's side.
//!
//! Everything that the dashboard and the command line know of the world comes through here, and everything that they
//! change goes through here:
//!
//! - [`connect`]: a [`connect::Connection`] to one context: the engine in this process, on a Unix socket, on an endpoint,
//!   or AWS with a profile; and the SDK clients of every scope (account × region) in it.
//! - [`query`]: what can be asked. A [`Key`] is a [`Query`] in a scope; the answers are the domain's records.
//! - [`fetch`]: the [`fetch::Fetcher`] keeps the answers of the wanted keys fresh and reports [`Event`]s. It owns pacing,
//!   backing off and paging; no call ever hangs and no failure ends it.
//! - [`change`], [`approve`], [`mutate`], [`audit`]: a [`Mutation`] becomes a [`Pending`] (the exact requests, their `aws`
//!   lines, the danger, what must be typed); only [`approve::approve`] makes an [`Approved`] of it; only
//!   [`mutate::mutate`] can carry one out, and it writes the audit log before and after.
//! - [`activity`]: what was changed, from this machine and by whomever else.
//! - [`notify`]: what brings notifications to topics of SNS, webhooks and commands.
//! - [`metrics`]: what a survey found, as numbers that a monitor reads.
//! - [`report`]: what became of a day or a week.
//! - [`history`]: the jobs that were seen, kept on this machine for longer than AWS lists them.
//! - [`wall`]: what became of each day of each resource, kept up to date by what changed.
//! - [`root_key`]: the key in AWS KMS that keeps the root of an engine's key ring.
//! - [`control`]: the engine's own routes, for the command line, and for what the dashboard registers.
//!
//! Text from any API is stripped of control characters here, once ([`text`]); failures become a [`Fault`] in plain words.

pub mod activity;
pub mod approve;
pub mod attributes;
pub mod audit;
pub mod capabilities;
pub mod change;
mod command_line;
pub mod connect;
pub mod control;
mod counts;
mod explain;
pub mod fault;
pub mod fetch;
pub mod history;
mod json_service;
mod kms;
pub mod lists;
mod map;
pub mod metrics;
pub mod mutate;
pub mod mutes;
pub mod notify;
mod pace;
pub mod query;
mod ram;
mod read;
pub mod report;
pub mod root_key;
mod signed;
mod skew;
pub mod stranded;
pub mod survey;
pub mod text;
mod trail;
pub mod user_file;
pub mod versions;
pub mod views;
pub mod wall;
mod web_page;
mod wire;

pub use approve::{Approved, Pending};
pub use capabilities::{Capabilities, Feature};
pub use change::{Ask, ChangeFailure, Danger, Mutation, Outcome, SelectionRef};
pub use command_line::CommandLine;
pub use fault::{Fault, FaultKind, Offer};
pub use query::{Answer, Event, Key, Query, Reply, Rows};
pub use read::events::EventsQuery;
