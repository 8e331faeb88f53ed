//! A small organization, always the same: three scopes, vaults, plans, jobs of every state, files.

use chrono::Duration;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use vaultdeck::client::query::{FoundItems, PlanDetail, RestoreMetadata, ScopeView, SelectableResource, SoMany, rows};
use vaultdeck::client::{Answer, Capabilities, Fault, FaultKind, Key, Query};
use vaultdeck::domain::extension::{
    ChangedItem, Health, Item, Items, MissingItem, NewDataOfBackup, PointMatches, Problem, Sight, Standing, Status,
};
use vaultdeck::domain::job::{BackupJob, CopyJob, JobState, RestoreJob};
use vaultdeck::domain::kms::{KeyManager, KeyState, KmsKey};
use vaultdeck::domain::legal_hold::{DateRange, HeldPoint, HoldSelection, HoldStatus, HoldSummary, LegalHold};
use vaultdeck::domain::metric::JobCounts;
use vaultdeck::domain::organization::Unit;
use vaultdeck::domain::plan::{Plan, PlanDocument, PlanSummary, Rule};
use vaultdeck::domain::recovery_point::{Creator, RecoveryPointStatus};
use vaultdeck::domain::resource::ProtectedResource;
use vaultdeck::domain::selection::{Selection, SelectionDocument, TagCondition};
use vaultdeck::domain::types;
use vaultdeck::domain::vault::Vault;
use vaultdeck::domain::{Account, Arn, Known, KnownPoint, Lifecycle, Scope, Tags, Time, VaultLock};
use vaultdeck::tui::holds::candidate;

/// The moment at which every test begins.
pub fn now() -> Time {
    "2026-11-23T03:00:00Z".parse().unwrap()
}

/// An engine in this process that may be written to.
pub fn engine() -> Capabilities {
    Capabilities { engine: Some("0.1.0".to_owned()), control: true, write: true }
}

/// AWS, read-only.
pub fn aws() -> Capabilities {
    Capabilities::default()
}

/// What answers, and what fails.
#[derive(Clone, Default)]
pub struct Fixture {
    pub scopes: Vec<Scope>,
    pub accounts: Vec<Account>,
    pub units: Vec<Unit>,
    /// The id of the organization; none leaves that unanswered.
    pub organization: Option<String>,
    pub vaults: Vec<Vault>,
    /// Those that other accounts share, each as the scope sees it with which it is shared.
    pub shared_vaults: Vec<Vault>,
    pub points: Vec<KnownPoint>,
    pub plans: Vec<PlanDetail>,
    pub holds: Vec<LegalHold>,
    pub backups: Vec<BackupJob>,
    pub restores: Vec<RestoreJob>,
    pub copies: Vec<CopyJob>,
    pub resources: Vec<(Scope, SelectableResource)>,
    pub protected: Vec<ProtectedResource>,
    pub items: HashMap<String, Items>,
    /// The roots of continuous recovery points, by their ARNs.
    pub timelines: BTreeMap<String, Items>,
    /// What is told of every moment of those; nothing leaves it unanswered.
    pub sight: Option<Sight>,
    /// What backups stored anew, as far as that is known.
    pub new_data: Vec<NewDataOfBackup>,
    /// What is different between any two recovery points.
    pub changes: Vec<ChangedItem>,
    /// What is found of any name.
    pub found: Vec<PointMatches>,
    pub tags: BTreeMap<String, Tags>,
    /// The states of KMS keys that are not enabled, by their ARNs; none is a key that is not there any more.
    pub keys: BTreeMap<String, Option<KeyState>>,
    /// The access policies of vaults, by their names.
    pub policies: BTreeMap<String, String>,
    /// The backup policies of the organization.
    pub backup_policies: Vec<vaultdeck::domain::backup_policy::Policy>,
    /// What CloudWatch tells of a scope; what is not there is not answered.
    pub counts: BTreeMap<Scope, Result<JobCounts, Fault>>,
    /// With whom air-gapped vaults are shared.
    pub shares: Vec<vaultdeck::domain::sharing::VaultShare>,
    /// The settings of the organization; none are told to nobody.
    pub settings: BTreeMap<String, String>,
    /// What vaults notify of, by their names.
    pub notifications: BTreeMap<String, vaultdeck::domain::notification::VaultNotifications>,
    pub reminders: Vec<String>,
    /// What the engine says is wrong with itself.
    pub engine_problems: Vec<Problem>,
    /// Scopes in which every call fails, and how.
    pub faults: Vec<(Scope, Fault)>,
}

