//! Reading query strings and form bodies, parameter by parameter; what nobody reads is refused by its name.

use super::failure::Failure;
use crate::domain::Time;
use crate::engine::PageRequest;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// Parameters that are still to be read.
#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a raw query or a form.
    pub(super) fn parse(raw: &str) -> Result<Self, Failure> {
        let mut pairs = BTreeMap::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = form_decoded(name)?;
            if pairs.insert(name.clone(), form_decoded(value)?).is_some() {
                return Err(Failure::invalid(format!("The parameter {name} is given more than once")));
            }
        }
        Ok(Self(pairs))
    }

    /// A text.
    pub(super) fn string(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// A text that must be there.
    pub(super) fn required_string(&mut self, name: &str) -> Result<String, Failure> {
        self.string(name).filter(|text| !text.is_empty()).ok_or_else(|| Failure::missing(name))
    }

    /// A whole number.
    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, Failure> {
        let parse = |text: String| {
            text.parse().map_err(|_| Failure::invalid(format!("Invalid {name}: must be a whole number, not {text:?}")))
        };
        self.string(name).map(parse).transpose()
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, name: &str) -> Result<Option<bool>, Failure> {
        match self.string(name).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Failure::invalid(format!("Invalid {name}: must be true or false, not {other:?}"))),
        }
    }

    /// A point in time: ISO 8601, or seconds since 1970.
    pub(super) fn time(&mut self, name: &str) -> Result<Option<Time>, Failure> {
        let parse = |text: String| {
            parse_time(&text).ok_or_else(|| {
                Failure::invalid(format!("Invalid {name}: must be a time such as 2026-01-31T12:00:00Z, not {text:?}"))
            })
        };
        self.string(name).map(parse).transpose()
    }

    /// The two paging parameters, by their wire names.
    pub(super) fn page(&mut self, token: &str, maximum: &str) -> Result<PageRequest, Failure> {
        let next_token = self.string(token);
        let max_results = self.integer(maximum)?;
        Ok(PageRequest { max_results, next_token })
    }

    /// The lower-camel spelling of both, which most lists use.
    pub(super) fn camel_page(&mut self) -> Result<PageRequest, Failure> {
        self.page("nextToken", "maxResults")
    }

    /// Whichever spelling the caller used: for lists of which AWS has some in one and some in the other.
    pub(super) fn page_in_either_spelling(&mut self) -> Result<PageRequest, Failure> {
        if self.0.contains_key("MaxResults") || self.0.contains_key("NextToken") {
            self.page("NextToken", "MaxResults")
        } else {
            self.camel_page()
        }
    }

    /// Reads a text that must be one of `known`, and leaves it.
    pub(super) fn one_of(&mut self, name: &str, known: &[&str]) -> Result<(), Failure> {
        match self.string(name) {
            Some(text) if !known.contains(&text.as_str()) => {
                Err(Failure::invalid(format!("Invalid {name}: {text:?} is not one of {}", known.join(", "))))
            }
            _ => Ok(()),
        }
    }

    /// Refuses what nobody read.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self.0.keys().next() {
            Some(name) => Err(Failure::invalid(format!("{name} is not a known parameter"))),
            None => Ok(()),
        }
    }
}

/// Decodes a percent-encoded path segment.
pub(super) fn decoded(text: &str) -> Result<String, Failure> {
    percent_decode_str(text)
        .decode_utf8()
        .map(|decoded| decoded.into_owned())
        .map_err(|_| Failure::invalid(format!("{text:?} is not UTF-8 when percent-decoded")))
}

/// Decodes a name or value of a query or form, where `+` is a space.
fn form_decoded(text: &str) -> Result<String, Failure> {
    decoded(&text.replace('+', " "))
}

fn parse_time(text: &str) -> Option<Time> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    if let Ok(time) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
        return Some(time.and_utc());
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.and_hms_opt(0, 0, 0)?.and_utc());
    }
    let seconds: f64 = text.parse().ok().filter(|seconds: &f64| seconds.abs() < 1e12)?;
    DateTime::from_timestamp_millis((seconds * 1000.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded() {
        let mut query = Query::parse("resourceArn=arn%3Aaws%3Aefs%2F1&x=a+b&flag").unwrap();
        assert_eq!(query.string("resourceArn").as_deref(), Some("arn:aws:efs/1"));
        assert_eq!(query.string("x").as_deref(), Some("a b"));
        assert_eq!(query.string("flag").as_deref(), Some(""));
        query.finish().unwrap();
    }

    #[test]
    fn times_come_in_the_spellings_of_the_sdks() {
        for text in ["2024-01-15T10:30:00Z", "2024-01-15T12:30:00+02:00", "2024-01-15T10:30:00", "1705314600"] {
            assert_eq!(parse_time(text).unwrap().timestamp(), 1_705_314_600, "{text}");
        }
        assert_eq!(parse_time("2024-01-15").unwrap().timestamp(), 1_705_276_800);
        for text in ["", "yesterday", "NaN", "1e300", "2024-13-01T00:00:00Z"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn errors_name_the_parameter_and_the_rule() {
        let failed =
            |raw: &str, read: fn(&mut Query) -> Option<Failure>| read(&mut Query::parse(raw).unwrap()).unwrap().message;
        assert!(failed("n=x", |q| q.integer("n").err()).contains("Invalid n: must be a whole number"));
        assert!(failed("b=1", |q| q.boolean("b").err()).contains("Invalid b: must be true or false"));
        assert!(failed("t=x", |q| q.time("t").err()).contains("Invalid t: must be a time"));
        assert!(Query::parse("a=1&a=2").unwrap_err().message.contains("a is given more than once"));
        assert!(Query::parse("a=%ff").is_err());
        assert_eq!(Query::parse("bogus=1").unwrap().finish().unwrap_err().message, "bogus is not a known parameter");
    }
}
