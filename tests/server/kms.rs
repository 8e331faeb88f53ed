//! AWS KMS in its own protocol: its shapes, its names, its exceptions.

use crate::harness::{ACCOUNT, Answer, REGION, Server};
use serde_json::{Value, json};

async fn kms(server: &Server, operation: &str, body: Value) -> Answer {
    let target = format!("TrentService.{operation}");
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
    server.send(server.signed("kms", "POST", "/", &headers, body.to_string().as_bytes())).await
}

/// What a call that must succeed answers.
async fn done(server: &Server, operation: &str, body: Value) -> Value {
    let answer = kms(server, operation, body).await;
    assert_eq!(answer.status(), 200, "{operation}: {answer:?}");
    answer.json()
}

/// Status, exception and message of a call that must fail.
async fn refused(server: &Server, operation: &str, body: Value) -> (u16, String, String) {
    let answer = kms(server, operation, body).await;
    let body = answer.json();
    let code = body["__type"].as_str().unwrap_or_default().to_owned();
    assert_eq!(answer.header("x-amzn-errortype"), code);
    (answer.status(), code, body["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lives_through_all_its_calls() {
    let server = Server::start().await;
    let tags = json!([{ "TagKey": "team", "TagValue": "a" }]);
    let made = done(&server, "CreateKey", json!({ "Description": "backups", "Tags": tags })).await;
    let made = &made["KeyMetadata"];
    let (id, arn) = (made["KeyId"].as_str().unwrap(), made["Arn"].as_str().unwrap());
    assert_eq!(arn, format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{id}"));
    assert_eq!(
        (&made["Enabled"], &made["KeyState"], &made["KeyManager"]),
        (&json!(true), &json!("Enabled"), &json!("CUSTOMER"))
    );
    assert!(made["CreationDate"].is_number() && made["AWSAccountId"] == ACCOUNT);
    assert_eq!(done(&server, "ListResourceTags", json!({ "KeyId": id })).await["Tags"], tags);

    done(&server, "CreateAlias", json!({ "AliasName": "alias/backups", "TargetKeyId": arn })).await;
    let alias_arn = format!("arn:aws:kms:{REGION}:{ACCOUNT}:alias/backups");
    for name in [id, arn, "alias/backups", alias_arn.as_str()] {
        let told = done(&server, "DescribeKey", json!({ "KeyId": name })).await;
        assert_eq!(told["KeyMetadata"], *made, "{name}");
    }
    let aliases = done(&server, "ListAliases", json!({ "KeyId": id })).await;
    assert_eq!(aliases["Aliases"], json!([{ "AliasName": "alias/backups", "AliasArn": alias_arn, "TargetKeyId": id }]));
    let all = done(&server, "ListAliases", json!({})).await;
    let names: Vec<_> = all["Aliases"].as_array().unwrap().iter().map(|row| row["AliasName"].clone()).collect();
    assert_eq!(names, ["alias/aws/backup", "alias/backups"]);
    let policy = done(&server, "GetKeyPolicy", json!({ "KeyId": id, "PolicyName": "default" })).await;
    assert_eq!(policy["PolicyName"], "default");
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Principal"]["AWS"], format!("arn:aws:iam::{ACCOUNT}:root"));
    let rotation = done(&server, "GetKeyRotationStatus", json!({ "KeyId": id })).await;
    assert_eq!(rotation["KeyRotationEnabled"], false);

    let state = async |server: &Server| {
        let told = done(server, "DescribeKey", json!({ "KeyId": id })).await["KeyMetadata"].clone();
        assert_eq!(told["Enabled"], told["KeyState"] == "Enabled");
        assert_eq!(told["DeletionDate"].is_number(), told["KeyState"] == "PendingDeletion");
        told["KeyState"].as_str().unwrap().to_owned()
    };
    assert_eq!(done(&server, "DisableKey", json!({ "KeyId": id })).await, json!({}));
    assert_eq!(state(&server).await, "Disabled");
    done(&server, "EnableKey", json!({ "KeyId": arn })).await;
    assert_eq!(state(&server).await, "Enabled");
    let scheduled = done(&server, "ScheduleKeyDeletion", json!({ "KeyId": id })).await;
    assert_eq!((&scheduled["KeyId"], &scheduled["PendingWindowInDays"]), (&json!(arn), &json!(30)));
    assert!(scheduled["DeletionDate"].is_number() && scheduled["KeyState"] == "PendingDeletion");
    assert_eq!(state(&server).await, "PendingDeletion");
    assert_eq!(done(&server, "CancelKeyDeletion", json!({ "KeyId": id })).await, json!({ "KeyId": arn }));
    assert_eq!(state(&server).await, "Disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_parts() {
    let server = Server::start().await;
    for _ in 0..4 {
        done(&server, "CreateKey", json!({})).await;
    }
    let (mut found, mut marker) = (Vec::new(), Value::Null);
    loop {
        let part = done(&server, "ListKeys", json!({ "Limit": 2, "Marker": marker })).await;
        let rows = part["Keys"].as_array().unwrap();
        assert!(rows.len() <= 2 && rows.iter().all(|row| row["KeyArn"].is_string()));
        found.extend(rows.iter().map(|row| row["KeyId"].as_str().unwrap().to_owned()));
        marker = part["NextMarker"].clone();
        assert_eq!(part["Truncated"], marker.is_string());
        if marker.is_null() {
            break;
        }
    }
    let shared = done(&server, "ListKeys", json!({ "ResourceOwners": ["OTHER_ACCOUNTS_VIA_RAM"] })).await;
    assert_eq!(shared, json!({ "Keys": [], "Truncated": false }));
    let mut sorted = found.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((found.len(), &found), (5, &sorted), "four and AWS Backup's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_kms_own_exceptions_and_changes_nothing() {
    let server = Server::start().await;
    let made = done(&server, "CreateKey", json!({})).await["KeyMetadata"].clone();
    let id = made["KeyId"].as_str().unwrap();
    let other = done(&server, "CreateKey", json!({})).await["KeyMetadata"]["KeyId"].clone();
    done(&server, "CreateAlias", json!({ "AliasName": "alias/taken", "TargetKeyId": other })).await;
    let foreign = format!("arn:aws:kms:eu-central-1:{ACCOUNT}:key/{id}");
    for (operation, body, code, named) in [
        ("DescribeKey", json!({}), "ValidationException", "KeyId"),
        ("DescribeKey", json!({ "KeyId": "none" }), "NotFoundException", "none"),
        ("DescribeKey", json!({ "KeyId": "two words" }), "NotFoundException", "KeyId"),
        ("DescribeKey", json!({ "KeyId": "alias/none" }), "NotFoundException", "Alias"),
        ("DescribeKey", json!({ "KeyId": "arn:aws:s3:::bucket" }), "InvalidArnException", "KeyId"),
        ("DescribeKey", json!({ "KeyId": foreign }), "NotFoundException", "eu-central-1"),
        ("DescribeKey", json!({ "KeyId": id, "Bogus": 1 }), "ValidationException", "Bogus"),
        ("DescribeKey", json!({ "KeyId": 7 }), "SerializationException", "KeyId"),
        ("CreateKey", json!({ "KeySpec": "RSA_2048" }), "UnsupportedOperationException", "KeySpec"),
        ("CreateKey", json!({ "KeyUsage": "SIGN_VERIFY" }), "UnsupportedOperationException", "KeyUsage"),
        ("CreateKey", json!({ "Policy": "{}" }), "UnsupportedOperationException", "Policy"),
        ("CreateKey", json!({ "MultiRegion": true }), "UnsupportedOperationException", "MultiRegion"),
        ("CreateKey", json!({ "Tags": [{ "TagKey": "aws:x", "TagValue": "" }] }), "TagException", "Tags"),
        (
            "CreateKey",
            json!({ "Tags": [{ "TagKey": "a", "TagValue": "" }, { "TagKey": "a", "TagValue": "b" }] }),
            "TagException",
            "twice",
        ),
        ("CreateKey", json!({ "Description": "x".repeat(8193) }), "ValidationException", "Description"),
        ("CreateAlias", json!({ "AliasName": "backups", "TargetKeyId": id }), "InvalidAliasNameException", "alias/"),
        (
            "CreateAlias",
            json!({ "AliasName": "alias/a b", "TargetKeyId": id }),
            "InvalidAliasNameException",
            "AliasName",
        ),
        (
            "CreateAlias",
            json!({ "AliasName": "alias/aws/mine", "TargetKeyId": id }),
            "InvalidAliasNameException",
            "alias/aws/",
        ),
        (
            "CreateAlias",
            json!({ "AliasName": "alias/taken", "TargetKeyId": id }),
            "AlreadyExistsException",
            "alias/taken",
        ),
        (
            "CreateAlias",
            json!({ "AliasName": "alias/new", "TargetKeyId": "alias/taken" }),
            "NotFoundException",
            "alias",
        ),
        ("DisableKey", json!({ "KeyId": "alias/taken" }), "NotFoundException", "alias"),
        (
            "ScheduleKeyDeletion",
            json!({ "KeyId": id, "PendingWindowInDays": 6 }),
            "ValidationException",
            "PendingWindowInDays",
        ),
        ("ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 31 }), "ValidationException", "7 to 30"),
        ("CancelKeyDeletion", json!({ "KeyId": id }), "KMSInvalidStateException", "is not pending deletion"),
        ("GetKeyPolicy", json!({ "KeyId": id, "PolicyName": "mine" }), "NotFoundException", "default"),
        ("ListKeys", json!({ "Limit": 0 }), "ValidationException", "Limit"),
        ("ListKeys", json!({ "Limit": 1001 }), "ValidationException", "1000"),
        ("ListKeys", json!({ "ResourceOwners": ["ALL"] }), "ValidationException", "ResourceOwners"),
        ("ListKeys", json!({ "Marker": "" }), "InvalidMarkerException", "Marker"),
        ("Encrypt", json!({ "KeyId": id, "Plaintext": "" }), "UnknownOperationException", "Encrypt of AWS KMS"),
    ] {
        let (status, found, message) = refused(&server, operation, body.clone()).await;
        assert_eq!(found, code, "{operation} {body}: {message}");
        assert!(message.contains(named), "{operation} {body}: {message}");
        assert!((400..500).contains(&status), "{operation} {body}: {status}");
    }
    let told = done(&server, "DescribeKey", json!({ "KeyId": id })).await;
    assert_eq!(told["KeyMetadata"], made);
    let keys = done(&server, "ListKeys", json!({})).await;
    assert_eq!(keys["Keys"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_for_another_service_or_account_has_no_key() {
    let server = Server::start().await;
    let made = done(&server, "CreateKey", json!({})).await;
    let body = json!({ "KeyId": made["KeyMetadata"]["Arn"] }).to_string();
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "TrentService.DescribeKey")];
    let answer = server.send(server.signed("backup", "POST", "/", &headers, body.as_bytes())).await;
    assert_eq!(answer.status(), 403);
    assert!(answer.json()["message"].as_str().unwrap().contains("correct service: 'kms'"));
}
