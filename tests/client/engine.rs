//! Against the real engine: in process, on its socket, and over TCP.

use crate::child::{given_url, in_child};
use crate::recorder::options;
use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use vaultdeck::client::audit::Audit;
use vaultdeck::client::change::{
    CreatePlan, CreateVault, DeletePlan, StartBackup, StartRestore, UpdatePlan, new_token,
};
use vaultdeck::client::connect::{Connection, Handler, Transport};
use vaultdeck::client::lists::Within;
use vaultdeck::client::{Answer, FaultKind, Feature, Key, Mutation, Outcome, Query};
use vaultdeck::domain::extension::{AddAccount, AddResource, CredentialsRequest};
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::{Known, Lifecycle, Scope};
use vaultdeck::engine::{ClockKind, Engine, EngineOptions};
use vaultdeck::server::{Shutdown, Surface, in_process, router, serve_tcp, serve_unix};

/// An engine on a folder of its own.
struct House {
    folder: tempfile::TempDir,
    engine: Arc<Engine>,
    shutdown: Shutdown,
    audit: Arc<Audit>,
}

fn open(folder: &Path) -> Arc<Engine> {
    let options = EngineOptions {
        data_dir: folder.join("data"),
        clock: ClockKind::System,
        scheduler: true,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    };
    Engine::open(options).unwrap()
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = open(folder.path());
        let audit = Arc::new(Audit::open(&folder.path().join("audit.jsonl"), "ada").unwrap());
        Self { folder, engine, shutdown: Shutdown::new(), audit }
    }

    fn router(&self) -> axum::Router {
        router(self.engine.clone(), Surface::Local { shutdown: self.shutdown.clone() })
    }

    fn connect(&self) -> Arc<Connection> {
        let call = in_process(self.router());
        let handler: Handler = Arc::new(move |request: http::Request<Bytes>| Box::pin(call(request)));
        Connection::new(options(Transport::InProcess(handler))).unwrap()
    }

    /// A folder with a few files, registered as an EFS file system.
    async fn projects(&self, connection: &Connection) -> vaultdeck::domain::Arn {
        let path = self.folder.path().join("projects");
        std::fs::create_dir_all(path.join("sub")).unwrap();
        std::fs::write(path.join("a.txt"), "hello").unwrap();
        std::fs::write(path.join("sub/two\nlines.txt"), "hostile name").unwrap();
        let request = AddResource {
            resource_type: "EFS".to_owned(),
            name: "projects".to_owned(),
            location: vaultdeck::domain::types::Location::at_path(path.display().to_string()),
            secret: None,
            tags: [("env".to_owned(), "prod".to_owned())].into(),
            account_id: None,
            region: None,
        };
        connection.control().unwrap().add_resource(&request).await.unwrap()
    }

    async fn order(&self, connection: &Arc<Connection>, mutation: impl Into<Mutation>) -> Outcome {
        let mutation = mutation.into();
        let what = format!("{mutation:?}");
        connection.order(&self.audit, home(), mutation).await.unwrap_or_else(|failure| panic!("{what}: {failure}"))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.shutdown.request();
        self.engine.shutdown(Duration::from_secs(4));
    }
}

fn home() -> Scope {
    Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}

async fn ask(connection: &Arc<Connection>, query: Query) -> Answer {
    let what = format!("{query:?}");
    connection.read(Key::scoped(home(), query)).await.unwrap_or_else(|fault| panic!("{what}: {fault}"))
}

fn create_vault(name: &str) -> CreateVault {
    CreateVault { name: name.to_owned(), tags: [].into(), encryption_key_arn: None }
}

