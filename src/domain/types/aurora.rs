//! Aurora clusters.

use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, Json, List, Number, Text, Time};
use crate::domain::types::keys::{KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "rds", resource: "cluster:*" }],
    tagged_as: &["rds:cluster"],
    restore_keys: KEYS,
    can_stop: false,
    can_be_continuous: true,
    ..TypeFacts::named("Aurora")
};

const KEYS: &[KeyFact] = &[
    must("dbClusterIdentifier", Text, "the new cluster's name"),
    must("engine", Text, "aurora-mysql or aurora-postgresql"),
    may("engineVersion", Text, "the engine's version"),
    may("engineMode", Choice(&["provisioned", "serverless"]), "the engine's mode"),
    may("availabilityZones", List, "up to three zones"),
    may("dbSubnetGroupName", Text, "the subnet group"),
    may("vpcSecurityGroupIds", List, "security groups"),
    may("port", Number, "the port"),
    may("databaseName", Text, "the database's name"),
    may("dbClusterParameterGroupName", Text, "the parameter group"),
    may("optionGroupName", Text, "the option group"),
    may("kmsKeyId", Text, "the key"),
    may("backtrackWindow", Number, "seconds of backtrack"),
    may("copyTagsToSnapshot", Bool, "whether snapshots get the tags"),
    may("enableCloudwatchLogsExports", List, "logs to export"),
    may("enableIAMDatabaseAuthentication", Bool, "whether users come from IAM"),
    may("scalingConfiguration", Json, "the serverless capacity"),
    may("restoreToTime", Time, "a moment, for a continuous backup"),
    may("UseLatestRestorableTime", Bool, "the latest moment, for a continuous backup"),
];
