//! Stacks: a parent job with its children, the composite recovery point that they make, and what becomes of it.

use crate::bench::{Bench, VAULT, assert_completed, rule, tree};
use chrono::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;
use vaultdeck::domain::job::{BackupJob, JobState};
use vaultdeck::domain::legal_hold::HoldSelection;
use vaultdeck::domain::names::JobId;
use vaultdeck::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::{BackupJobFilter, NewHold, PageRequest, RecoveryPointFilter, StartBackup, StartCopy};

/// A folder with a template, and what it is made of by logical ids.
pub fn stack(bench: &Bench, members: &[(&str, &Arn)], tags: &[(&str, &str)]) -> Arn {
    let path = bench.path("shop");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("template.yaml"), "Resources: {}\n").unwrap();
    fs::write(path.join("parameters.json"), r#"[{"ParameterKey": "Size", "ParameterValue": "3"}]"#).unwrap();
    let members: BTreeMap<&str, &str> = members.iter().map(|(id, arn)| (*id, arn.as_str())).collect();
    fs::write(path.join("members.json"), serde_json::to_vec(&members).unwrap()).unwrap();
    bench.register_as("CloudFormation", "shop", &path, tags)
}

/// The child jobs of a job, by what their resources are called; the template's under its type.
fn children(bench: &Bench, parent: &JobId) -> BTreeMap<String, BackupJob> {
    let filter = BackupJobFilter { parent_job_id: Some(parent.to_string()), ..BackupJobFilter::default() };
    let page = bench.engine().list_backup_jobs(&bench.caller, &filter, &PageRequest::default()).unwrap();
    let name = |job: &BackupJob| match job.resource_type.as_str() {
        "CloudFormation" => "template".to_owned(),
        _ => job.resource_name.clone().unwrap(),
    };
    page.items.into_iter().map(|job| (name(&job), job)).collect()
}

pub fn nested(bench: &Bench, parent: &Arn) -> Vec<RecoveryPoint> {
    let filter =
        RecoveryPointFilter { parent_recovery_point_arn: Some(parent.to_string()), ..RecoveryPointFilter::default() };
    let page = bench.engine().list_recovery_points_by_vault(&bench.caller, VAULT, &filter, &PageRequest::default());
    page.unwrap().items
}

pub fn point(bench: &Bench, arn: &Arn) -> RecoveryPoint {
    bench.engine().describe_recovery_point(&bench.caller, VAULT, arn).unwrap()
}

/// A stack of two folders.
pub fn of_two(bench: &Bench) -> (Arn, Arn, Arn) {
    let (one, two) = (bench.resource("one", &[]), bench.resource("two", &[]));
    let shop = stack(bench, &[("One", &one), ("Two", &two)], &[]);
    (shop, one, two)
}

