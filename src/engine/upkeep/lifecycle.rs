//! The sweeper: recovery points expire within eight hours after their day. How they are deleted then is in
//! [`deletion`](crate::engine::deletion).

use crate::domain::continuous::days;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, Lifecycle, Time};
use crate::engine::authorize::action::{DeleteRecoveryPoint, UpdateRecoveryPointLifecycle};
use crate::engine::authorize::subject::{PointNamed, PointToChange, PointToDelete};
use crate::engine::authorize::{Doing, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, idempotency};
use crate::engine::clock::Jumps;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::scheduler;
use crate::engine::jobs::turn::Turn;
use crate::engine::jobs::uses::tables;
use crate::engine::points::expiry::{delete_due, seed};
use crate::engine::points::ops::point_in;
use crate::engine::upkeep::rows::old_records;
use crate::engine::{Engine, holds, points};
use chrono::Duration;
use std::sync::Arc;

/// The sweeper goes round at every whole hour: what falls due between is deleted together, and with the backups of that hour.
const ROUND: Duration = Duration::hours(1);
/// How long the records of jobs are kept (AWS: 30 days).
const KEEP_RECORDS: Duration = Duration::days(400);
/// How often old records are looked for.
const PURGE_EVERY: Duration = Duration::days(1);

/// When a point is asked for again of which the expiry was refused.
const ASK_AGAIN: Duration = Duration::days(1);

/// The first round of the sweeper in which what is due at a moment is deleted.
fn next_round(due: Time) -> Time {
    let late = due.timestamp_millis().rem_euclid(ROUND.num_milliseconds());
    if late == 0 { due } else { due + (ROUND - Duration::milliseconds(late)) }
}

impl Engine {
    /// Deletes what has outlived its days, and goes on with deletions that were begun.
    pub(crate) fn sweep(self: &Arc<Self>, turn: &mut Turn, now: Time) -> Result<()> {
        let expires = self.options.scheduler && self.clock.is_trusted();
        let marked = if expires { self.mark_expired(now) } else { Ok(()) };
        // Deletions that were begun go on, whatever came of the expiries.
        self.go_on_with_deletions(turn, now).and(marked)
    }

    /// When the sweeper has something to do next.
    pub(crate) fn next_sweep(&self, turn: &Turn) -> Result<Option<Time>> {
        let expires = self.options.scheduler && self.clock.is_trusted();
        let due = if expires { self.catalog.read(next_due)?.map(next_round) } else { None };
        let collection = turn.collections.values().map(|due| due.at).min();
        Ok([due, collection, turn.next_deletion].into_iter().flatten().min())
    }

    /// Marks the points whose time has come.
    fn mark_expired(&self, now: Time) -> Result<()> {
        if self.catalog.read(next_due)?.is_none_or(|due| next_round(due) > now) {
            return Ok(());
        }
        self.catalog.write(|tx| {
            // What is deleted because of a time is not deleted before that time is remembered.
            self.clock.save_in(tx)?;
            expire(tx, &points::rows::expiry::due(tx, Jumps::of(tx)?.window(), now)?, now)
        })
    }

    /// Changes how long a recovery point lives, and with a composite one all that is nested in it. Both values are set: what is not
    /// given is never, as in AWS.
    pub fn update_recovery_point_lifecycle(
        &self,
        caller: &Caller,
        vault_name: &str,
        arn: &Arn,
        lifecycle: Lifecycle,
    ) -> Result<RecoveryPoint> {
        lifecycle.validate()?;
        self.heed_protection(&caller.scope(), vault_name)?;
        let now = self.now();
        let point = self.catalog.write(|tx| {
            let found = point_in(tx, vault_name, arn)?;
            let is_parent = found.as_ref().is_some_and(|point| point.nesting.is_parent());
            set_lifecycle(tx, caller, arn, found, &lifecycle, now)?;
            let nested = if is_parent { points::rows::composite::nested(tx, arn)? } else { Vec::new() };
            for point in nested.into_iter().filter(|point| point.status == RecoveryPointStatus::Completed) {
                set_lifecycle(tx, caller, &point.arn.clone(), Some(point), &lifecycle, now)?;
            }
            points::rows::get(tx, arn)?.ok_or_else(|| Error::no_such_recovery_point(arn))
        })?;
        // The change is made; its manifest follows now, or later when that fails.
        self.write_owed_manifests(&point.vault_arn);
        self.jobs.wake();
        Ok(point)
    }

