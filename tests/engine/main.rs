//! The engine, on real files: what it keeps, allows and refuses; jobs, schedules and lifecycles under a simulated clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod access_policies;
mod accounts;
mod air_gap;
mod backup_policies;
mod bench;
mod budgets;
mod checks;
mod clocks;
mod cold;
mod composite_copies;
mod composites;
mod copies;
mod damage;
mod directory;
mod events;
mod explore;
mod findings;
mod full_disk;
mod groups;
mod guards;
mod guards_of_time;
mod harness;
mod held;
mod holds;
mod jobs;
mod keys;
mod lifecycles;
#[path = "../repository/support/mounted.rs"]
mod mounted;
mod new_data;
mod notifications;
mod plans;
mod promises;
mod quotas;
mod read_only;
mod repacking;
mod repairs;
mod resources;
mod restores;
mod schedules;
mod scrubs;
mod selections;
mod set_aside;
mod sharing;
mod sources;
mod tags;
#[path = "../repository/support/tree.rs"]
#[allow(dead_code)]
mod tree;
mod vault_links;
mod vault_locks;
mod vault_races;
mod vaults;
#[path = "../repository/support/wounds.rs"]
mod wounds;

/// Whether the tests run as root, which may make devices and give files away.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
