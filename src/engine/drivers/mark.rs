//! What a driver wants to be told again: the engine keeps it and knows nothing of what is in it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a driver remembers of a resource from one backup to the next, or of a restore's target from one attempt to the next.
/// No secret may be in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(Value);

impl Mark {
    /// A mark that says `what`; one that JSON cannot hold says nothing.
    pub fn of(what: &impl Serialize) -> Self {
        Self(serde_json::to_value(what).unwrap_or_default())
    }

    /// What it says; `None` when it is not of this form.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.0.clone()).ok()
    }

    /// Members of it as text, under the names by which they are told; those that are not there or empty are left out.
    pub(super) fn told(&self, members: &[(&str, &str)]) -> BTreeMap<String, String> {
        let text = |member: &str| match self.0.get(member)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        members.iter().filter_map(|(member, name)| Some(((*name).to_owned(), text(member)?))).collect()
    }

    /// As the catalog keeps it.
    pub(in crate::engine) fn to_text(&self) -> String {
        self.0.to_string()
    }

    /// From what the catalog kept.
    pub(in crate::engine) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mark_tells_has_names_of_its_own_and_no_gaps() {
        let mark =
            Mark::of(&serde_json::json!({ "Version": "15.18", "Size": 7, "Empty": "", "Kept": "secret", "List": [1] }));
        let told = mark.told(&[
            ("Version", "EngineVersion"),
            ("Size", "SizeBytes"),
            ("Empty", "E"),
            ("List", "L"),
            ("No", "N"),
        ]);
        let expected = [("EngineVersion", "15.18"), ("SizeBytes", "7")];
        assert_eq!(told, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert!(Mark::of(&()).told(&[("Version", "V")]).is_empty());
    }
}
