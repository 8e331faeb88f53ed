//! Restore jobs as rows.

pub mod proofs;

use crate::domain::event::detail;
use crate::domain::job::{JobKind, JobState, RestoreJob};
use crate::domain::metric;
use crate::domain::names::JobId;
use crate::domain::types::{Location, cloudformation};
use crate::domain::{AccountId, Arn, Region, ResourceType, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::StartRestoreJob;
use crate::engine::catalog::job_states::OPEN;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, from_json, millis, to_json};
use crate::engine::drivers::Mark;
use crate::engine::error::{Error, Result};
use crate::engine::events;
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::rows::list::JobList;
use crate::engine::jobs::rows::store;
use crate::engine::jobs::rows::table::JobTable;
use crate::engine::metrics::{self, Happened};
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::collections::BTreeMap;

/// A restore job with what only the engine knows of it.
#[derive(Debug, Clone)]
pub struct RestoreRecord {
    /// The job.
    pub job: RestoreJob,
    /// What was asked for.
    pub metadata: BTreeMap<String, String>,
    /// Where it writes.
    pub target: Location,
    /// The id of the resource that it makes, if it makes one.
    pub new_resource_id: Option<String>,
    /// Whether a new resource takes the recovery point's tags.
    pub copy_tags: bool,
    /// How often it was begun.
    pub attempts: i64,
    /// What an earlier attempt said of the target that it had begun, if one came so far.
    pub begun: Option<Mark>,
    /// Whether it is a test.
    pub is_test: bool,
}

/// The filters of ListRestoreJobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreJobFilter {
    /// Of this account; `*` for all, both for the management account only.
    pub account_id: Option<String>,
    /// Of this resource type.
    pub resource_type: Option<String>,
    /// Created before.
    pub created_before: Option<Time>,
    /// Created after.
    pub created_after: Option<Time>,
    /// In this state.
    pub status: Option<String>,
    /// Ended before.
    pub complete_before: Option<Time>,
    /// Ended after.
    pub complete_after: Option<Time>,
    /// Of this restore testing plan: there is none yet.
    pub restore_testing_plan_arn: Option<String>,
    /// Children of this job: no job of this engine has any.
    pub parent_job_id: Option<String>,
    /// Of recovery points of this resource.
    pub source_resource_arn: Option<Arn>,
    /// Of recovery points that were created before.
    pub point_created_before: Option<Time>,
    /// Of recovery points that were created after.
    pub point_created_after: Option<Time>,
}

/// The table of restore jobs.
pub(in crate::engine) const TABLE: JobTable = JobTable {
    kind: JobKind::Restore,
    rows: "restore_jobs",
    columns: COLUMNS,
    facets: "restore_job_facets",
    by_time: "restore_jobs_by_time",
    by_facet: "restore_jobs_by_facet",
    by_completion: "restore_jobs_by_completion",
    writes_into: None,
    makes: None,
    reads: Some("recovery_point_arn"),
    reads_resource: None,
    tell,
};

/// The columns that [`from_row`] reads.
pub const COLUMNS: &str = "id, account, region, recovery_point_arn, recovery_point_created, source_resource_arn, \
    vault_arn, created, completed, state, status_message, percent_done, size_bytes, iam_role_arn, \
    created_resource_arn, resource_type, is_test, proof";

/// A restore job from a row with [`COLUMNS`].
pub fn from_row(row: &Row<'_>) -> Result<RestoreJob> {
    Ok(RestoreJob {
        id: row.parsed("id")?,
        scope: row.scope()?,
        recovery_point_arn: row.parsed_option("recovery_point_arn")?,
        recovery_point_created: row.time_option("recovery_point_created")?,
        source_resource_arn: row.parsed_option("source_resource_arn")?,
        vault_arn: row.parsed_option("vault_arn")?,
        created: row.time("created")?,
        completed: row.time_option("completed")?,
        state: JobState::from(row.column::<String>("state")?.as_str()),
        status_message: row.column("status_message")?,
        percent_done: row.column("percent_done")?,
        size_bytes: row.column("size_bytes")?,
        iam_role_arn: row.parsed_option("iam_role_arn")?,
        expected_minutes: None,
        created_resource_arn: row.parsed_option("created_resource_arn")?,
        resource_type: Some(ResourceType::from(row.column::<String>("resource_type")?)),
        validation: proofs::validation(row)?,
    })
}

