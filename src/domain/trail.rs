//! Who asked for which change through an API, in the form in which AWS CloudTrail records it.

use crate::domain::{Arn, Scope, Time};
use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

/// What stands in place of a secret, as in CloudTrail's records.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The most bytes that the parameters of a request take in its record; those of a larger one are left out.
const LARGEST: usize = 8 << 10;

/// The longest text of a record that a caller chooses, in characters.
const LONGEST: usize = 1024;

/// A call that changed something, or tried to.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiCall {
    /// Its id in the trail, a UUID.
    pub id: String,
    /// When it was answered.
    pub at: Time,
    /// Where it was made.
    pub scope: Scope,
    /// The service: `backup.amazonaws.com`.
    pub source: String,
    /// The operation.
    pub name: String,
    /// The ARN of the user or the assumed role.
    pub user_arn: String,
    /// The user's id, where one is known.
    pub user_id: Option<String>,
    /// Where it came from.
    pub from: String,
    /// The caller's program.
    pub agent: String,
    /// The id under which it was answered.
    pub request_id: String,
    /// The resources that the request names.
    pub resources: Vec<Arn>,
    /// What was asked for; null where the operation takes nothing.
    pub request: Value,
    /// Why it was refused: the exception and its message. None when it was carried out.
    pub error: Option<(String, String)>,
}

impl ApiCall {
    /// The last part of the caller's ARN: the user's name, or that of the role's session.
    pub fn user(&self) -> &str {
        let name = self.user_arn.rsplit([':', '/']).next();
        name.filter(|name| !name.is_empty()).unwrap_or(&self.user_arn)
    }

    /// CloudTrail's record of it.
    pub fn record(&self) -> Value {
        let account = self.scope.account.as_str();
        let resources: Vec<Value> = self.resources.iter().map(|arn| json!({ "ARN": arn })).collect();
        let mut record = json!({
            "eventVersion": "1.08",
            "userIdentity": { "type": self.kind(), "arn": self.user_arn, "accountId": account },
            "eventTime": self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "eventSource": self.source,
            "eventName": self.name,
            "awsRegion": self.scope.region,
            "sourceIPAddress": self.from,
            "userAgent": self.agent,
            "requestParameters": self.request,
            "responseElements": null,
            "requestID": self.request_id,
            "eventID": self.id,
            "readOnly": false,
            "resources": resources,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": account,
            "eventCategory": "Management",
        });
        if let Some(id) = &self.user_id {
            record["userIdentity"]["principalId"] = json!(id);
        }
        if let Some((code, message)) = &self.error {
            (record["errorCode"], record["errorMessage"]) = (json!(code), json!(message));
        }
        record
    }

    /// Reads a record; none where it is not one of a call.
    pub fn of_record(record: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let or_empty = |name: &str| text(&record[name]).unwrap_or_default();
        let account = record["recipientAccountId"].as_str().or_else(|| record["userIdentity"]["accountId"].as_str())?;
        let named = record["resources"].as_array().into_iter().flatten();
        let error = text(&record["errorCode"]).map(|code| (code, or_empty("errorMessage")));
        Some(Self {
            id: text(&record["eventID"])?,
            at: record["eventTime"].as_str()?.parse().ok()?,
            scope: Scope::new(account.parse().ok()?, record["awsRegion"].as_str()?.parse().ok()?),
            source: or_empty("eventSource"),
            name: text(&record["eventName"])?,
            user_arn: text(&record["userIdentity"]["arn"]).unwrap_or_default(),
            user_id: text(&record["userIdentity"]["principalId"]),
            from: or_empty("sourceIPAddress"),
            agent: or_empty("userAgent"),
            request_id: or_empty("requestID"),
            resources: named.filter_map(|one| one["ARN"].as_str()?.parse().ok()).collect(),
            request: record["requestParameters"].clone(),
            error,
        })
    }

    fn kind(&self) -> &'static str {
        if self.user_arn.ends_with(":root") {
            "Root"
        } else if self.user_arn.contains(":assumed-role/") {
            "AssumedRole"
        } else {
            "IAMUser"
        }
    }
}

/// The parameters of a request as they are recorded: secrets hidden, too much left out; null where there are none.
pub fn parameters(request: Map<String, Value>) -> Value {
    if request.is_empty() {
        return Value::Null;
    }
    let mut request = Value::Object(request);
    hide(&mut request);
    let size = request.to_string().len();
    if size > LARGEST {
        return json!({ "omitted": true, "originalSize": size, "reason": "requestParameters too large" });
    }
    request
}