    /// Removes the records of jobs and of released legal holds, tokens, events, calls and counts that are old enough to be forgotten.
    pub(crate) fn purge_records(&self, turn: &mut Turn, now: Time) -> Result<()> {
        if !self.options.scheduler || !self.clock.is_trusted() || turn.next_purge.is_some_and(|at| at > now) {
            return Ok(());
        }
        turn.next_purge = Some(now + PURGE_EVERY);
        let before = now - KEEP_RECORDS;
        let any_old = self.catalog.read(|connection| {
            let jobs = tables().map(|table| old_records::any_job(connection, table, before));
            let others = [old_records::any_token(connection, before), holds::rows::any_outlived(connection, now)];
            jobs.chain(others).collect::<Result<Vec<bool>>>()
        })?;
        if any_old.contains(&true) {
            self.catalog.write(|tx| {
                tables().try_for_each(|table| old_records::remove_jobs(tx, table, before))?;
                holds::rows::remove_outlived(tx, now)?;
                idempotency::forget_before(tx, before)
            })?;
        }
        self.forget_old_events(now, self.first_to_deliver()?)?;
        self.forget_old_calls(now)?;
        self.forget_old_counts(now)
    }
}

/// Changes how long a point lives, if the caller may and it can.
fn set_lifecycle(
    tx: &Connection,
    caller: &Caller,
    arn: &Arn,
    found: Option<RecoveryPoint>,
    lifecycle: &Lifecycle,
    now: Time,
) -> Result<()> {
    let subject = PointToChange(PointNamed { arn, found: found.as_ref() });
    let permit = authorize(tx, caller, UpdateRecoveryPointLifecycle, &subject)?;
    let found = found.ok_or_else(|| Error::no_such_recovery_point(arn))?;
    refuse_cold_day(&found, lifecycle, now)?;
    let acts = lifecycle.acts_on(found.resource_type.goes_cold_by(lifecycle), found.created);
    // What is nested goes together with what it is nested in.
    let of = points::rows::point_id(found.nesting.parent().unwrap_or(arn));
    let due = acts.delete_at.map(|at| Ok::<_, Error>(delete_due(at, &seed(tx)?, of))).transpose()?;
    points::rows::expiry::set(tx, &permit, lifecycle, &acts, due)?;
    points::rows::owed_manifests::owe(tx, arn)
}

/// Marks points whose time has come. Asked one by one: whatever protects a point protects it from the end of its life too. One
/// that is refused is passed over and asked for again in a day: it holds up no other, and is not found due for ever. A live
/// continuous one whose rule goes on lives on as if that had run now. What is nested goes before what it is nested in, which stays as
/// long as anything is.
fn expire(tx: &Connection, due: &[RecoveryPoint], now: Time) -> Result<()> {
    let (parents, others): (Vec<_>, Vec<_>) = due.iter().partition(|point| point.nesting.is_parent());
    let mut gone = Vec::new();
    for point in others.into_iter().chain(parents) {
        if point.nesting.is_parent() && !points::rows::composite::nested(tx, &point.arn)?.is_empty() {
            points::rows::expiry::put_off(tx, &point.arn, now + ASK_AGAIN)?;
            continue;
        }
        if point.status == RecoveryPointStatus::Available && scheduler::goes_on(tx, point, now)? {
            let delete_at = now + Duration::days(days(point.lifecycle.as_ref()));
            let due = delete_due(delete_at, &seed(tx)?, point.arn.point_id());
            points::rows::expiry::prolong(tx, &point.arn, delete_at, due)?;
            continue;
        }
        let subject = PointToDelete(PointNamed { arn: &point.arn, found: Some(point) });
        match authorize(tx, Doing::Expiry, DeleteRecoveryPoint, &subject) {
            Ok(permit) => {
                points::rows::deleting::mark_expired(tx, &permit, point, now)?;
                gone.extend(point.nesting.parent().map(|parent| (parent, &point.arn)));
            }
            Err(refused @ Error::Service { .. }) => {
                tracing::warn!(point = %point.arn, %refused, "a recovery point has outlived its days and is protected: it stays");
                points::rows::expiry::put_off(tx, &point.arn, now + ASK_AGAIN)?;
            }
            Err(error) => return Err(error),
        }
    }
    // One that goes too is being deleted by now, and lacks nothing.
    for (parent, nested) in gone {
        let why = format!("Nested recovery point {nested} has outlived its days.");
        points::rows::composite::lessen(tx, parent, &why, now)?;
    }
    Ok(())
}