/// The job with this id, in any account and region.
pub fn get(connection: &Connection, id: &JobId) -> Result<Option<RestoreJob>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM restore_jobs WHERE id = ?1"))?;
    statement.query_row([id.as_str()], |row| Ok(from_row(row))).optional()?.transpose()
}

/// Tells the feed how a job is now, and counts it.
fn tell(connection: &Connection, row: &Row<'_>) -> Result<()> {
    let (job, at) = (from_row(row)?, row.time("since")?);
    metrics::rows::count(
        connection,
        &Happened {
            scope: &job.scope,
            metric: metric::of_job(JobKind::Restore, &job.state),
            vault: job.vault_arn.as_ref().and_then(Arn::vault_name).unwrap_or_default(),
            resource_type: job.resource_type.as_ref().map_or("", ResourceType::as_str),
            at,
        },
    )?;
    events::record::record(connection, &detail::restore_job(&job, at))
}

/// The jobs of a region that pass the filter, the newest first; of all accounts when `account` is `None`.
pub fn list(
    connection: &Connection,
    account: Option<&AccountId>,
    region: &Region,
    filter: &RestoreJobFilter,
    request: &PageRequest,
) -> Result<Page<RestoreJob>> {
    listing(account, region, filter).page(connection, request, from_row)
}

pub(in crate::engine) fn listing(account: Option<&AccountId>, region: &Region, filter: &RestoreJobFilter) -> JobList {
    let mut listing = JobList::new(&TABLE, region.as_str());
    listing.facet("account", account.map(AccountId::as_str));
    listing.facet("state", filter.status.as_deref());
    listing.facet("resource_type", filter.resource_type.as_deref());
    listing.one("source_resource_arn", filter.source_resource_arn.as_ref().map(Arn::as_str), "restore_jobs_by_source");
    listing.within("recovery_point_created", filter.point_created_after, filter.point_created_before);
    listing.created(filter.created_after, filter.created_before);
    listing.completed(filter.complete_after, filter.complete_before);
    if filter.parent_job_id.is_some() || filter.restore_testing_plan_arn.is_some() {
        // No restore job of this engine has a parent or comes from a restore testing plan.
        listing.nothing();
    }
    listing
}

/// Adds a restore job.
pub fn insert(connection: &Connection, _permit: &Permit<'_, StartRestoreJob>, record: &RestoreRecord) -> Result<()> {
    let job = &record.job;
    let Some(resource_type) = &job.resource_type else {
        return Err(Error::Internal(format!("restore job {} is of no resource type", job.id)));
    };
    connection
        .prepare_cached(
            "INSERT INTO restore_jobs (id, account, region, recovery_point_arn, recovery_point_created,
                 source_resource_arn, vault_arn, created, state, status_message, percent_done, size_bytes, iam_role_arn,
                 created_resource_arn, resource_type, metadata, target, copy_tags, attempts, created_resource_id, is_test)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
        )?
        .execute(params![
            job.id.as_str(),
            job.scope.account.as_str(),
            job.scope.region.as_str(),
            job.recovery_point_arn.as_ref().map(|arn| arn.as_str()),
            job.recovery_point_created.map(millis),
            job.source_resource_arn.as_ref().map(|arn| arn.as_str()),
            job.vault_arn.as_ref().map(|arn| arn.as_str()),
            millis(job.created),
            job.state.as_str(),
            job.status_message,
            job.percent_done,
            job.size_bytes,
            job.iam_role_arn.as_ref().map(|arn| arn.as_str()),
            job.created_resource_arn.as_ref().map(|arn| arn.as_str()),
            resource_type.as_str(),
            to_json(&record.metadata)?,
            to_json(&record.target)?,
            record.copy_tags,
            record.attempts,
            record.new_resource_id,
            record.is_test,
        ])?;
    store::tell(connection, &TABLE, &job.id)
}

/// Restore jobs that are not over, the oldest first.
pub fn open(connection: &Connection) -> Result<Vec<RestoreRecord>> {
    query::all(
        connection,
        &format!(
            "SELECT {}, metadata, target, copy_tags, attempts, created_resource_id, target_mark FROM restore_jobs
             WHERE state IN {} ORDER BY created, rowid",
            COLUMNS, *OPEN
        ),
        [],
        |row| {
            Ok(RestoreRecord {
                job: from_row(row)?,
                metadata: row.json("metadata")?,
                target: row.json("target")?,
                new_resource_id: row.column("created_resource_id")?,
                copy_tags: row.column("copy_tags")?,
                attempts: row.column("attempts")?,
                begun: row.column::<Option<String>>("target_mark")?.as_deref().and_then(Mark::from_text),
                is_test: row.column("is_test")?,
            })
        },
    )
}