pub fn scope(account: &str, region: &str) -> Scope {
    Scope::new(account.parse().unwrap(), region.parse().unwrap())
}

pub fn home() -> Scope {
    scope("123456789012", "us-east-1")
}

pub fn staging() -> Scope {
    scope("210987654321", "us-east-1")
}

pub fn frankfurt() -> Scope {
    scope("123456789012", "eu-central-1")
}

pub fn ago(hours: i64, minutes: i64) -> Time {
    now() - Duration::hours(hours) - Duration::minutes(minutes)
}

/// A lock in governance mode.
pub const AT_LEAST_A_WEEK: VaultLock =
    VaultLock { min_retention_days: Some(7), max_retention_days: None, lock_date: None };

pub fn vault(scope: &Scope, name: &str, points: i64) -> Vault {
    Vault {
        arn: Arn::vault(scope, &name.parse().unwrap()),
        scope: scope.clone(),
        name: name.to_owned(),
        vault_type: vaultdeck::domain::vault::VaultType::Standard,
        encryption_key_arn: Some(format!("arn:aws:kms:{}:{}:key/1b2c3d4e-{name}", scope.region, scope.account)),
        created: Some(ago(24 * 35, 0)),
        creator_request_id: None,
        recovery_points: points,
        lock: None,
    }
}

pub fn file_system(scope: &Scope, number: u64) -> Arn {
    Arn::file_system(scope, &format!("fs-{number:017x}"))
}

/// The version of every plan, which made every job.
const PLAN_VERSION: &str = "dmVyc2lvbg";

fn creator(scope: &Scope) -> Creator {
    Creator {
        backup_plan_id: "11111111-1111-4111-8111-111111111111".to_owned(),
        backup_plan_arn: Arn::plan(scope, "11111111-1111-4111-8111-111111111111").to_string(),
        backup_plan_name: "nightly".to_owned(),
        backup_plan_version: PLAN_VERSION.to_owned(),
        backup_rule_id: "rule-1".to_owned(),
        backup_rule_name: "every-night".to_owned(),
        backup_rule_cron: "cron(0 1 ? * * *)".to_owned(),
        backup_rule_timezone: "Etc/UTC".to_owned(),
    }
}

pub fn job(scope: &Scope, number: u64, name: &str, state: JobState, created: Time) -> BackupJob {
    let ended = state.is_final();
    BackupJob {
        id: format!("aaaaaaaa-0000-4000-8000-{number:012}").parse().unwrap(),
        scope: scope.clone(),
        vault_name: "prod-vault".to_owned(),
        vault_arn: Arn::vault(scope, &"prod-vault".parse().unwrap()),
        vault_type: vaultdeck::domain::vault::VaultType::Standard,
        recovery_point_arn: (state == JobState::Completed)
            .then(|| Arn::recovery_point(scope, &format!("bbbbbbbb-0000-4000-8000-{number:012}"))),
        lifecycle: Some(Lifecycle { delete_after_days: Some(35), ..Lifecycle::default() }),
        encryption_key_arn: None,
        resource_arn: file_system(scope, name.bytes().map(u64::from).sum()),
        resource_name: Some(name.to_owned()),
        resource_type: types::efs::FACTS.resource_type(),
        created,
        initiated: (!matches!(state, JobState::Created | JobState::Pending)).then(|| created + Duration::minutes(1)),
        completed: ended.then(|| created + Duration::minutes(7)),
        expected_completion: None,
        start_by: Some(created + Duration::hours(8)),
        message_category: (state == JobState::Completed).then(|| "SUCCESS".to_owned()),
        status_message: None,
        percent_done: match state {
            JobState::Running => Some(47.3),
            JobState::Completed => Some(100.0),
            _ => None,
        },
        state,
        size_bytes: Some(1_610_612_736),
        bytes_transferred: Some(734_003_200),
        iam_role_arn: Some(Arn::default_role(&scope.account)),
        created_by: Some(Arc::new(creator(scope))),
        backup_options: BTreeMap::new(),
        is_parent: false,
        parent_job_id: None,
    }
}