#[test]
fn a_stack_is_backed_up_with_its_members_and_comes_back_one_by_one() {
    let bench = Bench::simulated();
    let (shop, one, _) = of_two(&bench);
    let parent = bench.backup(&shop);

    assert_completed(&parent);
    assert!(parent.is_parent && parent.status_message.is_none(), "{parent:?}");
    let composite = parent.recovery_point_arn.clone().unwrap();
    assert!(composite.as_str().contains(":recovery-point:composite:"), "{composite}");
    let jobs = children(&bench, &parent.id);
    assert_eq!(jobs.keys().collect::<Vec<_>>(), ["one", "template", "two"]);
    for job in jobs.values() {
        assert_completed(job);
        assert_eq!((job.is_parent, job.parent_job_id.as_ref(), job.created), (false, Some(&parent.id), parent.created));
    }
    assert_eq!(bench.engine().child_jobs(&parent.id).unwrap(), [(JobState::Completed, 3)].into());

    let points = nested(&bench, &composite);
    let mut members: Vec<_> = points.iter().map(|point| point.nesting.member()).collect();
    members.sort_unstable();
    assert_eq!(members, [None, Some("One"), Some("Two")]);
    let whole = point(&bench, &composite);
    assert!(whole.nesting.is_parent() && whole.status == RecoveryPointStatus::Completed, "{whole:?}");

    // Neither is the composite restored as a whole nor does anything say with what.
    let engine = bench.engine();
    let refused = engine.recovery_point_restore_metadata(&bench.caller, VAULT, &composite).unwrap_err().to_string();
    assert!(refused.contains("one by one") && refused.contains("One arn:aws:"), "{refused}");
    let request = bench.restore_request(&composite, BTreeMap::new());
    assert_eq!(engine.start_restore_job(&bench.caller, request).unwrap_err().to_string(), refused);

    let of = |member: Option<&str>| points.iter().find(|point| point.nesting.member() == member).unwrap().arn.clone();
    let (files, template) = (bench.path("files"), bench.path("template"));
    let restored = bench.restore(&of(Some("One")), &[("vaultdeck:path", files.to_str().unwrap())]);
    assert_eq!(restored.state, JobState::Completed, "{restored:?}");
    assert_eq!(tree(&files), tree(&bench.path("one")));
    let restored = bench.restore(&of(None), &[("vaultdeck:path", template.to_str().unwrap()), ("StackName", "back")]);
    assert_eq!(restored.state, JobState::Completed, "{restored:?}");
    assert_eq!(tree(&template), tree(&bench.path("shop")));
    // What came back is a stack of the same members.
    let again = bench.backup(&restored.created_resource_arn.unwrap());
    assert_completed(&again);
    assert_eq!(children(&bench, &again.id)["one"].resource_arn, one);

    // Nothing is written over.
    let template = bench.path("shop").to_str().unwrap().to_owned();
    let metadata = [("StackName", "x"), ("ChangeSetName", "y"), ("vaultdeck:path", template.as_str())];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let refused = bench.engine().start_restore_job(&bench.caller, bench.restore_request(&of(None), metadata));
    assert!(refused.unwrap_err().to_string().contains("vaultdeck:path"));
}

#[test]
fn a_member_that_fails_makes_the_composite_partial_and_one_that_is_not_registered_is_told() {
    let bench = Bench::simulated();
    let (one, two) = (bench.resource("one", &[]), bench.resource("two", &[]));
    let gone: Arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0".parse().unwrap();
    let shop = stack(&bench, &[("One", &one), ("Two", &two), ("Gone", &gone)], &[]);
    fs::remove_dir_all(bench.path("two")).unwrap();

    let parent = bench.backup(&shop);

    assert_eq!(parent.state, JobState::Partial, "{parent:?}");
    let message = parent.status_message.clone().unwrap();
    let told = ["1 of 3 nested recovery points are missing: Two FAILED (", "1 member is not backed up", "Gone ("];
    assert!(told.iter().all(|told| message.contains(told)), "{message}");
    let composite = parent.recovery_point_arn.clone().unwrap();
    assert_eq!(point(&bench, &composite).status, RecoveryPointStatus::Partial);
    assert_eq!(nested(&bench, &composite).len(), 2);
    let states = bench.engine().child_jobs(&parent.id).unwrap();
    assert_eq!(states, [(JobState::Completed, 2), (JobState::Failed, 1)].into());
}

#[test]
fn a_stack_without_its_template_fails_and_leaves_no_recovery_point() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    fs::remove_file(bench.path("shop/template.yaml")).unwrap();
    let parent = bench.backup(&shop);
    assert_eq!(parent.state, JobState::Failed);
    assert!(parent.status_message.unwrap().contains("has no template"));
    assert!(children(&bench, &parent.id).is_empty() && bench.points().is_empty());
}

