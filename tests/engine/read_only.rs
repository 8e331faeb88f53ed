//! A data directory that can be read and not written.

use crate::bench::{Bench, VAULT, assert_completed, rule, tree};
use crate::mounted::Mounted;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use vaultdeck::domain::extension::{
    AddAccount, AddResource, AddRole, CredentialsRequest, ProblemSeverity, READ_ONLY_DIRECTORY, RepairRequest,
    read_only_directory,
};
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::plan::PlanDocument;
use vaultdeck::domain::selection::SelectionDocument;
use vaultdeck::domain::{Arn, Lifecycle, Scope, Tags, VaultName};
use vaultdeck::engine::catalog::migrations;
use vaultdeck::engine::data_dir::DataDir;
use vaultdeck::engine::offline::Offline;
use vaultdeck::engine::{
    AdvanceTo, ClockKind, Engine, EngineOptions, Error, ErrorKind, NewVault, PageRequest, RestoreJobFilter,
};

const NIGHTLY: &str = "cron(0 1 * * ? *)";

/// Each file and folder below a path: its mode, when it was changed, and its content.
fn everything(root: &Path) -> BTreeMap<PathBuf, (u32, i64, Vec<u8>)> {
    let facts = |path: &Path| {
        let metadata = fs::symlink_metadata(path).unwrap();
        (metadata.mode(), metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec())
    };
    let mut all: BTreeMap<_, _> = tree(root)
        .into_iter()
        .map(|(path, content)| {
            let (mode, changed) = facts(&root.join(&path));
            (path, (mode, changed, content))
        })
        .collect();
    let (mode, changed) = facts(root);
    all.insert(PathBuf::new(), (mode, changed, Vec::new()));
    all
}

/// Nothing is new, gone or changed; what is, is named.
fn assert_unchanged(root: &Path, before: &BTreeMap<PathBuf, (u32, i64, Vec<u8>)>) {
    let now = everything(root);
    let paths = before.keys().chain(now.keys());
    let changed: std::collections::BTreeSet<_> = paths.filter(|path| before.get(*path) != now.get(*path)).collect();
    assert!(changed.is_empty(), "changed: {changed:?}");
}

/// A directory with a recovery point, whose engine was stopped in order.
struct Scene {
    bench: Bench,
    point: Arn,
    resource: Arn,
}

impl Scene {
    fn new() -> Self {
        let mut bench = Bench::new(ClockKind::System, None);
        let resource = bench.resource("projects", &[("env", "prod")]);
        bench.plan(vec![rule("nightly", NIGHTLY, Some(35))]);
        let job = bench.backup(&resource);
        assert_completed(&job);
        bench.stop();
        Self { bench, point: job.recovery_point_arn.unwrap(), resource }
    }

    fn data(&self) -> PathBuf {
        self.bench.path("data")
    }

    /// The engine again, on the same directory, which cannot be written now.
    fn freeze(&mut self) -> Mounted {
        let mounted = Mounted::read_only(&self.data());
        self.bench.start();
        mounted
    }

    fn restore(&self, to: &str, more: &[(&str, &str)]) -> vaultdeck::domain::job::RestoreJob {
        let target = self.bench.path(to);
        self.bench.restore(&self.point, &[&[("vaultdeck:path", target.to_str().unwrap())], more].concat())
    }
}

fn scope() -> Scope {
    Engine::first_scope().unwrap()
}

fn vault() -> VaultName {
    VAULT.parse().unwrap()
}

