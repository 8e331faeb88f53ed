//! Reading request bodies member by member.
//!
//! A member that nobody reads is refused by its name: nothing is accepted that nothing carries out. Every error names the
//! member with its whole path (`BackupPlan.Rules[0].Lifecycle.DeleteAfterDays`). `null` means absent, as in AWS.

use super::failure::Failure;
use crate::domain::Time;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The seconds since 1970 of the latest time that is read, some thousand years from now.
const LATEST: f64 = 1e12;

/// The members of a JSON object that are still to be read.
#[derive(Debug)]
pub(super) struct Members {
    path: String,
    map: Map<String, Value>,
}

impl Members {
    /// Reads a whole body; an empty one has no members.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Failure> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { path: String::new(), map: Map::new() });
        }
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| Failure::serialization(format!("The request body is not valid JSON: {error}")))?;
        Self::of("", value)
    }

    /// The members of `value`, which stands at `path`.
    pub(super) fn of(path: &str, value: Value) -> Result<Self, Failure> {
        match value {
            Value::Object(map) => Ok(Self { path: path.to_owned(), map }),
            other if path.is_empty() => {
                Err(Failure::serialization(format!("The request body must be a JSON object, not {}", kind(&other))))
            }
            other => Err(wrong_type(path, "an object", &other)),
        }
    }

    /// The whole path of a member.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// A string.
    pub(super) fn string(&mut self, name: &str) -> Result<Option<String>, Failure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_type(&self.path_of(name), "a string", &other)),
        }
    }

    /// A string that must be there and not be empty.
    pub(super) fn required_string(&mut self, name: &str) -> Result<String, Failure> {
        match self.string(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(Failure::missing(&self.path_of(name))),
        }
    }

    /// A whole number.
    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, Failure> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match whole(&value) {
                Some(number) => Ok(Some(number)),
                None if value.is_number() => Err(Failure::serialization(format!(
                    "{} must be a whole number of at most 64 bits, not {value}",
                    self.path_of(name)
                ))),
                None => Err(wrong_type(&self.path_of(name), "a whole number", &value)),
            },
        }
    }

    /// A time, which must be there.
    pub(super) fn required_time(&mut self, name: &str) -> Result<Time, Failure> {
        let path = self.path_of(name);
        self.time(name)?.ok_or_else(|| Failure::missing(&path))
    }

    /// A time: seconds since 1970, with milliseconds behind the point.
    pub(super) fn time(&mut self, name: &str) -> Result<Option<Time>, Failure> {
        let path = self.path_of(name);
        let Some(value) = self.take(name) else { return Ok(None) };
        let seconds = value.as_f64().ok_or_else(|| wrong_type(&path, "a time in seconds since 1970", &value))?;
        let time = (seconds.abs() < LATEST).then(|| Time::from_timestamp_millis((seconds * 1000.0).round() as i64));
        let invalid = || Failure::invalid(format!("Invalid {path}: {value} is no time in seconds since 1970"));
        time.flatten().ok_or_else(invalid).map(Some)
    }

    /// A boolean.
    pub(super) fn boolean(&mut self, name: &str) -> Result<Option<bool>, Failure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(wrong_type(&self.path_of(name), "true or false", &other)),
        }
    }

    fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, Failure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(values)) => Ok(Some(values)),
            Some(other) => Err(wrong_type(&self.path_of(name), "a list", &other)),
        }
    }

    /// A list of strings.
    pub(super) fn strings(&mut self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        let path = self.path_of(name);
        let Some(values) = self.list(name)? else { return Ok(None) };
        let strings = values.into_iter().enumerate().map(|(index, value)| match value {
            Value::String(text) => Ok(text),
            other => Err(wrong_type(&format!("{path}[{index}]"), "a string", &other)),
        });
        strings.collect::<Result<_, _>>().map(Some)
    }

    /// A list of objects.
    pub(super) fn objects(&mut self, name: &str) -> Result<Option<Vec<Self>>, Failure> {
        let path = self.path_of(name);
        let Some(values) = self.list(name)? else { return Ok(None) };
        let objects = values.into_iter().enumerate().map(|(index, value)| Self::of(&format!("{path}[{index}]"), value));
        objects.collect::<Result<_, _>>().map(Some)
    }

    /// An object.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Self>, Failure> {
        let path = self.path_of(name);
        self.take(name).map(|value| Self::of(&path, value)).transpose()
    }

    /// An object that must be there.
    pub(super) fn required_object(&mut self, name: &str) -> Result<Self, Failure> {
        let path = self.path_of(name);
        self.object(name)?.ok_or_else(|| Failure::missing(&path))
    }

    /// A map of strings.
    pub(super) fn string_map(&mut self, name: &str) -> Result<Option<BTreeMap<String, String>>, Failure> {
        self.map_of(name, "a string", |value| match value {
            Value::String(text) => Ok(text),
            other => Err(other),
        })
    }

    /// A map of booleans.
    pub(super) fn boolean_map(&mut self, name: &str) -> Result<Option<BTreeMap<String, bool>>, Failure> {
        self.map_of(name, "true or false", |value| match value {
            Value::Bool(flag) => Ok(flag),
            other => Err(other),
        })
    }

    fn map_of<T>(
        &mut self,
        name: &str,
        wanted: &str,
        read: impl Fn(Value) -> Result<T, Value>,
    ) -> Result<Option<BTreeMap<String, T>>, Failure> {
        let Some(object) = self.object(name)? else { return Ok(None) };
        let Self { path, map } = object;
        let pairs = map.into_iter().map(|(key, value)| match read(value) {
            Ok(value) => Ok((key, value)),
            Err(other) => Err(wrong_type(&format!("{path}[{key:?}]"), wanted, &other)),
        });
        pairs.collect::<Result<_, _>>().map(Some)
    }

    /// Refuses a member of AWS's that is not built, unless it asks for nothing (null, false, an empty text, list or map).
    pub(super) fn refuse(&mut self, name: &str) -> Result<(), Failure> {
        match self.take(name) {
            Some(value) if !asks_for_nothing(&value) => {
                Err(Failure::refused(format!("{} is not supported by this engine", self.path_of(name))))
            }
            _ => Ok(()),
        }
    }

    /// Refuses what nobody read.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self.map.keys().next() {
            Some(name) => Err(Failure::invalid(format!("{} is not a known parameter", self.path_of(name)))),
            None => Ok(()),
        }
    }
}

