//! Copies of recovery points into other vaults, regions and accounts: what arrives, what is refused, and what holds meanwhile.

use crate::bench::{Bench, VAULT, assert_completed, rule, tree};
use crate::harness::{caller, whole};
use chrono::{Duration, Timelike as _};
use std::time::Instant;
use vaultdeck::domain::extension::AddAccount;
use vaultdeck::domain::job::{CopyJob, JobState};
use vaultdeck::domain::names::JobId;
use vaultdeck::domain::plan::CopyAction;
use vaultdeck::domain::recovery_point::RecoveryPoint;
use vaultdeck::domain::vault_lock::LockRequest;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::{
    Caller, CopyJobFilter, Error, ErrorKind, NewVault, RecoveryPointFilter, StartBackup, StartCopy, StartRestore,
};

const MEMBER: &str = "210987654321";
const FRANKFURT: &str = "eu-central-1";

struct Scene {
    bench: Bench,
    resource: Arn,
    point: Arn,
}

impl Scene {
    /// A resource with one recovery point.
    fn new() -> Self {
        let bench = Bench::simulated();
        let resource = bench.resource("projects", &[("backup", "yes")]);
        let job = bench.backup(&resource);
        assert_completed(&job);
        Self { bench, resource, point: job.recovery_point_arn.unwrap() }
    }

    /// The same, and a member that has a vault `copies`.
    fn with_member() -> Self {
        let scene = Self::new();
        let member = AddAccount { account_id: Some(MEMBER.to_owned()), name: "archive".to_owned(), email: None };
        scene.bench.engine().add_account(member).unwrap();
        scene.vault(&member_in(FRANKFURT));
        scene
    }

    /// A vault `copies` of that account and region.
    fn vault(&self, caller: &Caller) -> Arn {
        let name = "copies".parse().unwrap();
        self.bench.engine().create_vault(caller, &name, NewVault::default()).unwrap();
        Arn::vault(&caller.scope(), &name)
    }

    fn request(&self, destination: &Arn) -> StartCopy {
        StartCopy {
            recovery_point_arn: self.point.clone(),
            source_vault_name: VAULT.to_owned(),
            destination_vault_arn: destination.clone(),
            iam_role_arn: self.bench.role(),
            idempotency_token: None,
            lifecycle: None,
        }
    }

    fn start(&self, request: StartCopy) -> Result<CopyJob, Error> {
        self.bench.engine().start_copy_job(&self.bench.caller, request)
    }

    /// Copies, and waits for the end.
    fn copy(&self, destination: &Arn) -> CopyJob {
        let job = self.start(self.request(destination)).unwrap();
        self.wait(&job.id)
    }

    fn wait(&self, id: &JobId) -> CopyJob {
        let started = Instant::now();
        loop {
            let job = self.bench.engine().describe_copy_job(&self.bench.caller, id).unwrap();
            if job.state.is_final() {
                return job;
            }
            assert!(started.elapsed().as_secs() < 60, "the copy does not end: {job:?}");
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    }

    fn jobs(&self, caller: &Caller, filter: &CopyJobFilter) -> Vec<String> {
        let page = self.bench.engine().list_copy_jobs(caller, filter, &whole()).unwrap();
        page.items.into_iter().map(|job| job.id.to_string()).collect()
    }

    fn points(&self, caller: &Caller) -> Vec<RecoveryPoint> {
        let filter = RecoveryPointFilter::default();
        self.bench.engine().list_recovery_points_by_vault(caller, "copies", &filter, &whole()).unwrap().items
    }

    /// Whether copies may leave their account.
    fn allow_cross_account(&self, allowed: bool) {
        let setting = ("isCrossAccountBackupEnabled".to_owned(), allowed.to_string());
        self.bench.engine().update_global_settings(&self.bench.caller, &[setting].into()).unwrap();
    }

    /// The member's vault lets everybody's copies in.
    fn let_in(&self) {
        let member = member_in(FRANKFURT);
        let vault = Arn::vault(&member.scope(), &"copies".parse().unwrap());
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": "*",
                 "Action": "backup:CopyIntoBackupVault", "Resource": "{vault}"}}]}}"#
        );
        self.bench.engine().put_vault_access_policy(&member, "copies", &policy).unwrap();
    }
}

fn member_in(region: &str) -> Caller {
    caller(MEMBER, region)
}