/// Refuses a day for the move to cold storage that AWS would not take: a new one must be still to come, and once a point
/// was moved it cannot change. For a type that cannot go cold it means nothing.
fn refuse_cold_day(point: &RecoveryPoint, lifecycle: &Lifecycle, now: Time) -> Result<()> {
    let counts = |lifecycle: &Lifecycle| point.is_cold() || point.resource_type.goes_cold_by(lifecycle);
    let day_of = |lifecycle: &Lifecycle| lifecycle.cold_days().filter(|_| counts(lifecycle));
    let (before, after) = (point.lifecycle.as_ref().and_then(day_of), day_of(lifecycle));
    if before == after {
        return Ok(());
    }
    if point.is_cold() {
        return Err(Error::invalid_parameter(
            "Invalid lifecycle. MoveToColdStorageAfterDays cannot be changed after the recovery point was moved to cold storage",
        ));
    }
    let age = now - point.created;
    let least = age.num_days() + 1 + i64::from(age > Duration::days(age.num_days()));
    match after {
        Some(days) if days < least => Err(Error::invalid_parameter(format!(
            "Invalid lifecycle. MoveToColdStorageAfterDays must be at least one day more than the age of the recovery point, \
             which is {least} now; it is {days}"
        ))),
        _ => Ok(()),
    }
}

/// The next moment at which a point's time has come.
fn next_due(connection: &Connection) -> Result<Option<Time>> {
    points::rows::expiry::next_due(connection, Jumps::of(connection)?.window())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::sample;

    #[test]
    fn a_point_whose_expiry_is_refused_is_passed_over_and_the_others_go() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = sample::catalog(&folder);
        let status = |tx: &Connection, arn: &str| -> (String, i64) {
            let sql = "SELECT status, delete_due FROM recovery_points WHERE arn = ?1";
            tx.query_row(sql, [arn], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
        };
        catalog
            .write(|tx| {
                let points = ["a", "b", "c"].map(|id| sample::insert_point(tx, id, sample::hour(1)));
                tx.execute("UPDATE recovery_points SET held = 1 WHERE arn = ?1", [points[1].as_str()])?;
                let due: Vec<RecoveryPoint> =
                    points.iter().filter_map(|arn| points::rows::get(tx, arn).unwrap()).collect();
                expire(tx, &due, sample::at(2))?;
                assert_eq!(status(tx, points[0].as_str()).0, "DELETING");
                assert_eq!(status(tx, points[1].as_str()), ("COMPLETED".to_owned(), sample::hour(2 + 24)));
                assert_eq!(status(tx, points[2].as_str()).0, "DELETING");
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn the_sweeper_does_not_look_at_what_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = sample::catalog(&folder);
        let plan: Vec<String> = catalog
            .read(|connection| {
                let sql = format!("EXPLAIN QUERY PLAN {}", points::rows::expiry::next_due_sql());
                let mut statement = connection.prepare(&sql)?;
                let rows = statement.query_map([0, 0], |row| row.get("detail"))?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .unwrap();
        // The index has no row of a point that is held.
        assert!(plan[0].contains("p USING INDEX recovery_points_by_due"), "{plan:?}");
    }

    #[test]
    fn a_point_is_due_within_eight_hours_and_always_at_the_same_moment() {
        let day: Time = "2026-12-01T05:59:59Z".parse().unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..200 {
            let due = delete_due(day, "seed", &format!("point {number}"));
            assert!((day..day + Duration::hours(8)).contains(&due));
            assert!((due..=day + Duration::hours(8)).contains(&next_round(due)));
            assert_eq!(next_round(due).timestamp() % 3600, 0);
            assert_eq!(next_round(next_round(due)), next_round(due));
            assert_eq!(due, delete_due(day, "seed", &format!("point {number}")));
            seen.insert(due);
        }
        assert!(seen.len() > 190, "the moments spread");
        assert_ne!(delete_due(day, "a", "p"), delete_due(day, "b", "p"));
    }
}
