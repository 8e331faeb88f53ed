//! StartRestoreJob.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use super::words::short;
use crate::domain::{Arn, ResourceType};
use serde_json::json;
use std::collections::BTreeMap;

/// Starts a restore.
#[derive(Debug, Clone, PartialEq)]
pub struct StartRestore {
    /// What is restored.
    pub recovery_point: Arn,
    /// Where and how, by the resource type's keys.
    pub metadata: BTreeMap<String, String>,
    /// The role it runs under.
    pub role: Option<Arn>,
    /// The resource's type.
    pub resource_type: Option<ResourceType>,
    /// Whether the restored resource gets the source's tags.
    pub copy_source_tags: bool,
    /// Makes sending it twice start one job only: [`super::new_token`].
    pub idempotency_token: String,
}

impl StartRestore {
    /// What it does to something that exists already.
    fn warning(&self) -> Option<&'static str> {
        self.resource_type.as_ref()?.facts()?.warns_of(&self.metadata)
    }
}

impl Change for StartRestore {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![
            Request::new("StartRestoreJob")
                .with("RecoveryPointArn", self.recovery_point.as_str())
                .with("Metadata", json!(self.metadata))
                .with_any("IamRoleArn", self.role.as_ref().map(Arn::as_str))
                .with("IdempotencyToken", self.idempotency_token.as_str())
                .with_any("ResourceType", self.resource_type.as_ref().map(ResourceType::as_str))
                .with_any("CopySourceTagsToRestoredResource", self.copy_source_tags.then_some(true)),
        ]
    }

    fn summary(&self) -> String {
        format!("Restore {}", short(&self.recovery_point))
    }

    fn harm(&self) -> Harm {
        if self.warning().is_some() { Harm::Medium } else { Harm::Low }
    }

    fn consequence(&self) -> String {
        self.warning().unwrap_or_default().to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending
            .client()
            .start_restore_job()
            .recovery_point_arn(self.recovery_point.as_str())
            .set_metadata(Some(self.metadata.clone().into_iter().collect()))
            .set_iam_role_arn(self.role.as_ref().map(ToString::to_string))
            .idempotency_token(&self.idempotency_token)
            .set_resource_type(self.resource_type.as_ref().map(ToString::to_string))
            .set_copy_source_tags_to_restored_resource(self.copy_source_tags.then_some(true));
        let started = sending.step(call.send()).await?;
        sending.id(started.restore_job_id()).map(Outcome::RestoreJob)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let new_place = [("newFileSystem", "true"), ("vaultdeck:path", "/srv/a b\nc")];
        let plain = Self {
            recovery_point: super::examples::recovery_point(),
            metadata: [("newFileSystem".to_owned(), "false".to_owned())].into(),
            role: None,
            resource_type: None,
            copy_source_tags: false,
            idempotency_token: "token-2".to_owned(),
        };
        let full = Self {
            metadata: new_place.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            role: Some("arn:aws:iam::123456789012:role/r".parse().unwrap()),
            resource_type: Some("EFS".to_owned().into()),
            copy_source_tags: true,
            ..plain.clone()
        };
        vec![plain, full]
    }
}
