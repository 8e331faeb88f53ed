//! Copy jobs as rows.

use crate::domain::event::detail;
use crate::domain::job::{CopyJob, JobKind, JobState};
use crate::domain::metric;
use crate::domain::names::JobId;
use crate::domain::{AccountId, Arn, Scope, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::StartCopyJob;
use crate::engine::catalog::job_states::OPEN;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, creator, millis, to_json};
use crate::engine::error::{Error, Result};
use crate::engine::events;
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::rows::children::{self, States};
use crate::engine::jobs::rows::list::JobList;
use crate::engine::jobs::rows::store;
use crate::engine::jobs::rows::table::JobTable;
use crate::engine::metrics::{self, Happened};
use crate::engine::page::{Page, PageRequest};
use crate::engine::points::rows::composite;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::sync::{Arc, LazyLock};

/// A copy job with what only the engine knows of it.
#[derive(Debug, Clone)]
pub struct CopyRecord {
    /// The job. It tells of its point only when that is there.
    pub job: CopyJob,
    /// What it copies.
    pub source_point: Arn,
    /// The vault that this lies in.
    pub source_vault: Arn,
    /// The vault that it copies into.
    pub destination: Arn,
    /// Where that is.
    pub destination_scope: Scope,
    /// The id of the point that it makes there.
    pub point_id: String,
    /// The role that it runs under.
    pub role: Arn,
    /// How often it was begun.
    pub attempts: i64,
    /// The composite point that is to hold its point, if it is a child job.
    pub parent_point: Option<Arn>,
    /// What its composite point lacks whatever becomes of its children: what it copies lacked it when it was asked for.
    pub issue: Option<String>,
    /// Its child jobs by their states, if it is a parent.
    pub children: States,
    /// Whether it was ever begun before: an orderly stop is no attempt, and yet it may have left something.
    pub was_begun: bool,
}

/// The filters of ListCopyJobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyJobFilter {
    /// Of this resource.
    pub resource_arn: Option<Arn>,
    /// In this state.
    pub state: Option<String>,
    /// Created before.
    pub created_before: Option<Time>,
    /// Created after.
    pub created_after: Option<Time>,
    /// Of this resource type.
    pub resource_type: Option<String>,
    /// Into this vault.
    pub destination_vault_arn: Option<Arn>,
    /// Of this account; `*` for all, both for the management account only.
    pub account_id: Option<String>,
    /// Ended before.
    pub complete_before: Option<Time>,
    /// Ended after.
    pub complete_after: Option<Time>,
    /// Children of this job.
    pub parent_job_id: Option<String>,
    /// With this message category; case does not matter. `*`, `ANY` and `AGGREGATE_ALL` mean all of them.
    pub message_category: Option<String>,
    /// Of this recovery point.
    pub source_recovery_point_arn: Option<Arn>,
}

/// The table of copy jobs.
pub(in crate::engine) const TABLE: JobTable = JobTable {
    kind: JobKind::Copy,
    rows: "copy_jobs",
    columns: COLUMNS,
    facets: "copy_job_facets",
    by_time: "copy_jobs_by_time",
    by_facet: "copy_jobs_by_facet",
    by_completion: "copy_jobs_by_completion",
    writes_into: Some("destination_vault_arn"),
    makes: Some("destination_point_id"),
    reads: Some("source_point_arn"),
    reads_resource: None,
    tell,
};

/// The columns that [`from_row`] reads.
pub const COLUMNS: &str = "id, account, region, source_vault_arn, source_point_arn, destination_vault_arn, \
    destination_account, destination_region, destination_point_id, resource_arn, resource_name, resource_type, created, \
    completed, state, status_message, message_category, size_bytes, lifecycle, iam_role_arn, created_by, backup_job_id, \
    is_parent, parent_job_id, member, (SELECT v.vault_type FROM vaults AS v WHERE v.arn = destination_vault_arn) AS destination_vault_type";

