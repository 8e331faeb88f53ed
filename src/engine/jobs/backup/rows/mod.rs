//! Backup jobs as rows: those that the API shows, and in [`record`] what the engine needs of them beyond.

pub mod children;
pub mod new_data;
pub mod record;

use crate::domain::event::detail;
use crate::domain::job::{BackupJob, JobKind, JobState};
use crate::domain::metric;
use crate::domain::names::JobId;
use crate::domain::{AccountId, Arn, Region, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use crate::engine::events;
use crate::engine::jobs::rows::list::JobList;
use crate::engine::jobs::rows::table::JobTable;
use crate::engine::metrics::{self, Happened};
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, OptionalExtension as _, Row};
use std::sync::Arc;

/// The filters of ListBackupJobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupJobFilter {
    /// Of this resource.
    pub resource_arn: Option<Arn>,
    /// In this state.
    pub state: Option<String>,
    /// Into the vault of this name.
    pub vault_name: Option<String>,
    /// Created before.
    pub created_before: Option<Time>,
    /// Created after.
    pub created_after: Option<Time>,
    /// Ended before.
    pub complete_before: Option<Time>,
    /// Ended after.
    pub complete_after: Option<Time>,
    /// Of this resource type.
    pub resource_type: Option<String>,
    /// Of this account; `*` for all, both for the management account only.
    pub account_id: Option<String>,
    /// Children of this job.
    pub parent_job_id: Option<String>,
    /// With this message category; case does not matter. `*`, `ANY` and `AGGREGATE_ALL` mean all of them.
    pub message_category: Option<String>,
}

/// The table of backup jobs.
pub(in crate::engine) const TABLE: JobTable = JobTable {
    kind: JobKind::Backup,
    rows: "backup_jobs",
    columns: COLUMNS,
    facets: "backup_job_facets",
    by_time: "backup_jobs_by_time",
    by_facet: "backup_jobs_by_facet",
    by_completion: "backup_jobs_by_completion",
    writes_into: Some("vault_arn"),
    makes: Some("recovery_point_id"),
    reads: None,
    reads_resource: Some("resource_arn"),
    tell: |connection, row| tell(connection, &from_row(row)?),
};

/// The columns that [`from_row`] reads.
pub const COLUMNS: &str = "id, account, region, vault_name, vault_arn, recovery_point_arn, lifecycle, \
    encryption_key_arn, resource_arn, resource_name, resource_type, created, initiated, completed, start_by, state, \
    status_message, message_category, percent_done, size_bytes, bytes_transferred, iam_role_arn, created_by, \
    backup_options, is_parent, parent_job_id, vault_type";

/// A backup job from a row with [`COLUMNS`].
pub fn from_row(row: &Row<'_>) -> Result<BackupJob> {
    Ok(BackupJob {
        id: row.parsed("id")?,
        scope: row.scope()?,
        vault_name: row.column("vault_name")?,
        vault_arn: row.parsed("vault_arn")?,
        vault_type: row.column::<String>("vault_type")?.into(),
        recovery_point_arn: row.parsed_option("recovery_point_arn")?,
        lifecycle: row.json_option("lifecycle")?,
        encryption_key_arn: row.column("encryption_key_arn")?,
        resource_arn: row.parsed("resource_arn")?,
        resource_name: row.column("resource_name")?,
        resource_type: row.column::<String>("resource_type")?.into(),
        created: row.time("created")?,
        initiated: row.time_option("initiated")?,
        completed: row.time_option("completed")?,
        expected_completion: None,
        start_by: row.time_option("start_by")?,
        state: JobState::from(row.column::<String>("state")?.as_str()),
        status_message: row.column("status_message")?,
        message_category: row.column("message_category")?,
        percent_done: row.column("percent_done")?,
        size_bytes: row.column("size_bytes")?,
        bytes_transferred: row.column("bytes_transferred")?,
        iam_role_arn: row.parsed_option("iam_role_arn")?,
        created_by: row.json_option("created_by")?.map(Arc::new),
        backup_options: row.json("backup_options")?,
        is_parent: row.column("is_parent")?,
        parent_job_id: row.parsed_option("parent_job_id")?,
    })
}

/// The job with this id, in any account and region.
pub fn get(connection: &Connection, id: &JobId) -> Result<Option<BackupJob>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM backup_jobs WHERE id = ?1"))?;
    statement.query_row([id.as_str()], |row| Ok(from_row(row))).optional()?.transpose()
}

/// Tells the feed how a job is now, and counts it.
pub(super) fn tell(connection: &Connection, job: &BackupJob) -> Result<()> {
    let Some(change) = detail::backup_job(job) else { return Ok(()) };
    metrics::rows::count(
        connection,
        &Happened {
            scope: &job.scope,
            metric: metric::of_job(JobKind::Backup, &job.state),
            vault: &job.vault_name,
            resource_type: job.resource_type.as_str(),
            at: change.at,
        },
    )?;
    events::record::record(connection, &change)
}

/// The jobs of a region that pass the filter, the newest first; of all accounts when `account` is `None`.
pub fn list(
    connection: &Connection,
    account: Option<&AccountId>,
    region: &Region,
    filter: &BackupJobFilter,
    request: &PageRequest,
) -> Result<Page<BackupJob>> {
    listing(account, region, filter).page(connection, request, from_row)
}

