//! Drivers: how the data of each type of resource is read and written. One folder per service, and one line in [`DRIVERS`].
//!
//! A driver knows one data service and nothing of jobs, vaults or the catalog; the engine knows drivers and nothing of any
//! service. [`TypeFacts`] is what is known of a type without reaching it, and lies in `domain::types`. What follows from the list of
//! drivers needs no other line: GetSupportedResourceTypes, what `resource add` takes.
//!
//! What only some services have is an optional part of [`Driver`]: following the service's log, for [`Continuous`] backup; [`Proof`]
//! that a recovery point can be restored; showing what lies within a recovery point ([`Browse`]); being made of other resources, as a
//! [`Composite`] one is.

mod access_key;
mod browse;
mod child;
pub mod cloudformation;
mod composite;
#[cfg(test)]
pub(crate) mod conformance;
mod continuous;
mod crc32c;
pub mod documentdb;
pub(crate) mod documents;
mod dump;
pub mod dynamodb;
pub mod ebs;
pub mod efs;
mod endpoint;
mod fault;
mod feed;
mod folder;
pub mod fsx;
mod http;
mod item;
pub mod mariadb;
mod mark;
pub mod neptune;
pub mod postgresql;
mod proof;
mod psql;
pub mod redshift;
pub mod relational;
pub mod s3;
mod service_clock;
mod sight;
mod source;
pub mod storage_gateway;
mod target;
pub mod timestream;
mod unique;
mod volume;

pub use browse::{Browse, Listing, Shown};
pub use composite::{Composite, Made, Member, Part};
pub use continuous::{Broken, Continuous, Elsewhere, FollowCx, Follower, LogFile, Needed, Progress};
pub use fault::{Fault, Meaning};
pub use mark::Mark;
pub use proof::{Proof, ProofCx};
pub use sight::{Glimpse, SightCx};
pub use source::{BackupCx, Before, PointFacts, Source};
pub use target::{Extraction, Inside, Registered, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target};

use crate::domain::types::location::Location;
use crate::domain::types::{Metadata, TypeFacts};
use crate::domain::{Arn, PointDetails, Resource, ResourceType, Secret};
use std::collections::BTreeMap;
use std::path::Path;

/// Every driver there is: what an engine can back up.
pub static DRIVERS: &[&dyn Driver] = &[
    &relational::AURORA,
    &cloudformation::CloudFormation,
    &documentdb::DocumentDb,
    &dynamodb::DynamoDb,
    &ebs::Ebs,
    &efs::Efs,
    &fsx::Fsx,
    &neptune::Neptune,
    &relational::RDS,
    &redshift::Redshift,
    &s3::S3,
    &storage_gateway::StorageGateway,
    &timestream::Timestream,
];

/// Reads and writes the resources of one type.
pub trait Driver: Send + Sync {
    /// What is known of the type.
    fn facts(&self) -> &'static TypeFacts;

    /// Reaches what `resource add` was given, which has one of the type's [forms](TypeFacts::locations), and refuses what could not
    /// be backed up.
    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault>;

    /// What is worth telling people of what is remembered of a resource: names as an API has them, and values as text.
    fn told(&self, _: &Mark) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// The id of a new resource: what stands for the stars of one of the type's forms of ARNs, divided by slashes.
    fn new_id(&self, name: &str, at: &Location) -> Result<String, Fault>;

    /// Opens a resource for a backup.
    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault>;

    /// Metadata with which a recovery point of this resource, of which this was said when it was made, is restored into a new one,
    /// as it stands.
    fn proposal(&self, resource: &Arn, details: &PointDetails) -> Metadata;

    /// Judges a restore before there is a job for it.
    fn plan(&self, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault>;

    /// Opens the target of a restore that begins or goes on. Nothing is made or written yet.
    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault>;

    /// What continuous backup of a resource that lies there needs, where its service has a log that can be followed.
    fn continuous(&self, _: &Location) -> Option<&dyn Continuous> {
        None
    }

    /// Whether what was probed with this secret can be backed up continuously, or what is missing for it.
    fn can_be_continuous(&self, probed: &Probed, _secret: Option<&Secret>) -> Result<(), String> {
        let cannot = || "this engine follows the log of no such service: its rules make snapshots".to_owned();
        self.continuous(&probed.location).map(drop).ok_or_else(cannot)
    }

    /// What a resource that is backed up continuously looked like at a moment, as far as names and sizes tell it.
    fn sight(&self, _: &SightCx<'_>) -> Result<Glimpse, Fault> {
        Ok(Glimpse::default())
    }

    /// How a recovery point of which this was said is proven to be restorable, where that can be proven.
    fn proof(&self, _: &PointDetails) -> Option<&dyn Proof> {
        None
    }

    /// How what lies in a recovery point is shown, where its items are not those of the snapshot.
    fn browse(&self) -> Option<&dyn Browse> {
        None
    }

    /// What resources of this type are made of, where they are made of others.
    fn composite(&self) -> Option<&dyn Composite> {
        None
    }

    /// Whether what a stack made, of one of the type's [kinds](TypeFacts::stack_types), is this resource.
    fn is_made(&self, made: &Made, resource: &Resource) -> bool {
        made.has_id_of(&resource.arn)
    }
}

/// A resource that is to be registered.
#[derive(Debug, Clone, Copy)]
pub struct ProbeCx<'a> {
    /// Where it lies, as it was given.
    pub at: &'a Location,
    /// What its service asks for.
    pub secret: Option<&'a Secret>,
    /// The engine's data directory, which no resource may hold.
    pub data_dir: &'a Path,
}

/// What was found where a resource is to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The location as it is kept, in its one spelling.
    pub location: Location,
    /// What to remember of it.
    pub mark: Option<Mark>,
}

/// The drivers of one engine.
#[derive(Clone, Copy)]
pub struct Drivers(pub &'static [&'static dyn Driver]);

impl Drivers {
    /// The driver of a type; none when this engine cannot back it up.
    pub fn of(&self, resource_type: &ResourceType) -> Option<&'static dyn Driver> {
        self.0.iter().copied().find(|driver| driver.facts().name == resource_type.as_str())
    }

    /// The drivers of what a stack makes that CloudFormation calls so; none where this engine cannot back that up.
    pub fn of_stack_type(&self, kind: &str) -> impl Iterator<Item = &'static dyn Driver> {
        self.0.iter().copied().filter(move |driver| driver.facts().stack_types.contains(&kind))
    }

    /// What can be backed up.
    pub fn types(&self) -> impl Iterator<Item = &'static TypeFacts> {
        self.0.iter().map(|driver| driver.facts())
    }
}