/// A stack whose parent job runs and whose children wait for their time, with how far it came.
fn under_way(bench: &Bench, shop: &Arn) -> BackupJob {
    let parent = bench.engine().start_backup_job(&bench.caller, bench.backup_request(shop)).unwrap();
    let begun = std::time::Instant::now();
    loop {
        let jobs = children(bench, &parent.id);
        if jobs.len() == 3 && jobs.values().all(|job| job.state == JobState::Running && job.percent_done.is_some()) {
            return bench.job(&parent.id);
        }
        assert!(begun.elapsed().as_secs() < 60, "the children do not begin: {jobs:?}");
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
}

#[test]
fn a_parent_that_is_stopped_stops_its_children_and_what_was_done_stands_by_itself() {
    let bench = Bench::with_rate(1000);
    let (shop, ..) = of_two(&bench);
    let parent = under_way(&bench, &shop);
    assert_eq!(parent.state, JobState::Running);
    // The template is small enough to be done by now.
    bench.advance(Duration::seconds(2));
    assert_eq!(children(&bench, &parent.id)["template"].state, JobState::Completed);

    bench.engine().stop_backup_job(&bench.caller, &parent.id).unwrap();

    assert_eq!(bench.wait(&parent.id).state, JobState::Aborted);
    let jobs = children(&bench, &parent.id);
    assert_eq!([&jobs["one"].state, &jobs["two"].state], [&JobState::Aborted, &JobState::Aborted]);
    let points = bench.points();
    assert_eq!(points.len(), 1, "{points:?}");
    assert!(points[0].nesting.is_alone() && points[0].arn == *jobs["template"].recovery_point_arn.as_ref().unwrap());
}

#[test]
fn an_engine_that_is_started_again_goes_on_with_the_children_and_then_with_the_parent() {
    let mut bench = Bench::with_rate(1000);
    let (shop, ..) = of_two(&bench);
    let parent = under_way(&bench, &shop);
    bench.restart();
    bench.advance(Duration::minutes(5));
    let parent = bench.wait(&parent.id);
    assert_completed(&parent);
    assert_eq!(nested(&bench, &parent.recovery_point_arn.unwrap()).len(), 3);
}

#[test]
fn a_composite_goes_after_what_is_nested_in_it_and_lacks_what_goes_before() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    let (engine, caller) = (bench.engine(), &bench.caller);
    let refused = engine.delete_recovery_point(caller, VAULT, &composite).unwrap_err().to_string();
    assert!(refused.contains("with 3 nested ones"), "{refused}");
    let points = nested(&bench, &composite);

    engine.delete_recovery_point(caller, VAULT, &points[0].arn).unwrap();
    let lessened = point(&bench, &composite);
    assert_eq!(lessened.status, RecoveryPointStatus::Partial);
    assert!(lessened.status_message.unwrap().contains("was deleted"));

    let alone = engine.disassociate_recovery_point_from_parent(caller, VAULT, &composite).unwrap_err().to_string();
    assert!(alone.contains("has no parent recovery point"), "{alone}");
    for nested in &points[1..] {
        engine.disassociate_recovery_point_from_parent(caller, VAULT, &nested.arn).unwrap();
        assert!(point(&bench, &nested.arn).nesting.is_alone());
    }
    engine.delete_recovery_point(caller, VAULT, &composite).unwrap();
    assert_eq!(bench.points().len(), 2);
}

#[test]
fn a_composite_and_what_is_nested_in_it_outlive_their_days_together() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    let request = StartBackup { lifecycle: Some(Lifecycle::delete_after(3)), ..bench.backup_request(&shop) };
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    let composite = bench.wait(&job.id).recovery_point_arn.unwrap();
    // One that is kept longer keeps the composite, which lacks what went.
    let kept = nested(&bench, &composite).remove(0).arn;
    let longer = Lifecycle::delete_after(10);
    bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &kept, longer).unwrap();
    bench.advance(Duration::days(5));
    let left: Vec<Arn> = bench.points().into_iter().map(|point| point.arn).collect();
    assert!(left.len() == 2 && left.contains(&composite) && left.contains(&kept), "{left:?}");
    let lessened = point(&bench, &composite);
    assert_eq!(lessened.status, RecoveryPointStatus::Partial);
    assert_eq!(lessened.status_message.unwrap().matches("has outlived its days").count(), 2);
    bench.advance(Duration::days(8));
    assert!(bench.points().is_empty());
}

