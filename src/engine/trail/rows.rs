//! The trail as rows.

use crate::domain::trail::ApiCall;
use crate::domain::{Scope, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis, to_json};
use crate::engine::error::{Error, Result};
use crate::engine::trail::CallFilter;
use rusqlite::{Connection, Row, params};
use serde_json::Value;
use uuid::Uuid;

/// Adds a call behind all others.
pub fn append(connection: &Connection, call: &ApiCall) -> Result<()> {
    let id = Uuid::parse_str(&call.id).map_err(|_| Error::Internal("a call's id is no UUID".to_owned()))?;
    let sql = "INSERT INTO trail (id, time, account, region, source, name, username, record)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.prepare_cached(sql)?.execute(params![
        id.as_bytes(),
        millis(call.at),
        call.scope.account.as_str(),
        call.scope.region.as_str(),
        call.source,
        call.name,
        call.user(),
        to_json(&call.record())?,
    ])?;
    Ok(())
}

/// Removes all calls but the newest `most`.
pub fn keep_newest(connection: &Connection, most: u64) -> Result<()> {
    let sql = "DELETE FROM trail WHERE position <= (SELECT max(position) FROM trail) - ?1";
    connection.prepare_cached(sql)?.execute([most as i64])?;
    Ok(())
}

/// At most `limit` calls of a scope, the newest first, each with its position; only those before the position `before`.
pub fn read(
    connection: &Connection,
    scope: &Scope,
    filter: &CallFilter,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<(i64, ApiCall)>> {
    let sql = "SELECT position, record FROM trail
         WHERE account = ?1 AND region = ?2 AND (?3 IS NULL OR position < ?3)
             AND (?4 IS NULL OR time >= ?4) AND (?5 IS NULL OR time <= ?5)
             AND (?6 IS NULL OR id = ?6) AND (?7 IS NULL OR name = ?7) AND (?8 IS NULL OR source = ?8)
             AND (?9 IS NULL OR username = ?9)
             AND (?10 IS NULL OR EXISTS (SELECT 1 FROM json_each(record, '$.resources') AS named
                                         WHERE json_extract(named.value, '$.ARN') = ?10))
         ORDER BY position DESC LIMIT ?11";
    let parameters = params![
        scope.account.as_str(),
        scope.region.as_str(),
        before,
        filter.from.map(millis),
        filter.to.map(millis),
        filter.id.as_ref().map(Uuid::as_bytes),
        filter.name,
        filter.source,
        filter.username,
        filter.resource,
        limit as i64
    ];
    query::all(connection, sql, parameters, from_row)
}

fn from_row(row: &Row<'_>) -> Result<(i64, ApiCall)> {
    let record: Value = row.json("record")?;
    let call = ApiCall::of_record(&record);
    Ok((row.column("position")?, call.ok_or_else(|| Error::Internal("a record of the trail is damaged".to_owned()))?))
}

/// Up to which position the trail may be forgotten: what is older than `before`, and all but the newest `most`; none when all of it is
/// kept. The newest call stays, so that no position is given twice.
pub fn forgettable(connection: &Connection, before: Time, most: u64) -> Result<Option<i64>> {
    let end = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| -> Result<Option<i64>> {
        Ok(connection.prepare_cached(sql)?.query_row(parameters, |row| row.get(0))?)
    };
    let Some(oldest) = end("SELECT min(position) FROM trail", &[])? else { return Ok(None) };
    let last = end("SELECT max(position) FROM trail", &[])?.unwrap_or(oldest);
    let first_kept =
        end("SELECT (SELECT position FROM trail WHERE time >= ?1 ORDER BY position LIMIT 1)", &[&millis(before)])?;
    let by_age = first_kept.unwrap_or(last) - 1;
    let by_count = last - most as i64;
    let up_to = by_age.max(by_count).min(last - 1);
    Ok((up_to >= oldest).then_some(up_to))
}

/// Removes what was recorded up to a position. How many went.
pub fn forget(connection: &Connection, up_to: i64) -> Result<usize> {
    Ok(connection.prepare_cached("DELETE FROM trail WHERE position <= ?1")?.execute([up_to])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::migrations;
    use chrono::Duration;

    fn call(second: i64) -> ApiCall {
        ApiCall {
            id: Uuid::new_v4().to_string(),
            at: Time::from_timestamp(second, 0).unwrap(),
            scope: Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap()),
            source: "backup.amazonaws.com".to_owned(),
            name: "StopBackupJob".to_owned(),
            user_arn: "arn:aws:iam::123456789012:user/ada".to_owned(),
            user_id: None,
            from: String::new(),
            agent: String::new(),
            request_id: String::new(),
            resources: Vec::new(),
            request: Value::Null,
            error: None,
        }
    }

    #[test]
    fn the_oldest_go_by_age_and_by_number_and_the_newest_stays() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection, std::path::Path::new("c"), &migrations::ALL).unwrap();
        let never = Time::UNIX_EPOCH - Duration::days(1);
        assert_eq!(forgettable(&connection, never, 3).unwrap(), None);
        for second in 0..5 {
            append(&connection, &call(second)).unwrap();
        }
        assert_eq!(forgettable(&connection, never, 5).unwrap(), None);
        assert_eq!(forgettable(&connection, never, 3).unwrap(), Some(2));
        assert_eq!(forgettable(&connection, Time::from_timestamp(4, 0).unwrap(), 5).unwrap(), Some(4));
        assert_eq!(forgettable(&connection, Time::from_timestamp(9, 0).unwrap(), 5).unwrap(), Some(4));
        assert_eq!(forget(&connection, 4).unwrap(), 4);
        assert_eq!(forgettable(&connection, Time::from_timestamp(9, 0).unwrap(), 0).unwrap(), None);
        append(&connection, &call(9)).unwrap();
        keep_newest(&connection, 2).unwrap();
        let scope = call(0).scope;
        let left = read(&connection, &scope, &CallFilter::default(), None, 9).unwrap();
        assert_eq!(left.iter().map(|(position, _)| *position).collect::<Vec<_>>(), [6, 5]);
    }
}
