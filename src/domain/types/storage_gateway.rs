//! Storage Gateway volumes.

use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Number, Text};
use crate::domain::types::keys::{KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "storagegateway", resource: "gateway/*/volume/*" }],
    tagged_as: &["storagegateway"],
    restore_keys: KEYS,
    ..TypeFacts::named("Storage Gateway")
};

const KEYS: &[KeyFact] = &[
    must("gatewayArn", Text, "the gateway"),
    must("gatewayType", Text, "its type"),
    must("targetName", Text, "the iSCSI target's name"),
    may("diskId", Text, "the disk, for stored volumes"),
    may("volumeSizeInBytes", Number, "the size, for cached volumes"),
    may("volumeSize", Number, "the size in GiB"),
    may("kmsKey", Text, "the key"),
];
