//! Job summaries: how many jobs there were, by account, state, type and message category.

use crate::domain::{Invalid, Region, Time};
use crate::engine::Engine;
use crate::engine::catalog::paging;
use crate::engine::catalog::values::millis;
use crate::engine::error::Result;
use crate::engine::request::{Caller, Page, PageRequest, SummaryFilter, check_one_of};
use chrono::{Duration, NaiveTime};
use rusqlite::params_from_iter;
use rusqlite::types::Value;

/// A row for each value.
const ANY: &str = "ANY";

/// One row for all values together.
const ALL: &str = "AGGREGATE_ALL";

/// How many days a summary by day goes back, today included.
const DAYS: i64 = 14;

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

/// What is counted: a table, and its columns by which jobs are told apart.
struct Source {
    table: &'static str,
    states: &'static [&'static str],
    categories: bool,
}

const BACKUP: Source = Source {
    table: "backup_jobs",
    states: &[
        "CREATED",
        "PENDING",
        "RUNNING",
        "ABORTING",
        "ABORTED",
        "COMPLETED",
        "FAILED",
        "EXPIRED",
        "PARTIAL",
        ANY,
        ALL,
    ],
    categories: true,
};

const RESTORE: Source = Source {
    table: "restore_jobs",
    states: &["CREATED", "PENDING", "RUNNING", "ABORTED", "COMPLETED", "FAILED", ANY, ALL],
    categories: false,
};

const COPY_STATES: [&str; 11] =
    ["CREATED", "RUNNING", "ABORTING", "ABORTED", "COMPLETING", "COMPLETED", "FAILING", "FAILED", "PARTIAL", ANY, ALL];

impl Engine {
    /// ListBackupJobSummaries.
    pub fn backup_job_summaries(
        &self,
        caller: &Caller,
        filter: &SummaryFilter,
        page: &PageRequest,
    ) -> Result<Page<JobSummary>> {
        self.summarize(&BACKUP, caller, filter, page)
    }

    /// ListRestoreJobSummaries.
    pub fn restore_job_summaries(
        &self,
        caller: &Caller,
        filter: &SummaryFilter,
        page: &PageRequest,
    ) -> Result<Page<JobSummary>> {
        self.summarize(&RESTORE, caller, filter, page)
    }

    /// ListCopyJobSummaries: there are no copy jobs, but a wrong question is still told so.
    pub fn copy_job_summaries(
        &self,
        caller: &Caller,
        filter: &SummaryFilter,
        page: &PageRequest,
    ) -> Result<Page<JobSummary>> {
        self.accounts_of(caller, filter)?;
        check_one_of("State", filter.state.as_deref(), &COPY_STATES)?;
        periods(filter, self.now())?;
        paging::page_of(Vec::new(), "copy-job-summaries", page)
    }

    /// The account that is asked for; `None` is every one, and only the management account may ask for that.
    fn accounts_of(&self, caller: &Caller, filter: &SummaryFilter) -> Result<Option<String>> {
        let asked = match filter.account_id.as_deref() {
            Some(ANY | ALL) => Some("*"),
            other => other,
        };
        Ok(self.job_accounts(caller, asked)?.map(|account| account.to_string()))
    }

    fn summarize(
        &self,
        source: &Source,
        caller: &Caller,
        filter: &SummaryFilter,
        page: &PageRequest,
    ) -> Result<Page<JobSummary>> {
        check_one_of("State", filter.state.as_deref(), source.states)?;
        if filter.message_category.is_some() && !source.categories {
            return Err(Invalid::value("MessageCategory", "these jobs have none").into());
        }
        let account = self.accounts_of(caller, filter)?;
        let mut rows = Vec::new();
        for (start, end) in periods(filter, self.now())? {
            rows.extend(self.count(source, caller, filter, account.as_deref(), (start, end))?);
        }
        paging::page_of(rows, source.table, page)
    }

    fn count(
        &self,
        source: &Source,
        caller: &Caller,
        filter: &SummaryFilter,
        account: Option<&str>,
        (start, end): (Time, Time),
    ) -> Result<Vec<JobSummary>> {
        let mut query = Query::new(&caller.region.to_string(), start, end);
        query.dimension("account", account.map_or(if summed(filter.account_id.as_deref()) { ALL } else { ANY }, |a| a));
        query.dimension("state", filter.state.as_deref().unwrap_or(ANY));
        query.dimension("resource_type", filter.resource_type.as_deref().unwrap_or(ANY));
        if source.categories {
            query.dimension("message_category", filter.message_category.as_deref().unwrap_or(ALL));
        }
        let sql = query.sql(source.table);
        self.catalog.read(|c| {
            let mut statement = c.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(&query.parameters), |row| {
                Ok(JobSummary {
                    region: caller.region.clone(),
                    account_id: row.get(1)?,
                    state: row.get(2)?,
                    resource_type: row.get(3)?,
                    message_category: if source.categories { Some(row.get(4)?) } else { None },
                    count: row.get(0)?,
                    start,
                    end,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        })
    }
}

fn summed(value: Option<&str>) -> bool {
    value == Some(ALL)
}

/// A count over dimensions, each of them one value, every value, or all together.
struct Query {
    columns: Vec<String>,
    groups: Vec<&'static str>,
    conditions: Vec<String>,
    parameters: Vec<Value>,
}

impl Query {
    fn new(region: &str, start: Time, end: Time) -> Self {
        Self {
            columns: Vec::new(),
            groups: Vec::new(),
            conditions: ["region = ?", "created >= ?", "created < ?"].map(str::to_owned).to_vec(),
            parameters: vec![region.to_owned().into(), millis(start).into(), millis(end).into()],
        }
    }

    fn dimension(&mut self, column: &'static str, wanted: &str) {
        match wanted {
            ALL => self.columns.push(format!("'{ALL}'")),
            ANY => {
                self.columns.push(format!("coalesce({column}, '')"));
                self.groups.push(column);
            }
            value => {
                self.columns.push(format!("coalesce({column}, '')"));
                self.groups.push(column);
                self.conditions.push(format!("{column} = ? COLLATE NOCASE"));
                self.parameters.push(value.to_owned().into());
            }
        }
    }

    /// Groups that nothing falls into do not appear, nor does a sum of nothing.
    fn sql(&self, table: &str) -> String {
        let columns = self.columns.join(", ");
        let conditions = self.conditions.join(" AND ");
        let groups = if self.groups.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {0} ORDER BY {0}", self.groups.join(", "))
        };
        format!(
            "SELECT * FROM (SELECT count(*) AS number, {columns} FROM {table} WHERE {conditions}{groups}) WHERE number > 0"
        )
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
