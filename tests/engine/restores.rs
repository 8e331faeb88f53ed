//! Restore jobs.

use crate::bench::{Bench, VAULT, pairs, tree};
use std::fs;
use vaultdeck::domain::job::JobState;
use vaultdeck::engine::{ErrorKind, PageRequest, RestoreRoots};

#[test]
fn a_restore_with_the_points_own_metadata_makes_a_new_file_system() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[("env", "prod")]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();

    let job = bench.restore(&point, &[]);

    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    let made = job.created_resource_arn.unwrap();
    let resources = bench.engine().resources().unwrap().resources;
    let made = resources.iter().find(|resource| resource.resource_arn == made.as_str()).unwrap();
    assert!(made.tags.is_empty(), "no plan picks it up");
    assert_eq!(tree(made.path.as_ref()), tree(&bench.path("projects")));
    assert!(made.path.contains("/data/restored/fs-"), "{}", made.path);
}

#[test]
fn a_restore_to_a_path_puts_the_trees_root_there() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let target = bench.path("elsewhere/here");
    let job = bench.restore(&point, &[("vaultdeck:path", target.to_str().unwrap())]);
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    assert_eq!(tree(&target), tree(&bench.path("projects")));
}

#[test]
fn a_restore_into_the_source_uses_a_folder_of_its_own() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let before = tree(&bench.path("projects"));
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let job = bench.restore(&point, &[("newFileSystem", "false")]);
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    assert_eq!(job.created_resource_arn, Some(resource));
    let made: Vec<_> = fs::read_dir(bench.path("projects"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("aws-backup-restore_"))
        .collect();
    assert_eq!(made.len(), 1);
    assert_eq!(tree(&made[0]), before);
}

#[test]
fn single_items_are_restored_with_their_folders() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    use std::os::unix::ffi::OsStrExt as _;
    let odd = bench.path("projects").join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    fs::write(&odd, "odd").unwrap();
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let target = bench.path("items");
    let change = [("vaultdeck:path", target.to_str().unwrap()), ("ItemsToRestore", r#"["/docs","/caf\\xe9"]"#)];
    let job = bench.restore(&point, &change);
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    let restored = tree(&target);
    assert_eq!(restored.len(), 4, "{restored:?}");
    assert_eq!(fs::read(target.join(std::ffi::OsStr::from_bytes(b"caf\xe9"))).unwrap(), b"odd");
}

#[test]
fn an_item_that_is_not_there_fails_the_job_by_name_and_keeps_the_rest() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let target = bench.path("items");
    let change = [("vaultdeck:path", target.to_str().unwrap()), ("ItemsToRestore", r#"["/docs","/absent.txt"]"#)];
    let job = bench.restore(&point, &change);
    assert_eq!(job.state, JobState::Failed);
    assert!(job.status_message.unwrap().contains("/absent.txt"));
    assert!(target.join("docs/deep/number.bin").exists());
}

#[test]
fn a_target_that_is_not_allowed_or_not_empty_is_refused_before_anything_is_written() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let metadata = bench.engine().recovery_point_restore_metadata(&bench.caller, VAULT, &point).unwrap();
    let start = |caller: &vaultdeck::engine::Caller, path: &str| {
        let mut metadata = metadata.clone();
        metadata.insert("vaultdeck:path".to_owned(), path.to_owned());
        bench.engine().start_restore_job(caller, bench.restore_request(&point, metadata)).unwrap_err().kind()
    };
    let full = bench.path("projects");
    assert_eq!(start(&bench.caller, full.to_str().unwrap()), ErrorKind::InvalidParameterValue);
    let mut remote = bench.caller.clone();
    remote.restore_roots = RestoreRoots::Below(Vec::new());
    assert_eq!(start(&remote, bench.path("new").to_str().unwrap()), ErrorKind::AccessDenied);
    assert!(!bench.path("new").exists());
}

#[test]
fn tags_are_copied_only_when_asked_for() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[("env", "prod")]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let metadata = bench.engine().recovery_point_restore_metadata(&bench.caller, VAULT, &point).unwrap();
    let mut request = bench.restore_request(&point, metadata);
    request.copy_source_tags = true;
    let id = bench.engine().start_restore_job(&bench.caller, request).unwrap();
    let made = bench.wait_restore(&id).created_resource_arn.unwrap();
    let resources = bench.engine().resources().unwrap().resources;
    let made = resources.iter().find(|resource| resource.resource_arn == made.as_str()).unwrap();
    assert_eq!(made.tags, pairs(&[("env", "prod")]));
}

#[test]
fn the_items_of_a_point_are_listed_in_pages() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    for number in 0..5 {
        fs::write(bench.path("projects").join(format!("file{number}")), "x").unwrap();
    }
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let mut names = Vec::new();
    let mut request = PageRequest { max_results: Some(3), next_token: None };
    loop {
        let page = bench.engine().recovery_point_items(&bench.caller, &point, "/", &request).unwrap();
        assert!(page.items.len() <= 3);
        names.extend(page.items.into_iter().map(|item| item.name));
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["docs", "file0", "file1", "file2", "file3", "file4", "hello.txt"]);
    let deep =
        bench.engine().recovery_point_items(&bench.caller, &point, "/docs/deep", &PageRequest::default()).unwrap();
    assert_eq!(
        (deep.items[0].name.as_str(), deep.items[0].kind.as_str(), deep.items[0].size),
        ("number.bin", "file", 10_000)
    );
    let absent = bench.engine().recovery_point_items(&bench.caller, &point, "/absent", &PageRequest::default());
    assert_eq!(absent.unwrap_err().kind(), ErrorKind::ResourceNotFound);
}

#[test]
fn a_restore_that_an_orderly_stop_interrupts_goes_on_into_the_same_folder() {
    let mut bench = Bench::new(vaultdeck::engine::ClockKind::System, None);
    let source = bench.path("many");
    const FILES: usize = 4000;
    for number in 0..FILES {
        let folder = source.join(format!("d{}", number % 50));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("f{number}")), format!("{number}").repeat(200)).unwrap();
    }
    let resource = bench.register("many", &source, &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let target = bench.path("restored");
    let mut metadata = bench.engine().recovery_point_restore_metadata(&bench.caller, VAULT, &point).unwrap();
    metadata.extend(pairs(&[("vaultdeck:path", target.to_str().unwrap())]));
    let id = bench.engine().start_restore_job(&bench.caller, bench.restore_request(&point, metadata)).unwrap();
    while !target.exists() || fs::read_dir(&target).unwrap().next().is_none() {
        std::thread::yield_now();
    }
    bench.stop();
    let files = tree(&target).values().filter(|content| *content != b"folder").count();
    assert!(files < FILES, "it was stopped in the middle");

    bench.start();
    let job = bench.wait_restore(&id);

    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    assert_eq!(tree(&target), tree(&source));
}
