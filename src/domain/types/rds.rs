//! RDS instances.

use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Json, List, Number, Text, Time};
use crate::domain::types::keys::{KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "rds", resource: "db:*" }],
    tagged_as: &["rds:db"],
    restore_keys: KEYS,
    can_stop: false,
    can_be_continuous: true,
    ..TypeFacts::named("RDS")
};

const KEYS: &[KeyFact] = &[
    must("DBInstanceIdentifier", Text, "the new instance's name"),
    may("Engine", Text, "the engine, for a continuous backup"),
    may("RestoreTime", Time, "a moment, for a continuous backup"),
    may("UseLatestRestorableTime", Bool, "the latest moment, for a continuous backup"),
    may("DBInstanceClass", Text, "the instance's class"),
    may("AvailabilityZone", Text, "the zone"),
    may("MultiAZ", Bool, "whether it has a standby").or("false"),
    may("DBSubnetGroupName", Text, "the subnet group"),
    may("VpcSecurityGroupIds", List, "security groups"),
    may("PubliclyAccessible", Bool, "whether it has a public address").or("false"),
    may("Port", Number, "the port"),
    may("DBName", Text, "the database's name"),
    may("OptionGroupName", Text, "the option group"),
    may("DBParameterGroupName", Text, "the parameter group"),
    may("StorageType", Text, "the storage's type"),
    may("Iops", Number, "operations per second"),
    may("LicenseModel", Text, "the licence"),
    may("DeletionProtection", Bool, "whether it is protected against deletion").or("false"),
    may("AutoMinorVersionUpgrade", Bool, "whether minor versions are upgraded"),
    may("CopyTagsToSnapshot", Bool, "whether snapshots get the tags"),
    may("EnableIAMDatabaseAuthentication", Bool, "whether users come from IAM"),
    may("EnableCloudwatchLogsExports", List, "logs to export"),
    may("Domain", Text, "the directory"),
    may("DomainIAMRoleName", Text, "the role for the directory"),
    may("ProcessorFeatures", Json, "cores and threads"),
    may("EngineVersion", Text, "for information"),
    may("KmsKeyId", Text, "for information"),
    may("Encrypted", Bool, "for information"),
    may("vpcId", Text, "for information"),
];
