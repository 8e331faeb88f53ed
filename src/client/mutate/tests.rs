//! Every change of the list is sent, and what leaves is compared with what was shown.

use super::*;
use crate::client::approve::{Pending, RequestView, approve};
use crate::client::audit::{Entry, Phase};
use crate::client::change::HIDDEN;
use crate::client::control::Control;
use crate::client::json_service::JsonService;
use crate::client::kms::{Kms, NAMES};
use crate::client::ram::Ram;
use crate::client::wire::{Handler, Wire};
use crate::client::{Ask, Capabilities, CommandLine, Danger, Mutation};
use crate::domain::Scope;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_backup::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_backup::config::{BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents};
use aws_sdk_backup::error::BoxError;
use aws_sdk_backup::{Client, Config};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use bytes::Bytes;
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A request as the SDK calls it and as it lies on the wire.
#[derive(Debug, Clone)]
struct Sent {
    operation: String,
    uri: String,
    body: Map<String, Value>,
}

/// Writes down what the SDK is about to transmit.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Sent>>>);

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let body = request.body().bytes().filter(|body| !body.is_empty());
        self.0.lock().push(Sent {
            operation: bag.load::<Metadata>().unwrap().name().to_owned(),
            uri: request.uri().to_owned(),
            body: body.map(|body| serde_json::from_slice(body).unwrap()).unwrap_or_default(),
        });
        Ok(())
    }
}

impl Recorder {
    fn client(&self) -> Client {
        let ids = json!({
            "BackupPlanId": "plan-1", "BackupJobId": "job-1", "RestoreJobId": "restore-1", "CopyJobId": "copy-1", "SelectionId": "selection-1", "LegalHoldId": "hold-1"
        });
        let handler: Handler = Arc::new(move |_| {
            let answer = http::Response::new(Bytes::from(ids.to_string()));
            Box::pin(async move { answer })
        });
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"))
            .endpoint_url("http://engine")
            .http_client(Wire::in_process(handler))
            .interceptor(self.clone());
        Client::from_conf(config.build())
    }

