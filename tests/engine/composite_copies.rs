//! Copies of composite recovery points: a parent copy job with its children, and the composite that they make elsewhere.

use crate::bench::{Bench, VAULT, assert_completed, pairs, rule, tree};
use crate::composites::{nested, of_two, point, stack, without};
use crate::harness::{caller, whole};
use chrono::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;
use vaultdeck::domain::extension::AddAccount;
use vaultdeck::domain::job::{CopyJob, JobState};
use vaultdeck::domain::names::JobId;
use vaultdeck::domain::plan::CopyAction;
use vaultdeck::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use vaultdeck::domain::vault_lock::LockRequest;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::{Caller, CopyJobFilter, NewVault, RecoveryPointFilter, StartBackup, StartCopy, StartRestore};

const COPIES: &str = "copies";

fn abroad() -> Caller {
    caller("123456789012", "eu-central-1")
}

/// A vault `copies` of that account and region.
fn vault(bench: &Bench, of: &Caller) -> Arn {
    bench.engine().create_vault(of, &COPIES.parse().unwrap(), NewVault::default()).unwrap().arn
}

fn request(bench: &Bench, point: &Arn, into: &Arn) -> StartCopy {
    StartCopy {
        recovery_point_arn: point.clone(),
        source_vault_name: VAULT.to_owned(),
        destination_vault_arn: into.clone(),
        iam_role_arn: bench.role(),
        idempotency_token: None,
        lifecycle: None,
    }
}

fn start(bench: &Bench, point: &Arn, into: &Arn) -> Result<CopyJob, vaultdeck::engine::Error> {
    bench.engine().start_copy_job(&bench.caller, request(bench, point, into))
}

fn wait(bench: &Bench, id: &JobId) -> CopyJob {
    let started = Instant::now();
    loop {
        let job = bench.engine().describe_copy_job(&bench.caller, id).unwrap();
        if job.state.is_final() {
            return job;
        }
        assert!(started.elapsed().as_secs() < 60, "the copy does not end: {job:?}");
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
}

fn copy(bench: &Bench, point: &Arn, into: &Arn) -> CopyJob {
    wait(bench, &start(bench, point, into).unwrap().id)
}

/// The child jobs of a copy job, by what their points are called; the template's under its type.
fn children(bench: &Bench, as_seen_by: &Caller, parent: &JobId) -> BTreeMap<String, CopyJob> {
    let filter = CopyJobFilter { parent_job_id: Some(parent.to_string()), ..CopyJobFilter::default() };
    let page = bench.engine().list_copy_jobs(as_seen_by, &filter, &whole()).unwrap();
    page.items.into_iter().map(|job| (job.member.clone().unwrap_or_else(|| "template".to_owned()), job)).collect()
}

/// What lies in the vault `copies`: the composites, and what is nested in the only one or in none.
fn arrived(bench: &Bench, of: &Caller) -> (Vec<RecoveryPoint>, Vec<RecoveryPoint>) {
    let filter = RecoveryPointFilter::default();
    let all = bench.engine().list_recovery_points_by_vault(of, COPIES, &filter, &whole()).unwrap().items;
    all.into_iter().partition(|point| point.nesting.is_parent())
}

#[test]
fn a_composite_is_copied_as_a_whole_and_comes_back_when_its_source_and_the_sources_vault_are_gone() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    let into = vault(&bench, &abroad());
    let parent = copy(&bench, &composite, &into);

    assert_eq!((&parent.state, parent.is_parent), (&JobState::Completed, true), "{parent:?}");
    let jobs = children(&bench, &bench.caller, &parent.id);
    assert_eq!(jobs.keys().collect::<Vec<_>>(), ["One", "Two", "template"]);
    for job in jobs.values() {
        assert_eq!((&job.state, job.is_parent), (&JobState::Completed, false), "{job:?}");
        assert_eq!((job.parent_job_id.as_ref(), job.created), (Some(&parent.id), parent.created));
    }
    let engine = bench.engine();
    assert_eq!(engine.child_copy_jobs(&parent.id).unwrap(), [(JobState::Completed, 3)].into());
    let made = parent.destination_recovery_point_arn.unwrap();
    assert!(made.as_str().contains(":recovery-point:composite:") && made != composite, "{made}");

    let (composites, inside) = arrived(&bench, &abroad());
    let source = point(&bench, &composite);
    assert_eq!(composites.len(), 1);
    assert_eq!((&composites[0].arn, &composites[0].status), (&made, &RecoveryPointStatus::Completed));
    assert_eq!((composites[0].created, &composites[0].source_vault_arn), (source.created, &Some(source.vault_arn)));
    let mut members: Vec<_> = inside.iter().map(|point| point.nesting.member()).collect();
    members.sort_unstable();
    assert_eq!(members, [None, Some("One"), Some("Two")]);
    assert!(inside.iter().all(|point| point.nesting.parent() == Some(&made)), "{inside:?}");

    // The source goes with its vault, and what has arrived tells and restores all by itself, also to a new catalog.
    for point in bench.points().into_iter().filter(|point| !point.nesting.is_parent()) {
        engine.delete_recovery_point(&bench.caller, VAULT, &point.arn).unwrap();
    }
    engine.delete_recovery_point(&bench.caller, VAULT, &composite).unwrap();
    engine.delete_vault(&bench.caller, VAULT).unwrap();
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    catalog.execute_batch("DELETE FROM recovery_points; DELETE FROM copy_jobs; DELETE FROM manifests;").unwrap();
    engine.rescan(None).unwrap();
    let (again, inside) = arrived(&bench, &abroad());
    assert_eq!((again.len(), inside.len()), (1, 3));
    let one = inside.iter().find(|point| point.nesting.member() == Some("One")).unwrap();
    let mut metadata = engine.recovery_point_restore_metadata(&abroad(), COPIES, &one.arn).unwrap();
    let target = bench.path("restored");
    metadata.extend(pairs(&[("newFileSystem", "true"), ("vaultdeck:path", target.to_str().unwrap())]));
    let restore = StartRestore {
        recovery_point_arn: one.arn.clone(),
        metadata,
        iam_role_arn: Some(bench.role()),
        idempotency_token: None,
        resource_type: None,
        copy_source_tags: false,
    };
    let id = engine.start_restore_job(&abroad(), restore).unwrap();
    bench.advance(Duration::minutes(1));
    let job = engine.describe_restore_job(&abroad(), &id).unwrap();
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    assert_eq!(tree(&target), tree(&bench.path("one")));
    assert_eq!(engine.check_vault(&abroad().scope(), &COPIES.parse().unwrap()).unwrap().problems, []);
}

