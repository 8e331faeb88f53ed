//! What the SDK's shapes have, beside what the maps say of them: what a shape lacks, its map must not state.

use super::*;
use aws_sdk_backup::operation::describe_recovery_point::DescribeRecoveryPointOutput;
use std::fmt::Debug;

/// Members of shapes from which a field of a record is read. None: the question tells it.
type Sources = &'static [(&'static str, &'static [&'static str])];

/// The fields of a struct and their values, as its Debug form names them.
fn fields(record: &impl Debug) -> Vec<(String, String)> {
    let text = format!("{record:#?}");
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines().skip(1) {
        let Some(rest) = line.strip_prefix("    ") else { continue };
        match rest.split_once(": ") {
            Some((name, value)) if !rest.starts_with(' ') => found.push((name.to_owned(), value.to_owned())),
            _ => {}
        }
    }
    found
}

fn names(record: &impl Debug) -> Vec<String> {
    fields(record).into_iter().map(|(name, _)| name).collect()
}

/// Each field of the record is known exactly when its shape has a member that tells it.
fn check(operation: &str, shape: &impl Debug, record: &impl Debug, sources: Sources) {
    let members = names(shape);
    assert!(members.len() > 1, "{operation}: the shape's members were not read: {shape:?}");
    let record = fields(record);
    for (field, _) in &record {
        assert!(sources.iter().any(|(name, _)| name == field), "{operation}: say which members tell {field}");
    }
    for (field, from) in sources {
        let (_, value) = record.iter().find(|(name, _)| name == field).expect("a field of the record");
        let told = from.is_empty() || from.iter().any(|member| members.iter().any(|known| known == member));
        let stated = !value.starts_with("Unknown");
        assert!(!stated || told, "{operation} has none of {from:?}, and yet {field} is stated as {value}");
        assert!(stated || !told, "{operation} has one of {from:?}, and yet {field} is not known");
    }
}

fn scope() -> Scope {
    Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}

const ARN: &str = "arn:aws:backup:us-east-1:123456789012:recovery-point:p";

const POINT: Sources = &[
    ("arn", &["recovery_point_arn"]),
    ("scope", &[]),
    ("vault_name", &["backup_vault_name"]),
    // Of the same account and region as the question, where only the name is told.
    ("vault_arn", &["backup_vault_arn", "backup_vault_name"]),
    ("resource_arn", &[]),
    ("resource_name", &["resource_name"]),
    ("resource_type", &[]),
    ("status", &["status"]),
    ("status_message", &["status_message"]),
    ("created", &["creation_date"]),
    ("size_bytes", &["backup_size_in_bytes", "backup_size_bytes"]),
    ("encryption_key_arn", &["encryption_key_arn"]),
    ("created_by", &["created_by"]),
    ("iam_role_arn", &["iam_role_arn"]),
    ("initiated", &["initiation_date"]),
    ("completed", &["completion_date"]),
    ("lifecycle", &["lifecycle"]),
    ("calculated_lifecycle", &["calculated_lifecycle"]),
    ("encrypted", &["is_encrypted"]),
    ("last_restore", &["last_restore_time"]),
    ("storage_class", &["storage_class"]),
    ("source_vault_arn", &["source_backup_vault_arn"]),
    ("nesting", &["is_parent", "parent_recovery_point_arn", "composite_member_identifier"]),
];

#[test]
fn recovery_points() {
    let by_vault = sdk::RecoveryPointByBackupVault::builder().recovery_point_arn(ARN).build();
    check("ListRecoveryPointsByBackupVault", &by_vault, &recovery_point(&scope(), &by_vault).unwrap(), POINT);
    let described = DescribeRecoveryPointOutput::builder().recovery_point_arn(ARN).build();
    check("DescribeRecoveryPoint", &described, &described_recovery_point(&scope(), &described).unwrap(), POINT);
    let by_resource = sdk::RecoveryPointByResource::builder().recovery_point_arn(ARN).build();
    let mapped = recovery_point_of_resource(&scope(), &ARN.parse().unwrap(), &by_resource).unwrap();
    check("ListRecoveryPointsByResource", &by_resource, &mapped, POINT);
    assert!(!mapped.delete_at().is_known() && !mapped.created_by.is_known());
}

