//! Requests in words.

use serde_json::Value;

/// What of a request says best what it is about, the best first; in any case of its letters.
const SUBJECTS: [&str; 16] = [
    "recoverypointarn",
    "resourcearn",
    "backupvaultname",
    "backupplanname",
    "backupplanid",
    "backupjobid",
    "copyjobid",
    "restorejobid",
    "legalholdid",
    "title",
    "keyid",
    "aliasname",
    "name",
    "accountid",
    "path",
    "accountname",
];

/// What an operation does and to what: `delete backup vault orders`.
pub(super) fn summary(operation: &str, request: &Value) -> String {
    let mut words = spaced(operation);
    if let Some(subject) = SUBJECTS.iter().find_map(|wanted| find(request, wanted)) {
        words.push(' ');
        words.push_str(last_part(&subject));
    }
    words
}

/// A request as it is shown; empty where there is nothing in it.
pub(super) fn request(request: &Value) -> String {
    match request {
        Value::Null => String::new(),
        Value::Object(members) if members.is_empty() => String::new(),
        request => request.to_string(),
    }
}

/// What a program calls itself, without what it is built of.
pub(super) fn program(agent: &str) -> String {
    agent.split_whitespace().next().unwrap_or_default().to_owned()
}

/// `DeleteBackupVault` as `delete backup vault`.
fn spaced(operation: &str) -> String {
    let mut words = String::with_capacity(operation.len() + 8);
    let mut before = ' ';
    for character in operation.chars() {
        if character.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
        before = character;
    }
    words
}

/// A member of this name, and one level deeper: a plan's name stands within it.
fn find(request: &Value, wanted: &str) -> Option<String> {
    let members = request.as_object()?;
    let direct = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let deeper = || members.values().filter(|value| value.is_object()).find_map(|value| find(value, wanted));
    direct.and_then(|(_, value)| text(value)).or_else(deeper)
}

/// What people tell of an ARN: its end.
fn last_part(subject: &str) -> &str {
    if !subject.starts_with("arn:") {
        return subject;
    }
    subject.rsplit([':', '/']).next().filter(|part| !part.is_empty()).unwrap_or(subject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_told_by_what_it_does_and_to_what() {
        for (operation, request, told) in [
            ("DeleteBackupVault", json!({ "backupVaultName": "orders" }), "delete backup vault orders"),
            (
                "DeleteRecoveryPoint",
                json!({ "BackupVaultName": "v", "RecoveryPointArn": "arn:aws:backup:r:1:recovery-point:efs-1" }),
                "delete recovery point efs-1",
            ),
            (
                "CreateBackupPlan",
                json!({ "BackupPlan": { "BackupPlanName": "nightly" } }),
                "create backup plan nightly",
            ),
            ("UpdateGlobalSettings", json!({ "GlobalSettings": {} }), "update global settings"),
            ("UpdateGlobalSettings", Value::Null, "update global settings"),
        ] {
            assert_eq!(summary(operation, &request), told);
        }
    }

    #[test]
    fn a_request_without_members_is_not_shown() {
        assert_eq!([request(&Value::Null), request(&json!({})), request(&json!({ "a": 1 }))], ["", "", "{\"a\":1}"]);
    }
}
