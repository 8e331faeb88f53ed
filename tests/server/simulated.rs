//! `/_clock`: an engine that lives through days while a test waits.

use crate::harness::{ROLE, Server};
use bytes::Bytes;
use http::Request;
use serde_json::json;
use vaultdeck::engine::ClockKind;

/// Moves the clock; status and body of the answer.
async fn clock(server: &Server, body: serde_json::Value) -> (u16, serde_json::Value) {
    let request = Request::builder()
        .method("POST")
        .uri(format!("{}/_clock", server.url))
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let answer = server.send(request).await;
    (answer.status(), answer.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn time_goes_forward_and_never_back() {
    let server = Server::with_clock(ClockKind::Simulated).await;
    let (status, start) = clock(&server, json!({ "advance_seconds": 0 })).await;
    assert_eq!(status, 200, "{start}");
    let start = chrono::DateTime::parse_from_rfc3339(start["now"].as_str().unwrap()).unwrap();
    let (_, later) = clock(&server, json!({ "advance_seconds": 3600 })).await;
    let later = chrono::DateTime::parse_from_rfc3339(later["now"].as_str().unwrap()).unwrap();
    assert_eq!((later - start).num_seconds(), 3600);
    let (_, set) = clock(&server, json!({ "set": "2035-01-01T00:00:00Z" })).await;
    assert_eq!(set, json!({ "now": "2035-01-01T00:00:00Z" }));
    for (body, expected) in [
        (json!({ "set": "2034-01-01T00:00:00Z" }), "back"),
        (json!({}), "either"),
        (json!({ "advance_seconds": 1, "set": "2036-01-01T00:00:00Z" }), "either"),
        (json!({ "advance_seconds": -1 }), "not valid"),
        (json!({ "advance_seconds": u64::MAX }), "advance_seconds"),
        (json!({ "bogus": 1 }), "bogus"),
    ] {
        let (status, answer) = clock(&server, body.clone()).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer["Message"].as_str().unwrap().contains(expected), "{body}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_cannot_move_time() {
    let server = Server::with_clock(ClockKind::Simulated).await;
    let request = Request::builder()
        .method("POST")
        .uri(format!("{}/_clock", server.url))
        .header("origin", "http://evil.example")
        .body(Bytes::from_static(b"{\"advance_seconds\":1}"))
        .unwrap();
    assert_eq!(server.send(request).await.status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_are_checked_against_wall_time_and_bodies_tell_engine_time() {
    let server = Server::with_clock(ClockKind::Simulated).await;
    clock(&server, json!({ "set": "2035-01-01T00:00:00Z" })).await;
    let backup = server.backup();
    backup.create_backup_vault().backup_vault_name("future").send().await.unwrap();
    let vault = backup.describe_backup_vault().backup_vault_name("future").send().await.unwrap();
    assert_eq!(vault.creation_date().unwrap().secs(), 2_051_222_400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_makes_its_points_and_forgets_them_in_time() {
    use aws_sdk_backup::types::{BackupPlanInput, BackupRuleInput, BackupSelection, Lifecycle};
    let server = Server::with_clock(ClockKind::Simulated).await;
    let backup = server.backup();
    let (resource, _) = server.file_system("projects", &[]);
    let rule = BackupRuleInput::builder()
        .rule_name("daily")
        .target_backup_vault_name("Default")
        .schedule_expression("cron(0 5 ? * * *)")
        .start_window_minutes(60)
        .lifecycle(Lifecycle::builder().delete_after_days(2).build())
        .build()
        .unwrap();
    let plan = BackupPlanInput::builder().backup_plan_name("daily").rules(rule).build().unwrap();
    let plan = backup.create_backup_plan().backup_plan(plan).send().await.unwrap();
    let selection =
        BackupSelection::builder().selection_name("one").iam_role_arn(ROLE).resources(&resource).build().unwrap();
    backup
        .create_backup_selection()
        .backup_plan_id(plan.backup_plan_id().unwrap())
        .backup_selection(selection)
        .send()
        .await
        .unwrap();
    let (status, answer) = clock(&server, json!({ "advance_seconds": 5 * 86_400 + 9 * 3600 })).await;
    assert_eq!(status, 200, "{answer}");
    let jobs = backup.list_backup_jobs().send().await.unwrap();
    assert!((5..=6).contains(&jobs.backup_jobs().len()), "{jobs:?}");
    assert!(jobs.backup_jobs().iter().all(|job| job.state().unwrap().as_str() == "COMPLETED"), "{jobs:?}");
    let creator = jobs.backup_jobs()[0].created_by().unwrap();
    assert_eq!((creator.backup_plan_id(), creator.backup_rule_name()), (plan.backup_plan_id(), Some("daily")));
    let points = backup.list_recovery_points_by_backup_vault().backup_vault_name("Default").send().await.unwrap();
    assert!((2..=3).contains(&points.recovery_points().len()), "{points:?}");
    let got = backup.get_backup_plan().backup_plan_id(plan.backup_plan_id().unwrap()).send().await.unwrap();
    assert!(got.last_execution_date().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_of_the_clock_is_bounded_by_a_rule_that_names_its_field() {
    let server = Server::with_clock(ClockKind::Simulated).await;
    let (status, answer) = clock(&server, json!({ "advance_seconds": 315_619_200 })).await;
    assert_eq!(status, 200, "{answer}");
    for (body, field) in [
        (json!({ "advance_seconds": 315_619_201 }), "Invalid advance_seconds"),
        (json!({ "advance_seconds": 86_400_000_000_u64 }), "Invalid advance_seconds"),
        (json!({ "set": "2127-01-01T00:00:00Z" }), "Invalid set"),
    ] {
        let (status, answer) = clock(&server, body.clone()).await;
        let message = answer["Message"].as_str().unwrap();
        assert!(
            status == 400 && message.starts_with(field) && message.contains("315619200 seconds"),
            "{body}: {message}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_of_the_clock_ends_with_its_caller() {
    let server = Server::with_clock(ClockKind::Simulated).await;
    let (resource, _) = server.file_system("projects", &[]);
    let rule = json!({ "RuleName": "hourly", "TargetBackupVaultName": "Default", "ScheduleExpression": "cron(0 * * * ? *)",
        "StartWindowMinutes": 60, "CompletionWindowMinutes": 120 });
    let body = json!({ "BackupPlan": { "BackupPlanName": "p", "Rules": [rule] } }).to_string();
    let plan = server.call("PUT", "/backup/plans", &body).await.json()["BackupPlanId"].as_str().unwrap().to_owned();
    let chosen = json!({ "BackupSelection": { "SelectionName": "s", "IamRoleArn": ROLE, "Resources": [resource] } });
    let path = format!("/backup/plans/{plan}/selections");
    assert_eq!(server.call("PUT", &path, &chosen.to_string()).await.status(), 200);
    let start = clock(&server, json!({ "advance_seconds": 0 })).await.1["now"].clone();
    // 2.7 years of hourly backups: far more than anybody would wait for.
    let gone = tokio::time::timeout(
        std::time::Duration::from_millis(700),
        clock(&server, json!({ "advance_seconds": 86_400_000 })),
    );
    assert!(gone.await.is_err(), "the caller went away while the clock moved");
    let (status, stands) = clock(&server, json!({ "advance_seconds": 0 })).await;
    assert_eq!(status, 200, "{stands}");
    let time = |value: &serde_json::Value| chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
    let moved = (time(&stands["now"]) - time(&start)).num_seconds();
    assert!(moved < 86_400_000 / 2, "it went on without its caller: {moved} s");
}
