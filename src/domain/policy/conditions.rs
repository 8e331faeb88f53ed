//! Conditions: an operator, a key, and values of which one must fit.

use super::facts::{Fact, Facts, Holds};
use super::{Version, pattern};
use chrono::{DateTime, Utc};

/// One condition: the value that a key has in the request against the values that are written.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// How the key's values are looked at where it has several.
    pub quantifier: Quantifier,
    /// What is compared.
    pub operator: Operator,
    /// `…IfExists`: it holds where the request does not have the key.
    pub if_exists: bool,
    /// The key, as it is written.
    pub key: String,
    /// The values; of an operator that negates, none may fit.
    pub values: Vec<String>,
}

/// The set operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// None: for keys of one value.
    Plain,
    /// `ForAnyValue:`.
    ForAnyValue,
    /// `ForAllValues:`.
    ForAllValues,
}

/// An operator, taken apart: what it tests, and whether it wants the contrary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    /// What it tests.
    pub test: Test,
    /// Whether it holds when the test does not: `StringNotEquals`.
    pub negated: bool,
}

/// What an operator tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// `StringEquals`.
    StringEquals,
    /// `StringEqualsIgnoreCase`.
    StringEqualsIgnoreCase,
    /// `StringLike`.
    StringLike,
    /// `ArnEquals` and `ArnLike`, which are the same.
    Arn,
    /// `NumericEquals`, `NumericLessThan`, …: the value against the one that is written.
    Numeric(Order),
    /// `DateEquals`, `DateLessThan`, ….
    Date(Order),
    /// `Bool`.
    Bool,
    /// `Null`: whether the key is absent.
    Null,
    /// `IpAddress`. No caller of an engine has an address, so nobody here can say.
    IpAddress,
}

/// How two values stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// They are equal.
    Equal,
    /// The request's is less.
    Less,
    /// The request's is less, or they are equal.
    LessOrEqual,
    /// The request's is greater.
    Greater,
    /// The request's is greater, or they are equal.
    GreaterOrEqual,
}

/// Every operator by its name.
#[rustfmt::skip]
const OPERATORS: [(&str, Test, bool); 26] = [
    ("StringEquals", Test::StringEquals, false),
    ("StringNotEquals", Test::StringEquals, true),
    ("StringEqualsIgnoreCase", Test::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Test::StringEqualsIgnoreCase, true),
    ("StringLike", Test::StringLike, false),
    ("StringNotLike", Test::StringLike, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnLike", Test::Arn, false),
    ("ArnNotLike", Test::Arn, true),
    ("NumericEquals", Test::Numeric(Order::Equal), false),
    ("NumericNotEquals", Test::Numeric(Order::Equal), true),
    ("NumericLessThan", Test::Numeric(Order::Less), false),
    ("NumericLessThanEquals", Test::Numeric(Order::LessOrEqual), false),
    ("NumericGreaterThan", Test::Numeric(Order::Greater), false),
    ("NumericGreaterThanEquals", Test::Numeric(Order::GreaterOrEqual), false),
    ("DateEquals", Test::Date(Order::Equal), false),
    ("DateNotEquals", Test::Date(Order::Equal), true),
    ("DateLessThan", Test::Date(Order::Less), false),
    ("DateLessThanEquals", Test::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Test::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Order::GreaterOrEqual), false),
    ("Bool", Test::Bool, false),
    ("Null", Test::Null, false),
    ("IpAddress", Test::IpAddress, false),
    ("NotIpAddress", Test::IpAddress, true),
];

impl Operator {
    /// The operator of this name, without its set and its `IfExists`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (_, test, negated) = OPERATORS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))?;
        Some(Self { test: *test, negated: *negated })
    }

    /// What is wrong with a value that is written for it.
    pub(super) fn refuses(self, value: &str) -> Option<&'static str> {
        match self.test {
            Test::Numeric(_) if number(value).is_none() => Some("must be a number"),
            Test::Date(_) if moment(value).is_none() => Some("must be a date of ISO 8601 or seconds since 1970"),
            Test::Bool | Test::Null if truth(value).is_none() => Some("must be true or false"),
            _ => None,
        }
    }
}

impl Condition {
    /// Whether it holds.
    pub(super) fn holds(&self, version: Version, facts: &Facts) -> Holds {
        let fact = facts.get(&self.key);
        if self.operator.test == Test::Null {
            let wanted = |absent: bool| self.values.iter().any(|value| truth(value) == Some(absent)).into();
            return match fact {
                Fact::Unknown => Holds::Unknown,
                Fact::Absent => wanted(true),
                Fact::Values(_) => wanted(false),
            };
        }
        match fact {
            Fact::Unknown => Holds::Unknown,
            Fact::Absent => self.holds_without_key().into(),
            Fact::Values(found) => {
                let each = found.iter().map(|value| self.fits(value, version, facts));
                match self.quantifier {
                    Quantifier::ForAllValues => Holds::all(each),
                    Quantifier::ForAnyValue => Holds::any(each),
                    // An operator that negates wants no value of the request to be one that is written.
                    Quantifier::Plain if self.operator.negated => Holds::all(each),
                    Quantifier::Plain => Holds::any(each),
                }
            }
        }
    }

    /// An operator that negates holds where there is nothing to compare; `ForAnyValue` never does.
    fn holds_without_key(&self) -> bool {
        match self.quantifier {
            _ if self.if_exists => true,
            Quantifier::ForAllValues => true,
            Quantifier::ForAnyValue => false,
            Quantifier::Plain => self.operator.negated,
        }
    }

    /// Whether one value of the request fits the values that are written.
    fn fits(&self, found: &str, version: Version, facts: &Facts) -> Holds {
        let any = Holds::any(self.values.iter().map(|value| self.operator.test.compare(found, value, version, facts)));
        if self.operator.negated { any.not() } else { any }
    }
}

impl Test {
    fn compare(self, found: &str, written: &str, version: Version, facts: &Facts) -> Holds {
        let both = |order: Order, found: Option<f64>, written: Option<f64>| {
            found.zip(written).is_some_and(|(found, written)| order.holds(found, written)).into()
        };
        match self {
            Self::StringEquals => pattern::is_equal(written, found, false, version, facts),
            Self::StringEqualsIgnoreCase => pattern::is_equal(written, found, true, version, facts),
            Self::StringLike => pattern::is_like(written, found, version, facts),
            Self::Arn => pattern::is_like_arn(written, found, version, facts),
            Self::Numeric(order) => both(order, number(found), number(written)),
            Self::Date(order) => both(order, moment(found), moment(written)),
            Self::Bool => (truth(found).is_some() && truth(found) == truth(written)).into(),
            Self::Null | Self::IpAddress => Holds::Unknown,
        }
    }
}

impl Order {
    /// As a sentence says it.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Equal => "is",
            Self::Less => "is below",
            Self::LessOrEqual => "is at most",
            Self::Greater => "is above",
            Self::GreaterOrEqual => "is at least",
        }
    }

    fn holds(self, found: f64, written: f64) -> bool {
        found.partial_cmp(&written).is_some_and(|order| match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        })
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Seconds since 1970.
fn moment(text: &str) -> Option<f64> {
    let date = || text.parse::<DateTime<Utc>>().ok().map(|at| at.timestamp_millis() as f64 / 1000.0);
    let day = || text.parse::<chrono::NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|at| at.and_utc().timestamp() as f64);
    date().or_else(day).or_else(|| number(text))
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
