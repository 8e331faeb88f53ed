//! Up to when the scheduler has made the jobs of each plan.

use crate::domain::{PlanId, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use rusqlite::{Connection, params};

/// Up to when the runs of a plan were evaluated; `None` when they never were.
pub fn evaluated_until(connection: &Connection, plan: &PlanId) -> Result<Option<Time>> {
    let sql = "SELECT evaluated_until FROM plan_progress WHERE plan_id = ?1";
    query::first(connection, sql, [plan.as_str()], |row| row.time("evaluated_until"))
}

/// The runs of a plan are evaluated up to now, and `executed` is the newest that made a job, if any did.
pub fn set(connection: &Connection, plan: &PlanId, now: Time, executed: Option<Time>) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO plan_progress (plan_id, evaluated_until) VALUES (?1, ?2)
             ON CONFLICT (plan_id) DO UPDATE SET evaluated_until = excluded.evaluated_until",
        )?
        .execute(params![plan.as_str(), millis(now)])?;
    connection
        .prepare_cached("UPDATE plans SET last_execution = coalesce(?2, last_execution) WHERE id = ?1")?
        .execute(params![plan.as_str(), executed.map(millis)])?;
    Ok(())
}
