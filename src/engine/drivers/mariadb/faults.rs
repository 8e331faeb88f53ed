//! What the words of MariaDB's programs mean.

use super::address::Address;
use crate::engine::drivers::Fault;
use chrono::Duration;

/// When to try again what failed for the time being.
const AGAIN_SECONDS: i64 = 60;

/// Words of a server that does not let a user in, or lets it do too little.
const DENIED: [&str; 7] = [
    "Access denied",
    "command denied to user",
    "Host is not allowed",
    "is not allowed to connect",
    "missing required privilege",
    "TLS/SSL error",
    "SSL connection error",
];

/// Words of what may be over soon.
const FOR_NOW: [&str; 10] = [
    "did nothing for",
    "Can't connect to",
    "Lost connection to",
    "server has gone away",
    "Unknown server host",
    "Too many connections",
    "Server shutdown in progress",
    "Lock wait timeout exceeded",
    "is starting up",
    "Host is blocked",
];

/// What a program says before it repeats what it was told of a user's password.
const PASSWORD: &str = "IDENTIFIED";

/// What an error of the client begins with, before its number.
const ERROR: &str = "ERROR ";

/// What was being done with a server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doing {
    BackUp,
    Restore,
}

/// The fault behind what a program said when it failed to back up a server.
pub(super) fn fault(address: &Address, said: &str) -> Fault {
    fault_of(Doing::BackUp, address, said)
}

/// The fault behind what a program said when it failed.
pub(super) fn fault_of(doing: Doing, address: &Address, said: &str) -> Fault {
    let (denied, failed) = match doing {
        Doing::BackUp => ("back it up", "cannot be backed up"),
        Doing::Restore => ("restore into it", "cannot be restored into"),
    };
    let place = address.place();
    let said = told(said);
    let says = |words: &[&str]| words.iter().any(|words| said.contains(words));
    if said.contains("Unknown system variable 'server_uid'") {
        let found = format!("The server at {place}, which is no MariaDB,");
        return Fault::Unsupported { found, needs: "MariaDB 10.5 or a newer one".to_owned() };
    }
    if says(&DENIED) {
        let user = &address.user;
        return Fault::Denied(format!("The MariaDB server at {place} does not let the user {user} {denied}: {said}"));
    }
    if says(&FOR_NOW) {
        return Fault::Temporary {
            why: format!("The MariaDB server at {place} cannot be reached now: {said}"),
            after: Duration::seconds(AGAIN_SECONDS),
        };
    }
    Fault::Failed(format!("The MariaDB server at {place} {failed}: {said}"))
}

/// What may be told of what a program said.
pub(super) fn told(said: &str) -> &str {
    said_of_error(said).split(PASSWORD).next().unwrap_or_default().trim_end()
}

/// What is said from the last error on, as `ERROR 1146 (42S02) at line 1`: the client repeats before it the statement that failed, which
/// may have what is in a row, or a password. All of it where no such error is in it.
fn said_of_error(said: &str) -> &str {
    let is_one = |at: &usize| {
        let rest = &said[at + ERROR.len()..];
        let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        behind.len() < rest.len() && behind.starts_with(" (")
    };
    let begin = said.rmatch_indices(ERROR).map(|(at, _)| at).find(is_one);
    begin.map_or(said, |at| &said[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_programs_say_becomes_a_fault_of_its_kind() {
        let address = Address::parse("mysql://me@db").unwrap();
        let judged = |said: &str| fault(&address, said);
        for said in [
            "ERROR 1045 (28000): Access denied for user 'me'@'localhost' (using password: YES)",
            "ERROR 1227 (42000) at line 1: Access denied; you need (at least one of) the PROCESS privilege(s) for this operation",
            "ERROR 1130 (HY000): Host 'x' is not allowed to connect to this MariaDB server",
            "ERROR 2026 (HY000): TLS/SSL error: SSL is required, but the server does not support it",
        ] {
            assert!(judged(said).meaning().is_denied, "{said}");
        }
        for said in [
            "ERROR 2002 (HY000): Can't connect to server on 'db' (115)",
            "ERROR 2005 (HY000): Unknown server host 'db' (-2)",
            "ERROR 1040 (HY000): Too many connections",
            "mariadb did nothing for 120 s and was killed.",
        ] {
            assert!(judged(said).meaning().again_after.is_some(), "{said}");
        }
        assert!(matches!(judged("Unknown system variable 'server_uid'"), Fault::Unsupported { .. }));
        assert!(
            matches!(judged("something else"), Fault::Failed(text) if text.contains("db:3306") && text.contains("else"))
        );
    }

    #[test]
    fn of_a_statement_that_failed_only_the_error_is_told() {
        let address = Address::parse("mysql://me@db").unwrap();
        for statement in [
            "INSERT INTO `a` VALUES ('hunter2 Access denied ERROR 404 Lost connection to')",
            "CREATE USER `a`@`%` IDENTIFIED BY PASSWORD '*hunter2'",
        ] {
            let said = format!(
                "mariadb failed (exit status: 1): -------------- {statement} -------------- ERROR 1146 (42S02) at line 5: No table a"
            );
            let judged = fault(&address, &said);
            assert!(
                matches!(&judged, Fault::Failed(told) if told.ends_with("backed up: ERROR 1146 (42S02) at line 5: No table a")),
                "{judged}"
            );
        }
    }

    #[test]
    fn no_password_of_a_user_is_repeated() {
        let address = Address::parse("mysql://me@db").unwrap();
        let said = "Current privileges: 1.GRANT USAGE ON *.* TO `me`@`%` IDENTIFIED BY PASSWORD '*B69027D4' 2.GRANT";
        assert!(!fault(&address, said).to_string().contains("B690"));
    }
}
