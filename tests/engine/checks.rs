//! Checking a vault: each kind of damage is named by the recovery points and paths that it costs, and told until it is mended.

use crate::bench::{Bench, VAULT, assert_completed, tree};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use vaultdeck::domain::extension::{CheckKind, CheckProblem, CheckReport};
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::PageRequest;

pub fn check(bench: &Bench) -> CheckReport {
    bench.engine().check_vault(&bench.caller.scope(), &VAULT.parse().unwrap()).unwrap()
}

pub fn vault(bench: &Bench) -> PathBuf {
    let scope = bench.caller.scope();
    bench.path(&format!("data/vaults/{}/{}/{VAULT}", scope.account, scope.region))
}

/// The files below a folder of the vault, the largest first.
pub fn files(bench: &Bench, folder: &str) -> Vec<PathBuf> {
    fn visit(folder: &Path, found: &mut Vec<(u64, PathBuf)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { visit(&path, found) } else { found.push((fs::metadata(&path).unwrap().len(), path)) }
        }
    }
    let mut found = Vec::new();
    visit(&vault(bench).join(folder), &mut found);
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

/// Changes one bit in the middle of a file.
pub fn flip(path: &Path) {
    let mut content = fs::read(path).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    replace(path, &content);
}

pub fn replace(path: &Path, content: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, content).unwrap();
}

fn manifest(bench: &Bench, point: &Arn) -> PathBuf {
    vault(bench).join(format!("vaultdeck/points/{}.json", id(point)))
}

fn id(point: &Arn) -> &str {
    point.as_str().rsplit(':').next().unwrap()
}

fn catalog(bench: &Bench) -> rusqlite::Connection {
    rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap()
}

/// A folder whose data takes more room than its lists of items.
pub fn resource(bench: &Bench) -> Arn {
    let resource = bench.resource("projects", &[]);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(12_500)
    .flatten()
    .collect();
    fs::write(bench.path("projects/docs/noise.bin"), noise).unwrap();
    resource
}

/// Two backups of a folder that changes in between.
pub fn backed_up_twice(bench: &Bench) -> (Arn, Vec<Arn>) {
    let resource = resource(bench);
    assert_completed(&bench.backup(&resource));
    bench.advance(chrono::Duration::hours(1));
    fs::write(bench.path("projects/later.txt"), "later").unwrap();
    assert_completed(&bench.backup(&resource));
    (resource, bench.points().into_iter().map(|point| point.arn).collect())
}

/// What a test does to a file.
type Damage<'a> = &'a dyn Fn(&Path);

fn only(report: &CheckReport) -> &CheckProblem {
    assert_eq!(report.problems.len(), 1, "{report:#?}");
    &report.problems[0]
}

#[test]
fn a_whole_vault_is_told_so_with_what_was_read() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    let report = check(&bench);
    assert_eq!(report.problems, []);
    assert_eq!((report.recovery_points, report.snapshots), (2, 2));
    assert!(report.packs > 0 && report.bytes > 10_000, "{report:?}");
}

#[test]
fn a_recovery_point_whose_snapshot_is_gone_is_named_and_says_so_until_it_is_back() {
    let bench = Bench::simulated();
    let (_, points) = backed_up_twice(&bench);
    let snapshots: BTreeSet<PathBuf> = files(&bench, "snapshots").into_iter().collect();
    let lost = snapshots.iter().find(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let held: String = catalog(&bench)
            .query_row("SELECT snapshot_id FROM recovery_points WHERE arn = ?1", [points[0].as_str()], |row| row.get(0))
            .unwrap();
        name == held
    });
    let lost = lost.unwrap();
    let content = fs::read(lost).unwrap();
    fs::remove_file(lost).unwrap();

    let report = check(&bench);

    let problem = only(&report);
    assert_eq!(
        (problem.kind, problem.recovery_point_arn.as_deref()),
        (CheckKind::RecoveryPoint, Some(points[0].as_str()))
    );
    assert!(
        problem.message.contains("its snapshot is missing") && problem.subject.contains(id(&points[0])),
        "{problem:?}"
    );
    let told = bench.points().into_iter().map(|point| (point.is_damaged(), point.status_message)).collect::<Vec<_>>();
    let message = "Damaged: nothing of it can be restored: its snapshot is missing".to_owned();
    assert_eq!(told, [(true, Some(message)), (false, None)]);

    fs::write(lost, content).unwrap();
    assert_eq!(check(&bench).problems, []);
    assert!(bench.points().iter().all(|point| !point.is_damaged() && point.status_message.is_none()));
}

