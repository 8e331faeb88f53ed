//! What is counted, how long it is kept, and what is read of it.

use super::rows::{self, Bucket, Periods};
use super::{Happened, Series};
use crate::domain::{Scope, Time};
use crate::engine::catalog::{Catalog, migrations, sample};
use rusqlite::Connection;
use std::path::Path;

fn scope(account: &str) -> Scope {
    Scope::new(account.parse().unwrap(), "us-east-1".parse().unwrap())
}

fn at(second: i64) -> Time {
    Time::from_timestamp(second, 0).unwrap()
}

fn count(catalog: &Catalog, vault: &str, resource_type: &str, second: i64) {
    let (scope, metric) = (scope("123456789012"), Some("M"));
    let happened = Happened { scope: &scope, metric, vault, resource_type, at: at(second) };
    catalog.write(|tx| rows::count(tx, &happened)).unwrap();
}

fn series(vault: Option<&str>, resource_type: Option<&str>) -> Series {
    Series { name: "M".to_owned(), vault: vault.map(str::to_owned), resource_type: resource_type.map(str::to_owned) }
}

/// `period: sum/samples/least/most`.
fn read(
    catalog: &Catalog,
    account: &str,
    series: &Series,
    periods: Periods,
    newest_first: bool,
    limit: usize,
) -> Vec<String> {
    let read =
        |connection: &Connection| rows::buckets(connection, &scope(account), series, periods, newest_first, limit);
    let told = |Bucket { number, sum, samples, least, most }| format!("{number}: {sum}/{samples}/{least}/{most}");
    catalog.read(read).unwrap().into_iter().map(told).collect()
}

#[test]
fn data_points_are_five_minutes_of_all_that_is_asked_for_together() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = sample::catalog(&folder);
    for (vault, resource_type, second) in
        [("a", "EFS", 0), ("a", "EFS", 299), ("a", "S3", 10), ("b", "EFS", 20), ("a", "EFS", 300), ("b", "S3", 3600)]
    {
        count(&catalog, vault, resource_type, second);
    }
    let all = Periods { origin: 0, length: 3600, from: 0, until: 7200 };
    let (mine, other) = ("123456789012", "210987654321");
    // In the first five minutes 4, in the next 1.
    assert_eq!(read(&catalog, mine, &series(None, None), all, false, 9), ["0: 5/2/1/4", "1: 1/1/1/1"]);
    assert_eq!(read(&catalog, mine, &series(None, None), all, true, 9), ["1: 1/1/1/1", "0: 5/2/1/4"]);
    assert_eq!(read(&catalog, mine, &series(None, None), all, true, 1), ["1: 1/1/1/1"]);
    assert_eq!(read(&catalog, mine, &series(Some("a"), None), all, false, 9), ["0: 4/2/1/3"]);
    assert_eq!(read(&catalog, mine, &series(None, Some("S3")), all, false, 9), ["0: 1/1/1/1", "1: 1/1/1/1"]);
    assert_eq!(read(&catalog, mine, &series(Some("a"), Some("EFS")), all, false, 9), ["0: 3/2/1/2"]);
    assert_eq!(read(&catalog, other, &series(None, None), all, false, 9), [""; 0]);
    // Neither what begins before the window nor what begins at its end.
    let inner = Periods { origin: 0, length: 3600, from: 1, until: 3600 };
    assert_eq!(read(&catalog, mine, &series(None, None), inner, false, 9), ["0: 1/1/1/1"]);
}

#[test]
fn counts_are_read_by_the_index_of_their_series_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = sample::catalog(&folder);
    let plan: Vec<String> = catalog
        .read(|connection| {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", rows::sql(true)))?;
            let none = rusqlite::params!["", "", "", None::<&str>, None::<&str>, 0, 1, 0, 0, 0];
            let rows = statement.query_map(none, |row| row.get("detail"))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .unwrap();
    for step in ["(account=? AND region=? AND name=?)", "SEARCH c USING PRIMARY KEY (series=? AND slot>? AND slot<?)"] {
        assert!(plan.iter().any(|line| line.contains(step)), "{step}: {plan:?}");
    }
}

#[test]
fn what_is_too_old_is_forgotten_with_its_series() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = sample::catalog(&folder);
    count(&catalog, "a", "EFS", 0);
    count(&catalog, "b", "EFS", 0);
    count(&catalog, "b", "EFS", 600);
    let any = |second| catalog.read(|connection| rows::any_before(connection, at(second))).unwrap();
    assert_eq!((any(299), any(300)), (false, true), "of the five minutes in which it lies nothing goes");
    catalog.write(|tx| rows::forget_before(tx, at(600))).unwrap();
    assert!(!any(600));
    let left = catalog.read(|connection| rows::active(connection, &scope("123456789012"), None, at(0))).unwrap();
    assert_eq!(left, [series(Some("b"), Some("EFS"))]);
    let series: i64 = catalog
        .read(|connection| Ok(connection.query_row("SELECT count(*) FROM metric_series", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(series, 1);
}

#[test]
fn the_jobs_and_points_of_an_older_catalog_are_counted_once() {
    let mut connection = Connection::open_in_memory().unwrap();
    let before = migrations::ALL.iter().position(|step| step.contains("CREATE TABLE metric_series")).unwrap();
    migrations::run(&mut connection, Path::new("c"), &migrations::ALL[..before]).unwrap();
    connection
        .execute_batch("INSERT INTO accounts (id, name, email, management, status, joined) VALUES ('123456789012', 'n', 'e', 1, 'ACTIVE', 0)")
        .unwrap();
    let job =
        |id, state, completed| sample::Job { id, state, completed, created: sample::hour(1), ..Default::default() };
    let end = Some(sample::hour(2));
    for job in
        [job("1", "COMPLETED", end), job("2", "COMPLETED", end), job("3", "EXPIRED", end), job("4", "CREATED", None)]
    {
        sample::insert(&connection, &job);
    }
    sample::insert_restore(&connection, "5", sample::at(1), Some(sample::at(2)), "FAILED");
    sample::insert_copy(&connection, "6", sample::at(1), "CREATED");
    migrations::run(&mut connection, Path::new("c"), &migrations::ALL).unwrap();
    let mut statement = connection
        .prepare("SELECT name, vault, resource_type, slot, number FROM metric_series s JOIN metric_counts c ON c.series = s.id ORDER BY 1")
        .unwrap();
    let told = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
        let (vault, of): (String, String) = (row.get(1)?, row.get(2)?);
        let hour = (row.get::<_, i64>(3)? * 300_000 - sample::hour(0)) / 3_600_000;
        Ok(format!("{} {vault} {of} at {hour}: {}", row.get::<_, String>(0)?, row.get::<_, i64>(4)?))
    };
    let found: Vec<String> = statement.query_map([], told).unwrap().collect::<rusqlite::Result<_>>().unwrap();
    assert_eq!(
        found,
        [
            "NumberOfBackupJobsCompleted Default EFS at 2: 2",
            "NumberOfBackupJobsCreated Default EFS at 1: 4",
            "NumberOfBackupJobsExpired Default EFS at 2: 1",
            "NumberOfCopyJobsCreated Default EFS at 1: 1",
            "NumberOfRestoreJobsFailed Default EFS at 2: 1",
        ]
    );
}
