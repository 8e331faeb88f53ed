//! What is put in the place of a vault's folder, or of a folder in it: a link, another folder, nothing. It is never taken for
//! the vault, and no job that would need it is called COMPLETED.

use crate::bench::{Bench, VAULT, assert_completed, tree};
use chrono::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use vaultdeck::domain::Arn;
use vaultdeck::domain::job::{BackupJob, JobState};
use vaultdeck::engine::NewVault;

fn folder(bench: &Bench) -> PathBuf {
    bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}"))
}

/// A bench with a recovery point, and a resource that has changed since.
fn scene(bench: &Bench) -> (Arn, Arn) {
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    fs::write(bench.path("projects/new"), "written since").unwrap();
    (resource, point)
}

/// Starts a backup and lets all its attempts go by.
fn try_to_back_up(bench: &Bench, resource: &Arn) -> BackupJob {
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(resource)).unwrap();
    bench.advance(Duration::hours(1));
    bench.job(&job.id)
}

/// Puts a link in the place of a folder, which lies elsewhere from now on.
fn replace_by_link(bench: &Bench, place: &Path) -> PathBuf {
    let elsewhere = bench.path("elsewhere");
    fs::rename(place, &elsewhere).unwrap();
    symlink(&elsewhere, place).unwrap();
    elsewhere
}

/// What a vault's folder holds without its locks, which come and go.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let all = tree(folder).into_iter();
    all.filter(|(path, _)| !path.components().any(|part| part.as_os_str() == "locks")).collect()
}

#[test]
fn a_link_at_any_level_is_not_followed_whether_the_vault_is_open_or_not() {
    let inner = ["data", "index", "snapshots", "vaultdeck", "vaultdeck/points"];
    let levels = [".", "..", "../.."].into_iter().chain(inner);
    for (level, open) in levels.flat_map(|level| [(level, true), (level, false)]) {
        let mut bench = Bench::simulated();
        let (resource, point) = scene(&bench);
        let place = folder(&bench).join(level).canonicalize().unwrap();
        if !open {
            bench.stop();
        }
        let elsewhere = replace_by_link(&bench, &place);
        let before = files(&elsewhere);
        if !open {
            bench.start();
        }
        let job = try_to_back_up(&bench, &resource);
        let message = job.status_message.clone().unwrap_or_default();
        assert_eq!(job.state, JobState::Failed, "{level} {open}: {message}");
        assert!(message.contains(place.to_str().unwrap()), "{level} {open}: {message}");
        assert!(message.contains("symbolic link"), "{level} {open}: {message}");
        assert_eq!(files(&elsewhere), before, "{level} {open}: nothing is written through the link");

        fs::remove_file(&place).unwrap();
        fs::rename(&elsewhere, &place).unwrap();
        assert_completed(&try_to_back_up(&bench, &resource));
        assert_eq!(bench.restore(&point, &[]).state.as_str(), "COMPLETED", "{level} {open}");
        // The first check also tells of what could not be read meanwhile.
        let check = || bench.engine().check_vault(&bench.caller.scope(), &VAULT.parse().unwrap()).unwrap();
        let report = (check(), check()).1;
        assert!(report.problems.is_empty(), "{level} {open}: {report:?}");
    }
}

#[test]
fn an_open_vault_whose_folder_was_moved_away_or_replaced_is_refused_by_every_job_and_check() {
    type Replace = fn(&Path, &Path);
    let replacements: [(&str, Replace); 3] = [
        ("it was moved away", |_, _| {}),
        ("another folder lies there now", copy),
        ("is a symbolic link now", |away, place| symlink(away, place).unwrap()),
    ];
    for (problem, replace) in replacements {
        let bench = Bench::simulated();
        let (resource, point) = scene(&bench);
        let (place, away) = (folder(&bench), bench.path("away"));
        fs::rename(&place, &away).unwrap();
        let before = files(&away);
        replace(&away, &place);

        let refused = |message: &str| {
            assert!(message.contains(place.to_str().unwrap()) && message.contains(problem), "{problem}: {message}");
            assert!(message.contains("put the folder back at its place"), "{problem}: {message}");
        };
        let job = try_to_back_up(&bench, &resource);
        assert_eq!(job.state, JobState::Failed, "{problem}");
        refused(&job.status_message.unwrap());
        let restore = bench.restore(&point, &[]);
        assert_eq!(restore.state.as_str(), "FAILED", "{problem}");
        refused(&restore.status_message.unwrap());
        refused(&bench.engine().check_vault(&bench.caller.scope(), &VAULT.parse().unwrap()).unwrap_err().to_string());
        assert_eq!(files(&away), before, "{problem}");
        assert_eq!(bench.points().len(), 1);

        if place.symlink_metadata().is_ok_and(|facts| facts.is_dir()) {
            fs::remove_dir_all(&place).unwrap();
        } else {
            let _ = fs::remove_file(&place);
        }
        fs::rename(&away, &place).unwrap();
        assert_completed(&try_to_back_up(&bench, &resource));
    }
}

#[test]
fn a_job_whose_vault_was_moved_while_it_worked_is_not_completed_in_the_moved_one() {
    // A byte a second: the job has stored all and is held for hours before its commit.
    let bench = Bench::with_rate(1);
    let resource = bench.resource("projects", &[]);
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    let started = std::time::Instant::now();
    while bench.job(&job.id).expected_completion.is_none_or(|end| end <= bench.engine().now() + Duration::hours(1)) {
        assert!(started.elapsed().as_secs() < 60);
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
    let (place, away) = (folder(&bench), bench.path("away"));
    fs::rename(&place, &away).unwrap();
    copy(&away, &place);
    let before = files(&away);

    bench.advance(Duration::days(3));

    let job = bench.job(&job.id);
    assert_eq!(job.state, JobState::Failed);
    let message = job.status_message.unwrap();
    assert!(message.contains("another folder lies there now"), "{message}");
    assert!(bench.points().is_empty());
    for folder in [&away, &place] {
        assert_eq!(files(folder), before);
        assert_eq!(fs::read_dir(folder.join("vaultdeck/points")).unwrap().count(), 0);
    }
}

#[test]
fn the_folder_of_all_vaults_may_be_a_link_and_a_new_vault_is_never_made_behind_another() {
    let mut bench = Bench::simulated();
    let (resource, point) = scene(&bench);
    bench.stop();
    replace_by_link(&bench, &bench.path("data/vaults"));
    bench.start();
    assert_completed(&try_to_back_up(&bench, &resource));
    assert_eq!(bench.restore(&point, &[]).state.as_str(), "COMPLETED");
    let create = |name: &str| bench.engine().create_vault(&bench.caller, &name.parse().unwrap(), NewVault::default());
    create("doomed").unwrap();
    bench.engine().delete_vault(&bench.caller, "doomed").unwrap();
    assert_eq!(fs::read_dir(bench.path("data/trash")).unwrap().count(), 1);

    let elsewhere = bench.path("behind");
    fs::create_dir(&elsewhere).unwrap();
    let region = folder(&bench).parent().unwrap().to_owned();
    symlink(&elsewhere, region.join("planted")).unwrap();
    let error = create("planted").unwrap_err().to_string();
    assert!(error.contains("planted is a symbolic link now"), "{error}");
    let away = bench.path("away");
    fs::rename(&region, &away).unwrap();
    symlink(&elsewhere, &region).unwrap();
    let error = create("other").unwrap_err().to_string();
    assert!(error.contains("us-east-1 is a symbolic link now"), "{error}");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    fs::remove_file(&region).unwrap();
    fs::rename(&away, &region).unwrap();
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
