//! What the words of PostgreSQL's programs mean.

use super::address::Address;
use crate::engine::drivers::Fault;
use chrono::Duration;

/// When to try again what failed for the time being.
const AGAIN_SECONDS: i64 = 60;

/// Words of a server or of libpq that does not let a user in, or lets it do too little.
const DENIED: [&str; 9] = [
    "password authentication failed",
    "no password supplied",
    "authentication failed",
    "no pg_hba.conf entry",
    "pg_hba.conf rejects",
    "permission denied",
    "must be superuser",
    "is not permitted to log in",
    "does not support SSL, but SSL was required",
];

/// Words of what may be over soon.
const FOR_NOW: [&str; 18] = [
    "did nothing for",
    "Connection refused",
    "Connection reset",
    "No route to host",
    "Network is unreachable",
    "No such file or directory",
    "could not translate host name",
    "timeout expired",
    "timed out",
    "the database system is",
    "due to lock timeout",
    "terminating connection",
    "server closed the connection unexpectedly",
    "too many clients",
    "too many connections",
    "remaining connection slots",
    "exceeds max_wal_senders",
    "is being accessed by other users",
];

/// Words of what a user asks for and is not there.
const GONE: [&str; 2] = ["database \"", "role \""];

/// The fault behind what a program said when a backup failed.
pub(in crate::engine::drivers) fn fault(address: &Address, said: &str) -> Fault {
    judged(address, said, ["back it up", "be backed up"])
}

/// The same of a restore.
pub(in crate::engine::drivers) fn of_restore(address: &Address, said: &str) -> Fault {
    judged(address, said, ["restore into it", "be restored into"])
}

fn judged(address: &Address, said: &str, [does, is_done]: [&str; 2]) -> Fault {
    let place = address.place();
    let says = |words: &[&str]| words.iter().any(|words| said.contains(words));
    if GONE.iter().any(|thing| said.split(thing).skip(1).any(|rest| rest.contains("\" does not exist"))) {
        return Fault::Gone(format!("The PostgreSQL server at {place} has not what was asked for: {said}"));
    }
    if says(&DENIED) {
        return Fault::Denied(format!(
            "The PostgreSQL server at {place} does not let the user {} {does}: {said}",
            address.user
        ));
    }
    if says(&FOR_NOW) {
        return Fault::Temporary {
            why: format!("The PostgreSQL server at {place} cannot be reached now: {said}"),
            after: Duration::seconds(AGAIN_SECONDS),
        };
    }
    if said.contains("has already been removed") {
        return Fault::Failed(format!(
            "The PostgreSQL server at {place} threw log away that the backup needs; raise max_slot_wal_keep_size: {said}"
        ));
    }
    Fault::Failed(format!("The PostgreSQL server at {place} cannot {is_done}: {said}"))
}

/// Whether a program that says of itself that all went well told of an error all the same.
pub(in crate::engine::drivers) fn tells_an_error(said: &str) -> bool {
    ["error:", "fatal:", "ERROR:", "FATAL:", "PANIC:"].iter().any(|words| said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libpq_says_becomes_a_fault_of_its_kind() {
        let address = Address::parse("postgresql://me@db").unwrap();
        let judged = |said: &str| fault(&address, said);
        for said in [
            "psql: error: connection to server at \"db\", port 5432 failed: FATAL: password authentication failed for user \"me\"",
            "connection to server failed: fe_sendauth: no password supplied",
            "FATAL: no pg_hba.conf entry for replication connection from host \"::1\", user \"me\", no encryption",
            "ERROR: permission denied for function pg_create_physical_replication_slot",
            "FATAL: must be superuser or replication role to start walsender",
        ] {
            assert!(judged(said).meaning().is_denied, "{said}");
        }
        for said in [
            "connection to server at \"db\" (::1), port 1 failed: Connection refused Is the server running",
            "FATAL: the database system is starting up",
            "ERROR: canceling statement due to lock timeout",
            "FATAL: sorry, too many clients already",
            "ERROR: database \"x\" is being accessed by other users",
            "pg_basebackup: error: could not receive data: server closed the connection unexpectedly",
        ] {
            assert!(judged(said).meaning().again_after.is_some(), "{said}");
        }
        for said in ["FATAL: database \"x\" does not exist", "FATAL: role \"me\" does not exist"] {
            assert!(matches!(judged(said), Fault::Gone(_)), "{said}");
        }
        let Fault::Failed(text) = judged("ERROR: requested WAL segment 0001 has already been removed") else {
            panic!()
        };
        assert!(text.contains("max_slot_wal_keep_size"), "{text}");
        assert!(
            matches!(judged("something else"), Fault::Failed(text) if text.contains("db:5432") && text.contains("else"))
        );
    }

    #[test]
    fn warnings_are_no_errors() {
        assert!(!tells_an_error("pg_basebackup: warning: skipping special file"));
        assert!(!tells_an_error(""));
        assert!(tells_an_error("pg_basebackup: error: checksum error occurred"));
    }
}
