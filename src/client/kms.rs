//! AWS KMS: the few calls that the keys of vaults need, [signed](super::signed) without its SDK. Keys, TLS and limits are
//! those of all other calls.

use crate::client::connect::Connection;
use crate::client::json_service::{JSON_1_1, JsonNames, JsonService};
use crate::client::signed::JsonAnswer;
use crate::client::text::clean;
use crate::client::{Fault, FaultKind};
use crate::domain::kms::{KeyManager, KeyState, KmsKey};
use crate::domain::{Arn, Scope, Time};
use serde_json::{Map, Value, json};

/// What it is called.
pub(crate) const NAMES: JsonNames = JsonNames { service: "kms", target: "TrentService", content_type: JSON_1_1 };

/// A list that gives ever more pages is mistaken.
const MOST_PAGES: usize = 1000;

/// KMS in one scope.
#[derive(Debug, Clone)]
pub(crate) struct Kms(pub(crate) JsonService);

impl Connection {
    /// KMS of a scope, where the context's AWS Backup is.
    pub(crate) async fn kms(&self, scope: &Scope) -> Result<Kms, Fault> {
        self.json_service(scope, NAMES).await.map(Kms)
    }
}

impl Kms {
    /// Makes one call.
    pub(crate) async fn call(&self, operation: &'static str, input: &Map<String, Value>) -> Result<JsonAnswer, Fault> {
        self.0.call(operation, input).await
    }

    /// All rows of a list, page by page.
    async fn list(&self, operation: &'static str, member: &str) -> Result<Vec<Value>, Fault> {
        let (mut rows, mut input) = (Vec::new(), Map::new());
        for _ in 0..MOST_PAGES {
            let mut answer = self.call(operation, &input).await?.body;
            if let Value::Array(page) = answer[member].take() {
                rows.extend(page);
            }
            match answer["NextMarker"].take() {
                Value::String(marker) if input.get("Marker").and_then(Value::as_str) != Some(&marker) => {
                    input.insert("Marker".to_owned(), json!(marker));
                }
                _ => return Ok(rows),
            }
        }
        Err(Fault::new(FaultKind::Other, format!("{operation}: the list has no end")))
    }

    /// The keys of a scope with their aliases, by id.
    pub(crate) async fn keys(&self, scope: &Scope) -> Result<Vec<KmsKey>, Fault> {
        let aliases = self.list("ListAliases", "Aliases").await?;
        let mut keys = Vec::new();
        for row in self.list("ListKeys", "Keys").await? {
            let Some(id) = text(&row, "KeyId") else { continue };
            // One that is not to be described is another's secret; the others are told of all the same.
            let described = match self.describe(scope, &id).await {
                Ok(described) => described,
                Err(fault) if matches!(fault.kind, FaultKind::NotFound | FaultKind::Denied) => continue,
                Err(fault) => return Err(fault),
            };
            let own = aliases.iter().filter(|alias| text(alias, "TargetKeyId").as_deref() == Some(&described.id));
            keys.push(KmsKey { aliases: own.filter_map(|alias| text(alias, "AliasName")).collect(), ..described });
        }
        Ok(keys)
    }

    /// What is known of a key, but its aliases.
    pub(crate) async fn describe(&self, scope: &Scope, name: &str) -> Result<KmsKey, Fault> {
        let input = Map::from_iter([("KeyId".to_owned(), json!(name))]);
        let answer = self.call("DescribeKey", &input).await?.body;
        key(scope, &answer["KeyMetadata"])
            .ok_or_else(|| Fault::new(FaultKind::Other, "DescribeKey gave an answer that cannot be used"))
    }
}

fn text(value: &Value, member: &str) -> Option<String> {
    value.get(member).and_then(Value::as_str).map(clean)
}

fn time(value: &Value, member: &str) -> Option<Time> {
    let seconds = value.get(member).and_then(Value::as_f64).filter(|seconds| seconds.abs() < 1e12)?;
    Time::from_timestamp_millis((seconds * 1000.0).round() as i64)
}

fn key(scope: &Scope, told: &Value) -> Option<KmsKey> {
    let arn: Arn = text(told, "Arn")?.parse().ok()?;
    Some(KmsKey {
        id: text(told, "KeyId")?,
        arn,
        scope: scope.clone(),
        description: text(told, "Description").unwrap_or_default(),
        state: KeyState::of(&text(told, "KeyState")?, time(told, "DeletionDate")),
        manager: if text(told, "KeyManager").as_deref() == Some("AWS") {
            KeyManager::Aws
        } else {
            KeyManager::Customer
        },
        created: time(told, "CreationDate"),
        aliases: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_kms_tells_of_it() {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let arn = "arn:aws:kms:us-east-1:123456789012:key/1";
        let told = json!({
            "KeyId": "1", "Arn": arn, "KeyState": "PendingDeletion", "KeyManager": "CUSTOMER", "Description": "a\u{1b}b",
            "CreationDate": 1_516_925_490.087, "DeletionDate": 1_516_925_491,
        });
        let read = key(&scope, &told).unwrap();
        assert_eq!(read.state.deletion_date().unwrap().timestamp(), 1_516_925_491);
        assert_eq!(read.created.unwrap().timestamp_millis(), 1_516_925_490_087);
        assert_eq!((read.manager, read.description.contains('\u{1b}')), (KeyManager::Customer, false));
        assert_eq!(key(&scope, &json!({ "KeyId": "1" })), None);
    }
}
