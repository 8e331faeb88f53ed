//! Jobs go in, and the oldest leave.

use super::{Connection, Result, begin, find_scope, give_back};
use crate::client::history::bounds::Bounds;
use crate::client::history::past::LISTED;
use crate::domain::job::BackupJob;
use crate::domain::names::JobId;
use crate::domain::{Arn, Scope, Time};
use chrono::Duration;
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::HashMap;
use std::sync::Arc;

/// So many jobs are written at once, so that other sessions have their turn.
const AT_ONCE: usize = 2_000;

/// A message is kept so long, in characters.
const LONGEST_MESSAGE: usize = 2_000;

/// A job with a longer name of anything is none that AWS tells of.
const LONGEST_NAME: usize = 4_096;

/// What is written again of when a list was last read: not each time, since every answer is one.
pub(in crate::client::history) const COARSE: Duration = Duration::hours(1);

/// Writes jobs that are over of a list that was read at `at`, and notes that all of it was seen; how many were new or others
/// than before. What is too old for the bounds, or too much, leaves.
pub(in crate::client::history) fn write(
    connection: &mut Connection,
    (context, scope): (&str, &Scope),
    jobs: &[&Arc<BackupJob>],
    at: Time,
    bounds: Bounds,
) -> Result<usize> {
    let oldest = at - bounds.age;
    let kept: Vec<_> = jobs.iter().filter(|job| job.created >= oldest && is_fit(job, scope)).collect();
    let mut written = 0;
    for some in kept.chunks(AT_ONCE) {
        let transaction = begin(connection)?;
        let id = scope_id(&transaction, context, scope, at)?;
        let mut lanes = HashMap::new();
        for job in some {
            let lane = lane_id(&transaction, id, job, &mut lanes)?;
            written += put(&transaction, id, lane, job)?;
        }
        transaction.commit()?;
    }
    note_read(connection, (context, scope), at)?;
    if written > 0 {
        leave(connection, oldest, bounds)?;
    }
    Ok(written)
}

/// Whether a job is kept: it is over, it is of the account that was asked, and nothing of it is beyond measure.
fn is_fit(job: &BackupJob, scope: &Scope) -> bool {
    let by = job.created_by.as_ref();
    let names = [Some(job.resource_type.as_str()), job.resource_name.as_deref(), job.message_category.as_deref()];
    let by = by.map(|by| [&by.backup_plan_id, &by.backup_plan_name, &by.backup_rule_id, &by.backup_rule_name]);
    let arns = [Some(&job.resource_arn), Some(&job.vault_arn), job.recovery_point_arn.as_ref()];
    let lengths = names.into_iter().flatten().map(str::len);
    let lengths = lengths.chain(by.into_iter().flatten().map(String::len));
    let longest = lengths.chain(arns.into_iter().flatten().map(|arn| arn.to_string().len())).max();
    job.state.is_final() && job.scope == *scope && longest.is_none_or(|longest| longest <= LONGEST_NAME)
}

