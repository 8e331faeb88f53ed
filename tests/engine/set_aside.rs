//! Damaged files that were set aside: they go after thirty days, once the vault was read and found whole without them.

use crate::bench::{Bench, VAULT};
use crate::checks::{backed_up_twice, check, files, flip, replace, vault};
use chrono::Duration;
use std::fs;
use std::path::PathBuf;
use vaultdeck::domain::extension::RepairRequest;
use vaultdeck::domain::job::JobState;

pub fn aside(bench: &Bench) -> Vec<PathBuf> {
    let entries = fs::read_dir(vault(bench).join("vaultdeck/damaged"));
    entries.map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

/// An index file is damaged, and a repair sets it aside.
pub fn set_one_aside(bench: &Bench) {
    flip(&files(bench, "index")[0]);
    let request = RepairRequest { dry_run: false };
    let report = bench.engine().repair_vault(&bench.caller.scope(), &VAULT.parse().unwrap(), &request).unwrap();
    assert_eq!(report.left, []);
    assert_eq!(aside(bench).len(), 1, "{report:?}");
}

#[test]
fn what_was_set_aside_goes_when_its_days_are_over_and_all_of_the_vault_was_read_since() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    bench.advance(Duration::days(5));
    set_one_aside(&bench);
    // The cycle of the scrub that ends on the thirtieth day began before.
    bench.advance(Duration::days(40));
    assert_eq!(aside(&bench).len(), 1);
    bench.advance(Duration::days(25));
    assert_eq!(aside(&bench), Vec::<PathBuf>::new());
    assert_eq!(check(&bench).problems, []);
    for point in bench.points() {
        assert_eq!(bench.restore(&point.arn, &[("newFileSystem", "true")]).state, JobState::Completed);
    }
}

#[test]
fn a_check_that_finds_the_vault_whole_counts_as_much_as_a_scrub_and_the_days_count_all_the_same() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    bench.advance(Duration::days(5));
    set_one_aside(&bench);
    bench.advance(Duration::days(2));
    assert_eq!(check(&bench).problems, []);
    bench.advance(Duration::days(27));
    assert_eq!(aside(&bench).len(), 1);
    bench.advance(Duration::days(4));
    assert_eq!(aside(&bench), Vec::<PathBuf>::new());
}

#[test]
fn while_anything_is_lost_all_of_it_stays() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    set_one_aside(&bench);
    let pack = files(&bench, "data").remove(0);
    let good = fs::read(&pack).unwrap();
    flip(&pack);
    check(&bench);
    assert!(bench.points().iter().any(|point| point.is_damaged()));
    bench.advance(Duration::days(100));
    assert_eq!(aside(&bench).len(), 1);

    // It comes back from a copy, and a check finds it: then what was set aside is of no use any more.
    replace(&pack, &good);
    check(&bench);
    assert_eq!(check(&bench).problems, []);
    bench.advance(Duration::days(1));
    assert_eq!(aside(&bench), Vec::<PathBuf>::new());
}

#[test]
fn what_is_no_file_of_the_engine_stays() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    set_one_aside(&bench);
    let own = vault(&bench).join("vaultdeck/damaged/kept by hand");
    fs::create_dir(&own).unwrap();
    bench.advance(Duration::days(63));
    assert_eq!(aside(&bench), [own]);
}