pub(in crate::engine) fn listing(account: Option<&AccountId>, region: &Region, filter: &BackupJobFilter) -> JobList {
    let mut listing = JobList::new(&TABLE, region.as_str());
    listing.facet("account", account.map(AccountId::as_str));
    listing.one("resource_arn", filter.resource_arn.as_ref().map(Arn::as_str), "backup_jobs_by_resource");
    listing.one("parent_job_id", filter.parent_job_id.as_deref(), "backup_jobs_by_parent");
    listing.facet("state", filter.state.as_deref());
    listing.facet("vault_name", filter.vault_name.as_deref());
    listing.facet("resource_type", filter.resource_type.as_deref());
    listing.category(filter.message_category.as_deref());
    listing.created(filter.created_after, filter.created_before);
    listing.completed(filter.complete_after, filter.complete_before);
    listing
}

/// Until when the next job that has not begun must start.
pub fn next_start_by(connection: &Connection) -> Result<Option<Time>> {
    let sql = "SELECT min(start_by) AS earliest FROM backup_jobs WHERE state = 'CREATED'";
    Ok(query::first(connection, sql, [], |row| row.time_option("earliest"))?.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::Catalog;
    use crate::engine::catalog::sample::{Job, at, catalog, hour, insert};

    const OTHER_RESOURCE: &str = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-2";

    fn filled(folder: &tempfile::TempDir) -> Catalog {
        let catalog = catalog(folder);
        let jobs = [
            Job { id: "a", created: hour(1), ..Job::default() },
            Job { id: "b", created: hour(2), state: "RUNNING", vault: "other", ..Job::default() },
            Job {
                id: "c",
                created: hour(3),
                completed: Some(hour(5)),
                state: "COMPLETED",
                category: Some("SUCCESS"),
                resource: OTHER_RESOURCE,
                ..Job::default()
            },
            Job { id: "d", created: hour(3), account: "210987654321", state: "FAILED", ..Job::default() },
            Job { id: "e", created: hour(4), region: "eu-west-1", resource_type: "S3", ..Job::default() },
            Job { id: "f", created: hour(4), resource_type: "S3", ..Job::default() },
        ];
        catalog
            .write(|tx| {
                for job in &jobs {
                    insert(tx, job);
                }
                Ok(())
            })
            .unwrap();
        catalog
    }

    fn ids(catalog: &Catalog, account: Option<&str>, filter: &BackupJobFilter) -> String {
        let (account, region) = (account.map(|id| id.parse().unwrap()), "us-east-1".parse().unwrap());
        let page = catalog.read(|c| list(c, account.as_ref(), &region, filter, &PageRequest::default())).unwrap();
        page.items.iter().map(|job| job.id.as_str()).collect()
    }

    #[test]
    fn each_filter_narrows_and_the_newest_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = filled(&folder);
        let text = |text: &str| Some(text.to_owned());
        let none = BackupJobFilter::default;
        let cases = [
            (none(), "fcba"),
            (BackupJobFilter { state: text("RUNNING"), ..none() }, "b"),
            (BackupJobFilter { vault_name: text("other"), ..none() }, "b"),
            (BackupJobFilter { resource_arn: Some(OTHER_RESOURCE.parse().unwrap()), ..none() }, "c"),
            (BackupJobFilter { resource_type: text("S3"), ..none() }, "f"),
            (BackupJobFilter { message_category: text("success"), ..none() }, "c"),
            (BackupJobFilter { message_category: text("*"), ..none() }, "fcba"),
            (BackupJobFilter { message_category: text("AGGREGATE_ALL"), ..none() }, "fcba"),
            (BackupJobFilter { created_after: Some(at(1)), created_before: Some(at(4)), ..none() }, "cb"),
            (BackupJobFilter { complete_after: Some(at(4)), ..none() }, "c"),
            (BackupJobFilter { complete_before: Some(at(5)), ..none() }, ""),
            (BackupJobFilter { parent_job_id: text("a"), ..none() }, ""),
        ];
        for (filter, expected) in cases {
            assert_eq!(ids(&catalog, Some("123456789012"), &filter), expected, "{filter:?}");
        }
    }

    #[test]
    fn an_account_sees_its_own_jobs_and_all_accounts_are_told_together() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = filled(&folder);
        assert_eq!(ids(&catalog, Some("210987654321"), &BackupJobFilter::default()), "d");
        assert_eq!(ids(&catalog, None, &BackupJobFilter::default()), "fdcba");
    }

    #[test]
    fn paging_over_jobs_of_the_same_moment_gives_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder);
        const IDS: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
        catalog
            .write(|tx| {
                for id in IDS {
                    insert(tx, &Job { id, created: hour(1), ..Job::default() });
                }
                Ok(())
            })
            .unwrap();
        let (mut seen, mut next_token) = (Vec::new(), None);
        let region = "us-east-1".parse().unwrap();
        loop {
            let request = PageRequest { max_results: Some(2), next_token };
            let page = catalog.read(|c| list(c, None, &region, &BackupJobFilter::default(), &request)).unwrap();
            seen.extend(page.items.into_iter().map(|job| job.id.to_string()));
            next_token = page.next_token;
            if next_token.is_none() {
                break;
            }
        }
        seen.reverse();
        assert_eq!(seen, IDS);
    }
}
