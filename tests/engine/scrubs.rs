//! The scrub: every vault is read through in thirty days, and what it finds is told.

use crate::bench::Bench;
use crate::checks::{files, flip, resource};
use chrono::Duration;
use std::fs;

fn position(bench: &Bench) -> Option<Vec<u8>> {
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    let row = catalog.query_row("SELECT position FROM scrubs", [], |row| row.get::<_, Option<Vec<u8>>>(0));
    row.ok().flatten()
}

/// Several backups, each with a pack of its own.
fn many_packs(bench: &Bench) {
    let resource = resource(bench);
    for number in 0..8_u8 {
        fs::write(bench.path("projects/changing"), vec![number; 40_000]).unwrap();
        bench.backup(&resource);
        bench.advance(Duration::minutes(1));
    }
}

#[test]
fn damage_that_nobody_met_is_found_within_thirty_days_and_told_by_its_recovery_points() {
    let bench = Bench::simulated();
    many_packs(&bench);
    flip(&files(&bench, "data")[0]);
    bench.advance(Duration::hours(12));
    assert!(bench.points().iter().all(|point| !point.is_damaged()), "nothing is read on the first day");
    bench.advance(Duration::days(31));
    assert!(bench.points().iter().all(|point| point.is_damaged()), "all of them hold the file");
}

#[test]
fn a_snapshot_that_went_though_no_data_was_lost_is_told_within_a_day() {
    let bench = Bench::simulated();
    many_packs(&bench);
    bench.advance(Duration::days(2));
    assert!(bench.points().iter().all(|point| !point.is_damaged()));
    fs::remove_file(&files(&bench, "snapshots")[0]).unwrap();
    bench.advance(Duration::days(1) + Duration::minutes(1));
    assert_eq!(bench.points().iter().filter(|point| point.is_damaged()).count(), 1);
}

#[test]
fn a_day_reads_a_part_and_goes_on_where_the_last_one_ended_also_after_a_restart() {
    let mut bench = Bench::simulated();
    many_packs(&bench);
    bench.advance(Duration::days(10));
    let tenth = position(&bench);
    let mut ids: Vec<String> =
        files(&bench, "data").iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    ids.sort();
    assert_ne!(tenth.clone().map(hex), ids.last().cloned(), "not all of it in ten days");
    bench.restart();
    bench.advance(Duration::days(10));
    assert!(position(&bench) > tenth, "{:?}", position(&bench).map(hex));
    bench.advance(Duration::days(40));
    assert!(bench.points().iter().all(|point| !point.is_damaged()));
}

fn hex(bytes: Vec<u8>) -> String {
    vaultdeck::repository::Id::from_bytes(bytes.try_into().unwrap()).to_hex()
}
