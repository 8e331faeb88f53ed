//! PutBackupVaultNotifications.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
#[cfg(test)]
use crate::domain::notification::VaultEvent;
use crate::domain::notification::VaultNotifications;
use aws_sdk_backup::types::BackupVaultEvent;

/// Lets a vault tell a topic of its events, in place of what it told before.
#[derive(Debug, Clone, PartialEq)]
pub struct PutNotifications {
    /// The vault's name.
    pub vault: String,
    /// The topic and the events.
    pub notifications: VaultNotifications,
}

impl PutNotifications {
    fn events(&self) -> Vec<&'static str> {
        self.notifications.events.iter().map(|event| event.as_str()).collect()
    }
}

impl Change for PutNotifications {
    fn requests(&self, _: &str) -> Vec<Request> {
        let request = Request::new("PutBackupVaultNotifications").with("BackupVaultName", self.vault.as_str());
        let request = request.with("SNSTopicArn", self.notifications.topic.as_str());
        vec![request.with("BackupVaultEvents", self.events())]
    }

    fn summary(&self) -> String {
        format!("Notify {} of vault {}", self.notifications.topic.last_part(), self.vault)
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        let never: Vec<&str> =
            self.notifications.events.iter().filter(|event| !event.ever_comes()).map(|event| event.as_str()).collect();
        if never.is_empty() { String::new() } else { format!("This engine never has {}.", never.join(", ")) }
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let events = self.events().into_iter().map(BackupVaultEvent::from).collect();
        let call = sending.client().put_backup_vault_notifications().backup_vault_name(&self.vault);
        let call = call.sns_topic_arn(self.notifications.topic.as_str()).set_backup_vault_events(Some(events));
        sending.step(call.send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let topic = "arn:aws:sns:us-east-1:123456789012:backups".parse().unwrap();
        let events = vec![VaultEvent::BackupJobFailed, VaultEvent::S3BackupObjectFailed];
        vec![Self { vault: "nightly".to_owned(), notifications: VaultNotifications { topic, events } }]
    }
}