#[test]
fn protected_resources() {
    const SOURCES: Sources = &[
        ("arn", &["resource_arn"]),
        ("scope", &[]),
        ("resource_type", &["resource_type"]),
        ("name", &["resource_name"]),
        ("last_backup_time", &["last_backup_time"]),
        ("last_backup_vault_arn", &["last_backup_vault_arn"]),
        ("last_recovery_point_arn", &["last_recovery_point_arn"]),
        ("latest_restore_execution_minutes", &["latest_restore_execution_time_minutes"]),
        ("latest_restore_job_creation", &["latest_restore_job_creation_date"]),
        ("latest_restore_recovery_point_creation", &["latest_restore_recovery_point_creation_date"]),
    ];
    let listed = sdk::ProtectedResource::builder().resource_arn(ARN).build();
    check("ListProtectedResources", &listed, &protected_resource(&scope(), &listed).unwrap(), SOURCES);
    let described = DescribeProtectedResourceOutput::builder().resource_arn(ARN).build();
    let mapped = described_protected_resource(&scope(), &described).unwrap();
    check("DescribeProtectedResource", &described, &mapped, SOURCES);
}

#[test]
fn vaults() {
    const SOURCES: Sources = &[
        ("arn", &["backup_vault_arn"]),
        ("scope", &[]),
        ("name", &["backup_vault_name"]),
        ("vault_type", &["vault_type"]),
        ("encryption_key_arn", &["encryption_key_arn"]),
        ("created", &["creation_date"]),
        ("creator_request_id", &["creator_request_id"]),
        ("recovery_points", &["number_of_recovery_points"]),
        ("lock", &["locked", "min_retention_days", "max_retention_days", "lock_date"]),
    ];
    const VAULT: &str = "arn:aws:backup:us-east-1:123456789012:backup-vault:v";
    let listed = sdk::BackupVaultListMember::builder().backup_vault_arn(VAULT).build();
    check("ListBackupVaults", &listed, &vault(&scope(), &listed).unwrap(), SOURCES);
    let described = DescribeBackupVaultOutput::builder().backup_vault_arn(VAULT).build();
    check("DescribeBackupVault", &described, &described_vault(&scope(), &described).unwrap(), SOURCES);
}

#[test]
fn plans() {
    const SOURCES: Sources = &[
        ("id", &["backup_plan_id"]),
        ("arn", &["backup_plan_arn"]),
        ("scope", &[]),
        ("name", &["backup_plan_name"]),
        ("version_id", &["version_id"]),
        ("creator_request_id", &["creator_request_id"]),
        ("created", &["creation_date"]),
        ("deleted", &["deletion_date"]),
        ("last_execution", &["last_execution_date"]),
        ("advanced_backup_settings", &["advanced_backup_settings"]),
    ];
    let listed = sdk::BackupPlansListMember::builder().backup_plan_id("p").build();
    check("ListBackupPlans", &listed, &plan_summary(&scope(), &listed).unwrap(), SOURCES);
}

