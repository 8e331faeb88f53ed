//! What a table is beside its items: from what the service says, and back to a table.

use super::client::Client;
use crate::domain::types::dynamodb::DynamoDbRestore;
use crate::engine::drivers::Fault;
use crate::repository::Control;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Members of `DescribeTable`'s answer that `CreateTable` takes as they are.
const SAME: [&str; 3] = ["AttributeDefinitions", "DeletionProtectionEnabled", "KeySchema"];

/// Those of an index.
const SAME_OF_INDEX: [&str; 3] = ["IndexName", "KeySchema", "Projection"];

/// What makes the table again, by the calls that take it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    pub(super) create_table: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) update_time_to_live: Option<Value>,
}

impl Description {
    /// Asks the service for what it did not say with `DescribeTable`.
    pub(super) fn of(table: &Value, client: &Client, stop: Option<&Control>) -> Result<Self, Fault> {
        let mut create_table = created_from(table);
        create_table.insert("TableName".to_owned(), client.table().into());
        let arn = table["TableArn"].as_str().unwrap_or_default();
        let mut tags = client.tags(arn, stop)?;
        tags.sort_by(|left, right| left["Key"].as_str().cmp(&right["Key"].as_str()));
        if !tags.is_empty() {
            create_table.insert("Tags".to_owned(), tags.into());
        }
        let time_to_live = client.time_to_live(stop)?;
        let update_time_to_live = time_to_live.map(|attribute| {
            json!({
                "TableName": client.table(),
                "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
            })
        });
        Ok(Self { create_table, update_time_to_live })
    }

    /// As it is written.
    pub(super) fn to_file(&self) -> Result<Vec<u8>, Fault> {
        let written = serde_json::to_vec_pretty(self);
        let mut written = written.map_err(|error| Fault::Failed(format!("table.json cannot be written: {error}")))?;
        written.push(b'\n');
        Ok(written)
    }

    /// From what was written.
    pub(super) fn from_file(text: &[u8]) -> Result<Self, Fault> {
        serde_json::from_slice(text)
            .map_err(|error| Fault::Failed(format!("The recovery point has no table.json that can be read: {error}")))
    }

    /// What makes the table of a restore. Tags and streams stay away, as with AWS.
    pub(super) fn restored(&self, restore: &DynamoDbRestore) -> Value {
        let mut made = self.create_table.clone();
        for left in ["StreamSpecification", "Tags", "SSESpecification"] {
            made.remove(left);
        }
        made.insert("TableName".to_owned(), restore.table.clone().into());
        made.insert("DeletionProtectionEnabled".to_owned(), restore.is_protected.into());
        if restore.by_kms {
            let mut encryption = json!({ "Enabled": true, "SSEType": "KMS" });
            if let Some(key) = &restore.kms_key {
                encryption["KMSMasterKeyId"] = key.clone().into();
            }
            made.insert("SSESpecification".to_owned(), encryption);
        }
        Value::Object(made)
    }

    /// What a restored table lacks that its source had, as sentences.
    pub(super) fn left_out(&self) -> Vec<String> {
        let has = |name: &str| self.create_table.contains_key(name);
        let time_to_live = self.update_time_to_live.as_ref().map(|call| {
            let attribute = call["TimeToLiveSpecification"]["AttributeName"].as_str().unwrap_or_default();
            format!("The time to live by {attribute} is not on in the new table, so that nothing goes before it is looked at.")
        });
        let stream =
            has("StreamSpecification").then(|| "The new table has no stream, which its source had.".to_owned());
        let tags =
            has("Tags").then(|| "The new table has no tags; table.json of the recovery point tells them.".to_owned());
        time_to_live.into_iter().chain(stream).chain(tags).collect()
    }
}

/// The input of `CreateTable` from the output of `DescribeTable`.
fn created_from(table: &Value) -> Map<String, Value> {
    let mut made = Map::new();
    for name in SAME {
        if let Some(value) = table.get(name).filter(|value| !value.is_null()) {
            made.insert(name.to_owned(), value.clone());
        }
    }
    let on_demand = table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST";
    let mode = if on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" };
    made.insert("BillingMode".to_owned(), mode.into());
    capacity(table, on_demand, &mut made);
    for kind in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        let mut indexes: Vec<Value> = table[kind]
            .as_array()
            .into_iter()
            .flatten()
            .map(|told| {
                let mut index = Map::new();
                for name in SAME_OF_INDEX {
                    if let Some(value) = told.get(name) {
                        index.insert(name.to_owned(), value.clone());
                    }
                }
                if kind == "GlobalSecondaryIndexes" {
                    capacity(told, on_demand, &mut index);
                }
                Value::Object(index)
            })
            .collect();
        indexes.sort_by(|left, right| left["IndexName"].as_str().cmp(&right["IndexName"].as_str()));
        if !indexes.is_empty() {
            made.insert(kind.to_owned(), indexes.into());
        }
    }
    if table["StreamSpecification"]["StreamEnabled"] == true {
        made.insert("StreamSpecification".to_owned(), table["StreamSpecification"].clone());
    }
    if let Some(class) = table["TableClassSummary"]["TableClass"].as_str() {
        made.insert("TableClass".to_owned(), class.into());
    }
    if table["SSEDescription"]["Status"] == "ENABLED" && table["SSEDescription"]["SSEType"] == "KMS" {
        let mut encryption = json!({ "Enabled": true, "SSEType": "KMS" });
        if let Some(key) = table["SSEDescription"]["KMSMasterKeyArn"].as_str() {
            encryption["KMSMasterKeyId"] = key.into();
        }
        made.insert("SSESpecification".to_owned(), encryption);
    }
    made
}

