//! What the engine may spend on a job, as counts: they are the same on every machine, and tell of a loss that a time would hide.

use crate::bench::{Bench, assert_completed, rule};
use chrono::Duration;
use rusqlite::Connection;
use std::path::Path;

/// How many resources the plan backs up at each of its runs.
const RESOURCES: usize = 10;
/// The runs that are counted.
const RUNS: i64 = 40;
/// Pages of the catalog that one of ten jobs of a moment may write, from its row to its recovery point. It writes about 24,
/// three of them for the five events that tell of it; up to two more where neighbours change the folders above its source, for
/// its point refers to more packs then.
const PAGES: f64 = 27.0;

/// The pages in the catalog's write-ahead log: behind a header of 32 bytes, each with one of 24.
fn logged_pages(data_dir: &Path) -> u64 {
    (std::fs::metadata(data_dir.join("catalog.sqlite-wal")).unwrap().len() - 32) / (4096 + 24)
}

#[test]
fn a_simulated_job_of_what_did_not_change_writes_few_pages_of_the_catalog() {
    let bench = Bench::simulated();
    for number in 0..RESOURCES {
        bench.resource(&format!("resource-{number}"), &[("backup", "yes")]);
    }
    bench.plan(vec![rule("hourly", "cron(0 * * * ? *)", Some(35))]);
    bench.advance(Duration::hours(3));
    let before = bench.jobs().len();
    // Whoever reads keeps the log from being written from its beginning again: it only grows.
    let reader = Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM backup_jobs").unwrap();
    let pages = logged_pages(&bench.path("data"));

    bench.advance(Duration::hours(RUNS));

    let written = logged_pages(&bench.path("data")) - pages;
    let jobs = bench.jobs();
    jobs.iter().for_each(assert_completed);
    let made = jobs.len() - before;
    assert_eq!(made, RESOURCES * RUNS as usize);
    let each = written as f64 / made as f64;
    assert!(each <= PAGES, "{written} pages for {made} jobs: {each:.1} for each, and {PAGES} are allowed");
}
