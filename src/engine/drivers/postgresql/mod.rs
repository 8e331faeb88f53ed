//! RDS and Aurora with PostgreSQL: a resource is a database cluster of any server from version 13 on.
//!
//! A recovery point holds the cluster's files at `/data`, as `pg_basebackup` makes them: `backup_label`, `backup_manifest`, the
//! write-ahead log of the time of the backup in `pg_wal`, and everything else as it is on the server, with its owners and modes. So
//!
//! ```text
//! restic restore SNAPSHOT --target FOLDER
//! pg_verifybackup FOLDER/data
//! pg_ctl -D FOLDER/data start
//! ```
//!
//! makes a server of it, and so does a restore, which puts the same files into a folder. The server recovers to the end of the
//! backup: one moment, the same for every transaction.
//!
//! The files come through PostgreSQL's own replication protocol, spoken by `pg_basebackup`, as one archive in a pipe: nothing is
//! kept on this machine in between. What did not change since the last backup is not stored again: files are cut into pieces of
//! 64 KiB, which are eight pages. Nor is it read where the server can tell it and all speaks for its being the cluster that was backed up
//! (`incremental`, `trace`); else all of the cluster is read. The content of each file is what its checksum in `backup_manifest` is of, or
//! there is no recovery point. A temporary replication slot, held by a session of `psql`, keeps the log from being recycled meanwhile; it
//! ends with that session, however that ends.
//!
//! # Continuous
//!
//! A continuous recovery point has a folder for each of its bases, `/data`, `/data-2` and so on, and in the `pg_wal` of each the log from
//! there to where the next one has it: whole segments under their names, the last of them up to its last whole record. A restore to a
//! moment takes the last base before it, and adds `recovery.signal` and settings to `postgresql.auto.conf` (`recovery`): the server
//! recovers from its own `pg_wal` and stops behind the last commit of that moment. `pg_receivewal` fetches the log (`follow`); its
//! records are walked over (`wal`), since only what is whole may be promised, and since a server that is told to stop at a moment
//! behind which it finds no commit does not start.
//!
//! libpq of those programs makes the connections, so TLS and all of PostgreSQL's ways to authenticate work as everywhere:
//! `?sslmode=verify-full&sslrootcert=/path` in the URL. The server's user has to be a superuser or have the right REPLICATION.
//! Clusters with tablespaces are refused, by the names of those.

mod archive;
pub mod cluster;
mod coming;
mod follow;
mod incremental;
mod items;
mod manifest;
mod proof;
mod recovery;
mod rows;
mod scratch;
mod server;
mod sight;
mod source;
mod stream;
mod tar;
mod target;
mod trace;
mod tree;
mod wal;

use crate::domain::proof::Check;
use crate::domain::types::location::{Location, Part};
use crate::domain::types::{Metadata, TypeFacts, aurora, database, rds};
use crate::domain::{Arn, Invalid, PointDetails};
use crate::engine::drivers::psql::{address, faults, programs};
use crate::engine::drivers::unique::unique;
use crate::engine::drivers::{
    BackupCx, Continuous, Driver, Fault, Glimpse, Mark, ProbeCx, Probed, Proof, ProofCx, RestoreAsk, RestoreCx,
    RestorePlan, SightCx, Source, Target,
};
use address::Address;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The driver of database clusters, as one of the two services that AWS has for them.
pub struct PostgreSql(&'static Service);

/// The driver of RDS instances.
pub static RDS: PostgreSql = PostgreSql(&Service {
    facts: &rds::FACTS,
    prefix: "db:",
    engine: rds::ENGINE,
    identifier_key: rds::IDENTIFIER_KEY,
    engine_key: rds::ENGINE_KEY,
    read: rds::read,
    supported: rds::supported_by_engine,
});

/// The driver of Aurora clusters.
pub static AURORA: PostgreSql = PostgreSql(&Service {
    facts: &aurora::FACTS,
    prefix: "cluster:",
    engine: aurora::ENGINE,
    identifier_key: aurora::IDENTIFIER_KEY,
    engine_key: aurora::ENGINE_KEY,
    read: aurora::read,
    supported: aurora::supported_by_engine,
});

/// What tells the two services apart.
struct Service {
    facts: &'static TypeFacts,
    /// What stands before a resource's id in its ARN.
    prefix: &'static str,
    engine: &'static str,
    identifier_key: &'static str,
    engine_key: &'static str,
    read: fn(&Metadata) -> Result<database::DatabaseRestore, Invalid>,
    supported: fn(&Metadata) -> Result<(), Invalid>,
}

/// What was seen of a cluster, when it was registered or last backed up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Seen {
    /// What tells this cluster from every other one.
    system_identifier: String,
    /// The server's version, as in `15.18`.
    version: String,
    /// All databases together, as far as the user may know.
    size_bytes: u64,
    /// The server's `wal_level`.
    wal_level: String,
}

