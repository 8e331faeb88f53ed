//! The trail of calls, as AWS CloudTrail tells of it.

use crate::harness::{ACCOUNT, Answer, REGION, Server};
use aws_credential_types::Credentials;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use vaultdeck::engine::ClockKind;

const TARGET: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";

async fn ask_as(server: &Server, keys: Credentials, operation: &str, body: &Value) -> Answer {
    let target = format!("{TARGET}.{operation}");
    let request = Request::post(format!("{}/", server.url))
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", target)
        .body(Bytes::from(body.to_string()))
        .unwrap();
    server.send(crate::harness::sign(request, &keys, "cloudtrail", std::time::SystemTime::now())).await
}

async fn look_up(server: &Server, body: Value) -> Vec<Value> {
    let answer = ask_as(server, server.keys(), "LookupEvents", &body).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json()["Events"].as_array().unwrap().clone()
}

/// The same, page by page.
async fn look_up_all(server: &Server, mut asked: Value) -> Vec<Value> {
    let mut seen = Vec::new();
    loop {
        let page = ask_as(server, server.keys(), "LookupEvents", &asked).await.json();
        seen.extend(page["Events"].as_array().unwrap().clone());
        asked["NextToken"] = page["NextToken"].clone();
        if asked["NextToken"].is_null() {
            return seen;
        }
    }
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["EventName"].as_str().unwrap()).collect()
}

