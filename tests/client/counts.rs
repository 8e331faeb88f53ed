//! CloudWatch's counts of a service that does not let everybody read them.

use crate::child::{given_url, in_child};
use crate::recorder::{options, scope};
use crate::standin::{Asked, Told, serve};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use vaultdeck::client::connect::{Connection, Options, Transport};
use vaultdeck::client::{Answer, FaultKind, Key, Query};
use vaultdeck::domain::job::JobState;

fn connect(url: &str) -> Arc<Connection> {
    let options = Options {
        regions: vec!["us-east-1".parse().unwrap()],
        profile: Some("moto".to_owned()),
        ..options(Transport::Endpoint(url.to_owned()))
    };
    Connection::new(options).unwrap()
}

/// A service with two vaults that answers GetMetricData so.
async fn service(told: impl Fn() -> Told + Send + Sync + 'static) -> String {
    serve(move |asked: &Asked| match (asked.line.as_str(), asked.target.as_str()) {
        (_, "GraniteServiceVersion20100801.GetMetricData") => told(),
        ("POST /", _) => Told::identity(),
        (line, _) if line.starts_with("GET /backup-jobs") => Told::json(&json!({ "BackupJobs": [] })),
        (line, _) if line.starts_with("GET /backup-vaults") => {
            let vault = |name: &str| {
                let arn = format!("arn:aws:backup:us-east-1:123456789012:backup-vault:{name}");
                json!({ "BackupVaultName": name, "BackupVaultArn": arn, "CreationDate": 0, "NumberOfRecoveryPoints": 0 })
            };
            Told::json(&json!({ "BackupVaultList": [vault("a"), vault("b")] }))
        }
        _ => Told::unknown(),
    })
    .await
}

#[test]
fn denied_counts_take_nothing_from_the_lists_and_pages_are_followed() {
    let Some(_) = given_url() else {
        return in_child(
            "counts::denied_counts_take_nothing_from_the_lists_and_pages_are_followed",
            "none",
            ("AKIACOUNTS", "secret"),
        );
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let denied =
            json!({ "__type": "AccessDeniedException", "message": "not authorized: cloudwatch:GetMetricData" });
        let url = service(move || Told { status: 400, ..Told::json(&denied) }).await;
        let connection = connect(&url);
        let fault = connection.read(Key::scoped(scope(), Query::JobCounts)).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Denied, "{fault:?}");
        assert!(connection.read(Key::scoped(scope(), Query::BackupJobs)).await.is_ok());

        let page = |result: Value, next: Option<&str>| json!({ "MetricDataResults": [result], "NextToken": next });
        let first =
            json!({ "Id": "s0_0", "Timestamps": [7200, 3600], "Values": [1.0, 2.0], "StatusCode": "PartialData" });
        let second = json!({ "Id": "s0_1", "Timestamps": [3600], "Values": [4.0], "StatusCode": "Complete" });
        let pages = Mutex::new(vec![page(second, None), page(first, Some("more"))]);
        let url = service(move || Told::json(&pages.lock().unwrap().pop().unwrap_or_default())).await;
        let Answer::JobCounts(counts) = connect(&url).read(Key::scoped(scope(), Query::JobCounts)).await.unwrap()
        else {
            panic!("counts")
        };
        let ended: Vec<_> =
            counts.ended.iter().map(|(at, state, number)| (at.timestamp(), state.clone(), *number)).collect();
        assert_eq!(ended, [(3600, JobState::Completed, 6), (7200, JobState::Completed, 1)]);
    });
}