#[test]
fn jobs() {
    const BACKUP: Sources = &[
        ("id", &["backup_job_id"]),
        ("scope", &["account_id"]),
        ("vault_name", &["backup_vault_name"]),
        ("vault_arn", &["backup_vault_arn"]),
        ("vault_type", &["vault_type"]),
        ("recovery_point_arn", &["recovery_point_arn"]),
        ("lifecycle", &["recovery_point_lifecycle"]),
        ("encryption_key_arn", &["encryption_key_arn"]),
        ("resource_arn", &["resource_arn"]),
        ("resource_name", &["resource_name"]),
        ("resource_type", &["resource_type"]),
        ("created", &["creation_date"]),
        ("initiated", &["initiation_date"]),
        ("completed", &["completion_date"]),
        ("expected_completion", &["expected_completion_date"]),
        ("start_by", &["start_by"]),
        ("state", &["state"]),
        ("status_message", &["status_message"]),
        ("message_category", &["message_category"]),
        ("percent_done", &["percent_done"]),
        ("size_bytes", &["backup_size_in_bytes"]),
        ("bytes_transferred", &["bytes_transferred"]),
        ("iam_role_arn", &["iam_role_arn"]),
        ("created_by", &["created_by"]),
        ("backup_options", &["backup_options"]),
        ("is_parent", &["is_parent"]),
        ("parent_job_id", &["parent_job_id"]),
    ];
    let listed = sdk::BackupJob::builder().backup_job_id("j").build();
    check("ListBackupJobs", &listed, &backup_job(&scope(), &listed).unwrap(), BACKUP);
    let described = aws_sdk_backup::operation::describe_backup_job::DescribeBackupJobOutput::builder();
    let described = described.backup_job_id("j").build();
    check("DescribeBackupJob", &described, &described_backup_job(&scope(), &described).unwrap(), BACKUP);

    const RESTORE: Sources = &[
        ("id", &["restore_job_id"]),
        ("scope", &["account_id"]),
        ("recovery_point_arn", &["recovery_point_arn"]),
        ("recovery_point_created", &["recovery_point_creation_date"]),
        ("source_resource_arn", &["source_resource_arn"]),
        ("vault_arn", &["backup_vault_arn"]),
        ("created", &["creation_date"]),
        ("completed", &["completion_date"]),
        ("state", &["status"]),
        ("status_message", &["status_message"]),
        ("percent_done", &["percent_done"]),
        ("size_bytes", &["backup_size_in_bytes"]),
        ("iam_role_arn", &["iam_role_arn"]),
        ("expected_minutes", &["expected_completion_time_minutes"]),
        ("created_resource_arn", &["created_resource_arn"]),
        ("validation", &["validation_status"]),
        ("resource_type", &["resource_type"]),
    ];
    let listed = sdk::RestoreJobsListMember::builder().restore_job_id("j").build();
    check("ListRestoreJobs", &listed, &restore_job(&scope(), &listed).unwrap(), RESTORE);
    let described = aws_sdk_backup::operation::describe_restore_job::DescribeRestoreJobOutput::builder();
    let described = described.restore_job_id("j").build();
    check("DescribeRestoreJob", &described, &described_restore_job(&scope(), &described).unwrap(), RESTORE);

    const COPY: Sources = &[
        ("id", &["copy_job_id"]),
        ("scope", &["account_id"]),
        ("source_vault_arn", &["source_backup_vault_arn"]),
        ("source_recovery_point_arn", &["source_recovery_point_arn"]),
        ("destination_vault_arn", &["destination_backup_vault_arn"]),
        ("destination_vault_type", &["destination_vault_type"]),
        ("destination_recovery_point_arn", &["destination_recovery_point_arn"]),
        ("resource_arn", &["resource_arn"]),
        ("resource_name", &["resource_name"]),
        ("resource_type", &["resource_type"]),
        ("created", &["creation_date"]),
        ("completed", &["completion_date"]),
        ("state", &["state"]),
        ("status_message", &["status_message"]),
        ("message_category", &["message_category"]),
        ("size_bytes", &["backup_size_in_bytes"]),
        ("iam_role_arn", &["iam_role_arn"]),
        ("created_by", &["created_by"]),
        ("lifecycle", &["destination_recovery_point_lifecycle"]),
        ("backup_job_id", &["created_by_backup_job_id"]),
        ("is_parent", &["is_parent"]),
        ("parent_job_id", &["parent_job_id"]),
        ("member", &["composite_member_identifier"]),
    ];
    let listed = sdk::CopyJob::builder().copy_job_id("j").build();
    check("ListCopyJobs", &listed, &copy_job(&scope(), &listed).unwrap(), COPY);
}

#[test]
fn resources_and_accounts() {
    const RESOURCE: Sources = &[
        ("arn", &["resource_arn"]),
        ("resource_type", &["resource_arn"]),
        ("tags", &["tags"]),
        ("name", &["resource_name"]),
        ("path", &["resource_path"]),
    ];
    let listed = aws_sdk_resourcegroupstagging::types::ResourceTagMapping::builder().resource_arn(ARN).build();
    check("GetResources", &listed, &tagged(&listed).unwrap(), RESOURCE);

    const ACCOUNT: Sources = &[
        ("id", &["id"]),
        ("name", &["name"]),
        ("email", &["email"]),
        ("management", &["id"]),
        ("status", &["state", "status"]),
        ("joined", &["joined_timestamp"]),
        ("unit", &["paths"]),
    ];
    let listed = aws_sdk_organizations::types::Account::builder().id("123456789012").build();
    let mapped = account(&listed, "123456789012").unwrap();
    check("ListAccounts", &listed, &mapped, ACCOUNT);
    assert_eq!(mapped.status, "", "an account that tells no status is not called active");
}

#[test]
fn the_members_of_a_shape_are_read_from_its_debug_form() {
    let members = names(&sdk::RecoveryPointByResource::builder().build());
    assert!(
        members.contains(&"backup_size_bytes".to_owned()) && !members.contains(&"lifecycle".to_owned()),
        "{members:?}"
    );
}
