//! A backup and a restore from end to end through the AWS SDK for Rust, and what the lists tell of them.

use crate::harness::{ROLE, Server, encoded};
use aws_sdk_backup::Client;
use aws_sdk_backup::error::ProvideErrorMetadata;
use aws_sdk_backup::operation::describe_backup_job::DescribeBackupJobOutput;
use aws_sdk_backup::operation::describe_restore_job::DescribeRestoreJobOutput;
use aws_sdk_backup::types::{BackupJobState, Lifecycle, RestoreJobStatus};
use std::collections::HashMap;
use std::time::{Duration, Instant};

async fn ended(backup: &Client, job: &str) -> DescribeBackupJobOutput {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let job = backup.describe_backup_job().backup_job_id(job).send().await.unwrap();
        match job.state().unwrap() {
            BackupJobState::Completed | BackupJobState::Failed | BackupJobState::Aborted | BackupJobState::Expired => {
                return job;
            }
            state => assert!(Instant::now() < deadline, "still {state}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn restored(backup: &Client, job: &str) -> DescribeRestoreJobOutput {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let job = backup.describe_restore_job().restore_job_id(job).send().await.unwrap();
        match job.status().unwrap() {
            RestoreJobStatus::Completed | RestoreJobStatus::Failed | RestoreJobStatus::Aborted => return job,
            status => assert!(Instant::now() < deadline, "still {status}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Backs a file system up; the recovery point's ARN.
pub async fn back_up(backup: &Client, resource: &str) -> String {
    let started = backup
        .start_backup_job()
        .backup_vault_name("Default")
        .resource_arn(resource)
        .iam_role_arn(ROLE)
        .send()
        .await
        .unwrap();
    let job = ended(backup, started.backup_job_id().unwrap()).await;
    assert_eq!(job.state(), Some(&BackupJobState::Completed), "{job:?}");
    job.recovery_point_arn().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_leaves_a_point_that_every_operation_tells_of() {
    let server = Server::start().await;
    let backup = server.backup();
    backup.create_backup_vault().backup_vault_name("nightly").send().await.unwrap();
    let (resource, _) = server.file_system("projects", &[("env", "prod")]);
    let started = backup
        .start_backup_job()
        .backup_vault_name("nightly")
        .resource_arn(&resource)
        .iam_role_arn(ROLE)
        .idempotency_token("once")
        .lifecycle(Lifecycle::builder().delete_after_days(7).build())
        .recovery_point_tags("made", "by hand")
        .send()
        .await
        .unwrap();
    let id = started.backup_job_id().unwrap();
    let job = ended(&backup, id).await;
    assert_eq!(job.state(), Some(&BackupJobState::Completed), "{job:?}");
    assert_eq!((job.percent_done(), job.message_category()), (Some("100.0"), Some("SUCCESS")));
    assert_eq!((job.resource_type(), job.resource_name()), (Some("EFS"), Some("projects")));
    assert!(job.bytes_transferred().unwrap() >= 100_000 && job.is_encrypted());

    let again = backup
        .start_backup_job()
        .backup_vault_name("nightly")
        .resource_arn(&resource)
        .iam_role_arn(ROLE)
        .idempotency_token("once")
        .lifecycle(Lifecycle::builder().delete_after_days(7).build())
        .recovery_point_tags("made", "by hand")
        .send()
        .await
        .unwrap();
    assert_eq!(again.backup_job_id(), Some(id), "the same token gives the same job");

    let point_arn = job.recovery_point_arn().unwrap();
    let points = backup.list_recovery_points_by_backup_vault().backup_vault_name("nightly").send().await.unwrap();
    assert_eq!(points.recovery_points().len(), 1);
    let point = backup
        .describe_recovery_point()
        .backup_vault_name("nightly")
        .recovery_point_arn(point_arn)
        .send()
        .await
        .unwrap();
    assert_eq!(point.status().unwrap().as_str(), "COMPLETED");
    assert_eq!((point.creation_date(), point.initiation_date()), (job.creation_date(), job.initiation_date()));
    assert_eq!(point.storage_class().unwrap().as_str(), "WARM");
    let days = (point.calculated_lifecycle().unwrap().delete_at().unwrap().secs()
        - point.creation_date().unwrap().secs()) as f64
        / 86_400.0;
    assert!((6.9..=8.0).contains(&days), "{days}");
    let tags = backup.list_tags().resource_arn(point_arn).send().await.unwrap();
    assert_eq!((tags.tags().unwrap()["env"].as_str(), tags.tags().unwrap()["made"].as_str()), ("prod", "by hand"));
    let of_resource = backup.list_recovery_points_by_resource().resource_arn(&resource).send().await.unwrap();
    assert_eq!(of_resource.recovery_points()[0].recovery_point_arn(), Some(point_arn));
    let protected = backup.describe_protected_resource().resource_arn(&resource).send().await.unwrap();
    assert_eq!(protected.last_recovery_point_arn(), Some(point_arn));
    assert_eq!(backup.list_protected_resources().send().await.unwrap().results().len(), 1);
    let vault = backup.describe_backup_vault().backup_vault_name("nightly").send().await.unwrap();
    assert_eq!(vault.number_of_recovery_points(), 1);
    let full = backup.delete_backup_vault().backup_vault_name("nightly").send().await.unwrap_err();
    let expected = "Backup vault cannot be deleted because it contains recovery points.";
    assert_eq!((full.code(), full.message()), (Some("InvalidRequestException"), Some(expected)));
    let summaries = backup.list_backup_job_summaries().send().await.unwrap();
    assert_eq!(summaries.backup_job_summaries().iter().map(|row| row.count()).sum::<i32>(), 1, "{summaries:?}");

    let updated = backup
        .update_recovery_point_lifecycle()
        .backup_vault_name("nightly")
        .recovery_point_arn(point_arn)
        .lifecycle(Lifecycle::builder().delete_after_days(30).build())
        .send()
        .await
        .unwrap();
    assert_eq!(updated.lifecycle().unwrap().delete_after_days(), Some(30));
    backup.delete_recovery_point().backup_vault_name("nightly").recovery_point_arn(point_arn).send().await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !backup
        .list_recovery_points_by_backup_vault()
        .backup_vault_name("nightly")
        .send()
        .await
        .unwrap()
        .recovery_points()
        .is_empty()
    {
        assert!(Instant::now() < deadline, "the point is still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_that_the_engine_proposes_restores_unchanged() {
    let server = Server::start().await;
    let backup = server.backup();
    let (resource, path) = server.file_system("projects", &[]);
    let point = back_up(&backup, &resource).await;
    let proposed = backup
        .get_recovery_point_restore_metadata()
        .backup_vault_name("Default")
        .recovery_point_arn(&point)
        .send()
        .await
        .unwrap();
    assert_eq!(proposed.resource_type(), Some("EFS"));
    let metadata: HashMap<String, String> = proposed.restore_metadata().unwrap().clone();
    let started = backup
        .start_restore_job()
        .recovery_point_arn(&point)
        .set_metadata(Some(metadata.clone()))
        .iam_role_arn(ROLE)
        .send()
        .await
        .unwrap();
    let id = started.restore_job_id().unwrap();
    let job = restored(&backup, id).await;
    assert_eq!(job.status(), Some(&RestoreJobStatus::Completed), "{job:?}");
    assert_eq!((job.percent_done(), job.source_resource_arn()), (Some("100.00%"), Some(resource.as_str())));
    assert!(job.created_resource_arn().is_some());
    let used = backup.get_restore_job_metadata().restore_job_id(id).send().await.unwrap();
    assert_eq!(used.metadata(), Some(&metadata));
    let listed = backup.list_restore_jobs().by_status(RestoreJobStatus::Completed).send().await.unwrap();
    assert_eq!(listed.restore_jobs().len(), 1);
    assert_eq!(std::fs::read_to_string(path.join("hello.txt")).unwrap(), "hello", "the source is untouched");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tcp_a_restore_writes_only_below_the_folders_that_were_named() {
    let server = Server::start().await;
    let backup = server.backup();
    let (resource, _) = server.file_system("projects", &[]);
    let point = back_up(&backup, &resource).await;
    let metadata = |target: &std::path::Path| {
        HashMap::from([
            ("newFileSystem".to_owned(), "true".to_owned()),
            ("file-system-id".to_owned(), "fs-0".to_owned()),
            ("Encrypted".to_owned(), "false".to_owned()),
            ("PerformanceMode".to_owned(), "generalPurpose".to_owned()),
            ("CreationToken".to_owned(), "token".to_owned()),
            ("vaultdeck:path".to_owned(), target.to_str().unwrap().to_owned()),
        ])
    };
    let start = |target| {
        backup
            .start_restore_job()
            .recovery_point_arn(&point)
            .iam_role_arn(ROLE)
            .set_metadata(Some(metadata(target)))
            .send()
    };
    let forbidden = server.folder.path().join("forbidden");
    let refused = start(&forbidden).await.unwrap_err();
    assert!(refused.message().unwrap_or_default().contains("vaultdeck:path"), "{refused:?}");
    assert!(!forbidden.exists());
    let sneaky = server.folder.path().join("allowed/../forbidden");
    assert!(start(&sneaky).await.is_err());
    let allowed = server.folder.path().join("allowed/here");
    std::fs::create_dir_all(allowed.parent().unwrap()).unwrap();
    let job = restored(&backup, start(&allowed).await.unwrap().restore_job_id().unwrap()).await;
    assert_eq!(job.status(), Some(&RestoreJobStatus::Completed), "{job:?}");
    assert_eq!(std::fs::read_to_string(allowed.join("hello.txt")).unwrap(), "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_points_items_are_listed_page_by_page() {
    let server = Server::start().await;
    let backup = server.backup();
    let (resource, path) = server.file_system("projects", &[]);
    for number in 0..10 {
        std::fs::write(path.join(format!("file-{number}")), "x").unwrap();
    }
    let point = back_up(&backup, &resource).await;
    let route = format!("/_vaultdeck/recovery-points/{}/items", encoded(&point));
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let next = if token.is_empty() { String::new() } else { format!("&nextToken={}", encoded(&token)) };
        let page = server.call("GET", &format!("{route}?path=%2F&maxResults=5{next}"), "").await;
        assert_eq!(page.status(), 200, "{page:?}");
        let page = page.json();
        let items = page["Items"].as_array().unwrap();
        assert!(items.len() <= 5);
        names.extend(items.iter().map(|item| item["Name"].as_str().unwrap().to_owned()));
        match page["NextToken"].as_str() {
            Some(more) => token = more.to_owned(),
            None => break,
        }
    }
    let mut expected: Vec<String> = (0..10).map(|number| format!("file-{number}")).collect();
    expected.extend(["folder".to_owned(), "hello.txt".to_owned()]);
    assert_eq!(names, expected);
    let inner = server.call("GET", &format!("{route}?path=%2Ffolder"), "").await.json();
    assert_eq!(
        (inner["Items"][0]["Name"].as_str(), inner["Items"][0]["Size"].as_u64()),
        (Some("inner.bin"), Some(100_000))
    );
    assert_eq!(server.call("GET", &format!("{route}?path=%2Fnothing"), "").await.status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_pick_jobs() {
    let server = Server::start().await;
    let backup = server.backup();
    let (one, _) = server.file_system("one", &[]);
    let (two, _) = server.file_system("two", &[]);
    back_up(&backup, &one).await;
    back_up(&backup, &two).await;
    back_up(&backup, &two).await;
    let count = async |request: aws_sdk_backup::operation::list_backup_jobs::builders::ListBackupJobsFluentBuilder| {
        request.send().await.unwrap().backup_jobs().len()
    };
    let list = || backup.list_backup_jobs();
    assert_eq!(count(list()).await, 3);
    assert_eq!(count(list().by_resource_arn(&two)).await, 2);
    assert_eq!(count(list().by_state(BackupJobState::Completed)).await, 3);
    assert_eq!(count(list().by_state(BackupJobState::Failed)).await, 0);
    assert_eq!(count(list().by_backup_vault_name("Default")).await, 3);
    assert_eq!(count(list().by_backup_vault_name("other")).await, 0);
    assert_eq!(count(list().by_resource_type("EFS")).await, 3);
    assert_eq!(count(list().by_message_category("SUCCESS")).await, 3);
    assert_eq!(count(list().by_account_id("*")).await, 3);
    let long_ago = aws_sdk_backup::primitives::DateTime::from_secs(1_000_000_000);
    assert_eq!(count(list().by_created_before(long_ago)).await, 0);
    assert_eq!(count(list().by_created_after(long_ago)).await, 3);
    assert_eq!(count(list().by_complete_after(long_ago)).await, 3);
    let pages: Vec<_> = list().max_results(1).into_paginator().items().send().collect::<Result<_, _>>().await.unwrap();
    assert_eq!(pages.len(), 3);
    let dates: Vec<_> = pages.iter().map(|job| job.creation_date().unwrap().as_nanos()).collect();
    assert!(dates.is_sorted_by(|a, b| a >= b), "the newest first: {dates:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_tells_whether_its_vault_is_locked() {
    let server = Server::start().await;
    let backup = server.backup();
    backup.create_backup_vault().backup_vault_name("other").send().await.unwrap();
    let (resource, _) = server.file_system("projects", &[]);
    let point = back_up(&backup, &resource).await;
    let to = "arn:aws:backup:us-east-1:123456789012:backup-vault:other";
    let copy = serde_json::json!({ "RecoveryPointArn": point, "SourceBackupVaultName": "Default", "IamRoleArn": ROLE,
                                   "DestinationBackupVaultArn": to });
    let copy = server.call("PUT", "/copy-jobs", &copy.to_string()).await.json();
    let copy = format!("/copy-jobs/{}", copy["CopyJobId"].as_str().unwrap());
    let get = async |path: &str| server.call("GET", path, "").await.json();
    let states = async || {
        let (jobs, copies) = (get("/backup-jobs").await, get("/copy-jobs").await);
        let id = jobs["BackupJobs"][0]["BackupJobId"].as_str().unwrap();
        [
            jobs["BackupJobs"][0]["VaultLockState"].clone(),
            get(&format!("/backup-jobs/{id}")).await["VaultLockState"].clone(),
            copies["CopyJobs"][0]["DestinationVaultLockState"].clone(),
            get(&copy).await["CopyJob"]["DestinationVaultLockState"].clone(),
        ]
    };
    assert_eq!(states().await, ["UNLOCKED"; 4]);
    for (vault, expected) in [("Default", ["LOCKED", "LOCKED", "UNLOCKED", "UNLOCKED"]), ("other", ["LOCKED"; 4])] {
        let path = format!("/backup-vaults/{vault}/vault-lock");
        assert_eq!(server.call("PUT", &path, "{}").await.status(), 200);
        assert_eq!(states().await, expected);
    }
    assert_eq!(server.call("DELETE", "/backup-vaults/Default/vault-lock", "").await.status(), 200);
    assert_eq!(states().await, ["UNLOCKED", "UNLOCKED", "LOCKED", "LOCKED"]);
}
