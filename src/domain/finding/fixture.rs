//! Records for the tests of findings.

use crate::domain::job::{BackupJob, JobState};
use crate::domain::plan::{Plan, PlanDocument, Rule};
use crate::domain::recovery_point::{Creator, RecoveryPointStatus};
use crate::domain::selection::{Selection, SelectionDocument};
use crate::domain::{Arn, Known, KnownPoint, Lifecycle, Nesting, Scope, Time, types};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const FILE_SYSTEM: &str = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1";

pub(crate) fn at(text: &str) -> Time {
    text.parse().unwrap()
}

pub(crate) fn scope() -> Scope {
    Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
}

pub(crate) fn job(id: &str, state: JobState, created: &str) -> BackupJob {
    BackupJob {
        id: id.parse().unwrap(),
        scope: scope(),
        vault_name: "Default".to_owned(),
        vault_arn: Arn::vault(&scope(), &"Default".parse().unwrap()),
        vault_type: crate::domain::vault::VaultType::Standard,
        recovery_point_arn: None,
        lifecycle: None,
        encryption_key_arn: None,
        resource_arn: FILE_SYSTEM.parse().unwrap(),
        resource_name: Some("projects".to_owned()),
        resource_type: types::efs::FACTS.resource_type(),
        created: at(created),
        initiated: None,
        completed: None,
        expected_completion: None,
        start_by: None,
        state,
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

pub(crate) fn by_rule(mut job: BackupJob, rule: &str) -> BackupJob {
    job.created_by = Some(Arc::new(Creator {
        backup_plan_id: "plan".to_owned(),
        backup_rule_id: format!("id-{rule}"),
        backup_rule_name: rule.to_owned(),
        ..Creator::default()
    }));
    job
}

pub(crate) fn nightly() -> Plan {
    let rule = Rule {
        rule_name: "nightly".to_owned(),
        target_backup_vault_name: "Default".to_owned(),
        start_window_minutes: Some(60),
        lifecycle: Some(Lifecycle::delete_after(7)),
        ..Rule::default()
    };
    Plan {
        id: "plan".parse().unwrap(),
        arn: Arn::plan(&scope(), "plan"),
        scope: scope(),
        version_id: "v".to_owned(),
        document: PlanDocument { backup_plan_name: "main".to_owned(), rules: vec![rule], ..PlanDocument::default() },
        creator_request_id: None,
        created: Some(at("2026-11-01T00:00:00Z")),
        deleted: None,
        last_execution: None,
    }
}

pub(crate) fn selection(created: &str) -> Selection {
    Selection {
        id: "sel".parse().unwrap(),
        plan_id: "plan".parse().unwrap(),
        document: SelectionDocument::default(),
        created: Some(at(created)),
        creator_request_id: None,
    }
}

/// A whole recovery point of which nothing but that is known.
pub(crate) fn point(arn: Arn) -> KnownPoint {
    KnownPoint {
        arn,
        scope: scope(),
        vault_name: "Default".to_owned(),
        vault_arn: Arn::vault(&scope(), &"Default".parse().unwrap()),
        source_vault_arn: Known::Unknown,
        resource_arn: FILE_SYSTEM.parse().unwrap(),
        resource_name: None,
        resource_type: types::efs::FACTS.resource_type(),
        created_by: Known::Unknown,
        iam_role_arn: Known::Unknown,
        status: RecoveryPointStatus::Completed,
        status_message: None,
        created: at("2026-11-01T05:00:00Z"),
        initiated: Known::Unknown,
        completed: Known::Unknown,
        size_bytes: None,
        lifecycle: Known::Unknown,
        calculated_lifecycle: Known::Unknown,
        encryption_key_arn: None,
        encrypted: Known::Unknown,
        last_restore: Known::Unknown,
        storage_class: Known::Unknown,
        nesting: Nesting::Alone,
    }
}