fn copies_of(caller: &Caller) -> Arn {
    Arn::vault(&caller.scope(), &"copies".parse().unwrap())
}

fn completed(job: &CopyJob) -> Arn {
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    job.destination_recovery_point_arn.clone().unwrap()
}

fn refused(job: &CopyJob) -> String {
    assert_eq!((&job.state, &job.destination_recovery_point_arn), (&JobState::Failed, &None));
    job.status_message.clone().unwrap()
}

#[test]
fn a_copy_in_another_region_restores_when_its_source_and_the_sources_vault_are_gone() {
    let scene = Scene::new();
    let abroad = caller("123456789012", FRANKFURT);
    let copy = completed(&scene.copy(&scene.vault(&abroad)));
    let engine = scene.bench.engine();

    let source = scene.bench.points().remove(0);
    let made = engine.describe_recovery_point(&abroad, "copies", &copy).unwrap();
    assert_eq!(made.source_vault_arn.as_ref(), Some(&source.vault_arn));
    // Days count from the creation of the source.
    assert_eq!(
        (made.created, made.resource_arn, made.size_bytes),
        (source.created, source.resource_arn, source.size_bytes)
    );
    assert_eq!((source.source_vault_arn, made.created_by), (None, None));

    engine.delete_recovery_point(&scene.bench.caller, VAULT, &scene.point).unwrap();
    engine.delete_vault(&scene.bench.caller, VAULT).unwrap();
    let metadata = engine.recovery_point_restore_metadata(&abroad, "copies", &copy).unwrap();
    let target = scene.bench.path("restored");
    let metadata = metadata
        .into_iter()
        .chain(crate::bench::pairs(&[("newFileSystem", "true"), ("vaultdeck:path", target.to_str().unwrap())]));
    let restore = StartRestore {
        recovery_point_arn: copy,
        metadata: metadata.collect(),
        iam_role_arn: Some(scene.bench.role()),
        idempotency_token: None,
        resource_type: None,
        copy_source_tags: false,
    };
    let id = engine.start_restore_job(&abroad, restore).unwrap();
    scene.bench.advance(Duration::minutes(1));
    let job = engine.describe_restore_job(&abroad, &id).unwrap();
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    assert_eq!(tree(&target), tree(&scene.bench.path("projects")));
    let report = engine.check_vault(&abroad.scope(), &"copies".parse().unwrap()).unwrap();
    assert_eq!(report.problems, []);
}

#[test]
fn a_second_copy_of_what_is_there_moves_nothing_and_is_a_point_of_its_own() {
    let scene = Scene::new();
    let vault = scene.vault(&caller("123456789012", FRANKFURT));
    let size = |scene: &Scene| -> u64 {
        let data = scene.bench.path("data/vaults/123456789012").join(FRANKFURT).join("copies/data");
        tree(&data).values().map(|content| content.len() as u64).sum()
    };
    let first = completed(&scene.copy(&vault));
    let before = size(&scene);
    let second = completed(&scene.copy(&vault));
    assert_ne!(first, second);
    assert_eq!(size(&scene), before, "no pack more");
}

#[test]
fn a_copy_lives_as_long_as_its_source_unless_it_is_told_otherwise() {
    let scene = Scene::new();
    let abroad = caller("123456789012", FRANKFURT);
    let vault = scene.vault(&abroad);
    let request =
        StartBackup { lifecycle: Some(Lifecycle::delete_after(35)), ..scene.bench.backup_request(&scene.resource) };
    let job = scene.bench.engine().start_backup_job(&scene.bench.caller, request).unwrap();
    let point = scene.bench.wait(&job.id).recovery_point_arn.unwrap();
    let days = |asked: Option<i64>| {
        let lifecycle = asked.map(Lifecycle::delete_after);
        let request = StartCopy { recovery_point_arn: point.clone(), lifecycle, ..scene.request(&vault) };
        let made = completed(&scene.wait(&scene.start(request).unwrap().id));
        let made = scene.bench.engine().describe_recovery_point(&abroad, "copies", &made).unwrap();
        let lives = made.calculated_lifecycle.delete_at.map(|at| (at - made.created).num_days());
        (made.lifecycle.and_then(|lifecycle| lifecycle.delete_days()), lives)
    };
    assert_eq!(days(None), (Some(35), Some(35)));
    assert_eq!(days(Some(7)), (Some(7), Some(7)));
    assert_eq!(days(Some(-1)), (Some(35), Some(35)), "never is no way to outlive the source");
    // They go when their days are over, though their sources have more.
    assert_eq!(scene.points(&abroad).len(), 3);
    scene.bench.advance(Duration::days(8));
    assert_eq!(scene.points(&abroad).len(), 2);
    scene.bench.advance(Duration::days(28));
    assert_eq!(scene.points(&abroad).len(), 0);
}

