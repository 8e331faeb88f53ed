//! An item in its one spelling.

use crate::engine::drivers::Fault;
use serde_json::{Map, Value};

/// The names of the attributes that make up a key: that of the partition, and that of the order in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyNames(pub(super) Vec<String>);

impl KeyNames {
    /// Those of what `DescribeTable` says.
    pub(super) fn of(table: &Value) -> Result<Self, Fault> {
        let schema = table["KeySchema"].as_array().filter(|schema| !schema.is_empty());
        let names = schema.and_then(|schema| {
            let mut parts: Vec<&Value> = schema.iter().collect();
            parts.sort_by_key(|part| part["KeyType"] != "HASH");
            parts.into_iter().map(|part| part["AttributeName"].as_str().map(str::to_owned)).collect()
        });
        names.map(Self).ok_or_else(|| Fault::Failed("The table has no key schema.".to_owned()))
    }
}

/// An item as a line of a file, with the key that it is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) key: String,
    pub(super) text: String,
}

/// Writes an item in its one spelling.
pub(super) fn line(mut item: Map<String, Value>, names: &KeyNames) -> Result<Line, Fault> {
    for value in item.values_mut() {
        settle(value);
    }
    let mut key = String::new();
    for name in &names.0 {
        let value = item.get(name);
        let value = value.ok_or_else(|| Fault::Failed(format!("The service gave an item without its key {name}.")))?;
        key += &value.to_string();
    }
    // One member, and the names within are sorted, since that is how this map keeps them.
    Ok(Line { key, text: format!("{{\"Item\":{}}}\n", Value::Object(item)) })
}

/// Sorts the members of the sets in a value, whose order means nothing and need not be the same twice.
fn settle(value: &mut Value) {
    let Value::Object(typed) = value else { return };
    for (kind, content) in typed {
        match (kind.as_str(), content) {
            ("SS" | "NS" | "BS", Value::Array(members)) => {
                members.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
            }
            ("L", Value::Array(values)) => values.iter_mut().for_each(settle),
            ("M", Value::Object(values)) => values.values_mut().for_each(settle),
            _ => {}
        }
    }
}

/// The item of a line.
pub(super) fn read(line: &[u8]) -> Result<Value, String> {
    let read: Value = serde_json::from_slice(line).map_err(|error| format!("a line of it is no JSON: {error}"))?;
    match read {
        Value::Object(mut line) => line.remove("Item").filter(Value::is_object),
        _ => None,
    }
    .ok_or_else(|| "a line of it is no item".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> KeyNames {
        KeyNames::of(&serde_json::json!({ "KeySchema": [
            { "AttributeName": "at", "KeyType": "RANGE" },
            { "AttributeName": "id", "KeyType": "HASH" },
        ] }))
        .unwrap()
    }

    fn of(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_item_has_one_line_whatever_the_order_in_which_it_came() {
        let one = r#"{"id":{"S":"ü\n"},"at":{"N":"1E+2"},"s":{"NS":["3","1","2"]},"m":{"M":{"b":{"L":[{"SS":["b","a"]},{"NULL":true}]},"a":{"BS":["Yg==","YQ=="]}}}}"#;
        let other = r#"{"m":{"M":{"a":{"BS":["YQ==","Yg=="]},"b":{"L":[{"SS":["a","b"]},{"NULL":true}]}}},"s":{"NS":["2","3","1"]},"at":{"N":"1E+2"},"id":{"S":"ü\n"}}"#;
        let line = line(of(one), &names()).unwrap();
        assert_eq!(super::line(of(other), &names()).unwrap(), line);
        assert_eq!(line.key, r#"{"S":"ü\n"}{"N":"1E+2"}"#);
        let expected = r#"{"Item":{"at":{"N":"1E+2"},"id":{"S":"ü\n"},"m":{"M":{"a":{"BS":["YQ==","Yg=="]},"b":{"L":[{"SS":["a","b"]},{"NULL":true}]}}},"s":{"NS":["1","2","3"]}}}"#;
        assert_eq!(line.text, format!("{expected}\n"));
    }

    #[test]
    fn the_members_of_a_list_keep_their_order_and_numbers_their_digits() {
        let item =
            r#"{"at":{"N":"0"},"id":{"S":""},"l":{"L":[{"N":"2"},{"N":"12345678901234567890123456789012345678"}]}}"#;
        let text = line(of(item), &names()).unwrap().text;
        assert_eq!(text, format!("{{\"Item\":{item}}}\n"));
        assert_eq!(read(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(item).unwrap());
    }

    #[test]
    fn what_is_no_item_is_refused() {
        assert!(line(of(r#"{"id":{"S":"a"}}"#), &names()).unwrap_err().to_string().contains("without its key at"));
        for wrong in ["", "{}", "[]", r#"{"Item":1}"#, r#"{"Item":{}"#] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
