//! An engine on a folder of its own, and the short words in which the tests speak to it.

use chrono::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use vaultdeck::domain::extension::AddResource;
use vaultdeck::domain::job::{BackupJob, JobState, RestoreJob};
use vaultdeck::domain::names::JobId;
use vaultdeck::domain::plan::{Plan, PlanDocument, Rule};
use vaultdeck::domain::recovery_point::RecoveryPoint;
use vaultdeck::domain::selection::SelectionDocument;
use vaultdeck::domain::selection::TagCondition;
use vaultdeck::domain::{Arn, Lifecycle, Tags, Time, VaultName};
use vaultdeck::engine::{
    AdvanceTo, BackupJobFilter, Caller, ClockKind, Clocks, Engine, EngineOptions, NewVault, PageRequest,
    RecoveryPointFilter, RestoreRoots, StartBackup, StartRestore,
};

/// The vault that every test finds.
pub const VAULT: &str = "test-vault";

/// An engine with a vault, in a temporary folder.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub engine: Option<Arc<Engine>>,
    pub caller: Caller,
    pub options: EngineOptions,
    clocks: Option<FakeClocks>,
}

/// Clocks that stand still until a test moves them.
#[derive(Clone)]
pub struct FakeClocks(Arc<Mutex<Faces>>);

struct Faces {
    wall: Time,
    boot: Duration,
    awake: Duration,
    start: u32,
}

impl Default for FakeClocks {
    fn default() -> Self {
        let wall = "2026-11-23T05:30:00Z".parse().unwrap();
        let (boot, awake) = (Duration::days(1), Duration::days(1));
        Self(Arc::new(Mutex::new(Faces { wall, boot, awake, start: 0 })))
    }
}

impl FakeClocks {
    /// Time goes by.
    pub fn pass(&self, by: Duration) {
        let mut faces = self.0.lock().unwrap();
        (faces.wall, faces.boot, faces.awake) = (faces.wall + by, faces.boot + by, faces.awake + by);
    }

    /// Somebody sets the wall clock.
    pub fn set_wall(&self, by: Duration) {
        self.0.lock().unwrap().wall += by;
    }

    /// The machine is off for so long.
    pub fn restart_machine(&self, by: Duration) {
        let mut faces = self.0.lock().unwrap();
        faces.wall += by;
        (faces.boot, faces.awake, faces.start) = (Duration::seconds(20), Duration::seconds(1), faces.start + 1);
    }
}

impl Clocks for FakeClocks {
    fn wall(&self) -> Time {
        self.0.lock().unwrap().wall
    }

    fn boot(&self) -> std::time::Duration {
        self.0.lock().unwrap().boot.to_std().unwrap()
    }

    fn boot_id(&self) -> Option<String> {
        Some(self.0.lock().unwrap().start.to_string())
    }

    fn awake(&self) -> std::time::Duration {
        self.0.lock().unwrap().awake.to_std().unwrap()
    }
}

impl Bench {
    /// Under a simulated clock; jobs take no engine time.
    pub fn simulated() -> Self {
        Self::new(ClockKind::Simulated, None)
    }

    /// The same, in this folder.
    pub fn simulated_in(folder: tempfile::TempDir) -> Self {
        Self::with(folder, ClockKind::Simulated, None, None)
    }

    /// What another bench left in a folder under a simulated clock; the engine is not opened yet.
    pub fn at_rest(folder: tempfile::TempDir) -> Self {
        let data_dir = folder.path().join("data");
        let options = EngineOptions {
            data_dir,
            clock: ClockKind::Simulated,
            scheduler: true,
            simulated_rate: None,
            cold: std::collections::BTreeMap::new(),
        };
        Self { folder, engine: None, caller: first_caller(), options, clocks: None }
    }