#[test]
fn a_damaged_snapshot_is_told_as_the_recovery_point_that_it_is() {
    let bench = Bench::simulated();
    let (_, points) = backed_up_twice(&bench);
    for snapshot in files(&bench, "snapshots") {
        flip(&snapshot);
    }
    let report = check(&bench);
    let told: Vec<Option<&str>> = report.problems.iter().map(|problem| problem.recovery_point_arn.as_deref()).collect();
    assert_eq!(report.problems.len(), 2, "{report:#?}");
    assert!(points.iter().all(|point| told.contains(&Some(point.as_str()))));
    assert!(report.problems.iter().all(|problem| problem.message.contains("its snapshot is damaged")));
}

#[test]
fn lost_data_is_told_by_point_and_path_in_every_answer_until_a_backup_stores_it_again() {
    let bench = Bench::simulated();
    let resource = resource(&bench);
    bench.backup(&resource);
    let point = bench.points().remove(0).arn;
    let pack = files(&bench, "data").remove(0);
    flip(&pack);

    let report = check(&bench);

    let problem = report.problems.iter().find(|problem| problem.kind == CheckKind::RecoveryPoint).unwrap();
    assert_eq!(problem.recovery_point_arn.as_deref(), Some(point.as_str()));
    assert_eq!(problem.item_count, Some(problem.items.len() as u64));
    let lost: Vec<String> = problem.items.iter().map(|item| item.path.clone()).collect();
    assert!(!lost.is_empty() && lost.iter().all(|path| bench.path("projects").join(&path[1..]).exists()), "{lost:?}");
    let name = pack.file_name().unwrap().to_str().unwrap();
    let of_file: Vec<&CheckProblem> =
        report.problems.iter().filter(|problem| problem.kind == CheckKind::File).collect();
    assert!(of_file.len() == 1 && of_file[0].subject.contains(name), "one line a file: {report:#?}");
    assert!(report.problems.iter().all(|problem| !problem.subject.contains("blob")), "{report:#?}");

    let described = bench.engine().describe_recovery_point(&bench.caller, VAULT, &point).unwrap();
    assert!(described.status_message.unwrap().starts_with("Damaged: "));
    let page =
        bench.engine().list_recovery_points_by_resource(&bench.caller, &resource, false, &PageRequest::default());
    assert!(page.unwrap().items[0].is_damaged());
    let items = bench.engine().recovery_point_items(&bench.caller, &point, "/", &PageRequest::default()).unwrap();
    assert_eq!(items.lost.iter().map(|item| item.path.clone()).collect::<Vec<_>>(), lost);

    bench.advance(chrono::Duration::hours(1));
    assert_completed(&bench.backup(&resource));
    assert!(bench.points().iter().all(|point| !point.is_damaged()), "what is stored again heals the older point too");
    for point in bench.points() {
        let target = bench.path(&format!("restored {}", id(&point.arn)));
        let job = bench.restore(&point.arn, &[("newFileSystem", "true"), ("vaultdeck:path", target.to_str().unwrap())]);
        assert_eq!(job.state, JobState::Completed, "{job:?}");
        assert_eq!(tree(&target), tree(&bench.path("projects")));
    }
}

#[test]
fn a_restore_that_meets_lost_data_makes_its_recovery_point_say_so() {
    let bench = Bench::simulated();
    let resource = resource(&bench);
    bench.backup(&resource);
    let point = bench.points().remove(0).arn;
    flip(&files(&bench, "data")[0]);
    assert!(!bench.points()[0].is_damaged(), "nobody has looked yet");
    let target = bench.path("restored");
    let job = bench.restore(&point, &[("newFileSystem", "true"), ("vaultdeck:path", target.to_str().unwrap())]);
    assert_eq!(job.state, JobState::Failed);
    assert!(bench.points()[0].is_damaged(), "{:?}", bench.points()[0].status_message);
}

#[test]
fn a_missing_pack_is_seen_when_the_vault_is_opened() {
    let mut bench = Bench::simulated();
    let resource = resource(&bench);
    bench.backup(&resource);
    bench.stop();
    fs::remove_file(&files(&bench, "data")[0]).unwrap();
    bench.start();
    // Any use opens the vault; the conductor looks then.
    let point = bench.points().remove(0).arn;
    let _ = bench.engine().recovery_point_items(&bench.caller, &point, "/", &PageRequest::default());
    bench.advance(chrono::Duration::seconds(1));
    assert!(bench.points()[0].is_damaged());
}

