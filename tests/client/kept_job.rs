//! A backup job that went well, as the history keeps it: for what looks at the client from outside.

use std::collections::BTreeMap;
use vaultdeck::domain::job::{BackupJob, JobState};
use vaultdeck::domain::vault::VaultType;
use vaultdeck::domain::{Arn, Scope, Time};

pub fn job(scope: &Scope, id: &str, created: Time) -> BackupJob {
    BackupJob {
        id: id.parse().unwrap(),
        scope: scope.clone(),
        vault_name: "Default".to_owned(),
        vault_arn: Arn::vault(scope, &"Default".parse().unwrap()),
        vault_type: VaultType::Standard,
        recovery_point_arn: None,
        lifecycle: None,
        encryption_key_arn: None,
        resource_arn: "arn:aws:rds:us-east-1:123456789012:db:ledger".parse().unwrap(),
        resource_name: None,
        resource_type: "RDS".to_owned().into(),
        created,
        initiated: None,
        completed: Some(created),
        expected_completion: None,
        start_by: None,
        state: JobState::Completed,
        status_message: None,
        message_category: None,
        percent_done: None,
        size_bytes: None,
        bytes_transferred: None,
        iam_role_arn: None,
        created_by: None,
        backup_options: BTreeMap::new(),
        is_parent: false,
        parent_job_id: None,
    }
}
