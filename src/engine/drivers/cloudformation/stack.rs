//! What CloudFormation says of a stack, and the documents that a backup of it holds.

use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// What a value is called that CloudFormation does not tell.
pub(super) const HIDDEN: &str = "****";

/// The names that a template can have, the likelier one first.
pub(super) const TEMPLATES: [&str; 3] = ["template.json", "template.yaml", "template.yml"];
/// The values of a template's parameters.
pub(super) const PARAMETERS: &str = "parameters.json";
/// What a stack of a service is beside that.
pub(super) const STACK: &str = "stack.json";
/// The members of a folder.
pub(super) const MEMBERS: &str = "members.json";

/// A stack as DescribeStacks tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stack {
    pub(super) id: String,
    pub(super) status: String,
    /// When it changed last, as its service writes that.
    pub(super) updated: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) capabilities: Vec<String>,
    pub(super) tags: BTreeMap<String, String>,
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Parameter {
    pub(super) parameter_key: String,
    pub(super) parameter_value: String,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StackResource {
    pub(super) logical_resource_id: String,
    pub(super) physical_resource_id: String,
    pub(super) resource_type: String,
    #[serde(skip)]
    pub(super) status: String,
}

/// What is kept of a stack beside its template and parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Kept {
    pub(super) capabilities: Vec<String>,
}

impl Stack {
    /// Why it cannot be backed up as it is; nothing when it can.
    pub(super) fn is_unsettled(&self) -> bool {
        !self.status.ends_with("_COMPLETE") || self.status == "DELETE_COMPLETE"
    }

    /// The documents of a backup.
    pub(super) fn documents(&self, name: &str, template: &str, resources: &[StackResource]) -> Vec<(String, Vec<u8>)> {
        let is_json = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(template).is_ok();
        let file = TEMPLATES[usize::from(!is_json)];
        let mut parameters = self.parameters.clone();
        parameters.sort_by(|one, other| one.parameter_key.cmp(&other.parameter_key));
        let mut resources = resources.to_vec();
        resources.sort_by(|one, other| one.logical_resource_id.cmp(&other.logical_resource_id));
        let tags: Vec<_> = self.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        let stack = json!({
            "StackName": name,
            "StackId": self.id,
            "StackStatus": self.status,
            "Capabilities": self.capabilities,
            "Tags": tags,
            "StackResources": resources,
        });
        vec![
            (file.to_owned(), template.as_bytes().to_vec()),
            (PARAMETERS.to_owned(), pretty(&json!(parameters))),
            (STACK.to_owned(), pretty(&stack)),
        ]
    }
}

/// A document for people.
fn pretty(document: &serde_json::Value) -> Vec<u8> {
    format!("{document:#}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stack_that_rests_is_backed_up() {
        for (status, unsettled) in [
            ("CREATE_COMPLETE", false),
            ("UPDATE_ROLLBACK_COMPLETE", false),
            ("UPDATE_IN_PROGRESS", true),
            ("REVIEW_IN_PROGRESS", true),
            ("ROLLBACK_FAILED", true),
            ("DELETE_COMPLETE", true),
        ] {
            let stack = Stack { status: status.to_owned(), ..Stack::default() };
            assert_eq!(stack.is_unsettled(), unsettled, "{status}");
        }
    }

    #[test]
    fn the_same_stack_gives_the_same_documents_in_whatever_order_it_is_told() {
        let parameter = |key: &str| Parameter { parameter_key: key.to_owned(), parameter_value: "v".to_owned() };
        let resource = |id: &str| StackResource {
            logical_resource_id: id.to_owned(),
            physical_resource_id: "p".to_owned(),
            resource_type: "AWS::S3::Bucket".to_owned(),
            status: String::new(),
        };
        let told = |keys: [&str; 2]| Stack { parameters: keys.map(parameter).to_vec(), ..Stack::default() };
        let one = told(["a", "b"]).documents("s", "{}", &["x", "y"].map(resource));
        assert_eq!(one, told(["b", "a"]).documents("s", "{}", &["y", "x"].map(resource)));
        assert_eq!(one[0], ("template.json".to_owned(), b"{}".to_vec()));
        assert_eq!(told(["a", "b"]).documents("s", "Resources:\n", &[])[0].0, "template.yaml");
        let read: Vec<Parameter> = serde_json::from_slice(&one[1].1).unwrap();
        assert_eq!(read, ["a", "b"].map(parameter));
    }
}
