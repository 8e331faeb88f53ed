//! CloudFormation stacks.

use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Json, Text};
use crate::domain::types::keys::{KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "cloudformation", resource: "stack/*/*" }],
    tagged_as: &["cloudformation:stack"],
    restore_keys: KEYS,
    can_go_cold: true,
    is_fully_managed: true,
    ..TypeFacts::named("CloudFormation")
};

const KEYS: &[KeyFact] = &[
    must("StackName", Text, "the stack"),
    must("ChangeSetName", Text, "the change set to make"),
    may("ChangeSetDescription", Text, "its description"),
    may("StackParameters", Json, "the stack's parameters"),
];