fn record(event: &Value) -> Value {
    serde_json::from_str(event["CloudTrailEvent"].as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_for_a_change_and_what_came_of_it_is_recorded_and_reads_are_not() {
    let server = Server::start().await;
    let backup = server.backup();
    backup.create_backup_vault().backup_vault_name("kept").send().await.unwrap();
    backup.list_backup_vaults().send().await.unwrap();
    backup.describe_backup_vault().backup_vault_name("kept").send().await.unwrap();
    backup.delete_backup_vault().backup_vault_name("absent").send().await.unwrap_err();

    let events = look_up(&server, json!({})).await;
    assert_eq!(names(&events), ["DeleteBackupVault", "CreateBackupVault"]);
    let (refused, made) = (record(&events[0]), record(&events[1]));
    assert_eq!(made["requestParameters"]["backupVaultName"], "kept");
    assert_eq!((&made["errorCode"], &made["readOnly"]), (&Value::Null, &json!(false)));
    assert_eq!((&made["eventSource"], &made["awsRegion"]), (&json!("backup.amazonaws.com"), &json!(REGION)));
    assert_eq!((&made["recipientAccountId"], &made["sourceIPAddress"]), (&json!(ACCOUNT), &json!("127.0.0.1")));
    assert!(made["userIdentity"]["arn"].as_str().unwrap().contains(ACCOUNT), "{made}");
    assert!(made["userAgent"].as_str().unwrap().contains("aws-sdk-rust"), "{made}");
    assert_eq!(refused["errorCode"], "ResourceNotFoundException");
    assert!(refused["errorMessage"].as_str().unwrap().contains("absent"), "{refused}");
    assert_eq!(events[0]["Username"], events[1]["Username"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_found_under_the_id_of_its_answer() {
    let server = Server::start().await;
    let answer = server.call("PUT", "/backup-vaults/named", "{}").await;
    let event = look_up(
        &server,
        json!({ "LookupAttributes": [{ "AttributeKey": "EventName", "AttributeValue": "CreateBackupVault" }] }),
    )
    .await
    .remove(0);
    assert_eq!(record(&event)["requestID"], answer.header("x-amzn-requestid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_looked_up_by_each_attribute_and_by_time_page_by_page() {
    let server = Server::start().await;
    let backup = server.backup();
    for name in ["va", "vb", "vc"] {
        backup.create_backup_vault().backup_vault_name(name).send().await.unwrap();
    }
    let arn = format!("arn:aws:backup:{REGION}:{ACCOUNT}:backup-vault:vb");
    backup.tag_resource().resource_arn(&arn).tags("team", "x").send().await.unwrap();
    let all = look_up(&server, json!({})).await;
    let by = async |key: &str, value: &str| {
        let found =
            look_up(&server, json!({ "LookupAttributes": [{ "AttributeKey": key, "AttributeValue": value }] })).await;
        names(&found).join(" ")
    };
    assert_eq!(by("EventName", "TagResource").await, "TagResource");
    assert_eq!(by("ResourceName", &arn).await, "TagResource");
    assert_eq!(by("EventId", all[3]["EventId"].as_str().unwrap()).await, "CreateBackupVault");
    assert_eq!(by("EventId", "none").await, "");
    assert_eq!(by("EventSource", "kms.amazonaws.com").await, "");
    assert_eq!(by("EventSource", "backup.amazonaws.com").await.split(' ').count(), 4);
    assert_eq!(by("Username", all[0]["Username"].as_str().unwrap()).await.split(' ').count(), 4);
    assert_eq!(by("ReadOnly", "true").await, "");
    assert_eq!(by("ReadOnly", "false").await.split(' ').count(), 4);

    let last = all[0]["EventTime"].as_f64().unwrap();
    assert_eq!(look_up(&server, json!({ "StartTime": last + 60.0 })).await, Vec::<Value>::new());
    assert_eq!(look_up(&server, json!({ "EndTime": last - 3600.0 })).await, Vec::<Value>::new());
    assert_eq!(look_up(&server, json!({ "StartTime": last - 3600.0, "EndTime": last + 60.0 })).await, all);

    assert_eq!(look_up_all(&server, json!({ "MaxResults": 3, "NextToken": null })).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_named() {
    let server = Server::start().await;
    let attribute = |key: &str| json!({ "AttributeKey": key, "AttributeValue": "x" });
    for (body, code, word) in [
        (json!({ "MaxResults": 0 }), "InvalidMaxResultsException", "MaxResults"),
        (json!({ "MaxResults": 51 }), "InvalidMaxResultsException", "50"),
        (json!({ "NextToken": "x" }), "InvalidNextTokenException", "NextToken"),
        (json!({ "StartTime": 2, "EndTime": 1 }), "InvalidTimeRangeException", "StartTime"),
        (json!({ "EventCategory": "x" }), "InvalidEventCategoryException", "EventCategory"),
        (json!({ "LookupAttributes": [attribute("Bogus")] }), "InvalidLookupAttributesException", "Bogus"),
        (json!({ "LookupAttributes": [attribute("AccessKeyId")] }), "InvalidLookupAttributesException", "AccessKeyId"),
        (
            json!({ "LookupAttributes": [attribute("EventName"), attribute("EventName")] }),
            "InvalidLookupAttributesException",
            "LookupAttributes",
        ),
    ] {
        let answer = ask_as(&server, server.keys(), "LookupEvents", &body).await;
        let said = answer.json();
        assert_eq!((answer.status(), said["__type"].as_str().unwrap()), (400, code), "{body}: {said}");
        assert!(said["message"].as_str().unwrap().contains(word), "{body}: {said}");
    }
    let other = ask_as(&server, server.keys(), "CreateTrail", &json!({})).await;
    assert_eq!((other.status(), other.json()["__type"].as_str().unwrap()), (404, "UnknownOperationException"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_sees_its_own_calls_alone() {
    let server = Server::start().await;
    let body = json!({ "Email": "m@example.com", "Name": "member" }).to_string();
    let added =
        server.send_as_owner(Request::post("http://engine/_vaultdeck/accounts").body(Bytes::from(body)).unwrap()).await;
    let member = added.json()["AccountId"].as_str().unwrap().to_owned();
    server.backup().create_backup_vault().backup_vault_name("mine").send().await.unwrap();
    let keys = server.keys_of(Some(&member));
    server.backup_with(keys.clone()).create_backup_vault().backup_vault_name("theirs").send().await.unwrap();

    let theirs = ask_as(&server, keys, "LookupEvents", &json!({})).await.json();
    let told = theirs["Events"].to_string();
    assert!(told.contains("theirs") && !told.contains("mine"), "{told}");
    // What its owner does without a signature is recorded in the management account.
    let mine = look_up(&server, json!({})).await;
    assert_eq!(names(&mine), ["CreateBackupVault", "AddAccount"]);
    assert_eq!(
        (&mine[1]["EventSource"], &record(&mine[1])["sourceIPAddress"]),
        (&json!("vaultdeck"), &json!("this machine"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_a_resource_is_not_recorded() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let body =
        json!({ "ResourceType": "EFS", "Name": "files", "Location": { "Path": folder.path() }, "Secret": "hunter2" });
    let request = Request::post("http://engine/_vaultdeck/resources").body(Bytes::from(body.to_string())).unwrap();
    server.send_as_owner(request).await;
    let events = look_up(&server, json!({})).await;
    assert_eq!(names(&events), ["AddResource"]);
    let told = events[0].to_string();
    assert!(told.contains("files") && !told.contains("hunter2"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_kept_for_ninety_days() {
    let server = Server::with_clock(ClockKind::Simulated).await;
    let advance = async |days: u64| {
        let body = json!({ "advance_seconds": days * 86_400 }).to_string();
        let request = Request::post(format!("{}/_clock", server.url)).body(Bytes::from(body)).unwrap();
        assert_eq!(server.send(request).await.status(), 200);
    };
    server.backup().create_backup_vault().backup_vault_name("old").send().await.unwrap();
    server.backup().create_backup_vault().backup_vault_name("older").send().await.unwrap();
    advance(60).await;
    server.backup().create_backup_vault().backup_vault_name("new").send().await.unwrap();
    advance(29).await;
    assert_eq!(look_up(&server, json!({})).await.len(), 3);
    advance(2).await;
    let left = look_up(&server, json!({})).await;
    assert_eq!(left.len(), 1);
    assert_eq!(record(&left[0])["requestParameters"]["backupVaultName"], "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_names_of_their_own_into_the_trail() {
    let server = Server::start().await;
    for target in ["TrentService.ScheduleKeyDeletionOfAll", "AWSOrganizationsV20161128.DeleteEverything"] {
        let service = if target.starts_with("Trent") { "kms" } else { "organizations" };
        for body in ["{}", "x"] {
            let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
            server.send(server.signed(service, "POST", "/", &headers, body.as_bytes())).await;
        }
    }
    // What the path names is what it was about.
    server.call("DELETE", "/backup-vaults/meant", "{\"backupVaultName\":\"harmless\"}").await;
    let events = look_up(&server, json!({})).await;
    assert_eq!(names(&events), ["DeleteBackupVault"]);
    assert_eq!(record(&events[0])["requestParameters"]["backupVaultName"], "meant");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_calls_fill_no_trail() {
    let server = Server::start().await;
    server.backup().create_backup_vault().backup_vault_name("kept").send().await.unwrap();
    for _ in 0..100 {
        server.call("DELETE", "/backup-vaults/absent", "").await;
    }
    let seen = look_up_all(&server, json!({})).await;
    assert_eq!(seen.len(), 61);
    assert_eq!(seen[60]["EventName"], "CreateBackupVault");
}