#[tokio::test]
async fn every_question_of_a_fresh_engine_is_answered() {
    let house = House::new();
    let connection = house.connect();
    for query in [
        Query::Vaults,
        Query::Vault { name: "Default".to_owned() },
        Query::SharedVaults,
        Query::RecoveryPoints { vault: "Default".into() },
        Query::Plans,
        Query::BackupJobs,
        Query::RestoreJobs,
        Query::CopyJobs,
        Query::ProtectedResources,
        Query::Resources,
        Query::RegionSettings,
        Query::SupportedResourceTypes,
    ] {
        ask(&connection, query).await;
    }
    for query in [Query::Scopes, Query::Accounts, Query::Status, Query::Health] {
        connection.read(Key::context(query)).await.unwrap();
    }
    let Answer::Vaults(vaults) = ask(&connection, Query::Vaults).await else { panic!("vaults") };
    assert_eq!(vaults.iter().map(|vault| vault.name.as_str()).collect::<Vec<_>>(), ["Default"]);
    assert_eq!(vaults[0].scope, home());
}

#[tokio::test]
async fn a_plan_is_made_with_its_selection_changed_and_deleted() {
    let house = House::new();
    let connection = house.connect();
    house.order(&connection, create_vault("nightly")).await;
    let document = serde_json::from_str(
        r#"{"BackupPlanName": "daily", "Rules": [{"RuleName": "r", "TargetBackupVaultName": "nightly",
            "ScheduleExpression": "cron(0 5 ? * * *)", "ScheduleExpressionTimezone": "Europe/Berlin",
            "StartWindowMinutes": 60, "CompletionWindowMinutes": 120, "Lifecycle": {"DeleteAfterDays": 35}}]}"#,
    )
    .unwrap();
    let by_tag = |name: &str| {
        serde_json::from_value(serde_json::json!({
            "SelectionName": name,
            "IamRoleArn": "arn:aws:iam::123456789012:role/service-role/AWSBackupDefaultServiceRole",
            "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "env", "ConditionValue": "prod"}]
        }))
        .unwrap()
    };
    let create = CreatePlan { document, selections: vec![by_tag("prod")], tags: [].into() };
    let Outcome::Plan(id) = house.order(&connection, create).await else { panic!("a plan") };
    let Answer::Plan(made) = ask(&connection, Query::Plan { id: id.clone() }).await else { panic!("a plan") };
    assert_eq!(made.next_runs.len(), 10);
    let selections = made.selections.as_ref().unwrap();
    assert_eq!(selections[0].document, by_tag("prod"));

    let mut document = made.plan.document.clone();
    document.rules[0].lifecycle = Some(serde_json::from_str(r#"{"DeleteAfterDays": 7}"#).unwrap());
    let old = vaultdeck::client::SelectionRef {
        id: selections[0].id.clone(),
        name: selections[0].document.selection_name.clone(),
    };
    let update = UpdatePlan { id: id.clone(), document, delete: vec![old], create: vec![by_tag("prod-2")] };
    house.order(&connection, update).await;
    let Answer::Plan(changed) = ask(&connection, Query::Plan { id: id.clone() }).await else { panic!("a plan") };
    assert_ne!(changed.plan.version_id, made.plan.version_id);
    assert_eq!(changed.plan.document.rules[0].lifecycle.unwrap().delete_after_days, Some(7));
    let selections = changed.selections.as_ref().unwrap();
    assert_eq!(selections.iter().map(|s| s.document.selection_name.as_str()).collect::<Vec<_>>(), ["prod-2"]);

    let reference = vaultdeck::client::SelectionRef { id: selections[0].id.clone(), name: "prod-2".to_owned() };
    let delete = DeletePlan { id, name: "daily".to_owned(), selections: vec![reference] };
    house.order(&connection, delete).await;
    let Answer::Plans(plans) = ask(&connection, Query::Plans).await else { panic!("plans") };
    assert!(plans.is_empty());
}

#[tokio::test]
async fn a_refusal_is_in_the_engines_words() {
    let house = House::new();
    let connection = house.connect();
    let failure = connection.order(&house.audit, home(), create_vault("Default")).await.unwrap_err();
    assert_eq!(failure.fault.kind, FaultKind::Refused);
    assert_eq!(failure.fault.code.as_deref(), Some("AlreadyExistsException"));
    assert!(failure.fault.message.contains("already exists"), "{failure}");
    assert!(failure.fault.request_id.is_some());
}

#[tokio::test]
async fn a_new_account_becomes_a_scope_that_can_be_entered() {
    let house = House::new();
    let connection = house.connect();
    assert_eq!(connection.list_scopes(&Within::default()).await.unwrap().len(), 1);
    let request = AddAccount { account_id: None, name: "billing".to_owned(), email: None };
    let added = connection.control().unwrap().add_account(&request).await.unwrap();
    let scopes = connection.list_scopes(&Within::default()).await.unwrap();
    assert_eq!(scopes.len(), 2);
    assert_eq!(scopes[1].scope.account.as_str(), added.account_id);
    assert_eq!((scopes[1].account_name.as_deref(), scopes[1].fault.clone()), (Some("billing"), None));
    let vaults = connection.list_vaults(&Within::default()).await.unwrap();
    assert!(vaults.faults.is_empty(), "{:?}", vaults.faults);
    assert_eq!(vaults.rows.len(), 2, "each account is born with its Default vault");
}

#[tokio::test]
async fn what_is_registered_can_be_selected_with_its_name_and_path() {
    let house = House::new();
    let connection = house.connect();
    let arn = house.projects(&connection).await;
    let Answer::Resources(resources) = ask(&connection, Query::Resources).await else { panic!("resources") };
    assert_eq!(resources.len(), 1);
    assert_eq!(resources[0].arn, arn);
    assert_eq!(resources[0].name.as_ref().known().map(String::as_str), Some("projects"));
    assert!(resources[0].path.as_ref().known().unwrap().ends_with("/projects"));
    assert_eq!(resources[0].tags["env"], "prod");
}

#[tokio::test]
async fn the_same_is_seen_through_the_socket_and_again_after_a_restart() {
    let house = House::new();
    house.order(&house.connect(), create_vault("nightly")).await;
    let socket = house.folder.path().join("engine.sock");
    let serve = |router: axum::Router, shutdown: Shutdown| {
        let socket = socket.clone();
        tokio::spawn(async move { serve_unix(&socket, router, shutdown).await })
    };
    let first = serve(house.router(), house.shutdown.clone());
    let connection = Connection::new(options(Transport::Socket(socket.clone()))).unwrap();
    let names = async || -> Result<Vec<String>, FaultKind> {
        match connection.read(Key::scoped(home(), Query::Vaults)).await {
            Ok(Answer::Vaults(vaults)) => Ok(vaults.iter().map(|vault| vault.name.clone()).collect()),
            Ok(other) => panic!("{other:?}"),
            Err(fault) => Err(fault.kind),
        }
    };
    let eventually = async |wanted: Result<Vec<String>, FaultKind>| {
        for _ in 0..100 {
            if names().await == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(names().await, wanted);
    };
    let both = || Ok(vec!["Default".to_owned(), "nightly".to_owned()]);
    eventually(both()).await;
    house.shutdown.request();
    first.await.unwrap().unwrap();
    eventually(Err(FaultKind::Network)).await;
    let again = Shutdown::new();
    let second = serve(router(house.engine.clone(), Surface::Local { shutdown: again.clone() }), again.clone());
    eventually(both()).await;
    again.request();
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_folder_is_backed_up_looked_into_and_restored() {
    let house = House::new();
    let connection = house.connect();
    let arn = house.projects(&connection).await;
    let role = vaultdeck::domain::Arn::default_role(&home().account);
    let start = StartBackup {
        vault: "Default".to_owned(),
        air_gapped_vault: None,
        resource: arn.clone(),
        role: role.clone(),
        lifecycle: None,
        start_window_minutes: None,
        complete_window_minutes: None,
        tags: [("why".to_owned(), "test".to_owned())].into(),
        options: [].into(),
        idempotency_token: new_token(),
    };
    let Outcome::BackupJob(id) = house.order(&connection, start.clone()).await else { panic!("a job") };
    assert_eq!(house.order(&connection, start).await, Outcome::BackupJob(id.clone()), "the same token, the same job");
    let mut seen = 0;
    let job = connection.follow_backup(&home(), &id, |_| seen += 1).await.unwrap();
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    assert!(seen > 0);

    let Answer::BackupJobs(jobs) = ask(&connection, Query::BackupJobs).await else { panic!("jobs") };
    assert_eq!(jobs.len(), 1);
    let point = job.recovery_point_arn.clone().unwrap();
    let found = connection.find_recovery_point(&Within::default(), &point).await.unwrap();
    assert_eq!((found.resource_arn.clone(), found.vault_name.as_str()), (arn.clone(), "Default"));
    let Answer::Tags(tags) = ask(&connection, Query::Tags { arn: point.clone() }).await else { panic!("tags") };
    assert_eq!(tags["why"], "test");
    let Answer::ProtectedResources(protected) = ask(&connection, Query::ProtectedResources).await else {
        panic!("resources")
    };
    assert_eq!(protected[0].arn, arn);

    let items = async |path: &str| {
        let query = Query::Items { recovery_point: point.clone(), path: path.to_owned() };
        let Answer::Items(items) = ask(&connection, query).await else { panic!("items") };
        items.items.iter().map(|item| (item.name.clone(), item.kind.clone())).collect::<Vec<_>>()
    };
    let entry = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
    assert_eq!(items("/").await, [entry("a.txt", "file"), entry("sub", "dir")]);
    let hostile = items("/sub").await;
    assert_eq!(hostile, [entry("two\\x0alines.txt", "file")], "a name with a line break is shown harmlessly");

    let query = Query::RestoreMetadata { vault: "Default".into(), recovery_point: point.clone() };
    let Answer::RestoreMetadata(told) = ask(&connection, query).await else { panic!("metadata") };
    let target = house.folder.path().join("restored");
    let mut metadata = told.metadata.clone();
    metadata.insert("newFileSystem".to_owned(), "true".to_owned());
    metadata.insert("vaultdeck:path".to_owned(), target.display().to_string());
    let chosen = serde_json::json!([format!("/sub/{}", hostile[0].0)]).to_string();
    metadata.insert("ItemsToRestore".to_owned(), chosen);
    let start = StartRestore {
        recovery_point: point,
        metadata,
        role: Some(role),
        resource_type: told.resource_type.clone(),
        copy_source_tags: false,
        idempotency_token: new_token(),
    };
    let Outcome::RestoreJob(id) = house.order(&connection, start).await else { panic!("a job") };
    let job = connection.follow_restore(&home(), &id, |_| {}).await.unwrap();
    assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
    let restored = walk(&target);
    assert_eq!(restored.len(), 1, "{restored:?}");
    assert_eq!(restored[0].file_name().unwrap().to_str(), Some("two\nlines.txt"));
    assert_eq!(std::fs::read_to_string(&restored[0]).unwrap(), "hostile name");
}

#[tokio::test]
async fn the_points_of_a_resource_are_known_as_those_of_their_vaults() {
    let house = House::new();
    let connection = house.connect();
    let arn = house.projects(&connection).await;
    house.order(&connection, create_vault("safe")).await;
    for (vault, days) in [("Default", Some(12)), ("safe", None)] {
        let start = StartBackup {
            vault: vault.to_owned(),
            air_gapped_vault: None,
            resource: arn.clone(),
            role: vaultdeck::domain::Arn::default_role(&home().account),
            lifecycle: days.map(|days| Lifecycle { delete_after_days: Some(days), ..Lifecycle::default() }),
            start_window_minutes: None,
            complete_window_minutes: None,
            tags: [].into(),
            options: [].into(),
            idempotency_token: new_token(),
        };
        let Outcome::BackupJob(id) = house.order(&connection, start).await else { panic!("a job") };
        connection.follow_backup(&home(), &id, |_| {}).await.unwrap();
    }
    let query = Query::RecoveryPointsOfResource { resource: arn };
    let Answer::RecoveryPoints(points) = ask(&connection, query).await else { panic!("points") };
    assert_eq!(points.len(), 2);
    for point in points.iter() {
        let kept = point.delete_at().known().expect("it is known").map(|at| (at - point.created).num_days());
        assert_eq!(kept, if point.vault_name == "safe" { None } else { Some(12) }, "{}", point.vault_name);
        assert_eq!(point.created_by, Known::Known(None), "it was made on demand, which is known");
        let listed = Query::RecoveryPoints { vault: point.vault() };
        let Answer::RecoveryPoints(listed) = ask(&connection, listed).await else { panic!("points") };
        assert_eq!(listed[0], *point);
    }
}

#[tokio::test]
async fn the_same_is_seen_over_tcp_with_an_access_key() {
    if let Some(url) = given_url() {
        return seen_over_tcp(url).await;
    }
    let house = House::new();
    let connection = house.connect();
    let arn = house.projects(&connection).await;
    let start = StartBackup {
        vault: "Default".to_owned(),
        air_gapped_vault: None,
        resource: arn,
        role: vaultdeck::domain::Arn::default_role(&home().account),
        lifecycle: None,
        start_window_minutes: None,
        complete_window_minutes: None,
        tags: [].into(),
        options: [].into(),
        idempotency_token: new_token(),
    };
    let Outcome::BackupJob(id) = house.order(&connection, start).await else { panic!("a job") };
    connection.follow_backup(&home(), &id, |_| {}).await.unwrap();

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let surface = Surface::Tcp { restore_roots: Vec::new().into(), simulated_clock: false };
    let serving = tokio::spawn(serve_tcp(listener, router(house.engine.clone(), surface), house.shutdown.clone()));
    let key = connection.control().unwrap().credentials(&CredentialsRequest::default()).await.unwrap();
    let child = tokio::task::spawn_blocking(move || {
        let keys = (key.access_key_id.as_str(), key.secret_access_key.as_str());
        in_child("engine::the_same_is_seen_over_tcp_with_an_access_key", &url, keys);
    });
    child.await.unwrap();
    house.shutdown.request();
    serving.await.unwrap().unwrap();
}

/// What a second process sees of the engine.
async fn seen_over_tcp(url: String) {
    let options = vaultdeck::client::connect::Options {
        profile: Some("moto".to_owned()),
        regions: vec!["us-east-1".parse().unwrap()],
        ..options(Transport::Endpoint(url))
    };
    let connection = Connection::new(options).unwrap();
    assert!(connection.capabilities().allows(Feature::Write).is_err(), "until it shows itself as an engine");
    let points = connection.list_recovery_points(&Within::default(), Some("Default")).await.unwrap();
    assert!(points.faults.is_empty(), "{:?}", points.faults);
    let capabilities = connection.capabilities();
    assert_eq!(capabilities.allows(Feature::Write), Ok(()));
    assert!(capabilities.allows(Feature::Status).is_err(), "control routes are not on TCP");
    let Answer::Health(health) = connection.read(Key::context(Query::Health)).await.unwrap() else { panic!("health") };
    assert!(health.healthy, "{health:?}");
    let Answer::JobCounts(counts) = ask(&connection, Query::JobCounts).await else { panic!("counts") };
    let ended: Vec<_> = counts.ended.iter().map(|(_, state, number)| (state.clone(), *number)).collect();
    assert_eq!(ended, [(JobState::Completed, 1)], "as CloudWatch would count them: {counts:?}");
    let query = Query::Items { recovery_point: points.rows[0].arn.clone(), path: "/".to_owned() };
    let Answer::Items(items) = ask(&connection, query).await else { panic!("items") };
    assert_eq!(items.items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["a.txt", "sub"]);
}

/// Every file below a folder.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}
