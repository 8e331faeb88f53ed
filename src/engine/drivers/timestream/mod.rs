//! Timestream: a resource is a database of a server that speaks InfluxDB's protocol (1.x).
//!
//! | in a recovery point | what |
//! | --- | --- |
//! | `/database/database.json` | the retention policies |
//! | `/database/POLICY/MEASUREMENT/2026-11-23.lp` | the points of one day (UTC) in the line protocol, with nanoseconds: series by series in the order of their tags, those of one series by time |
//!
//! Each file begins with comments that name its database and policy, so that `influx -import -precision=ns -path=FILE` takes it;
//! `curl --data-binary @FILE 'http://HOST:PORT/write?db=D&rp=POLICY'` does too. Names that no file can have are percent-encoded.
//!
//! AWS's resource is a table, and a table is what is called a measurement here. A resource is nonetheless a whole database: that is
//! what one backs up of an InfluxDB, where measurements come into being by being written to, and one that nobody registered
//! would be missing. So the second part of its ARN, which AWS has for the table, is the name that the resource was registered with.
//!
//! Types are those of the server: integers, floats, strings and booleans, floats by the digits that it writes. A day whose points are as before gives the
//! same file and is not stored again. The points of a day are those of one moment; those of the whole database are not.
//! Continuous queries, subscriptions and users are not backed up.

mod answer;
mod client;
mod days;
mod faults;
mod line;
mod pieces;
mod policies;
mod rows;
mod source;
mod target;
#[cfg(test)]
mod tests;

use crate::domain::types::endpoint::check_server;
use crate::domain::types::location::{Location, Part};
use crate::domain::types::timestream::{DATABASE_KEY, DAYS_KEY, FACTS, MEMORY_KEY, MOST_DAYS, TABLE_KEY, check_name};
use crate::domain::types::{Metadata, TypeFacts};
use crate::domain::{Arn, Invalid, PointDetails};
use crate::engine::drivers::http::BRIEF;
use crate::engine::drivers::proof::{Counted, Files, Noted};
use crate::engine::drivers::{
    BackupCx, Driver, Fault, ProbeCx, Probed, Proof, RestoreAsk, RestoreCx, RestorePlan, Source, Target,
};
use client::Client;

/// The driver of databases.
pub struct Timestream;

/// What is proven of a recovery point.
static PROOF: Files = Files {
    what: "files of the database",
    noted: &[Noted { name: "Points", what: "Points in the files of the database", ending: ".lp", by: Counted::Points }],
};

impl Driver for Timestream {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        let database = database_of(cx.at);
        check_name(database).map_err(|rule| Invalid::value("Database", rule))?;
        let url = check_server(url_of(cx.at)).map_err(|rule| Invalid::value("Url", rule))?;
        let location = location(url, database.to_owned());
        let client = Client::open(&location, cx.secret, BRIEF)?;
        client.look_at_server()?;
        client.policies(None)?;
        Ok(Probed { location, mark: None })
    }

    /// The database, and the name by which it is registered.
    fn new_id(&self, name: &str, at: &Location) -> Result<String, Fault> {
        check_name(name).map_err(|rule| Invalid::value("Name", rule))?;
        Ok(format!("{}/{name}", database_of(at)))
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        source::open(cx)
    }

    fn proposal(&self, resource: &Arn, _: &PointDetails) -> Metadata {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let mut parts = resource.resource().split('/');
        let (database, table) = (parts.nth(1).unwrap_or("database"), parts.nth(1).unwrap_or("table"));
        let base: String = database.chars().take(238).collect();
        let database = format!("{base}-restored-{}", &unique[..8]);
        [
            (DATABASE_KEY, database),
            (TABLE_KEY, table.to_owned()),
            (MEMORY_KEY, "6".to_owned()),
            (DAYS_KEY, MOST_DAYS.to_string()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
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

fn location(url: String, database: String) -> Location {
    Location::of([(Part::Url, url), (Part::Database, database)])
}

fn database_of(location: &Location) -> &str {
    location.part(Part::Database).unwrap_or_default()
}

fn url_of(location: &Location) -> &str {
    location.part(Part::Url).unwrap_or_default()
}
