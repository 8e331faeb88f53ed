//! The data of metrics, by periods and page by page: `GetMetricData`.

use super::rows::{self, Bucket, Periods};
use super::{DAYS, Series};
use crate::domain::Time;
use crate::engine::Engine;
use crate::engine::caller::Caller;
use crate::engine::catalog::paging::{Digest, Position};
use crate::engine::error::{Error, Result};
use chrono::Duration;
use serde::Serialize;

/// What of a period's data points is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Stat {
    /// How many there are.
    SampleCount,
    /// Their mean.
    Average,
    /// All of them together: how many jobs or points there were.
    Sum,
    /// The least.
    Minimum,
    /// The greatest.
    Maximum,
}

impl Stat {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::SampleCount, Self::Average, Self::Sum, Self::Minimum, Self::Maximum];

    /// The API's string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SampleCount => "SampleCount",
            Self::Average => "Average",
            Self::Sum => "Sum",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
        }
    }

    fn of(self, bucket: Bucket) -> f64 {
        match self {
            Self::SampleCount => bucket.samples as f64,
            Self::Average => bucket.sum as f64 / bucket.samples as f64,
            Self::Sum => bucket.sum as f64,
            Self::Minimum => bucket.least as f64,
            Self::Maximum => bucket.most as f64,
        }
    }
}

/// One of the things that are asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Query {
    /// Which counts; none are those that nobody publishes here.
    pub series: Option<Series>,
    /// The length of a period in seconds, at least 1.
    pub period: i64,
    /// What of them.
    pub stat: Stat,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct DataRequest {
    /// The queries, in their order.
    pub queries: Vec<Query>,
    /// From this moment on, where the first period begins.
    pub from: Time,
    /// Until this one, which is not included.
    pub until: Time,
    /// Whether the newest periods come first.
    pub newest_first: bool,
    /// At most so many data points, at least 1.
    pub most: usize,
    /// The token of the page before.
    pub next_token: Option<String>,
}

/// The periods of a query that have data.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    /// Which query it is.
    pub query: usize,
    /// The beginnings of the periods, and the values.
    pub points: Vec<(Time, f64)>,
    /// Whether no further page has more of it.
    pub complete: bool,
}

/// A page of data.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// What there is, in the order of the queries; those before this page's are not there, nor those behind it.
    pub results: Vec<Points>,
    /// Ask again with it for more.
    pub next_token: Option<String>,
}

impl Engine {
    /// The data of metrics of the caller's account and region.
    pub fn metric_data(&self, caller: &Caller, request: &DataRequest) -> Result<Data> {
        let mut digest = Digest::of("metric-data");
        digest.add(&request.queries);
        digest.add(&(request.from, request.until, request.newest_first));
        let list = digest.finish();
        // Which query is next, and up to which of its periods the page before went.
        let (begin, mut given) = match &request.next_token {
            None => (0, None),
            Some(token) => {
                let Position { number, text } = Position::read(token, &list)?;
                (text.parse().map_err(|_| Error::invalid_parameter("NextToken does not belong here"))?, Some(number))
            }
        };
        let (scope, now) = (caller.scope(), self.now());
        let (mut results, mut room) = (Vec::new(), request.most);
        for (number, query) in request.queries.iter().enumerate().skip(begin) {
            let (periods, origin) = periods(request, query, given.take(), now);
            let mut found = match &query.series {
                Some(series) => self.catalog.read(|connection| {
                    rows::buckets(connection, &scope, series, periods, request.newest_first, room.saturating_add(1))
                })?,
                None => Vec::new(),
            };
            let more = found.len() > room;
            found.truncate(room);
            room -= found.len();
            let last = found.last().map(|bucket| bucket.number);
            let point =
                |bucket: Bucket| (origin + Duration::seconds(bucket.number * query.period), query.stat.of(bucket));
            let points: Vec<_> = found.into_iter().map(point).collect();
            if !more {
                results.push(Points { query: number, points, complete: true });
                continue;
            }
            let Some(last) = last else {
                // No room was left for even one: the next page begins with this query.
                let before = if request.newest_first { i64::MAX } else { -1 };
                let next = Position { number: before, text: number.to_string() }.write(list)?;
                return Ok(Data { results, next_token: Some(next) });
            };
            results.push(Points { query: number, points, complete: false });
            let next = Position { number: last, text: number.to_string() }.write(list)?;
            return Ok(Data { results, next_token: Some(next) });
        }
        Ok(Data { results, next_token: None })
    }
}

/// Which periods are read, and when the first of them begins. `given` is the period up to which they were given already.
fn periods(request: &DataRequest, query: &Query, given: Option<i64>, now: Time) -> (Periods, Time) {
    let origin = rounded(request.from, now);
    let start = origin.timestamp();
    let kept = (now - kept(query.period)).timestamp();
    let (mut from, mut until) = (start.max(kept), request.until.timestamp());
    let begin_of = |period: i64| period.saturating_mul(query.period).saturating_add(start);
    match given {
        Some(period) if request.newest_first => until = until.min(begin_of(period)),
        Some(period) => from = from.max(begin_of(period.saturating_add(1))),
        None => {}
    }
    (Periods { origin: start, length: query.period, from, until }, origin)
}

/// Where CloudWatch begins: the moment that is asked for, rounded down, the more the longer ago it was.
fn rounded(from: Time, now: Time) -> Time {
    let length = match (now - from).num_days() {
        ..15 => 60,
        15..63 => 300,
        _ => 3600,
    };
    let second = from.timestamp().div_euclid(length) * length;
    Time::from_timestamp(second, 0).unwrap_or(from)
}

/// How far back CloudWatch tells of periods of this length: the finer they are the shorter.
fn kept(period: i64) -> Duration {
    match period {
        period if period % 3600 == 0 => Duration::days(DAYS),
        period if period % 300 == 0 => Duration::days(63),
        period if period % 60 == 0 => Duration::days(15),
        _ => Duration::hours(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_long_ago_begins_at_a_round_moment() {
        let now = at("2026-11-27T12:00:00Z");
        for (asked, begins) in [
            ("2026-11-27T10:07:31Z", "2026-11-27T10:07:00Z"),
            ("2026-11-11T12:07:31Z", "2026-11-11T12:05:00Z"),
            ("2026-09-01T10:07:31Z", "2026-09-01T10:00:00Z"),
        ] {
            assert_eq!(rounded(at(asked), now), at(begins), "{asked}");
        }
    }

    #[test]
    fn fine_periods_are_told_for_a_shorter_time() {
        let days = [1, 60, 300, 3600, 86_400].map(|period| kept(period).num_hours() / 24);
        assert_eq!(days, [0, 15, 63, 455, 455]);
    }
}
