//! Counts of jobs by account, state and type. These operations spell their parameters with a capital.

use crate::engine::{JobSummary, Page, PageRequest, SummaryFilter};
use crate::server::call::{Answer, Call, Stamp};
use crate::server::failure::Failure;
use crate::server::query::Query;
use serde::Serialize;
use serde_json::json;

/// The period that is meant when none is given.
pub(super) const DEFAULT_PERIOD: &str = "ONE_DAY";

/// `BackupJobSummary` and its two sisters.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    region: String,
    account_id: String,
    state: String,
    resource_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_category: Option<String>,
    count: i64,
    start_time: Stamp,
    end_time: Stamp,
}

impl From<JobSummary> for Row {
    fn from(row: JobSummary) -> Self {
        Self {
            region: row.region.into(),
            account_id: row.account_id,
            state: row.state,
            resource_type: row.resource_type,
            message_category: row.message_category,
            count: row.count,
            start_time: Stamp(row.start),
            end_time: Stamp(row.end),
        }
    }
}

/// What all three read; restore jobs have no message category.
fn parameters(query: &mut Query, categories: bool) -> Result<(SummaryFilter, PageRequest), Failure> {
    let filter = SummaryFilter {
        account_id: query.string("AccountId"),
        state: query.string("State"),
        resource_type: query.string("ResourceType"),
        message_category: if categories { query.string("MessageCategory") } else { None },
        aggregation_period: query.string("AggregationPeriod"),
    };
    Ok((filter, query.page("NextToken", "MaxResults")?))
}

/// ListBackupJobSummaries.
pub(super) fn backup_jobs(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let (filter, page) = parameters(&mut query, true)?;
    query.finish()?;
    answer(call, "BackupJobSummaries", &filter, call.engine.backup_job_summaries(call.caller, &filter, &page)?)
}

/// ListCopyJobSummaries.
pub(super) fn copy_jobs(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let (filter, page) = parameters(&mut query, true)?;
    query.finish()?;
    answer(call, "CopyJobSummaries", &filter, call.engine.copy_job_summaries(call.caller, &filter, &page)?)
}

/// ListRestoreJobSummaries.
pub(super) fn restore_jobs(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let (filter, page) = parameters(&mut query, false)?;
    query.finish()?;
    answer(call, "RestoreJobSummaries", &filter, call.engine.restore_job_summaries(call.caller, &filter, &page)?)
}

fn answer(call: &Call<'_>, list: &str, filter: &SummaryFilter, page: Page<JobSummary>) -> Answer {
    let rows: Vec<Row> = page.items.into_iter().map(Row::from).collect();
    let period = filter.aggregation_period.as_deref().unwrap_or(DEFAULT_PERIOD);
    let mut body = json!({ list: rows, "AggregationPeriod": period });
    if let Some(token) = page.next_token {
        body["NextToken"] = json!(token);
    }
    call.answer(&body)
}
