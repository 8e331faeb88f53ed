//! DocumentDB clusters. Their ARNs look like those of Aurora, which is taken where only the ARN is known.

use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, List, Number, Text};
use crate::domain::types::keys::{KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "rds", resource: "cluster:*" }],
    restore_keys: KEYS,
    can_stop: false,
    ..TypeFacts::named("DocumentDB")
};

const KEYS: &[KeyFact] = &[
    must("dbClusterIdentifier", Text, "the new cluster's name; its instances are made afterwards"),
    must("engine", Choice(&["docdb", "neptune"]), "the engine"),
    may("engineVersion", Text, "the engine's version"),
    may("availabilityZones", List, "up to three zones"),
    may("dbSubnetGroupName", Text, "the subnet group"),
    may("vpcSecurityGroupIds", List, "security groups"),
    may("port", Number, "the port"),
    may("dbClusterParameterGroupName", Text, "the parameter group"),
    may("kmsKeyId", Text, "the key"),
    may("copyTagsToSnapshot", Bool, "whether snapshots get the tags"),
    may("enableCloudwatchLogsExports", List, "logs to export"),
    may("enableIAMDatabaseAuthentication", Bool, "whether users come from IAM"),
];
