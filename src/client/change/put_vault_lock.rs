//! PutBackupVaultLockConfiguration.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use super::words::count;
use crate::domain::VaultLock;
use crate::domain::vault_lock::LockRequest;

/// Puts a lock on a vault, or another in the place of the one that it has.
#[derive(Debug, Clone, PartialEq)]
pub struct PutVaultLock {
    /// The vault's name, to be typed where nobody can take the lock off again.
    pub vault: String,
    /// The lock.
    pub lock: LockRequest,
}

impl PutVaultLock {
    /// What becomes impossible, in whole sentences.
    fn forbids(&self) -> String {
        let bounds = VaultLock {
            min_retention_days: self.lock.min_retention_days,
            max_retention_days: self.lock.max_retention_days,
            lock_date: None,
        };
        let bounded = bounds != VaultLock::default();
        let jobs = if bounded { format!(" Jobs fail whose retention is not {bounds}.") } else { String::new() };
        format!("From now on nobody can delete a recovery point of this vault or change how long it is kept.{jobs}")
    }
}

impl Change for PutVaultLock {
    fn requests(&self, _: &str) -> Vec<Request> {
        let request = Request::new("PutBackupVaultLockConfiguration").with("BackupVaultName", self.vault.as_str());
        let LockRequest { min_retention_days, max_retention_days, changeable_for_days } = self.lock;
        vec![
            request
                .with_any("MinRetentionDays", min_retention_days)
                .with_any("MaxRetentionDays", max_retention_days)
                .with_any("ChangeableForDays", changeable_for_days),
        ]
    }

    fn summary(&self) -> String {
        let mode = if self.lock.changeable_for_days.is_some() { "compliance" } else { "governance" };
        format!("Lock vault {} in {mode} mode", self.vault)
    }

    fn harm(&self) -> Harm {
        match self.lock.changeable_for_days {
            Some(_) => Harm::High(self.vault.clone()),
            None => Harm::Medium,
        }
    }

    fn consequence(&self) -> String {
        let forbids = self.forbids();
        match self.lock.changeable_for_days {
            None => format!("{forbids} Whoever may delete the lock can take it off again."),
            Some(days) => {
                let days = count(usize::try_from(days).unwrap_or_default(), "day");
                format!(
                    "{forbids} For {days} the lock can still be changed; after that nobody can take it off, not the account's \
                     administrator and not AWS, and the vault goes only once all its recovery points have expired."
                )
            }
        }
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().put_backup_vault_lock_configuration().backup_vault_name(&self.vault);
        let call = call
            .set_min_retention_days(self.lock.min_retention_days)
            .set_max_retention_days(self.lock.max_retention_days)
            .set_changeable_for_days(self.lock.changeable_for_days);
        sending.step(call.send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let with = |min, max, changeable| Self {
            vault: "nightly".to_owned(),
            lock: LockRequest { min_retention_days: min, max_retention_days: max, changeable_for_days: changeable },
        };
        vec![with(None, None, None), with(Some(7), None, None), with(Some(7), Some(365), Some(3))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::change::{Ask, Danger, Mutation};

    #[test]
    fn a_lock_that_nobody_can_take_off_again_wants_the_vaults_name_and_says_so() {
        let [open, governance, compliance] = PutVaultLock::examples().try_into().unwrap();
        assert!(!open.consequence().contains("Jobs fail") && governance.consequence().contains("is not 7+ days"));
        assert!(compliance.consequence().contains("For 3 days the lock can still be changed; after that nobody can"));
        assert_eq!(Mutation::from(governance).asks(), (Danger::Medium, Ask::Yes));
        assert_eq!(Mutation::from(compliance).asks(), (Danger::High, Ask::Type("nightly".to_owned())));
    }
}
