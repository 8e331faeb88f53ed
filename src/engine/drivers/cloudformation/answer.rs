//! What CloudFormation answers.

use super::stack::{Parameter, Stack, StackResource};
use crate::engine::drivers::http::Element;

/// A change set, as DescribeChangeSet tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangeSet {
    pub(super) stack_id: String,
    pub(super) status: String,
    pub(super) reason: String,
    /// In seconds since 1970, where it is told in a form that is known.
    pub(super) created: Option<i64>,
}

fn text(of: &Element, name: &str) -> String {
    of.text(name).unwrap_or_default().to_owned()
}

/// The stack of an answer to DescribeStacks.
pub(super) fn stack(result: &Element) -> Option<Stack> {
    let stack = result.members("Stacks").next()?;
    let parameter = |member: &Element| Parameter {
        parameter_key: text(member, "ParameterKey"),
        parameter_value: text(member, "ParameterValue"),
    };
    let updated = stack.text("LastUpdatedTime").filter(|time| !time.is_empty());
    let found = Stack {
        id: text(stack, "StackId"),
        status: text(stack, "StackStatus"),
        updated: updated.map_or_else(|| text(stack, "CreationTime"), str::to_owned),
        parameters: stack.members("Parameters").map(parameter).collect(),
        capabilities: stack.members("Capabilities").map(|member| member.content().to_owned()).collect(),
        tags: stack.members("Tags").map(|member| (text(member, "Key"), text(member, "Value"))).collect(),
    };
    (!found.id.is_empty() && !found.status.is_empty()).then_some(found)
}

/// The resources of a page of ListStackResources.
pub(super) fn resources(result: &Element) -> Vec<StackResource> {
    let resource = |member: &Element| StackResource {
        logical_resource_id: text(member, "LogicalResourceId"),
        physical_resource_id: text(member, "PhysicalResourceId"),
        resource_type: text(member, "ResourceType"),
        status: text(member, "ResourceStatus"),
    };
    result.members("StackResourceSummaries").map(resource).collect()
}

/// The change set of an answer to DescribeChangeSet.
pub(super) fn change_set(result: &Element) -> Option<ChangeSet> {
    let created = chrono::DateTime::parse_from_rfc3339(result.text("CreationTime").unwrap_or_default());
    let found = ChangeSet {
        stack_id: text(result, "StackId"),
        status: text(result, "Status"),
        reason: text(result, "StatusReason"),
        created: created.ok().map(|at| at.timestamp()),
    };
    (!found.status.is_empty()).then_some(found)
}