/// What a table or an index may take and give, as it is asked for.
fn capacity(told: &Value, on_demand: bool, made: &mut Map<String, Value>) {
    if let Some(most) = told.get("OnDemandThroughput").filter(|most| on_demand && most.is_object()) {
        made.insert("OnDemandThroughput".to_owned(), most.clone());
    }
    let told = &told["ProvisionedThroughput"];
    if !on_demand {
        let of = |name: &str| told[name].as_u64().unwrap_or(1).max(1);
        let asked = json!({
            "ReadCapacityUnits": of("ReadCapacityUnits"),
            "WriteCapacityUnits": of("WriteCapacityUnits"),
        });
        made.insert("ProvisionedThroughput".to_owned(), asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Value {
        json!({
            "TableName": "orders", "TableStatus": "ACTIVE", "ItemCount": 3, "TableSizeBytes": 99, "TableId": "i",
            "TableArn": "arn:aws:dynamodb:r:1:table/orders", "CreationDateTime": 1.5,
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "ProvisionedThroughput": { "ReadCapacityUnits": 5, "WriteCapacityUnits": 6, "NumberOfDecreasesToday": 0 },
            "GlobalSecondaryIndexes": [
                { "IndexName": "b", "KeySchema": [1], "Projection": { "ProjectionType": "ALL" }, "IndexStatus": "ACTIVE",
                  "ProvisionedThroughput": { "ReadCapacityUnits": 1, "WriteCapacityUnits": 2 }, "IndexArn": "x", "ItemCount": 1 },
                { "IndexName": "a", "KeySchema": [2], "Projection": { "ProjectionType": "KEYS_ONLY" } },
            ],
            "LocalSecondaryIndexes": [{ "IndexName": "l", "KeySchema": [3], "Projection": {}, "IndexSizeBytes": 9 }],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
            "LatestStreamArn": "arn:aws:dynamodb:r:1:table/orders/stream/1",
            "SSEDescription": { "Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": "k" },
            "TableClassSummary": { "TableClass": "STANDARD_INFREQUENT_ACCESS" },
            "DeletionProtectionEnabled": true,
        })
    }

    fn description() -> Description {
        Description { create_table: created_from(&told()), update_time_to_live: None }
    }

    #[test]
    fn a_table_is_described_by_what_makes_it_again() {
        let expected = json!({
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": { "ReadCapacityUnits": 5, "WriteCapacityUnits": 6 },
            "GlobalSecondaryIndexes": [
                { "IndexName": "a", "KeySchema": [2], "Projection": { "ProjectionType": "KEYS_ONLY" },
                  "ProvisionedThroughput": { "ReadCapacityUnits": 1, "WriteCapacityUnits": 1 } },
                { "IndexName": "b", "KeySchema": [1], "Projection": { "ProjectionType": "ALL" },
                  "ProvisionedThroughput": { "ReadCapacityUnits": 1, "WriteCapacityUnits": 2 } },
            ],
            "LocalSecondaryIndexes": [{ "IndexName": "l", "KeySchema": [3], "Projection": {} }],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
            "SSESpecification": { "Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": "k" },
            "TableClass": "STANDARD_INFREQUENT_ACCESS",
            "DeletionProtectionEnabled": true,
        });
        assert_eq!(Value::Object(created_from(&told())), expected);
        let read = Description::from_file(&description().to_file().unwrap()).unwrap();
        assert_eq!(read, description());
    }

    #[test]
    fn a_table_on_demand_asks_for_no_capacity() {
        let mut told = told();
        told["BillingModeSummary"] = json!({ "BillingMode": "PAY_PER_REQUEST" });
        told["ProvisionedThroughput"] = json!({ "ReadCapacityUnits": 0, "WriteCapacityUnits": 0 });
        let text = Value::Object(created_from(&told)).to_string();
        assert!(text.contains(r#""BillingMode":"PAY_PER_REQUEST""#) && !text.contains("CapacityUnits"), "{text}");
    }

    #[test]
    fn a_restored_table_is_what_was_asked_for_and_tells_what_it_lacks() {
        let restore = DynamoDbRestore {
            table: "new".to_owned(),
            endpoint: None,
            by_kms: false,
            kms_key: None,
            is_protected: false,
        };
        let mut of = description();
        of.create_table.insert("Tags".to_owned(), json!([{ "Key": "a", "Value": "b" }]));
        of.update_time_to_live =
            Some(json!({ "TimeToLiveSpecification": { "AttributeName": "gone", "Enabled": true } }));
        let made = of.restored(&restore);
        assert_eq!((&made["TableName"], &made["DeletionProtectionEnabled"]), (&json!("new"), &json!(false)));
        for left in ["Tags", "StreamSpecification", "SSESpecification"] {
            assert!(made.get(left).is_none(), "{left}");
        }
        let notes = of.left_out().join(" ");
        assert!(["by gone", "no stream", "no tags"].iter().all(|told| notes.contains(told)), "{notes}");
        let by_kms = of.restored(&DynamoDbRestore { by_kms: true, kms_key: Some("mine".to_owned()), ..restore });
        assert_eq!(by_kms["SSESpecification"]["KMSMasterKeyId"], "mine");
    }
}
