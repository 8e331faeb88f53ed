//! Repairing a vault: what it says first is what it does, what it cannot bring back it says, and it deletes nothing.

use crate::bench::{Bench, VAULT, assert_completed, tree};
use crate::checks::{backed_up_twice, check, files, flip, replace, resource, vault};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use vaultdeck::domain::extension::{RepairReport, RepairRequest};
use vaultdeck::domain::job::JobState;
use vaultdeck::engine::NewVault;

fn repair(bench: &Bench, dry_run: bool) -> RepairReport {
    bench.engine().repair_vault(&bench.caller.scope(), &VAULT.parse().unwrap(), &RepairRequest { dry_run }).unwrap()
}

/// Every file of the vault with its content, but the record of what was read.
fn all(bench: &Bench) -> BTreeSet<(PathBuf, Vec<u8>)> {
    let paths = files(bench, "").into_iter().filter(|path| !path.ends_with("integrity"));
    paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn restores(bench: &Bench, name: &str) {
    for (number, point) in bench.points().into_iter().enumerate() {
        let target = bench.path(&format!("{name} {number}"));
        let job = bench.restore(&point.arn, &[("newFileSystem", "true"), ("vaultdeck:path", target.to_str().unwrap())]);
        assert_eq!(job.state, JobState::Completed, "{job:?}");
    }
}

#[test]
fn a_whole_vault_needs_no_repair() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    let before = all(&bench);
    for dry_run in [true, false] {
        let report = repair(&bench, dry_run);
        assert_eq!((report.steps, report.left), (vec![], vec![]));
    }
    assert_eq!(all(&bench), before);
}

#[test]
fn what_a_repair_says_first_is_what_it_does_and_saying_changes_nothing() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    let lock = vault(&bench).join("locks").join("cd".repeat(32));
    fs::write(&lock, "like no other file").unwrap();
    flip(&files(&bench, "index")[0]);
    replace(&vault(&bench).join("config"), b"");
    replace(&files(&bench, "vaultdeck/points")[0], b"nothing");
    fs::remove_file(&files(&bench, "snapshots")[0]).unwrap();
    flip(&files(&bench, "snapshots")[0]);
    let before = all(&bench);

    let plan = repair(&bench, true);

    assert_eq!(all(&bench), before, "nothing was changed");
    assert!(plan.steps.iter().all(|step| !step.done && step.error.is_none()));
    assert_eq!(plan.left, [], "all of it can be repaired");
    let done = repair(&bench, false);
    let said = |report: &RepairReport| -> Vec<(String, String)> {
        report.steps.iter().map(|step| (step.subject.clone(), step.action.clone())).collect()
    };
    assert_eq!(said(&done), said(&plan));
    assert!(done.steps.len() >= 6 && done.steps.iter().all(|step| step.done), "{:#?}", done.steps);
    assert_eq!(done.left, []);
    assert_eq!(check(&bench).problems, []);
    let kept: BTreeSet<Vec<u8>> = all(&bench).into_iter().map(|(_, content)| content).collect();
    let gone: Vec<&PathBuf> =
        before.iter().filter(|(_, content)| !kept.contains(content)).map(|(path, _)| path).collect();
    // The copy of the config says the same; it is sealed anew.
    let gone: Vec<&PathBuf> = gone.into_iter().filter(|path| !path.ends_with("copies/config")).collect();
    assert!(gone.is_empty(), "nothing is deleted: {gone:?}");
    restores(&bench, "after");
}

#[test]
fn a_lost_snapshot_comes_back_under_its_own_name_from_what_its_manifest_keeps() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    let snapshots: BTreeSet<PathBuf> = files(&bench, "snapshots").into_iter().collect();
    for snapshot in &snapshots {
        fs::remove_file(snapshot).unwrap();
    }
    assert_eq!(check(&bench).problems.len(), 2);
    let done = repair(&bench, false);
    assert_eq!((done.steps.len(), done.left.len()), (2, 0), "{done:#?}");
    assert_eq!(files(&bench, "snapshots").into_iter().collect::<BTreeSet<_>>(), snapshots);
    assert!(bench.points().iter().all(|point| !point.is_damaged()));
    restores(&bench, "after");
}

#[test]
fn lost_data_comes_back_from_another_vault_that_holds_the_same_content() {
    let bench = Bench::simulated();
    let resource = resource(&bench);
    assert_completed(&bench.backup(&resource));
    let other = "other".parse().unwrap();
    bench.engine().create_vault(&bench.caller, &other, NewVault::default()).unwrap();
    let mut request = bench.backup_request(&resource);
    request.vault_name = "other".to_owned();
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    assert_completed(&bench.wait(&job.id));
    let source = tree(&bench.path("projects"));
    fs::remove_dir_all(bench.path("projects")).unwrap();
    // The content of files has one name everywhere; lists of items hold times that reading may change.
    fs::remove_file(&files(&bench, "data")[0]).unwrap();
    assert!(check(&bench).problems.iter().any(|problem| problem.recovery_point_arn.is_some()));
    assert!(bench.points()[0].is_damaged());

    let done = repair(&bench, false);

    assert!(done.steps.iter().any(|step| step.done && step.action.contains("from vault other")), "{done:#?}");
    assert!(!bench.points()[0].is_damaged(), "{:?}", bench.points()[0].status_message);
    let target = bench.path("after");
    let point = bench.points().remove(0).arn;
    let job = bench.restore(&point, &[("newFileSystem", "true"), ("vaultdeck:path", target.to_str().unwrap())]);
    assert_eq!(job.state, JobState::Completed, "{job:?}");
    assert_eq!(tree(&target), source);
}