pub fn point(scope: &Scope, number: u64, name: &str, created: Time) -> KnownPoint {
    let lifecycle = Lifecycle { delete_after_days: Some(35), ..Lifecycle::default() };
    KnownPoint {
        arn: Arn::recovery_point(scope, &format!("bbbbbbbb-0000-4000-8000-{number:012}")),
        scope: scope.clone(),
        vault_name: "prod-vault".to_owned(),
        vault_arn: Arn::vault(scope, &"prod-vault".parse().unwrap()),
        source_vault_arn: Known::Known(None),
        resource_arn: file_system(scope, name.bytes().map(u64::from).sum()),
        resource_name: Some(name.to_owned()),
        resource_type: types::efs::FACTS.resource_type(),
        created_by: Known::Known(Some(Arc::new(creator(scope)))),
        iam_role_arn: Known::Known(Some(Arn::default_role(&scope.account))),
        status: RecoveryPointStatus::Completed,
        status_message: None,
        created,
        initiated: Known::Known(Some(created)),
        completed: Known::Known(Some(created + Duration::minutes(6))),
        size_bytes: Some(1_610_612_736),
        lifecycle: Known::Known(Some(lifecycle)),
        calculated_lifecycle: Known::Known(lifecycle.calculate(created)),
        encryption_key_arn: None,
        encrypted: Known::Known(true),
        last_restore: Known::Known(None),
        storage_class: Known::Unknown,
        nesting: vaultdeck::domain::Nesting::Alone,
    }
}

pub fn restore(scope: &Scope, number: u64, state: JobState, created: Time) -> RestoreJob {
    RestoreJob {
        id: format!("cccccccc-0000-4000-8000-{number:012}").parse().unwrap(),
        scope: scope.clone(),
        recovery_point_arn: Some(Arn::recovery_point(scope, "bbbbbbbb-0000-4000-8000-000000000001")),
        recovery_point_created: Some(ago(26, 0)),
        source_resource_arn: Some(file_system(scope, 855)),
        vault_arn: Some(Arn::vault(scope, &"prod-vault".parse().unwrap())),
        created,
        completed: state.is_final().then(|| created + Duration::minutes(3)),
        status_message: None,
        percent_done: Some(if state == JobState::Running { 62.0 } else { 100.0 }),
        state,
        size_bytes: Some(1_610_612_736),
        iam_role_arn: Some(Arn::default_role(&scope.account)),
        expected_minutes: None,
        created_resource_arn: Some(file_system(scope, 4242)),
        resource_type: Some(types::efs::FACTS.resource_type()),
        validation: None,
    }
}

pub fn copy(scope: &Scope, number: u64, state: JobState, created: Time) -> CopyJob {
    CopyJob {
        id: format!("dddddddd-0000-4000-8000-{number:012}").parse().unwrap(),
        scope: scope.clone(),
        source_vault_arn: Some(Arn::vault(scope, &"prod-vault".parse().unwrap())),
        source_recovery_point_arn: None,
        destination_vault_arn: Some(Arn::vault(scope, &"archive-vault".parse().unwrap())),
        destination_vault_type: None,
        destination_recovery_point_arn: None,
        resource_arn: Some(file_system(scope, 855)),
        resource_name: Some("projects".to_owned()),
        resource_type: types::efs::FACTS.resource_type(),
        created: Some(created),
        completed: state.is_final().then(|| created + Duration::minutes(3)),
        state,
        status_message: None,
        message_category: None,
        size_bytes: Some(1_610_612_736),
        lifecycle: None,
        iam_role_arn: None,
        created_by: None,
        backup_job_id: None,
        is_parent: false,
        parent_job_id: None,
        member: None,
    }
}

pub fn plan(scope: &Scope, id: &str, name: &str, selected: bool) -> PlanDetail {
    let document = PlanDocument {
        backup_plan_name: name.to_owned(),
        rules: vec![Rule {
            rule_name: "every-night".to_owned(),
            rule_id: Some("rule-1".to_owned()),
            target_backup_vault_name: "prod-vault".to_owned(),
            schedule_expression: Some("cron(0 1 ? * * *)".to_owned()),
            lifecycle: Some(Lifecycle { delete_after_days: Some(35), ..Lifecycle::default() }),
            ..Rule::default()
        }],
        advanced_backup_settings: Vec::new(),
    };
    let plan = Plan {
        id: id.parse().unwrap(),
        arn: Arn::plan(scope, id),
        scope: scope.clone(),
        version_id: PLAN_VERSION.to_owned(),
        document,
        creator_request_id: None,
        created: Some(ago(24 * 34, 0)),
        deleted: None,
        last_execution: Some(ago(2, 0)),
    };
    let selection = Selection {
        id: "22222222-2222-4222-8222-222222222222".parse().unwrap(),
        plan_id: plan.id.clone(),
        document: SelectionDocument {
            selection_name: "everything-in-prod".to_owned(),
            iam_role_arn: Arn::default_role(&scope.account).to_string(),
            list_of_tags: vec![TagCondition {
                condition_type: "STRINGEQUALS".to_owned(),
                condition_key: "env".to_owned(),
                condition_value: "prod".to_owned(),
            }],
            ..SelectionDocument::default()
        },
        created: Some(ago(24 * 34, 0)),
        creator_request_id: None,
    };
    PlanDetail { plan, selections: Ok(if selected { vec![selection] } else { Vec::new() }), next_runs: Vec::new() }
}

