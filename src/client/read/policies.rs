//! The backup policies of the organization, with their documents.

use super::{Question, pages};
use crate::client::connect::Connection;
use crate::client::explain::Explain;
use crate::client::{Fault, map};
use crate::domain::backup_policy::Policy;
use aws_sdk_organizations::types::PolicyType;

impl Connection {
    /// The policies, as the home account sees them: its management account, or a delegated administrator.
    pub(super) async fn backup_policies(&self, question: &Question) -> Result<Vec<Policy>, Fault> {
        let home = self.home().await?;
        let organizations = aws_sdk_organizations::Client::new(&home.config);
        let call = organizations.list_policies().filter(PolicyType::BackupPolicy);
        let listed = pages(question, |token| {
            let call = call.clone().set_next_token(token);
            async move {
                let page = call.send().await.explain("ListPolicies")?;
                let ids = page.policies().iter().filter_map(|policy| policy.id().map(str::to_owned));
                Ok((ids.collect::<Vec<_>>(), page.next_token))
            }
        });
        let mut policies = Vec::new();
        for id in listed.await? {
            question.bucket.turn().await;
            let told = organizations.describe_policy().policy_id(id).send().await.explain("DescribePolicy")?;
            policies.extend(told.policy().and_then(map::backup_policy));
        }
        Ok(policies)
    }
}