/// Changes the last byte of a pack, which says how long its header is: no blob is harmed.
fn behead(pack: &std::path::Path) {
    let mut content = fs::read(pack).unwrap();
    *content.last_mut().unwrap() ^= 0x40;
    replace(pack, &content);
}

#[test]
fn a_pack_of_which_only_the_header_is_damaged_is_written_anew_and_moved_away() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    let packs: BTreeSet<PathBuf> = files(&bench, "data").into_iter().collect();
    for pack in &packs {
        behead(pack);
    }
    let report = check(&bench);
    assert!(report.problems.len() >= packs.len() && bench.points().iter().all(|point| !point.is_damaged()));
    let plan = repair(&bench, true);
    let done = repair(&bench, false);
    assert_eq!((plan.steps.len(), done.steps.len(), done.left), (packs.len(), packs.len(), vec![]));
    assert_eq!(check(&bench).problems, []);
    assert!(files(&bench, "data").iter().all(|pack| !packs.contains(pack)));
    assert_eq!(files(&bench, "vaultdeck/damaged").len(), packs.len(), "nothing is deleted");
    restores(&bench, "after");
}

#[test]
fn a_damaged_pack_that_no_snapshot_needs_is_told_once_and_then_no_more() {
    let bench = Bench::simulated();
    let resource = resource(&bench);
    fs::write(bench.path("projects/passing"), vec![3; 50_000]).unwrap();
    bench.backup(&resource);
    let first = bench.points().remove(0).arn;
    let pack = files(&bench, "data").remove(0);
    fs::write(bench.path("projects/passing"), "gone").unwrap();
    bench.advance(chrono::Duration::hours(1));
    assert_completed(&bench.backup(&resource));
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &first).unwrap();
    bench.advance(chrono::Duration::minutes(30));
    // What the second point needs of it is stored again; what only the first one needed is nobody's.
    fs::remove_file(&pack).unwrap();
    check(&bench);
    assert_completed(&bench.backup(&resource));
    repair(&bench, false);
    assert_eq!(check(&bench).problems, []);
    restores(&bench, "after");
}

#[test]
fn a_key_file_that_restic_would_stop_at_is_moved_away_by_a_repair_and_by_a_new_recovery_key() {
    let bench = Bench::simulated();
    backed_up_twice(&bench);
    let scope = bench.caller.scope();
    let new_key = || bench.engine().make_recovery_key(&scope, &VAULT.parse().unwrap()).unwrap();
    new_key();
    let ruin = || {
        let key = files(&bench, "keys").remove(0);
        let text = fs::read_to_string(&key).unwrap();
        replace(&key, text.replace("\"N\":32768", "\"N\":36864").as_bytes());
        key
    };
    let key = ruin();
    let done = repair(&bench, false);
    assert!(done.steps.iter().any(|step| step.done && step.action.contains("restic stops at it")), "{done:#?}");
    assert!(!key.exists() && files(&bench, "keys").is_empty());
    assert!(done.left.len() == 1 && done.left[0].message.contains("missing"), "the key is lost: {done:#?}");

    new_key();
    let key = ruin();
    new_key();
    assert!(!key.exists() && files(&bench, "keys").len() == 1);
    assert_eq!(files(&bench, "vaultdeck/damaged").len(), 2, "nothing is deleted");
    assert_eq!(check(&bench).problems, []);
}

#[test]
fn what_is_nowhere_else_is_said_to_be_left() {
    let bench = Bench::simulated();
    let resource = resource(&bench);
    bench.backup(&resource);
    flip(&files(&bench, "data")[0]);
    let plan = repair(&bench, true);
    assert!(plan.steps.is_empty() && plan.left.iter().any(|problem| problem.recovery_point_arn.is_some()), "{plan:#?}");
    let done = repair(&bench, false);
    assert!(done.steps.is_empty() && done.left.iter().any(|problem| problem.recovery_point_arn.is_some()));
    assert!(bench.points()[0].is_damaged());
}

#[test]
fn an_engine_tells_how_much_of_it_is_damaged() {
    let bench = Bench::simulated();
    let resource = resource(&bench);
    bench.backup(&resource);
    assert_eq!(bench.engine().health().problems, []);
    flip(&files(&bench, "data")[0]);
    check(&bench);
    let problems = bench.engine().health().problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, "RecoveryPointsDamaged");
    assert!(problems[0].message.starts_with("1 recovery point in 1 vault cannot be restored whole: "), "{problems:?}");
}