const WORKLOADS: &str = "ou-abcd-11111111";

fn in_unit(account: Account) -> Account {
    Account { unit: Some(WORKLOADS.parse().unwrap()), ..account }
}

pub fn account(id: &str, name: &str, management: bool) -> Account {
    Account {
        id: id.parse().unwrap(),
        name: name.to_owned(),
        email: format!("{name}@example.com"),
        management,
        status: "ACTIVE".to_owned(),
        joined: Some(ago(24 * 400, 0)),
        unit: None,
    }
}

pub fn resource(scope: &Scope, name: &str, tags: &[(&str, &str)]) -> (Scope, SelectableResource) {
    let resource = SelectableResource {
        arn: file_system(scope, name.bytes().map(u64::from).sum()),
        resource_type: types::efs::FACTS.resource_type(),
        tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        name: Known::Known(name.to_owned()),
        path: Known::Known(format!("/srv/{name}")),
    };
    (scope.clone(), resource)
}

pub fn item(name: &str, kind: &str, size: u64) -> Item {
    Item {
        name: name.to_owned(),
        kind: kind.to_owned(),
        size,
        mode: if kind == "dir" { 0o755 } else { 0o644 },
        modified: Some(ago(50, 0)),
        link_target: (kind == "symlink").then(|| "report.txt".to_owned()),
        note: None,
    }
}

fn folder(items: Vec<Item>, missing: Vec<MissingItem>) -> Items {
    Items {
        items,
        missing,
        lost: Vec::new(),
        next_token: None,
        details: vaultdeck::domain::PointDetails::new(),
        note: None,
        bases: Vec::new(),
    }
}

/// A hold on what there is of mail that was two days old two hours ago.
pub fn hold(scope: &Scope, title: &str, status: HoldStatus) -> LegalHold {
    let id = title.replace(' ', "-");
    let released = status == HoldStatus::Canceled;
    LegalHold {
        summary: HoldSummary {
            arn: Arn::legal_hold(scope, &id),
            id,
            scope: scope.clone(),
            title: title.to_owned(),
            description: "Mail that a customer disputes; ask the legal team before it is released.".to_owned(),
            status,
            created: Some(ago(2, 0)),
            cancelled: released.then(|| ago(1, 0)),
        },
        selection: HoldSelection {
            vault_names: vec!["prod-vault".to_owned()],
            resource_identifiers: vec![file_system(scope, "mail".bytes().map(u64::from).sum()).to_string()],
            date_range: Some(DateRange { from_date: ago(200, 0), to_date: ago(48, 0) }),
        },
        cancel_description: released.then(|| "settled".to_owned()),
        retain_record_until: None,
    }
}

