//! The value of one thing that is told of a record, before anyone decides how it is written.

use crate::domain::{Arn, Time};
use std::borrow::Cow;

/// What a value counts; it decides how people are shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Nothing: it is a text, or a yes or no.
    None,
    /// Things.
    Pieces,
    /// Bytes.
    Bytes,
    /// Seconds that something took.
    Seconds,
    /// Time since the epoch.
    Moment,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// There is none, or nobody told it.
    Nothing,
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number.
    Number(i64),
    /// A number between whole ones.
    Fraction(f64),
    /// Yes or no.
    Flag(bool),
    /// A moment.
    Time(Time),
}

impl Value<'_> {
    /// As JSON: moments in RFC 3339 with milliseconds, in UTC.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::Nothing => serde_json::Value::Null,
            Self::Text(text) => text.as_ref().into(),
            Self::Number(number) => (*number).into(),
            Self::Fraction(number) => (*number).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Time(time) => time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true).into(),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl<'a> From<&'a Arn> for Value<'a> {
    fn from(arn: &'a Arn) -> Self {
        arn.as_str().into()
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Fraction(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Time> for Value<'_> {
    fn from(time: Time) -> Self {
        Self::Time(time)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}
