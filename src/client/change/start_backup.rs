//! StartBackupJob.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use crate::client::map;
use crate::domain::{Arn, Lifecycle, Tags};
use serde_json::json;
use std::collections::BTreeMap;

/// Starts an on-demand backup.
#[derive(Debug, Clone, PartialEq)]
pub struct StartBackup {
    /// The vault's name.
    pub vault: String,
    /// The logically air-gapped vault that takes its place, of the same account and region.
    pub air_gapped_vault: Option<Arn>,
    /// What is backed up.
    pub resource: Arn,
    /// The role it runs under.
    pub role: Arn,
    /// How long the recovery point lives; none keeps it for ever.
    pub lifecycle: Option<Lifecycle>,
    /// Minutes in which it must start.
    pub start_window_minutes: Option<i64>,
    /// Minutes in which it must end.
    pub complete_window_minutes: Option<i64>,
    /// The recovery point's tags.
    pub tags: Tags,
    /// `BackupOptions`.
    pub options: BTreeMap<String, String>,
    /// Makes sending it twice start one job only: [`super::new_token`].
    pub idempotency_token: String,
}

impl Change for StartBackup {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![
            Request::new("StartBackupJob")
                .with("BackupVaultName", self.vault.as_str())
                .with_any("LogicallyAirGappedBackupVaultArn", self.air_gapped_vault.as_ref().map(Arn::as_str))
                .with("ResourceArn", self.resource.as_str())
                .with("IamRoleArn", self.role.as_str())
                .with("IdempotencyToken", self.idempotency_token.as_str())
                .with_any("StartWindowMinutes", self.start_window_minutes)
                .with_any("CompleteWindowMinutes", self.complete_window_minutes)
                .with_any("Lifecycle", self.lifecycle.map(|lifecycle| json!(lifecycle)))
                .with_map("RecoveryPointTags", &self.tags)
                .with_map("BackupOptions", &self.options),
        ]
    }

    fn summary(&self) -> String {
        let air_gapped = self.air_gapped_vault.as_ref().and_then(Arn::vault_name);
        format!("Back up {} into {}", self.resource.resource(), air_gapped.unwrap_or(&self.vault))
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending
            .client()
            .start_backup_job()
            .backup_vault_name(&self.vault)
            .set_logically_air_gapped_backup_vault_arn(self.air_gapped_vault.clone().map(String::from))
            .resource_arn(self.resource.as_str())
            .iam_role_arn(self.role.as_str())
            .idempotency_token(&self.idempotency_token)
            .set_start_window_minutes(self.start_window_minutes)
            .set_complete_window_minutes(self.complete_window_minutes)
            .set_lifecycle(self.lifecycle.map(map::lifecycle_input))
            .set_recovery_point_tags(map::sent_map(&self.tags))
            .set_backup_options(map::sent_map(&self.options));
        let started = sending.step(call.send()).await?;
        sending.id(started.backup_job_id()).map(Outcome::BackupJob)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let plain = Self {
            vault: "Default".to_owned(),
            air_gapped_vault: None,
            resource: "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1".parse().unwrap(),
            role: "arn:aws:iam::123456789012:role/r".parse().unwrap(),
            lifecycle: None,
            start_window_minutes: None,
            complete_window_minutes: None,
            tags: Tags::new(),
            options: BTreeMap::new(),
            idempotency_token: "token-1".to_owned(),
        };
        let full = Self {
            air_gapped_vault: Some("arn:aws:backup:us-east-1:123456789012:backup-vault:safe".parse().unwrap()),
            lifecycle: Some(Lifecycle::delete_after(7)),
            start_window_minutes: Some(60),
            complete_window_minutes: Some(180),
            tags: super::examples::tags(),
            options: [("WindowsVSS".to_owned(), "enabled".to_owned())].into(),
            ..plain.clone()
        };
        vec![plain, full]
    }
}