impl Driver for PostgreSql {
    fn facts(&self) -> &'static TypeFacts {
        self.0.facts
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        let engine = cx.at.part(Part::Engine);
        if let Some(other) = engine.filter(|engine| *engine != self.0.engine) {
            let rule = format!("{other:?} cannot be backed up: this engine knows {}", self.0.engine);
            return Err(Invalid::value("Engine", rule).into());
        }
        let url = cx.at.part(Part::Url).unwrap_or_default();
        let address = Address::parse(url).map_err(|rule| Invalid::value("Url", rule))?;
        let seen = server::probe(&address, cx.secret)?;
        let engine = engine.map(|engine| (Part::Engine, engine.to_owned()));
        let location = Location::of([(Part::Url, address.to_string())].into_iter().chain(engine));
        Ok(Probed { location, mark: Some(Mark::of(&seen)) })
    }

    fn told(&self, mark: &Mark) -> BTreeMap<String, String> {
        mark.told(&[
            ("Version", "EngineVersion"),
            ("SizeBytes", "DatabaseBytes"),
            ("SystemIdentifier", "SystemIdentifier"),
            ("WalLevel", "WalLevel"),
        ])
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
        let base: String = self.id_of(resource).chars().take(44).collect();
        let name = format!("{}-restored-{}", base.trim_end_matches('-'), &unique[..8]);
        [(self.0.identifier_key, name), (self.0.engine_key, self.0.engine.to_owned())]
            .map(|(key, value)| (key.to_owned(), value))
            .into()
    }

    fn plan(&self, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
        items::plan(self, ask)?.map_or_else(|| target::plan(self, ask), Ok)
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        items::open(self, cx)?.map_or_else(|| target::open(self, cx), Ok)
    }

    fn continuous(&self, _: &Location) -> Option<&dyn Continuous> {
        Some(&follow::Log)
    }

    fn sight(&self, cx: &SightCx<'_>) -> Result<Glimpse, Fault> {
        sight::sight(cx)
    }

    fn proof(&self, _: &PointDetails) -> Option<&dyn Proof> {
        Some(self)
    }
}

impl Proof for PostgreSql {
    fn ready(&self, details: &PointDetails) -> Result<(), Fault> {
        proof::programs(details).map(drop)
    }

    fn is_for_others(&self) -> bool {
        true
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        target::open(self, cx)
    }

    fn prove(&self, cx: &ProofCx<'_>) -> Result<Vec<Check>, Fault> {
        proof::prove(cx)
    }

    fn clean(&self, scratch: &Path) {
        if let Some(data) = self.place(scratch).path() {
            scratch::forget_memory(data);
        }
    }
}

impl PostgreSql {
    /// The id in a resource's ARN.
    fn id_of<'a>(&self, resource: &'a Arn) -> &'a str {
        resource.resource().strip_prefix(self.0.prefix).unwrap_or_else(|| resource.resource())
    }
}
