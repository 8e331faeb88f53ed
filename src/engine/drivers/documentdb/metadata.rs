//! `COLLECTION.metadata.json`: what a collection is beside its documents, in the canonical extended JSON of `mongodump`.

use mongodb::bson::{Bson, Document, doc};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// A collection as the server describes it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Metadata {
    pub(super) name: String,
    /// `collection`, `view` or `timeseries`.
    pub(super) kind: String,
    /// What it was made with.
    pub(super) options: Document,
    /// Its indexes, that of `_id` among them.
    pub(super) indexes: Vec<Document>,
    /// What tells it from another one of its name, in hexadecimal digits.
    pub(super) uuid: Option<String>,
}

impl Metadata {
    /// Whether it holds no documents of its own.
    pub(super) fn is_view(&self) -> bool {
        self.kind == "view"
    }

    /// Whether documents have an order of their own, that of their arrival.
    pub(super) fn is_capped(&self) -> bool {
        matches!(self.options.get("capped"), Some(Bson::Boolean(true)))
    }

    /// Whether it holds measurements, which need no `_id` to tell them apart.
    pub(super) fn is_timeseries(&self) -> bool {
        self.kind == "timeseries" || self.options.contains_key("timeseries")
    }

    /// As `mongodump` writes it.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, String> {
        let indexes = self.indexes.iter().map(|index| Bson::Document(index.clone()));
        let mut all = doc! { "options": self.options.clone(), "indexes": indexes.collect::<Vec<_>>() };
        if let Some(uuid) = &self.uuid {
            all.insert("uuid", uuid);
        }
        all.insert("collectionName", &self.name);
        all.insert("type", &self.kind);
        serde_json::to_vec(&Canonical(&Bson::Document(all))).map_err(|error| error.to_string())
    }

    /// What it wrote.
    pub(super) fn from_json(text: &[u8]) -> Result<Self, String> {
        let mut all: Document = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let name = all.get_str("collectionName").map_err(|_| "it has no collectionName".to_owned())?.to_owned();
        let kind = all.get_str("type").unwrap_or("collection").to_owned();
        let uuid = all.get_str("uuid").ok().map(str::to_owned);
        let options = match all.remove("options") {
            Some(Bson::Document(options)) => options,
            _ => Document::new(),
        };
        let indexes = match all.remove("indexes") {
            Some(Bson::Array(indexes)) => indexes,
            _ => Vec::new(),
        };
        let indexes = indexes.into_iter().filter_map(|index| match index {
            Bson::Document(index) => Some(index),
            _ => None,
        });
        Ok(Self { name, kind, options, indexes: indexes.collect(), uuid })
    }
}

/// A value with the type of each of its numbers, in the order of its members.
struct Canonical<'a>(&'a Bson);

impl Serialize for Canonical<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let one = |serializer: S, name: &str, value: String| {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(name, &value)?;
            map.end()
        };
        match self.0 {
            Bson::Document(document) => {
                let mut map = serializer.serialize_map(Some(document.len()))?;
                for (name, value) in document {
                    map.serialize_entry(name, &Canonical(value))?;
                }
                map.end()
            }
            Bson::Array(values) => serializer.collect_seq(values.iter().map(Canonical)),
            Bson::Int32(number) => one(serializer, "$numberInt", number.to_string()),
            Bson::Int64(number) => one(serializer, "$numberLong", number.to_string()),
            Bson::Double(number) => one(serializer, "$numberDouble", double(*number)),
            Bson::DateTime(time) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("$date", &Canonical(&Bson::Int64(time.timestamp_millis())))?;
                map.end()
            }
            other => other.serialize(serializer),
        }
    }
}

/// A double as the canonical form writes it.
fn double(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else {
        format!("{number:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::oid::ObjectId;
    use mongodb::bson::spec::BinarySubtype;
    use mongodb::bson::{Binary, DateTime, Decimal128, Regex, Timestamp};

    #[test]
    fn what_is_written_is_mongodumps_and_reads_back_in_its_order() {
        let metadata = Metadata {
            name: "orders".to_owned(),
            kind: "collection".to_owned(),
            options: doc! { "capped": true, "size": 4096_i64, "max": 5 },
            indexes: vec![doc! { "v": 2, "key": { "z": -1, "a": 1.5 }, "name": "z" }],
            uuid: Some("00ff".to_owned()),
        };
        let json = metadata.to_json().unwrap();
        let expected = r#"{"options":{"capped":true,"size":{"$numberLong":"4096"},"max":{"$numberInt":"5"}},"indexes":[{"v":{"$numberInt":"2"},"key":{"z":{"$numberInt":"-1"},"a":{"$numberDouble":"1.5"}},"name":"z"}],"uuid":"00ff","collectionName":"orders","type":"collection"}"#;
        assert_eq!(String::from_utf8(json.clone()).unwrap(), expected);
        assert_eq!(Metadata::from_json(&json).unwrap(), metadata);
        assert!(metadata.is_capped() && !metadata.is_view() && !metadata.is_timeseries());
    }

    /// An index's filter, or a validator, may hold anything.
    #[test]
    fn every_type_reads_back_as_it_was() {
        let options = doc! {
            "min": Bson::MinKey, "max": Bson::MaxKey, "null": Bson::Null, "undefined": Bson::Undefined,
            "early": DateTime::MIN, "late": DateTime::MAX, "old": DateTime::from_millis(-1),
            "decimal": "1E-6176".parse::<Decimal128>().unwrap(), "nan": "NaN".parse::<Decimal128>().unwrap(),
            "long": i64::MIN, "int": i32::MAX, "double": -0.0, "huge": 1e308, "infinite": f64::NEG_INFINITY,
            "regex": Bson::RegularExpression(Regex { pattern: "^a".try_into().unwrap(), options: "i".try_into().unwrap() }),
            "binary": Binary { subtype: BinarySubtype::UserDefined(0x80), bytes: vec![0, 255] },
            "id": ObjectId::from_bytes([7; 12]), "time": Timestamp { time: u32::MAX, increment: u32::MAX },
            "code": Bson::JavaScriptCode("f".to_owned()), "symbol": Bson::Symbol("s".to_owned()),
            "nested": { "$expr": { "$gt": ["$a.b", [1, {}]] }, "": [] },
        };
        let metadata = Metadata { name: "x".to_owned(), kind: "view".to_owned(), options, ..Metadata::default() };
        let read = Metadata::from_json(&metadata.to_json().unwrap()).unwrap();
        assert_eq!(read, metadata);
        let sign = read.options.get_f64("double").unwrap();
        assert!(sign == 0.0 && sign.is_sign_negative());
    }

    #[test]
    fn what_is_no_metadata_is_refused() {
        for text in ["", "[]", "{}", r#"{"options": {}"#] {
            assert!(Metadata::from_json(text.as_bytes()).is_err(), "{text}");
        }
    }
}
