//! CreateKey of KMS.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use crate::domain::Tags;
use serde_json::{Value, json};

/// Makes a KMS key.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateKey {
    /// What it is for.
    pub description: String,
    /// Its tags.
    pub tags: Tags,
}

impl Change for CreateKey {
    fn requests(&self, _token: &str) -> Vec<Request> {
        let tags = self.tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value }));
        let tags: Vec<Value> = tags.collect();
        vec![
            Request::of_kms("CreateKey")
                .with_any("Description", (!self.description.is_empty()).then_some(self.description.as_str()))
                .with_any("Tags", (!tags.is_empty()).then_some(tags)),
        ]
    }

    fn summary(&self) -> String {
        "Create a KMS key".to_owned()
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    fn consequence(&self) -> String {
        "A vault that is made under it keeps it for good: without it, what the vault holds cannot be restored."
            .to_owned()
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let made = sending.step_of_kms().await?;
        let id = made.body.get("KeyMetadata").and_then(|key| key.get("KeyId")).and_then(Value::as_str);
        Ok(Outcome::KmsKey(sending.id(id)?))
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        let plain = Self { description: String::new(), tags: Tags::new() };
        vec![Self { description: "backups".to_owned(), tags: super::examples::tags() }, plain]
    }
}
