//! Selections: which resources a plan protects, as [BackupSelection](https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelection.html) has it.

use crate::domain::{Arn, PlanId, SelectionId, Time};
use serde::{Deserialize, Serialize};

/// `BackupSelection`: the document that CreateBackupSelection takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SelectionDocument {
    /// The selection's name.
    pub selection_name: String,
    /// The role that its jobs run under.
    pub iam_role_arn: String,
    /// ARNs and patterns, any of which selects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// ARNs and patterns that always exclude.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_resources: Vec<String>,
    /// Tags, any of which selects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub list_of_tags: Vec<TagCondition>,
    /// Conditions, all of which must hold.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
}

/// An element of `ListOfTags`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TagCondition {
    /// Only `STRINGEQUALS`.
    pub condition_type: String,
    /// The tag's key, without a prefix.
    pub condition_key: String,
    /// The tag's value.
    pub condition_value: String,
}

/// `Conditions`: four lists, all of whose entries must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Conditions {
    /// The tag has this value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub string_equals: Vec<ConditionParameter>,
    /// The tag has another value or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub string_not_equals: Vec<ConditionParameter>,
    /// The tag's value matches, `*` standing for any text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub string_like: Vec<ConditionParameter>,
    /// The tag's value does not match, or there is no such tag.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub string_not_like: Vec<ConditionParameter>,
}

/// A key with the prefix `aws:ResourceTag/`, and a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConditionParameter {
    /// `aws:ResourceTag/KEY`.
    #[serde(default)]
    pub condition_key: String,
    /// The value or pattern.
    #[serde(default)]
    pub condition_value: String,
}

/// A selection of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Its id.
    pub id: SelectionId,
    /// The plan it belongs to.
    pub plan_id: PlanId,
    /// Its document. Rows of ListBackupSelections carry only the name and the role of it.
    pub document: SelectionDocument,
    /// When it was created.
    pub created: Option<Time>,
    /// The token of the call that created it.
    pub creator_request_id: Option<String>,
}

impl Conditions {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.string_equals.is_empty()
            && self.string_not_equals.is_empty()
            && self.string_like.is_empty()
            && self.string_not_like.is_empty()
    }
}

/// What the evaluator must know of a resource.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its ARN.
    pub arn: &'a Arn,
    /// Its type.
    pub resource_type: &'a crate::domain::ResourceType,
    /// Its tags.
    pub tags: &'a crate::domain::Tags,
}