#[test]
fn a_copy_to_another_account_needs_the_setting_and_the_policy_and_says_which_is_missing() {
    let scene = Scene::with_member();
    let member = member_in(FRANKFURT);
    let vault = copies_of(&member);
    assert!(refused(&scene.copy(&vault)).contains("isCrossAccountBackupEnabled is not true"));
    scene.allow_cross_account(true);
    let job = scene.copy(&vault);
    let message = refused(&job);
    assert!(message.starts_with("Access Denied trying to call AWS Backup service"), "{message}");
    assert!(message.contains("no resource-based policy allows the backup:CopyIntoBackupVault action"), "{message}");
    assert_eq!(job.message_category.as_deref(), Some("AccessDenied"));
    scene.let_in();
    let copy = completed(&scene.copy(&vault));
    assert_eq!(copy.account(), MEMBER);
    // It is the member's, who alone restores and deletes it.
    let engine = scene.bench.engine();
    let point = engine.describe_recovery_point(&member, "copies", &copy).unwrap();
    assert_eq!(point.scope, member.scope());
    assert!(engine.describe_recovery_point(&scene.bench.caller, "copies", &copy).is_err());
    // The setting counts when a copy begins, whatever went before.
    scene.allow_cross_account(false);
    assert!(refused(&scene.copy(&vault)).contains("isCrossAccountBackupEnabled"));
    assert_eq!(scene.points(&member).len(), 1);
}

#[test]
fn a_policy_that_cannot_be_read_lets_no_copy_in_and_holds_up_no_other_job() {
    let scene = Scene::with_member();
    scene.allow_cross_account(true);
    scene.let_in();
    let catalog = rusqlite::Connection::open(scene.bench.path("data/catalog.sqlite")).unwrap();
    assert_eq!(catalog.execute("UPDATE vault_access_policies SET policy = '{'", []).unwrap(), 1);
    let job = scene.copy(&copies_of(&member_in(FRANKFURT)));
    let message = refused(&job);
    assert!(message.contains("cannot be read any more"), "{message}");
    assert_eq!(job.message_category.as_deref(), Some("AccessDenied"));
    assert_completed(&scene.bench.backup(&scene.resource));
}

#[test]
fn what_a_copy_is_asked_for_and_what_its_source_adds_must_go_together() {
    let scene = Scene::new();
    let vault = scene.vault(&caller("123456789012", FRANKFURT));
    let request =
        StartBackup { lifecycle: Some(Lifecycle::delete_after(35)), ..scene.bench.backup_request(&scene.resource) };
    let job = scene.bench.engine().start_backup_job(&scene.bench.caller, request).unwrap();
    let point = scene.bench.wait(&job.id).recovery_point_arn.unwrap();
    let with = |lifecycle| StartCopy { recovery_point_arn: point.clone(), lifecycle, ..scene.request(&vault) };
    let cold = Lifecycle { move_to_cold_storage_after_days: Some(10), ..Lifecycle::default() };
    let refused = scene.start(with(Some(cold))).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidParameterValue);
    assert!(refused.to_string().contains("90 days apart"), "{refused}");
    // What nobody asked for is the point's own, and no reason against a copy.
    let catalog = rusqlite::Connection::open(scene.bench.path("data/catalog.sqlite")).unwrap();
    let odd = r#"{"MoveToColdStorageAfterDays": 10, "DeleteAfterDays": 35}"#;
    catalog.execute("UPDATE recovery_points SET lifecycle = ?2 WHERE arn = ?1", [point.as_str(), odd]).unwrap();
    completed(&scene.wait(&scene.start(with(None)).unwrap().id));
}

