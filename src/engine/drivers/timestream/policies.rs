//! The retention policies of a database, and the file that tells them.

use super::rows::quoted;
use crate::engine::drivers::Fault;
use serde::{Deserialize, Serialize};

/// A retention policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Policy {
    pub(super) name: String,
    /// As the server writes it: `168h0m0s`; `0s` for ever.
    pub(super) duration: String,
    pub(super) shard_group_duration: String,
    pub(super) default: bool,
}

/// What a database is beside its points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    pub(super) database: String,
    pub(super) policies: Vec<Policy>,
}

impl Description {
    /// As it is written.
    pub(super) fn to_file(&self) -> Result<Vec<u8>, Fault> {
        let written = serde_json::to_vec_pretty(self);
        let mut written =
            written.map_err(|error| Fault::Failed(format!("database.json cannot be written: {error}")))?;
        written.push(b'\n');
        Ok(written)
    }

    /// From what was written.
    pub(super) fn from_file(text: &[u8]) -> Result<Self, Fault> {
        serde_json::from_slice(text).map_err(|error| {
            Fault::Failed(format!("The recovery point has no database.json that can be read: {error}"))
        })
    }

    /// What makes a database with these policies. All keep their points for ever: what is older than one allows would not be taken.
    pub(super) fn questions(&self, database: &str) -> Vec<String> {
        let database = quoted(database);
        let kept =
            |policy: &Policy| format!("DURATION INF REPLICATION 1 SHARD DURATION {}", policy.shard_group_duration);
        let default = self.policies.iter().find(|policy| policy.default);
        let made = match default {
            Some(policy) => format!("CREATE DATABASE {database} WITH {} NAME {}", kept(policy), quoted(&policy.name)),
            None => format!("CREATE DATABASE {database}"),
        };
        let others = self.policies.iter().filter(|policy| !policy.default);
        let others = others
            .map(|policy| format!("CREATE RETENTION POLICY {} ON {database} {}", quoted(&policy.name), kept(policy)));
        std::iter::once(made).chain(others).collect()
    }

    /// What lets them keep their points for so many days, in shards that the server chooses.
    pub(super) fn limits(&self, database: &str, days: u32) -> Vec<String> {
        let database = quoted(database);
        let limit = |policy: &Policy| {
            let name = quoted(&policy.name);
            format!("ALTER RETENTION POLICY {name} ON {database} DURATION {days}d SHARD DURATION 0s")
        };
        self.policies.iter().map(limit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_made_with_its_policies_and_the_days_that_were_asked_for() {
        let policy = |name: &str, default| Policy {
            name: name.to_owned(),
            duration: "24h0m0s".to_owned(),
            shard_group_duration: "1h0m0s".to_owned(),
            default,
        };
        let of = Description { database: "d".to_owned(), policies: vec![policy("a\"b", false), policy("auto", true)] };
        assert_eq!(Description::from_file(&of.to_file().unwrap()).unwrap(), of);
        let kept = "DURATION INF REPLICATION 1 SHARD DURATION 1h0m0s";
        assert_eq!(
            of.questions("new"),
            [
                format!("CREATE DATABASE \"new\" WITH {kept} NAME \"auto\""),
                format!("CREATE RETENTION POLICY \"a\\\"b\" ON \"new\" {kept}"),
            ]
        );
        let limit = "ON \"new\" DURATION 30d SHARD DURATION 0s";
        assert_eq!(
            of.limits("new", 30),
            [format!("ALTER RETENTION POLICY \"a\\\"b\" {limit}"), format!("ALTER RETENTION POLICY \"auto\" {limit}"),]
        );
    }
}
