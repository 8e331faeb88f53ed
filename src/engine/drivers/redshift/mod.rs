//! Redshift: a resource is a database of a server that speaks PostgreSQL's protocol and has what Redshift has: tables, views, keys.
//!
//! A recovery point holds, below `/dump`, `SCHEMA/TABLE.csv` with the rows of each table, `schema.sql` and `schema-after.sql`, which make
//! what comes before and after the rows, and `database.json`, which says the same to a restore. Names that no file can have are written
//! with `%XX`. In the CSV every value is quoted but truth values, and nothing stands where there is none; the first line names the columns.
//! So
//!
//! ```text
//! restic restore SNAPSHOT --target FOLDER
//! createdb NEW && cd FOLDER/dump && psql -d NEW -f schema.sql
//! psql -d NEW -c '\copy "SCHEMA"."TABLE" FROM SCHEMA/TABLE.csv CSV HEADER'      # for each
//! psql -d NEW -f schema-after.sql
//! ```
//!
//! brings it back too; a table with computed columns wants those that it has not in `\copy … (COLUMNS) FROM`.
//!
//! Whoever may make a table chooses names, values and what is checked: none of it may be a command to `psql`, which finds commands in
//! what it is told. Literals mean the same in every mode, checks come after the rows, answers are parted by what nobody can guess.
//!
//! All of it is read in one transaction of one session of `psql`, repeatable and read-only, so it is of one moment. Rows come by a cursor, with
//! the quotes put around values by the server: Redshift has no `COPY … TO STDOUT`, and both have this. Rows of a table with a primary
//! key come in its order, others as the server gives them; all are read each time, and what did not change is not stored again. They go back by
//! `INSERT` with many rows each, which both have too.
//!
//! Tables and views alone are backed up, with keys, rules, indexes, defaults and sequences. What a table needs and could not be made
//! again (types and functions of users, extensions, partitions) makes a backup fail by name; what stands alone (functions, triggers, policies,
//! rules, exclusion constraints, materialized views, options of views, large objects, comments) is left out, and the job says so. Owners and rights are left out too, and of Redshift the distribution and sort keys.

mod csv;
mod insert;
mod inventory;
mod new_database;
mod rows;
mod session;
mod source;
mod target;

use crate::domain::types::location::{Location, Part};
use crate::domain::types::redshift::{FACTS, IDENTIFIER_KEY, TYPE_KEY, WHOLE};
use crate::domain::types::{Metadata, TypeFacts, database};
use crate::domain::{Arn, Invalid, PointDetails};
use crate::engine::drivers::proof::{Counted, Files, Noted};
use crate::engine::drivers::psql::address::Address;
use crate::engine::drivers::unique::unique;
use crate::engine::drivers::{
    BackupCx, Driver, Fault, Mark, ProbeCx, Probed, Proof, RestoreAsk, RestoreCx, RestorePlan, Source, Target,
};
use serde::{Deserialize, Serialize};
use session::Session;
use std::collections::BTreeMap;

/// What stands before a resource's id in its ARN.
const PREFIX: &str = "cluster:";

/// The driver of databases of tables.
pub struct Redshift;

/// What was seen of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Seen {
    version: String,
    /// What tells the server from every other one, where it says it.
    #[serde(default)]
    system_identifier: Option<String>,
    /// What tells the database from every other one of the server.
    #[serde(default)]
    database: Option<String>,
}

impl Seen {
    /// Whether this is of another database than that, as far as both are known.
    fn is_other(&self, than: &Self) -> bool {
        let differ = |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
        differ(&self.system_identifier, &than.system_identifier) || differ(&self.database, &than.database)
    }
}

/// What is proven of a recovery point.
static PROOF: Files = Files {
    what: "files of the tables",
    noted: &[Noted { name: "Tables", what: "Tables with their rows in a file", ending: ".csv", by: Counted::Files }],
};

impl Driver for Redshift {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    /// Looks at everything, so that what cannot be backed up is known now.
    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        let url = cx.at.part(Part::Url).unwrap_or_default();
        let address = Address::parse(url).map_err(|rule| Invalid::value("Url", rule))?;
        let mut session = Session::connect(&address, database_of(cx.at), cx.secret)?;
        let (server, _) = inventory::find(&mut session)?;
        let seen = inventory::identify(&mut session, server)?;
        session.close();
        let location = location(address.to_string(), database_of(cx.at));
        Ok(Probed { location, mark: Some(Mark::of(&seen)) })
    }

    fn told(&self, mark: &Mark) -> BTreeMap<String, String> {
        mark.told(&[("Version", "EngineVersion")])
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
        let base: String = id_of(resource).chars().take(40).collect();
        let name = format!("{}-restored-{}", base.trim_end_matches('-'), &unique[..8]);
        [(IDENTIFIER_KEY, name), (TYPE_KEY, WHOLE.to_owned())].map(|(key, value)| (key.to_owned(), value)).into()
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

fn location(url: String, database: &str) -> Location {
    Location::of([(Part::Url, url), (Part::Database, database.to_owned())])
}

fn database_of(at: &Location) -> &str {
    at.part(Part::Database).unwrap_or_default()
}

/// The server of a location that was registered.
fn address_of(at: &Location) -> Result<Address, Fault> {
    let url = at.part(Part::Url).unwrap_or_default();
    Address::parse(url).map_err(|rule| Fault::Failed(format!("The URL {rule}.")))
}
