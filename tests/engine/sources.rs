//! What becomes of a backup whose source is not what it was.

use crate::bench::{Bench, assert_completed};
use crate::mounted::Mounted;
use std::fs;
use std::os::unix::fs::symlink;
use vaultdeck::domain::Arn;
use vaultdeck::domain::job::{BackupJob, JobState};
use vaultdeck::engine::PageRequest;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Another backup, a little later.
fn backup(bench: &Bench, resource: &Arn) -> BackupJob {
    bench.advance(chrono::Duration::minutes(1));
    bench.backup(resource)
}

/// What the items of a job's point say is missing.
fn missing(bench: &Bench, job: &BackupJob) -> Vec<(String, String)> {
    let point = job.recovery_point_arn.as_ref().unwrap();
    let items = bench.engine().recovery_point_items(&bench.caller, point, "/", &PageRequest::default()).unwrap();
    items.missing.into_iter().map(|item| (item.path, item.reason)).collect()
}

#[test]
fn a_link_or_a_file_in_the_place_of_the_folder_or_one_above_fails_the_job_and_leaves_no_point() {
    let bench = Bench::simulated();
    let root = bench.path("above/data");
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("important"), "x").unwrap();
    let resource = bench.register("r", &root, &[]);
    let moved = bench.path("moved");
    let replaced = |name: &str, put: &dyn Fn(&std::path::Path, &std::path::Path), rule: &str| {
        let path = bench.path(name);
        fs::rename(&path, &moved).unwrap();
        put(&moved, &path);

        let job = backup(&bench, &resource);

        assert_eq!(job.state, JobState::Failed, "{name}: {:?}", job.status_message);
        let message = job.status_message.unwrap();
        assert!(message.contains(&format!("{} {rule}", path.display())), "{message}");
        assert!(bench.points().is_empty());
        fs::remove_file(&path).unwrap();
        fs::rename(&moved, &path).unwrap();
    };
    let link = |to: &std::path::Path, at: &std::path::Path| symlink(to, at).unwrap();
    replaced("above/data", &link, "is a symbolic link now");
    replaced("above", &link, "is a symbolic link now");
    replaced("above/data", &|_, at| fs::write(at, "a file").unwrap(), "is not a folder");
    assert_completed(&backup(&bench, &resource));
}

#[test]
fn a_folder_that_lost_all_is_told_at_each_backup_until_it_is_registered_again() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    assert_eq!(backup(&bench, &resource).message_category.as_deref(), Some("SUCCESS"));
    fs::remove_dir_all(bench.path("projects")).unwrap();
    fs::create_dir(bench.path("projects")).unwrap();
    // One warning would be forgotten long before the last good point has expired.
    for _ in 0..3 {
        let job = backup(&bench, &resource);
        assert_completed(&job);
        assert!(job.completed_with_issues(), "{job:?}");
        assert_eq!(job.message_category.as_deref(), Some("MISCELLANEOUS"));
        assert!(job.status_message.as_ref().unwrap().contains("the folder is empty"), "{job:?}");
        assert_eq!(missing(&bench, &job)[0].0, "/");
    }
    assert_eq!(bench.register("projects", &bench.path("projects"), &[]), resource);
    assert!(!backup(&bench, &resource).completed_with_issues());
}

#[test]
fn folders_without_their_files_are_told_too() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    backup(&bench, &resource);
    fs::remove_file(bench.path("projects/hello.txt")).unwrap();
    fs::remove_file(bench.path("projects/docs/deep/number.bin")).unwrap();
    let job = backup(&bench, &resource);
    assert!(job.status_message.unwrap().contains("there is no file in it any more"));
}

#[test]
fn a_first_backup_of_a_folder_that_was_emptied_since_its_registration_is_told() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    fs::remove_dir_all(bench.path("projects")).unwrap();
    fs::create_dir(bench.path("projects")).unwrap();
    assert!(backup(&bench, &resource).completed_with_issues());
    fs::create_dir(bench.path("never held anything")).unwrap();
    let empty = bench.register("empty", &bench.path("never held anything"), &[]);
    assert!(!backup(&bench, &empty).completed_with_issues());
}

#[test]
fn a_folder_that_was_replaced_on_its_file_system_is_backed_up() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    backup(&bench, &resource);
    fs::rename(bench.path("projects"), bench.path("old release")).unwrap();
    fs::create_dir(bench.path("projects")).unwrap();
    fs::write(bench.path("projects/new release"), "x").unwrap();
    let job = backup(&bench, &resource);
    assert_eq!((job.state, job.message_category.as_deref()), (JobState::Completed, Some("SUCCESS")));
}

#[test]
fn a_disk_that_is_not_mounted_fails_the_job_until_it_is_or_the_folder_is_registered_again() {
    if !is_root() {
        // Only root may mount; the rule itself has a test of its own beside it.
        return;
    }
    let bench = Bench::simulated();
    let path = bench.path("disk");
    let mounted = Mounted::tmpfs(&path, 1 << 20);
    fs::write(path.join("important"), "x").unwrap();
    let resource = bench.register("r", &path, &[]);
    assert_completed(&backup(&bench, &resource));
    drop(mounted);

    let job = backup(&bench, &resource);

    assert_eq!(job.state, JobState::Failed, "{job:?}");
    let message = job.status_message.unwrap();
    assert!(message.contains("another file system") && message.contains("vaultdeck resource add EFS r"), "{message}");
    assert_eq!(bench.points().len(), 1, "the newest point is one that holds the data");
    bench.register("r", &path, &[]);
    assert_completed(&backup(&bench, &resource));
}

#[test]
fn what_is_not_in_the_point_is_listed_with_it() {
    if !is_root() {
        // Only root may mount.
        return;
    }
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let _inside = Mounted::tmpfs(&bench.path("projects/docs/inside"), 1 << 20);
    fs::write(bench.path("projects/docs/inside/important"), "x").unwrap();

    let job = backup(&bench, &resource);

    assert!(job.completed_with_issues(), "{job:?}");
    assert!(job.status_message.as_ref().unwrap().contains("/docs/inside (another file system is mounted here"));
    assert_eq!(missing(&bench, &job)[0].0, "/docs/inside");
}
