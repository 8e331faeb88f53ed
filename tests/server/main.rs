//! The engine over HTTP, as SDKs and strangers see it: real sockets, real signatures, the AWS SDK for Rust as the client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod everybody;
mod explore;
mod harness;
mod scene;

mod access_policies;
mod administration;
mod backup_policies;
mod clients;
mod cloudwatch;
mod connections;
mod errors;
mod events;
mod jobs;
mod key_promises;
mod kms;
mod legal_holds;
mod local;
mod malformed;
mod neighbours;
mod notifications;
mod operations;
mod organizations;
mod promises;
mod signatures;
mod simulated;
mod trail;