#[test]
fn only_the_management_account_changes_the_settings_of_the_organization_and_only_what_there_is() {
    let scene = Scene::with_member();
    let engine = scene.bench.engine();
    let set = |caller: &Caller, name: &str, value: &str| {
        engine.update_global_settings(caller, &[(name.to_owned(), value.to_owned())].into())
    };
    let refused = set(&member_in(FRANKFURT), "isCrossAccountBackupEnabled", "true").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
    let owner = &scene.bench.caller;
    for (name, value, told) in [
        ("isCrossAccountBackupEnabled", "yes", "must be true or false"),
        ("isEverythingEnabled", "true", "isEverythingEnabled"),
        ("isMpaEnabled", "true", "isMpaEnabled=true is not supported"),
    ] {
        let refused = set(owner, name, value).unwrap_err().to_string();
        assert!(refused.contains("GlobalSettings") && refused.contains(told), "{refused}");
    }
    let told = || engine.global_settings(&member_in(FRANKFURT)).unwrap();
    assert_eq!(told().settings["isCrossAccountBackupEnabled"], "false");
    set(owner, "isCrossAccountBackupEnabled", "true").unwrap();
    set(owner, "isMpaEnabled", "false").unwrap();
    set(owner, "isDelegatedAdministratorEnabled", "true").unwrap();
    assert_eq!(told().settings["isDelegatedAdministratorEnabled"], "true");
    assert_eq!(told().settings["isMpaEnabled"], "false");
    assert_eq!(told().settings["isCrossAccountBackupEnabled"], "true");
    assert_eq!(told().last_update, Some(engine.now()));
}

#[test]
fn what_the_caller_can_know_is_refused_by_the_call_and_makes_no_job() {
    let scene = Scene::new();
    let own = Arn::vault(&scene.bench.caller.scope(), &VAULT.parse().unwrap());
    let gone: Arn = "arn:aws:backup:eu-central-1:123456789012:backup-vault:gone".parse().unwrap();
    let other_point = Arn::recovery_point(&scene.bench.caller.scope(), "none");
    let good = scene.vault(&caller("123456789012", FRANKFURT));
    let role: Arn = "arn:aws:iam::123456789012:role/none".parse().unwrap();
    let bucket: Arn = "arn:aws:s3:::bucket".parse().unwrap();
    let cases = [
        (scene.request(&own), ErrorKind::InvalidRequest, "must not be the same"),
        (scene.request(&gone), ErrorKind::ResourceNotFound, "gone"),
        (scene.request(&bucket), ErrorKind::InvalidParameterValue, "DestinationBackupVaultArn"),
        (StartCopy { recovery_point_arn: other_point, ..scene.request(&good) }, ErrorKind::ResourceNotFound, "none"),
        (
            StartCopy { source_vault_name: "Default".to_owned(), ..scene.request(&good) },
            ErrorKind::ResourceNotFound,
            "",
        ),
        (
            StartCopy { iam_role_arn: role, ..scene.request(&good) },
            ErrorKind::InvalidParameterValue,
            "cannot be assumed",
        ),
        (
            StartCopy { lifecycle: Some(Lifecycle::delete_after(40_000)), ..scene.request(&good) },
            ErrorKind::InvalidParameterValue,
            "DeleteAfterDays",
        ),
    ];
    for (request, kind, told) in cases {
        let refused = scene.start(request).unwrap_err();
        assert!(refused.to_string().contains(told), "{refused}");
        assert_eq!(refused.kind(), kind, "{refused}");
    }
    assert!(scene.jobs(&scene.bench.caller, &CopyJobFilter::default()).is_empty());
}

#[test]
fn a_destination_outside_the_organization_or_gone_by_then_fails_the_job() {
    let scene = Scene::with_member();
    scene.allow_cross_account(true);
    let outside: Arn = "arn:aws:backup:eu-central-1:999999999999:backup-vault:copies".parse().unwrap();
    assert!(refused(&scene.copy(&outside)).contains("must be a member of the same organization"));
    let gone: Arn = format!("arn:aws:backup:eu-central-1:{MEMBER}:backup-vault:gone").parse().unwrap();
    assert_eq!(refused(&scene.copy(&gone)), format!("Copy job failed because backup vault {gone} does not exist."));
}

