//! What can be protected.

use crate::domain::{Arn, Invalid, Known, Scope, Tags};
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
    /// How many minutes the latest restore took; the list does not tell of restores.
    pub latest_restore_execution_minutes: Known<Option<i64>>,
    /// When the latest restore job was created.
    pub latest_restore_job_creation: Known<Option<crate::domain::Time>>,
    /// When the recovery point of the latest restore was created.
    pub latest_restore_recovery_point_creation: Known<Option<crate::domain::Time>>,
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

    /// The type of the resource that `arn` names (reference §3.8). Aurora, DocumentDB and Neptune share one shape:
    /// their clusters read as Aurora.
    pub fn of_arn(arn: &Arn) -> Option<Self> {
        let resource = arn.resource();
        let is = |prefix: &str| resource.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
        match arn.service() {
            "ec2" if is("instance/") => Some(Self::Ec2),
            "ec2" if is("volume/") => Some(Self::Ebs),
            "rds" if is("db:") => Some(Self::Rds),
            "rds" if is("cluster:") => Some(Self::Aurora),
            "dynamodb" if is("table/") && resource.matches('/').count() == 1 => Some(Self::DynamoDb),
            "elasticfilesystem" if is("file-system/") => Some(Self::Efs),
            "fsx" if is("file-system/") || is("volume/") => Some(Self::Fsx),
            "s3" if !resource.contains('/') => Some(Self::S3),
            "storagegateway" if is("gateway/") && resource.contains("/volume/") => Some(Self::StorageGateway),
            "redshift" if is("cluster:") => Some(Self::Redshift),
            "timestream" if is("database/") && resource.contains("/table/") => Some(Self::Timestream),
            "cloudformation" if is("stack/") => Some(Self::CloudFormation),
            "backup-gateway" if is("vm/") => Some(Self::VirtualMachine),
            "ssm-sap" if is("HANA/") => Some(Self::SapHana),
            "eks" if is("cluster/") => Some(Self::Eks),
            _ => None,
        }
    }

    /// Whether AWS Backup can stop a running backup job of it.
    pub fn can_stop_backup(&self) -> bool {
        !matches!(self, Self::Aurora | Self::DocumentDb | Self::Fsx | Self::Neptune | Self::Rds | Self::SapHana)
    }
}

/// A resource's name, as the user registers it: shown everywhere, so it holds nothing that a terminal acts on.
pub fn validate_name(name: &str) -> Result<(), Invalid> {
    let length = name.chars().count();
    if !(1..=128).contains(&length) {
        return Err(Invalid::value("Name", format_args!("must have 1 to 128 characters, it has {length}")));
    }
    if name.chars().any(char::is_control) || name.trim() != name {
        return Err(Invalid::value("Name", "must not hold control characters, nor begin or end with a blank"));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_of_the_api_reads_back() {
        for known in ResourceType::KNOWN {
            assert_eq!(ResourceType::from(known.as_str().to_owned()), known);
        }
        assert_eq!(ResourceType::from("Aurora DSQL".to_owned()), ResourceType::Other("Aurora DSQL".to_owned()));
        assert_eq!(ResourceType::from("efs".to_owned()), ResourceType::Other("efs".to_owned()));
    }

    #[test]
    fn the_type_follows_from_the_arn() {
        let table = [
            ("arn:aws:ec2:r:1:instance/i-1", Some(ResourceType::Ec2)),
            ("arn:aws:ec2:r:1:volume/vol-1", Some(ResourceType::Ebs)),
            ("arn:aws:ec2:r::snapshot/snap-1", None),
            ("arn:aws:ec2:r::image/ami-1", None),
            ("arn:aws:rds:r:1:db:main", Some(ResourceType::Rds)),
            ("arn:aws:rds:r:1:cluster:main", Some(ResourceType::Aurora)),
            ("arn:aws:rds:r:1:cluster-snapshot:awsbackup:job-1", None),
            ("arn:aws:dynamodb:r:1:table/t", Some(ResourceType::DynamoDb)),
            ("arn:aws:dynamodb:r:1:table/t/backup/01", None),
            ("arn:aws:elasticfilesystem:r:1:file-system/fs-1", Some(ResourceType::Efs)),
            ("arn:aws:elasticfilesystem:r:1:file-system/", None),
            ("arn:aws:fsx:r:1:volume/fs-1/fsvol-1", Some(ResourceType::Fsx)),
            ("arn:aws:fsx:r:1:backup/backup-1", None),
            ("arn:aws:s3:::bucket", Some(ResourceType::S3)),
            ("arn:aws:s3:::bucket/key", None),
            ("arn:aws:storagegateway:r:1:gateway/sgw-1/volume/vol-1", Some(ResourceType::StorageGateway)),
            ("arn:aws:redshift:r:1:cluster:c", Some(ResourceType::Redshift)),
            ("arn:aws:timestream:r:1:database/d/table/t", Some(ResourceType::Timestream)),
            ("arn:aws:cloudformation:r:1:stack/n/u", Some(ResourceType::CloudFormation)),
            ("arn:aws:backup-gateway:r:1:vm/vm-1", Some(ResourceType::VirtualMachine)),
            ("arn:aws:ssm-sap:r:1:HANA/app/DB/db", Some(ResourceType::SapHana)),
            ("arn:aws:eks:r:1:cluster/c", Some(ResourceType::Eks)),
            ("arn:aws:lambda:r:1:function:f", None),
        ];
        for (arn, expected) in table {
            assert_eq!(ResourceType::of_arn(&arn.parse().unwrap()), expected, "{arn}");
        }
    }

    #[test]
    fn a_name_holds_nothing_that_a_terminal_acts_on() {
        assert_eq!(validate_name("projects of André"), Ok(()));
        for name in ["", " x", "x ", "a\u{1b}[2J", "a\nb", &"x".repeat(129)] {
            assert!(validate_name(name).is_err(), "{name:?}");
        }
    }
}