#[test]
fn with_a_composite_all_that_is_nested_in_it_lives_longer_and_is_held() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    let (engine, caller) = (bench.engine(), &bench.caller);
    let lifecycle = Lifecycle::delete_after(9);
    engine.update_recovery_point_lifecycle(caller, VAULT, &composite, lifecycle).unwrap();
    let all = bench.points();
    assert!(all.len() == 4 && all.iter().all(|point| point.lifecycle == Some(lifecycle)), "{all:?}");

    let selection = HoldSelection { resource_identifiers: vec![shop.to_string()], ..HoldSelection::default() };
    let (title, description) = ("shop".to_owned(), "of a stack".to_owned());
    let hold = NewHold { title, description, selection, ..NewHold::default() };
    engine.create_legal_hold(caller, hold).unwrap();
    bench.advance(Duration::days(10));
    let all = bench.points();
    assert!(all.len() == 4 && all.iter().all(|point| point.held), "{all:?}");
}

#[test]
fn a_member_that_is_not_registered_makes_the_composite_partial() {
    let bench = Bench::simulated();
    let one = bench.resource("one", &[]);
    let gone: Arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0".parse().unwrap();
    let shop = stack(&bench, &[("One", &one), ("Gone", &gone)], &[]);
    let parent = bench.backup(&shop);
    assert_eq!(bench.engine().child_jobs(&parent.id).unwrap(), [(JobState::Completed, 2)].into());
    assert_eq!(parent.state, JobState::Partial, "{parent:?}");
    let message = parent.status_message.unwrap();
    assert!(message.starts_with("1 member is not backed up with it") && message.contains("Gone ("), "{message}");
    let composite = point(&bench, &parent.recovery_point_arn.unwrap());
    assert_eq!(
        (composite.status, composite.status_message.as_deref()),
        (RecoveryPointStatus::Partial, Some(&*message))
    );
}

#[test]
fn a_composite_lacks_what_is_deleted_or_taken_out_while_it_is_written() {
    for deletes in [true, false] {
        let bench = Bench::with_rate(1000);
        let (shop, ..) = of_two(&bench);
        let parent = under_way(&bench, &shop);
        let mut now = bench.advance(Duration::zero());
        while !children(&bench, &parent.id).values().all(|job| job.state == JobState::Completed) {
            now = bench.advance(Duration::milliseconds(100));
        }
        // Its document is stored, and its job is not over: then only is its end to come.
        let begun = std::time::Instant::now();
        while bench.job(&parent.id).expected_completion.is_none_or(|at| at <= now) {
            assert!(begun.elapsed().as_secs() < 60, "{:?}", bench.job(&parent.id));
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
        let one = children(&bench, &parent.id)["one"].recovery_point_arn.clone().unwrap();
        let (engine, caller) = (bench.engine(), &bench.caller);
        if deletes {
            engine.delete_recovery_point(caller, VAULT, &one).unwrap();
        } else {
            engine.disassociate_recovery_point_from_parent(caller, VAULT, &one).unwrap();
        }
        bench.advance(Duration::minutes(1));
        let done = bench.wait(&parent.id);
        assert_eq!(done.state, JobState::Partial, "{done:?}");
        let message = done.status_message.unwrap();
        assert!(message.contains("1 of 3 nested recovery points are missing: One ("), "{message}");
        let composite = point(&bench, &done.recovery_point_arn.unwrap());
        assert_eq!(
            (composite.status, composite.status_message.as_deref()),
            (RecoveryPointStatus::Partial, Some(&*message))
        );
    }
}

#[test]
fn a_partial_composite_is_found_again_when_only_its_row_is_lost() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    fs::remove_dir_all(bench.path("two")).unwrap();
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    catalog.execute_batch("DELETE FROM recovery_points; DELETE FROM manifests;").unwrap();
    bench.engine().rescan(None).unwrap();
    assert_eq!(point(&bench, &composite).status, RecoveryPointStatus::Partial);
}

