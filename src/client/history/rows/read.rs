//! What is read of the time before the lists of the service begin.

use super::{Connection, Result, find_scope, moment};
use crate::client::history::bounds::Bounds;
use crate::client::history::past::{LISTED, Past};
use crate::client::query;
use crate::client::text::clean;
use crate::domain::job::{BackupJob, JobState};
use crate::domain::recovery_point::Creator;
use crate::domain::vault::VaultType;
use crate::domain::{Arn, Scope, Time};
use chrono::Duration;
use rusqlite::types::Type;
use rusqlite::{Row, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Each job that is not older than this is read, whatever became of it. No wall goes further back.
const SEEN_WHOLE: Duration = Duration::days(61);

/// Of older ones so many of the newest that went well, of each resource and rule: the median of how long a job takes looks at no
/// more.
const MEDIAN_OF: i64 = 14;

/// The jobs of a scope that its list of `at` does not reach any more, as far as somebody looks.
pub(in crate::client::history) fn past(
    connection: &Connection,
    (context, scope): (&str, &Scope),
    at: Time,
    bounds: Bounds,
) -> Result<Past> {
    let Some(id) = find_scope(connection, context, scope)? else {
        return Ok(Past { whole_since: None, jobs: query::rows([]) });
    };
    // A day more: what the list loses until this is read again is here.
    let (until, from) = (at - LISTED + Duration::days(1), at - SEEN_WHOLE);
    // Where the list could not be written now, what is noted may be of before a time in which nobody looked.
    let whole_since: i64 = connection.query_row(
        "SELECT CASE WHEN whole_until < ?2 THEN ?2 ELSE whole_since END FROM scopes WHERE id = ?1",
        params![id, (at - LISTED).timestamp_millis()],
        |row| row.get(0),
    )?;
    let mut statement = connection.prepare_cached(
        "WITH old AS (
             SELECT jobs.*, row_number() OVER (PARTITION BY lane, good ORDER BY created DESC) AS place
             FROM jobs WHERE scope = ?1 AND created < ?2 AND created >= ?5),
         last AS (SELECT lane, max(created) AS at FROM old WHERE good = 1 GROUP BY lane),
         began AS (
             SELECT old.lane, min(old.created) AS at FROM old LEFT JOIN last ON last.lane = old.lane
             WHERE good = 0 AND old.created > coalesce(last.at, ?5 - 1) AND old.created >= ?6 GROUP BY old.lane)
         SELECT old.id, created, initiated, completed, state, category, message, size, moved, vault, point, parent, is_parent,
             resource, resource_type, resource_name, plan, plan_name, rule, rule_name
         FROM old JOIN lanes ON lanes.id = old.lane LEFT JOIN began ON began.lane = old.lane
         WHERE created >= ?3 OR (good = 1 AND place <= ?4) OR (good = 0 AND created = began.at)
         ORDER BY created DESC, old.id",
    )?;
    let (until, from) = (until.timestamp_millis(), from.timestamp_millis());
    let oldest = (at - bounds.age).timestamp_millis();
    let jobs = statement.query_map(params![id, until, from, MEDIAN_OF, oldest, whole_since], |row| job(row, scope))?;
    let jobs = jobs.collect::<Result<Vec<BackupJob>>>()?;
    Ok(Past { whole_since: Some(moment(0, whole_since)?), jobs: query::rows(jobs) })
}

/// A job as it was kept. What was not is not known.
fn job(row: &Row<'_>, scope: &Scope) -> Result<BackupJob> {
    let at = |column: usize| row.get::<_, Option<i64>>(column)?.map(|at| moment(column, at)).transpose();
    let (vault_arn, plan): (Arn, String) = (parsed(row, 9)?, row.get(16)?);
    let arn = |column: usize| row.get::<_, Option<String>>(column)?.map(|_| parsed::<Arn>(row, column)).transpose();
    Ok(BackupJob {
        id: parsed(row, 0)?,
        scope: scope.clone(),
        vault_name: vault_arn.vault_name().unwrap_or_default().to_owned(),
        vault_arn,
        vault_type: VaultType::default(),
        recovery_point_arn: arn(10)?,
        lifecycle: None,
        encryption_key_arn: None,
        resource_arn: parsed(row, 13)?,
        resource_name: text(row, 15)?,
        resource_type: row.get::<_, String>(14)?.into(),
        created: moment(1, row.get(1)?)?,
        initiated: at(2)?,
        completed: at(3)?,
        expected_completion: None,
        start_by: None,
        state: JobState::from(row.get::<_, String>(4)?.as_str()),
        status_message: text(row, 6)?,
        message_category: text(row, 5)?,
        percent_done: None,
        size_bytes: row.get(7)?,
        bytes_transferred: row.get(8)?,
        iam_role_arn: None,
        created_by: (!plan.is_empty()).then(|| creator(row, plan).map(Arc::new)).transpose()?,
        backup_options: BTreeMap::new(),
        is_parent: row.get(12)?,
        parent_job_id: row.get::<_, Option<String>>(11)?.map(|_| parsed(row, 11)).transpose()?,
    })
}

fn creator(row: &Row<'_>, plan: String) -> Result<Creator> {
    Ok(Creator {
        backup_plan_id: plan,
        backup_plan_arn: String::new(),
        backup_plan_name: text(row, 17)?.unwrap_or_default(),
        backup_plan_version: String::new(),
        backup_rule_id: row.get(18)?,
        backup_rule_name: text(row, 19)?.unwrap_or_default(),
        backup_rule_cron: String::new(),
        backup_rule_timezone: String::new(),
    })
}

/// A text, harmless to a terminal whoever wrote the file.
fn text(row: &Row<'_>, column: usize) -> Result<Option<String>> {
    Ok(row.get::<_, Option<String>>(column)?.map(|text| clean(&text)))
}

/// A text that must be of a kind.
fn parsed<T: std::str::FromStr<Err = crate::domain::Invalid>>(row: &Row<'_>, column: usize) -> Result<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}
