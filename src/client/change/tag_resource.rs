//! TagResource.

use super::contract::{Change, Harm};
use super::outcome::{ChangeFailure, Outcome};
use super::request::Request;
use super::sending::Sending;
use super::words::count;
use crate::domain::{Arn, Tags};
use serde_json::json;

/// Sets tags.
#[derive(Debug, Clone, PartialEq)]
pub struct TagResource {
    /// A vault, plan or recovery point.
    pub arn: Arn,
    /// Tags to add or replace.
    pub tags: Tags,
}

impl Change for TagResource {
    fn requests(&self, _: &str) -> Vec<Request> {
        vec![Request::new("TagResource").with("ResourceArn", self.arn.as_str()).with("Tags", json!(self.tags))]
    }

    fn summary(&self) -> String {
        format!("Set {} on {}", count(self.tags.len(), "tag"), self.arn.resource())
    }

    fn harm(&self) -> Harm {
        Harm::Low
    }

    async fn send(&self, sending: &mut Sending<'_>) -> Result<Outcome, ChangeFailure> {
        let tags = self.tags.clone().into_iter().collect();
        let call = sending.client().tag_resource().resource_arn(self.arn.as_str()).set_tags(Some(tags));
        sending.step(call.send()).await?;
        Ok(Outcome::Done)
    }

    #[cfg(test)]
    fn examples() -> Vec<Self> {
        vec![Self { arn: super::examples::recovery_point(), tags: super::examples::tags() }]
    }
}
