//! The creation tokens of restores: one token makes one new resource only, for types that have such a key.

use crate::domain::job::RestoreJob;
use crate::engine::error::{Error, Result};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeMap;

/// Claims the creation token of a restore into a new resource for `job`. It is refused while another restore with it runs,
/// and as long as the resource that one made is registered; after a failed restore it is free again.
pub fn claim(connection: &Connection, job: &RestoreJob, metadata: &BTreeMap<String, String>) -> Result<()> {
    let Some(facts) = job.resource_type.as_ref().and_then(|known| known.facts()) else { return Ok(()) };
    let Some((key, token, error)) = facts.once(metadata) else { return Ok(()) };
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
            "Invalid Metadata: {error}: restore job {by} makes, or has made, a {noun} with {key} {token:?}; give a new one",
            noun = facts.noun
        )));
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO creation_tokens (account, region, token, job_id) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![account, region, token, job.id.as_str()])?;
    Ok(())
}
