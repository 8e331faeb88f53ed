//! Timestream tables.

use crate::domain::types::facts::{ArnForm, TypeFacts, never};
use crate::domain::types::keys::Kind::{Bool, Json, Number, Text};
use crate::domain::types::keys::{KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "timestream", resource: "database/*/table/*" }],
    tagged_as: &["timestream:table"],
    restore_keys: KEYS,
    can_go_cold: true,
    refuses_tags: never,
    is_fully_managed: true,
    ..TypeFacts::named("Timestream")
};

const KEYS: &[KeyFact] = &[
    must("TableName", Text, "the new table's name"),
    must("DestinationDatabase", Text, "its database"),
    must("MemoryStoreRetentionPeriodInHours", Number, "hours in memory"),
    must("MagneticStoreRetentionPeriodInDays", Number, "days on disk"),
    may("EnableMagneticStoreWrites", Bool, "whether old records may be written"),
    may("MagneticStoreWriteProperties", Json, "how"),
];
