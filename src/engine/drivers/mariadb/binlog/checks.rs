//! Whether the log of a server is one that continuous backup can rest on.

use super::super::address::Address;
use super::super::server::{ask, check_rights};
use super::super::{faults, rows};
use crate::domain::Secret;
use crate::engine::drivers::Fault;

/// The rights that reading the log needs.
const RIGHTS: [&str; 2] = ["REPLICATION SLAVE", "BINLOG MONITOR"];

/// The format in which the log has what changed, and no statement that may do something else when it runs again, or needs a
/// temporary table that was made before.
const FORMAT: &str = "ROW";

/// Whether a server logs so.
pub(super) fn is_safe(format: &str) -> bool {
    format.eq_ignore_ascii_case(FORMAT)
}

/// Refuses a server whose log does not have all that changes, or that the user may not read.
pub(super) fn check(address: &Address, secret: Option<&Secret>) -> Result<(), Fault> {
    let row = ask(address, secret, rows::LOG)?.into_iter().next();
    let Some([log_bin, format, encrypts, misses]) = row.and_then(|row| <[String; 4]>::try_from(row).ok()) else {
        return Err(faults::fault(address, "it does not say how it writes its log as MariaDB does"));
    };
    let refuse = |found: &str, needs: &str| {
        let found = format!("For continuous backup, the MariaDB server at {} {found}", address.place());
        Err(Fault::Unsupported { found, needs: needs.to_owned() })
    };
    if log_bin == "0" {
        return refuse("without a binary log", "log_bin in its settings (log_bin, binlog_format=ROW), and a restart");
    }
    if !is_safe(&format) {
        let needs = "binlog_format=ROW (SET GLOBAL binlog_format = 'ROW', and in its settings), since statements may do something \
                     else when they run again";
        return refuse(&format!("with binlog_format={format}"), needs);
    }
    if encrypts == "1" {
        return refuse(
            "with encrypt_binlog=ON",
            "a log that is not encrypted on the server; in the vault it is encrypted",
        );
    }
    if misses != "0" {
        return refuse(
            "which replicates from another one without log_slave_updates",
            "log_slave_updates=ON in its settings",
        );
    }
    check_rights(address, secret, &RIGHTS)?;
    let status = ask(address, secret, rows::LOG_STATUS)?.into_iter().next().unwrap_or_default();
    if status.iter().skip(2).take(2).any(|filter| !filter.is_empty()) {
        return refuse("with binlog_do_db or binlog_ignore_db", "a log of all databases, without these settings");
    }
    Ok(())
}
