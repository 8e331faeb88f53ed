//! DocumentDB: a resource is a server that speaks MongoDB's protocol, or some of its databases.
//!
//! A recovery point holds what `mongodump` writes, below `/dump`: `DATABASE/COLLECTION.bson` with the documents byte for byte as the
//! server gave them, and `DATABASE/COLLECTION.metadata.json` with options and indexes in canonical extended JSON. Views have the
//! second alone. So
//!
//! ```text
//! restic restore SNAPSHOT --target FOLDER
//! mongorestore FOLDER/dump
//! ```
//!
//! brings it back too. One thing differs: of a time series there are the measurements in `COLLECTION.bson`, where `mongodump` writes the
//! buckets that a server of MongoDB keeps them in; for that program they are documents.
//!
//! Documents come in the order of their `_id`, so that what did not change lies beside what it lay beside before, and is not stored again.
//! All of them are read each time. Nothing holds the server still: each document is whole and as it was when it was read, and two
//! documents may be of different moments. `readConcern: snapshot` would promise more only where a server keeps its history for as long
//! as a backup takes, which is five minutes where it is not told otherwise, and which not every server that takes the words does.
//!
//! The databases `admin`, `config` and `local` are the server's own and stay out, and with them users and roles.

mod address;
mod client;
mod faults;
mod insert;
mod inventory;
mod metadata;
mod names;
mod source;
mod target;
#[cfg(test)]
mod tests;

use crate::domain::types::documentdb::{ENGINE, ENGINE_KEY, FACTS, IDENTIFIER_KEY};
use crate::domain::types::location::{Location, Part};
use crate::domain::types::{Metadata, TypeFacts, database};
use crate::domain::{Arn, Invalid, PointDetails};
use crate::engine::drivers::proof::{Counted, Files, Noted};
use crate::engine::drivers::{
    BackupCx, Driver, Fault, Mark, ProbeCx, Probed, Proof, RestoreAsk, RestoreCx, RestorePlan, Source, Target,
};
use address::Address;
use client::Client;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What stands before a resource's id in its ARN.
const PREFIX: &str = "cluster:";

/// The driver of servers of documents.
pub struct DocumentDb;

/// What was seen of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Seen {
    version: String,
    /// All databases together, as the server tells it.
    size_bytes: u64,
}

/// What is proven of a recovery point.
static PROOF: Files = Files {
    what: "files of the databases",
    noted: &[
        Noted {
            name: "Documents",
            what: "Documents in the files of the databases",
            ending: ".bson",
            by: Counted::Documents,
        },
        Noted {
            name: "Collections",
            what: "Collections with their options and indexes",
            ending: ".metadata.json",
            by: Counted::Files,
        },
    ],
};

impl Driver for DocumentDb {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        let url = cx.at.part(Part::Url).unwrap_or_default();
        let address = Address::parse(url).map_err(|rule| Invalid::value("Url", rule))?;
        let databases = cx.at.part(Part::Database);
        let client = Client::open(&address, cx.secret)?;
        let version = client.version()?;
        let (found, size_bytes) = inventory::databases(&client, inventory::Databases(databases))?;
        // Whether they can be read: what is refused is better known now.
        found.iter().try_for_each(|database| inventory::collections(&client, database).map(drop))?;
        let location = Location::of([(Part::Url, address.to_string())]).with(Part::Database, databases);
        Ok(Probed { location, mark: Some(Mark::of(&Seen { version, size_bytes })) })
    }

    fn told(&self, mark: &Mark) -> BTreeMap<String, String> {
        mark.told(&[("Version", "EngineVersion"), ("SizeBytes", "DatabaseBytes")])
    }

    /// The name, in small letters as AWS keeps it.
    fn new_id(&self, name: &str, _: &Location) -> Result<String, Fault> {
        database::check_identifier(name).map_err(|rule| Invalid::value("Name", rule))?;
        Ok(name.to_ascii_lowercase())
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        source::open(cx)
    }

    fn proposal(&self, resource: &Arn, _: &PointDetails) -> Metadata {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let base: String = id_of(resource).chars().take(20).collect();
        let name = format!("{}-restored-{}", base.trim_end_matches('-'), &unique[..8]);
        [(IDENTIFIER_KEY, name), (ENGINE_KEY, ENGINE.to_owned())].map(|(key, value)| (key.to_owned(), value)).into()
    }

    fn plan(&self, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
        target::plan(ask)
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        target::open(cx)
    }

    fn proof(&self, _: &PointDetails) -> Option<&dyn Proof> {
        Some(&PROOF)
    }
}

/// The id in a resource's ARN.
fn id_of(resource: &Arn) -> &str {
    resource.resource().strip_prefix(PREFIX).unwrap_or_else(|| resource.resource())
}

/// The server of a location that was registered.
fn address_of(at: &Location) -> Result<Address, Fault> {
    let url = at.part(Part::Url).unwrap_or_default();
    Address::parse(url).map_err(|rule| Fault::Failed(format!("The URL {rule}.")))
}
