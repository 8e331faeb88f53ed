//! How far the log of a server goes, and when.

use super::super::address::Address;
use super::super::server::ask;
use super::super::version::Version;
use super::super::{faults, rows};
use super::checks::is_safe;
use super::names::LogName;
use crate::domain::{Secret, Time};
use crate::engine::drivers::{Broken, Fault};

/// What a server says that has no log.
const NO_LOG: &str = "You are not using binary logging";

/// The log of a server as it was at one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// The server's time before and after that.
    pub(super) before: Time,
    pub(super) after: Time,
    /// What the server makes of its machine and its port.
    pub(super) server_uid: String,
    /// Its version.
    pub(super) version: Option<Version>,
    /// The log's files, the oldest first, with their sizes. Never empty.
    pub(super) files: Vec<(LogName, u64)>,
}

/// Asks a server how far its log goes.
pub(super) fn look(address: &Address, secret: Option<&Secret>) -> Result<Seen, Broken> {
    let place = address.place();
    let answer = ask(address, secret, rows::LOG_FILES).map_err(|fault| {
        if fault.to_string().contains(NO_LOG) {
            return Broken::Gap(format!("the server at {place} writes no binary log any more (log_bin)"));
        }
        Broken::For(fault)
    })?;
    let strange = || Broken::For(faults::fault(address, "it does not say how far its log goes as MariaDB does"));
    let [first, files @ .., last] = &answer[..] else { return Err(strange()) };
    let ([before, server_uid, format, version], [after]) = (&first[..], &last[..]) else {
        return Err(strange());
    };
    if !is_safe(format) {
        return Err(Broken::Gap(format!(
            "the server at {place} has binlog_format={format} now, and statements may do something else when they run again; set \
             it to ROW"
        )));
    }
    let file = |row: &Vec<String>| Some((LogName::parse(row.first()?)?, row.get(1)?.parse().ok()?));
    let files: Option<Vec<_>> = files.iter().map(file).collect();
    Ok(Seen {
        before: time(before).ok_or_else(strange)?,
        after: time(after).ok_or_else(strange)?,
        server_uid: server_uid.clone(),
        version: Version::of(version),
        files: files.filter(|files| !files.is_empty()).ok_or_else(strange)?,
    })
}

/// What is known of a server at one time that a restore needs.
pub(in crate::engine::drivers::mariadb) struct Standing {
    /// The server's time.
    pub(in crate::engine::drivers::mariadb) time: Time,
    /// What there is to say of its recovery point.
    pub(in crate::engine::drivers::mariadb) details: [(String, String); 3],
}

/// Asks a server how it stands.
pub(in crate::engine::drivers::mariadb) fn standing(
    address: &Address,
    secret: Option<&Secret>,
) -> Result<Standing, Fault> {
    let row = ask(address, secret, rows::STANDING)?.into_iter().next();
    let strange = || faults::fault(address, "it does not say what time it is as MariaDB does");
    let [now, names, engine, zone] = row.and_then(|row| <[String; 4]>::try_from(row).ok()).ok_or_else(strange)?;
    let details = [(NAMES_DETAIL, names), (STORAGE_DETAIL, engine), (ZONE_DETAIL, zone)];
    let details = details.map(|(name, value)| (name.to_owned(), value));
    Ok(Standing { time: time(&now).ok_or_else(strange)?, details })
}

/// How the server takes capital letters in names of tables, as a detail of a recovery point.
pub(super) const NAMES_DETAIL: &str = "LowerCaseTableNames";
/// The engine of tables that name none.
pub(super) const STORAGE_DETAIL: &str = "DefaultStorageEngine";
/// The time zone of its machine.
pub(super) const ZONE_DETAIL: &str = "SystemTimeZone";

/// Seconds since 1970, with up to six digits behind the point.
fn time(text: &str) -> Option<Time> {
    let (seconds, part) = text.split_once('.').unwrap_or((text, "0"));
    let micros: u32 = format!("{part:0<6}").get(..6)?.parse().ok()?;
    Time::from_timestamp(seconds.parse().ok()?, micros * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_the_server_writes_it() {
        let read = |text: &str| time(text).map(|time| (time.timestamp(), time.timestamp_subsec_micros()));
        assert_eq!(read("1795731762.588422"), Some((1_795_731_762, 588_422)));
        assert_eq!(read("1795731762.5"), Some((1_795_731_762, 500_000)));
        assert_eq!((read("1795731762"), read("NULL")), (Some((1_795_731_762, 0)), None));
    }
}