/// The sample organization.
pub fn organization() -> Fixture {
    let (home, staging, frankfurt) = (home(), staging(), frankfurt());
    let mut backups = Vec::new();
    for night in 0..6 {
        let created = ago(2 + 24 * night, 0);
        backups.push(job(&home, 10 + night as u64, "projects", JobState::Completed, created));
        backups.push(job(&home, 20 + night as u64, "mail", JobState::Completed, created));
        backups.push(job(&frankfurt, 30 + night as u64, "archive", JobState::Completed, created));
    }
    backups[1].message_category = Some("AccessDenied".to_owned());
    backups[1].status_message = Some("Completed with issues: 1 items not read: /root/secret".to_owned());
    let mut failed = job(&staging, 40, "web", JobState::Failed, ago(5, 0));
    failed.status_message = Some("The path /srv/web does not exist".to_owned());
    let mut expired = job(&staging, 41, "database-dumps", JobState::Expired, ago(9, 30));
    expired.initiated = None;
    expired.status_message = Some("Backup job expired before it could start".to_owned());
    let running = job(&home, 50, "media", JobState::Running, ago(0, 12));
    let waiting = job(&home, 51, "scratch", JobState::Created, ago(0, 4));
    backups.extend([failed, expired, running, waiting]);
    let mut never = resource(&staging, "web", &[("env", "staging")]);
    never.1.path = Known::Known("/srv/web".to_owned());
    Fixture {
        backup_policies: Vec::new(),
        counts: BTreeMap::new(),
        scopes: vec![home.clone(), frankfurt.clone(), staging.clone()],
        accounts: vec![account("123456789012", "production", true), in_unit(account("210987654321", "staging", false))],
        organization: None,
        units: vec![Unit { id: WORKLOADS.parse().unwrap(), parent: None, name: "Workloads".to_owned() }],
        vaults: vec![
            vault(&home, "Default", 0),
            vault(&home, "prod-vault", 12),
            Vault { lock: Some(AT_LEAST_A_WEEK), ..vault(&frankfurt, "archive-vault", 6) },
            vault(&staging, "Default", 3),
        ],
        shared_vaults: Vec::new(),
        points: (0..6)
            .flat_map(|night| {
                let created = ago(2 + 24 * night, 0);
                let number = night as u64;
                [point(&home, 10 + number, "projects", created), point(&home, 20 + number, "mail", created)]
            })
            .collect(),
        plans: vec![
            plan(&home, "11111111-1111-4111-8111-111111111111", "nightly", true),
            plan(&staging, "33333333-3333-4333-8333-333333333333", "forgotten", false),
        ],
        backups,
        copies: Vec::new(),
        holds: vec![hold(&home, "case 7", HoldStatus::Active), hold(&home, "case 3", HoldStatus::Canceled)],
        restores: vec![
            restore(&home, 1, JobState::Completed, ago(20, 0)),
            restore(&home, 2, JobState::Running, ago(0, 3)),
        ],
        resources: vec![
            resource(&home, "projects", &[("env", "prod"), ("team", "platform")]),
            resource(&home, "mail", &[("env", "prod")]),
            resource(&home, "media", &[("env", "prod")]),
            resource(&home, "scratch", &[]),
            never,
        ],
        protected: ["projects", "mail"]
            .into_iter()
            .map(|name| ProtectedResource {
                arn: file_system(&home, name.bytes().map(u64::from).sum()),
                scope: home.clone(),
                resource_type: types::efs::FACTS.resource_type(),
                name: Some(name.to_owned()),
                last_backup_time: Some(ago(2, 0)),
                last_backup_vault_arn: Some(Arn::vault(&home, &"prod-vault".parse().unwrap())),
                last_recovery_point_arn: None,
                latest_restore_execution_minutes: Known::Unknown,
                latest_restore_job_creation: Known::Unknown,
                latest_restore_recovery_point_creation: Known::Unknown,
            })
            .collect(),
        items: HashMap::from([
            (
                "/".to_owned(),
                folder(
                    vec![
                        item("notes.md", "file", 4_096),
                        item("latest", "symlink", 0),
                        item("reports", "dir", 0),
                        item("evil\u{1b}]0;x\u{7}\nname\u{202e}gpj.exe", "file", 12),
                    ],
                    vec![MissingItem { path: "/secret".to_owned(), reason: "permission denied".to_owned() }],
                ),
            ),
            (
                "/reports".to_owned(),
                folder(vec![item("2026.csv", "file", 73_400_320), item("2025.csv", "file", 52_428_800)], Vec::new()),
            ),
        ]),
        timelines: BTreeMap::new(),
        sight: None,
        new_data: Vec::new(),
        changes: Vec::new(),
        found: Vec::new(),
        tags: BTreeMap::from([("default".to_owned(), Tags::from([("env".to_owned(), "prod".to_owned())]))]),
        keys: BTreeMap::new(),
        policies: BTreeMap::new(),
        shares: Vec::new(),
        settings: BTreeMap::from([("isCrossAccountBackupEnabled".to_owned(), "false".to_owned())]),
        notifications: BTreeMap::new(),
        reminders: vec!["123456789012/us-east-1/prod-vault".to_owned()],
        engine_problems: Vec::new(),
        faults: Vec::new(),
    }
}

/// The root of a continuous recovery point.
pub fn timeline(from: Time, to: Time, bases: &[Time]) -> Items {
    let iso = |time: Time| time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    let details = [
        ("Consistency", "transaction".to_owned()),
        ("DatabaseBytes", "2147483648".to_owned()),
        ("EarliestRestorableTime", iso(from)),
        ("EngineVersion", "15.18".to_owned()),
        ("LatestRestorableTime", iso(to)),
    ];
    let details = details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Items { bases: bases.to_vec(), details, ..folder(vec![item("data", "dir", 0)], Vec::new()) }
}

