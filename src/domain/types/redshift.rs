//! Redshift clusters.

use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, List, Number, Text};
use crate::domain::types::keys::{KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "redshift", resource: "cluster:*" }],
    tagged_as: &["redshift:cluster"],
    restore_keys: KEYS,
    ..TypeFacts::named("Redshift")
};

const KEYS: &[KeyFact] = &[
    must("ClusterIdentifier", Text, "the new cluster's name"),
    must("RestoreType", Choice(&["CLUSTER_RESTORE", "TABLE_RESTORE", "NAMESPACE_RESTORE"]), "what comes back")
        .or("CLUSTER_RESTORE"),
    may("AvailabilityZone", Text, "the zone"),
    may("ClusterSubnetGroupName", Text, "the subnet group"),
    may("ClusterParameterGroupName", Text, "the parameter group"),
    may("VpcSecurityGroupIds", List, "security groups"),
    may("ClusterSecurityGroups", List, "security groups outside a VPC"),
    may("Encrypted", Bool, "whether it is encrypted"),
    may("KmsKeyId", Text, "the key"),
    may("IamRoles", List, "roles"),
    may("DefaultIamRoleArn", Text, "the default role"),
    may("NodeType", Text, "the nodes' type"),
    may("NumberOfNodes", Number, "how many nodes"),
    may("Port", Number, "the port"),
    may("PubliclyAccessible", Bool, "whether it has a public address"),
    may("EnhancedVpcRouting", Bool, "whether traffic stays in the VPC"),
    may("ElasticIp", Text, "its address"),
    may("OwnerAccount", Text, "the snapshot's owner"),
    may("AllowVersionUpgrade", Bool, "whether versions are upgraded"),
    may("AutomatedSnapshotRetentionPeriod", Number, "0 to 35 days"),
    may("ManualSnapshotRetentionPeriod", Number, "days"),
    may("MaintenanceTrackName", Text, "the maintenance track"),
    may("PreferredMaintenanceWindow", Text, "the maintenance window"),
    may("SnapshotClusterIdentifier", Text, "the source"),
    may("SnapshotScheduleIdentifier", Text, "the snapshot schedule"),
    may("AvailabilityZoneRelocation", Bool, "whether it may move between zones"),
    may("AquaConfigurationStatus", Text, "AQUA"),
    may("ManageMasterPassword", Bool, "whether the password is managed"),
    may("MasterPasswordSecretKmsKeyId", Text, "the key of that"),
    may("HsmClientCertificateIdentifier", Text, "the HSM's client certificate"),
    may("HsmConfigurationIdentifier", Text, "the HSM's configuration"),
    may("ReservedNodeId", Text, "the reserved node"),
    may("TargetReservedNodeOfferingId", Text, "the offering of that"),
    may("AdditionalInfo", Text, "reserved"),
];
