//! The storage format against the world: restic reads what we wrote, we read what restic wrote, and whatever breaks in
//! between costs no more than it must.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod archive;
mod check;
mod collect;
mod conformance;
mod damage;
mod explore;
mod faults;
mod lock;
mod overlays;
mod repack;
mod restore;
mod round_trip;
mod sinks;
mod sources;
mod support;
mod transfer;
