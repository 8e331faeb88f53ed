//! What backups stored anew, as rows.

use crate::domain::extension::{LEAST_NEW, NewDataOfBackup, Usual};
use crate::domain::names::JobId;
use crate::domain::{Scope, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use rusqlite::{Connection, Row, params};

/// A history's backup says nothing of how well its data compresses where less than this was new, in bytes.
const SAYS: u64 = 64 << 10;

/// A history has so many backups at most, the newest.
const MOST: i64 = 30;

/// What is told of a backup; the rule that made it in front of nothing where it was asked for.
const TOLD: &str = "j.id, j.account, j.region, j.resource_arn, j.resource_name, j.created, j.completed, j.new_bytes,
    j.new_bytes_packed, p.size_bytes, coalesce(json_extract(j.created_by, '$[4]'), '') AS rule
    FROM backup_jobs j LEFT JOIN recovery_points p ON p.arn = j.recovery_point_arn";

/// A backup without what is usual, and what its history is found by.
struct Told {
    backup: NewDataOfBackup,
    created: Time,
    rule: String,
}

fn from_row(row: &Row<'_>) -> Result<Told> {
    let bytes = |name: &str| -> Result<u64> { Ok(row.column::<Option<i64>>(name)?.unwrap_or_default().unsigned_abs()) };
    let created = row.time("created")?;
    let backup = NewDataOfBackup {
        backup_job_id: row.parsed("id")?,
        scope: row.scope()?,
        resource_arn: row.parsed("resource_arn")?,
        resource_name: row.column("resource_name")?,
        completion_date: row.time_option("completed")?.unwrap_or(created),
        new_bytes: bytes("new_bytes")?,
        compressed_bytes: bytes("new_bytes_packed")?,
        size_bytes: row.column::<Option<i64>>("size_bytes")?.map(i64::unsigned_abs),
        usual: None,
    };
    Ok(Told { backup, created, rule: row.column("rule")? })
}

/// What a job stored anew, with what is usual; none where it is not known, as of a job that stands for others.
pub fn of_job(connection: &Connection, id: &JobId) -> Result<Option<NewDataOfBackup>> {
    let sql = format!("SELECT {TOLD} WHERE j.id = ?1 AND j.new_bytes IS NOT NULL AND j.is_parent = 0");
    query::first(connection, &sql, [id.as_str()], from_row)?.map(|told| with_usual(connection, told)).transpose()
}

/// The question of [`incompressible`]. It has the condition of the index word for word, so that only what is in it is looked at.
fn incompressible_sql() -> String {
    format!(
        "SELECT {TOLD} WHERE j.account = ?1 AND j.region = ?2 AND j.created >= ?3 AND j.state = 'COMPLETED'
             AND j.is_parent = 0 AND j.new_bytes >= 1048576 AND j.new_bytes_packed * 100 >= j.new_bytes * 95
             AND NOT EXISTS (SELECT 1 FROM backup_jobs l INDEXED BY backup_jobs_by_resource
                 WHERE l.resource_arn = j.resource_arn AND l.created > j.created
                 AND l.account = j.account AND l.region = j.region AND l.state = 'COMPLETED' AND l.is_parent = 0
                 AND l.new_bytes >= ?4
                 AND coalesce(json_extract(l.created_by, '$[4]'), '') = coalesce(json_extract(j.created_by, '$[4]'), ''))
         ORDER BY j.created DESC, j.id"
    )
}

/// Of each resource and rule of a scope the newest backup since a moment that stored much anew, where hardly anything of that
/// compressed; the newest first. A later one of which as much is new and does compress puts it right.
pub fn incompressible(connection: &Connection, scope: &Scope, since: Time) -> Result<Vec<NewDataOfBackup>> {
    let parameters = params![scope.account.as_str(), scope.region.as_str(), millis(since), LEAST_NEW as i64];
    let told = query::all(connection, &incompressible_sql(), parameters, from_row)?;
    told.into_iter().map(|told| with_usual(connection, told)).collect()
}

/// Adds how well what was new in the backups before compressed.
fn with_usual(connection: &Connection, told: Told) -> Result<NewDataOfBackup> {
    let Told { mut backup, created, rule } = told;
    let sql = "SELECT new_bytes, new_bytes_packed FROM backup_jobs INDEXED BY backup_jobs_by_resource
         WHERE resource_arn = ?1 AND created < ?2 AND account = ?3 AND region = ?4 AND state = 'COMPLETED' AND is_parent = 0
             AND new_bytes >= ?5 AND coalesce(json_extract(created_by, '$[4]'), '') = ?6
         ORDER BY created DESC, id DESC LIMIT ?7";
    let (resource, scope) = (backup.resource_arn.as_str(), &backup.scope);
    let parameters =
        params![resource, millis(created), scope.account.as_str(), scope.region.as_str(), SAYS as i64, rule, MOST];
    let before = query::all(connection, sql, parameters, |row| {
        let bytes = |name: &str| row.column::<i64>(name).map(i64::unsigned_abs);
        Ok((bytes("new_bytes")?, bytes("new_bytes_packed")?))
    })?;
    backup.usual = Usual::of(before);
    Ok(backup)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::Catalog;
    use crate::engine::catalog::sample::{Job, at, catalog, hour, insert};

    const MIB: i64 = 1 << 20;

    /// A job that ended at an hour, with what it stored anew in MiB and what of that was left in percent.
    fn add(catalog: &Catalog, id: &'static str, job: Job, told: Option<(i64, i64)>) {
        let ended = Job { id, completed: Some(job.created), state: "COMPLETED", ..job };
        catalog
            .write(|tx| {
                insert(tx, &ended);
                if let Some((new, percent)) = told {
                    let set = "UPDATE backup_jobs SET new_bytes = ?2, new_bytes_packed = ?3 WHERE id = ?1";
                    tx.execute(set, params![id, new * MIB, (new * MIB * percent + 99) / 100])?;
                }
                Ok(())
            })
            .unwrap();
    }

    fn found(catalog: &Catalog, since: i64) -> Vec<(String, Option<Usual>)> {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let told = catalog.read(|connection| incompressible(connection, &scope, at(since))).unwrap();
        told.into_iter().map(|told| (told.backup_job_id.to_string(), told.usual)).collect()
    }

    fn in_hour(number: i64) -> Job {
        Job { created: hour(number), ..Job::default() }
    }

    #[test]
    fn the_newest_that_hardly_compressed_is_told_with_what_is_usual_of_its_own_rule() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder);
        add(&catalog, "old", in_hour(0), None);
        for (id, hour) in [("a", 1), ("b", 2), ("c", 3)] {
            add(&catalog, id, in_hour(hour), Some((5, 30 + hour)));
        }
        let other = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-2";
        add(&catalog, "other", Job { resource: other, ..in_hour(3) }, Some((5, 90)));
        add(&catalog, "ruled", in_hour(4), Some((5, 80)));
        let by_rule = "UPDATE backup_jobs SET created_by = '[\"p\",\"\",\"\",\"\",\"rule\"]' WHERE id = 'ruled'";
        catalog.write(|tx| Ok(tx.execute(by_rule, [])?)).unwrap();
        assert!(found(&catalog, 0).is_empty());
        add(&catalog, "d", in_hour(5), Some((1, 99)));
        let usual = Some(Usual { percent: 32, backups: 3 });
        assert_eq!(found(&catalog, 0), [("d".to_owned(), usual)]);
        assert_eq!(found(&catalog, 6), [], "that was before");
        add(&catalog, "little", in_hour(6), Some((0, 0)));
        assert_eq!(found(&catalog, 0), [("d".to_owned(), usual)]);
        add(&catalog, "e", in_hour(7), Some((2, 98)));
        assert_eq!(found(&catalog, 0), [("e".to_owned(), Some(Usual { percent: 33, backups: 4 }))]);
        add(&catalog, "f", in_hour(8), Some((2, 40)));
        assert_eq!(found(&catalog, 0), [], "what is new compresses again");
        let of = |id: &str| catalog.read(|connection| of_job(connection, &id.parse().unwrap())).unwrap();
        assert_eq!(of("old"), None, "nobody counted it");
        assert_eq!(of("e").unwrap().percent(), Some(98));
        catalog.write(|tx| Ok(tx.execute("UPDATE backup_jobs SET is_parent = 1 WHERE id IN ('e', 'f')", [])?)).unwrap();
        assert_eq!(of("e"), None, "a job that stands for others stores only what these are called");
        assert_eq!(found(&catalog, 0), [("d".to_owned(), usual)]);
    }

    #[test]
    fn those_that_hardly_compressed_are_found_by_their_own_index() {
        let folder = tempfile::tempdir().unwrap();
        let plan = catalog(&folder)
            .read(|connection| {
                let sql = format!("EXPLAIN QUERY PLAN {}", incompressible_sql());
                query::all(connection, &sql, params!["a", "r", 0, 0], |row| row.column::<String>("detail"))
            })
            .unwrap();
        assert!(plan.iter().any(|step| step.contains("SEARCH j USING INDEX backup_jobs_incompressible")), "{plan:?}");
        assert!(plan.iter().any(|step| step.contains("SEARCH l USING INDEX backup_jobs_by_resource")), "{plan:?}");
    }
}