/// The sample organization with a database that is followed continuously, and was before until its log had a gap.
pub fn followed() -> Fixture {
    let mut fixture = organization();
    let resource: Arn = "arn:aws:rds:us-east-1:123456789012:db:orders".parse().unwrap();
    let of = |number, status, created| KnownPoint {
        arn: Arn::recovery_point(&home(), &format!("continuous:{number:08}")),
        resource_arn: resource.clone(),
        resource_type: types::rds::FACTS.resource_type(),
        status,
        ..point(&home(), number, "orders", created)
    };
    let stopped = of(61, RecoveryPointStatus::Stopped, ago(200, 0));
    let live = of(62, RecoveryPointStatus::Available, ago(120, 0));
    let bases = [ago(120, 0) + Duration::milliseconds(400), ago(72, 0), ago(24, 0)];
    fixture.timelines = BTreeMap::from([
        (stopped.arn.to_string(), timeline(ago(200, 0), ago(150, 0), &[ago(200, 0)])),
        (live.arn.to_string(), timeline(bases[0], ago(0, 0) - Duration::milliseconds(700), &bases)),
    ]);
    fixture.points.extend([live, stopped]);
    let job = |number, state, created| BackupJob {
        resource_arn: resource.clone(),
        resource_type: types::rds::FACTS.resource_type(),
        ..job(&home(), number, "orders", state, created)
    };
    fixture.backups.extend([
        job(70, JobState::Completed, ago(120, 0)),
        job(71, JobState::Completed, ago(72, 0)),
        job(72, JobState::Failed, ago(48, 0)),
        job(73, JobState::Completed, ago(24, 0)),
    ]);
    fixture
}

/// A fresh engine: one account, its Default vault, nothing else.
pub fn empty() -> Fixture {
    Fixture {
        scopes: vec![home()],
        accounts: vec![account("123456789012", "vaultdeck", true)],
        vaults: vec![vault(&home(), "Default", 0)],
        ..Fixture::default()
    }
}

/// Everything is denied everywhere.
pub fn denied() -> Fixture {
    let mut fixture = organization();
    let denied = Fault {
        code: Some("AccessDeniedException".to_owned()),
        request_id: Some("req-1".to_owned()),
        ..Fault::new(FaultKind::Denied, "not authorized to perform backup:ListBackupJobs")
    };
    fixture.faults = fixture.scopes.iter().map(|scope| (scope.clone(), denied.clone())).collect();
    fixture
}

impl Fixture {
    /// A KMS key of a vault.
    fn key(&self, name: &str) -> Option<KmsKey> {
        let arn: Arn = name.parse().ok()?;
        let state = self.keys.get(name).cloned().unwrap_or(Some(KeyState::Enabled))?;
        Some(KmsKey {
            id: arn.last_part().to_owned(),
            scope: arn.scope()?,
            arn,
            description: String::new(),
            state,
            manager: KeyManager::Customer,
            created: None,
            aliases: Vec::new(),
        })
    }

