//! RDS and Aurora with MariaDB: a resource is all that one server has, of any version from 10.5 on.
//!
//! Where only the network reaches a server, `dump` has how it is backed up. Where its data directory is reachable (`--path`), a recovery point holds its files at `/data`, as `mariadb-backup`
//! copies them while the server works, with the log of the time of the copy. So
//!
//! ```text
//! restic restore SNAPSHOT --target FOLDER
//! mariadb-backup --prepare --target-dir=FOLDER/data
//! mariadbd --datadir=FOLDER/data
//! ```
//!
//! makes a server of it; where its pages are not of the usual size, `--defaults-file=FOLDER/data/backup-my.cnf` tells that to
//! `mariadbd`. A restore puts the same files into a folder and prepares them: InnoDB's files become those of the moment at which the
//! copy ended, the same for every transaction. That is done at the restore and not at the backup, since it needs all files at once: so
//! nothing of a backup but the log of its time lies on this machine in between, in a file without a name.
//!
//! All of the server is read each time. What did not change since the last backup is not stored again: files are cut into pieces of
//! 64 KiB, which are four pages. The log since the server's last checkpoint is stored each time too.
//!
//! `mariadb` and `mariadb-backup` make the connections. A password is in their environment only.

mod address;
mod arrivals;
mod aside;
mod binlog;
mod crc32;
mod dump;
mod exact;
mod faults;
mod items;
mod owner;
mod place;
mod programs;
mod proof;
mod rows;
mod scratch;
mod server;
mod sight;
mod source;
mod starting;
mod stream;
mod target;
mod tree;
mod version;

use crate::domain::proof::Check;
use crate::domain::types::location::{Location, Part};
use crate::domain::types::{Metadata, TypeFacts, aurora, database, rds};
use crate::domain::{Arn, Invalid, PointDetails, Secret};
use crate::engine::drivers::{
    BackupCx, Continuous, Driver, Fault, Glimpse, Mark, ProbeCx, Probed, Proof, ProofCx, RestoreAsk, RestoreCx,
    RestorePlan, SightCx, Source, Target,
};
use address::Address;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a URL of such a server begins with.
pub(super) const SCHEMES: [&str; 2] = ["mysql", "mariadb"];

/// The detail of a recovery point that says of which database it is, and what it says of these.
pub(super) const ENGINE_DETAIL: (&str, &str) = ("Engine", "mariadb");