/// Waits until every manifest says what the catalog says: they are written again behind what changes them.
fn wait_for_manifests(catalog: &rusqlite::Connection) {
    let started = Instant::now();
    let owed = || -> i64 {
        catalog.query_row("SELECT count(*) FROM recovery_points WHERE manifest_owed = 1", [], |row| row.get(0)).unwrap()
    };
    while owed() > 0 {
        assert!(started.elapsed().as_secs() < 60, "{} manifests are still owed", owed());
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
}

/// The snapshot and the manifest of a recovery point.
fn files_of(bench: &Bench, arn: &Arn) -> Vec<PathBuf> {
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    wait_for_manifests(&catalog);
    let sql = "SELECT snapshot_id, point_id FROM recovery_points WHERE arn = ?1";
    let ids: [String; 2] =
        catalog.query_row(sql, [arn.as_str()], |row| Ok([row.get_unwrap(0), row.get_unwrap(1)])).unwrap();
    let vaults = bench.path("data/vaults");
    let is_of =
        |path: &PathBuf| ids.iter().any(|id| path.file_name().unwrap().to_str().unwrap().starts_with(id.as_str()));
    let files: Vec<PathBuf> = tree(&vaults).into_keys().filter(is_of).map(|path| vaults.join(path)).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    files
}

/// Runs something while the files of a recovery point are away, which the engine has seen.
pub fn without(bench: &Bench, arn: &Arn, look: impl FnOnce()) {
    let away = |path: &PathBuf| bench.path("away").join(path.file_name().unwrap());
    fs::create_dir_all(bench.path("away")).unwrap();
    let files = files_of(bench, arn);
    for path in &files {
        fs::rename(path, away(path)).unwrap();
    }
    bench.engine().rescan(None).unwrap();
    assert_eq!(point(bench, arn).status, RecoveryPointStatus::Expired);
    look();
    for path in &files {
        fs::rename(away(path), path).unwrap();
    }
    bench.engine().rescan(None).unwrap();
}

#[test]
fn a_composite_whose_files_come_back_is_as_partial_as_it_was_and_lacks_what_is_gone_of_it() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    without(&bench, &composite, || {});
    assert_eq!(point(&bench, &composite).status, RecoveryPointStatus::Completed);

    let points = nested(&bench, &composite);
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &points[0].arn).unwrap();
    let before = point(&bench, &composite);
    assert_eq!(before.status, RecoveryPointStatus::Partial);
    without(&bench, &composite, || {});
    let after = point(&bench, &composite);
    assert_eq!((after.status, after.status_message), (before.status, before.status_message));

    without(&bench, &points[1].arn, || {
        let message = point(&bench, &composite).status_message.unwrap();
        assert!(message.contains(&format!("Nested recovery point {} is gone", points[1].arn)), "{message}");
    });
    assert_eq!(point(&bench, &points[1].arn).status, RecoveryPointStatus::Completed);
}

#[test]
fn the_value_of_a_parameter_is_not_told_and_forgotten_when_the_restore_is_over() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    let template = nested(&bench, &composite).into_iter().find(|point| point.nesting.member().is_none()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    // It takes no request.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = std::io::Read::read(&mut stream, &mut vec![0; 65_536]);
            let refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = std::io::Write::write_all(&mut stream, refusal);
        }
    });
    let change = [("vaultdeck:endpoint", endpoint.as_str()), ("StackParameters", r#"{"Password": "hunter2"}"#)];
    let mut metadata = bench.engine().recovery_point_restore_metadata(&bench.caller, VAULT, &template.arn).unwrap();
    metadata.extend(crate::bench::pairs(&change));
    let request = bench.restore_request(&template.arn, metadata);
    let id = bench.engine().start_restore_job(&bench.caller, request).unwrap();
    assert_eq!(bench.engine().restore_job_metadata(&bench.caller, &id).unwrap()["StackParameters"], "(hidden)");
    bench.advance(Duration::days(1));
    assert_eq!(bench.wait_restore(&id).state, JobState::Failed);
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    let kept: String = catalog.query_row("SELECT metadata FROM restore_jobs", [], |row| row.get(0)).unwrap();
    assert!(kept.contains("StackParameters") && !kept.contains("hunter2"), "{kept}");
}

#[test]
fn what_is_nested_is_known_again_when_the_catalog_has_lost_it() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    fs::remove_dir_all(bench.path("two")).unwrap();
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    let known = |bench: &Bench| -> Vec<_> {
        let mut points = nested(bench, &composite);
        points.sort_by(|one, other| one.arn.cmp(&other.arn));
        points.into_iter().map(|point| (point.arn, point.nesting)).collect()
    };
    let before = known(&bench);
    assert_eq!(before.len(), 2);
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    catalog.execute_batch("DELETE FROM recovery_points; DELETE FROM backup_jobs; DELETE FROM manifests;").unwrap();
    assert!(bench.points().is_empty());
    bench.engine().rescan(None).unwrap();
    assert_eq!(known(&bench), before);
    let again = point(&bench, &composite);
    assert!(again.nesting.is_parent() && again.status == RecoveryPointStatus::Partial, "{again:?}");
}