#[test]
fn a_child_that_fails_makes_the_copy_partial_and_the_next_one_is_whole() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    let into = vault(&bench, &abroad());
    let one = nested(&bench, &composite).into_iter().find(|point| point.nesting.member() == Some("One")).unwrap();
    let mut parent = None;
    without(&bench, &one.arn, || parent = Some(copy(&bench, &composite, &into)));
    let parent = parent.unwrap();

    assert_eq!(parent.state, JobState::Partial, "{parent:?}");
    let message = parent.status_message.clone().unwrap();
    assert!(message.contains("1 of 3 nested recovery points are missing: One FAILED (Recovery point"), "{message}");
    let states = bench.engine().child_copy_jobs(&parent.id).unwrap();
    assert_eq!(states, [(JobState::Completed, 2), (JobState::Failed, 1)].into());
    let (composites, inside) = arrived(&bench, &abroad());
    assert_eq!((composites.len(), inside.len()), (1, 2));
    assert_eq!(composites[0].status, RecoveryPointStatus::Partial);
    assert_eq!(parent.destination_recovery_point_arn.as_ref(), Some(&composites[0].arn));

    // What is there already is not stored again, and what it makes is a composite of its own.
    let size = |bench: &Bench| -> usize {
        tree(&bench.path("data/vaults/123456789012/eu-central-1/copies/data")).values().map(Vec::len).sum()
    };
    assert!(bench.engine().describe_recovery_point(&bench.caller, VAULT, &composite).unwrap().status_message.is_some());
    let whole = bench.backup(&shop).recovery_point_arn.unwrap();
    assert_eq!(copy(&bench, &whole, &into).state, JobState::Completed);
    let before = size(&bench);
    assert_eq!(copy(&bench, &whole, &into).state, JobState::Completed);
    let grown = size(&bench) - before;
    assert!(grown < 4_000, "{grown} bytes more than a new document of the composite");
}

#[test]
fn what_the_source_lacks_its_copy_lacks_and_says_so() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    fs::remove_dir_all(bench.path("two")).unwrap();
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    let parent = copy(&bench, &composite, &vault(&bench, &abroad()));
    assert_eq!(parent.state, JobState::Partial);
    let message = parent.status_message.unwrap();
    assert!(message.starts_with("What it copies is partial: ") && message.contains("Two FAILED ("), "{message}");
    let (composites, inside) = arrived(&bench, &abroad());
    assert_eq!((composites[0].status_message.as_deref(), inside.len()), (Some(&*message), 2));
}

