//! UpdateRecoveryPointLifecycle.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use super::words::{count, short};
use crate::client::map;
use crate::domain::{Arn, Lifecycle};
use serde_json::json;

/// Changes how long a recovery point lives.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateLifecycle {
    /// The recovery point's vault.
    pub vault: String,
    /// The recovery point.
    pub recovery_point: Arn,
    /// How long it shall live.
    pub lifecycle: Lifecycle,
    /// Whether its life would be over at once, as far as is known where this is asked for: then it is a deletion.
    pub ends: bool,
}

impl Change for UpdateLifecycle {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![
            Request::new("UpdateRecoveryPointLifecycle")
                .with("BackupVaultName", self.vault.as_str())
                .with("RecoveryPointArn", self.recovery_point.as_str())
                .with("Lifecycle", json!(self.lifecycle)),
        ]
    }

    fn summary(&self) -> String {
        let days = self.lifecycle.delete_after_days.filter(|days| *days > 0);
        let life = days.map_or_else(|| "for ever".to_owned(), |days| format!("for {}", count(days as usize, "day")));
        format!("Keep recovery point {} {life}", short(&self.recovery_point))
    }

    fn harm(&self) -> Harm {
        if self.ends { Harm::High(short(&self.recovery_point)) } else { Harm::Medium }
    }

    fn consequence(&self) -> String {
        "A life that is already over deletes it within 8 hours.".to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().update_recovery_point_lifecycle().backup_vault_name(&self.vault);
        let call = call.recovery_point_arn(self.recovery_point.as_str());
        sending.step(call.lifecycle(map::lifecycle_input(self.lifecycle)).send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let full = Lifecycle {
            move_to_cold_storage_after_days: Some(30),
            delete_after_days: Some(365),
            opt_in_to_archive_for_supported_resources: Some(true),
        };
        [Lifecycle::default(), Lifecycle::delete_after(90), full]
            .map(|lifecycle| Self {
                vault: "Default".to_owned(),
                recovery_point: super::examples::recovery_point(),
                lifecycle,
                ends: false,
            })
            .to_vec()
    }
}
