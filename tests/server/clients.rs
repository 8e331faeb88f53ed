//! What clients that nobody here wrote depend on: one answer for what is gone, repeated creates, forms with every member,
//! and nothing of the host in what they are told.

use crate::harness::{ACCOUNT, ROLE, Server, encoded};
use crate::jobs::{back_up, restored};
use aws_sdk_backup::error::ProvideErrorMetadata;
use serde_json::json;
use std::collections::HashMap;

async fn created(server: &Server, path: &str, body: serde_json::Value, id: &str) -> String {
    let answer = server.call("PUT", path, &body.to_string()).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json()[id].as_str().unwrap().to_owned()
}

fn plan(name: &str) -> serde_json::Value {
    json!({ "BackupPlan": { "BackupPlanName": name, "Rules": [{ "RuleName": "r", "TargetBackupVaultName": "Default" }] } })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_elsewhere_is_gone_for_every_read() {
    let server = Server::start().await;
    let backup = server.backup();
    server.call("PUT", "/backup-vaults/gone", "{}").await;
    let (resource, _) = server.file_system("gone", &[("env", "prod")]);
    let point = back_up(&backup, &resource).await;
    let made = server.call("PUT", "/backup/plans", &plan("gone").to_string()).await.json();
    let (plan, version) = (made["BackupPlanId"].as_str().unwrap(), made["VersionId"].as_str().unwrap());
    let chosen = json!({ "BackupSelection": { "SelectionName": "s", "IamRoleArn": ROLE, "Resources": ["*"] } });
    let selection = created(&server, &format!("/backup/plans/{plan}/selections"), chosen, "SelectionId").await;
    let vault_tags = format!("/tags/{}", encoded(&format!("arn:aws:backup:us-east-1:{ACCOUNT}:backup-vault:gone")));
    let plan_tags = format!("/tags/{}", encoded(made["BackupPlanArn"].as_str().unwrap()));
    let point_path = format!("/backup-vaults/Default/recovery-points/{}", encoded(&point));

    for path in [
        format!("/backup/plans/{plan}/selections/{selection}"),
        format!("/backup/plans/{plan}"),
        "/backup-vaults/gone".to_owned(),
        point_path.clone(),
    ] {
        let answer = server.call("DELETE", &path, "").await;
        assert_eq!(answer.status(), 200, "{path}: {answer:?}");
    }
    server.engine.remove_resource(&resource.parse().unwrap()).unwrap();

    let not_found = (400, "ResourceNotFoundException");
    for (path, expected) in [
        ("/backup-vaults/gone".to_owned(), (403, "AccessDeniedException")),
        (vault_tags, not_found),
        (format!("/backup/plans/{plan}"), not_found),
        (format!("/backup/plans/{plan}?versionId={}", encoded(version)), not_found),
        (format!("/backup/plans/{plan}/versions"), not_found),
        (format!("/backup/plans/{plan}/toTemplate"), not_found),
        // AWS says so of a plan in the path of a selection.
        (format!("/backup/plans/{plan}/selections"), (400, "InvalidParameterValueException")),
        (format!("/backup/plans/{plan}/selections/{selection}"), (400, "InvalidParameterValueException")),
        (plan_tags, not_found),
        (point_path.clone(), not_found),
        (format!("{point_path}/restore-metadata"), not_found),
        (format!("/tags/{}", encoded(&point)), not_found),
        (format!("/_vaultdeck/recovery-points/{}/items", encoded(&point)), not_found),
        (format!("/tags/{}", encoded(&resource)), not_found),
    ] {
        let (status, code, message) = server.call("GET", &path, "").await.error();
        assert_eq!((status, code.as_str()), expected, "{path}: {message}");
    }
    // What the jobs and lists remember stays: history is not a thing that is deleted.
    assert_eq!(server.call("GET", &format!("/resources/{}", encoded(&resource)), "").await.status(), 200);
    let deleted = server.call("GET", "/backup/plans?includeDeleted=true", "").await.json();
    assert!(deleted["BackupPlansList"][0]["DeletionDate"].is_number(), "{deleted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_create_is_the_same_only_with_the_same_tags() {
    let server = Server::start().await;
    let vault = |tags: serde_json::Value| json!({ "CreatorRequestId": "once", "BackupVaultTags": tags }).to_string();
    let of_plan = |tags: serde_json::Value| {
        let mut whole = plan("p");
        whole["CreatorRequestId"] = json!("once");
        whole["BackupPlanTags"] = tags;
        whole.to_string()
    };
    let arn = format!("arn:aws:backup:us-east-1:{ACCOUNT}:backup-vault:vv");
    for (path, body) in [("/backup-vaults/vv", &vault as &dyn Fn(_) -> String), ("/backup/plans", &of_plan)] {
        assert_eq!(server.call("PUT", path, &body(json!({ "a": "1" }))).await.status(), 200);
        let repeated = server.call("PUT", path, &body(json!({ "a": "1" }))).await;
        assert_eq!(repeated.status(), 200, "{repeated:?}");
        for other in [json!({ "a": "2" }), json!({}), json!({ "a": "1", "b": "2" })] {
            let (status, code, message) = server.call("PUT", path, &body(other.clone())).await.error();
            assert_eq!((status, code.as_str()), (400, "AlreadyExistsException"), "{path} {other}: {message}");
        }
    }
    // Tags that came later do not make the same call another one.
    let tagged = server.call("POST", &format!("/tags/{}", encoded(&arn)), r#"{"Tags":{"later":"x"}}"#).await;
    assert_eq!(tagged.status(), 200);
    assert_eq!(server.call("PUT", "/backup-vaults/vv", &vault(json!({ "a": "1" }))).await.status(), 200);
    assert_eq!(server.call("DELETE", "/backup-vaults/vv", "").await.status(), 200);
    assert_eq!(server.call("PUT", "/backup-vaults/vv", &vault(json!({ "new": "1" }))).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_and_a_rule_have_every_member_that_aws_gives() {
    let server = Server::start().await;
    let id = created(&server, "/backup/plans", plan("p"), "BackupPlanId").await;
    let chosen = json!({ "BackupSelection": { "SelectionName": "s", "IamRoleArn": ROLE, "Resources": ["*"] } });
    let selection = created(&server, &format!("/backup/plans/{id}/selections"), chosen, "SelectionId").await;
    let got = server.call("GET", &format!("/backup/plans/{id}/selections/{selection}"), "").await.json();
    let nothing = json!({ "StringEquals": [], "StringNotEquals": [], "StringLike": [], "StringNotLike": [] });
    let expected = json!({ "SelectionName": "s", "IamRoleArn": ROLE, "Resources": ["*"], "NotResources": [], "ListOfTags": [], "Conditions": nothing });
    assert_eq!(got["BackupSelection"], expected);
    let got = server.call("GET", &format!("/backup/plans/{id}"), "").await.json();
    let mut rule = got["BackupPlan"]["Rules"][0].clone();
    assert!(rule.as_object_mut().unwrap().remove("RuleId").is_some());
    let expected = json!({
        "RuleName": "r", "TargetBackupVaultName": "Default", "ScheduleExpression": "cron(0 5 ? * * *)",
        "ScheduleExpressionTimezone": "Etc/UTC", "StartWindowMinutes": 480, "CompletionWindowMinutes": 10080,
        "EnableContinuousBackup": false,
    });
    assert_eq!(rule, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_goes_out_as_a_template_and_comes_back() {
    let server = Server::start().await;
    let id = created(&server, "/backup/plans", plan("p"), "BackupPlanId").await;
    let template = server.call("GET", &format!("/backup/plans/{id}/toTemplate/"), "").await.json();
    let body = json!({ "BackupPlanTemplateJson": template["BackupPlanTemplateJson"] }).to_string();
    let back = server.call("POST", "/backup/template/json/toPlan", &body).await.json();
    assert_eq!(
        (&back["BackupPlan"]["BackupPlanName"], &back["BackupPlan"]["Rules"][0]["RuleName"]),
        (&json!("p"), &json!("r"))
    );
    let nonsense = json!({ "BackupPlanTemplateJson": "{" }).to_string();
    let (_, code, message) = server.call("POST", "/backup/template/json/toPlan", &nonsense).await.error();
    assert_eq!(code, "InvalidParameterValueException");
    assert!(message.contains("BackupPlanTemplateJson"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_message_categories_are_meant_by_three_words() {
    let server = Server::start().await;
    let (resource, _) = server.file_system("one", &[]);
    back_up(&server.backup(), &resource).await;
    for (category, expected) in [("*", 1), ("ANY", 1), ("AGGREGATE_ALL", 1), ("SUCCESS", 1), ("AccessDenied", 0)] {
        let answer = server.call("GET", &format!("/backup-jobs?messageCategory={}", encoded(category)), "").await;
        assert_eq!(answer.json()["BackupJobs"].as_array().unwrap().len(), expected, "{category}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_takes_nothing_that_it_does_not_do() {
    let server = Server::start().await;
    let backup = server.backup();
    let (resource, _) = server.file_system("one", &[]);
    let point = back_up(&backup, &resource).await;
    let metadata = |changes: &[(&str, &str)]| {
        let mut all = HashMap::from(
            [
                ("file-system-id", "fs-0"),
                ("newFileSystem", "true"),
                ("Encrypted", "false"),
                ("PerformanceMode", "generalPurpose"),
                ("CreationToken", "t"),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        all.extend(changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        all
    };
    let start = |changes: &[(&str, &str)]| {
        backup
            .start_restore_job()
            .recovery_point_arn(&point)
            .iam_role_arn(ROLE)
            .set_metadata(Some(metadata(changes)))
            .send()
    };
    for (changes, named) in [
        (&[("Encrypted", "true"), ("KmsKeyId", "nonsense")][..], "KmsKeyId"),
        (&[("Encrypted", "true")], "Encrypted=true"),
        (&[("PerformanceMode", "maxIO")], "PerformanceMode=maxIO"),
    ] {
        let refused = start(changes).await.unwrap_err();
        assert_eq!(refused.code(), Some("InvalidParameterValueException"), "{refused:?}");
        assert_eq!(refused.message(), Some(format!("{named} is not supported by this engine yet").as_str()));
    }
    let job = restored(&backup, start(&[]).await.unwrap().restore_job_id().unwrap()).await;
    assert_eq!(job.status().unwrap().as_str(), "COMPLETED", "{job:?}");
    let made = job.created_resource_arn().unwrap();
    let again = restored(&backup, start(&[]).await.unwrap().restore_job_id().unwrap()).await;
    assert_eq!(again.status().unwrap().as_str(), "FAILED", "{again:?}");
    let file_system = made.rsplit('/').next().unwrap();
    let words = format!("File system '{file_system}' already exists with creation token 't'");
    assert_eq!(again.status_message(), Some(format!("{words} (Error Code: FileSystemAlreadyExists)").as_str()));
    server.engine.remove_resource(&made.parse().unwrap()).unwrap();
    let free = restored(&backup, start(&[]).await.unwrap().restore_job_id().unwrap()).await;
    assert_eq!(
        free.status().unwrap().as_str(),
        "COMPLETED",
        "the token of a file system that is gone is free: {free:?}"
    );
    assert_eq!(backup.list_restore_jobs().send().await.unwrap().restore_jobs().len(), 3);
    let of_resource = server.call("GET", &format!("/resources/{}/restore-jobs/", encoded(&resource)), "").await.json();
    assert_eq!(of_resource["RestoreJobs"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_no_folder_and_a_damaged_vault_does_not_show_the_host() {
    let server = Server::start().await;
    let backup = server.backup();
    let (resource, source) = server.file_system("one", &[]);
    let point = back_up(&backup, &resource).await;
    let route = format!("/_vaultdeck/recovery-points/{}/items", encoded(&point));
    let (status, code, message) = server.call("GET", &format!("{route}?path=%2Fhello.txt"), "").await.error();
    assert_eq!((status, code.as_str()), (400, "InvalidParameterValueException"), "{message}");
    assert_eq!(message, "Invalid path: /hello.txt is not a folder of this recovery point");

    let vault = server.folder.path().join("data/vaults").join(ACCOUNT).join("us-east-1/Default");
    for snapshot in std::fs::read_dir(vault.join("snapshots")).unwrap() {
        std::fs::remove_file(snapshot.unwrap().path()).unwrap();
    }
    let (status, _, message) = server.call("GET", &format!("{route}?path=%2F"), "").await.error();
    assert_eq!(status, 500, "{message}");
    for secret in [server.folder.path(), &source] {
        assert!(!message.contains(secret.to_str().unwrap()), "{message}");
    }
    assert_eq!(message, "The engine failed to carry out this request; its log says why.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_and_a_resource_tell_what_they_have_to_do_with_each_other() {
    let server = Server::start().await;
    let (one, _) = server.file_system("one", &[]);
    let (_two, _) = server.file_system("two", &[]);
    back_up(&server.backup(), &one).await;
    server.call("PUT", "/backup-vaults/empty", "{}").await;
    let of = async |vault: &str| server.call("GET", &format!("/backup-vaults/{vault}/resources/"), "").await.json();
    assert_eq!(of("Default").await["Results"][0]["ResourceArn"], json!(one));
    assert_eq!(of("empty").await["Results"], json!([]));
}
