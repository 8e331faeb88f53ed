//! Restore jobs.

use crate::bench::{Bench, VAULT, pairs, tree};
use crate::mounted::Mounted;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use vaultdeck::domain::Arn;
use vaultdeck::domain::extension::{AddAccount, AddResource};
use vaultdeck::domain::job::JobState;
use vaultdeck::engine::{Caller, ErrorKind, PageRequest, RestoreRoots};

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
    assert_eq!(tree(made.location.path().unwrap()), tree(&bench.path("projects")));
    assert!(made.location.to_string().contains("/data/restored/fs-"), "{}", made.location);
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
fn a_restore_into_a_source_that_is_a_link_now_is_refused_and_writes_nothing() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let mut metadata = bench.engine().recovery_point_restore_metadata(&bench.caller, VAULT, &point).unwrap();
    metadata.extend(pairs(&[("newFileSystem", "false")]));
    fs::create_dir(bench.path("elsewhere")).unwrap();
    fs::rename(bench.path("projects"), bench.path("old")).unwrap();
    symlink(bench.path("elsewhere"), bench.path("projects")).unwrap();

    let refused = bench.engine().start_restore_job(&bench.caller, bench.restore_request(&point, metadata)).unwrap_err();

    assert_eq!(refused.kind(), ErrorKind::InvalidParameterValue);
    assert!(refused.to_string().contains("projects is a symbolic link now"), "{refused}");
    assert_eq!(fs::read_dir(bench.path("elsewhere")).unwrap().count(), 0);
}

/// A member account with a recovery point of its own.
fn member(bench: &Bench) -> (Caller, Arn) {
    let account = "210987654321";
    let request = AddAccount { account_id: Some(account.to_owned()), name: "member".to_owned(), email: None };
    bench.engine().add_account(request).unwrap();
    let path = bench.path("theirs");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("theirs"), "theirs").unwrap();
    let added = bench.engine().add_resource(AddResource {
        resource_type: "EFS".to_owned(),
        name: "theirs".to_owned(),
        location: vaultdeck::domain::types::Location::at_path(path.to_str().unwrap()),
        secret: None,
        tags: pairs(&[]),
        account_id: Some(account.to_owned()),
        region: None,
    });
    let caller = Caller {
        account: account.parse().unwrap(),
        user_arn: format!("arn:aws:iam::{account}:user/test").parse().unwrap(),
        ..bench.caller.clone()
    };
    let mut request = bench.backup_request(&added.unwrap().resource_arn.parse().unwrap());
    (request.vault_name, request.iam_role_arn) = ("Default".to_owned(), Arn::default_role(&caller.account));
    let job = bench.engine().start_backup_job(&caller, request).unwrap();
    loop {
        let job = bench.engine().describe_backup_job(&caller, &job.id).unwrap();
        if job.state.is_final() {
            assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
            return (caller, job.recovery_point_arn.unwrap());
        }
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
}

#[test]
fn nobody_restores_onto_inside_or_above_what_is_registered() {
    let bench = Bench::simulated();
    let mine = bench.resource("shared/mine", &[]);
    let own_point = bench.backup(&mine).recovery_point_arn.unwrap();
    let (member, their_point) = member(&bench);
    let refusal = |caller: &Caller, point: &Arn, vault: &str, path: &Path| {
        let mut metadata = bench.engine().recovery_point_restore_metadata(caller, vault, point).unwrap();
        metadata.insert("vaultdeck:path".to_owned(), path.to_str().unwrap().to_owned());
        let mut request = bench.restore_request(point, metadata);
        request.iam_role_arn = Some(Arn::default_role(&caller.account));
        bench.engine().start_restore_job(caller, request).err().map(|error| error.to_string())
    };
    let inside = bench.path("shared/mine/inside/deeper");
    // Above it nothing may be but what is registered, or it would be refused for being full: the folder itself is gone.
    let theirs = refusal(&member, &their_point, "Default", &inside).unwrap();
    assert!(theirs.ends_with("inside/deeper lies inside a folder of another account"), "{theirs}");
    let own = refusal(&bench.caller, &own_point, VAULT, &inside).unwrap();
    assert!(own.ends_with(&format!("lies inside a folder of {mine}")), "{own}");
    fs::remove_dir_all(bench.path("shared")).unwrap();
    let above = refusal(&member, &their_point, "Default", &bench.path("shared")).unwrap();
    assert!(above.ends_with("shared lies above a folder of another account"), "{above}");
    let same = refusal(&member, &their_point, "Default", &bench.path("shared/mine")).unwrap();
    assert!(same.ends_with("shared/mine is a folder of another account"), "{same}");
    assert!(!inside.exists());
    assert_eq!(refusal(&member, &their_point, "Default", &bench.path("shared beside")), None);
}

#[test]
fn nobody_restores_inside_or_above_what_is_being_restored() {
    // A restore that lasts: nothing but the clock ends it.
    let bench = Bench::with_rate(1);
    let resource = bench.resource("projects", &[]);
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.advance(chrono::Duration::hours(4));
    let point = bench.wait(&job.id).recovery_point_arn.unwrap();
    let start = |name: &str| {
        let mut metadata = bench.engine().recovery_point_restore_metadata(&bench.caller, VAULT, &point).unwrap();
        metadata.insert("vaultdeck:path".to_owned(), bench.path(name).to_str().unwrap().to_owned());
        bench.engine().start_restore_job(&bench.caller, bench.restore_request(&point, metadata))
    };
    let running = start("a/b").unwrap();
    for (name, relation) in [("a/b", "is"), ("a/b/c", "lies inside"), ("a", "lies above")] {
        // The target may have been made already, and then the path above it is refused as full.
        let refused = start(name).unwrap_err().to_string();
        let expected = format!("{relation} a folder of {running}");
        assert!(refused.ends_with(&expected) || refused.contains("must be an empty folder"), "{refused}");
    }
    assert!(start("a/beside").is_ok());
}

