//! Idempotency tokens: the same token after success gives the same result and does nothing new.

use crate::domain::{Invalid, Scope, Time};
use crate::engine::catalog::values::millis;
use crate::engine::error::{Error, Result};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How [`Fingerprint`]s are made now. A token that was stored with another version cannot be compared: it counts as that of
/// the same request, for its operation is the same, and refusing it would let a retry across an update fail.
const VERSION: i64 = 2;

/// What was asked, reduced to a digest: the same token with another request is a mistake of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The digest of the request as canonical JSON: members sorted, and none of those that are null, false or empty, so that
    /// a member that a later version adds changes nothing for those who do not use it.
    pub fn of(request: &impl Serialize) -> Result<Self> {
        let failed = |e: serde_json::Error| Error::Internal(format!("a request does not serialize: {e}"));
        let value = canonical(serde_json::to_value(request).map_err(failed)?).unwrap_or_default();
        Ok(Self(Sha256::digest(value.to_string()).into()))
    }
}

fn canonical(value: Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Array(items) if items.is_empty() => None,
        // An item that says nothing still counts: others stand behind it.
        Value::Array(items) => Some(items.into_iter().map(|item| canonical(item).unwrap_or_default()).collect()),
        Value::Object(members) => {
            let sorted: BTreeMap<String, Value> =
                members.into_iter().filter_map(|(name, value)| Some((name, canonical(value)?))).collect();
            (!sorted.is_empty()).then(|| Value::Object(sorted.into_iter().collect()))
        }
        other => Some(other),
    }
}

/// The result that `operation` gave for this token before.
pub fn find(
    connection: &Connection,
    scope: &Scope,
    operation: &str,
    token: &str,
    request: &Fingerprint,
) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT version, request, result FROM idempotency_tokens
         WHERE account = ?1 AND region = ?2 AND operation = ?3 AND token = ?4",
    )?;
    let found: Option<(i64, Vec<u8>, String)> = statement
        .query_row(params![scope.account.as_str(), scope.region.as_str(), operation, token], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    match found {
        None => Ok(None),
        Some((version, before, result)) if version != VERSION || before == request.0 => Ok(Some(result)),
        Some(_) => Err(Invalid::value(
            "IdempotencyToken",
            "it was used before in a call with other parameters; use a new token for a new request",
        )
        .into()),
    }
}

/// Keeps the result of `operation` for this token.
pub fn remember(
    connection: &Connection,
    scope: &Scope,
    operation: &str,
    token: &str,
    request: &Fingerprint,
    result: &str,
    now: Time,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO idempotency_tokens (account, region, operation, token, version, request, result, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            scope.account.as_str(),
            scope.region.as_str(),
            operation,
            token,
            VERSION,
            request.0.as_slice(),
            result,
            millis(now)
        ])?;
    Ok(())
}

/// Forgets tokens from before `time`.
pub fn forget_before(connection: &Connection, time: Time) -> Result<()> {
    connection.prepare_cached("DELETE FROM idempotency_tokens WHERE created < ?1")?.execute([millis(time)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::sample::{at, catalog};
    use serde_json::json;

    fn print(value: &Value) -> String {
        hex::encode(Fingerprint::of(value).unwrap().0)
    }

    #[test]
    fn a_fingerprint_is_that_of_sorted_json_without_what_says_nothing() {
        let before = print(&json!({"b": 1, "a": {"z": "x", "y": [1, 2]}}));
        // Frozen: tokens are kept for 400 days, through every update.
        assert_eq!(before, "1bb536bf913f607fe51e80f0c6c36ac4f4e308dcea9a593c978fdcdfdcb795e9");
        let later = json!({"a": {"y": [1, 2], "z": "x", "new": null}, "b": 1, "tags": {}, "all": false, "more": []});
        assert_eq!(print(&later), before, "members that a later version adds");
        assert_ne!(print(&json!({"b": 1, "a": {"z": "x", "y": [2, 1]}})), before);
        assert_ne!(print(&json!({"b": 1, "a": {"z": "x", "y": [1, 2, null]}})), before);
    }

    #[test]
    fn a_token_goes_with_its_request_and_one_of_an_older_version_with_its_operation() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder);
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let request = |n: i64| Fingerprint::of(&json!({ "n": n })).unwrap();
        let find = |operation: &str, n: i64| catalog.read(|c| find(c, &scope, operation, "t", &request(n)));
        catalog.write(|tx| remember(tx, &scope, "Start", "t", &request(1), "job", at(0))).unwrap();
        assert_eq!(find("Start", 1).unwrap().as_deref(), Some("job"));
        assert!(find("Start", 2).unwrap_err().to_string().contains("used before in a call with other parameters"));
        assert_eq!(find("Other", 1).unwrap(), None);
        // As the version before this wrote it.
        catalog
            .write(|tx| {
                tx.execute("UPDATE idempotency_tokens SET version = 1, request = x'00'", [])?;
                Ok(())
            })
            .unwrap();
        assert_eq!(find("Start", 1).unwrap().as_deref(), Some("job"));
        assert_eq!(find("Other", 1).unwrap(), None);
    }
}
