//! The AWS side, against moto: a server that others wrote. What it lacks must be said in place, and nothing may hang.
//!
//! `VAULTDECK_MOTO` names the server's program; `tests/run` sets it.

use crate::child::{given_url, in_child};
use crate::recorder::options;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use vaultdeck::client::audit::Audit;
use vaultdeck::client::change::{CreatePlan, CreateVault, DeletePlan, DeleteVault};
use vaultdeck::client::connect::{Connection, Options, Transport};
use vaultdeck::client::lists::Within;
use vaultdeck::client::{Answer, FaultKind, Feature, Key, Offer, Query};
use vaultdeck::domain::Scope;
use vaultdeck::domain::job::JobState;

/// A moto server of its own; stopped when dropped.
struct Moto {
    child: Child,
    url: String,
}

impl Moto {
    fn start(program: &std::ffi::OsStr) -> Self {
        let mut child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto_server starts");
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("moto_server tells where it runs").unwrap();
            if let Some(url) = line.split("Running on ").nth(1) {
                break url.trim().to_owned();
            }
        };
        // What it logs later is read and dropped, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Gives the server's URL in the child process; in the first process starts the server, runs the child and gives none.
fn moto(test: &str) -> Option<String> {
    if let Some(url) = given_url() {
        return Some(url);
    }
    let Some(program) = std::env::var_os("VAULTDECK_MOTO") else {
        eprintln!("VAULTDECK_MOTO is not set: tests/run sets it");
        return None;
    };
    let moto = Moto::start(&program);
    in_child(&format!("moto::{test}"), &moto.url, ("AKIAMOTO", "secret"));
    None
}

fn connect(url: &str, write: bool) -> Arc<Connection> {
    let options = Options {
        regions: vec!["eu-central-1".parse().unwrap()],
        member_role: Some("OrganizationAccountAccessRole".to_owned()),
        profile: Some("moto".to_owned()),
        write,
        ..options(Transport::Endpoint(url.to_owned()))
    };
    Connection::new(options).unwrap()
}

fn scope() -> Scope {
    Scope::new("123456789012".parse().unwrap(), "eu-central-1".parse().unwrap())
}

#[tokio::test]
async fn it_is_read_only_unless_writing_was_asked_for() {
    let Some(url) = moto("it_is_read_only_unless_writing_was_asked_for") else { return };
    let connection = connect(&url, false);
    assert!(connection.read(Key::scoped(scope(), Query::Vaults)).await.is_ok());
    assert_eq!(connection.capabilities().engine, None, "moto is no engine of ours");
    assert!(connection.capabilities().allows(Feature::Write).is_err());
    assert!(connection.capabilities().allows(Feature::Items).is_err());
    assert!(connection.capabilities().allows(Feature::ColdStorage).is_ok());
}

#[tokio::test]
async fn a_vault_and_a_plan_can_be_made_shown_and_deleted() {
    let Some(url) = moto("a_vault_and_a_plan_can_be_made_shown_and_deleted") else { return };
    let connection = connect(&url, true);
    let folder = tempfile::tempdir().unwrap();
    let audit = Arc::new(Audit::open(&folder.path().join("audit.jsonl"), "ada").unwrap());
    let create = CreateVault { name: "nightly".to_owned(), tags: [].into(), encryption_key_arn: None };
    connection.order(&audit, scope(), create).await.unwrap();
    let document = serde_json::from_str(
        r#"{"BackupPlanName": "daily", "Rules": [{"RuleName": "r", "TargetBackupVaultName": "nightly",
            "Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 120}}]}"#,
    )
    .unwrap();
    let create = CreatePlan { document, selections: Vec::new(), tags: [].into() };
    connection.order(&audit, scope(), create).await.unwrap();

    let vaults = connection.list_vaults(&Within::default()).await.unwrap();
    assert!(vaults.rows.iter().any(|vault| vault.name == "nightly" && vault.scope == scope()), "{vaults:?}");
    let plans = connection.list_plans(&Within::default()).await.unwrap();
    let id = plans.rows[0].id.clone();
    let Answer::Plan(plan) = connection.read(Key::scoped(scope(), Query::Plan { id: id.clone() })).await.unwrap()
    else {
        panic!("a plan")
    };
    assert_eq!(plan.plan.document.rules[0].lifecycle.unwrap().move_to_cold_storage_after_days, Some(30));
    let selections = plan.selections.as_ref().expect_err("moto has no selections");
    assert!(selections.message.contains("ListBackupSelections"), "the plan is shown all the same: {selections}");

    let delete = DeletePlan { id, name: "daily".to_owned(), selections: Vec::new() };
    connection.order(&audit, scope(), delete).await.unwrap();
    connection.order(&audit, scope(), DeleteVault { name: "nightly".to_owned() }).await.unwrap();
    assert_eq!(std::fs::read_to_string(audit.path()).unwrap().lines().count(), 8);
}

/// Publishes one data point of AWS Backup's metrics, as AWS does by itself.
fn publish(url: &str, name: &str, vault: &str, at: i64, value: u32) {
    let body = serde_json::json!({ "Namespace": "AWS/Backup", "MetricData": [{
        "MetricName": name, "Dimensions": [{ "Name": "BackupVaultName", "Value": vault }], "Timestamp": at, "Value": value, "Unit": "Count",
    }] })
    .to_string();
    let address = url.strip_prefix("http://").unwrap();
    let credential = "AKIAMOTO/20260101/eu-central-1/monitoring/aws4_request";
    let head = format!(
        "POST / HTTP/1.0\r\nhost: {address}\r\nauthorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=x\r\n\
         content-type: application/x-amz-json-1.0\r\nx-amz-target: GraniteServiceVersion20100801.PutMetricData\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 200 OK"), "{answer}");
}