/// A text that a caller chose, as it is recorded.
pub fn bounded(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// The ARNs that a request names: its texts that are some, and those within its lists and objects.
pub fn arns(request: &Value) -> Vec<Arn> {
    let mut found = Vec::new();
    collect(request, &mut found);
    found.sort();
    found.dedup();
    found
}

fn collect(value: &Value, found: &mut Vec<Arn>) {
    match value {
        Value::String(text) => found.extend(text.parse::<Arn>().ok()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(members) => members.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// Nobody puts a secret into these requests on purpose; whoever does it by mistake must not find it in a record.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(hidden) = without_user(text) {
                *text = hidden;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide),
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.to_ascii_lowercase();
                if ["password", "secret", "passphrase"].iter().any(|word| name.contains(word)) {
                    *value = json!(HIDDEN);
                } else {
                    hide(value);
                }
            }
        }
        _ => {}
    }
}

/// A URL without the user and password that stand in it; none where there are none.
fn without_user(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (_, host) = authority.rsplit_once('@')?;
    Some(format!("{scheme}://{HIDDEN}@{host}{}", &rest[authority.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> ApiCall {
        ApiCall {
            id: "6b9e3b0e-0000-4000-8000-000000000001".to_owned(),
            at: Time::from_timestamp_millis(1_516_925_490_087).unwrap(),
            scope: Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap()),
            source: "backup.amazonaws.com".to_owned(),
            name: "DeleteBackupVault".to_owned(),
            user_arn: "arn:aws:sts::123456789012:assumed-role/admin/ada".to_owned(),
            user_id: Some("AROA:ada".to_owned()),
            from: "127.0.0.1".to_owned(),
            agent: "Boto3/1.40".to_owned(),
            request_id: "r-1".to_owned(),
            resources: vec!["arn:aws:backup:us-east-1:123456789012:backup-vault:v".parse().unwrap()],
            request: json!({ "backupVaultName": "v" }),
            error: Some(("InvalidRequestException".to_owned(), "it is not empty".to_owned())),
        }
    }

    #[test]
    fn a_record_says_all_that_is_known_of_a_call() {
        for call in [call(), ApiCall { error: None, user_id: None, request: Value::Null, resources: vec![], ..call() }]
        {
            assert_eq!(ApiCall::of_record(&call.record()), Some(call));
        }
    }

    #[test]
    fn a_caller_is_called_by_the_last_part_of_its_arn() {
        let user = |arn: &str| ApiCall { user_arn: arn.to_owned(), ..call() }.user().to_owned();
        assert_eq!(user("arn:aws:sts::123456789012:assumed-role/admin/ada"), "ada");
        assert_eq!(user("arn:aws:iam::123456789012:root"), "root");
        assert_eq!(user(""), "");
    }

    #[test]
    fn no_secret_gets_into_a_record() {
        let request = json!({
            "a": [{ "MasterUserPassword": "hunter2" }], "ClientSecret": { "b": "hunter2" }, "c": 1,
            "Location": { "Url": "postgresql://ada:hunter2@db:5432/x?a=b@c" },
        });
        let Value::Object(request) = request else { unreachable!() };
        let recorded = parameters(request);
        assert!(!recorded.to_string().contains("hunter2"), "{recorded}");
        assert_eq!(recorded["c"], 1);
        assert!(recorded["Location"]["Url"].as_str().unwrap().ends_with("@db:5432/x?a=b@c"), "{recorded}");
    }

    #[test]
    fn a_request_that_is_too_large_is_left_out_and_says_so() {
        let recorded = parameters(Map::from_iter([("Policy".to_owned(), json!("x".repeat(LARGEST)))]));
        assert_eq!((&recorded["omitted"], &recorded["originalSize"]), (&json!(true), &json!(LARGEST + 13)));
        assert_eq!(parameters(Map::new()), Value::Null);
    }

    #[test]
    fn the_arns_of_a_request_are_found_wherever_they_stand() {
        let key = "arn:aws:kms:us-east-1:123456789012:key/1";
        let role = "arn:aws:iam::123456789012:role/r";
        let request = json!({ "a": key, "b": [{ "c": role }, key], "d": "no ARN", "e": 1 });
        assert_eq!(arns(&request), [role.parse().unwrap(), key.parse().unwrap()]);
    }
}
