//! AWS's encoded authorization messages: where one is in a text, and what it says once STS has decoded it.
//!
//! Some services tell in a denial neither who was denied nor what, but an encoded text of it, so that only those learn it who may
//! call `sts:DecodeAuthorizationMessage` in the account.

use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;

/// What the text in front of one ends with, whatever its case.
const BEFORE: &str = "authorization failure message:";
/// What is shorter is none.
const SHORTEST: usize = 20;
/// The longest that STS takes.
pub const LONGEST: usize = 10_240;

/// Where the encoded message is in a text that carries one.
pub fn place(text: &str) -> Option<Range<usize>> {
    // The same length in bytes, so that places in one are places in the other.
    let lower = text.to_ascii_lowercase();
    let after = lower.find(BEFORE)? + BEFORE.len();
    let start = after + text[after..].len() - text[after..].trim_start().len();
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_+/=".contains(c);
    let length = text[start..].find(|c| !is_part(c)).unwrap_or(text.len() - start);
    (length >= SHORTEST).then(|| start..start + length)
}

/// The encoded message in a text that carries one.
pub fn encoded(text: &str) -> Option<&str> {
    place(text).map(|place| &text[place])
}

/// The text without its encoded message.
pub fn around(text: &str) -> Cow<'_, str> {
    match place(text) {
        Some(place) => format!("{}{}", &text[..place.start], &text[place.end..]).into(),
        None => text.into(),
    }
}

/// The text with all but the first characters of an encoded message left out.
pub fn shortened(text: &str) -> Option<String> {
    let place = place(text)?;
    let begin = &text[place.start..place.start + SHORTEST.min(place.len())];
    Some(format!("{}{begin}…{}", &text[..place.start], &text[place.end..]))
}

/// A denied request, as STS tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Denial {
    /// Whether a statement denies it explicitly; else none allows it.
    pub explicit: bool,
    /// Who asked: an ARN where there is one.
    pub principal: Option<String>,
    /// What was asked for: `ec2:CreateSnapshot`.
    pub action: Option<String>,
    /// Of what: an ARN.
    pub resource: Option<String>,
    /// The ids of the statements that decided, where they have some.
    pub statements: Vec<String>,
    /// What else was known of the request: keys of conditions with their values.
    pub conditions: Vec<(String, Vec<String>)>,
}

impl Denial {
    /// Reads the document that STS decoded. None where it tells no decision.
    pub fn of(document: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let items = |value: &Value| value["items"].as_array().cloned().unwrap_or_default();
        let context = &document["context"];
        let principal = &context["principal"];
        let conditions = items(&context["conditions"]).into_iter().filter_map(|condition| {
            let values = items(&condition["values"]).iter().filter_map(|value| text(&value["value"])).collect();
            Some((text(&condition["key"])?, values))
        });
        let statements = items(&document["matchedStatements"]);
        Some(Self {
            explicit: document["explicitDeny"].as_bool()?,
            principal: ["arn", "name", "id"].iter().find_map(|name| text(&principal[*name])),
            action: text(&context["action"]),
            resource: text(&context["resource"]),
            statements: statements.iter().filter_map(|statement| text(&statement["statementId"])).collect(),
            conditions: conditions.collect(),
        })
    }

    /// Who may not do what.
    pub fn what(&self) -> String {
        let or = |told: &Option<String>, what: &str| told.clone().unwrap_or_else(|| what.to_owned());
        format!(
            "{} may not do {} on {}",
            or(&self.principal, "the caller"),
            or(&self.action, "an action that is not told"),
            or(&self.resource, "a resource that is not told")
        )
    }

    /// Why, and what it takes.
    pub fn why(&self) -> String {
        let named = if self.statements.is_empty() {
            String::new()
        } else {
            format!(
                " ({} {})",
                if self.statements.len() == 1 { "statement" } else { "statements" },
                self.statements.join(", ")
            )
        };
        if self.explicit {
            format!("A policy denies it explicitly{named}: no allow helps while that stands.")
        } else {
            "No policy allows it, and none denies it: what lacks is an allow.".to_owned()
        }
    }

    /// What else was known of the request, one line a key.
    pub fn circumstances(&self) -> Vec<String> {
        self.conditions.iter().map(|(key, values)| format!("{key} = {}", values.join(", "))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MESSAGE: &str = "You are not authorized to perform this operation. Encoded authorization failure message: \
                           oGsbAaIV7wlfj8zUqebHUANHzFbmkzILlxyj__y9xwhIHk99U_cUq1FIeZnskWDjQ1wSHStVfdCEyZILGoccGpC (Service: Ec2)";

    #[test]
    fn an_encoded_message_is_found_wherever_it_stands() {
        let blob = "oGsbAaIV7wlfj8zUqebHUANHzFbmkzILlxyj__y9xwhIHk99U_cUq1FIeZnskWDjQ1wSHStVfdCEyZILGoccGpC";
        assert_eq!(encoded(MESSAGE), Some(blob));
        assert_eq!(encoded(&format!("ENCODED AUTHORIZATION FAILURE MESSAGE:{blob}.")), Some(blob));
        assert_eq!(encoded(&format!("é Encoded authorization failure message:\u{a0} {blob}")), Some(blob));
        for none in
            ["", "access denied", "Encoded authorization failure message: ", "authorization failure message: short"]
        {
            assert_eq!(encoded(none), None, "{none:?}");
        }
        assert_eq!(around(MESSAGE), MESSAGE.replace(blob, ""));
        assert_eq!(around("denied"), "denied");
        let short = shortened(MESSAGE).unwrap();
        assert!(short.contains("message: oGsbAaIV7wlfj8zUqebH… (Service: Ec2)") && !short.contains(blob), "{short}");
    }

    #[test]
    fn what_sts_decoded_says_who_may_not_do_what_and_why() {
        let document = json!({
            "allowed": false, "explicitDeny": true,
            "matchedStatements": {"items": [{"statementId": "NoSnapshots", "effect": "DENY"}, {"statementId": ""}]},
            "failures": {"items": []},
            "context": {
                "principal": {"id": "AROA:backup", "name": "backup", "arn": "arn:aws:sts::1:assumed-role/Backup/x"},
                "action": "ec2:CreateSnapshot", "resource": "arn:aws:ec2:us-east-1:1:volume/vol-1",
                "conditions": {"items": [
                    {"key": "ec2:Region", "values": {"items": [{"value": "us-east-1"}]}},
                    {"key": "aws:Empty", "values": {"items": []}}
                ]}
            }
        });
        let denial = Denial::of(&document).unwrap();
        assert_eq!(
            denial.what(),
            "arn:aws:sts::1:assumed-role/Backup/x may not do ec2:CreateSnapshot on arn:aws:ec2:us-east-1:1:volume/vol-1"
        );
        assert_eq!(
            denial.why(),
            "A policy denies it explicitly (statement NoSnapshots): no allow helps while that stands."
        );
        assert_eq!(denial.circumstances(), ["ec2:Region = us-east-1", "aws:Empty = "]);
        let implicit = Denial::of(&json!({"explicitDeny": false, "context": {"action": "kms:Decrypt"}})).unwrap();
        assert_eq!(implicit.why(), "No policy allows it, and none denies it: what lacks is an allow.");
        assert!(implicit.what().starts_with("the caller may not do kms:Decrypt"), "{}", implicit.what());
        for none in [json!(null), json!([]), json!({"explicitDeny": "yes"}), json!("text")] {
            assert_eq!(Denial::of(&none), None, "{none}");
        }
    }
}