#[test]
fn a_vault_that_lets_nothing_in_fails_all_of_it_and_nothing_arrives() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    let into = vault(&bench, &abroad());
    let lock = LockRequest { min_retention_days: Some(7), max_retention_days: Some(30), changeable_for_days: None };
    bench.engine().put_vault_lock(&abroad(), COPIES, &lock).unwrap();
    let parent = copy(&bench, &composite, &into);
    assert_eq!((&parent.state, &parent.destination_recovery_point_arn), (&JobState::Failed, &None));
    let message = parent.status_message.unwrap();
    assert!(message.starts_with("None of 3 nested copies completed: ") && message.contains("retention"), "{message}");
    assert_eq!(arrived(&bench, &abroad()), (Vec::new(), Vec::new()));
}

#[test]
fn a_composite_in_which_nothing_is_nested_any_more_is_not_copied() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    for point in nested(&bench, &composite) {
        bench.engine().disassociate_recovery_point_from_parent(&bench.caller, VAULT, &point.arn).unwrap();
    }
    let refused = start(&bench, &composite, &vault(&bench, &abroad())).unwrap_err().to_string();
    assert!(refused.contains("nothing is nested any more"), "{refused}");
}

#[test]
fn a_rule_has_a_composite_copied_once_as_a_whole() {
    let bench = Bench::simulated();
    let (one, two) = (bench.resource("one", &[]), bench.resource("two", &[]));
    stack(&bench, &[("One", &one), ("Two", &two)], &[("backup", "yes")]);
    let into = vault(&bench, &abroad());
    let mut nightly = rule("nightly", "cron(0 5 * * ? *)", Some(7));
    let lifecycle = Some(Lifecycle::delete_after(30));
    nightly.copy_actions = vec![CopyAction { lifecycle, destination_backup_vault_arn: into.to_string() }];
    bench.plan(vec![nightly]);
    bench.advance(Duration::days(1));
    let backups = bench.jobs();
    let backup = backups.iter().find(|job| job.is_parent).unwrap();
    assert_completed(backup);
    let all = bench.engine().list_copy_jobs(&bench.caller, &CopyJobFilter::default(), &whole()).unwrap().items;
    let (parents, children): (Vec<_>, Vec<_>) = all.into_iter().partition(|job| job.is_parent);
    assert_eq!((parents.len(), children.len()), (1, 3));
    assert_eq!((&parents[0].state, &parents[0].backup_job_id), (&JobState::Completed, &Some(backup.id.clone())));
    assert!(children.iter().all(|job| job.parent_job_id.as_ref() == Some(&parents[0].id)), "{children:?}");
    assert!(children.iter().all(|job| job.created_by == backup.created_by && job.lifecycle == lifecycle));
    let (composites, inside) = arrived(&bench, &abroad());
    assert!(composites.iter().chain(&inside).all(|point| point.lifecycle == lifecycle));
    // They outlive their days together.
    bench.advance(Duration::days(31));
    let (composites, inside) = arrived(&bench, &abroad());
    let oldest = composites.iter().map(|point| point.created).min().unwrap();
    assert!(inside.iter().all(|point| point.created >= oldest), "{inside:?}");
}

/// A composite of an engine whose jobs take their time.
fn backed_up_slowly(bench: &Bench) -> Arn {
    let (shop, ..) = of_two(bench);
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&shop)).unwrap();
    let begun = Instant::now();
    while !bench.job(&job.id).state.is_final() {
        bench.advance(Duration::minutes(1));
        assert!(begun.elapsed().as_secs() < 60, "{:?}", bench.job(&job.id));
    }
    bench.job(&job.id).recovery_point_arn.unwrap()
}

#[test]
fn an_engine_that_is_started_again_goes_on_and_copies_nothing_twice() {
    let mut bench = Bench::with_rate(1000);
    let composite = backed_up_slowly(&bench);
    let parent = start(&bench, &composite, &vault(&bench, &abroad())).unwrap();
    // The template is small enough to be done in two seconds, and the folders are not.
    let begun = Instant::now();
    while children(&bench, &bench.caller, &parent.id)["template"].state != JobState::Completed {
        bench.advance(Duration::seconds(1));
        assert!(begun.elapsed().as_secs() < 60, "{:?}", children(&bench, &bench.caller, &parent.id));
    }
    assert_eq!(bench.engine().describe_copy_job(&bench.caller, &parent.id).unwrap().state, JobState::Running);
    bench.restart();
    let begun = Instant::now();
    while !bench.engine().describe_copy_job(&bench.caller, &parent.id).unwrap().state.is_final() {
        bench.advance(Duration::minutes(1));
        assert!(begun.elapsed().as_secs() < 60);
    }
    assert_eq!(wait(&bench, &parent.id).state, JobState::Completed);
    let (composites, inside) = arrived(&bench, &abroad());
    assert_eq!((composites.len(), inside.len()), (1, 3));
}

