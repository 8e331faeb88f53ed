//! The creation tokens of restored file systems: one token makes one file system only, as in EFS.

use crate::domain::job::RestoreJob;
use crate::domain::restore;
use crate::engine::error::{Error, Result};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeMap;

/// Claims the `CreationToken` of a restore into a new file system for `job`. It is refused while another restore with it
/// runs, and as long as the file system that one made is registered; after a failed restore it is free again.
pub fn claim(connection: &Connection, job: &RestoreJob, metadata: &BTreeMap<String, String>) -> Result<()> {
    let new = restore::value(metadata, "newFileSystem").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let Some(token) = restore::value(metadata, "CreationToken").filter(|_| new) else { return Ok(()) };
    let (account, region) = (job.scope.account.as_str(), job.scope.region.as_str());
    let taken: Option<String> = connection
        .prepare_cached(
            "SELECT j.id FROM creation_tokens t JOIN restore_jobs j ON j.id = t.job_id
             WHERE t.account = ?1 AND t.region = ?2 AND t.token = ?3
               AND (j.completed IS NULL OR EXISTS (SELECT 1 FROM resources WHERE arn = j.created_resource_arn))",
        )?
        .query_row([account, region, token], |row| row.get(0))
        .optional()?;
    if let Some(by) = taken {
        return Err(Error::invalid_parameter(format!(
            "Invalid Metadata: FileSystemAlreadyExists: restore job {by} makes, or has made, a file system with \
             CreationToken {token:?}; give a new one"
        )));
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO creation_tokens (account, region, token, job_id) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![account, region, token, job.id.as_str()])?;
    Ok(())
}