    fn kms(&self) -> Kms {
        let sent = self.0.clone();
        let handler: Handler = Arc::new(move |request| {
            let target = request.headers()["x-amz-target"].to_str().unwrap();
            sent.lock().push(Sent {
                operation: target.strip_prefix("TrentService.").unwrap().to_owned(),
                uri: request.uri().to_string(),
                body: serde_json::from_slice(request.body()).unwrap(),
            });
            let answer = http::Response::new(Bytes::from(json!({ "KeyMetadata": { "KeyId": "key-1" } }).to_string()));
            Box::pin(async move { answer })
        });
        let keys = SharedCredentialsProvider::new(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"));
        let region = "us-east-1".parse().unwrap();
        Kms(JsonService {
            wire: Wire::in_process(handler),
            url: "http://engine/".to_owned(),
            region,
            credentials: keys,
            names: NAMES,
        })
    }
}

impl Recorder {
    /// RAM, whose requests are written down as they are sent.
    fn ram(&self) -> Ram {
        const OPERATIONS: [&str; 3] = ["CreateResourceShare", "AssociateResourceShare", "DisassociateResourceShare"];
        let sent = Arc::clone(&self.0);
        let handler: Handler = Arc::new(move |request| {
            let path = request.uri().path().trim_start_matches('/').to_owned();
            let operation = OPERATIONS.iter().find(|name| name.to_ascii_lowercase() == path).unwrap();
            let body = serde_json::from_slice(request.body()).unwrap();
            sent.lock().push(Sent { operation: (*operation).to_owned(), uri: request.uri().to_string(), body });
            Box::pin(async move { http::Response::new(Bytes::from_static(b"{}")) })
        });
        Ram {
            wire: Wire::in_process(handler),
            credentials: SharedCredentialsProvider::new(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test")),
            base: "http://engine".to_owned(),
            region: "us-east-1".parse().unwrap(),
        }
    }
}

impl Recorder {
    /// The routes of an engine, likewise.
    fn control(&self) -> Control {
        let sent = Arc::clone(&self.0);
        let handler: Handler = Arc::new(move |request| {
            assert_eq!(request.uri().path(), "/_vaultdeck/resources");
            let body = serde_json::from_slice(request.body()).unwrap();
            sent.lock().push(Sent { operation: "AddResource".to_owned(), uri: "http://engine/".to_owned(), body });
            let answer = json!({ "ResourceArn": "arn:aws:rds:us-east-1:123456789012:db:projects" }).to_string();
            Box::pin(async move { http::Response::new(Bytes::from(answer)) })
        });
        Control::in_process(handler)
    }
}

fn pending(mutation: Mutation) -> Pending {
    let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let capabilities = Capabilities { engine: None, control: true, write: true };
    Pending::new(scope, mutation, &capabilities, &CommandLine::default()).unwrap()
}

/// What was shown of a change, what came of it, what was sent, and what the audit log says.
struct Trial {
    shown: Vec<RequestView>,
    outcome: Result<Outcome, ChangeFailure>,
    sent: Vec<Sent>,
    log: Vec<Entry>,
}

/// Approves and sends; `fewer` takes away the last of the requests that were approved.
async fn trial(mutation: Mutation, fewer: bool) -> Trial {
    let folder = tempfile::tempdir().unwrap();
    let audit = Arc::new(Audit::open(&folder.path().join("audit.jsonl"), "ada").unwrap());
    let pending = pending(mutation);
    let shown = pending.requests.clone();
    let answer = match &pending.ask {
        Ask::Yes => "y".to_owned(),
        Ask::Type(text) => text.clone(),
    };
    let (mutation, mut order) = approve(pending, &answer).unwrap().into_order();
    if fewer {
        order.requests.pop();
    }
    let recorder = Recorder::default();
    let clients = (recorder.client(), recorder.kms(), recorder.ram(), Some(recorder.control()));
    let mut sending = Sending::new(clients, &audit, "test".to_owned(), order);
    let outcome = mutation.send(&mut sending).await;
    let sent = recorder.0.lock().clone();
    let lines = std::fs::read_to_string(audit.path()).unwrap();
    let log = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Trial { shown, outcome, sent, log }
}

/// The segments of the path and the values of the query, decoded.
fn parts(uri: &str) -> Vec<String> {
    let (path, query) = uri.trim_start_matches("http://engine/").split_once('?').unwrap_or((uri, ""));
    let path = path.trim_start_matches("http://engine/").split('/');
    let values = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
    let decoded = |part: &str| percent_decode_str(part).decode_utf8().unwrap().into_owned();
    path.chain(values).map(decoded).collect()
}

/// Each shown member is in the body as it was shown, or all of one part of the URI; and nothing else is sent: what is left
/// of the URI are the words of AWS's own paths.
fn assert_same(shown: &Map<String, Value>, sent: &Sent) {
    let mut parts = parts(&sent.uri);
    for (name, value) in shown {
        if sent.body.contains_key(name) {
            if *value == HIDDEN {
                assert_ne!(sent.body.get(name), Some(value), "{name} of {sent:?} is not what was to be hidden");
                continue;
            }
            assert_eq!(sent.body.get(name), Some(value), "{name} of {sent:?}");
            continue;
        }
        let text = match value {
            Value::String(text) if text == "ID-OF-THE-NEW-PLAN" => "plan-1".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let place = parts.iter().position(|part| *part == text);
        parts.remove(place.unwrap_or_else(|| panic!("{name} = {value} is not in {sent:?}")));
    }
    let unseen: Vec<&String> = sent.body.keys().filter(|name| !shown.contains_key(*name)).collect();
    assert!(unseen.is_empty(), "sent and not shown: {unseen:?} of {sent:?}");
    let is_word =
        |part: &String| part == "parentAssociation" || part.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    assert!(parts.iter().all(is_word), "sent and not shown: {parts:?} of {sent:?}");
}

#[tokio::test]
async fn the_requests_of_every_change_are_what_it_puts_on_the_wire() {
    for example in Mutation::examples() {
        let Trial { shown, outcome, sent, log } = trial(example.clone(), false).await;
        outcome.unwrap_or_else(|failure| panic!("{example:?}: {failure}"));
        let shown_operations: Vec<&str> = shown.iter().map(|shown| shown.operation).collect();
        let sent_operations: Vec<&str> = sent.iter().map(|sent| sent.operation.as_str()).collect();
        assert_eq!(sent_operations, shown_operations, "{example:?}");
        assert!(!sent.is_empty(), "{example:?}");
        for (shown, sent) in shown.iter().zip(&sent) {
            assert_same(&serde_json::from_str(&shown.json).unwrap(), sent);
        }
        let logged: Vec<(Phase, &str)> = log.iter().map(|line| (line.phase, line.operation.as_str())).collect();
        let lines = |operation| [(Phase::Intended, operation), (Phase::Done, operation)];
        assert_eq!(logged, shown_operations.into_iter().flat_map(lines).collect::<Vec<_>>(), "{example:?}");
    }
}

#[tokio::test]
async fn a_request_that_was_not_approved_is_not_sent() {
    for example in Mutation::examples() {
        let approved = example.requests("token").len() - 1;
        let Trial { outcome, sent, log, .. } = trial(example.clone(), true).await;
        let failure = outcome.expect_err("one request is too many");
        assert!(failure.fault.message.contains("more requests than were approved"), "{failure}");
        assert_eq!((sent.len(), log.len()), (approved, 2 * approved), "{example:?}");
    }
}

#[test]
fn every_change_has_its_words_and_what_destroys_must_be_named_as_it_is_shown() {
    for example in Mutation::examples() {
        let pending = pending(example);
        assert!(!pending.summary.is_empty() && !pending.summary.ends_with('.'), "{}", pending.summary);
        assert!(pending.consequence.is_empty() || pending.consequence.ends_with('.'), "{}", pending.consequence);
        match (&pending.ask, pending.danger) {
            (Ask::Yes, Danger::Low | Danger::Medium) => {}
            (Ask::Type(text), Danger::High) => {
                assert!(!text.is_empty() && pending.summary.contains(text), "{} {text}", pending.summary);
                assert!(!pending.consequence.is_empty(), "{}", pending.summary);
            }
            mismatched => panic!("{mismatched:?}"),
        }
    }
}

#[test]
fn no_other_file_calls_a_writing_operation() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let changes = source.join("client/change");
    let operations = Mutation::examples().into_iter().flat_map(|example| example.requests("token"));
    let calls: Vec<String> = operations.map(|request| format!(".{}()", snake(request.operation))).collect();
    let calling = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        calls.iter().any(|call| text.contains(call))
    };
    let (inside, outside): (Vec<_>, Vec<_>) =
        rust_files(&source).into_iter().filter(calling).partition(|file| file.starts_with(&changes));
    assert!(!inside.is_empty(), "the scanner found no calls at all");
    assert!(outside.is_empty(), "{outside:?}");
}

fn snake(operation: &str) -> String {
    let spelled = |c: char| if c.is_ascii_uppercase() { format!("_{}", c.to_ascii_lowercase()) } else { c.to_string() };
    operation.chars().map(spelled).collect::<String>().trim_start_matches('_').to_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