#[test]
fn a_copy_to_another_account_is_seen_there_with_its_children_and_belongs_to_it() {
    let bench = Bench::simulated();
    let (shop, ..) = of_two(&bench);
    let composite = bench.backup(&shop).recovery_point_arn.unwrap();
    let member = caller("210987654321", "eu-central-1");
    let account = AddAccount { account_id: Some(member.account.to_string()), name: "archive".to_owned(), email: None };
    let engine = bench.engine();
    engine.add_account(account).unwrap();
    let into = vault(&bench, &member);
    let policy = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": "*",
             "Action": "backup:CopyIntoBackupVault", "Resource": "{into}"}}]}}"#
    );
    engine.put_vault_access_policy(&member, COPIES, &policy).unwrap();
    let setting = |allowed: &str| pairs(&[("isCrossAccountBackupEnabled", allowed)]);
    engine.update_global_settings(&bench.caller, &setting("false")).unwrap();
    let refused = copy(&bench, &composite, &into);
    assert!(refused.state == JobState::Failed && refused.status_message.unwrap().contains("is not true"));
    engine.update_global_settings(&bench.caller, &setting("true")).unwrap();
    let parent = copy(&bench, &composite, &into);
    assert_eq!(parent.state, JobState::Completed, "{parent:?}");
    assert_eq!(children(&bench, &member, &parent.id).len(), 3);
    assert_eq!(engine.describe_copy_job(&member, &parent.id).unwrap(), parent);
    let (composites, inside) = arrived(&bench, &member);
    assert!(composites.len() == 1 && inside.iter().all(|point| point.scope == member.scope()), "{inside:?}");
}

/// A composite that lives so many days, and all that is nested in it other ones.
fn with_days(bench: &Bench, composite: i64, inside: i64) -> Arn {
    let (shop, ..) = of_two(bench);
    let request = StartBackup { lifecycle: Some(Lifecycle::delete_after(composite)), ..bench.backup_request(&shop) };
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    let arn = bench.wait(&job.id).recovery_point_arn.unwrap();
    for point in nested(bench, &arn) {
        let other = Lifecycle::delete_after(inside);
        bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &point.arn, other).unwrap();
    }
    arn
}

#[test]
fn a_lock_that_the_composite_breaks_and_its_nested_points_keep_lets_nothing_of_it_in() {
    for (lock, composite, inside) in [((7, 30), 365, 20), ((30, 90), 20, 60)] {
        let bench = Bench::simulated();
        let arn = with_days(&bench, composite, inside);
        let into = vault(&bench, &abroad());
        let (min_retention_days, max_retention_days) = (Some(lock.0), Some(lock.1));
        let lock = LockRequest { min_retention_days, max_retention_days, changeable_for_days: None };
        bench.engine().put_vault_lock(&abroad(), COPIES, &lock).unwrap();
        let parent = copy(&bench, &arn, &into);
        assert_eq!((&parent.state, &parent.destination_recovery_point_arn), (&JobState::Failed, &None), "{parent:?}");
        for child in children(&bench, &bench.caller, &parent.id).values() {
            let message = child.status_message.as_deref().unwrap();
            let told = message.starts_with("The composite that it is to be nested in cannot be copied: ");
            assert!(told && message.contains("retention"), "{message}");
        }
        assert_eq!(arrived(&bench, &abroad()), (Vec::new(), Vec::new()));
    }
}