#[test]
fn a_retention_outside_the_lock_of_the_destination_fails_the_job() {
    let scene = Scene::new();
    let abroad = caller("123456789012", FRANKFURT);
    let vault = scene.vault(&abroad);
    let lock = LockRequest { min_retention_days: Some(7), max_retention_days: Some(30), changeable_for_days: None };
    scene.bench.engine().put_vault_lock(&abroad, "copies", &lock).unwrap();
    let copy = |days: Option<i64>| {
        let request = StartCopy { lifecycle: days.map(Lifecycle::delete_after), ..scene.request(&vault) };
        scene.wait(&scene.start(request).unwrap().id)
    };
    // Its source is kept for ever, and so would it be.
    for days in [None, Some(6), Some(31)] {
        let told = "Copy job failed. The retention specified in the job is not within the range specified for the target \
                    Backup Vault.";
        assert_eq!(refused(&copy(days)), told);
    }
    completed(&copy(Some(7)));
}

#[test]
fn the_same_token_gives_the_same_job_and_with_another_request_an_error() {
    let scene = Scene::new();
    let vault = scene.vault(&caller("123456789012", FRANKFURT));
    let with = |lifecycle| StartCopy { idempotency_token: Some("t".to_owned()), lifecycle, ..scene.request(&vault) };
    let first = scene.start(with(None)).unwrap().id;
    assert_eq!(scene.start(with(None)).unwrap().id, first);
    assert!(scene.start(with(Some(Lifecycle::delete_after(7)))).is_err());
    assert_eq!(scene.jobs(&scene.bench.caller, &CopyJobFilter::default()), [first.to_string()]);
}

#[test]
fn jobs_are_listed_for_who_copies_and_for_whom_they_come_to_and_by_every_filter() {
    let scene = Scene::with_member();
    scene.allow_cross_account(true);
    scene.let_in();
    let (owner, member) = (&scene.bench.caller, member_in(FRANKFURT));
    let abroad = scene.vault(&caller("123456789012", FRANKFURT));
    let to_member = scene.copy(&copies_of(&member));
    scene.bench.advance(Duration::hours(1));
    let to_abroad = scene.copy(&abroad);
    let (a, b) = (to_member.id.to_string(), to_abroad.id.to_string());
    let all = CopyJobFilter::default;
    assert_eq!(scene.jobs(owner, &all()), [b.clone(), a.clone()]);
    assert_eq!(scene.jobs(&member, &all()), std::slice::from_ref(&a));
    assert_eq!(scene.jobs(&member_in("us-east-1"), &all()), [""; 0]);
    let engine = scene.bench.engine();
    assert_eq!(engine.describe_copy_job(&member, &to_member.id).unwrap().scope, owner.scope());
    assert!(engine.describe_copy_job(&member, &to_abroad.id).is_err());
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (CopyJobFilter { destination_vault_arn: Some(abroad), ..all() }, vec![&b]),
        (CopyJobFilter { source_recovery_point_arn: Some(scene.point.clone()), ..all() }, vec![&b, &a]),
        (CopyJobFilter { source_recovery_point_arn: to_abroad.destination_recovery_point_arn, ..all() }, vec![]),
        (CopyJobFilter { resource_arn: Some(scene.resource.clone()), ..all() }, vec![&b, &a]),
        (CopyJobFilter { state: text("COMPLETED"), ..all() }, vec![&b, &a]),
        (CopyJobFilter { state: text("FAILED"), ..all() }, vec![]),
        (CopyJobFilter { resource_type: text("EFS"), ..all() }, vec![&b, &a]),
        (CopyJobFilter { resource_type: text("S3"), ..all() }, vec![]),
        (CopyJobFilter { created_after: to_member.created, ..all() }, vec![&b]),
        (CopyJobFilter { created_before: to_abroad.created, ..all() }, vec![&a]),
        (CopyJobFilter { complete_after: to_member.completed, ..all() }, vec![&b]),
        (CopyJobFilter { message_category: text("success"), ..all() }, vec![&b, &a]),
        (CopyJobFilter { message_category: text("AccessDenied"), ..all() }, vec![]),
        (CopyJobFilter { parent_job_id: text("none"), ..all() }, vec![]),
        (CopyJobFilter { account_id: text("*"), ..all() }, vec![&b, &a]),
        (CopyJobFilter { account_id: text(MEMBER), ..all() }, vec![]),
    ];
    for (filter, expected) in cases {
        assert_eq!(scene.jobs(owner, &filter).iter().collect::<Vec<_>>(), expected, "{filter:?}");
        // The narrower list of whom one of them comes to.
        let arriving: Vec<&String> = expected.into_iter().filter(|id| **id == a).collect();
        if filter.account_id.is_none() {
            assert_eq!(scene.jobs(&member, &filter).iter().collect::<Vec<_>>(), arriving, "{filter:?}");
        }
    }
    let wrong = CopyJobFilter { state: text("EXPIRED"), ..all() };
    assert!(engine.list_copy_jobs(owner, &wrong, &whole()).is_err());
}

