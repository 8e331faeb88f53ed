//! AWS CloudTrail: who asked for which change lately, as an engine's trail has it.

use crate::client::Fault;
use crate::client::connect::Connection;
use crate::client::json_service::{JSON_1_1, JsonNames};
use crate::client::read::Question;
use crate::client::text::clean_json;
use crate::domain::Scope;
use crate::domain::trail::ApiCall;
use serde_json::{Map, Value, json};

const NAMES: JsonNames = JsonNames {
    service: "cloudtrail",
    target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    content_type: JSON_1_1,
};

/// So many pages are read: the 200 newest calls of a scope.
const PAGES: usize = 4;

impl Connection {
    /// The newest calls of a scope, the newest first.
    pub(crate) async fn api_calls(&self, scope: &Scope, question: &Question) -> Result<Vec<ApiCall>, Fault> {
        let service = self.json_service(scope, NAMES).await?;
        let (mut calls, mut input) = (Vec::new(), Map::new());
        for _ in 0..PAGES {
            question.bucket.turn().await;
            let mut answer = service.call("LookupEvents", &input).await?.body;
            let events = answer["Events"].as_array().into_iter().flatten();
            calls.extend(events.filter_map(|event| call(event["CloudTrailEvent"].as_str()?)));
            match answer["NextToken"].take() {
                Value::String(token) => input.insert("NextToken".to_owned(), json!(token)),
                _ => break,
            };
        }
        Ok(calls)
    }
}

/// A call as its record tells of it, without what a terminal would obey.
fn call(record: &str) -> Option<ApiCall> {
    ApiCall::of_record(&clean_json(serde_json::from_str(record).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_brings_no_control_characters() {
        let record = json!({
            "eventID": "i\u{1b}", "eventTime": "2026-11-27T19:00:00Z", "eventName": "DeleteBackupVault\u{9b}2J",
            "awsRegion": "us-east-1", "recipientAccountId": "123456789012",
            "userAgent": "a\u{7}", "requestParameters": { "b\u{1b}": ["c\u{1b}]0;d"] }, "errorCode": "e\u{1b}",
        });
        let read = format!("{:?}", call(&record.to_string()).unwrap());
        for obeyed in ["\\u{1b}", "\\u{9b}", "\\u{7}"] {
            assert!(!read.contains(obeyed), "{read}");
        }
        assert_eq!(call("{}"), None);
        assert_eq!(call("no JSON"), None);
    }
}