/// The driver of MariaDB's servers, as one of the two services that AWS has for them.
pub struct MariaDb(&'static Service);

/// As RDS instances.
pub static RDS: MariaDb = MariaDb(&Service {
    facts: &rds::FACTS,
    prefix: "db:",
    engine: rds::MARIADB,
    identifier_key: rds::IDENTIFIER_KEY,
    engine_key: rds::ENGINE_KEY,
    read: rds::read,
    supported: rds::supported_by_engine,
});

/// As Aurora clusters.
pub static AURORA: MariaDb = MariaDb(&Service {
    facts: &aurora::FACTS,
    prefix: "cluster:",
    engine: aurora::MYSQL,
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

/// What was seen of a server, when it was registered or last backed up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Seen {
    /// What the server makes of its machine and its port.
    server_uid: String,
    /// When its oldest system table was made, in seconds since 1970; 0 where the user may not see that.
    born: i64,
    /// Its version, as in `10.11.19-MariaDB`.
    version: String,
}

impl Seen {
    /// Whether this is the server that was seen before. Its data tells that where they are seen; a server moves to other machines
    /// with them.
    fn is(&self, before: &Self) -> bool {
        if self.born > 0 && before.born > 0 {
            return self.born == before.born;
        }
        self.server_uid == before.server_uid
    }
}

impl Driver for MariaDb {
    fn facts(&self) -> &'static TypeFacts {
        self.0.facts
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        let address = cx.at.part(Part::Url).unwrap_or_default();
        let address = Address::parse(address).map_err(|rule| Invalid::value("Url", rule))?;
        let server = server::look(&address, cx.secret)?;
        let path = match cx.at.path() {
            None => {
                dump::check(&address, cx.secret)?;
                None
            }
            Some(given) => {
                let path = place::check(given, &address, &server)?;
                place::keep_apart(&path, cx.data_dir)?;
                server::check_programs(&address, &server.version)?;
                server::files(&address, cx.secret)?;
                Some(path.to_string_lossy().into_owned())
            }
        };
        let location = Location::of([(Part::Url, address.to_string())])
            .with(Part::Path, path.as_deref())
            .with(Part::Engine, cx.at.part(Part::Engine));
        Ok(Probed { location, mark: Some(Mark::of(&server.seen)) })
    }

    fn told(&self, mark: &Mark) -> BTreeMap<String, String> {
        mark.told(&[("Version", "EngineVersion"), ("ServerUid", "ServerUid")])
    }

    /// The name, in small letters as AWS keeps it.
    fn new_id(&self, name: &str, _: &Location) -> Result<String, Fault> {
        database::check_identifier(name).map_err(|rule| Invalid::value("Name", rule))?;
        Ok(name.to_ascii_lowercase())
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        let location = &cx.of.resource.location;
        if location.part(Part::Url).is_some() && location.path().is_none() { dump::open(cx) } else { source::open(cx) }
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
        if let Some(plan) = items::plan(self, ask)? {
            return Ok(plan);
        }
        if dump::is_dump(ask.details) { dump::plan(self, ask) } else { target::plan(self, ask) }
    }

    fn continuous(&self, at: &Location) -> Option<&dyn Continuous> {
        if at.part(Part::Url).is_some() && at.path().is_none() { Some(&binlog::OutOfReach) } else { Some(&binlog::Log) }
    }

    fn can_be_continuous(&self, probed: &Probed, secret: Option<&Secret>) -> Result<(), String> {
        binlog::can_follow(&probed.location, secret).map_err(|fault| fault.to_string())
    }

    fn sight(&self, cx: &SightCx<'_>) -> Result<Glimpse, Fault> {
        sight::sight(cx)
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        if let Some(target) = items::open(self, cx)? {
            return Ok(target);
        }
        if dump::holds(cx.content)? { dump::target(self, cx) } else { target::open(self, cx) }
    }

    fn proof(&self, details: &PointDetails) -> Option<&dyn Proof> {
        if dump::is_dump(details) { Some(&proof::DUMP) } else { Some(self) }
    }
}

impl Proof for MariaDb {
    fn ready(&self, details: &PointDetails) -> Result<(), Fault> {
        target::check_programs(details.get("EngineVersion").map(String::as_str))?;
        proof::check_server(details)
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
}

impl MariaDb {
    /// What a restore makes has another name than what was backed up, as long as that is there.
    fn refuse_own_name(&self, ask: &RestoreAsk<'_>, identifier: &str) -> Result<(), Fault> {
        if ask.source.is_none() || identifier != self.id_of(ask.resource_arn) {
            return Ok(());
        }
        let rule = format!("must be a new name: {identifier} is what was backed up, and is there still");
        Err(Invalid::value(format!("Metadata.{}", self.0.identifier_key), rule).into())
    }

    /// The id in a resource's ARN.
    fn id_of<'a>(&self, resource: &'a Arn) -> &'a str {
        resource.resource().strip_prefix(self.0.prefix).unwrap_or_else(|| resource.resource())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_data_and_else_by_its_machine() {
        let seen = |uid: &str, born| Seen { server_uid: uid.to_owned(), born, ..Seen::default() };
        for (now, before, is) in [
            (seen("a", 5), seen("a", 5), true),
            (seen("b", 5), seen("a", 5), true),
            (seen("a", 9), seen("a", 5), false),
            (seen("a", 0), seen("a", 5), true),
            (seen("b", 0), seen("a", 5), false),
        ] {
            assert_eq!(now.is(&before), is, "{now:?} {before:?}");
        }
    }
}
