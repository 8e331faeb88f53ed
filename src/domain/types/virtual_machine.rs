//! Virtual machines of VMware.

use crate::domain::types::facts::{ArnForm, TypeFacts, never};
use crate::domain::types::keys::Kind::{Bool, Choice, Json, List, Text};
use crate::domain::types::keys::{Asked, KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "backup-gateway", resource: "vm/*" }],
    tagged_as: &["backup-gateway:vm"],
    restore_keys: KEYS,
    can_go_cold: true,
    refuses_tags: never,
    is_fully_managed: true,
    ..TypeFacts::named("VirtualMachine")
};

const KEYS: &[KeyFact] = &[
    must("RestoreTo", Choice(&["VMware", "EC2Instance", "EBSVolume"]), "what comes of it"),
    may("HypervisorArn", Text, "the hypervisor, for VMware"),
    may("VMName", Text, "the new machine's name, for VMware"),
    may("VMPath", Text, "its folder, for VMware"),
    may("ComputeResourceName", Text, "its host, for VMware"),
    may("VMDatastore", Text, "its datastore, for VMware"),
    may("DisksToRestore", Json, "its disks"),
    may("ItemsToRestore", Json, "which disks come back").asked(Asked::Never),
    may("AvailabilityZone", Text, "the zone, for EBS"),
    may("EbsVolumeType", Text, "the volume's type, for EBS"),
    may("IsEncrypted", Bool, "whether the volume is encrypted"),
    may("KmsKeyId", Text, "the key"),
    may("InstanceType", Text, "the instance's type, for EC2"),
    may("SubnetId", Text, "the subnet, for EC2"),
    may("SecurityGroupIds", List, "security groups, for EC2"),
];