#[test]
fn of_two_restores_with_one_token_one_makes_a_file_system_and_the_other_nothing() {
    // Nothing but the clock ends a restore, so that both are under way at once.
    let bench = Bench::with_rate(1);
    let resource = bench.resource("projects", &[]);
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.advance(chrono::Duration::hours(4));
    let point = bench.wait(&job.id).recovery_point_arn.unwrap();
    let metadata = bench.engine().recovery_point_restore_metadata(&bench.caller, VAULT, &point).unwrap();
    let start =
        || bench.engine().start_restore_job(&bench.caller, bench.restore_request(&point, metadata.clone())).unwrap();
    let begun = [start(), start()];
    bench.advance(chrono::Duration::hours(4));

    let (mut made, failed): (Vec<_>, Vec<_>) =
        begun.iter().map(|id| bench.wait_restore(id)).partition(|job| job.state == JobState::Completed);

    assert_eq!((made.len(), failed.len()), (1, 1), "{made:?} {failed:?}");
    let (made, failed) = (made.remove(0).created_resource_arn.unwrap(), &failed[0]);
    assert_eq!(failed.state, JobState::Failed);
    let (id, token) = (made.as_str().rsplit('/').next().unwrap(), &metadata["CreationToken"]);
    assert_eq!(
        failed.status_message.as_deref(),
        Some(
            format!(
                "File system '{id}' already exists with creation token '{token}' (Error Code: FileSystemAlreadyExists)"
            )
            .as_str()
        )
    );
    let folders = || fs::read_dir(bench.path("data/restored")).unwrap().count();
    assert_eq!((folders(), bench.engine().resources().unwrap().resources.len()), (1, 2), "the other left nothing");

    bench.engine().remove_resource(&made).unwrap();
    let again = start();
    bench.advance(chrono::Duration::hours(4));
    let again = bench.wait_restore(&again);
    assert_eq!(again.state, JobState::Completed, "the token is free again: {:?}", again.status_message);
    assert_eq!(folders(), 2);
}

#[test]
fn a_disk_without_room_is_refused_before_anything_is_written() {
    if !rustix::process::geteuid().is_root() {
        // Only root may mount; the rule itself has a test of its own beside it.
        return;
    }
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let _small = Mounted::tmpfs(&bench.path("small"), 8 << 20);
    let job = bench.restore(&point, &[("vaultdeck:path", bench.path("small/target").to_str().unwrap())]);
    assert_eq!(job.state, JobState::Failed);
    assert!(job.status_message.unwrap().starts_with("Not enough space to restore into"));
    assert_eq!(fs::read_dir(bench.path("small")).unwrap().count(), 0);
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

#[test]
fn a_test_proves_the_point_and_leaves_nothing_but_the_proof() {
    let bench = Bench::simulated();
    let point = bench.backup(&bench.resource("projects", &[])).recovery_point_arn.unwrap();
    let told = || bench.engine().recovery_point_details(&bench.caller, &point).unwrap();
    assert!(!told().contains_key("LastProven"));
    let resources = bench.engine().resources().unwrap().resources.len();
    let request = bench.restore_request(&point, pairs(&[("vaultdeck:test", "true")]));
    let id = bench.engine().start_restore_job(&bench.caller, request).unwrap();
    let job = bench.wait_restore(&id);
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    let test = job.validation.unwrap();
    assert_eq!((test.status.as_str(), test.deletion.as_deref()), ("SUCCESSFUL", Some("SUCCESSFUL")));
    assert_eq!(job.created_resource_arn, None);
    let proof = bench.engine().restore_proof(&bench.caller, &id).unwrap();
    assert!(proof.proven && proof.recovery_point_arn == point && proof.checks.len() >= 3, "{proof:?}");
    assert!(told().contains_key("LastProven") && !told().contains_key("LastDisproven"));
    assert_eq!(bench.engine().resources().unwrap().resources.len(), resources);
    assert!(!bench.engine().data_dir().scratch().exists());

    let restored = bench.restore(&point, &[]);
    assert_eq!(restored.validation, None, "a restore that is no test proves nothing");
    assert_eq!(
        bench.engine().restore_proof(&bench.caller, &restored.id).unwrap_err().kind(),
        ErrorKind::ResourceNotFound
    );
}

#[test]
fn a_test_takes_the_rights_of_a_restore() {
    let bench = Bench::simulated();
    let point = bench.backup(&bench.resource("projects", &[])).recovery_point_arn.unwrap();
    let denied = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"backup:StartRestoreJob","Resource":"*"}]}"#;
    bench.engine().put_vault_access_policy(&bench.caller, VAULT, denied).unwrap();
    let request = bench.restore_request(&point, pairs(&[("vaultdeck:test", "true")]));
    let refused = bench.engine().start_restore_job(&bench.caller, request).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AccessDenied, "{refused}");
}