#[test]
fn a_plan_backs_up_what_a_stack_is_made_of_whatever_the_opt_in_says_of_its_types() {
    let bench = Bench::simulated();
    let (one, two) = (bench.resource("one", &[]), bench.resource("two", &[]));
    stack(&bench, &[("One", &one), ("Two", &two)], &[("backup", "yes")]);
    let opt_in = [("EFS".to_owned(), false)].into();
    bench.engine().update_region_settings(&bench.caller, opt_in, BTreeMap::new()).unwrap();
    bench.plan(vec![rule("nightly", "cron(0 5 * * ? *)", Some(7))]);
    bench.advance(Duration::days(1));
    let jobs = bench.jobs();
    let parent = jobs.iter().find(|job| job.is_parent).unwrap();
    assert_completed(parent);
    assert_eq!(jobs.len(), 4);
    assert!(jobs.iter().all(|job| job.created_by == parent.created_by && job.lifecycle == parent.lifecycle));
}

#[test]
fn what_is_nested_is_copied_by_itself_too_and_is_then_a_point_of_its_own() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    let elsewhere: vaultdeck::domain::VaultName = "elsewhere".parse().unwrap();
    let into =
        bench.engine().create_vault(&bench.caller, &elsewhere, vaultdeck::engine::NewVault::default()).unwrap().arn;
    let copy = |arn: &Arn| {
        bench.engine().start_copy_job(
            &bench.caller,
            StartCopy {
                recovery_point_arn: arn.clone(),
                source_vault_name: VAULT.to_owned(),
                destination_vault_arn: into.clone(),
                iam_role_arn: bench.role(),
                idempotency_token: None,
                lifecycle: None,
            },
        )
    };
    let nested = nested(&bench, &composite).remove(0).arn;
    let id = copy(&nested).unwrap().id;
    let begun = std::time::Instant::now();
    let done = loop {
        let job = bench.engine().describe_copy_job(&bench.caller, &id).unwrap();
        if job.state.is_final() {
            break job;
        }
        assert!(begun.elapsed().as_secs() < 60, "{job:?}");
        std::thread::sleep(std::time::Duration::from_millis(3));
    };
    assert_eq!(done.state, JobState::Completed, "{done:?}");
    let copied = done.destination_recovery_point_arn.unwrap();
    let copied = bench.engine().describe_recovery_point(&bench.caller, "elsewhere", &copied).unwrap();
    assert!(copied.nesting.is_alone(), "{copied:?}");
}

/// A folder with a template that names its members.
fn inner(bench: &Bench, name: &str, members: &[(&str, &Arn)]) -> Arn {
    let path = bench.path(name);
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("template.json"), "{}").unwrap();
    let members: BTreeMap<&str, &str> = members.iter().map(|(id, arn)| (*id, arn.as_str())).collect();
    fs::write(path.join("members.json"), serde_json::to_vec(&members).unwrap()).unwrap();
    bench.register_as("CloudFormation", name, &path, &[])
}

fn members_of(points: &[RecoveryPoint]) -> Vec<Option<&str>> {
    let mut members: Vec<_> = points.iter().map(|point| point.nesting.member()).collect();
    members.sort_unstable();
    members
}

