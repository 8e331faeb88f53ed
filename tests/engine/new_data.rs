//! What backups store anew and how well it compresses, on real files: what ransomware does to them is found, and photographs are
//! left in peace.

use crate::bench::{Bench, assert_completed};
use crate::harness::member;
use chrono::Duration;
use std::fs;
use vaultdeck::domain::Arn;
use vaultdeck::domain::extension::NewDataOfBackup;
use vaultdeck::domain::finding::{Facts, FindingKind, findings};
use vaultdeck::domain::job::BackupJob;
use vaultdeck::engine::ErrorKind;

const FILES: usize = 4;
const BYTES: usize = 512 << 10;

/// Bytes without any order, other ones for each seed.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).take(BYTES / 8).flatten().collect()
}

/// Lines of a text, other ones for each seed.
fn text(seed: u64) -> Vec<u8> {
    let lines = (0u64..).map(|line| format!("{seed} {line} what was said in the meeting of day {}\n", line * seed));
    lines.flat_map(String::into_bytes).take(BYTES).collect()
}

fn back_up(bench: &Bench, resource: &Arn, round: u64, content: fn(u64) -> Vec<u8>) -> BackupJob {
    for file in 0..FILES {
        let seed = round * 100 + file as u64 + 1;
        fs::write(bench.path(&format!("{}/file-{file}", name(bench, resource))), content(seed)).unwrap();
    }
    bench.advance(Duration::hours(24));
    let job = bench.backup(resource);
    assert_completed(&job);
    job
}

fn name(bench: &Bench, resource: &Arn) -> String {
    let all = bench.engine().resources().unwrap().resources;
    all.into_iter().find(|one| one.resource_arn == resource.as_str()).unwrap().name
}

fn incompressible(bench: &Bench) -> Vec<NewDataOfBackup> {
    bench.engine().incompressible_backups(&bench.caller).unwrap().backups
}

/// The reasons of what is found unusual by how well new data compressed alone.
fn found(bench: &Bench) -> Vec<String> {
    let told = incompressible(bench);
    let facts = Facts { now: bench.engine().now(), new_data: told.iter().collect(), ..Facts::default() };
    let unusual = findings(&facts).into_iter().filter(|found| found.kind == FindingKind::UnusualChange);
    unusual.map(|found| format!("{}: {}", found.title, found.detail)).collect()
}

#[test]
fn texts_that_are_overwritten_with_noise_are_found_until_what_is_new_compresses_again() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    for round in 1..=6 {
        back_up(&bench, &resource, round, text);
        assert!(found(&bench).is_empty(), "nothing is unusual of texts");
    }
    let job = back_up(&bench, &resource, 7, noise);
    let [told] = <[NewDataOfBackup; 1]>::try_from(incompressible(&bench)).unwrap();
    assert_eq!((&told.backup_job_id, &told.resource_arn), (&job.id, &resource));
    assert_eq!(told.new_bytes, (FILES * BYTES) as u64, "all of it is new");
    assert!(told.compressed_bytes >= told.new_bytes && told.size_bytes >= Some(told.new_bytes), "{told:?}");
    let usual = told.usual.unwrap();
    assert!(usual.percent < 50 && usual.backups == 6, "{usual:?}");
    let why = format!(
        "Unusual change: projects: 2.0 MiB are new and compressed to 100 %, where {} % are usual in 6 backups before",
        usual.percent
    );
    assert_eq!(found(&bench), [why.as_str()]);
    // A night on which hardly anything is new says nothing of what happened the night before.
    fs::write(bench.path("projects/readme"), "YOUR FILES ARE ENCRYPTED").unwrap();
    bench.advance(Duration::hours(24));
    let little = bench.backup(&resource);
    assert_eq!(found(&bench), [why]);
    let of_little = bench.engine().new_data_of_backup(&bench.caller, &little.id).unwrap().backups;
    assert_eq!(of_little[0].new_bytes, 24);
    back_up(&bench, &resource, 9, text);
    assert!(found(&bench).is_empty(), "they were written anew");
}

#[test]
fn what_never_compressed_is_never_found_and_each_resource_has_its_own_history() {
    let bench = Bench::simulated();
    let (photos, texts) = (bench.resource("photos", &[]), bench.resource("texts", &[]));
    for round in 1..=7 {
        back_up(&bench, &photos, round, noise);
        back_up(&bench, &texts, round + 20, text);
    }
    let told = incompressible(&bench);
    assert_eq!(told.len(), 1, "the newest of the photos");
    assert_eq!(told[0].resource_arn, photos);
    assert!(told[0].usual.unwrap().percent > 95);
    assert!(found(&bench).is_empty());
}

#[test]
fn a_backup_that_finds_all_of_it_in_its_vault_stored_nothing_anew_and_a_stranger_is_told_of_none() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    back_up(&bench, &resource, 1, noise);
    // The same content under another name.
    let folder = bench.path("projects");
    fs::copy(folder.join("file-0"), folder.join("again")).unwrap();
    bench.advance(Duration::hours(24));
    let job = bench.backup(&resource);
    let told = bench.engine().new_data_of_backup(&bench.caller, &job.id).unwrap().backups;
    assert_eq!((told[0].new_bytes, told[0].compressed_bytes), (0, 0));
    assert!(told[0].told().is_none());
    assert_eq!(bench.engine().incompressible_backups(&member()).unwrap().backups, []);
    let refused = bench.engine().new_data_of_backup(&member(), &job.id).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ResourceNotFound);
    let unknown = bench.engine().new_data_of_backup(&bench.caller, &"no-such-job".parse().unwrap()).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::ResourceNotFound);
}