/// A copy job from a row with [`COLUMNS`].
pub fn from_row(row: &Row<'_>) -> Result<CopyJob> {
    let state = JobState::from(row.column::<String>("state")?.as_str());
    let is_made = matches!(state, JobState::Completed | JobState::Partial);
    let made = is_made.then(|| made(row)).transpose()?;
    Ok(CopyJob {
        id: row.parsed("id")?,
        scope: row.scope()?,
        source_vault_arn: Some(row.parsed("source_vault_arn")?),
        source_recovery_point_arn: Some(row.parsed("source_point_arn")?),
        destination_vault_arn: Some(row.parsed("destination_vault_arn")?),
        destination_vault_type: row.column::<Option<String>>("destination_vault_type")?.map(Into::into),
        destination_recovery_point_arn: made,
        resource_arn: Some(row.parsed("resource_arn")?),
        resource_name: row.column("resource_name")?,
        resource_type: row.column::<String>("resource_type")?.into(),
        created: Some(row.time("created")?),
        completed: row.time_option("completed")?,
        state,
        status_message: row.column("status_message")?,
        message_category: row.column("message_category")?,
        size_bytes: row.column("size_bytes")?,
        lifecycle: row.json_option("lifecycle")?,
        iam_role_arn: Some(row.parsed("iam_role_arn")?),
        created_by: row.json_option("created_by")?.map(Arc::new),
        backup_job_id: row.parsed_option("backup_job_id")?,
        is_parent: row.column("is_parent")?,
        parent_job_id: row.parsed_option("parent_job_id")?,
        member: row.column("member")?,
    })
}

/// The point that a job has made.
fn made(row: &Row<'_>) -> Result<Arn> {
    Ok(Arn::recovery_point(&destination(row)?, &row.column::<String>("destination_point_id")?))
}

fn destination(row: &Row<'_>) -> Result<Scope> {
    Ok(Scope::new(row.parsed("destination_account")?, row.parsed("destination_region")?))
}

/// The job with this id, and where it copies to.
pub fn get(connection: &Connection, id: &JobId) -> Result<Option<(CopyJob, Scope)>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM copy_jobs WHERE id = ?1"))?;
    statement.query_row([id.as_str()], |row| Ok((|| Ok((from_row(row)?, destination(row)?)))())).optional()?.transpose()
}

/// Tells the feed how a job is now, and counts it.
fn tell(connection: &Connection, row: &Row<'_>) -> Result<()> {
    let (job, at) = (from_row(row)?, row.time("since")?);
    metrics::rows::count(
        connection,
        &Happened {
            scope: &job.scope,
            metric: metric::of_job(JobKind::Copy, &job.state),
            vault: job.destination_vault_arn.as_ref().and_then(Arn::vault_name).unwrap_or_default(),
            resource_type: job.resource_type.as_str(),
            at,
        },
    )?;
    events::record::record(connection, &detail::copy_job(&job, at))
}

/// The jobs of a region that pass the filter, the newest first; of all accounts when `account` is `None`.
pub fn list(
    connection: &Connection,
    account: Option<&AccountId>,
    region: &str,
    filter: &CopyJobFilter,
    request: &PageRequest,
) -> Result<Page<CopyJob>> {
    listing(account, region, filter).page(connection, request, from_row)
}

/// Those that an account owns, and those that other accounts copied to it.
pub(in crate::engine) fn listing(account: Option<&AccountId>, region: &str, filter: &CopyJobFilter) -> JobList {
    let mut own = JobList::new(&TABLE, region);
    own.facet("account", account.map(AccountId::as_str));
    narrow(&mut own, filter);
    let Some(account) = account else { return own };
    let mut arriving = JobList::new(&TABLE, region).in_region_of("destination_region");
    arriving.one("destination_account", Some(account.as_str()), "copy_jobs_by_destination");
    arriving.other_than("account", account.as_str());
    narrow(&mut arriving, filter);
    own.with(arriving)
}

fn narrow(listing: &mut JobList, filter: &CopyJobFilter) {
    listing.one("resource_arn", filter.resource_arn.as_ref().map(Arn::as_str), "copy_jobs_by_resource");
    listing.one("source_point_arn", filter.source_recovery_point_arn.as_ref().map(Arn::as_str), "copy_jobs_by_source");
    listing.one("parent_job_id", filter.parent_job_id.as_deref(), "copy_jobs_by_parent");
    listing.facet("state", filter.state.as_deref());
    listing.facet("resource_type", filter.resource_type.as_deref());
    listing.facet("destination_vault_arn", filter.destination_vault_arn.as_ref().map(Arn::as_str));
    listing.category(filter.message_category.as_deref());
    listing.created(filter.created_after, filter.created_before);
    listing.completed(filter.complete_after, filter.complete_before);
}

