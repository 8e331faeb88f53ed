//! ScheduleKeyDeletion of KMS.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;

/// Deletes a KMS key after some days.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleKeyDeletion {
    /// Its id or ARN.
    pub key: String,
    /// How many days it waits.
    pub days: i64,
}

impl Change for ScheduleKeyDeletion {
    fn requests(&self, _token: &str) -> Vec<Request> {
        let request = Request::of_kms("ScheduleKeyDeletion").with("KeyId", self.key.as_str());
        vec![request.with("PendingWindowInDays", self.days)]
    }

    fn summary(&self) -> String {
        format!("Delete KMS key {} after {} days", self.key, self.days)
    }

    fn harm(&self) -> Harm {
        Harm::High(self.key.clone())
    }

    fn consequence(&self) -> String {
        "From now on the vaults under it let nothing in or out. Until the days are over the deletion can be cancelled, and \
         nothing is lost. Then nobody restores what they hold; only restic still opens a vault that has a recovery key."
            .to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        sending.step_of_kms().await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { key: super::examples::KEY.to_owned(), days: 7 }]
    }
}