    /// Gives up the bench, but not its folder.
    pub fn into_folder(mut self) -> tempfile::TempDir {
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Under a simulated clock; jobs move so many bytes in a second of engine time.
    pub fn with_rate(rate: u64) -> Self {
        Self::new(ClockKind::Simulated, Some(rate))
    }

    /// By the system's clock, which a test moves.
    pub fn on_fake_clocks() -> Self {
        Self::with(tempfile::tempdir().unwrap(), ClockKind::System, None, Some(FakeClocks::default()))
    }

    /// Under a simulated clock, in a folder in which something was prepared.
    pub fn in_folder(folder: tempfile::TempDir) -> Self {
        Self::with(folder, ClockKind::Simulated, None, None)
    }

    pub fn new(clock: ClockKind, simulated_rate: Option<u64>) -> Self {
        Self::with(tempfile::tempdir().unwrap(), clock, simulated_rate, None)
    }

    fn with(
        folder: tempfile::TempDir,
        clock: ClockKind,
        simulated_rate: Option<u64>,
        clocks: Option<FakeClocks>,
    ) -> Self {
        let options = EngineOptions {
            data_dir: folder.path().join("data"),
            clock,
            scheduler: true,
            simulated_rate,
            cold: std::collections::BTreeMap::new(),
        };
        let engine = open(&options, clocks.as_ref());
        let caller = first_caller();
        let vault: VaultName = VAULT.parse().unwrap();
        engine.create_vault(&caller, &vault, NewVault::default()).unwrap();
        Self { folder, engine: Some(engine), caller, options, clocks }
    }

    /// From the next start on the cold storage of the first region lies here.
    pub fn keep_cold_in(&mut self, folder: PathBuf) {
        fs::create_dir_all(&folder).unwrap();
        self.options.cold.insert("us-east-1".parse().unwrap(), folder);
    }

    pub fn clocks(&self) -> &FakeClocks {
        self.clocks.as_ref().unwrap()
    }

    pub fn engine(&self) -> &Arc<Engine> {
        self.engine.as_ref().unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Stops the engine and opens it again.
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }

    pub fn stop(&mut self) {
        let engine = self.engine.take().unwrap();
        assert!(engine.shutdown(std::time::Duration::from_secs(5)), "the engine stops in time");
        let started = Instant::now();
        while Arc::strong_count(&engine) > 1 && started.elapsed().as_secs() < 5 {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        drop(engine);
    }

    pub fn start(&mut self) {
        self.engine = Some(open(&self.options, self.clocks.as_ref()));
    }

    /// A folder with some files, and the resource that stands for it.
    pub fn resource(&self, name: &str, tags: &[(&str, &str)]) -> Arn {
        let path = self.path(name);
        fs::create_dir_all(path.join("docs/deep")).unwrap();
        fs::write(path.join("hello.txt"), format!("hello from {name}\n")).unwrap();
        fs::write(path.join("docs/deep/number.bin"), vec![7; 10_000]).unwrap();
        self.register(name, &path, tags)
    }

    pub fn register(&self, name: &str, path: &Path, tags: &[(&str, &str)]) -> Arn {
        self.register_as("EFS", name, path, tags)
    }

    pub fn register_as(&self, resource_type: &str, name: &str, path: &Path, tags: &[(&str, &str)]) -> Arn {
        self.engine()
            .add_resource(AddResource {
                resource_type: resource_type.to_owned(),
                name: name.to_owned(),
                location: vaultdeck::domain::types::Location::at_path(path.to_str().unwrap()),
                secret: None,
                tags: pairs(tags),
                account_id: None,
                region: None,
            })
            .unwrap()
            .resource_arn
            .parse()
            .unwrap()
    }

    pub fn role(&self) -> Arn {
        Arn::default_role(&self.caller.account)
    }

    pub fn backup_request(&self, resource: &Arn) -> StartBackup {
        StartBackup {
            vault_name: VAULT.to_owned(),
            air_gapped_vault: None,
            resource_arn: resource.clone(),
            iam_role_arn: self.role(),
            idempotency_token: None,
            start_window_minutes: None,
            complete_window_minutes: None,
            lifecycle: None,
            recovery_point_tags: Tags::new(),
            backup_options: BTreeMap::new(),
        }
    }

    /// Backs up now, and waits for the end.
    pub fn backup(&self, resource: &Arn) -> BackupJob {
        let job = self.engine().start_backup_job(&self.caller, self.backup_request(resource)).unwrap();
        self.wait(&job.id)
    }

    pub fn job(&self, id: &JobId) -> BackupJob {
        self.engine().describe_backup_job(&self.caller, id).unwrap()
    }

    /// Waits, in real time, until a job is over.
    pub fn wait(&self, id: &JobId) -> BackupJob {
        let started = Instant::now();
        loop {
            let job = self.job(id);
            if job.state.is_final() {
                return job;
            }
            assert!(started.elapsed().as_secs() < 60, "the job does not end: {job:?}");
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    }

    /// Restores with the recovery point's own metadata, changed by `change`, and waits for the end.
    pub fn restore(&self, point: &Arn, change: &[(&str, &str)]) -> RestoreJob {
        let mut metadata = self.engine().recovery_point_restore_metadata(&self.caller, VAULT, point).unwrap();
        metadata.extend(pairs(change));
        let id = self.engine().start_restore_job(&self.caller, self.restore_request(point, metadata)).unwrap();
        self.wait_restore(&id)
    }

    pub fn restore_request(&self, point: &Arn, metadata: BTreeMap<String, String>) -> StartRestore {
        StartRestore {
            recovery_point_arn: point.clone(),
            metadata,
            iam_role_arn: Some(self.role()),
            idempotency_token: None,
            resource_type: None,
            copy_source_tags: false,
        }
    }

    pub fn wait_restore(&self, id: &JobId) -> RestoreJob {
        let started = Instant::now();
        loop {
            let job = self.engine().describe_restore_job(&self.caller, id).unwrap();
            if job.state.is_final() {
                return job;
            }
            assert!(started.elapsed().as_secs() < 60, "the restore does not end: {job:?}");
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    }

    /// A plan of these rules that protects what has the tag `backup=yes`.
    pub fn plan(&self, rules: Vec<Rule>) -> Plan {
        self.plan_named("plan", rules)
    }

    pub fn plan_named(&self, name: &str, rules: Vec<Rule>) -> Plan {
        let document = PlanDocument { backup_plan_name: name.to_owned(), rules, advanced_backup_settings: Vec::new() };
        let plan = self.engine().create_plan(&self.caller, document, Tags::new(), None).unwrap();
        let selection = SelectionDocument {
            selection_name: "tagged".to_owned(),
            iam_role_arn: self.role().to_string(),
            list_of_tags: vec![TagCondition {
                condition_type: "STRINGEQUALS".to_owned(),
                condition_key: "backup".to_owned(),
                condition_value: "yes".to_owned(),
            }],
            ..SelectionDocument::default()
        };
        self.engine().create_selection(&self.caller, &plan.id, selection, None).unwrap();
        plan
    }

    pub fn advance(&self, by: Duration) -> Time {
        self.engine().advance(AdvanceTo::By(by)).unwrap()
    }

    pub fn advance_to(&self, at: Time) -> Time {
        self.engine().advance(AdvanceTo::At(at)).unwrap()
    }

    /// All backup jobs, the oldest first.
    pub fn jobs(&self) -> Vec<BackupJob> {
        let mut jobs = Vec::new();
        let mut next_token = None;
        loop {
            let request = PageRequest { max_results: None, next_token };
            let page = self.engine().list_backup_jobs(&self.caller, &BackupJobFilter::default(), &request).unwrap();
            jobs.extend(page.items);
            next_token = page.next_token;
            if next_token.is_none() {
                break;
            }
        }
        jobs.reverse();
        jobs
    }

    /// All recovery points of the vault, the oldest first.
    pub fn points(&self) -> Vec<RecoveryPoint> {
        let page = self
            .engine()
            .list_recovery_points_by_vault(
                &self.caller,
                VAULT,
                &RecoveryPointFilter::default(),
                &PageRequest::default(),
            )
            .unwrap();
        page.items.into_iter().rev().collect()
    }
}

fn first_caller() -> Caller {
    let scope = Engine::first_scope().unwrap();
    Caller {
        user_arn: format!("arn:aws:iam::{}:user/test", scope.account).parse().unwrap(),
        account: scope.account,
        region: scope.region,
        user_id: None,
        restore_roots: RestoreRoots::Any,
    }
}

fn open(options: &EngineOptions, clocks: Option<&FakeClocks>) -> Arc<Engine> {
    match clocks {
        Some(clocks) => Engine::open_with(options.clone(), None, Arc::new(clocks.clone())).unwrap(),
        None => Engine::open(options.clone()).unwrap(),
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.shutdown(std::time::Duration::from_secs(5));
        }
    }
}

/// A rule with the vault of every test.
pub fn rule(name: &str, cron: &str, days: Option<i64>) -> Rule {
    Rule {
        rule_name: name.to_owned(),
        target_backup_vault_name: VAULT.to_owned(),
        schedule_expression: Some(cron.to_owned()),
        lifecycle: days.map(Lifecycle::delete_after),
        ..Rule::default()
    }
}

pub fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The files and folders below `root` with their contents.
pub fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn visit(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            if path.is_dir() {
                found.insert(name, b"folder".to_vec());
                visit(root, &path, found);
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    visit(root, root, &mut found);
    found
}

/// Fails with the job's own words when it did not complete.
pub fn assert_completed(job: &BackupJob) {
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
}
