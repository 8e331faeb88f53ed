//! What the refusals of a server mean.

use super::address::Address;
use crate::engine::drivers::Fault;
use chrono::Duration;
use mongodb::error::{Error, ErrorKind};

/// When to try again what failed for the time being.
const AGAIN_SECONDS: i64 = 60;

/// Codes of a server that does not let a user in, or lets it do too little.
const DENIED: [i32; 4] = [13, 18, 33, 8000];

/// Codes of what may be over soon: a server that ends, another primary, a limit of time, a capped collection that was written to faster
/// than it was read.
const FOR_NOW: [i32; 14] = [6, 7, 50, 89, 91, 136, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436];

/// Codes of a cursor whose collection, or server, went away.
const CURSOR_LOST: [i32; 4] = [26, 43, 175, 237];

/// The fault behind an error, of a call.
pub(super) fn fault(address: &Address, call: &str, error: &Error) -> Fault {
    let (place, said) = (address.place(), words(error));
    let now = |why: String| Fault::Temporary { why, after: Duration::seconds(AGAIN_SECONDS) };
    let user = address.user.as_deref().unwrap_or("nobody");
    match (&*error.kind, code(error)) {
        (ErrorKind::Authentication { .. }, _) => {
            Fault::Denied(format!("The server at {place} does not let the user {user} in: {said}"))
        }
        (_, Some(code)) if DENIED.contains(&code) => {
            Fault::Denied(format!("The server at {place} does not let the user {user} do {call}: {said}"))
        }
        (ErrorKind::ServerSelection { .. } | ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. }, _) => {
            now(format!("The server at {place} cannot be reached now: {said}"))
        }
        (_, Some(code)) if FOR_NOW.contains(&code) => {
            now(format!("The server at {place} cannot do {call} now: {said}"))
        }
        (ErrorKind::IncompatibleServer { .. }, _) => Fault::Unsupported {
            found: format!("The server at {place} ({said})"),
            needs: "one that speaks the protocol of MongoDB 4.2 or a newer one".to_owned(),
        },
        _ => Fault::Failed(format!("The server at {place} did not do {call}: {said}")),
    }
}

/// The code that a server gave its refusal.
pub(super) fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(refused) => Some(refused.code),
        _ => None,
    }
}

/// Whether it is that of a cursor that is not there any more.
pub(super) fn is_cursor_lost(error: &Error) -> bool {
    code(error).is_some_and(|code| CURSOR_LOST.contains(&code))
}

/// The first server's own trouble, in what is said of a whole topology.
fn innermost(message: &str) -> &str {
    let inner = message.split_once("Error: Kind: ").and_then(|(_, rest)| rest.split_once(", labels"));
    inner.map_or(message, |(inner, _)| inner)
}

/// What was said, in one line.
fn words(error: &Error) -> String {
    let said = match &*error.kind {
        ErrorKind::Command(refused) => format!("{} ({})", refused.message, refused.code_name),
        ErrorKind::Authentication { message, .. } => message.clone(),
        ErrorKind::ServerSelection { message, .. } => innermost(message).to_owned(),
        kind => kind.to_string(),
    };
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::{self, doc};

    #[test]
    fn of_a_topology_that_has_no_server_the_trouble_is_told() {
        let said = "Server selection timeout: No available servers. Topology: { Type: Single, Servers: [ { Address: h:1, Type: Unknown, \
                    Error: Kind: I/O error: Connection refused (os error 111), labels: {\"x\"}, source: None } ] }";
        assert_eq!(innermost(said), "I/O error: Connection refused (os error 111)");
        assert_eq!(innermost("something else"), "something else");
    }

    #[test]
    fn each_refusal_means_what_it_says() {
        let address = Address::parse("mongodb://h").unwrap();
        let meant = |code: i32| {
            let refused = bson::deserialize_from_document(doc! { "code": code, "codeName": "Name", "errmsg": "why" });
            fault(&address, "find", &Error::from(ErrorKind::Command(refused.unwrap())))
        };
        for (code, is_temporary, is_denied) in
            [(13, false, true), (91, true, false), (136, true, false), (26, false, false), (59, false, false)]
        {
            let meaning = meant(code).meaning();
            assert_eq!((meaning.again_after.is_some(), meaning.is_denied), (is_temporary, is_denied), "{code}");
            assert!(meaning.message.contains("why (Name)"), "{}", meaning.message);
        }
    }
}
