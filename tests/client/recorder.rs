//! An "engine" that writes down what it is sent and answers by rule. It proves what leaves this program, byte for byte.

use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use vaultdeck::client::connect::{Connection, Handler, Options, Transport};
use vaultdeck::domain::Scope;

/// A request as it was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub path: String,
    pub host: String,
    pub authorization: String,
    pub body: Value,
}

#[derive(Default)]
pub struct Recorder {
    sent: Mutex<Vec<Sent>>,
    refuse: Mutex<Option<(String, u16, &'static str, &'static str)>>,
}

impl Recorder {
    /// The requests that were sent to AWS Backup.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// From now on refuses every request whose path contains `path`.
    pub fn refuse(&self, path: &str, status: u16, code: &'static str, message: &'static str) {
        *self.refuse.lock().unwrap() = Some((path.to_owned(), status, code, message));
    }

    fn answer(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let path = request.uri().path_and_query().unwrap().to_string();
        let body = match path.as_str() {
            "/_vaultdeck/status" => json!({
                "Version": "9.9.9", "Pid": 1, "Clock": "system", "Now": "2026-01-01T00:00:00Z", "EndpointUrl": null,
                "Regions": ["us-east-1"], "ActiveJobs": 0, "VaultsWithoutRecoveryKey": []
            }),
            "/_vaultdeck/credentials" => json!({
                "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret", "AccountId": "123456789012",
                "Region": "us-east-1", "EndpointUrl": null
            }),
            _ => return self.answer_backup(&request, path),
        };
        http::Response::builder().header("x-vaultdeck-version", "9.9.9").body(Bytes::from(body.to_string())).unwrap()
    }

    fn answer_backup(&self, request: &http::Request<Bytes>, path: String) -> http::Response<Bytes> {
        let header = |name: &str| {
            request.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        self.sent.lock().unwrap().push(Sent {
            host: header("host"),
            authorization: header("authorization"),
            body: serde_json::from_slice(request.body()).unwrap_or(Value::Null),
            path: path.clone(),
        });
        if let Some((part, status, code, message)) = &*self.refuse.lock().unwrap()
            && path.contains(part)
        {
            return http::Response::builder()
                .status(*status)
                .header("x-amzn-errortype", *code)
                .header("x-amzn-requestid", "refused-1")
                .body(Bytes::from(json!({ "Message": message }).to_string()))
                .unwrap();
        }
        // A page of ListRecoveryPointsByResource.
        let listed = if path.starts_with("/resources/") {
            json!([{
                "RecoveryPointArn": "arn:aws:backup:us-east-1:123456789012:recovery-point:point-1",
                "BackupVaultName": "Default", "CreationDate": 1_800_000_000, "Status": "COMPLETED"
            }])
        } else {
            json!([])
        };
        let body = json!({
            "RecoveryPoints": listed,
            "BackupPlanId": "plan-1", "BackupJobId": "job-1", "RestoreJobId": "restore-1", "SelectionId": "selection-1"
        });
        http::Response::builder().header("x-amzn-requestid", "request-1").body(Bytes::from(body.to_string())).unwrap()
    }
}

/// A connection to a recorder.
pub fn recorded() -> (Arc<Recorder>, Arc<Connection>) {
    let recorder = Arc::new(Recorder::default());
    let answering = recorder.clone();
    let handler: Handler = Arc::new(move |request| {
        let answering = answering.clone();
        Box::pin(async move { answering.answer(request) })
    });
    (recorder, Connection::new(options(Transport::InProcess(handler))).unwrap())
}

pub fn options(transport: Transport) -> Options {
    Options { transport, profile: None, regions: Vec::new(), member_role: None, write: false, served_at: None }
}

pub fn scope() -> Scope {
    Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}
