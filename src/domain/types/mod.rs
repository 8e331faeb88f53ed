//! The types of resources: what they are called, and what is known of each.
//!
//! [`TYPES`] is the only list. The dashboard, the command line, the server and the engine all ask the facts of a type, on AWS
//! and on an engine alike, and name none themselves. What an engine can back up is the matter of its drivers.

pub mod aurora;
pub mod cloudformation;
pub mod database;
pub mod documentdb;
pub mod dynamodb;
pub mod ebs;
pub mod ec2;
pub mod efs;
pub mod eks;
pub mod endpoint;
pub mod facts;
pub mod fsx;
pub mod keys;
pub mod location;
pub mod neptune;
pub mod rds;
pub mod redshift;
pub mod s3;
pub mod sap_hana;
pub mod storage_gateway;
pub mod timestream;
pub mod virtual_machine;

pub use facts::TypeFacts;
pub use keys::{KeyFact, Metadata};
pub use location::Location;

use crate::domain::{Arn, Lifecycle};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Every type that this version knows, in the API's order.
pub static TYPES: &[&TypeFacts] = &[
    &aurora::FACTS,
    &cloudformation::FACTS,
    &documentdb::FACTS,
    &dynamodb::FACTS,
    &ebs::FACTS,
    &ec2::FACTS,
    &efs::FACTS,
    &eks::FACTS,
    &fsx::FACTS,
    &neptune::FACTS,
    &rds::FACTS,
    &redshift::FACTS,
    &s3::FACTS,
    &sap_hana::FACTS,
    &storage_gateway::FACTS,
    &timestream::FACTS,
    &virtual_machine::FACTS,
];

/// A type of resource by the string that the API uses. An open set: the API may tell of types that this version has no
/// [facts](Self::facts) of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ResourceType(Cow<'static, str>);

impl ResourceType {
    /// The API's string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is known of it; none of a type that this version does not know.
    pub fn facts(&self) -> Option<&'static TypeFacts> {
        TYPES.iter().copied().find(|facts| facts.name == self.0)
    }

    /// The type of the resource that `arn` names. Aurora, DocumentDB and Neptune share one form: their clusters read as
    /// Aurora.
    pub fn of_arn(arn: &Arn) -> Option<Self> {
        let has_form = |facts: &&&TypeFacts| facts.arns.iter().any(|form| form.fits(arn));
        TYPES.iter().find(has_form).map(|facts| facts.resource_type())
    }

    /// Whether a running backup job of it can be stopped; what is not known of can.
    pub fn can_stop_backup(&self) -> bool {
        self.facts().is_none_or(|facts| facts.can_stop)
    }

    /// Whether its recovery points can move to cold storage, as far as is known.
    pub fn can_go_cold(&self) -> bool {
        self.facts().is_none_or(|facts| facts.can_go_cold)
    }

    /// Whether its recovery points go to cold storage only where their lifecycle opts in to that.
    pub fn is_archived(&self) -> bool {
        self.facts().is_some_and(|facts| facts.is_archived)
    }

    /// Whether a recovery point of it with this lifecycle moves to cold storage on the day that this says.
    pub fn goes_cold_by(&self, lifecycle: &Lifecycle) -> bool {
        let opted_in = lifecycle.opt_in_to_archive_for_supported_resources == Some(true);
        self.can_go_cold() && (opted_in || !self.is_archived())
    }

    /// Whether a recovery point of it is a tree of files, for an engine or for AWS.
    pub fn is_tree(&self, on_engine: bool) -> bool {
        self.facts().is_some_and(|facts| facts.is_tree || on_engine && facts.is_tree_on_engine)
    }

    /// The keys of a restore's metadata; none for a type that this version has no table for.
    pub fn restore_keys(&self) -> &'static [KeyFact] {
        self.facts().map_or(&[], |facts| facts.restore_keys)
    }
}

impl TypeFacts {
    /// The type that this is known of.
    pub const fn resource_type(&self) -> ResourceType {
        ResourceType(Cow::Borrowed(self.name))
    }
}

/// The types that can be backed up continuously.
pub fn continuous() -> impl Iterator<Item = &'static TypeFacts> {
    TYPES.iter().copied().filter(|facts| facts.can_be_continuous)
}