#[test]
fn a_lock_that_is_put_on_while_the_children_copy_keeps_the_composite_out() {
    let bench = Bench::with_rate(1000);
    let composite = backed_up_slowly(&bench);
    let parent = start(&bench, &composite, &vault(&bench, &abroad())).unwrap();
    let begun = Instant::now();
    while children(&bench, &bench.caller, &parent.id).values().any(|job| job.state == JobState::Created) {
        assert!(begun.elapsed().as_secs() < 60, "{:?}", children(&bench, &bench.caller, &parent.id));
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
    let lock = LockRequest { min_retention_days: Some(7), max_retention_days: Some(30), changeable_for_days: None };
    bench.engine().put_vault_lock(&abroad(), COPIES, &lock).unwrap();
    let begun = Instant::now();
    while !bench.engine().describe_copy_job(&bench.caller, &parent.id).unwrap().state.is_final() {
        bench.advance(Duration::minutes(1));
        assert!(begun.elapsed().as_secs() < 60);
    }
    let parent = wait(&bench, &parent.id);
    assert_eq!(parent.state, JobState::Failed, "{parent:?}");
    assert!(parent.status_message.unwrap().contains("The retention specified in the job"));
    // They had begun when it was put on.
    let (composites, inside) = arrived(&bench, &abroad());
    assert!(composites.is_empty() && inside.len() == 3, "{inside:?}");
    assert!(inside.iter().all(|point| point.nesting.is_alone()), "{inside:?}");
}

#[test]
fn what_the_children_of_a_failed_backup_completed_is_copied_by_itself_as_the_rule_says() {
    let bench = Bench::with_rate(1000);
    let (one, two) = (bench.resource("one", &[]), bench.resource("two", &[]));
    stack(&bench, &[("One", &one), ("Two", &two)], &[("backup", "yes")]);
    let into = vault(&bench, &abroad());
    let mut nightly = rule("nightly", "cron(0 5 * * ? *)", Some(7));
    let lifecycle = Some(Lifecycle::delete_after(30));
    nightly.copy_actions = vec![CopyAction { lifecycle, destination_backup_vault_arn: into.to_string() }];
    bench.plan(vec![nightly]);
    let now = bench.advance(Duration::zero());
    let five = now.date_naive().and_hms_opt(5, 0, 0).unwrap().and_utc();
    bench.advance_to(if five > now { five } else { five + Duration::days(1) });
    let parent = || bench.jobs().into_iter().find(|job| job.is_parent);
    let begun = Instant::now();
    while parent().is_none_or(|parent| bench.engine().child_jobs(&parent.id).unwrap().is_empty()) {
        assert!(begun.elapsed().as_secs() < 60, "{:?}", bench.jobs());
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
    // It was begun too often by the time its children are over.
    let catalog = rusqlite::Connection::open(bench.path("data/catalog.sqlite")).unwrap();
    catalog.execute("UPDATE backup_jobs SET attempts = 100 WHERE is_parent = 1", []).unwrap();
    let begun = Instant::now();
    while !parent().unwrap().state.is_final() {
        bench.advance(Duration::minutes(1));
        assert!(begun.elapsed().as_secs() < 60, "{:?}", bench.jobs());
    }
    let parent = parent().unwrap();
    assert_eq!(parent.state, JobState::Failed, "{parent:?}");
    assert_eq!(bench.engine().child_jobs(&parent.id).unwrap(), [(JobState::Completed, 3)].into());

    let copies = || bench.engine().list_copy_jobs(&bench.caller, &CopyJobFilter::default(), &whole()).unwrap().items;
    let begun = Instant::now();
    while copies().iter().any(|job| !job.state.is_final()) {
        bench.advance(Duration::minutes(1));
        assert!(begun.elapsed().as_secs() < 60, "{:?}", copies());
    }
    assert_eq!(copies().len(), 3);
    for job in copies() {
        let (is_by_rule, is_alone) = (job.created_by == parent.created_by, job.parent_job_id.is_none());
        assert!(job.state == JobState::Completed && is_by_rule && is_alone && job.lifecycle == lifecycle, "{job:?}");
    }
    let (composites, inside) = arrived(&bench, &abroad());
    assert!(composites.is_empty() && inside.len() == 3 && inside.iter().all(|point| point.nesting.is_alone()));
}

#[test]
fn a_nested_copy_never_has_a_lifecycle_that_nobody_could_ask_for() {
    let bench = Bench::simulated();
    let arn = with_days(&bench, 120, 30);
    // One of them is kept longer than the composite, and so is its copy.
    let longer = nested(&bench, &arn).into_iter().find(|point| point.nesting.member() == Some("Two")).unwrap();
    let days = Lifecycle::delete_after(400);
    bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &longer.arn, days).unwrap();
    let asked = Lifecycle { move_to_cold_storage_after_days: Some(10), ..Lifecycle::default() };
    let request = StartCopy { lifecycle: Some(asked), ..request(&bench, &arn, &vault(&bench, &abroad())) };
    let parent = wait(&bench, &bench.engine().start_copy_job(&bench.caller, request).unwrap().id);
    assert_eq!(parent.state, JobState::Completed, "{parent:?}");
    let deleted_after = |days| Some(Lifecycle { delete_after_days: Some(days), ..asked });
    assert_eq!(parent.lifecycle, deleted_after(120));
    let (composites, inside) = arrived(&bench, &abroad());
    assert_eq!(composites[0].lifecycle, deleted_after(120));
    for point in inside {
        let expected = if point.nesting.member() == Some("Two") { 400 } else { 120 };
        assert_eq!(point.lifecycle, deleted_after(expected), "{point:?}");
    }
}