/// The scope's row, which is made where it is new.
fn scope_id(transaction: &Transaction<'_>, context: &str, scope: &Scope, at: Time) -> Result<i64> {
    let begin = (at - LISTED).timestamp_millis();
    transaction
        .prepare_cached(
            "INSERT INTO scopes (context, account, region, whole_since, whole_until) VALUES (?1, ?2, ?3, ?4, ?4)
             ON CONFLICT (context, account, region) DO NOTHING",
        )?
        .execute(params![context, scope.account.as_str(), scope.region.as_str(), begin])?;
    find_scope(transaction, context, scope)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// What the jobs of one resource by one rule have in common, by its number.
fn lane_id<'a>(
    transaction: &Transaction<'_>,
    scope: i64,
    job: &'a BackupJob,
    known: &mut HashMap<(&'a Arn, &'a str, &'a str), i64>,
) -> Result<i64> {
    let by = job.created_by.as_ref();
    let (plan, rule) = by.map_or(("", ""), |by| (by.backup_plan_id.as_str(), by.backup_rule_id.as_str()));
    let (plan_name, rule_name) = by.map_or(("", ""), |by| (by.backup_plan_name.as_str(), by.backup_rule_name.as_str()));
    let key = (&job.resource_arn, plan, rule);
    if let Some(id) = known.get(&key) {
        return Ok(*id);
    }
    let resource = job.resource_arn.to_string();
    // The newest job comes first in a list, and has the names that are so now.
    transaction
        .prepare_cached(
            "INSERT INTO lanes (scope, resource, plan, rule, resource_type, resource_name, plan_name, rule_name)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (scope, resource, plan, rule) DO UPDATE
             SET resource_name = excluded.resource_name, plan_name = excluded.plan_name, rule_name = excluded.rule_name
             WHERE (resource_name, plan_name, rule_name)
                IS NOT (excluded.resource_name, excluded.plan_name, excluded.rule_name)",
        )?
        .execute(params![
            scope,
            resource,
            plan,
            rule,
            job.resource_type.as_str(),
            job.resource_name,
            plan_name,
            rule_name
        ])?;
    let id = transaction
        .prepare_cached("SELECT id FROM lanes WHERE scope = ?1 AND resource = ?2 AND plan = ?3 AND rule = ?4")?
        .query_row(params![scope, resource, plan, rule], |row| row.get(0))?;
    known.insert(key, id);
    Ok(id)
}

/// Puts one job in; 0 where it is there already and says the same.
fn put(transaction: &Transaction<'_>, scope: i64, lane: i64, job: &BackupJob) -> Result<usize> {
    let millis = |at: Option<Time>| at.map(|at| at.timestamp_millis());
    let message: Option<String> =
        job.status_message.as_ref().map(|message| message.chars().take(LONGEST_MESSAGE).collect());
    transaction
        .prepare_cached(
            "INSERT INTO jobs (scope, id, lane, created, initiated, completed, state, good, category, message, size, moved,
                vault, point, parent, is_parent)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT (scope, id) DO UPDATE SET lane = excluded.lane, created = excluded.created,
                initiated = excluded.initiated, completed = excluded.completed, state = excluded.state, good = excluded.good,
                category = excluded.category, message = excluded.message, size = excluded.size, moved = excluded.moved,
                vault = excluded.vault, point = excluded.point, parent = excluded.parent, is_parent = excluded.is_parent
             WHERE (lane, created, initiated, completed, state, category, message, size, moved, vault, point, parent, is_parent)
                IS NOT (excluded.lane, excluded.created, excluded.initiated, excluded.completed, excluded.state,
                    excluded.category, excluded.message, excluded.size, excluded.moved, excluded.vault, excluded.point,
                    excluded.parent, excluded.is_parent)",
        )?
        .execute(params![
            scope,
            job.id.as_str(),
            lane,
            job.created.timestamp_millis(),
            millis(job.initiated),
            millis(job.completed),
            job.state.as_str(),
            job.went_well(),
            job.message_category,
            message,
            job.size_bytes,
            job.bytes_transferred,
            job.vault_arn.to_string(),
            job.recovery_point_arn.as_ref().map(ToString::to_string),
            job.parent_job_id.as_ref().map(JobId::as_str),
            job.is_parent,
        ])
}

/// Notes that all jobs up to `at` were seen. Where the list before is so old that jobs may have come and gone unseen, what is
/// whole begins anew, and where it was noted by a clock that was ahead.
fn note_read(connection: &mut Connection, (context, scope): (&str, &Scope), at: Time) -> Result<()> {
    let transaction = begin(connection)?;
    let id = scope_id(&transaction, context, scope, at)?;
    transaction.execute(
        "UPDATE scopes SET whole_until = ?3,
            whole_since = CASE WHEN whole_until < ?2 OR whole_until > ?5 THEN ?2 ELSE whole_since END
         WHERE id = ?1 AND (whole_until < ?4 OR whole_until > ?5)",
        params![
            id,
            (at - LISTED).timestamp_millis(),
            at.timestamp_millis(),
            (at - COARSE).timestamp_millis(),
            (at + COARSE).timestamp_millis(),
        ],
    )?;
    transaction.commit()
}

/// Lets the oldest jobs leave: those of before `oldest`, and more while the file is too large.
fn leave(connection: &mut Connection, oldest: Time, bounds: Bounds) -> Result<()> {
    let transaction = begin(connection)?;
    let number = |sql: &str| transaction.query_row(sql, [], |row| row.get::<_, i64>(0));
    if transaction.execute("DELETE FROM jobs WHERE created < ?1", [oldest.timestamp_millis()])? > 0 {
        forget_empty_lanes(&transaction)?;
    }
    let page = number("PRAGMA page_size")?.unsigned_abs();
    while (number("PRAGMA page_count")? - number("PRAGMA freelist_count")?).unsigned_abs() * page > bounds.bytes {
        let some = (number("SELECT count(*) FROM jobs")? / 16).max(1);
        let cut = transaction
            .query_row("SELECT created FROM jobs ORDER BY created LIMIT 1 OFFSET ?1", [some - 1], |row| {
                row.get::<_, i64>(0)
            })
            .optional()?;
        let Some(cut) = cut else { break };
        transaction.execute("DELETE FROM jobs WHERE created <= ?1", [cut])?;
        transaction.execute("UPDATE scopes SET whole_since = max(whole_since, ?1 + 1)", [cut])?;
        forget_empty_lanes(&transaction)?;
    }
    transaction.commit()?;
    give_back(connection)
}

fn forget_empty_lanes(transaction: &Transaction<'_>) -> Result<usize> {
    transaction.execute("DELETE FROM lanes WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.lane = lanes.id)", [])
}
