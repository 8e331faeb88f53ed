//! Backup jobs as rows.

use crate::domain::job::{BackupJob, JobState};
use crate::domain::names::JobId;
use crate::domain::{AccountId, Region};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::values::Columns;
use crate::engine::error::Result;
use crate::engine::request::{BackupJobFilter, Page, PageRequest};
use rusqlite::{Connection, OptionalExtension, Row};

/// The columns that [`from_row`] reads.
pub const COLUMNS: &str = "id, account, region, vault_name, vault_arn, recovery_point_arn, lifecycle, \
    encryption_key_arn, resource_arn, resource_name, resource_type, created, initiated, completed, start_by, state, \
    status_message, message_category, percent_done, size_bytes, bytes_transferred, iam_role_arn, created_by, \
    backup_options, is_parent";

/// A backup job from a row with [`COLUMNS`].
pub fn from_row(row: &Row<'_>) -> Result<BackupJob> {
    Ok(BackupJob {
        id: row.parsed("id")?,
        scope: row.scope()?,
        vault_name: row.column("vault_name")?,
        vault_arn: row.parsed("vault_arn")?,
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
        created_by: row.json_option("created_by")?,
        backup_options: row.json("backup_options")?,
        is_parent: row.column("is_parent")?,
    })
}

/// The job with this id, in any account and region.
pub fn get(connection: &Connection, id: &JobId) -> Result<Option<BackupJob>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM backup_jobs WHERE id = ?1"))?;
    statement.query_row([id.as_str()], |row| Ok(from_row(row))).optional()?.transpose()
}

/// The jobs of a region that pass the filter, the newest first; of all accounts when `account` is `None`.
pub fn list(
    connection: &Connection,
    account: Option<&AccountId>,
    region: &Region,
    filter: &BackupJobFilter,
    request: &PageRequest,
) -> Result<Page<BackupJob>> {
    let mut listing = Listing::new(COLUMNS, "backup_jobs", &["created", "id"]).descending();
    listing.filter_option("account = ?", account.map(|account| account.as_str().to_owned()));
    listing.filter("region = ?", region.as_str().to_owned());
    listing.filter_option("resource_arn = ?", filter.resource_arn.as_ref().map(|arn| arn.as_str().to_owned()));
    listing.filter_option("state = ?", filter.state.clone());
    listing.filter_option("vault_name = ?", filter.vault_name.clone());
    listing.filter_time("created < ?", filter.created_before);
    listing.filter_time("created > ?", filter.created_after);
    listing.filter_time("completed < ?", filter.complete_before);
    listing.filter_time("completed > ?", filter.complete_after);
    listing.filter_option("resource_type = ?", filter.resource_type.clone());
    listing.filter_option("parent_job_id = ?", filter.parent_job_id.clone());
    listing.filter_option("message_category = ? COLLATE NOCASE", filter.message_category.clone());
    listing.page(connection, request, from_row)
}