impl From<String> for ResourceType {
    fn from(text: String) -> Self {
        // A type that is known of takes no memory of its own: it stands in very many rows.
        let known = TYPES.iter().find(|facts| facts.name == text);
        known.map_or(Self(Cow::Owned(text)), |facts| facts.resource_type())
    }
}

impl From<ResourceType> for String {
    fn from(resource_type: ResourceType) -> String {
        resource_type.0.into_owned()
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
        for facts in TYPES {
            let read = ResourceType::from(facts.name.to_owned());
            assert_eq!(read, facts.resource_type());
            assert_eq!(read.facts().unwrap().name, facts.name);
        }
        for unknown in ["Aurora DSQL", "efs"] {
            assert!(ResourceType::from(unknown.to_owned()).facts().is_none());
        }
    }

    #[test]
    fn the_types_are_in_the_apis_order_and_each_is_there_once() {
        assert!(TYPES.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn what_can_be_done_with_a_type_is_awss_list() {
        let names = |can: fn(&ResourceType) -> bool| -> Vec<&str> {
            TYPES.iter().filter(|facts| can(&facts.resource_type())).map(|facts| facts.name).collect()
        };
        assert_eq!(
            names(|known| !known.can_stop_backup()),
            ["Aurora", "DocumentDB", "FSx", "Neptune", "RDS", "SAP HANA on Amazon EC2"]
        );
        assert_eq!(
            names(ResourceType::can_go_cold),
            [
                "CloudFormation",
                "DynamoDB",
                "EBS",
                "EFS",
                "EKS",
                "SAP HANA on Amazon EC2",
                "Timestream",
                "VirtualMachine"
            ]
        );
        let continuous: Vec<&str> = continuous().map(|facts| facts.name).collect();
        assert_eq!(continuous, ["Aurora", "RDS", "S3", "SAP HANA on Amazon EC2"]);
    }

    #[test]
    fn the_type_follows_from_the_arn() {
        let table = [
            ("arn:aws:ec2:r:1:instance/i-1", Some("EC2")),
            ("arn:aws:ec2:r:1:volume/vol-1", Some("EBS")),
            ("arn:aws:ec2:r::snapshot/snap-1", None),
            ("arn:aws:ec2:r::image/ami-1", None),
            ("arn:aws:rds:r:1:db:main", Some("RDS")),
            ("arn:aws:rds:r:1:cluster:main", Some("Aurora")),
            ("arn:aws:rds:r:1:cluster-snapshot:awsbackup:job-1", None),
            ("arn:aws:dynamodb:r:1:table/t", Some("DynamoDB")),
            ("arn:aws:dynamodb:r:1:table/t/backup/01", None),
            ("arn:aws:elasticfilesystem:r:1:file-system/fs-1", Some("EFS")),
            ("arn:aws:elasticfilesystem:r:1:file-system/", None),
            ("arn:aws:fsx:r:1:volume/fs-1/fsvol-1", Some("FSx")),
            ("arn:aws:fsx:r:1:backup/backup-1", None),
            ("arn:aws:s3:::bucket", Some("S3")),
            ("arn:aws:s3:::bucket/key", None),
            ("arn:aws:storagegateway:r:1:gateway/sgw-1/volume/vol-1", Some("Storage Gateway")),
            ("arn:aws:redshift:r:1:cluster:c", Some("Redshift")),
            ("arn:aws:timestream:r:1:database/d/table/t", Some("Timestream")),
            ("arn:aws:cloudformation:r:1:stack/n/u", Some("CloudFormation")),
            ("arn:aws:backup-gateway:r:1:vm/vm-1", Some("VirtualMachine")),
            ("arn:aws:ssm-sap:r:1:HANA/app/DB/db", Some("SAP HANA on Amazon EC2")),
            ("arn:aws:eks:r:1:cluster/c", Some("EKS")),
            ("arn:aws:lambda:r:1:function:f", None),
        ];
        for (arn, expected) in table {
            let found = ResourceType::of_arn(&arn.parse().unwrap());
            assert_eq!(found.as_ref().map(ResourceType::as_str), expected, "{arn}");
        }
    }
}
