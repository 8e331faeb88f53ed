//! What the server's refusals mean. No secret is in any: only what it says of itself, and where.

use super::answer::Answered;
use crate::engine::drivers::Fault;
use crate::engine::drivers::http::{Answer, clean, temporary};

/// Where a client leads, for messages.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Without a user.
    pub(super) url: String,
    pub(super) database: String,
}

impl Place {
    /// What an answer means that is not the one that was asked for.
    pub(super) fn fault(&self, answer: &Answer) -> Fault {
        if answer.is_page() {
            return Fault::Failed(format!(
                "The server {} answers with a web page and not as InfluxDB does: check its URL and port.",
                self.url
            ));
        }
        let error = Answered::read(&answer.body).and_then(|answered| answered.into_series().err());
        let said = error.unwrap_or_else(|| format!("HTTP {} {}", answer.status, answer.words()));
        match answer.status {
            401 | 403 => Fault::Denied(format!("The server {} refuses it: {}", self.url, clean(&said))),
            429 | 500 | 502 | 503 | 504 => {
                temporary(format!("The server {} cannot do it now: {}", self.url, clean(&said)))
            }
            _ => self.refused(&said),
        }
    }

    /// What an error of the server means.
    pub(super) fn refused(&self, error: &str) -> Fault {
        if error.contains("database not found") {
            return Fault::Gone(format!("There is no database {} at {}.", self.database, self.url));
        }
        if error.contains("timeout") || error.contains("engine is closed") {
            return temporary(format!("The server {} cannot do it now: {}", self.url, clean(error)));
        }
        Fault::Failed(format!("The server {} says of database {}: {}", self.url, self.database, clean(error)))
    }

    pub(super) fn no_influx(&self) -> Fault {
        Fault::Failed(format!("The server {} does not answer as InfluxDB does: check its URL and port.", self.url))
    }

    pub(super) fn broken_off(&self) -> Fault {
        temporary(format!("An answer of the server {} broke off.", self.url))
    }
}
