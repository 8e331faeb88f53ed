//! A secret on its way to where it is used.

use crate::domain::Invalid;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use zeroize::Zeroizing;

/// The longest secret in bytes.
pub const MAX_SECRET_BYTES: usize = 64 * 1024;

/// What a service asks of whoever reads a resource: a password, a key. It is wiped from memory when it is dropped, and nothing
/// shows it but [`reveal`](Self::reveal). It is sent in the body of a request, and never in an answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret of this text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the service that asks for it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Refuses what can be no secret.
    pub fn check(&self) -> Result<(), Invalid> {
        match self.0.len() {
            0 => Err(Invalid::value("Secret", "must not be empty")),
            length if length > MAX_SECRET_BYTES => {
                let rule = format!("must be at most {MAX_SECRET_BYTES} bytes long, it has {length}");
                Err(Invalid::value("Secret", rule))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.reveal())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_to_nobody_who_does_not_ask_for_it() {
        let secret = Secret::new("correct horse".to_owned());
        assert_eq!((format!("{secret:?}").as_str(), secret.reveal()), ("Secret", "correct horse"));
    }

    #[test]
    fn an_empty_or_huge_one_is_refused_without_being_told() {
        for (text, rule) in [(String::new(), "must not be empty"), ("x".repeat(MAX_SECRET_BYTES + 1), "at most 65536")]
        {
            let refused = Secret::new(text).check().unwrap_err().to_string();
            assert!(refused.starts_with("Invalid Secret: ") && refused.contains(rule), "{refused}");
            assert!(!refused.contains("xx"), "{refused}");
        }
        assert!(Secret::new("x".repeat(MAX_SECRET_BYTES)).check().is_ok());
    }
}
