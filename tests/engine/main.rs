//! The engine, on real files: vaults, jobs, schedules and lifecycles under a simulated clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bench;
mod jobs;
mod lifecycles;
mod restores;
mod schedules;
