//! Writing items, as many in one call as the service takes.

use super::client::Client;
use crate::engine::drivers::Fault;
use crate::engine::drivers::http::{LONG, patiently, temporary};
use serde_json::{Value, json};

/// How many items one call takes.
const MOST: usize = 25;
/// How many bytes of JSON; the service takes 16 MB.
const LARGEST: usize = 8 << 20;

/// Items that are not written yet.
pub(super) struct Batch<'a> {
    client: &'a Client,
    waiting: Vec<Value>,
    size: usize,
}

impl<'a> Batch<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client, waiting: Vec::new(), size: 0 }
    }

    /// Adds an item, whose line has so many bytes.
    pub(super) fn add(&mut self, item: Value, size: usize) -> Result<(), Fault> {
        if self.waiting.len() == MOST || self.size + size > LARGEST {
            self.write()?;
        }
        self.size += size;
        self.waiting.push(json!({ "PutRequest": { "Item": item } }));
        Ok(())
    }

    /// Writes what waits. What the service did not get to is asked for again, with pauses as long as it is not written; only a call
    /// that wrote nothing at all counts as an attempt that failed.
    pub(super) fn write(&mut self) -> Result<(), Fault> {
        self.size = 0;
        let mut left = Value::Array(std::mem::take(&mut self.waiting));
        while count(&left) > 0 {
            left = patiently(LONG, None, || {
                let unprocessed = self.write_once(&left)?;
                if count(&unprocessed) < count(&left) {
                    return Ok(unprocessed);
                }
                let place = self.client.place();
                Err(temporary(format!("The endpoint {} takes no items for table {} now.", place.endpoint, place.table)))
            })?;
        }
        Ok(())
    }

    /// What of these requests the service did not get to.
    fn write_once(&self, requests: &Value) -> Result<Value, Fault> {
        let table = self.client.table();
        let input = json!({ "RequestItems": { table: requests } });
        let mut output = self.client.call_once("BatchWriteItem", &input, None)?;
        Ok(output["UnprocessedItems"][table].take())
    }
}

fn count(requests: &Value) -> usize {
    requests.as_array().map_or(0, Vec::len)
}