    /// What a key is answered with; none leaves it unanswered.
    pub fn answer(&self, key: &Key) -> Option<Result<Answer, Fault>> {
        if let Some(scope) = &key.scope
            && let Some((_, fault)) = self.faults.iter().find(|(failing, _)| failing == scope)
        {
            return Some(Err(fault.clone()));
        }
        let scope = key.scope.clone().unwrap_or_else(home);
        let here = |other: &Scope| *other == scope;
        Some(Ok(match &key.query {
            Query::Scopes => Answer::Scopes(rows(self.scopes.iter().map(|scope| ScopeView {
                scope: scope.clone(),
                account_name: None,
                home: *scope == home(),
                fault: None,
            }))),
            Query::Accounts => Answer::Accounts(rows(self.accounts.clone())),
            Query::Organization => match &self.organization {
                Some(id) => Answer::Organization(Arc::new(id.clone())),
                None => return None,
            },
            Query::Units => Answer::Units(rows(self.units.clone())),
            Query::Status => Answer::Status(Arc::new(Status {
                version: "0.1.0".to_owned(),
                pid: 1,
                clock: "system".to_owned(),
                now: now(),
                endpoint_url: None,
                regions: vec!["us-east-1".to_owned()],
                active_jobs: 0,
                vaults_without_recovery_key: self.reminders.clone(),
                deliveries: Vec::new(),
                problems: self.engine_problems.clone(),
            })),
            Query::Health => Answer::Health(Arc::new(Health {
                healthy: self.engine_problems.is_empty(),
                problems: self.engine_problems.clone(),
            })),
            Query::JobCounts => match self.counts.get(&scope)? {
                Ok(counts) => Answer::JobCounts(Arc::new(counts.clone())),
                Err(fault) => return Some(Err(fault.clone())),
            },
            Query::ApiCalls => Answer::ApiCalls(rows([])),
            Query::NewData { job } => Answer::NewData(rows(
                self.new_data
                    .iter()
                    .filter(|told| here(&told.scope))
                    .filter(|told| match job {
                        Some(job) => told.backup_job_id == *job,
                        None => told.is_incompressible(),
                    })
                    .cloned(),
            )),
            Query::Vaults => Answer::Vaults(rows(self.vaults.iter().filter(|vault| here(&vault.scope)).cloned())),
            Query::SharedVaults => {
                Answer::Vaults(rows(self.shared_vaults.iter().filter(|vault| here(&vault.scope)).cloned()))
            }
            Query::RecoveryPoints { vault } => Answer::RecoveryPoints(rows(
                self.points.iter().filter(|point| here(&point.scope) && point.vault() == *vault).cloned(),
            )),
            Query::RecoveryPointsOfResource { resource } => Answer::RecoveryPoints(rows(
                self.points.iter().filter(|point| here(&point.scope) && point.resource_arn == *resource).cloned(),
            )),
            Query::RecoveryPoint { recovery_point, .. } => {
                let mut points = self.points.iter().filter(|point| here(&point.scope));
                Answer::RecoveryPoint(Arc::new(points.find(|point| point.arn == *recovery_point)?.clone()))
            }
            Query::Items { recovery_point, .. } if self.timelines.contains_key(recovery_point.as_str()) => {
                Answer::Items(Arc::new(self.timelines[recovery_point.as_str()].clone()))
            }
            Query::Changes { .. } => {
                Answer::Changes(Arc::new(SoMany { rows: rows(self.changes.iter().cloned()), more: false }))
            }
            Query::Find { .. } => {
                Answer::Found(Arc::new(FoundItems { points: self.found.clone(), ..FoundItems::default() }))
            }
            Query::Sight { at, .. } => Answer::Sight(Arc::new(Sight { at: *at, ..self.sight.clone()? })),
            Query::Items { path, .. } => Answer::Items(Arc::new(self.items.get(path)?.clone())),
            Query::RestoreMetadata { recovery_point, .. } if self.timelines.contains_key(recovery_point.as_str()) => {
                let told = [
                    ("DBInstanceIdentifier", "orders-restored"),
                    ("Engine", "postgres"),
                    ("UseLatestRestorableTime", "true"),
                ];
                Answer::RestoreMetadata(Arc::new(RestoreMetadata {
                    resource_type: Some(types::rds::FACTS.resource_type()),
                    metadata: told.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
                }))
            }
            Query::RestoreMetadata { recovery_point, .. } if recovery_point.as_str().contains(":snapshot/") => {
                let told = [("availabilityZone", "us-east-1a"), ("encrypted", "false"), ("volumeId", "vol-1")];
                Answer::RestoreMetadata(Arc::new(RestoreMetadata {
                    resource_type: Some(types::ebs::FACTS.resource_type()),
                    metadata: told.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
                }))
            }
            Query::RestoreMetadata { .. } => Answer::RestoreMetadata(Arc::new(RestoreMetadata {
                resource_type: Some(types::efs::FACTS.resource_type()),
                metadata: [
                    ("file-system-id", "fs-00000000000000357"),
                    ("newFileSystem", "true"),
                    ("Encrypted", "false"),
                    ("PerformanceMode", "generalPurpose"),
                    ("CreationToken", "restore-1"),
                ]
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            })),
            Query::BackupPolicies => Answer::BackupPolicies(rows(self.backup_policies.iter().cloned())),
            Query::Plans => {
                Answer::Plans(rows(self.plans.iter().filter(|detail| here(&detail.plan.scope)).map(|detail| {
                    let plan = &detail.plan;
                    PlanSummary {
                        id: plan.id.clone(),
                        arn: plan.arn.clone(),
                        scope: plan.scope.clone(),
                        name: plan.document.backup_plan_name.clone(),
                        version_id: plan.version_id.clone(),
                        creator_request_id: None,
                        created: plan.created,
                        deleted: None,
                        last_execution: plan.last_execution,
                        advanced_backup_settings: Vec::new(),
                    }
                })))
            }
            Query::Plan { id } => {
                Answer::Plan(Arc::new(self.plans.iter().find(|detail| detail.plan.id == *id)?.clone()))
            }
            Query::BackupJobs => Answer::BackupJobs(rows(self.backups.iter().filter(|job| here(&job.scope)).cloned())),
            Query::RestoreJobs => {
                Answer::RestoreJobs(rows(self.restores.iter().filter(|job| here(&job.scope)).cloned()))
            }
            Query::CopyJobs => Answer::CopyJobs(rows(self.copies.iter().filter(|job| here(&job.scope)).cloned())),
            Query::BackupJob { id } => {
                Answer::BackupJob(Arc::new(self.backups.iter().find(|job| job.id == *id)?.clone()))
            }
            Query::RestoreJob { id } => {
                Answer::RestoreJob(Arc::new(self.restores.iter().find(|job| job.id == *id)?.clone()))
            }
            Query::ProtectedResources => Answer::ProtectedResources(rows(
                self.protected.iter().filter(|resource| here(&resource.scope)).cloned(),
            )),
            Query::Resources => Answer::Resources(rows(
                self.resources.iter().filter(|(place, _)| here(place)).map(|(_, resource)| resource.clone()),
            )),
            Query::LegalHolds => Answer::LegalHolds(rows(
                self.holds.iter().map(|hold| hold.summary.clone()).filter(|hold| here(&hold.scope)),
            )),
            Query::LegalHold { id } => {
                Answer::LegalHold(Arc::new(self.holds.iter().find(|hold| hold.summary.id == *id)?.clone()))
            }
            Query::HeldPoints { hold } => {
                let hold = self.holds.iter().find(|known| known.summary.id == *hold)?;
                Answer::HeldPoints(rows(self.points.iter().filter(|point| hold.is_on(&candidate(point))).map(
                    |point| HeldPoint {
                        arn: point.arn.clone(),
                        resource_arn: point.resource_arn.clone(),
                        resource_type: point.resource_type.clone(),
                        vault_name: point.vault_name.clone(),
                    },
                )))
            }
            Query::Tags { .. } => Answer::Tags(Arc::new(self.tags.get("default").cloned().unwrap_or_default())),
            Query::Notifications { vault } => Answer::Notifications(Arc::new(self.notifications.get(vault).cloned())),
            Query::GlobalSettings if self.settings.is_empty() => {
                return Some(Err(Fault::new(
                    FaultKind::Denied,
                    "not authorized to perform backup:DescribeGlobalSettings",
                )));
            }
            Query::RegionSettings => Answer::RegionSettings(Arc::default()),
            Query::GlobalSettings => Answer::GlobalSettings(Arc::new(self.settings.clone())),
            Query::AccessPolicy { vault } => Answer::AccessPolicy(Arc::new(self.policies.get(vault).cloned())),
            Query::KmsKey { name } => Answer::KmsKey(Arc::new(self.key(name))),
            Query::VaultShares { .. } => Answer::VaultShares(Arc::new(self.shares.clone())),
            Query::SupportedResourceTypes => {
                Answer::ResourceTypes(["EBS", "EFS", "FSx", "RDS", "S3"].map(|name| name.to_owned().into()).into())
            }
            Query::WhoCan { action, .. } => Answer::WhoCan(Arc::new(standings(action))),
            _ => return None,
        }))
    }
}

/// Who can, as an engine says it of a vault with a policy.
fn standings(action: &str) -> Vec<Standing> {
    let rows = [
        ("arn:aws:iam::123456789012:user/vaultdeck", false, "statement \"DenyDeletes\" of the access policy denies it"),
        ("arn:aws:iam::210987654321:user/vaultdeck", false, "the vault is of another account"),
        ("arn:aws:iam::310987654321:user/vaultdeck", false, "the vault is of another account"),
        ("the engine: expiry by lifecycle", true, "the engine does it by itself; policies do not bind it"),
        ("anybody else", false, "only the accounts of this organization can call this engine"),
    ];
    let standing = |(principal, allowed, because): (&str, bool, &str)| Standing {
        principal: principal.to_owned(),
        action: action.to_owned(),
        allowed,
        because: because.to_owned(),
    };
    rows.map(standing).to_vec()
}