#[test]
fn a_stack_within_a_stack_is_backed_up_with_it_and_its_template_comes_back() {
    let bench = Bench::simulated();
    let (one, two, three) = (bench.resource("one", &[]), bench.resource("two", &[]), bench.resource("three", &[]));
    let deeper = inner(&bench, "deeper", &[("Three", &three)]);
    let other = inner(&bench, "other", &[("Two", &two), ("Deeper", &deeper)]);
    let shop = stack(&bench, &[("One", &one), ("Inner", &other)], &[]);
    let parent = bench.backup(&shop);
    assert_completed(&parent);
    let points = nested(&bench, &parent.recovery_point_arn.unwrap());
    let expected =
        [None, Some("Inner"), Some("Inner/Deeper"), Some("Inner/Deeper/Three"), Some("Inner/Two"), Some("One")];
    assert_eq!(members_of(&points), expected);

    let of = |member: &str| points.iter().find(|point| point.nesting.member() == Some(member)).unwrap().arn.clone();
    let (files, template) = (bench.path("files"), bench.path("template"));
    let restored = bench.restore(&of("Inner/Deeper/Three"), &[("vaultdeck:path", files.to_str().unwrap())]);
    assert_eq!(restored.state, JobState::Completed, "{restored:?}");
    assert_eq!(tree(&files), tree(&bench.path("three")));
    let back = [("vaultdeck:path", template.to_str().unwrap()), ("StackName", "back")];
    let restored = bench.restore(&of("Inner"), &back);
    assert_eq!(restored.state, JobState::Completed, "{restored:?}");
    assert_eq!(tree(&template), tree(&bench.path("other")));
}

#[test]
fn a_stack_that_is_nested_in_itself_is_looked_into_once_and_told() {
    let bench = Bench::simulated();
    let one = bench.resource("one", &[]);
    let other = inner(&bench, "other", &[]);
    let shop = stack(&bench, &[("One", &one), ("Inner", &other)], &[]);
    fs::write(bench.path("other/members.json"), format!(r#"{{"Outer": "{shop}"}}"#)).unwrap();
    let parent = bench.backup(&shop);
    assert_eq!(parent.state, JobState::Partial, "{parent:?}");
    let message = parent.status_message.unwrap();
    let told =
        "1 nested stack is not backed up with it, since it cannot be looked into: Inner/Outer (It is nested in itself)";
    assert_eq!(message, told);
    let points = nested(&bench, &parent.recovery_point_arn.unwrap());
    assert_eq!(members_of(&points), [None, Some("Inner"), Some("One")]);
}

#[test]
fn a_nested_stack_that_is_gone_fails_as_a_child_and_the_others_are_backed_up() {
    let bench = Bench::simulated();
    let one = bench.resource("one", &[]);
    let other = inner(&bench, "other", &[]);
    let shop = stack(&bench, &[("One", &one), ("Inner", &other)], &[]);
    fs::remove_dir_all(bench.path("other")).unwrap();
    let parent = bench.backup(&shop);
    assert_eq!(parent.state, JobState::Partial, "{parent:?}");
    let message = parent.status_message.unwrap();
    assert!(message.contains("1 of 3 nested recovery points are missing: Inner FAILED ("), "{message}");
    assert_eq!(members_of(&nested(&bench, &parent.recovery_point_arn.unwrap())), [None, Some("One")]);
}

#[test]
fn stacks_are_looked_into_as_deep_as_aws_backup_does() {
    let bench = Bench::simulated();
    let mut below = inner(&bench, "stack11", &[]);
    for layer in (2..=10).rev() {
        below = inner(&bench, &format!("stack{layer}"), &[("In", &below)]);
    }
    let shop = stack(&bench, &[("In", &below)], &[]);
    let parent = bench.backup(&shop);
    assert_eq!(parent.state, JobState::Partial, "{parent:?}");
    let message = parent.status_message.unwrap();
    assert!(message.contains("/In (It is nested deeper than 10 layers)"), "{message}");
}