/// Adds a copy job.
pub fn insert(connection: &Connection, _permit: &Permit<'_, StartCopyJob>, record: &CopyRecord) -> Result<()> {
    let job = &record.job;
    let (Some(resource), Some(created)) = (&job.resource_arn, job.created) else {
        return Err(Error::Internal(format!("copy job {} is of nothing", job.id)));
    };
    connection
        .prepare_cached(
            "INSERT INTO copy_jobs (id, account, region, source_vault_arn, source_point_arn, destination_vault_arn,
                 destination_account, destination_region, destination_point_id, resource_arn, resource_name,
                 resource_type, created, state, size_bytes, lifecycle, iam_role_arn, created_by, backup_job_id, attempts,
                 is_parent, parent_job_id, member, issue)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)",
        )?
        .execute(params![
            job.id.as_str(),
            job.scope.account.as_str(),
            job.scope.region.as_str(),
            record.source_vault.as_str(),
            record.source_point.as_str(),
            record.destination.as_str(),
            record.destination_scope.account.as_str(),
            record.destination_scope.region.as_str(),
            record.point_id,
            resource.as_str(),
            job.resource_name,
            job.resource_type.as_str(),
            millis(created),
            job.state.as_str(),
            job.size_bytes,
            job.lifecycle.as_ref().map(to_json).transpose()?,
            record.role.as_str(),
            job.created_by.as_deref().map(creator).transpose()?,
            job.backup_job_id.as_ref().map(JobId::as_str),
            record.attempts,
            job.is_parent,
            job.parent_job_id.as_ref().map(JobId::as_str),
            job.member,
            record.issue,
        ])?;
    store::tell(connection, &TABLE, &job.id)
}

/// Copy jobs that are not over, the oldest first.
pub fn open(connection: &Connection) -> Result<Vec<CopyRecord>> {
    let sql = format!("{} ORDER BY created, rowid", *OPEN_ONES);
    query::all(connection, &sql, [], |row| {
        let record = record(row)?;
        let is_parent = record.job.is_parent;
        let children = if is_parent { children::states(connection, &TABLE, &record.job.id)? } else { States::new() };
        Ok(CopyRecord { children, ..record })
    })
}

/// The copy job with this id, if it is not over, without its children.
pub fn open_one(connection: &Connection, id: &JobId) -> Result<Option<CopyRecord>> {
    query::first(connection, &format!("{} AND id = ?1", *OPEN_ONES), [id.as_str()], record)
}

/// Copy jobs that are not over, as [`record`] reads them.
static OPEN_ONES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS}, initiated, attempts, issue, (SELECT parent.destination_point_id FROM copy_jobs AS parent
             WHERE parent.id = copy_jobs.parent_job_id) AS parent_point_id
         FROM copy_jobs WHERE state IN {}",
        *OPEN
    )
});

fn record(row: &Row<'_>) -> Result<CopyRecord> {
    let (job, scope): (_, Scope) = (from_row(row)?, destination(row)?);
    let parent: Option<String> = row.column("parent_point_id")?;
    Ok(CopyRecord {
        job,
        source_point: row.parsed("source_point_arn")?,
        source_vault: row.parsed("source_vault_arn")?,
        destination: row.parsed("destination_vault_arn")?,
        parent_point: parent.map(|id| Arn::recovery_point(&scope, &id)),
        destination_scope: scope,
        point_id: row.column("destination_point_id")?,
        role: row.parsed("iam_role_arn")?,
        attempts: row.column("attempts")?,
        issue: row.column("issue")?,
        children: States::new(),
        was_begun: row.time_option("initiated")?.is_some(),
    })
}

/// A child job begins, and with it its parent, if it is the first.
pub fn begin_parent(connection: &Connection, parent: &JobId, now: Time) -> Result<()> {
    store::advance(connection, &TABLE, parent, &JobState::Running, ", initiated = ?3", &[&millis(now)]).map(drop)
}

/// A copy job ends. Without its recovery point, what its children made is nested in none. Whether it was still open.
pub fn end(connection: &Connection, id: &JobId, ending: &Ending, now: Time) -> Result<bool> {
    let ended = store::advance(
        connection,
        &TABLE,
        id,
        &ending.state,
        ", status_message = ?3, message_category = ?4, completed = ?5",
        &[&ending.message, &ending.category, &millis(now)],
    )?;
    if ended && ending.state == JobState::Failed {
        let sql = "SELECT destination_account, destination_region, destination_point_id FROM copy_jobs
             WHERE id = ?1 AND is_parent = 1";
        if let Some(point) = query::first(connection, sql, [id.as_str()], made)? {
            composite::let_go(connection, &point)?;
        }
    }
    Ok(ended)
}