/// A whole number, also where it is written `35.0` or `3.5e1`.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
    })
}

fn asks_for_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn wrong_type(path: &str, wanted: &str, found: &Value) -> Failure {
    Failure::serialization(format!("{path} must be {wanted}, not {}", kind(found)))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<T: std::fmt::Debug>(result: Result<T, Failure>) -> String {
        let failure = result.unwrap_err();
        format!("{}: {}", failure.code, failure.message)
    }

    #[test]
    fn an_empty_body_has_no_members() {
        for body in [&b""[..], b" \n", b"{}"] {
            Members::parse(body).unwrap().finish().unwrap();
        }
    }

    #[test]
    fn what_is_not_a_json_object_is_a_serialization_exception() {
        for body in [&b"{"[..], b"[]", b"7", b"\xff"] {
            assert!(message(Members::parse(body)).starts_with("SerializationException: The request body"));
        }
    }

    #[test]
    fn errors_name_the_member_with_its_path() {
        let mut body =
            Members::parse(br#"{"Plan":{"Rules":[{"Days":1.5,"Name":7,"Tags":{"a":1},"Names":["x",2]}]}}"#).unwrap();
        let mut rule = body.required_object("Plan").unwrap().objects("Rules").unwrap().unwrap().remove(0);
        assert!(message(rule.integer("Days")).contains("Plan.Rules[0].Days must be a whole number"));
        assert!(message(rule.string("Name")).contains("Plan.Rules[0].Name must be a string, not a number"));
        assert!(message(rule.string_map("Tags")).contains("Plan.Rules[0].Tags[\"a\"] must be a string"));
        assert!(message(rule.strings("Names")).contains("Plan.Rules[0].Names[1] must be a string"));
        assert_eq!(
            message(rule.required_string("Role")),
            "MissingParameterValueException: Plan.Rules[0].Role is required"
        );
    }

    #[test]
    fn numbers_may_be_spelled_as_floats_and_null_is_absent() {
        let mut body = Members::parse(br#"{"A":35.0,"B":null,"C":1e400}"#);
        assert!(body.is_err(), "a number that no float holds is not JSON here");
        body = Members::parse(br#"{"A":35.0,"B":null,"C":9223372036854775808}"#);
        let mut body = body.unwrap();
        assert_eq!(body.integer("A").unwrap(), Some(35));
        assert_eq!(body.integer("B").unwrap(), None);
        assert!(body.integer("C").is_err());
    }

    #[test]
    fn times_are_seconds_with_milliseconds() {
        let mut body = Members::parse(br#"{"A":1516925490.087,"B":"2018-01-26","C":1e300}"#).unwrap();
        assert_eq!(body.required_time("A").unwrap().timestamp_millis(), 1_516_925_490_087);
        assert!(message(body.required_time("B")).contains("B must be a time in seconds since 1970, not a string"));
        assert!(message(body.required_time("C")).contains("is no time in seconds since 1970"));
        assert_eq!(message(body.required_time("D")), "MissingParameterValueException: D is required");
    }

    #[test]
    fn unknown_and_unbuilt_members_are_refused_by_name() {
        let mut body = Members::parse(br#"{"Index":"ENABLED","Off":false,"Bogus":null}"#).unwrap();
        body.refuse("Off").unwrap();
        assert_eq!(message(body.refuse("Index")), "InvalidRequestException: Index is not supported by this engine");
        assert_eq!(message(body.finish()), "InvalidParameterValueException: Bogus is not a known parameter");
    }
}