/// A restore job has begun the target that it writes into, and has written nothing yet.
pub fn remember_target(connection: &Connection, id: &JobId, target: &Mark) -> Result<()> {
    connection
        .prepare_cached("UPDATE restore_jobs SET target_mark = ?2 WHERE id = ?1")?
        .execute([id.as_str(), &target.to_text()])?;
    Ok(())
}

/// What a restore has made, or written into.
pub fn set_created_resource(connection: &Connection, id: &JobId, made: &Arn) -> Result<()> {
    connection
        .prepare_cached("UPDATE restore_jobs SET created_resource_arn = ?2 WHERE id = ?1")?
        .execute([id.as_str(), made.as_str()])?;
    Ok(())
}

/// The metadata that a job was started with.
pub fn metadata(connection: &Connection, id: &JobId) -> Result<BTreeMap<String, String>> {
    let mut statement = connection.prepare_cached("SELECT metadata FROM restore_jobs WHERE id = ?1")?;
    let text: String = statement.query_row([id.as_str()], |row| row.get(0))?;
    from_json(&text)
}

/// A location that is somebody's: registered, or being restored into.
pub struct Taken {
    /// Where it is.
    pub location: Location,
    /// The ARN of the resource, or the id of the restore job.
    pub owner: String,
    /// Whose it is.
    pub account: String,
}

/// Every location that is somebody's, in all accounts and regions.
pub fn taken(connection: &Connection) -> Result<Vec<Taken>> {
    let sql = format!(
        "SELECT location, arn AS owner, account FROM resources
         UNION ALL SELECT target, id, account FROM restore_jobs WHERE state IN {}",
        *OPEN
    );
    query::all(connection, &sql, [], |row| {
        Ok(Taken { location: row.json("location")?, owner: row.column("owner")?, account: row.column("account")? })
    })
}

/// A restore job ends, and what may be secret of its metadata is forgotten. Whether it was still open.
pub fn end(connection: &Connection, id: &JobId, ending: &Ending, size: Option<i64>, now: Time) -> Result<bool> {
    let completed = ending.state == JobState::Completed;
    let told = to_json(&cloudformation::told(&metadata(connection, id)?))?;
    store::advance(
        connection,
        &TABLE,
        id,
        &ending.state,
        ", status_message = ?3, completed = ?4, percent_done = CASE WHEN ?5 THEN 100.0 ELSE percent_done END,
         size_bytes = coalesce(?6, size_bytes), metadata = ?7",
        &[&ending.message, &millis(now), &completed, &size, &told],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::sample::{at, catalog, insert_restore};

    #[test]
    fn each_filter_narrows_and_the_newest_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder);
        catalog
            .write(|tx| {
                insert_restore(tx, "a", at(1), Some(at(2)), "COMPLETED");
                insert_restore(tx, "b", at(3), Some(at(9)), "FAILED");
                insert_restore(tx, "c", at(5), None, "RUNNING");
                Ok(())
            })
            .unwrap();
        let none = RestoreJobFilter::default;
        let cases = [
            (none(), "cba"),
            (RestoreJobFilter { status: Some("FAILED".to_owned()), ..none() }, "b"),
            (RestoreJobFilter { created_after: Some(at(1)), ..none() }, "cb"),
            (RestoreJobFilter { created_before: Some(at(5)), ..none() }, "ba"),
            (RestoreJobFilter { complete_before: Some(at(9)), ..none() }, "a"),
            (RestoreJobFilter { complete_after: Some(at(2)), ..none() }, "b"),
            (RestoreJobFilter { resource_type: Some("S3".to_owned()), ..none() }, ""),
            (RestoreJobFilter { parent_job_id: Some("a".to_owned()), ..none() }, ""),
        ];
        let (account, region) = ("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        for (filter, expected) in cases {
            let page = catalog.read(|c| list(c, Some(&account), &region, &filter, &PageRequest::default())).unwrap();
            let ids: String = page.items.iter().map(|job| job.id.as_str()).collect();
            assert_eq!(ids, expected, "{filter:?}");
        }
    }
}
