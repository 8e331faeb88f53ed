//! Notifications of vaults through the AWS SDK for Rust and raw.

use crate::harness::{ACCOUNT, Server};
use aws_sdk_backup::error::ProvideErrorMetadata;
use aws_sdk_backup::types::BackupVaultEvent;

const PATH: &str = "/backup-vaults/Default/notification-configuration";

fn topic(account: &str) -> String {
    format!("arn:aws:sns:us-east-1:{account}:backups")
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_given_back_as_they_were_put_until_they_are_deleted() {
    let server = Server::start().await;
    let backup = server.backup();
    let none = backup.get_backup_vault_notifications().backup_vault_name("Default").send().await.unwrap_err();
    assert_eq!(none.code(), Some("ResourceNotFoundException"));
    // Terraform plans the same again where the order comes back another.
    let events = [
        BackupVaultEvent::RestoreJobCompleted,
        BackupVaultEvent::BackupJobFailed,
        BackupVaultEvent::S3BackupObjectFailed,
    ];
    for _ in 0..2 {
        backup
            .put_backup_vault_notifications()
            .backup_vault_name("Default")
            .sns_topic_arn(topic(ACCOUNT))
            .set_backup_vault_events(Some(events.to_vec()))
            .send()
            .await
            .unwrap();
        let got = backup.get_backup_vault_notifications().backup_vault_name("Default").send().await.unwrap();
        assert_eq!(got.backup_vault_name(), Some("Default"));
        assert_eq!((got.sns_topic_arn(), got.backup_vault_events()), (Some(topic(ACCOUNT).as_str()), &events[..]));
    }
    let feed = server.call("GET", "/_vaultdeck/events", "").await.json();
    let last = feed["Events"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["detail"]["state"], &last["detail"]["isLocked"]), (&"MODIFIED".into(), &"false".into()));
    for _ in 0..2 {
        backup.delete_backup_vault_notifications().backup_vault_name("Default").send().await.unwrap();
        let none = backup.get_backup_vault_notifications().backup_vault_name("Default").send().await.unwrap_err();
        assert_eq!(none.code(), Some("ResourceNotFoundException"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_notifications_are_refused_by_member_and_rule_and_change_nothing() {
    let server = Server::start().await;
    let good = format!(r#"{{"SNSTopicArn":"{}","BackupVaultEvents":["BACKUP_JOB_FAILED"]}}"#, topic(ACCOUNT));
    assert_eq!(server.call("PUT", PATH, &good).await.status(), 200);
    let before = server.call("GET", PATH, "").await.json();
    let events = r#""BackupVaultEvents":["BACKUP_JOB_FAILED"]"#;
    let own = topic(ACCOUNT);
    for (body, code, word) in [
        (format!("{{{events}}}"), "MissingParameterValueException", "SNSTopicArn"),
        (format!(r#"{{"SNSTopicArn":"{own}"}}"#), "MissingParameterValueException", "BackupVaultEvents"),
        (
            format!(r#"{{"SNSTopicArn":"{own}","BackupVaultEvents":[]}}"#),
            "InvalidParameterValueException",
            "at least one",
        ),
        (
            format!(r#"{{"SNSTopicArn":"{own}","BackupVaultEvents":["LUNCH"]}}"#),
            "InvalidParameterValueException",
            "LUNCH",
        ),
        (
            format!(r#"{{"SNSTopicArn":"{}",{events}}}"#, topic("210987654321")),
            "InvalidParameterValueException",
            "own account",
        ),
        (format!(r#"{{"SNSTopicArn":"{own}.fifo",{events}}}"#), "InvalidParameterValueException", "FIFO"),
        (format!(r#"{{"SNSTopicArn":"backups",{events}}}"#), "InvalidParameterValueException", "SNSTopicArn"),
        (format!(r#"{{"SNSTopicArn":"{own}",{events},"X":1}}"#), "InvalidParameterValueException", "X"),
    ] {
        let (status, told, message) = server.call("PUT", PATH, &body).await.error();
        assert_eq!((status, told.as_str()), (400, code), "{body}: {message}");
        assert!(message.contains(word), "{body}: {message}");
    }
    assert_eq!(server.call("GET", PATH, "").await.json(), before);
    for method in ["PUT", "GET", "DELETE"] {
        let body = if method == "PUT" { good.as_str() } else { "" };
        let path = "/backup-vaults/no-such-vault/notification-configuration";
        assert_eq!(server.call(method, path, body).await.status(), 403, "{method}: AWS tells no missing vault");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_denies_it_keeps_notifications_as_they_are() {
    let server = Server::start().await;
    let good = format!(r#"{{"SNSTopicArn":"{}","BackupVaultEvents":["BACKUP_JOB_FAILED"]}}"#, topic(ACCOUNT));
    assert_eq!(server.call("PUT", PATH, &good).await.status(), 200);
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Resource": "*",
        "Action": ["backup:PutBackupVaultNotifications", "backup:DeleteBackupVaultNotifications"],
    }]});
    server
        .backup()
        .put_backup_vault_access_policy()
        .backup_vault_name("Default")
        .policy(policy.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(server.call("PUT", PATH, &good).await.status(), 403);
    assert_eq!(server.call("DELETE", PATH, "").await.status(), 403);
    assert_eq!(server.call("GET", PATH, "").await.status(), 200);
}
