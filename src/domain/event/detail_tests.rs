//! Each shape against the sample of AWS's page on EventBridge, member by member.

use super::*;
use crate::domain::VaultLock;
use crate::domain::names::JobId;
use serde_json::{Value, json};

const VAULT: &str = "arn:aws:backup:us-west-2:111122223333:backup-vault:v";
const POINT: &str = "arn:aws:backup:us-west-2:111122223333:recovery-point:f1d966fe";
const RESOURCE: &str = "arn:aws:elasticfilesystem:us-west-2:111122223333:file-system/fs-1";
const ROLE: &str = "arn:aws:iam::111122223333:role/Backup";

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn scope() -> Scope {
    Scope::new("111122223333".parse().unwrap(), "us-west-2".parse().unwrap())
}

fn creator() -> Creator {
    Creator {
        backup_plan_id: "bde0f455".to_owned(),
        backup_plan_arn: "arn:aws:backup:us-west-2:111122223333:backup-plan:bde0f455".to_owned(),
        backup_plan_version: "YTkz".to_owned(),
        backup_rule_id: "1f97bafa".to_owned(),
        ..Creator::default()
    }
}

fn told_creator() -> Value {
    json!({
        "backupPlanId": "bde0f455",
        "backupPlanArn": "arn:aws:backup:us-west-2:111122223333:backup-plan:bde0f455",
        "backupPlanVersion": "YTkz",
        "backupPlanRuleId": "1f97bafa",
    })
}

fn backup() -> BackupJob {
    BackupJob {
        id: "34176239".parse::<JobId>().unwrap(),
        scope: scope(),
        vault_name: "v".to_owned(),
        vault_arn: VAULT.parse().unwrap(),
        vault_type: crate::domain::vault::VaultType::Standard,
        recovery_point_arn: Some(POINT.parse().unwrap()),
        lifecycle: Some(Lifecycle::delete_after(100)),
        encryption_key_arn: None,
        resource_arn: RESOURCE.parse().unwrap(),
        resource_name: None,
        resource_type: "EFS".to_owned().into(),
        created: at("2020-07-15T21:40:31.207Z"),
        initiated: Some(at("2020-07-15T21:40:40Z")),
        completed: Some(at("2020-07-15T21:41:05.921Z")),
        expected_completion: None,
        start_by: Some(at("2020-07-16T05:40:31.207Z")),
        state: JobState::Completed,
        status_message: None,
        message_category: None,
        percent_done: Some(100.0),
        size_bytes: Some(36048),
        bytes_transferred: Some(36048),
        iam_role_arn: Some(ROLE.parse().unwrap()),
        created_by: None,
        backup_options: BTreeMap::new(),
        is_parent: false,
        parent_job_id: None,
    }
}

fn restore() -> RestoreJob {
    RestoreJob {
        id: "AB123456".parse::<JobId>().unwrap(),
        scope: scope(),
        recovery_point_arn: Some(POINT.parse().unwrap()),
        recovery_point_created: None,
        source_resource_arn: Some(RESOURCE.parse().unwrap()),
        vault_arn: Some(VAULT.parse().unwrap()),
        created: at("2020-07-15T03:10:01.742Z"),
        completed: Some(at("2020-07-15T03:14:53.128Z")),
        state: JobState::Completed,
        status_message: None,
        percent_done: Some(0.0),
        size_bytes: Some(0),
        iam_role_arn: Some(ROLE.parse().unwrap()),
        expected_minutes: None,
        created_resource_arn: Some(RESOURCE.parse().unwrap()),
        resource_type: Some("RDS".to_owned().into()),
        validation: None,
    }
}

fn copy() -> CopyJob {
    CopyJob {
        id: "0175DE71".parse::<JobId>().unwrap(),
        scope: scope(),
        source_vault_arn: Some(VAULT.parse().unwrap()),
        source_recovery_point_arn: Some(POINT.parse().unwrap()),
        destination_vault_arn: Some(VAULT.parse().unwrap()),
        destination_vault_type: None,
        destination_recovery_point_arn: Some(POINT.parse().unwrap()),
        resource_arn: Some(RESOURCE.parse().unwrap()),
        resource_name: None,
        resource_type: "EFS".to_owned().into(),
        created: Some(at("2020-07-15T22:06:27.234Z")),
        completed: None,
        state: JobState::Running,
        status_message: None,
        message_category: None,
        size_bytes: Some(3_221_225_472),
        iam_role_arn: Some(ROLE.parse().unwrap()),
        created_by: Some(creator().into()),
        lifecycle: None,
        backup_job_id: None,
        is_parent: false,
        parent_job_id: None,
        member: None,
    }
}

fn told(change: &Change<'_>) -> (&'static str, Vec<String>, Value) {
    let resources = change.resources.iter().map(|arn| (*arn).to_owned()).collect();
    (change.detail.detail_type().as_str(), resources, serde_json::to_value(&change.detail).unwrap())
}

