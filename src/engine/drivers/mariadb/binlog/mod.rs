//! The binary log of a server, which continuous backup follows, and a restore to a moment runs through.
//!
//! A base has in `xtrabackup_binlog_info` where the log goes on behind it. Beside its files, in `binary-logs`, lie the files of the
//! server's log from that one on, under their names and as they are there, the last of them up to its last whole transaction;
//! and beside each a file of [`sights`]. No database can have that folder: a `-` in the name of one is written otherwise.
//!
//! Whatever was committed before a moment is in what is restored to it, and nothing later. The log has whole seconds, of
//! the begin of a transaction's COMMIT, or of a statement that commits by itself, and so moments are whole seconds; where a
//! statement ran longer, what was seen of the log counts.

mod apply;
mod checks;
mod events;
mod fetch;
mod follow;
mod groups;
mod names;
mod scratch;
mod server;
mod sights;
#[cfg(test)]
mod tests;

pub(super) use apply::{apply, check_programs};
pub(super) use server::standing;

use super::address::Address;
use super::version::Version;
use crate::domain::types::location::{Location, Part};
use crate::domain::{PointDetails, Secret};
use crate::engine::drivers::{Broken, Continuous, Fault, FollowCx, Follower, Mark, Needed, Registered};
use follow::{Following, Place};
use names::LogName;

/// The folder of a base in which the log lies.
pub(super) const FOLDER: &str = "binary-logs";

/// The detail of a recovery point that says where the log goes on, as mariadb-backup tells it.
pub(super) const POSITION_DETAIL: &str = "BinlogPosition";

/// The detail of a recovery point that has the version of the server.
const VERSION_DETAIL: &str = "EngineVersion";

/// The log of servers whose data directory is reachable.
pub(super) struct Log;

impl Continuous for Log {
    /// A server cannot be told to keep its log.
    fn hold(&self, of: &Registered, _: &str) -> Result<(), Fault> {
        can_follow(&of.resource.location, of.secret.as_ref())
    }

    fn release(&self, _: &Registered, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn behind(&self, base: &PointDetails) -> Result<Mark, Fault> {
        let version = base.get(VERSION_DETAIL).and_then(|version| Version::of(version));
        let place =
            place_of(base).map(|(file, position)| Mark::of(&Place::behind(&file, position).of_version(version)));
        place.ok_or_else(|| Fault::Failed("The base does not say where the binary log goes on behind it.".to_owned()))
    }

    fn log_folder(&self) -> &'static str {
        FOLDER
    }

    /// The file in which a base ends goes on behind it.
    fn needed(&self, base: &PointDetails) -> Needed {
        let first = place_of(base).map(|(first, _)| first);
        Needed::Files(Box::new(move |file| {
            let Some((first, name)) = first.as_ref().zip(LogName::about(file)) else { return true };
            name.number_in(first) >= first.number_in(first)
        }))
    }

    fn follow(&self, cx: &FollowCx<'_>) -> Result<Box<dyn Follower>, Broken> {
        Ok(Box::new(Following::begin(cx)?))
    }
}

/// The log of servers that only the network reaches: their dumps do not say where it goes on.
pub(super) struct OutOfReach;

impl Continuous for OutOfReach {
    fn hold(&self, of: &Registered, _: &str) -> Result<(), Fault> {
        can_follow(&of.resource.location, of.secret.as_ref())
    }

    fn release(&self, _: &Registered, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn behind(&self, _: &PointDetails) -> Result<Mark, Fault> {
        Err(Fault::Failed("A dump does not say where the binary log goes on behind it.".to_owned()))
    }

    fn log_folder(&self) -> &'static str {
        FOLDER
    }

    fn follow(&self, cx: &FollowCx<'_>) -> Result<Box<dyn Follower>, Broken> {
        let name = &cx.of.resource.name;
        Err(Broken::Gap(format!("{name} is registered without its data directory now (--path)")))
    }
}

/// Whether a file in the log's folder is one of the log, and not what was seen of one.
pub(super) fn is_log(name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(|name| LogName::parse(name).is_some())
}

/// Refuses a server whose log cannot be followed, with what it would need.
pub(super) fn can_follow(at: &Location, secret: Option<&Secret>) -> Result<(), Fault> {
    let url = at.part(Part::Url).ok_or_else(|| Fault::Failed(format!("{at} is no server.")))?;
    let address = Address::parse(url).map_err(|rule| Fault::Failed(format!("The URL {rule}.")))?;
    if at.path().is_some() {
        return checks::check(&address, secret);
    }
    let found = format!("For continuous backup, the MariaDB server at {}", address.place());
    let needs = "its data directory, which this machine can read (vaultdeck resource add with --path); a rule without \
                 EnableContinuousBackup makes snapshots of it";
    Err(Fault::Unsupported { found, needs: needs.to_owned() })
}

/// Where the log goes on behind a base: `filename 'mariadb-bin.000001', position '859'` and more.
fn place_of(base: &PointDetails) -> Option<(LogName, u64)> {
    let told = base.get(POSITION_DETAIL)?;
    let value = |name: &str| told.split_once(name)?.1.trim_start().strip_prefix('\'')?.split('\'').next();
    Some((LogName::parse(value("filename")?)?, value("position")?.parse().ok()?))
}
