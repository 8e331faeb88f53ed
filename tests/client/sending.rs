//! What is sent is what was shown; and it is written down before and after.

use crate::approval::every_mutation;
use crate::recorder::{recorded, scope};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use serde_json::Value;
use std::sync::Arc;
use vaultdeck::client::approve::{Approved, approve, approve_command_line};
use vaultdeck::client::audit::{Audit, Entry, Phase};
use vaultdeck::client::change::DeleteVault;
use vaultdeck::client::connect::Connection;
use vaultdeck::client::mutate::mutate;
use vaultdeck::client::{Ask, FaultKind, Mutation, Outcome, Pending};

struct Log {
    _folder: tempfile::TempDir,
    audit: Arc<Audit>,
}

impl Log {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let audit = Arc::new(Audit::open(&folder.path().join("audit.jsonl"), "ada@bastion").unwrap());
        Self { _folder: folder, audit }
    }

    fn entries(&self) -> Vec<Entry> {
        let text = std::fs::read_to_string(self.audit.path()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn approved(connection: &Connection, mutation: impl Into<Mutation>) -> Approved {
    let pending = Pending::new(scope(), mutation, &connection.capabilities(), &connection.command_line()).unwrap();
    let answer = match &pending.ask {
        Ask::Yes => "y".to_owned(),
        Ask::Type(text) => text.clone(),
    };
    approve(pending, &answer).unwrap()
}

/// Every member that was shown is in the body, or its value in the path.
fn assert_shown_is_sent(shown: &Value, path: &str, body: &Value) {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8().unwrap().into_owned();
    let shown = shown.as_object().unwrap();
    for (name, value) in shown {
        let in_path = value.as_str().is_some_and(|text| decoded.contains(text));
        let plan = value == "ID-OF-THE-NEW-PLAN" && decoded.contains("plan-1");
        assert!(in_path || plan || body.get(name) == Some(value), "{name} = {value} is not in {path} {body}");
    }
    for name in body.as_object().into_iter().flatten().map(|(name, _)| name) {
        assert!(shown.contains_key(name), "{name} is sent but was not shown");
    }
}

#[tokio::test]
async fn what_was_shown_is_what_is_sent() {
    for mutation in every_mutation() {
        let (recorder, connection) = recorded();
        let log = Log::new();
        let approved = approved(&connection, mutation.clone());
        let shown: Vec<Value> =
            approved.pending().requests.iter().map(|request| serde_json::from_str(&request.json).unwrap()).collect();
        mutate(&connection, &log.audit, approved).await.unwrap_or_else(|failure| panic!("{mutation:?}: {failure}"));
        let sent = recorder.sent();
        assert_eq!(sent.len(), shown.len(), "{mutation:?}");
        for (shown, sent) in shown.iter().zip(&sent) {
            assert_shown_is_sent(shown, &sent.path, &sent.body);
        }
    }
}

#[tokio::test]
async fn every_request_is_in_the_log_before_and_after() {
    for mutation in every_mutation() {
        let (recorder, connection) = recorded();
        let log = Log::new();
        mutate(&connection, &log.audit, approved(&connection, mutation.clone())).await.unwrap();
        let entries = log.entries();
        assert_eq!(entries.len(), 2 * recorder.sent().len(), "{mutation:?}");
        for (pair, request) in entries.chunks(2).zip(mutation.requests("token")) {
            assert_eq!((pair[0].phase, pair[1].phase), (Phase::Intended, Phase::Done));
            assert_eq!(pair[0].id, pair[1].id);
            assert_eq!(pair[0].operation, request.operation);
            assert_eq!(pair[0].who, "ada@bastion");
            assert_eq!(pair[0].approval, "typed");
            assert_eq!(pair[1].request_id.as_deref(), Some("request-1"));
            assert_eq!(pair[0].account.as_str(), "123456789012");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_logged_and_told_in_the_services_words() {
    let (recorder, connection) = recorded();
    let log = Log::new();
    recorder.refuse("/backup-vaults/", 400, "InvalidRequestException", "Backup vault cannot be deleted\u{1b}[31m.");
    let approved = approved(&connection, DeleteVault { name: "nightly".to_owned() });
    let failure = mutate(&connection, &log.audit, approved).await.unwrap_err();
    assert_eq!(failure.fault.kind, FaultKind::Refused);
    assert_eq!(failure.fault.message, "Backup vault cannot be deleted[31m.");
    assert_eq!(failure.fault.code.as_deref(), Some("InvalidRequestException"));
    assert_eq!(failure.fault.request_id.as_deref(), Some("refused-1"));
    let entries = log.entries();
    assert_eq!(entries[1].phase, Phase::Failed);
    assert!(entries[1].error.as_ref().unwrap().contains("cannot be deleted"));
}

#[tokio::test]
async fn a_mutation_that_stops_half_way_says_what_is_done() {
    let (recorder, connection) = recorded();
    let log = Log::new();
    recorder.refuse("/selections", 400, "InvalidParameterValueException", "IAM Role cannot be assumed by AWS Backup");
    let plan = every_mutation().into_iter().find(|m| matches!(m, Mutation::CreatePlan { .. })).unwrap();
    let failure = mutate(&connection, &log.audit, approved(&connection, plan)).await.unwrap_err();
    assert_eq!(failure.done, ["CreateBackupPlan"]);
    assert!(failure.to_string().contains("already done: CreateBackupPlan"), "{failure}");
}

#[tokio::test]
async fn the_log_names_the_plan_that_was_made() {
    let (_, connection) = recorded();
    let log = Log::new();
    let plan = every_mutation().into_iter().find(|m| matches!(m, Mutation::CreatePlan { .. })).unwrap();
    let outcome = mutate(&connection, &log.audit, approved(&connection, plan)).await.unwrap();
    assert_eq!(outcome, Outcome::Plan("plan-1".parse().unwrap()));
    assert_eq!(log.entries()[2].request["BackupPlanId"], "plan-1");
}

#[tokio::test]
async fn without_a_log_nothing_is_sent() {
    let (recorder, connection) = recorded();
    // A pipe whose reader has gone takes no line.
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("audit.jsonl");
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let reader = rustix::fs::open(&pipe, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
    let audit = Arc::new(Audit::open(&pipe, "ada").unwrap());
    drop(reader);
    let approved = approved(&connection, DeleteVault { name: "nightly".to_owned() });
    let failure = mutate(&connection, &audit, approved).await.unwrap_err();
    assert!(failure.fault.message.contains(&format!("audit log {}", pipe.display())), "{failure}");
    assert!(recorder.sent().is_empty());
}

#[tokio::test]
async fn an_order_of_the_command_line_is_logged_as_such() {
    let (_, connection) = recorded();
    let log = Log::new();
    let mutation = DeleteVault { name: "nightly".to_owned() };
    let pending = Pending::new(scope(), mutation, &connection.capabilities(), &connection.command_line()).unwrap();
    mutate(&connection, &log.audit, approve_command_line(pending)).await.unwrap();
    assert_eq!(log.entries()[0].approval, "command_line");
}
