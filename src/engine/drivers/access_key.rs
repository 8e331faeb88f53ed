//! The access key that a service with an AWS protocol asks for, in a resource's secret.

use crate::domain::{Invalid, Secret};
use zeroize::Zeroizing;

/// An access key.
pub(in crate::engine::drivers) struct AccessKey {
    pub(in crate::engine::drivers) id: Zeroizing<String>,
    pub(in crate::engine::drivers) secret: Zeroizing<String>,
    pub(in crate::engine::drivers) token: Option<Zeroizing<String>>,
}

impl AccessKey {
    /// The access key in a secret: a JSON object. What is wrong is told without what it says.
    pub(in crate::engine::drivers) fn read(secret: &Secret) -> Result<Self, Invalid> {
        const FORM: &str =
            "must be a JSON object with AccessKeyId and SecretAccessKey, and SessionToken where there is one";
        let wrong = |rule: &str| Invalid::value("Secret", rule);
        let read = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(secret.reveal());
        let members = read.map_err(|_| wrong(FORM))?;
        let mut texts: [Option<Zeroizing<String>>; 3] = Default::default();
        for (name, value) in members {
            let known = ["AccessKeyId", "SecretAccessKey", "SessionToken"].iter().position(|known| *known == name);
            let place = known.ok_or_else(|| wrong(FORM))?;
            match value {
                serde_json::Value::String(text) if !text.is_empty() => texts[place] = Some(Zeroizing::new(text)),
                serde_json::Value::Null if name == "SessionToken" => {}
                _ => return Err(wrong(&format!("{name} in it must be a text that is not empty"))),
            }
        }
        let [Some(id), Some(secret), token] = texts else { return Err(wrong(FORM)) };
        Ok(Self { id, secret, token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_secret_is_told_by_its_field_and_never_by_its_text() {
        for (text, told) in [
            ("hunter2", "JSON object"),
            (r#""hunter2""#, "JSON object"),
            (r#"{"AccessKeyId": "hunter2"}"#, "SecretAccessKey"),
            (r#"{"AccessKeyId": "hunter2", "SecretAccessKey": ""}"#, "SecretAccessKey in it"),
            (r#"{"AccessKeyId": ["hunter2"], "SecretAccessKey": "x"}"#, "AccessKeyId in it"),
            (r#"{"AccessKeyId": "a", "SecretAccessKey": "b", "hunter2": "c"}"#, "JSON object"),
        ] {
            let refused = AccessKey::read(&Secret::new(text.to_owned())).map(drop).unwrap_err().to_string();
            assert!(refused.starts_with("Invalid Secret: ") && refused.contains(told), "{refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        let whole = r#"{"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}"#;
        let read = AccessKey::read(&Secret::new(whole.to_owned())).unwrap();
        let token = read.token.map(|token| token.to_string());
        assert_eq!((read.id.as_str(), read.secret.as_str(), token.as_deref()), ("a", "b", Some("c")));
    }
}
