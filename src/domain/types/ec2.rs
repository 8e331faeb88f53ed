//! EC2 instances.

use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, Json, List, Text};
use crate::domain::types::keys::{KeyFact, may};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::EC2::Instance"],
    arns: &[ArnForm { service: "ec2", resource: "instance/*" }],
    tagged_as: &["ec2:instance"],
    restore_keys: KEYS,
    backup_options: &["WindowsVSS"],
    ..TypeFacts::named("EC2")
};

const KEYS: &[KeyFact] = &[
    may("InstanceType", Text, "the instance's type"),
    may("SubnetId", Text, "the subnet"),
    may("SecurityGroupIds", List, "security groups"),
    may("IamInstanceProfileName", Text, "UseBackedUpValue, or empty"),
    may("RequireIMDSv2", Bool, "whether the metadata service needs tokens"),
    may("KeyName", Text, "the key pair of the original"),
    may("Architecture", Text, "the processor"),
    may("EnaSupport", Bool, "enhanced networking"),
    may("CpuOptions", Json, "cores and threads"),
    may("InstanceInitiatedShutdownBehavior", Choice(&["stop", "terminate"]), "what a shutdown does"),
    may("HibernationOptions", Json, "hibernation"),
    may("DisableApiTermination", Bool, "whether it is protected against termination").or("false"),
    may("CreditSpecification", Json, "processor credits"),
    may("Placement", Json, "placement"),
    may("UserData", Text, "user data in base64"),
    may("Monitoring", Json, "detailed monitoring"),
    may("NetworkInterfaces", Json, "network interfaces"),
    may("CapacityReservationSpecification", Json, "capacity reservation"),
    may("InstanceMarketOptions", Json, "spot options"),
    may("LicenseSpecifications", Json, "licences"),
    may("EbsOptimized", Bool, "optimized for EBS"),
    may("BlockDeviceMappings", Json, "volumes"),
    may("ElasticGpuSpecification", Json, "graphics"),
    may("RootDeviceType", Text, "for information"),
    may("RamdiskId", Text, "for information"),
    may("KernelId", Text, "for information"),
    may("VirtualizationType", Text, "for information"),
    may("Platform", Text, "for information"),
    may("vpcId", Text, "for information"),
];
