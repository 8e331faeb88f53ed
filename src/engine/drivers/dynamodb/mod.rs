//! DynamoDB: a resource is a table of any service that speaks its protocol.
//!
//! | in a recovery point | what |
//! | --- | --- |
//! | `/table/table.json` | `CreateTable`: all that this call takes to make the table again (key schema, attributes, indexes, billing, stream, tags); `UpdateTimeToLive`: the same for its time to live, where it has one |
//! | `/table/items/0000.jsonl`, … | the items, one a line, as `{"Item":{…}}` in DynamoDB's own JSON, which is the form that DynamoDB imports from S3. Numbers are the text that they are, binary is Base64, the names of attributes and the members of sets are sorted |
//!
//! So plain restic and the service's own tools make a table of it: `aws dynamodb create-table --cli-input-json` takes the one, and
//! `put-item` or an import the other.
//!
//! The table is read by consistent scans, so that each item is whole as it was at some moment of the backup; the table as a whole
//! is not from one moment. A file holds what the scan gives from one item on to another one, sorted by key. Where one file ends and
//! the next begins is decided by a hash of the key that ends it (`files`), so that the same items come into the same files each
//! time, and a small change stores little again. Nothing is kept on this machine in between, and memory holds one file.
//!
//! A restore makes a new table with its indexes. As AWS does, it leaves tags, streams and the time to live to whoever asked for
//! it, and says so.

mod batch;
mod client;
mod faults;
mod files;
mod item;
mod source;
mod table;
mod target;
#[cfg(test)]
mod tests;

use crate::domain::types::dynamodb::{FACTS, TABLE_KEY, check_table};
use crate::domain::types::endpoint::check_endpoint;
use crate::domain::types::location::{Location, Part};
use crate::domain::types::{Metadata, TypeFacts};
use crate::domain::{Arn, Invalid, PointDetails, Resource};
use crate::engine::drivers::http::BRIEF;
use crate::engine::drivers::proof::{Counted, Files, Noted};
use crate::engine::drivers::{
    BackupCx, Driver, Fault, Made, ProbeCx, Probed, Proof, RestoreAsk, RestoreCx, RestorePlan, Source, Target, endpoint,
};
use client::Client;

/// The driver of tables.
pub struct DynamoDb;

/// What stands before a table's name in its ARN.
const PREFIX: &str = "table/";

/// What is proven of a recovery point.
static PROOF: Files = Files {
    what: "files of the table",
    noted: &[Noted { name: "Items", what: "Items in the files of the table", ending: ".jsonl", by: Counted::Lines }],
};

impl Driver for DynamoDb {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        let table = table_of(cx.at);
        check_table(table).map_err(|rule| Invalid::value("Table", rule))?;
        let endpoint = check_endpoint(endpoint_of(cx.at)).map_err(|rule| Invalid::value("Endpoint", rule))?;
        let location = location(endpoint, table.to_owned());
        let client = Client::open(&location, cx.secret, BRIEF)?;
        client.describe(None)?;
        // What it may describe it need not be allowed to read.
        client.scan_one()?;
        Ok(Probed { location, mark: None })
    }

    /// The table's name.
    fn new_id(&self, _: &str, at: &Location) -> Result<String, Fault> {
        Ok(table_of(at).to_owned())
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        source::open(cx)
    }

    fn proposal(&self, resource: &Arn, _: &PointDetails) -> Metadata {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let name = resource.resource().strip_prefix(PREFIX).unwrap_or_else(|| resource.resource());
        let base: String = name.chars().take(237).collect();
        let name = format!("{base}-restored-{}", &unique[..8]);
        [(TABLE_KEY, name), ("encryptionType", "Default".to_owned())].map(|(key, value)| (key.to_owned(), value)).into()
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

    /// By its name, at the same place.
    fn is_made(&self, made: &Made, resource: &Resource) -> bool {
        let at = &resource.location;
        made.physical_id == table_of(at) && endpoint::is_one_place(&made.endpoint, endpoint_of(at))
    }
}

fn location(endpoint: String, table: String) -> Location {
    Location::of([(Part::Endpoint, endpoint), (Part::Table, table)])
}

fn table_of(location: &Location) -> &str {
    location.part(Part::Table).unwrap_or_default()
}

fn endpoint_of(location: &Location) -> &str {
    location.part(Part::Endpoint).unwrap_or_default()
}
