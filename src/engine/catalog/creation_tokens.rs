//! The creation tokens of restores: one token makes one new resource only, for types that have such a key.

use crate::domain::job::RestoreJob;
use crate::engine::error::Result;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeMap;

/// Claims the creation token of a restore that begins, for `job`; in one transaction, so that of two restores one has it. It is
/// taken while another restore that has it runs, and as long as the resource that one made is registered; after a failed
/// restore it is free again. Gives why it cannot be had, in the service's words.
pub fn claim(connection: &Connection, job: &RestoreJob, metadata: &BTreeMap<String, String>) -> Result<Option<String>> {
    let Some(facts) = job.resource_type.as_ref().and_then(|known| known.facts()) else { return Ok(None) };
    let Some((once, token)) = facts.once(metadata) else { return Ok(None) };
    let (account, region) = (job.scope.account.as_str(), job.scope.region.as_str());
    let taken: Option<String> = connection
        .prepare_cached(
            "SELECT coalesce(j.created_resource_id, j.id) FROM creation_tokens t JOIN restore_jobs j ON j.id = t.job_id
             WHERE t.account = ?1 AND t.region = ?2 AND t.token = ?3 AND t.job_id <> ?4
               AND (j.completed IS NULL OR EXISTS (SELECT 1 FROM resources WHERE arn = j.created_resource_arn))",
        )?
        .query_row([account, region, token, job.id.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(made) = taken {
        let (noun, words, error) = (capital(facts.noun), once.words, once.error);
        return Ok(Some(format!("{noun} '{made}' already exists with {words} '{token}' (Error Code: {error})")));
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO creation_tokens (account, region, token, job_id) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![account, region, token, job.id.as_str()])?;
    Ok(None)
}

/// With a capital first letter.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
