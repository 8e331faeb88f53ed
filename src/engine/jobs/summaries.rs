//! Job summaries: how many jobs there were, by account, state, type and message category.

use crate::domain::{Invalid, Region, Time};
use crate::engine::Engine;
use crate::engine::authorize::boundary;
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, paging};
use crate::engine::error::Result;
use crate::engine::jobs::rows::summaries::{Count, Counted, Dimension};
use crate::engine::jobs::rows::table::JobTable;
use crate::engine::page::{Page, PageRequest, check_one_of};
use chrono::{Duration, NaiveTime};

/// A row for each value.
pub(in crate::engine::jobs) const ANY: &str = "ANY";

/// One row for all values together.
pub(in crate::engine::jobs) const ALL: &str = "AGGREGATE_ALL";

/// How many days a summary by day goes back, today included.
const DAYS: i64 = 14;

/// The filters of the job summaries. Each of the first four may be `ANY` (a row for each value) or `AGGREGATE_ALL` (summed).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SummaryFilter {
    /// The account; the caller's own when absent.
    pub account_id: Option<String>,
    /// The state; all of them, a row for each, when absent.
    pub state: Option<String>,
    /// The resource type; all of them, a row for each, when absent.
    pub resource_type: Option<String>,
    /// The message category; summed when absent.
    pub message_category: Option<String>,
    /// `ONE_DAY`, `SEVEN_DAYS`, `FOURTEEN_DAYS`; one day when absent.
    pub aggregation_period: Option<String>,
}

/// A row of a job summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSummary {
    /// The region.
    pub region: Region,
    /// The account, or `AGGREGATE_ALL`.
    pub account_id: String,
    /// The state, or `AGGREGATE_ALL`.
    pub state: String,
    /// The resource type, or `AGGREGATE_ALL`.
    pub resource_type: String,
    /// The message category, or `AGGREGATE_ALL`; restore jobs have none.
    pub message_category: Option<String>,
    /// How many jobs.
    pub count: i64,
    /// The beginning of the period, in which the jobs were created.
    pub start: Time,
    /// The end of the period.
    pub end: Time,
}

/// What is counted: the jobs of a table, and how they are told apart.
pub(in crate::engine::jobs) struct Summarized {
    pub(in crate::engine::jobs) table: &'static JobTable,
    /// The states that can be asked for.
    pub(in crate::engine::jobs) states: &'static [&'static str],
    /// Whether they have message categories.
    pub(in crate::engine::jobs) categories: bool,
}

impl Engine {
    /// How many of these jobs there were.
    pub(in crate::engine::jobs) fn summarize(
        &self,
        source: &Summarized,
        caller: &Caller,
        filter: &SummaryFilter,
        page: &PageRequest,
    ) -> Result<Page<JobSummary>> {
        check_one_of("State", filter.state.as_deref(), source.states)?;
        if filter.message_category.is_some() && !source.categories {
            return Err(Invalid::value("MessageCategory", "these jobs have none").into());
        }
        let account = self.catalog.read(|c| accounts_of(c, caller, filter))?;
        let mut rows = Vec::new();
        for (start, end) in periods(filter, self.now())? {
            rows.extend(self.count(source, caller, filter, account.as_deref(), (start, end))?);
        }
        paging::page_of(rows, source.table.rows, page)
    }

    fn count(
        &self,
        source: &Summarized,
        caller: &Caller,
        filter: &SummaryFilter,
        account: Option<&str>,
        (start, end): (Time, Time),
    ) -> Result<Vec<JobSummary>> {
        let mut count = Count::new(source.table.rows, &caller.region, start, end);
        count.by("account", account.map_or_else(|| everybody(filter.account_id.as_deref()), dimension));
        count.by("state", dimension(filter.state.as_deref().unwrap_or(ANY)));
        count.by("resource_type", dimension(filter.resource_type.as_deref().unwrap_or(ANY)));
        if source.categories {
            count.by("message_category", dimension(filter.message_category.as_deref().unwrap_or(ALL)));
        }
        let summary = |counted: Counted| {
            let mut values = counted.values.into_iter();
            let mut next = || values.next().unwrap_or_default();
            JobSummary {
                region: caller.region.clone(),
                account_id: next(),
                state: next(),
                resource_type: next(),
                message_category: source.categories.then(next),
                count: counted.number,
                start,
                end,
            }
        };
        Ok(self.catalog.read(|c| count.read(c))?.into_iter().map(summary).collect())
    }
}

/// The account that is asked for; `None` is every one, for who oversees the organization.
fn accounts_of(connection: &Connection, caller: &Caller, filter: &SummaryFilter) -> Result<Option<String>> {
    let asked = match filter.account_id.as_deref() {
        Some(ANY | ALL) => Some("*"),
        other => other,
    };
    Ok(boundary::job_accounts(connection, caller, asked)?.map(|account| account.to_string()))
}

/// How the jobs of all accounts are told apart.
fn everybody(asked: Option<&str>) -> Dimension<'static> {
    if asked == Some(ALL) { Dimension::Together(ALL) } else { Dimension::Each }
}

fn dimension(wanted: &str) -> Dimension<'_> {
    match wanted {
        ALL => Dimension::Together(ALL),
        ANY => Dimension::Each,
        value => Dimension::Only(value),
    }
}

/// The periods that a summary has rows for: whole days in UTC, the last of them today.
fn periods(filter: &SummaryFilter, now: Time) -> Result<Vec<(Time, Time)>> {
    let name = filter.aggregation_period.as_deref().unwrap_or("ONE_DAY");
    let tomorrow = now.date_naive().and_time(NaiveTime::MIN).and_utc() + Duration::days(1);
    let back = |days| tomorrow - Duration::days(days);
    match name {
        "ONE_DAY" => Ok((1..=DAYS).map(|day| (back(day), back(day - 1))).collect()),
        "SEVEN_DAYS" => Ok(vec![(back(7), tomorrow)]),
        "FOURTEEN_DAYS" => Ok(vec![(back(14), tomorrow)]),
        other => {
            let rule = format!("{other:?} is not one of ONE_DAY, SEVEN_DAYS, FOURTEEN_DAYS");
            Err(Invalid::value("AggregationPeriod", rule).into())
        }
    }
}

#[cfg(test)]
#[path = "summaries_tests.rs"]
mod tests;
