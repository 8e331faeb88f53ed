//! The wire protocols in front of the engine.
//!
//! One router answers for all services: AWS Backup (rest-json), STS (query), Organizations and Resource Groups Tagging
//! (awsJson1.1, and rpc-v2-cbor), CloudWatch (rpc-v2-cbor, and awsJson1.0), the engine's own extension under `/_vaultdeck/`, and `/_clock`. Who sent a
//! request is looked at before its body is read; the rest runs on a blocking thread, for the engine's operations are
//! synchronous.
//!
//! [`serve_tcp`] and [`serve_unix`] put the router behind a socket, [`in_process`] behind a closure.

mod access;
mod backup;
mod body;
mod call;
mod cbor;
mod clock;
mod cloudtrail;
mod cloudwatch;
mod connections;
mod control;
mod events;
mod failure;
mod health;
mod items;
mod kms;
mod members;
mod organizations;
mod page;
mod query;
mod ram;
mod reply;
mod router;
mod serve;
mod sigv4;
mod sts;
mod tagging;
mod target;
mod trail;
mod xml;

pub use page::{Page, serve_page};
pub use router::{RestoreFolders, Surface, router};
pub use serve::{InProcessFuture, Shutdown, check_address, in_process, serve_tcp, serve_unix};