#[test]
fn it_is_listed_checked_and_restored_from_and_stays_as_it_is() {
    let mut scene = Scene::new();
    let before = everything(&scene.data());
    let mounted = scene.freeze();
    let (engine, caller) = (scene.bench.engine(), &scene.bench.caller);

    assert_eq!(scene.bench.points().iter().map(|point| &point.arn).collect::<Vec<_>>(), [&scene.point]);
    assert_eq!(engine.describe_recovery_point(caller, VAULT, &scene.point).unwrap().resource_arn, scene.resource);
    assert_eq!(engine.list_plans(caller, false, &PageRequest::default()).unwrap().items.len(), 1);
    assert_eq!(scene.bench.jobs().len(), 1);
    let items = engine.recovery_point_items(caller, &scene.point, "/docs/deep", &PageRequest::default()).unwrap();
    assert_eq!(items.items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["number.bin"]);
    let report = engine.check_vault(&scope(), &vault()).unwrap();
    assert_eq!((report.recovery_points, report.problems), (1, Vec::new()));

    let one = scene.restore("one", &[("ItemsToRestore", r#"["/hello.txt"]"#)]);
    assert_eq!(one.state, JobState::Completed, "{:?}", one.status_message);
    assert_eq!(fs::read_to_string(scene.bench.path("one/hello.txt")).unwrap(), "hello from projects\n");
    let all = scene.restore("all", &[]);
    assert_eq!(all.state, JobState::Completed, "{:?}", all.status_message);
    assert_eq!(tree(&scene.bench.path("all")), tree(&scene.bench.path("projects")));
    let told = all.status_message.unwrap();
    assert!(told.contains("read-only") && told.contains("forgotten when the engine ends"), "{told}");

    scene.bench.stop();
    assert_unchanged(&scene.data(), &before);
    drop(mounted);
    assert_unchanged(&scene.data(), &before);
    scene.bench.start();
    let restores = scene.bench.engine().list_restore_jobs(
        &scene.bench.caller,
        &RestoreJobFilter::default(),
        &PageRequest::default(),
    );
    assert_eq!(restores.unwrap().items, [], "the jobs of the session are not kept, as they said");
}

#[test]
fn its_engine_says_so_and_is_not_well() {
    let mut scene = Scene::new();
    let _mounted = scene.freeze();
    let health = scene.bench.engine().health();
    assert!(!health.healthy);
    let told = &health.problems[0];
    assert_eq!((told.code.as_str(), told.severity), (READ_ONLY_DIRECTORY, ProblemSeverity::Error));
    assert!(
        told.message.contains("(Read-only file system)") && told.message.contains("no plan runs"),
        "{}",
        told.message
    );
    assert!(!told.message.contains(scene.data().to_str().unwrap()), "strangers may ask: {}", told.message);
    assert_eq!(read_only_directory(&scene.bench.engine().status().unwrap().problems), Some(told));
}

/// Every operation that changes something, by name.
fn mutations(scene: &Scene) -> Vec<(&'static str, Error)> {
    let (engine, caller) = (scene.bench.engine(), &scene.bench.caller);
    let plan = engine.list_plans(caller, false, &PageRequest::default()).unwrap().items[0].id.clone();
    let selection = engine.list_selections(caller, &plan, &PageRequest::default()).unwrap().items[0].id.clone();
    let document = PlanDocument {
        backup_plan_name: "new".to_owned(),
        rules: vec![rule("nightly", NIGHTLY, None)],
        ..PlanDocument::default()
    };
    let selecting = SelectionDocument {
        selection_name: "new".to_owned(),
        iam_role_arn: scene.bench.role().to_string(),
        resources: vec!["*".to_owned()],
        ..SelectionDocument::default()
    };
    let tags: Tags = [("a".to_owned(), "b".to_owned())].into();
    let vault_arn = Arn::vault(&scope(), &vault());
    let job = scene.bench.jobs()[0].id.clone();
    let resource = AddResource {
        resource_type: "EFS".to_owned(),
        name: "new".to_owned(),
        location: vaultdeck::domain::types::Location::at_path(scene.bench.path("one").to_str().unwrap()),
        secret: None,
        tags: Tags::new(),
        account_id: None,
        region: None,
    };
    fs::create_dir_all(scene.bench.path("one")).unwrap();
    let account = AddAccount { account_id: None, name: "new".to_owned(), email: None };
    let role = "arn:aws:iam::123456789012:role/new";
    let refused = |name: &'static str, error: Option<Error>| (name, error.unwrap_or_else(|| panic!("{name} was done")));
    let options = |clock| EngineOptions {
        data_dir: scene.data(),
        clock,
        scheduler: true,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    };
    vec![
        refused("create_vault", engine.create_vault(caller, &"new".parse().unwrap(), NewVault::default()).err()),
        refused("delete_vault", engine.delete_vault(caller, "Default").err()),
        refused("create_plan", engine.create_plan(caller, document.clone(), Tags::new(), None).err()),
        refused("update_plan", engine.update_plan(caller, &plan, document).err()),
        refused("create_selection", engine.create_selection(caller, &plan, selecting, None).err()),
        refused("delete_selection", engine.delete_selection(caller, &plan, &selection).err()),
        refused("delete_plan", engine.delete_plan(caller, &plan).err()),
        refused("start_backup_job", engine.start_backup_job(caller, scene.bench.backup_request(&scene.resource)).err()),
        refused("stop_backup_job", engine.stop_backup_job(caller, &job).err()),
        refused("delete_recovery_point", engine.delete_recovery_point(caller, VAULT, &scene.point).err()),
        refused(
            "update_recovery_point_lifecycle",
            engine.update_recovery_point_lifecycle(caller, VAULT, &scene.point, Lifecycle::delete_after(1)).err(),
        ),
        refused("tag_resource", engine.tag_resource(caller, &vault_arn, tags).err()),
        refused("untag_resource", engine.untag_resource(caller, &vault_arn, &["a".to_owned()]).err()),
        refused(
            "update_region_settings",
            engine.update_region_settings(caller, [("EFS".to_owned(), false)].into(), [].into()).err(),
        ),
        refused("add_resource", engine.add_resource(resource).err()),
        refused("remove_resource", engine.remove_resource(&scene.resource).err()),
        refused("add_account", engine.add_account(account).err()),
        refused("add_role", engine.add_role(AddRole { role_arn: role.to_owned() }).err()),
        refused("remove_role", engine.remove_role(&scene.bench.role()).err()),
        refused("make_recovery_key", engine.make_recovery_key(&scope(), &vault()).err()),
        refused("repair_vault", engine.repair_vault(&scope(), &vault(), &RepairRequest { dry_run: false }).err()),
        refused("rescan", engine.rescan(None).err()),
        refused("confirm_clock", engine.confirm_clock().err()),
        refused("advance", engine.advance(AdvanceTo::By(chrono::Duration::days(1))).err()),
        refused("live_by", engine.live_by(ClockKind::Simulated).err()),
        refused("announce", engine.announce(Some("http://127.0.0.1:1".to_owned()), None).err()),
        refused("open_rebuilding", Engine::open_rebuilding(options(ClockKind::System)).err()),
        refused("offline", Offline::open(&scene.data(), &std::collections::BTreeMap::new()).err()),
        refused("open_to_write", DataDir::open_to_write(&scene.data()).err()),
    ]
}

#[test]
fn each_mutation_is_refused_with_the_reason_and_nothing_is_changed() {
    let mut scene = Scene::new();
    let before = everything(&scene.data());
    let mounted = scene.freeze();
    let points = scene.bench.points();
    for (name, error) in mutations(&scene) {
        assert!(matches!(error, Error::ReadOnly(_)), "{name}: {error}");
        assert_eq!(error.kind(), ErrorKind::ServiceUnavailable, "{name}");
        let told = error.to_string();
        assert!(told.contains(scene.data().to_str().unwrap()), "{name}: {told}");
        assert!(told.contains("is read-only (Read-only file system)"), "{name}: {told}");
    }
    assert_eq!(scene.bench.points(), points, "nor does it look changed");
    assert_eq!(scene.bench.jobs().len(), 1);
    scene.bench.stop();
    drop(mounted);
    assert_unchanged(&scene.data(), &before);
}

#[test]
fn a_directory_that_its_user_made_read_only_is_not_written_either_where_it_could_be() {
    // The immutable root keeps everybody from adding files to it; the folders below could still be written.
    let mut scene = Scene::new();
    let data = scene.data();
    let disk = scene.bench.path("disk.img");
    fs::File::create(&disk).unwrap().set_len(64 << 20).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let done = std::process::Command::new(program).args(arguments).output().unwrap();
        assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    run("mkfs.ext4", &["-q", disk.to_str().unwrap()]);
    let place = scene.bench.path("disk");
    let _disk = Mounted::mount(&["-o", "loop", disk.to_str().unwrap()], &place);
    let moved = place.join("data");
    run("cp", &["-a", data.to_str().unwrap(), moved.to_str().unwrap()]);
    let _seen = Mounted::mount(&["--bind", moved.to_str().unwrap()], &data);
    run("chattr", &["+i", moved.to_str().unwrap()]);
    let before = everything(&data);

    scene.bench.start();
    let job = scene.restore("all", &[]);
    let report = scene.bench.engine().check_vault(&scope(), &vault()).unwrap();
    let refused = mutations(&scene);
    scene.bench.stop();
    let compared = std::panic::catch_unwind(|| assert_unchanged(&data, &before));
    run("chattr", &["-i", moved.to_str().unwrap()]);

    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    assert_eq!(report.problems, []);
    for (name, error) in refused {
        assert!(matches!(error, Error::ReadOnly(_)), "{name}: {error}");
        assert!(error.to_string().contains("(Operation not permitted)"), "{name}: {error}");
    }
    compared.unwrap();
}

#[test]
fn a_restore_without_a_folder_of_its_own_is_refused_before_it_begins() {
    let mut scene = Scene::new();
    let _mounted = scene.freeze();
    let metadata =
        scene.bench.engine().recovery_point_restore_metadata(&scene.bench.caller, VAULT, &scene.point).unwrap();
    let request = scene.bench.restore_request(&scene.point, metadata);
    let refused = scene.bench.engine().start_restore_job(&scene.bench.caller, request).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidParameterValue);
    assert!(refused.to_string().contains("vaultdeck:path") && refused.to_string().contains("read-only"), "{refused}");
}

#[test]
fn jobs_that_an_earlier_process_left_stay_as_they_are() {
    let mut scene = Scene::new();
    let target = scene.bench.path("left").to_str().unwrap().to_owned();
    let catalog = rusqlite::Connection::open(scene.data().join("catalog.sqlite")).unwrap();
    let pending = "00000000-0000-4000-8000-000000000001";
    let vault_arn = Arn::vault(&scope(), &vault());
    catalog
        .execute(
            "INSERT INTO restore_jobs (id, account, region, recovery_point_arn, vault_arn, created, state, resource_type,
                 metadata, target, copy_tags, attempts, created_resource_id)
             VALUES (?1, '123456789012', 'us-east-1', ?2, ?3, 1, 'PENDING', 'EFS', '{}', ?4, 0, 0, 'fs-1')",
            [pending, scene.point.as_str(), vault_arn.as_str(), &serde_json::json!({ "Path": target }).to_string()],
        )
        .unwrap();
    catalog.execute("UPDATE backup_jobs SET state = 'RUNNING'", []).unwrap();
    catalog.close().unwrap();
    let _mounted = scene.freeze();
    let own = scene.restore("own", &[]);
    assert_eq!(own.state, JobState::Completed, "{:?}", own.status_message);
    let engine = scene.bench.engine();
    let left = engine.describe_restore_job(&scene.bench.caller, &pending.parse().unwrap()).unwrap();
    assert_eq!(left.state, JobState::Pending);
    assert_eq!(scene.bench.jobs()[0].state, JobState::Running);
    assert!(!Path::new(&target).exists());
}

#[test]
fn what_is_only_in_the_catalogs_log_is_seen() {
    let scene = Scene::new();
    let data = scene.data();
    let frozen = scene.bench.path("frozen");
    // Held open, so that nothing moves the log into the catalog's file; then as a snapshot of the disk would have it.
    let catalog = rusqlite::Connection::open(data.join("catalog.sqlite")).unwrap();
    catalog.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    catalog.execute("UPDATE accounts SET name = 'only in the log'", []).unwrap();
    let copied = std::process::Command::new("cp").arg("-a").args([&data, &frozen]).status().unwrap();
    assert!(copied.success());
    drop(catalog);
    assert_ne!(first_account_without_the_log(&frozen), "only in the log");
    let before = everything(&frozen);
    let _mounted = Mounted::read_only(&frozen);
    let engine = open(&frozen);
    assert_eq!(engine.accounts().unwrap().accounts[0].name, "only in the log");
    assert!(engine.shutdown(std::time::Duration::from_secs(10)));
    drop(engine);
    assert_unchanged(&frozen, &before);
}

fn first_account_without_the_log(data: &Path) -> String {
    let uri = format!("file:{}?immutable=1", data.join("catalog.sqlite").display());
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_URI;
    let catalog = rusqlite::Connection::open_with_flags(uri, flags).unwrap();
    catalog.query_row("SELECT name FROM accounts", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_catalog_of_an_older_version_is_read_and_stays_of_that_version() {
    let scene = Scene::new();
    let path = scene.data().join("catalog.sqlite");
    fs::remove_file(&path).unwrap();
    let mut older = rusqlite::Connection::open(&path).unwrap();
    migrations::run(&mut older, &path, &migrations::ALL[..1]).unwrap();
    let vault_arn = Arn::vault(&scope(), &vault());
    older
        .execute_batch(&format!(
            "INSERT INTO accounts VALUES ('123456789012', 'first', 'e@example.com', 1, 'ACTIVE', 0);
             INSERT INTO vaults VALUES ('{vault_arn}', '123456789012', 'us-east-1', '{VAULT}', 'BACKUP_VAULT', NULL, NULL, 0);"
        ))
        .unwrap();
    older.close().unwrap();
    let before = everything(&scene.data());
    let _mounted = Mounted::read_only(&scene.data());
    let engine = open(&scene.data());
    assert_eq!(engine.describe_vault(&scene.bench.caller, VAULT).unwrap().arn, vault_arn);
    assert!(engine.check_vault(&scope(), &vault()).is_ok(), "its folder opens, whose vault had no id then");
    assert!(engine.shutdown(std::time::Duration::from_secs(10)));
    drop(engine);
    assert_unchanged(&scene.data(), &before);
}

#[test]
fn damage_that_is_met_is_told_and_not_written_down() {
    let mut scene = Scene::new();
    let data = scene.data();
    let folder = data.join("vaults/123456789012/us-east-1").join(VAULT).join("data");
    let files = tree(&folder);
    let (pack, content) =
        files.iter().filter(|(path, _)| folder.join(path).is_file()).max_by_key(|(_, c)| c.len()).unwrap();
    let pack = folder.join(pack);
    fs::set_permissions(&pack, fs::Permissions::from_mode(0o600)).unwrap();
    let mut damaged = content.clone();
    for byte in &mut damaged[..64] {
        *byte ^= 0xFF;
    }
    fs::write(&pack, damaged).unwrap();
    let before = everything(&data);
    let mounted = scene.freeze();
    let report = scene.bench.engine().check_vault(&scope(), &vault()).unwrap();
    assert!(!report.problems.is_empty());
    assert!(report.problems.iter().all(|problem| !problem.repaired), "{:?}", report.problems);
    let health = scene.bench.engine().health();
    assert!(health.problems.iter().any(|problem| problem.code == "RecoveryPointsDamaged"), "{health:?}");
    scene.bench.stop();
    drop(mounted);
    assert_unchanged(&data, &before);
}

#[test]
fn an_engine_that_writes_keeps_out_who_could_only_read() {
    let scene = Scene::new();
    let _writer = open(&scene.data());
    let _mounted = Mounted::read_only(&scene.data());
    let options = options(&scene.data());
    assert!(matches!(Engine::open(options), Err(Error::Held { .. })));
}

#[test]
fn an_empty_directory_that_cannot_be_written_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let _mounted = Mounted::read_only(folder.path());
    let Err(Error::DataDir(why)) = Engine::open(options(folder.path())) else { panic!("opened") };
    assert!(why.contains("is read-only (Read-only file system)") && why.contains("nothing in it yet"), "{why}");
}

#[test]
fn an_access_key_that_is_made_now_is_good_for_this_process() {
    let mut scene = Scene::new();
    let _mounted = scene.freeze();
    let engine = scene.bench.engine();
    let made = engine.credentials(CredentialsRequest::default()).unwrap();
    let again = engine.credentials(CredentialsRequest::default()).unwrap();
    assert_eq!(made.access_key_id, again.access_key_id);
    assert!(engine.authenticate(&made.access_key_id, None).is_ok());
}

#[test]
fn an_engine_whose_file_system_becomes_read_only_tells_what_to_do() {
    let mut scene = Scene::new();
    scene.bench.start();
    assert!(read_only_directory(&scene.bench.engine().status().unwrap().problems).is_none());
    let mounted = Mounted::read_only(&scene.data());
    let status = scene.bench.engine().status().unwrap();
    let told = &read_only_directory(&status.problems).unwrap().message;
    assert!(
        told.contains("became read-only while the engine ran") && told.contains("Start the engine again"),
        "{told}"
    );
    drop(mounted);
    assert!(read_only_directory(&scene.bench.engine().status().unwrap().problems).is_none(), "it is right again");
}

fn options(data_dir: &Path) -> EngineOptions {
    EngineOptions {
        data_dir: data_dir.to_owned(),
        clock: ClockKind::System,
        scheduler: true,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    }
}

fn open(data_dir: &Path) -> std::sync::Arc<Engine> {
    Engine::open(options(data_dir)).unwrap()
}