#[test]
fn a_completed_backup_job_names_its_recovery_point_and_counts_in_texts() {
    let job = backup();
    let change = backup_job(&job).unwrap();
    assert_eq!(change.at, job.completed.unwrap());
    assert_eq!(
        told(&change),
        (
            "Backup Job State Change",
            vec![POINT.to_owned()],
            json!({
                "backupJobId": "34176239", "backupSizeInBytes": "36048", "backupVaultArn": VAULT, "backupVaultName": "v",
                "bytesTransferred": "36048", "creationDate": "2020-07-15T21:40:31.207Z", "iamRoleArn": ROLE,
                "resourceArn": RESOURCE, "resourceType": "EFS", "state": "COMPLETED",
                "completionDate": "2020-07-15T21:41:05.921Z", "startBy": "2020-07-16T05:40:31.207Z", "percentDone": 100,
            })
        )
    );
}

#[test]
fn a_failed_backup_job_names_no_point_and_quotes_its_message_twice() {
    let job = BackupJob {
        state: JobState::Failed,
        status_message: Some("Backup job failed because …".to_owned()),
        percent_done: Some(0.0),
        created_by: Some(creator().into()),
        ..backup()
    };
    let (_, resources, detail) = told(&backup_job(&job).unwrap());
    assert!(resources.is_empty());
    assert_eq!(detail["statusMessage"], "\"Backup job failed because …\"");
    assert_eq!((&detail["percentDone"], &detail["createdBy"]), (&json!(0), &told_creator()));
    assert_eq!(detail.get("backupSizeInBytes"), None);
}

#[test]
fn of_a_new_job_little_is_told_and_of_one_that_is_being_stopped_nothing() {
    let created = BackupJob { state: JobState::Created, initiated: None, completed: None, ..backup() };
    let change = backup_job(&created).unwrap();
    let detail = json!({ "backupJobId": "34176239", "state": "CREATED", "creationDate": "2020-07-15T21:40:31.207Z" });
    assert_eq!(told(&change), ("Backup Job State Change", Vec::new(), detail));
    assert_eq!(change.at, created.created);
    assert!(backup_job(&BackupJob { state: JobState::Aborting, ..backup() }).is_none());
}

#[test]
fn a_restore_job_has_a_status_and_only_a_new_one_a_state() {
    let now = at("2020-07-15T03:14:58Z");
    assert_eq!(
        told(&restore_job(&restore(), now)),
        (
            "Restore Job State Change",
            vec![POINT.to_owned()],
            json!({
                "restoreJobId": "AB123456", "backupVaultArn": VAULT, "recoveryPointArn": POINT,
                "sourceResourceArn": RESOURCE, "backupSizeInBytes": "0", "creationDate": "2020-07-15T03:10:01.742Z",
                "iamRoleArn": ROLE, "percentDone": 0, "resourceType": "RDS", "status": "COMPLETED",
                "createdResourceArn": RESOURCE, "completionDate": "2020-07-15T03:14:53.128Z",
            })
        )
    );
    let new = RestoreJob { state: JobState::Created, completed: None, ..restore() };
    assert_eq!(
        told(&restore_job(&new, now)).2,
        json!({ "restoreJobId": "AB123456", "creationDate": "2020-07-15T03:10:01.742Z", "state": "CREATED" })
    );
}

#[test]
fn a_copy_job_has_an_empty_object_for_its_point_until_that_is_there() {
    let now = at("2020-07-15T22:08:04Z");
    let expected = json!({
        "copyJobId": "0175DE71", "backupSizeInBytes": 3_221_225_472_i64, "creationDate": "2020-07-15T22:06:27.234Z",
        "iamRoleArn": ROLE, "resourceArn": RESOURCE, "resourceType": "EFS", "sourceBackupVaultArn": VAULT,
        "state": "RUNNING", "destinationBackupVaultArn": VAULT, "destinationRecoveryPointArn": {},
        "createdBy": told_creator(),
    });
    assert_eq!(told(&copy_job(&copy(), now)), ("Copy Job State Change", vec![POINT.to_owned()], expected));
    let done = CopyJob { state: JobState::Completed, ..copy() };
    assert_eq!(told(&copy_job(&done, now)).2["destinationRecoveryPointArn"], POINT);
}

