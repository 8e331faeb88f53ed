//! One call of AWS Backup on its way to the engine.

use super::failure::Failure;
use super::members::Members;
use super::query::Query;
use super::reply::Reply;
use crate::domain::{AccountId, Arn, Time};
use crate::engine::{Caller, Engine};
use http::StatusCode;
use serde::{Serialize, Serializer};

/// What a handler gives.
pub(super) type Answer = Result<Reply, Failure>;

/// An operation.
#[derive(Debug)]
pub(super) struct Operation {
    /// AWS's name.
    pub(super) name: &'static str,
    /// The HTTP method.
    pub(super) method: &'static str,
    /// The path without the trailing slash that some have; `{…}` stands for one segment.
    pub(super) path: &'static str,
    /// The status of success.
    pub(super) status: u16,
    /// The letters of the exceptions that AWS's model lists for it, beside ServiceUnavailableException, which all have:
    /// see [`super::backup::exceptions`].
    pub(super) exceptions: &'static str,
    /// What answers it.
    pub(super) handler: fn(&Call<'_>) -> Answer,
}

/// A call whose caller is known.
pub(super) struct Call<'a> {
    /// The engine.
    pub(super) engine: &'a Engine,
    /// Who calls.
    pub(super) caller: &'a Caller,
    /// What is called.
    pub(super) operation: &'static Operation,
    /// The path's variable segments, decoded.
    pub(super) path: Vec<String>,
    /// The raw query.
    pub(super) query: &'a str,
    /// The body.
    pub(super) body: &'a [u8],
}

impl Call<'_> {
    /// The query's parameters, for an operation without members in its body.
    pub(super) fn query(&self) -> Result<Query, Failure> {
        Members::parse(self.body)?.finish()?;
        Query::parse(self.query)
    }

    /// The body's members, for an operation without parameters in its query.
    pub(super) fn body(&self) -> Result<Members, Failure> {
        Query::parse(self.query)?.finish()?;
        Members::parse(self.body)
    }

    /// Refuses all parameters, for an operation that has none but in its path.
    pub(super) fn nothing_else(&self) -> Result<(), Failure> {
        self.body()?.finish()
    }

    /// A variable segment of the path, in order.
    pub(super) fn segment(&self, index: usize) -> &str {
        self.path.get(index).map_or("", String::as_str)
    }

    /// A variable segment that is an ARN; `name` is what errors call it.
    pub(super) fn arn(&self, index: usize, name: &str) -> Result<Arn, Failure> {
        arn(name, self.segment(index))
    }

    /// The account in a parameter must be the caller's.
    pub(super) fn own_account(&self, account: Option<String>) -> Result<(), Failure> {
        match account {
            Some(account) if account != self.caller.account.as_str() => Err(Failure::new(
                StatusCode::FORBIDDEN,
                "AccessDeniedException",
                "Insufficient privileges to perform this action.",
            )),
            _ => Ok(()),
        }
    }

    /// The answer of success.
    pub(super) fn answer(&self, body: &impl Serialize) -> Answer {
        Ok(Reply::json(self.status(), body))
    }

    /// The answer of success without a body.
    pub(super) fn done(&self) -> Answer {
        Ok(Reply::empty(self.status()))
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.operation.status).unwrap_or(StatusCode::OK)
    }
}

/// Reads `BackupVaultAccountId`, if it is given.
pub(super) fn account(text: Option<&str>) -> Result<Option<AccountId>, Failure> {
    Ok(text.map(str::parse).transpose()?)
}

/// Reads an ARN; errors name the member.
pub(super) fn arn(name: &str, text: &str) -> Result<Arn, Failure> {
    text.parse().map_err(|_| {
        Failure::invalid(format!(
            "Invalid {name}: {text:?} is not an ARN of the form arn:partition:service:region:account:resource"
        ))
    })
}

/// A time on the wire: seconds since 1970 as a number, milliseconds behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(pub(super) Time);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.timestamp_millis() as f64 / 1000.0)
    }
}

/// A time that may be absent.
pub(super) fn stamp(time: Option<Time>) -> Option<Stamp> {
    time.map(Stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_travel_as_seconds_with_milliseconds() {
        let time = chrono::DateTime::from_timestamp_millis(1_516_925_490_087).unwrap();
        assert_eq!(serde_json::to_string(&Stamp(time)).unwrap(), "1516925490.087");
    }
}
