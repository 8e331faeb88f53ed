//! SAP HANA databases on EC2.

use crate::domain::types::facts::{ArnForm, TypeFacts, never};
use crate::domain::types::keys::Kind::{Choice, Number, Path, Text};
use crate::domain::types::keys::{KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "ssm-sap", resource: "HANA/*/DB/*" }],
    restore_keys: KEYS,
    can_stop: false,
    can_go_cold: true,
    can_be_continuous: true,
    refuses_tags: never,
    is_fully_managed: true,
    ..TypeFacts::named("SAP HANA on Amazon EC2")
};

const KEYS: &[KeyFact] = &[
    must("aws:backup:TargetDatabaseArn", Text, "the database that is overwritten"),
    must(
        "RecoveryType",
        Choice(&["FULL_DATA_BACKUP_RECOVERY", "POINT_IN_TIME_RECOVERY", "MOST_RECENT_TIME_RECOVERY"]),
        "how far it is brought back",
    ),
    must(
        "CatalogRestoreOption",
        Choice(&["NO_CATALOG", "LATEST_CATALOG_FROM_AWS_BACKUP", "CATALOG_FROM_LOCAL_PATH"]),
        "which catalog is used",
    ),
    may("LocalCatalogPath", Path, "that of CATALOG_FROM_LOCAL_PATH"),
    may("EarliestRestorablePitrTimestamp", Number, "for information"),
    may("LatestRestorablePitrTimestamp", Number, "for information"),
];
