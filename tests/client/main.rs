//! The dashboard's side of the AWS SDK: against a recorder of what is sent, against moto, and against the real engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod approval;
mod child;
mod counts;
mod denials;
mod engine;
mod history;
mod in_between;
mod kept_job;
mod moto;
#[path = "../repository/support/mounted.rs"]
mod mounted;
mod one_of_twelve;
mod points;
mod reaching;
mod recorder;
mod sending;
mod sso;
mod standin;
