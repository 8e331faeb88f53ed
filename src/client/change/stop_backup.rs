//! StopBackupJob.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use crate::domain::names::JobId;

/// Stops a backup job.
#[derive(Debug, Clone, PartialEq)]
pub struct StopBackup {
    /// The job.
    pub id: JobId,
}

impl Change for StopBackup {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![Request::new("StopBackupJob").with("BackupJobId", self.id.as_str())]
    }

    fn summary(&self) -> String {
        format!("Stop backup job {}", self.id)
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    fn consequence(&self) -> String {
        "The job ends without a recovery point.".to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().stop_backup_job().backup_job_id(self.id.as_str());
        sending.step(call.send()).await?;
        Ok(Outcome::BackupJob(self.id.clone()))
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { id: "job-9".parse().unwrap() }]
    }
}
