//! DynamoDB tables.

use crate::domain::types::facts::{ArnForm, TypeFacts, never};
use crate::domain::types::keys::Kind::{Bool, Choice, Text};
use crate::domain::types::keys::{KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "dynamodb", resource: "table/*" }],
    tagged_as: &["dynamodb:table"],
    restore_keys: KEYS,
    can_go_cold: true,
    has_management_preference: true,
    refuses_tags: never,
    ..TypeFacts::named("DynamoDB")
};

const KEYS: &[KeyFact] = &[
    must("targetTableName", Text, "the new table's name"),
    may("encryptionType", Choice(&["Default", "KMS"]), "how it is encrypted").or("Default"),
    may("kmsMasterKeyArn", Text, "the key, for KMS"),
    may("deletionProtection", Bool, "whether it is protected against deletion"),
];
