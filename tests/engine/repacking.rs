//! The space of what expires comes back, also of packs that are needed in part.

use crate::bench::{Bench, VAULT, assert_completed, rule};
use chrono::Duration;
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::PathBuf;
use vaultdeck::domain::Lifecycle;

/// The bytes of each file; no compression makes them fewer.
const FILE: u64 = 20_000;

/// The vault's packs with their lengths.
fn packs(bench: &Bench) -> Vec<(PathBuf, u64)> {
    let data = bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}/data"));
    let folders = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap()));
    files.map(|file| (file.path(), file.metadata().unwrap().len())).collect()
}

fn bytes(bench: &Bench) -> u64 {
    packs(bench).iter().map(|(_, length)| length).sum()
}

/// Writes a file's content of a version.
fn put(bench: &Bench, number: u64, version: u64) {
    let mut state = (number << 32 | version).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let content: Vec<u8> = (0..FILE).map(next).collect();
    fs::write(bench.path(&format!("projects/{number}")), content).unwrap();
}

#[test]
fn after_45_days_of_change_a_vault_holds_little_more_than_its_points_need() {
    const FILES: u64 = 200;
    const CHANGED: u64 = 10;
    let bench = Bench::simulated();
    bench.resource("projects", &[("backup", "yes")]);
    (0..FILES).for_each(|number| put(&bench, number, 0));
    bench.plan(vec![rule("daily", "cron(0 5 * * ? *)", Some(7))]);
    // What was stored in the last days, by file and version.
    let mut versions = vec![0; FILES as usize];
    let mut days: VecDeque<Vec<u64>> = VecDeque::new();
    for day in 1..=45_u64 {
        for change in 0..CHANGED {
            // Another tenth of the files each day, and some of them again and again.
            let number = (day * 37 + change * change * 13) % FILES;
            put(&bench, number, day);
            versions[number as usize] = day;
        }
        bench.advance(Duration::days(1));
        days.push_back(versions.clone());
    }
    let points = bench.points();
    assert!((7..=8).contains(&points.len()), "{} points", points.len());
    let kept = days.iter().rev().take(points.len());
    let needed: BTreeSet<(usize, u64)> = kept.flat_map(|versions| versions.iter().copied().enumerate()).collect();
    let needed = needed.len() as u64 * FILE;

    let held = bytes(&bench);
    assert!(held >= needed, "{held} bytes can not hold {needed}");
    assert!(held * 10 <= needed * 13, "{held} bytes for {needed} that are needed");

    // And it all is there.
    let report = bench.engine().check_vault(&bench.caller.scope(), &VAULT.parse().unwrap()).unwrap();
    assert_eq!(report.problems, vec![]);
    for point in [points.first(), points.last()] {
        let job = bench.restore(&point.unwrap().arn, &[("newFileSystem", "true")]);
        assert_eq!(job.state.as_str(), "COMPLETED", "{:?}", job.status_message);
    }
}

#[test]
fn an_engine_that_ended_before_the_collection_leaves_it_to_the_next_one() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    (0..20).for_each(|number| put(&bench, number, 0));
    let request = bench.backup_request(&resource);
    assert_completed(&bench.wait(&bench.engine().start_backup_job(&bench.caller, request).unwrap().id));
    let first = bench.points().remove(0).arn;
    // Half of the pack stays needed, so no pack is without a reference.
    (0..10).for_each(|number| put(&bench, number, 1));
    let mut request = bench.backup_request(&resource);
    request.lifecycle = Some(Lifecycle::default());
    let kept = bench.wait(&bench.engine().start_backup_job(&bench.caller, request).unwrap().id);
    assert_completed(&kept);
    bench.advance(Duration::hours(25));
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &first).unwrap();
    let before = bytes(&bench);

    bench.restart();
    bench.advance(Duration::hours(2));

    assert!(bytes(&bench) < before - 9 * FILE, "{} of {before} bytes are left", bytes(&bench));
    let job = bench.restore(&kept.recovery_point_arn.unwrap(), &[("newFileSystem", "true")]);
    assert_eq!(job.state.as_str(), "COMPLETED", "{:?}", job.status_message);
    // Once it is done nothing remains to be done, after any start.
    let settled = packs(&bench).into_iter().collect::<BTreeSet<_>>();
    bench.restart();
    bench.advance(Duration::days(2));
    assert_eq!(packs(&bench).into_iter().collect::<BTreeSet<_>>(), settled);
}
