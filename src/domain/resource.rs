//! What can be protected.

use crate::domain::{Arn, Scope, Tags};
use serde::{Deserialize, Serialize};

/// A type of AWS resource, with the string that the API uses. An open set: what the API adds later is [`Self::Other`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ResourceType {
    /// Aurora clusters.
    Aurora,
    /// CloudFormation stacks.
    CloudFormation,
    /// DocumentDB clusters.
    DocumentDb,
    /// DynamoDB tables.
    DynamoDb,
    /// EBS volumes.
    Ebs,
    /// EC2 instances.
    Ec2,
    /// EFS file systems.
    Efs,
    /// EKS clusters.
    Eks,
    /// FSx file systems and volumes.
    Fsx,
    /// Neptune clusters.
    Neptune,
    /// RDS instances.
    Rds,
    /// Redshift clusters.
    Redshift,
    /// S3 buckets.
    S3,
    /// SAP HANA databases on EC2.
    SapHana,
    /// Storage Gateway volumes.
    StorageGateway,
    /// Timestream tables.
    Timestream,
    /// Virtual machines of VMware.
    VirtualMachine,
    /// A type that this version does not know.
    Other(String),
}

/// A resource that was registered with the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its ARN.
    pub arn: Arn,
    /// Where it lives.
    pub scope: Scope,
    /// Its type.
    pub resource_type: ResourceType,
    /// Its name, unique per account, region and type.
    pub name: String,
    /// Where its data lies; what it means is its driver's matter. For EFS the canonical path of a folder.
    pub path: String,
    /// Its tags.
    pub tags: Tags,
}

/// A resource that was backed up at least once (`ListProtectedResources`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedResource {
    /// Its ARN.
    pub arn: Arn,
    /// Where it lives.
    pub scope: Scope,
    /// Its type.
    pub resource_type: ResourceType,
    /// Its name, where the API tells it.
    pub name: Option<String>,
    /// When it was last backed up.
    pub last_backup_time: Option<crate::domain::Time>,
    /// The vault of the last recovery point.
    pub last_backup_vault_arn: Option<Arn>,
    /// The last recovery point.
    pub last_recovery_point_arn: Option<Arn>,
    /// How many minutes the latest restore took.
    pub latest_restore_execution_minutes: Option<i64>,
    /// When the latest restore job was created.
    pub latest_restore_job_creation: Option<crate::domain::Time>,
    /// When the recovery point of the latest restore was created.
    pub latest_restore_recovery_point_creation: Option<crate::domain::Time>,
}

impl ResourceType {
    /// Every type that this version knows, in the API's order.
    pub const KNOWN: [Self; 17] = [
        Self::Aurora,
        Self::CloudFormation,
        Self::DocumentDb,
        Self::DynamoDb,
        Self::Ebs,
        Self::Ec2,
        Self::Efs,
        Self::Eks,
        Self::Fsx,
        Self::Neptune,
        Self::Rds,
        Self::Redshift,
        Self::S3,
        Self::SapHana,
        Self::StorageGateway,
        Self::Timestream,
        Self::VirtualMachine,
    ];

    /// The API's string.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Aurora => "Aurora",
            Self::CloudFormation => "CloudFormation",
            Self::DocumentDb => "DocumentDB",
            Self::DynamoDb => "DynamoDB",
            Self::Ebs => "EBS",
            Self::Ec2 => "EC2",
            Self::Efs => "EFS",
            Self::Eks => "EKS",
            Self::Fsx => "FSx",
            Self::Neptune => "Neptune",
            Self::Rds => "RDS",
            Self::Redshift => "Redshift",
            Self::S3 => "S3",
            Self::SapHana => "SAP HANA on Amazon EC2",
            Self::StorageGateway => "Storage Gateway",
            Self::Timestream => "Timestream",
            Self::VirtualMachine => "VirtualMachine",
            Self::Other(text) => text,
        }
    }
}

impl From<String> for ResourceType {
    fn from(text: String) -> Self {
        Self::KNOWN.into_iter().find(|known| known.as_str() == text).unwrap_or(Self::Other(text))
    }
}

impl From<ResourceType> for String {
    fn from(resource_type: ResourceType) -> String {
        resource_type.as_str().to_owned()
    }
}

impl std::fmt::Display for ResourceType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
