//! StartRestoreJob.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use super::words::short;
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::types::cloudformation::told;
use crate::domain::types::keys::{LATEST_KEY, TEST_KEY, is_test};
use crate::domain::{Arn, KnownPoint, ResourceType};
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
    /// A test of a recovery point, at its latest moment where it is a continuous one, under the account's default role. Engines alone know it.
    pub fn test(point: &KnownPoint, idempotency_token: String) -> Self {
        let is_continuous = matches!(point.status, RecoveryPointStatus::Available | RecoveryPointStatus::Stopped);
        let keys = [Some(TEST_KEY), is_continuous.then_some(LATEST_KEY)];
        Self {
            recovery_point: point.arn.clone(),
            metadata: keys.into_iter().flatten().map(|key| (key.to_owned(), "true".to_owned())).collect(),
            role: Some(Arn::default_role(&point.scope.account)),
            resource_type: None,
            copy_source_tags: false,
            idempotency_token,
        }
    }

    fn is_test(&self) -> bool {
        is_test(&self.metadata) == Ok(true)
    }

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
                .with("Metadata", json!(told(&self.metadata)))
                .with_any("IamRoleArn", self.role.as_ref().map(Arn::as_str))
                .with("IdempotencyToken", self.idempotency_token.as_str())
                .with_any("ResourceType", self.resource_type.as_ref().map(ResourceType::as_str))
                .with_any("CopySourceTagsToRestoredResource", self.copy_source_tags.then_some(true)),
        ]
    }

    fn summary(&self) -> String {
        let what = if self.is_test() { "Test a restore of" } else { "Restore" };
        format!("{what} {}", short(&self.recovery_point))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_stacks_parameters_are_neither_shown_nor_logged() {
        let [plain, _] = <[StartRestore; 2]>::try_from(StartRestore::examples()).unwrap();
        let given = [("StackName", "shop"), ("StackParameters", r#"{"Password": "hunter2"}"#)];
        let metadata = given.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let shown = StartRestore { metadata, ..plain }.requests("")[0].json();
        assert!(!shown.contains("hunter2") && shown.contains("StackParameters") && shown.contains("shop"), "{shown}");
    }
}