#[test]
fn a_plan_copies_what_it_has_backed_up_once_that_is_whole() {
    let scene = Scene::with_member();
    let abroad = caller("123456789012", FRANKFURT);
    let vault = scene.vault(&abroad);
    let to = |arn: &Arn, days: Option<i64>| CopyAction {
        destination_backup_vault_arn: arn.to_string(),
        lifecycle: days.map(Lifecycle::delete_after),
    };
    // In a day and an hour, whatever the hour is now, it runs once.
    let hour = (scene.bench.engine().now() + Duration::hours(3)).hour();
    let mut daily = rule("daily", &format!("cron(0 {hour} ? * * *)"), Some(35));
    daily.copy_actions = vec![to(&vault, Some(7)), to(&copies_of(&member_in(FRANKFURT)), None)];
    let plan = scene.bench.plan(vec![daily]);
    scene.bench.advance(Duration::days(1));

    let backup = scene.bench.jobs().into_iter().find(|job| job.created_by.is_some()).unwrap();
    assert_completed(&backup);
    let jobs =
        scene.bench.engine().list_copy_jobs(&scene.bench.caller, &CopyJobFilter::default(), &whole()).unwrap().items;
    assert_eq!(jobs.len(), 2);
    for job in &jobs {
        assert_eq!(job.backup_job_id.as_ref(), Some(&backup.id));
        assert_eq!(job.created_by.as_ref().unwrap().backup_plan_id, plan.id.to_string());
        assert_eq!(job.source_recovery_point_arn, backup.recovery_point_arn);
    }
    let done = jobs.iter().find(|job| job.destination_vault_arn.as_ref() == Some(&vault)).unwrap();
    let point = scene.bench.engine().describe_recovery_point(&abroad, "copies", &completed(done)).unwrap();
    assert_eq!((point.created, point.lifecycle), (backup.created, Some(Lifecycle::delete_after(7))));
    // The other one fails for itself: copies may not leave the account.
    let other = jobs.iter().find(|job| job.id != done.id).unwrap();
    assert!(refused(other).contains("isCrossAccountBackupEnabled"));
    // A copy is no backup: it is not copied on.
    scene.bench.advance(Duration::hours(1));
    assert_eq!(scene.jobs(&scene.bench.caller, &CopyJobFilter::default()).len(), 2);
}

#[test]
fn a_vault_cannot_be_deleted_nor_a_point_go_while_a_copy_needs_them() {
    let bench = Bench::with_rate(10);
    let resource = bench.resource("projects", &[]);
    let job = bench.engine().start_backup_job(&bench.caller, bench.backup_request(&resource)).unwrap();
    bench.advance(Duration::hours(2));
    let point = bench.wait(&job.id).recovery_point_arn.unwrap();
    let scene = Scene { bench, resource, point };
    let abroad = caller("123456789012", FRANKFURT);
    let vault = scene.vault(&abroad);
    // Under a rate it lasts after its work, until its time has come.
    let copy = scene.start(scene.request(&vault)).unwrap();
    scene.bench.engine().settle_now().unwrap();
    let engine = scene.bench.engine();
    assert_eq!(engine.describe_copy_job(&scene.bench.caller, &copy.id).unwrap().state, JobState::Running);
    let refused = engine.delete_vault(&abroad, "copies").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
    engine.delete_recovery_point(&scene.bench.caller, VAULT, &scene.point).unwrap();
    let status = || scene.bench.points().first().map(|point| point.status.as_str().to_owned());
    assert_eq!(status().as_deref(), Some("DELETING"));
    scene.bench.advance(Duration::hours(2));
    completed(&engine.describe_copy_job(&scene.bench.caller, &copy.id).unwrap());
    assert_eq!(status(), None, "the point goes when its copy is whole");
    assert_eq!(scene.points(&abroad).len(), 1);
}