#[test]
fn a_manifest_that_is_damaged_missing_or_anothers_is_written_again_from_the_catalog() {
    let bench = Bench::simulated();
    let (_, points) = backed_up_twice(&bench);
    let [first, second] = [manifest(&bench, &points[0]), manifest(&bench, &points[1])];
    let missing = |path: &Path| fs::remove_file(path).unwrap();
    let renamed = |path: &Path| replace(path, &fs::read(&second).unwrap());
    let damages: [(&str, Damage<'_>); 4] = [
        ("flipped", &flip),
        ("emptied", &|path: &Path| replace(path, b"")),
        ("missing", &missing),
        ("another's", &renamed),
    ];
    for (what, damage) in damages {
        damage(&first);
        let report = check(&bench);
        let problem = only(&report);
        assert!(problem.repaired && problem.kind == CheckKind::Manifest, "{what}: {problem:?}");
        assert_eq!(problem.recovery_point_arn.as_deref(), Some(points[0].as_str()), "{what}");
        assert_eq!(check(&bench).problems, [], "{what}");
    }
}

#[test]
fn a_manifest_written_again_holds_all_that_it_held() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[("env", "prod")]);
    bench.backup(&resource);
    let before = bench.points();
    replace(&manifest(&bench, &before[0].arn), b"nothing");
    assert!(only(&check(&bench)).repaired);
    // The catalog forgets the point, as an older one would not know it: the manifest alone brings it back.
    bench.stop();
    catalog(&bench).execute("DELETE FROM recovery_points", []).unwrap();
    catalog(&bench).execute("DELETE FROM backup_jobs", []).unwrap();
    bench.start();
    let begun = std::time::Instant::now();
    while bench.points().is_empty() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(30), "the survey at the start found no point");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let back = &bench.points()[0];
    assert_eq!((&back.arn, back.size_bytes, back.created), (&before[0].arn, before[0].size_bytes, before[0].created));
    assert_eq!(check(&bench).problems, []);
}

#[test]
fn what_an_older_catalog_does_not_know_of_a_manifest_is_said() {
    let bench = Bench::simulated();
    let resource = resource(&bench);
    bench.backup(&resource);
    let point = bench.points().remove(0).arn;
    // As a version that kept no copies left it, with an item that could not be read.
    catalog(&bench).execute("DELETE FROM manifests", []).unwrap();
    catalog(&bench).execute("UPDATE recovery_points SET missing_items = 1", []).unwrap();
    fs::remove_file(manifest(&bench, &point)).unwrap();
    let report = check(&bench);
    let problem = only(&report);
    assert!(problem.repaired && problem.message.contains("does not know the names of the items"), "{problem:?}");

    // Where the manifest is whole, the copy is taken from it, and then it can be lost without loss.
    bench.advance(chrono::Duration::hours(1));
    bench.backup(&resource);
    catalog(&bench).execute("DELETE FROM manifests", []).unwrap();
    assert_eq!(check(&bench).problems, []);
    let second = bench.points().remove(1).arn;
    fs::remove_file(manifest(&bench, &second)).unwrap();
    let report = check(&bench);
    assert!(only(&report).message.ends_with("it was written again from the catalog"), "{report:?}");
}

#[test]
fn a_lifecycle_changes_though_its_manifest_is_damaged_and_the_manifest_follows() {
    let bench = Bench::simulated();
    let (_, points) = backed_up_twice(&bench);
    flip(&manifest(&bench, &points[0]));
    let changed = bench
        .engine()
        .update_recovery_point_lifecycle(&bench.caller, VAULT, &points[0], Lifecycle::delete_after(9))
        .unwrap();
    assert_eq!(changed.lifecycle, Some(Lifecycle::delete_after(9)));
    assert_eq!(check(&bench).problems, [], "the manifest says what the catalog says");
    let aside = vault(&bench).join("vaultdeck/damaged");
    assert_eq!(fs::read_dir(aside).unwrap().count(), 1, "the damaged one is kept");
}

