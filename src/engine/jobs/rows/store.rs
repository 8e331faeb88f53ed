//! The transitions of jobs, whatever their kind.
//!
//! One function writes a job's state, from those of which [`JobState::can_become`] says that they may. The catalog has one writer at
//! a time, so of two hands on one job only one finds it in the state that it wants to leave.

use crate::domain::Time;
use crate::domain::job::JobState;
use crate::domain::names::JobId;
use crate::engine::catalog::values::millis;
use crate::engine::error::Result;
use crate::engine::jobs::rows::table::JobTable;
use rusqlite::{Connection, ToSql, params};

/// When a job came into its state.
const SINCE: &str = "coalesce(completed, initiated, created) AS since";

/// Moves a job to `next` if it may go there from where it is, and with that writes `also`, assignments whose values are ?3 and
/// on. Whether it went. Nothing else writes a state.
pub fn advance(
    connection: &Connection,
    table: &JobTable,
    id: &JobId,
    next: &JobState,
    also: &str,
    values: &[&dyn ToSql],
) -> Result<bool> {
    let from: Vec<String> = JobState::KNOWN
        .iter()
        .filter(|state| state.can_become(table.kind, next))
        .map(|state| format!("'{}'", state.as_str()))
        .collect();
    let sql = format!(
        "UPDATE {} SET state = ?2{also} WHERE id = ?1 AND state IN ({}) RETURNING {}, {SINCE}",
        table.rows,
        from.join(", "),
        table.columns
    );
    let (key, next) = (id.as_str(), next.as_str());
    let all: Vec<&dyn ToSql> = [&key as &dyn ToSql, &next].into_iter().chain(values.iter().copied()).collect();
    tell_row(connection, table, &sql, &all)
}

/// Tells the feed of events of a job that was just added.
pub fn tell(connection: &Connection, table: &JobTable, id: &JobId) -> Result<()> {
    let sql = format!("SELECT {}, {SINCE} FROM {} WHERE id = ?1", table.columns, table.rows);
    tell_row(connection, table, &sql, &[&id.as_str()]).map(drop)
}

/// Tells of the row that a statement gives, if it gives one.
fn tell_row(connection: &Connection, table: &JobTable, sql: &str, values: &[&dyn ToSql]) -> Result<bool> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let Some(row) = rows.next()? else { return Ok(false) };
    (table.tell)(connection, row)?;
    Ok(true)
}

/// A job begins, or begins again: RUNNING, one attempt more, and what the last one said of itself is past. Whether it was
/// there to begin.
pub fn begin(connection: &Connection, table: &JobTable, id: &JobId, now: Time) -> Result<bool> {
    const BEGUN: &str = "initiated = coalesce(initiated, ?3), attempts = attempts + 1, status_message = NULL";
    if advance(connection, table, id, &JobState::Running, &format!(", {BEGUN}"), &[&millis(now)])? {
        return Ok(true);
    }
    let again = connection
        .prepare_cached(&format!("UPDATE {} SET {BEGUN} WHERE id = ?1 AND state = ?2", table.rows))?
        .execute(params![id.as_str(), JobState::Running.as_str(), millis(now)])?;
    Ok(again > 0)
}

/// An orderly shutdown interrupted the job: that attempt does not count.
pub fn forget_attempt(connection: &Connection, table: &JobTable, id: &JobId) -> Result<()> {
    connection
        .prepare_cached(&format!(
            "UPDATE {} SET attempts = max(0, attempts - 1) WHERE id = ?1 AND state = 'RUNNING'",
            table.rows
        ))?
        .execute([id.as_str()])?;
    Ok(())
}

/// Says why a job that goes on running did not come to its end this time.
pub fn note_setback(connection: &Connection, table: &JobTable, id: &JobId, why: &str) -> Result<()> {
    connection
        .prepare_cached(&format!("UPDATE {} SET status_message = ?2 WHERE id = ?1 AND state = 'RUNNING'", table.rows))?
        .execute([id.as_str(), why])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::job::JobKind;
    use crate::engine::catalog::sample::{Job, at, catalog, insert, insert_copy, insert_restore};
    use crate::engine::jobs::{backup, copy, restore};

    fn state_of(connection: &Connection, table: &JobTable, id: &JobId) -> JobState {
        let sql = format!("SELECT state FROM {} WHERE id = ?1", table.rows);
        let state: String = connection.query_row(&sql, [id.as_str()], |row| row.get(0)).unwrap();
        JobState::from(state.as_str())
    }

    const ALL: [&str; 9] =
        ["CREATED", "PENDING", "RUNNING", "ABORTING", "ABORTED", "COMPLETED", "FAILED", "EXPIRED", "PARTIAL"];

    #[test]
    fn a_jobs_state_is_written_exactly_where_the_rules_let_it_go() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder);
        for table in [&backup::rows::TABLE, &copy::rows::TABLE, &restore::rows::TABLE] {
            for (from, to) in ALL.iter().flat_map(|from| ALL.iter().map(move |to| (*from, *to))) {
                let went: Result<(bool, String)> = catalog.write(|tx| {
                    tx.execute(&format!("DELETE FROM {}", table.rows), [])?;
                    match table.kind {
                        JobKind::Backup => insert(tx, &Job { id: "job", state: from, ..Job::default() }),
                        JobKind::Copy => insert_copy(tx, "job", at(1), from),
                        JobKind::Restore => insert_restore(tx, "job", at(1), None, from),
                    }
                    let id = "job".parse()?;
                    let went = advance(tx, table, &id, &JobState::from(to), "", &[])?;
                    Ok((went, state_of(tx, table, &id).as_str().to_owned()))
                });
                let allowed = JobState::from(from).can_become(table.kind, &JobState::from(to));
                assert_eq!(
                    went.unwrap(),
                    (allowed, if allowed { to } else { from }.to_owned()),
                    "{} {from} {to}",
                    table.rows
                );
            }
        }
    }
}
