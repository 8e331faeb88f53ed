//! PutBackupVaultAccessPolicy.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use crate::domain::Arn;
use crate::domain::policy::Policy;

/// Gives a vault an access policy, in place of the one that it has.
#[derive(Debug, Clone, PartialEq)]
pub struct PutAccessPolicy {
    /// The vault.
    pub vault: Arn,
    /// The policy, as it is sent.
    pub policy: String,
}

impl PutAccessPolicy {
    fn name(&self) -> &str {
        self.vault.vault_name().unwrap_or_default()
    }

    fn is_final(&self) -> bool {
        Policy::parse(&self.policy).is_ok_and(|policy| policy.is_final(&self.vault))
    }
}

impl Change for PutAccessPolicy {
    fn requests(&self, _: &str) -> Vec<Request> {
        let request = Request::new("PutBackupVaultAccessPolicy").with("BackupVaultName", self.name());
        vec![request.with("Policy", self.policy.as_str())]
    }

    fn summary(&self) -> String {
        format!("Set the access policy of vault {}", self.name())
    }

    fn harm(&self) -> Harm {
        if self.is_final() { Harm::High(self.name().to_owned()) } else { Harm::Medium }
    }

    fn consequence(&self) -> String {
        if self.is_final() {
            return "Nobody will ever be able to change or remove this policy again.".to_owned();
        }
        let words = Policy::parse(&self.policy).map(|policy| policy.in_words().join(". ")).unwrap_or_default();
        if words.is_empty() { words } else { format!("{words}.") }
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().put_backup_vault_access_policy().backup_vault_name(self.name());
        sending.step(call.policy(&self.policy).send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let vault: Arn = "arn:aws:backup:us-east-1:123456789012:backup-vault:nightly".parse().unwrap();
        let policy = crate::domain::policy::Template::DenyDeletes.text();
        let ends = policy.replace("backup:DeleteRecoveryPoint", "backup:PutBackupVaultAccessPolicy");
        let ends = ends.replace("backup:DeleteBackupVault\"", "backup:DeleteBackupVaultAccessPolicy\"");
        vec![Self { vault: vault.clone(), policy }, Self { vault, policy: ends }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::change::{Ask, Danger, Mutation};

    #[test]
    fn a_policy_that_nobody_can_change_again_wants_the_vaults_name() {
        let [plain, last] = PutAccessPolicy::examples().try_into().unwrap();
        assert_eq!(Mutation::from(plain).asks(), (Danger::Medium, Ask::Yes));
        assert_eq!(last.consequence(), "Nobody will ever be able to change or remove this policy again.");
        assert_eq!(Mutation::from(last).asks(), (Danger::High, Ask::Type("nightly".to_owned())));
    }
}
