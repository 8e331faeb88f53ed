//! S3: a resource is a bucket of any store that speaks S3's protocol.
//!
//! A recovery point holds the bucket's objects below `/objects`, in folders of some thousands of keys each, with the keys as
//! paths ([`repository::KeyTree`](crate::repository::KeyTree)). What an object says of itself beside its content (content
//! type, user metadata, version, class) is in extended attributes of its file (`headers`). Each object is whole as the
//! store gave it at some moment of the backup; the bucket as a whole is not from one moment.
//!
//! An object whose size, time and ETag are those of the last recovery point is not read again. It keeps the tags and the access list
//! that it had when it was read last (`beside`).

mod ahead;
#[cfg(test)]
mod ahead_tests;
mod beside;
mod bucket;
mod client;
mod continuous;
mod faults;
mod headers;
mod in_flight;
mod items;
mod listing;
mod object;
mod source;
mod store;
mod target;
#[cfg(test)]
mod target_tests;
#[cfg(test)]
mod tests;
mod told;
#[cfg(test)]
mod unruly;
#[cfg(test)]
mod unruly_tests;
mod upload;
mod written;

use crate::domain::types::endpoint::check_endpoint;
use crate::domain::types::location::{Location, Part};
use crate::domain::types::s3::{FACTS, check_bucket};
use crate::domain::types::{Metadata, TypeFacts};
use crate::domain::{Arn, Invalid, PointDetails, Resource, Secret};
use crate::engine::drivers::proof::Files;
use crate::engine::drivers::{
    BackupCx, Continuous, Driver, Fault, Glimpse, Made, Mark, ProbeCx, Probed, Proof, RestoreAsk, RestoreCx,
    RestorePlan, SightCx, Source, Target, endpoint,
};
use client::Client;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The driver of buckets.
pub struct S3;

/// What was seen of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// Whether it keeps versions: `Enabled`, `Suspended`, or nothing where it never did or does not say.
    #[serde(rename = "Versioning")]
    versioning: Option<String>,
}

impl Seen {
    fn has_versions(&self) -> bool {
        self.versioning.as_deref() == Some("Enabled")
    }
}

/// What is proven of a recovery point.
static PROOF: Files = Files { what: "objects and their folders", noted: &[] };

impl Driver for S3 {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        let bucket = bucket_of(cx.at);
        check_bucket(bucket, false).map_err(|rule| Invalid::value("Bucket", rule))?;
        let endpoint = check_endpoint(endpoint_of(cx.at)).map_err(|rule| Invalid::value("Endpoint", rule))?;
        let location = location(endpoint, bucket.to_owned());
        let client = Client::open(&location, cx.secret)?;
        // This first: its refusals have a body, which tells a store from a server of something else.
        client.list_page(bucket, None, None, 1)?;
        client.look_at_bucket(bucket)?;
        let seen = Seen { versioning: client.versioning(bucket) };
        Ok(Probed { location, mark: Some(Mark::of(&seen)) })
    }

    fn told(&self, mark: &Mark) -> BTreeMap<String, String> {
        let seen = mark.read::<Seen>();
        let versioning = seen.map(|seen| seen.versioning.unwrap_or_else(|| "Never".to_owned()));
        versioning.map(|versioning| ("Versioning".to_owned(), versioning)).into_iter().collect()
    }

    /// The bucket's name.
    fn new_id(&self, _: &str, at: &Location) -> Result<String, Fault> {
        Ok(bucket_of(at).to_owned())
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        source::open(cx)
    }

    fn proposal(&self, resource: &Arn, _: &PointDetails) -> Metadata {
        target::proposal(resource)
    }

    fn plan(&self, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
        target::plan(ask)
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        target::open(cx)
    }

    fn continuous(&self, _: &Location) -> Option<&dyn Continuous> {
        Some(&continuous::Log)
    }

    fn sight(&self, cx: &SightCx<'_>) -> Result<Glimpse, Fault> {
        continuous::sight(cx)
    }

    fn can_be_continuous(&self, probed: &Probed, secret: Option<&Secret>) -> Result<(), String> {
        continuous::can_follow(&probed.location, secret).map_err(|fault| fault.to_string())
    }

    fn proof(&self, _: &PointDetails) -> Option<&dyn Proof> {
        Some(&PROOF)
    }

    /// By its name, at the same place.
    fn is_made(&self, made: &Made, resource: &Resource) -> bool {
        let at = &resource.location;
        made.physical_id == bucket_of(at) && endpoint::is_one_place(&made.endpoint, endpoint_of(at))
    }
}

fn location(endpoint: String, bucket: String) -> Location {
    Location::of([(Part::Endpoint, endpoint), (Part::Bucket, bucket)])
}

fn bucket_of(location: &Location) -> &str {
    location.part(Part::Bucket).unwrap_or_default()
}

fn endpoint_of(location: &Location) -> &str {
    location.part(Part::Endpoint).unwrap_or_default()
}