#[tokio::test]
async fn the_ends_of_jobs_that_are_not_listed_any_more_are_counted_by_cloudwatch() {
    let Some(url) = moto("the_ends_of_jobs_that_are_not_listed_any_more_are_counted_by_cloudwatch") else { return };
    let connection = connect(&url, true);
    let folder = tempfile::tempdir().unwrap();
    let audit = Arc::new(Audit::open(&folder.path().join("audit.jsonl"), "ada").unwrap());
    for name in ["nightly", "weekly"] {
        let create = CreateVault { name: name.to_owned(), tags: [].into(), encryption_key_arn: None };
        connection.order(&audit, scope(), create).await.unwrap();
    }
    let hour = chrono::Utc::now().timestamp() / 3600 * 3600;
    let ago = |days: i64| hour - days * 86_400;
    for (name, vault, at, value) in [
        ("NumberOfBackupJobsCompleted", "nightly", ago(40) + 300, 3),
        ("NumberOfBackupJobsCompleted", "nightly", ago(40) + 900, 1),
        ("NumberOfBackupJobsCompleted", "weekly", ago(40) + 600, 2),
        ("NumberOfBackupJobsFailed", "nightly", ago(40) + 600, 1),
        ("NumberOfBackupJobsExpired", "weekly", ago(20), 1),
        // Neither of a vault that is not there, nor of another time, nor what is no end of a job.
        ("NumberOfBackupJobsCompleted", "gone", ago(40), 7),
        ("NumberOfBackupJobsCompleted", "nightly", ago(70), 7),
        ("NumberOfBackupJobsCreated", "nightly", ago(40), 7),
    ] {
        publish(&url, name, vault, at, value);
    }
    let Answer::JobCounts(counts) = connection.read(Key::scoped(scope(), Query::JobCounts)).await.unwrap() else {
        panic!("counts")
    };
    let ended: Vec<_> =
        counts.ended.iter().map(|(at, state, number)| (at.timestamp(), state.clone(), *number)).collect();
    assert_eq!(
        ended,
        [(ago(40), JobState::Completed, 6), (ago(40), JobState::Failed, 1), (ago(20), JobState::Expired, 1)]
    );
}

#[tokio::test]
async fn what_it_lacks_is_said_and_nothing_hangs() {
    let Some(url) = moto("what_it_lacks_is_said_and_nothing_hangs") else { return };
    let connection = connect(&url, false);
    for query in
        [Query::BackupJobs, Query::RestoreJobs, Query::CopyJobs, Query::ProtectedResources, Query::RegionSettings]
    {
        let started = Instant::now();
        let fault = connection.read(Key::scoped(scope(), query.clone())).await.unwrap_err();
        assert!(matches!(fault.kind, FaultKind::NotSupported { .. }), "{query:?}: {fault:?}");
        assert!(fault.message.contains("no List") || fault.message.contains("no Describe"), "{fault}");
        assert!(started.elapsed() < Duration::from_secs(5), "{query:?} took {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn the_organization_and_its_scopes_are_shown() {
    let Some(url) = moto("the_organization_and_its_scopes_are_shown") else { return };
    let python = std::env::var("VAULTDECK_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = format!(
        "import boto3; o = boto3.client('organizations', endpoint_url='{url}', region_name='us-east-1', \
         aws_access_key_id='x', aws_secret_access_key='x'); o.create_organization(FeatureSet='ALL'); \
         o.create_account(Email='b@example.com', AccountName='billing')"
    );
    assert!(Command::new(python).args(["-c", &script]).status().unwrap().success());
    let connection = connect(&url, false);
    let accounts = connection.list_accounts().await.unwrap();
    assert!(accounts.iter().any(|account| account.name == "billing"));
    assert!(accounts[0].management, "{accounts:?}");
    let scopes = connection.list_scopes(&Within::default()).await.unwrap();
    assert_eq!(scopes.len(), 2, "{scopes:?}");
    assert!(scopes[0].home && scopes[0].scope == scope());
    assert_eq!(scopes[1].account_name.as_deref(), Some("billing"));
    assert_eq!(scopes[1].fault, None, "moto lets the member's role be assumed");
    assert!(connection.read(Key::scoped(scopes[1].scope.clone(), Query::Vaults)).await.is_ok());
}

#[tokio::test]
async fn outside_an_organization_there_is_the_own_account() {
    let Some(url) = moto("outside_an_organization_there_is_the_own_account") else { return };
    let connection = connect(&url, false);
    let fault = connection.list_accounts().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound, "{fault}");
    let scopes = connection.list_scopes(&Within::default()).await.unwrap();
    assert_eq!(scopes.iter().map(|view| view.scope.clone()).collect::<Vec<_>>(), [scope()]);
}

#[tokio::test]
async fn a_login_that_is_over_says_so_and_how_to_log_in() {
    let Some(url) = moto("a_login_that_is_over_says_so_and_how_to_log_in") else { return };
    for profile in ["sso", "there-is-none"] {
        let options = Options {
            regions: vec!["eu-central-1".parse().unwrap()],
            profile: Some(profile.to_owned()),
            ..options(Transport::Endpoint(url.clone()))
        };
        let connection = Connection::new(options).unwrap();
        let fault = connection.read(Key::scoped(scope(), Query::Vaults)).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Expired, "{profile}: {fault:?}");
        let login = Offer::LogIn("aws sso login --profile sso".to_owned());
        let offered = if profile == "sso" { login } else { Offer::Retry };
        assert_eq!(fault.offer(), offered, "nobody signs in with a profile that is not there");
    }
}
