//! vaultdeck: the terminal dashboard for AWS Backup, and an AWS Backup you can run yourself.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cli;
pub mod client;
pub mod config;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod repository;
pub mod server;
pub mod tui;
