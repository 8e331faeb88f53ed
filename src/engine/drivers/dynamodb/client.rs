//! The calls of DynamoDB that a backup and a restore need, of one table.

use super::faults::{Place, fault};
use super::{endpoint_of, table_of};
use crate::domain::Secret;
use crate::domain::types::location::Location;
use crate::engine::drivers::access_key::AccessKey;
use crate::engine::drivers::http::{Http, Request, patiently, sign};
use crate::engine::drivers::{Fault, endpoint};
use crate::repository::Control;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Where a service that has no regions wants to be.
const USUAL_REGION: &str = "us-east-1";

/// A client of one table.
pub(super) struct Client {
    http: Arc<Http>,
    place: Place,
    key: Option<AccessKey>,
    region: String,
    /// How long what fails for the time being is tried.
    patience: Duration,
}

/// A page of a scan.
pub(super) struct Page {
    /// The items, in DynamoDB's JSON.
    pub(super) items: Vec<Map<String, Value>>,
    /// How many they are, also of a scan that only counts.
    pub(super) count: u64,
    /// Where the next page begins; nothing after the last.
    pub(super) next: Option<Value>,
}

impl Client {
    /// A client for a location. Nothing is called yet.
    pub(super) fn open(at: &Location, secret: Option<&Secret>, patience: Duration) -> Result<Self, Fault> {
        let place = Place { endpoint: endpoint_of(at).to_owned(), table: table_of(at).to_owned() };
        let region = endpoint::region_of(&place.endpoint, "dynamodb").unwrap_or_else(|| USUAL_REGION.to_owned());
        let key = secret.map(AccessKey::read).transpose()?;
        Ok(Self { http: Http::open(&format!("The endpoint {}", place.endpoint))?, place, key, region, patience })
    }

    pub(super) fn table(&self) -> &str {
        &self.place.table
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Calls an operation, again and again where it fails for the time being.
    pub(super) fn call(&self, operation: &str, input: &Value, stop: Option<&Control>) -> Result<Value, Fault> {
        patiently(self.patience, stop, || self.call_once(operation, input, stop))
    }

    /// Calls an operation.
    pub(super) fn call_once(&self, operation: &str, input: &Value, stop: Option<&Control>) -> Result<Value, Fault> {
        let answer = self.http.ask(self.request(operation, input)?, stop)?;
        if !answer.is_good() {
            return Err(fault(operation, &self.place, &answer));
        }
        match serde_json::from_slice(&answer.body) {
            Ok(output @ Value::Object(_)) => Ok(output),
            _ => Err(fault(operation, &self.place, &answer)),
        }
    }

    fn request(&self, operation: &str, input: &Value) -> Result<Request, Fault> {
        let request = http::Request::post(format!("{}/", self.place.endpoint))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .body(Bytes::from(input.to_string()));
        let mut request = request.map_err(|error| Fault::Failed(format!("{operation} could not be built: {error}")))?;
        if let Some(key) = &self.key {
            sign(&mut request, key, "dynamodb", &self.region)?;
        }
        Ok(request)
    }

    /// What the service says of the table.
    pub(super) fn describe(&self, stop: Option<&Control>) -> Result<Value, Fault> {
        let output = self.call("DescribeTable", &json!({ "TableName": self.table() }), stop)?;
        match output.get("Table") {
            Some(table @ Value::Object(_)) => Ok(table.clone()),
            _ => Err(self.odd("DescribeTable")),
        }
    }

    /// A page of the table, read consistently.
    pub(super) fn scan(&self, from: Option<&Value>, stop: Option<&Control>) -> Result<Page, Fault> {
        let mut input = json!({ "TableName": self.table(), "ConsistentRead": true });
        if let Some(from) = from {
            input["ExclusiveStartKey"] = from.clone();
        }
        self.page(&input, stop)
    }

    /// How many items there are.
    pub(super) fn count(&self) -> Result<u64, Fault> {
        let mut input = json!({ "TableName": self.table(), "ConsistentRead": true, "Select": "COUNT" });
        let mut count = 0;
        loop {
            let page = self.page(&input, None)?;
            count += page.count;
            let Some(next) = page.next else { return Ok(count) };
            input["ExclusiveStartKey"] = next;
        }
    }

    /// Makes sure that the table may be read.
    pub(super) fn scan_one(&self) -> Result<(), Fault> {
        self.page(&json!({ "TableName": self.table(), "Limit": 1 }), None).map(drop)
    }

    fn page(&self, input: &Value, stop: Option<&Control>) -> Result<Page, Fault> {
        let mut output = self.call("Scan", input, stop)?;
        let count = output["Count"].as_u64().ok_or_else(|| self.odd("Scan"))?;
        let next = output.get_mut("LastEvaluatedKey").map(Value::take).filter(|key| !key.is_null());
        let items = match output.get_mut("Items").map(Value::take) {
            Some(Value::Array(items)) => items,
            None if input["Select"] == "COUNT" => Vec::new(),
            _ => return Err(self.odd("Scan")),
        };
        let items = items.into_iter().map(|item| match item {
            Value::Object(item) => Ok(item),
            _ => Err(self.odd("Scan")),
        });
        Ok(Page { items: items.collect::<Result<_, _>>()?, count, next })
    }

    /// The table's tags. A service that has none of them says so.
    pub(super) fn tags(&self, arn: &str, stop: Option<&Control>) -> Result<Vec<Value>, Fault> {
        let (mut tags, mut next) = (Vec::new(), Value::Null);
        loop {
            let mut input = json!({ "ResourceArn": arn });
            if !next.is_null() {
                input["NextToken"] = next;
            }
            let mut output = match self.call("ListTagsOfResource", &input, stop) {
                Err(Fault::Unsupported { .. }) => return Ok(Vec::new()),
                output => output?,
            };
            if let Value::Array(more) = output["Tags"].take() {
                tags.extend(more);
            }
            next = output["NextToken"].take();
            if next.is_null() {
                return Ok(tags);
            }
        }
    }

    /// The attribute with the time at which an item goes, where there is one.
    pub(super) fn time_to_live(&self, stop: Option<&Control>) -> Result<Option<String>, Fault> {
        let output = match self.call("DescribeTimeToLive", &json!({ "TableName": self.table() }), stop) {
            Err(Fault::Unsupported { .. }) => return Ok(None),
            output => output?,
        };
        let told = &output["TimeToLiveDescription"];
        let is_on = matches!(told["TimeToLiveStatus"].as_str(), Some("ENABLED" | "ENABLING"));
        Ok(told["AttributeName"].as_str().filter(|_| is_on).map(str::to_owned))
    }

    /// An answer that is not DynamoDB's.
    fn odd(&self, operation: &str) -> Fault {
        Fault::Failed(format!("{} answers {operation} in a way that is not DynamoDB's.", self.http.place()))
    }
}
