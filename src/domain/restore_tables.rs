//! The tables behind [`crate::domain::restore`]: one per resource type (reference §4.2).
//!
//! Of AWS's types the tables hold what a form asks for; EFS's is complete, since the engine carries it out.

use crate::domain::ResourceType;
use crate::domain::restore::ValueKind::{Bool, Choice, Json, List, Number, Path, Text, Time};
use crate::domain::restore::{MetadataKey, Required, ValueKind};

/// The engine's own key: the folder that a new file system gets as its root.
pub const PATH_KEY: &str = "vaultdeck:path";

const fn key(name: &'static str, required: Required, kind: ValueKind, help: &'static str) -> MetadataKey {
    MetadataKey { name, required, kind, default: None, help }
}

const fn must(name: &'static str, kind: ValueKind, help: &'static str) -> MetadataKey {
    key(name, Required::Yes, kind, help)
}

const fn may(name: &'static str, kind: ValueKind, help: &'static str) -> MetadataKey {
    key(name, Required::No, kind, help)
}

impl MetadataKey {
    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

const EFS: &[MetadataKey] = &[
    must("file-system-id", Text, "the file system that was backed up"),
    must("newFileSystem", Bool, "true: a new file system; false: a folder of its own in the source").or("true"),
    key("Encrypted", Required::WhenNewFileSystem, Bool, "whether the new file system is encrypted").or("true"),
    key(
        "PerformanceMode",
        Required::WhenNewFileSystem,
        Choice(&["generalPurpose", "maxIO"]),
        "the new file system's performance mode",
    )
    .or("generalPurpose"),
    key("CreationToken", Required::WhenNewFileSystem, Text, "any text; the same token makes one file system only"),
    may("KmsKeyId", Text, "the new file system's key; needs Encrypted=true"),
    may("ItemsToRestore", List, "paths from the root, such as [\"/docs\"]; all when empty"),
    may("singleAzFilesystem", Bool, "whether the new file system lives in one zone"),
    may("availabilityZoneName", Text, "that zone"),
    may(PATH_KEY, Path, "the folder that becomes the new file system's root; this engine only"),
];

const AURORA: &[MetadataKey] = &[
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

const CLUSTER: &[MetadataKey] = &[
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

const RDS: &[MetadataKey] = &[
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

const CLOUD_FORMATION: &[MetadataKey] = &[
    must("StackName", Text, "the stack"),
    must("ChangeSetName", Text, "the change set to make"),
    may("ChangeSetDescription", Text, "its description"),
    may("StackParameters", Json, "the stack's parameters"),
];

const DYNAMO_DB: &[MetadataKey] = &[
    must("targetTableName", Text, "the new table's name"),
    may("encryptionType", Choice(&["Default", "KMS"]), "how it is encrypted").or("Default"),
    may("kmsMasterKeyArn", Text, "the key, for KMS"),
    may("deletionProtection", Bool, "whether it is protected against deletion"),
];

const EBS: &[MetadataKey] = &[
    must("availabilityZone", Text, "the zone of the new volume"),
    may("volumeType", Choice(&["gp2", "gp3", "io1", "io2", "st1", "sc1"]), "the volume's type"),
    may("volumeSize", Number, "its size in GiB"),
    may("iops", Number, "operations per second"),
    may("throughput", Number, "MiB per second"),
    may("encrypted", Bool, "whether it is encrypted"),
    may("kmsKeyId", Text, "the key"),
    may("temporaryRestoreDays", Number, "days, of an archived snapshot"),
    may("volumeId", Text, "for information"),
];

const EC2: &[MetadataKey] = &[
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

const EKS: &[MetadataKey] = &[
    must("clusterName", Text, "the cluster"),
    may("newCluster", Bool, "whether it is made anew"),
    may("eksClusterVersion", Text, "its version"),
    may("clusterRole", Text, "its role"),
    may("encryptionConfigProviderKeyArn", Text, "its key"),
    may("clusterVpcConfig", Json, "its network"),
    may("nodeGroups", Json, "its node groups"),
    may("fargateProfiles", Json, "its Fargate profiles"),
    may("podIdentityAssociations", Json, "its pod identities"),
    may("kubernetesRestoreOrder", Json, "what comes first"),
    may("namespaceLevelRestore", Bool, "whether only some namespaces come back"),
    may("namespaces", List, "those, at most five"),
    may("restoreKubernetesManifestsOnly", Bool, "whether volumes stay away"),
    may("nestedRestoreJobs", Json, "metadata of the nested restores"),
];

const FSX: &[MetadataKey] = &[
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

const REDSHIFT: &[MetadataKey] = &[
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

const S3: &[MetadataKey] = &[
    must("DestinationBucketName", Text, "the bucket; it must keep versions"),
    may("NewBucket", Bool, "whether it is made anew").or("true"),
    may("Encrypted", Bool, "whether objects are encrypted"),
    may("EncryptionType", Choice(&["original", "SSE-S3", "SSE-KMS"]), "how").or("SSE-S3"),
    may("KMSKey", Text, "the key, for SSE-KMS"),
    may("RestoreACLs", Bool, "whether access lists come back"),
    may("ItemsToRestore", List, "at most five prefixes or objects; all when empty"),
    may("RestoreLatestVersionsUpTo", Text, "1, a number, or all"),
    may("RestoreTime", Time, "a moment; required for a continuous backup"),
];

const SAP_HANA: &[MetadataKey] = &[
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

const STORAGE_GATEWAY: &[MetadataKey] = &[
    must("gatewayArn", Text, "the gateway"),
    must("gatewayType", Text, "its type"),
    must("targetName", Text, "the iSCSI target's name"),
    may("diskId", Text, "the disk, for stored volumes"),
    may("volumeSizeInBytes", Number, "the size, for cached volumes"),
    may("volumeSize", Number, "the size in GiB"),
    may("kmsKey", Text, "the key"),
];

const TIMESTREAM: &[MetadataKey] = &[
    must("TableName", Text, "the new table's name"),
    must("DestinationDatabase", Text, "its database"),
    must("MemoryStoreRetentionPeriodInHours", Number, "hours in memory"),
    must("MagneticStoreRetentionPeriodInDays", Number, "days on disk"),
    may("EnableMagneticStoreWrites", Bool, "whether old records may be written"),
    may("MagneticStoreWriteProperties", Json, "how"),
];

const VIRTUAL_MACHINE: &[MetadataKey] = &[
    must("RestoreTo", Choice(&["VMware", "EC2Instance", "EBSVolume"]), "what comes of it"),
    may("HypervisorArn", Text, "the hypervisor, for VMware"),
    may("VMName", Text, "the new machine's name, for VMware"),
    may("VMPath", Text, "its folder, for VMware"),
    may("ComputeResourceName", Text, "its host, for VMware"),
    may("VMDatastore", Text, "its datastore, for VMware"),
    may("DisksToRestore", Json, "its disks"),
    may("ItemsToRestore", Json, "which disks come back"),
    may("AvailabilityZone", Text, "the zone, for EBS"),
    may("EbsVolumeType", Text, "the volume's type, for EBS"),
    may("IsEncrypted", Bool, "whether the volume is encrypted"),
    may("KmsKeyId", Text, "the key"),
    may("InstanceType", Text, "the instance's type, for EC2"),
    may("SubnetId", Text, "the subnet, for EC2"),
    may("SecurityGroupIds", List, "security groups, for EC2"),
];

/// The table of a type.
pub(crate) fn keys_of(resource_type: &ResourceType) -> &'static [MetadataKey] {
    match resource_type {
        ResourceType::Aurora => AURORA,
        ResourceType::CloudFormation => CLOUD_FORMATION,
        ResourceType::DocumentDb | ResourceType::Neptune => CLUSTER,
        ResourceType::DynamoDb => DYNAMO_DB,
        ResourceType::Ebs => EBS,
        ResourceType::Ec2 => EC2,
        ResourceType::Efs => EFS,
        ResourceType::Eks => EKS,
        ResourceType::Fsx => FSX,
        ResourceType::Rds => RDS,
        ResourceType::Redshift => REDSHIFT,
        ResourceType::S3 => S3,
        ResourceType::SapHana => SAP_HANA,
        ResourceType::StorageGateway => STORAGE_GATEWAY,
        ResourceType::Timestream => TIMESTREAM,
        ResourceType::VirtualMachine => VIRTUAL_MACHINE,
        ResourceType::Other(_) => &[],
    }
}
