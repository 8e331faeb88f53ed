//! UntagResource.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use super::words::count;
use crate::domain::Arn;
use serde_json::json;

/// Takes tags away.
#[derive(Debug, Clone, PartialEq)]
pub struct UntagResource {
    /// A vault, plan or recovery point.
    pub arn: Arn,
    /// The keys of the tags.
    pub keys: Vec<String>,
}

impl Change for UntagResource {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![Request::new("UntagResource").with("ResourceArn", self.arn.as_str()).with("TagKeyList", json!(self.keys))]
    }

    fn summary(&self) -> String {
        format!("Remove {} from {}", count(self.keys.len(), "tag"), self.arn.resource())
    }

    fn harm(&self) -> Harm {
        Harm::Medium
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let call = sending.client().untag_resource().resource_arn(self.arn.as_str());
        sending.step(call.set_tag_key_list(Some(self.keys.clone())).send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { arn: super::examples::recovery_point(), keys: vec!["env".to_owned(), "team".to_owned()] }]
    }
}
