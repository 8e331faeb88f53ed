//! How errors look, and what every response carries.

use crate::harness::{ACCOUNT, ROLE, Server, encoded};
use aws_sdk_backup::error::ProvideErrorMetadata;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn every_response_tells_request_version_and_wall_time() {
    let server = Server::start().await;
    for answer in [
        server.call("GET", "/backup-vaults", "").await,
        server.call("GET", "/nothing", "").await,
        server.call("DELETE", "/backup-vaults/nothing", "").await,
    ] {
        assert_eq!(answer.header("x-vaultdeck-version"), env!("CARGO_PKG_VERSION"));
        assert_eq!(answer.header("x-amzn-requestid").len(), 36);
        let date = chrono::DateTime::parse_from_rfc2822(answer.header("date")).unwrap();
        assert!((chrono::Utc::now() - date.to_utc()).num_seconds().abs() < 10, "{date}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_has_its_name_in_the_header_and_its_message_in_the_body() {
    let server = Server::start().await;
    let answer = server.call("PUT", "/backup-vaults/x", "").await;
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.header("x-amzn-errortype"), "InvalidParameterValueException");
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.json();
    assert!(body["Message"].as_str().unwrap().contains("BackupVaultName"), "{body}");
    assert!(body.get("Code").is_none(), "older Go clients take it for the exception's name");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_exists_already_is_named() {
    let server = Server::start().await;
    assert_eq!(server.call("PUT", "/backup-vaults/twice", r#"{"CreatorRequestId":"first"}"#).await.status(), 200);
    let answer = server.call("PUT", "/backup-vaults/twice", r#"{"CreatorRequestId":"second"}"#).await;
    assert_eq!(answer.header("x-amzn-errortype"), "AlreadyExistsException");
    let body = answer.json();
    assert_eq!(body["Arn"], format!("arn:aws:backup:us-east-1:{ACCOUNT}:backup-vault:twice"));
    assert_eq!(body["CreatorRequestId"], "first");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_vault_is_forbidden_as_in_aws() {
    let server = Server::start().await;
    let answer = server.call("GET", "/backup-vaults/unknown", "").await;
    let expected = "Insufficient privileges to perform this action.".to_owned();
    assert_eq!(answer.error(), (403, "AccessDeniedException".to_owned(), expected.clone()));
    let error = server.backup().describe_backup_vault().backup_vault_name("unknown").send().await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("AccessDeniedException"), Some(expected.as_str())));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_parameters_are_named_with_their_rule() {
    let server = Server::start().await;
    let plan = |rule: serde_json::Value| {
        let mut whole = json!({ "RuleName": "r", "TargetBackupVaultName": "Default" });
        whole.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
        json!({ "BackupPlan": { "BackupPlanName": "p", "Rules": [whole] } }).to_string()
    };
    let job = |more: serde_json::Value| {
        let mut whole = json!({ "BackupVaultName": "Default", "ResourceArn": "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0", "IamRoleArn": ROLE });
        whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        whole.to_string()
    };
    let copy = json!({ "CopyActions": [{ "DestinationBackupVaultArn": "arn:aws:s3:::other" }] });
    let cases = [
        ("PUT", "/backup-jobs", "{".to_owned(), "SerializationException", "not valid JSON"),
        ("PUT", "/backup-jobs", "[]".to_owned(), "SerializationException", "must be a JSON object"),
        ("PUT", "/backup-jobs", "{}".to_owned(), "MissingParameterValueException", "BackupVaultName is required"),
        (
            "PUT",
            "/backup-jobs",
            job(json!({ "StartWindowMinutes": "60" })),
            "SerializationException",
            "StartWindowMinutes",
        ),
        (
            "PUT",
            "/backup-jobs",
            job(json!({ "StartWindowMinutes": 5 })),
            "InvalidParameterValueException",
            "StartWindowMinutes",
        ),
        (
            "PUT",
            "/backup-jobs",
            job(json!({ "Index": "ENABLED" })),
            "InvalidRequestException",
            "Index is not supported",
        ),
        (
            "PUT",
            "/backup-jobs",
            job(json!({ "LogicallyAirGappedBackupVaultArn": "arn:x" })),
            "InvalidParameterValueException",
            "LogicallyAirGappedBackupVaultArn",
        ),
        (
            "PUT",
            "/backup-jobs",
            job(json!({ "Bogus": 1 })),
            "InvalidParameterValueException",
            "Bogus is not a known parameter",
        ),
        (
            "PUT",
            "/backup-jobs",
            job(json!({ "ResourceArn": "nonsense" })),
            "InvalidParameterValueException",
            "ResourceArn",
        ),
        (
            "PUT",
            "/backup-jobs",
            job(json!({ "Lifecycle": { "DeleteAfterDays": 0 } })),
            "InvalidParameterValueException",
            "DeleteAfterDays",
        ),
        (
            "PUT",
            "/backup/plans",
            plan(json!({ "ScheduleExpression": "rate(1 day)" })),
            "InvalidParameterValueException",
            "ScheduleExpression",
        ),
        (
            "PUT",
            "/backup/plans",
            plan(json!({ "ScheduleExpressionTimezone": "Mars/Base" })),
            "InvalidParameterValueException",
            "ScheduleExpressionTimezone",
        ),
        ("PUT", "/backup/plans", plan(copy), "InvalidParameterValueException", "DestinationBackupVaultArn"),
        (
            "PUT",
            "/backup/plans",
            plan(json!({ "EnableContinuousBackup": true, "Lifecycle": { "DeleteAfterDays": 36 } })),
            "InvalidParameterValueException",
            "DeleteAfterDays",
        ),
        (
            "PUT",
            "/backup/plans",
            plan(json!({ "Lifecycle": { "MoveToColdStorageAfterDays": 111, "DeleteAfterDays": 200 } })),
            "InvalidParameterValueException",
            "MoveToColdStorageAfterDays",
        ),
        ("PUT", "/backup/plans", plan(json!({ "ScanActions": [{}] })), "InvalidParameterValueException", "ScanActions"),
        ("GET", "/backup-jobs?maxResults=0", String::new(), "InvalidParameterValueException", "MaxResults"),
        ("GET", "/backup-jobs?maxResults=x", String::new(), "InvalidParameterValueException", "maxResults"),
        ("GET", "/backup-jobs?nextToken=x", String::new(), "InvalidParameterValueException", "NextToken"),
        ("GET", "/backup-jobs?createdAfter=x", String::new(), "InvalidParameterValueException", "createdAfter"),
        (
            "GET",
            "/backup-jobs?bogus=1",
            String::new(),
            "InvalidParameterValueException",
            "bogus is not a known parameter",
        ),
        ("GET", "/backup-jobs?state=DONE", String::new(), "InvalidParameterValueException", "DONE"),
        ("GET", "/restore-jobs?status=CREATED", String::new(), "InvalidParameterValueException", "Invalid Status"),
        ("GET", "/copy-jobs?state=EXPIRED", String::new(), "InvalidParameterValueException", "Invalid State"),
        (
            "GET",
            "/backup-jobs?resourceArn=arn%3Aaws%3Asqs%3Aus-east-1%3A123456789012%3Aq",
            String::new(),
            "InvalidParameterValueException",
            "Unsupported resource type: arn:aws:sqs:",
        ),
        (
            "GET",
            "/backup/plans/none?MaxScheduledRunsPreview=11",
            String::new(),
            "InvalidParameterValueException",
            "MaxScheduledRunsPreview",
        ),
    ];
    for (method, path, body, code, expected) in cases {
        let answer = server.call(method, path, &body).await;
        let (status, found, message) = answer.error();
        assert_eq!((status, found.as_str()), (400, code), "{path} {body}: {message}");
        assert!(message.contains(expected), "{path} {body}: {message:?} does not say {expected:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_arns_are_single_encoded_segments() {
    let server = Server::start().await;
    let vault = format!("arn:aws:backup:us-east-1:{ACCOUNT}:backup-vault:Default");
    let answer = server.call("GET", &format!("/tags/{}/", encoded(&vault)), "").await;
    assert_eq!((answer.status(), answer.json()), (200, json!({ "Tags": {} })));
    // AWS's own vaults have slashes in their names: not found here, but understood.
    let answer = server.call("GET", "/backup-vaults/aws%2Fefs%2Fautomatic-backup-vault", "").await;
    assert_eq!(answer.status(), 403);
    let answer = server.call("GET", "/backup/plans/aws%2Fefs%2F1234/", "").await;
    assert_eq!(answer.header("x-amzn-errortype"), "ResourceNotFoundException");
    let answer = server.call("GET", "/backup-vaults/%ff", "").await;
    assert_eq!(answer.header("x-amzn-errortype"), "InvalidParameterValueException");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused_with_the_limit() {
    let server = Server::start().await;
    let answer = server.call("PUT", "/backup-jobs", &"x".repeat(1024 * 1024 + 1)).await;
    let (status, code, message) = answer.error();
    assert_eq!((status, code.as_str()), (413, "RequestEntityTooLargeException"));
    assert!(message.contains("1048576"), "{message}");
}
