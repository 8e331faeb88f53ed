//! How recovery points end, and what becomes of their data.

use crate::bench::{Bench, VAULT, assert_completed};
use chrono::Duration;
use std::fs;
use vaultdeck::domain::Lifecycle;
use vaultdeck::engine::ErrorKind;

/// The size of the vault's packs.
fn stored(bench: &Bench) -> u64 {
    let data = bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}/data"));
    let folders = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    folders.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

/// Bytes that no compression makes smaller.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(next).collect()
}

#[test]
fn a_point_is_deleted_within_eight_hours_after_its_day() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let mut request = bench.backup_request(&resource);
    request.lifecycle = Some(Lifecycle::delete_after(1));
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    assert_completed(&bench.wait(&job.id));
    let point = &bench.points()[0];
    assert_eq!(point.calculated_lifecycle.delete_at, Some(point.created + Duration::days(1)));
    bench.advance_to(point.created + Duration::hours(24) - Duration::seconds(1));
    assert_eq!(bench.points().len(), 1);
    bench.advance(Duration::hours(8) + Duration::seconds(1));
    assert!(bench.points().is_empty());
}

#[test]
fn a_deleted_point_is_gone_at_once_and_its_data_after_the_collection() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let keep = bench.backup(&resource).recovery_point_arn.unwrap();
    let small = stored(&bench);
    fs::write(bench.path("projects/big.bin"), noise(42, 3 << 20)).unwrap();
    let big = bench.backup(&resource).recovery_point_arn.unwrap();
    let large = stored(&bench);
    assert!(large > small + (3 << 20));

    bench.engine().delete_recovery_point(&bench.caller, VAULT, &big).unwrap();
    assert_eq!(bench.points().into_iter().map(|point| point.arn).collect::<Vec<_>>(), std::slice::from_ref(&keep));
    assert_eq!(stored(&bench), large, "the packs are young: they stay for a day");
    bench.advance(Duration::hours(30));

    assert_eq!(stored(&bench), small);
    let report = bench.engine().check_vault(&bench.caller.scope(), &VAULT.parse().unwrap()).unwrap();
    assert_eq!((report.problems, report.snapshots), (vec![], 1));
    let job = bench.restore(&keep, &[]);
    assert_eq!(job.state.as_str(), "COMPLETED", "{:?}", job.status_message);
}

#[test]
fn a_lifecycle_can_be_changed_and_both_values_count() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let update = |lifecycle| bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &point, lifecycle);
    let changed = update(Lifecycle::delete_after(2)).unwrap();
    assert_eq!(changed.calculated_lifecycle.delete_at, Some(changed.created + Duration::days(2)));
    let never = update(Lifecycle::default()).unwrap();
    assert_eq!(never.calculated_lifecycle.delete_at, None);
    assert_eq!(update(Lifecycle::delete_after(0)).unwrap_err().kind(), ErrorKind::InvalidParameterValue);
    update(Lifecycle::delete_after(1)).unwrap();
    bench.advance(Duration::hours(33));
    assert!(bench.points().is_empty());
    assert_eq!(update(Lifecycle::delete_after(1)).unwrap_err().kind(), ErrorKind::ResourceNotFound);
}

#[test]
fn the_records_of_jobs_are_kept_four_hundred_days() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    bench.backup(&resource);
    bench.advance(Duration::days(399));
    assert_eq!(bench.jobs().len(), 1);
    bench.advance(Duration::days(3));
    assert!(bench.jobs().is_empty());
    assert_eq!(bench.points().len(), 1, "the recovery point stays");
}

#[test]
fn a_recovery_key_opens_the_vault_and_a_second_one_replaces_it() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    bench.backup(&resource);
    let scope = bench.caller.scope();
    let keys =
        || fs::read_dir(bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}/keys"))).unwrap().count();
    let first = bench.engine().make_recovery_key(&scope, &VAULT.parse().unwrap()).unwrap();
    assert_eq!(keys(), 1);
    let second = bench.engine().make_recovery_key(&scope, &VAULT.parse().unwrap()).unwrap();
    assert_eq!(keys(), 1);
    assert_ne!(first.password, second.password);
}