#[test]
fn a_manifest_that_cannot_be_written_is_owed_and_no_answer_hangs_on_it() {
    let bench = Bench::simulated();
    let (_, points) = backed_up_twice(&bench);
    let folder = vault(&bench).join("vaultdeck/points");
    let away = vault(&bench).join("vaultdeck/away");
    fs::rename(&folder, &away).unwrap();
    fs::write(&folder, "no folder").unwrap();
    let changed =
        bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &points[1], Lifecycle::delete_after(5));
    assert_eq!(changed.unwrap().lifecycle, Some(Lifecycle::delete_after(5)));
    let owed = |bench: &Bench| -> i64 {
        catalog(bench).query_row("SELECT sum(manifest_owed) FROM recovery_points", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(owed(&bench), 1);
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    bench.advance(chrono::Duration::minutes(5));
    assert_eq!(owed(&bench), 0, "it is tried again by itself");
    assert_eq!(check(&bench).problems, []);
}

#[test]
fn a_recovery_key_that_is_damaged_or_gone_is_told() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    let scope = bench.caller.scope();
    bench.engine().make_recovery_key(&scope, &VAULT.parse().unwrap()).unwrap();
    assert_eq!(check(&bench).problems, []);
    let key = files(&bench, "keys").remove(0);
    let content = fs::read(&key).unwrap();
    let damages: [(&str, &dyn Fn()); 3] = [
        ("flipped", &|| flip(&key)),
        ("emptied", &|| replace(&key, b"")),
        ("gone", &|| fs::remove_file(&key).unwrap()),
    ];
    for (what, damage) in damages {
        damage();
        let report = check(&bench);
        let problem = only(&report);
        assert_eq!(problem.kind, CheckKind::RecoveryKey, "{what}");
        assert!(problem.advice.as_ref().unwrap().contains("vault recovery-key"), "{problem:?}");
        replace(&key, &content);
        assert_eq!(check(&bench).problems, [], "{what}");
    }
}

#[test]
fn an_index_file_a_config_and_a_lock_that_are_damaged_are_told_by_name() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    let lock = vault(&bench).join("locks").join("ab".repeat(32));
    let index = files(&bench, "index").remove(0);
    let config = vault(&bench).join("config");
    let damages: [(&str, &dyn Fn()); 3] = [
        ("lock", &|| fs::write(&lock, "").unwrap()),
        ("index file", &|| flip(&index)),
        ("config", &|| replace(&config, b"")),
    ];
    for (what, damage) in damages {
        damage();
        let report = check(&bench);
        assert!(report.problems.iter().any(|problem| problem.subject.contains(what)), "{what}: {report:#?}");
        let points = report.problems.iter().filter(|problem| problem.kind == CheckKind::RecoveryPoint);
        assert_eq!(points.count(), 0, "no recovery point depends on it: {report:#?}");
        let _ = fs::remove_file(&lock);
    }
}

#[test]
fn an_index_file_that_is_gone_is_told_whether_the_engine_was_open_or_not() {
    for open in [true, false] {
        let mut bench = Bench::simulated();
        backed_up_twice(&bench);
        if !open {
            bench.stop();
        }
        fs::remove_file(&files(&bench, "index")[0]).unwrap();
        if !open {
            bench.start();
        }
        let report = check(&bench);
        assert!(report.notes.iter().any(|note| note.contains("an index file is missing")), "{open}: {report:#?}");
        assert_eq!(report.problems, [], "nothing is lost by it");
        bench.restart();
        check(&bench);
        let report = check(&bench);
        assert!(report.problems.is_empty() && report.notes.is_empty(), "another one says what it said: {report:#?}");
    }
}

#[test]
fn files_of_the_engine_that_are_damaged_while_the_vault_is_open_are_told_and_mended() {
    let bench = Bench::simulated();
    let (resource, _) = backed_up_twice(&bench);
    let own = ["key.json", "vault.json", "copies/key.json", "copies/vault.json", "copies/config", "integrity"];
    for name in own {
        let path = vault(&bench).join("vaultdeck").join(name);
        flip(&path);
        let report = check(&bench);
        let problem = only(&report);
        let told = ["the copy of the config file", "the record of the packs that were read"];
        assert!(problem.subject.ends_with(name) || told.contains(&problem.subject.as_str()), "{name}: {problem:?}");
        bench.advance(chrono::Duration::hours(1));
        assert_completed(&bench.backup(&resource));
        let request = vaultdeck::domain::extension::RepairRequest { dry_run: false };
        bench.engine().repair_vault(&bench.caller.scope(), &VAULT.parse().unwrap(), &request).unwrap();
        assert_eq!(check(&bench).problems, [], "{name}");
    }
}
