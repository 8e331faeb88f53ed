//! FSx file systems and volumes.

use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, Json, List, Number, Text};
use crate::domain::types::keys::{KeyFact, may};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "fsx", resource: "file-system/*" }, ArnForm { service: "fsx", resource: "volume/*/*" }],
    tagged_as: &["fsx:file-system", "fsx:volume"],
    restore_keys: KEYS,
    can_stop: false,
    ..TypeFacts::named("FSx")
};

const KEYS: &[KeyFact] = &[
    may("SubnetIds", List, "subnets; required but for ONTAP"),
    may("SecurityGroupIds", List, "security groups"),
    may("StorageCapacity", Number, "GiB"),
    may("StorageType", Choice(&["SSD", "HDD", "INTELLIGENT_TIERING"]), "the storage's type"),
    may("KmsKeyId", Text, "the key"),
    may("VpcId", Text, "the network"),
    may("DeploymentType", Text, "the deployment's type"),
    may("WeeklyMaintenanceStartTime", Text, "such as 1:05:00"),
    may("DailyAutomaticBackupStartTime", Text, "such as 05:00"),
    may("AutomaticBackupRetentionDays", Number, "days").or("0"),
    may("CopyTagsToBackups", Bool, "whether backups get the tags"),
    may("WindowsConfiguration", Json, "for Windows File Server"),
    may("LustreConfiguration", Json, "for Lustre"),
    may("OpenZFSConfiguration", Json, "for OpenZFS"),
    may("OntapConfiguration", Json, "for ONTAP"),
    may("Name", Text, "the new volume's name, for ONTAP"),
    may("FileSystemType", Text, "for information"),
    may("FileSystemId", Text, "for information"),
];