#[test]
fn a_recovery_point_tells_its_lifecycle_and_whether_it_is_encrypted_as_a_text() {
    let point = RecoveryPoint {
        arn: POINT.parse().unwrap(),
        scope: scope(),
        vault_name: "v".to_owned(),
        vault_arn: VAULT.parse().unwrap(),
        vault_type: crate::domain::vault::VaultType::Standard,
        source_vault_arn: None,
        resource_arn: RESOURCE.parse().unwrap(),
        resource_name: None,
        resource_type: "EFS".to_owned().into(),
        created_by: Some(creator()),
        iam_role_arn: Some(ROLE.parse().unwrap()),
        status: RecoveryPointStatus::Completed,
        status_message: None,
        created: at("2020-07-15T21:38:31.152Z"),
        initiated: None,
        completed: Some(at("2020-07-15T21:39:05.689Z")),
        size_bytes: Some(1),
        lifecycle: Some(Lifecycle::delete_after(100)),
        calculated_lifecycle: CalculatedLifecycle {
            move_to_cold_storage_at: None,
            delete_at: Some(at("2020-10-23T21:38:31.152Z")),
        },
        encryption_key_arn: None,
        encrypted: true,
        last_restore: None,
        held: false,
        nesting: crate::domain::Nesting::Alone,
        storage_class: Some("WARM".to_owned()),
    };
    let mut expected = json!({
        "backupVaultName": "v", "backupVaultArn": VAULT, "creationDate": "2020-07-15T21:38:31.152Z", "iamRoleArn": ROLE,
        "resourceType": "EFS", "resourceArn": RESOURCE, "status": "COMPLETED", "isEncrypted": "true",
        "storageClass": "WARM", "completionDate": "2020-07-15T21:39:05.689Z", "createdBy": told_creator(),
        "lifecycle": { "deleteAfterDays": 100 }, "calculatedLifeCycle": { "deleteAt": "2020-10-23T21:38:31.152Z" },
    });
    let now = at("2020-07-15T21:39:07Z");
    let change = recovery_point(&point, &RecoveryPointStatus::Completed, now);
    assert_eq!(told(&change), ("Recovery Point State Change", vec![POINT.to_owned()], expected.clone()));

    expected["status"] = json!("DELETING");
    assert_eq!(told(&recovery_point(&point, &RecoveryPointStatus::Deleting, now)).2, expected);

    let job = BackupJob { created_by: Some(creator().into()), ..backup() };
    let (_, resources, creating) = told(&point_of_new_job(&job, &point.arn));
    assert_eq!((resources, &creating["status"]), (vec![POINT.to_owned()], &json!("CREATING")));
    assert_eq!(creating["calculatedLifeCycle"], json!({ "deleteAt": "2020-10-23T21:40:31.207Z" }));

    let to_cold = Some(Lifecycle { move_to_cold_storage_after_days: Some(1), ..Lifecycle::delete_after(100) });
    let moves = |resource_type: &str| {
        let job = BackupJob { resource_type: resource_type.to_owned().into(), lifecycle: to_cold, ..backup() };
        told(&point_of_new_job(&job, &point.arn)).2["calculatedLifeCycle"].clone()
    };
    assert_eq!(moves("EFS")["moveToColdStorageAt"], json!("2020-07-16T21:40:31.207Z"));
    assert_eq!(moves("RDS"), json!({ "deleteAt": "2020-10-23T21:40:31.207Z" }), "a type that stays warm");
}

#[test]
fn a_plan_says_by_another_member_when_it_was_made_changed_and_deleted() {
    let plan = Plan {
        id: "83fcb8ee".parse().unwrap(),
        arn: "arn:aws:backup:us-west-2:111122223333:backup-plan:83fcb8ee".parse().unwrap(),
        scope: scope(),
        version_id: "NjIw".to_owned(),
        document: crate::domain::plan::PlanDocument::default(),
        creator_request_id: None,
        created: None,
        deleted: None,
        last_execution: None,
    };
    let now = at("2020-06-24T23:18:19.168Z");
    for (became, member, state) in [
        (Became::Created, "creationDate", "CREATED"),
        (Became::Modified, "modifiedAt", "MODIFIED"),
        (Became::Deleted, "deletionDate", "DELETED"),
    ] {
        let detail = json!({ "backupPlanId": "83fcb8ee", "versionId": "NjIw", member: "2020-06-24T23:18:19.168Z", "state": state });
        let expected = ("Backup Plan State Change", vec![plan.arn.to_string()], detail);
        assert_eq!(told(&super::plan(&plan, became, now)), expected);
    }
}

#[test]
fn a_vault_says_whether_it_is_locked_only_where_it_was_modified() {
    let vault = Vault {
        arn: VAULT.parse().unwrap(),
        scope: scope(),
        name: "v".to_owned(),
        vault_type: crate::domain::vault::VaultType::Standard,
        encryption_key_arn: None,
        created: None,
        creator_request_id: None,
        recovery_points: 0,
        lock: Some(VaultLock::default()),
    };
    let now = at("2020-06-24T23:18:19Z");
    let detail = |became| told(&super::vault(&vault, became, now)).2;
    assert_eq!(detail(Became::Created), json!({ "backupVaultName": "v", "state": "CREATED" }));
    assert_eq!(detail(Became::Modified), json!({ "backupVaultName": "v", "state": "MODIFIED", "isLocked": "true" }));
    assert_eq!(detail(Became::Deleted), json!({ "backupVaultName": "v", "state": "DELETED" }));
}

#[test]
fn region_settings_tell_what_changed_by_awss_mixed_spelling() {
    let changed = BTreeMap::from([("Aurora".to_owned(), true)]);
    let (scope, now) = (scope(), at("2020-06-24T22:54:57.161Z"));
    let expected = json!({
        "modifiedAt": "2020-06-24T22:54:57.161Z", "ResourceTypeOptInPreference": { "Aurora": true }, "state": "MODIFIED",
    });
    assert_eq!(told(&region_setting(&scope, &changed, now)), ("Region Setting State Change", Vec::new(), expected));
}
