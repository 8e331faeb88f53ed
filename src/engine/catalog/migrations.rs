//! How the catalog's schema came to be: one step for each version, kept in SQLite's `user_version`.

use crate::engine::catalog::explain;
use crate::engine::error::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Every step, in order. A step that was ever released is never changed: the next one is added behind it.
pub const ALL: [&str; 34] = [
    include_str!("schema.sql"),
    include_str!("migrations/002_source_roots.sql"),
    include_str!("migrations/003_manifests_and_damage.sql"),
    include_str!("migrations/004_creation.sql"),
    include_str!("migrations/005_idempotency_version.sql"),
    include_str!("migrations/006_list_facets.sql"),
    include_str!("migrations/007_vault_identity.sql"),
    include_str!("migrations/008_columns_never_read.sql"),
    include_str!("migrations/009_set_aside.sql"),
    include_str!("migrations/010_deleting.sql"),
    include_str!("migrations/011_litter.sql"),
    include_str!("migrations/012_points_of_vault.sql"),
    include_str!("migrations/013_locations_and_marks.sql"),
    include_str!("migrations/014_vault_access_policies.sql"),
    include_str!("migrations/015_resource_secrets.sql"),
    include_str!("migrations/016_legal_holds.sql"),
    include_str!("migrations/017_events.sql"),
    include_str!("migrations/018_vault_locks.sql"),
    include_str!("migrations/019_copy_jobs.sql"),
    include_str!("migrations/020_vault_notifications.sql"),
    include_str!("migrations/021_cold_storage.sql"),
    include_str!("migrations/022_policy_sequence.sql"),
    include_str!("migrations/023_organization_tree.sql"),
    include_str!("migrations/024_backup_policies.sql"),
    include_str!("migrations/025_air_gap.sql"),
    include_str!("migrations/026_shares.sql"),
    include_str!("migrations/027_continuous.sql"),
    include_str!("migrations/028_composites.sql"),
    include_str!("migrations/029_restore_tests.sql"),
    include_str!("migrations/030_composite_copies.sql"),
    include_str!("migrations/031_told_findings.sql"),
    include_str!("migrations/032_trail.sql"),
    include_str!("migrations/033_metrics.sql"),
    include_str!("migrations/034_new_data.sql"),
];

/// Runs the steps that this catalog does not have yet, each in a transaction of its own.
pub fn run(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<()> {
    let known = i64::try_from(steps.len()).map_err(|_| Error::Internal("too many migrations".to_owned()))?;
    let found = version(connection).map_err(|e| explain(e, path))?;
    if found > known {
        return Err(Error::Newer { what: format!("the catalog {}", path.display()), found, known });
    }
    for (step, number) in steps.iter().zip(1_i64..).skip(usize::try_from(found).unwrap_or_default()) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The version of the catalog's schema; 0 means that there is none yet.
pub fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [&str; 2] =
        ["CREATE TABLE t (a TEXT) STRICT; INSERT INTO t VALUES ('kept')", "ALTER TABLE t ADD COLUMN b INTEGER"];

    fn file(folder: &tempfile::TempDir) -> Connection {
        Connection::open(folder.path().join("c")).unwrap()
    }

    #[test]
    fn an_older_catalog_gains_the_missing_steps_and_keeps_its_rows() {
        let folder = tempfile::tempdir().unwrap();
        run(&mut file(&folder), Path::new("c"), &STEPS[..1]).unwrap();
        let mut connection = file(&folder);
        run(&mut connection, Path::new("c"), &STEPS).unwrap();
        run(&mut connection, Path::new("c"), &STEPS).unwrap();
        assert_eq!(version(&connection).unwrap(), 2);
        let row: (String, Option<i64>) =
            connection.query_row("SELECT a, b FROM t", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        assert_eq!(row, ("kept".to_owned(), None));
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = file(&folder);
        let broken = [STEPS[0], "CREATE TABLE u (a TEXT) STRICT; nonsense"];
        assert!(run(&mut connection, Path::new("c"), &broken).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        assert!(connection.prepare("SELECT * FROM u").is_err());
    }

    #[test]
    fn a_newer_catalog_is_refused_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        run(&mut file(&folder), Path::new("c"), &STEPS).unwrap();
        let result = run(&mut file(&folder), Path::new("c"), &STEPS[..1]);
        assert!(matches!(result, Err(Error::Newer { found: 2, known: 1, .. })));
    }

    #[test]
    fn resources_of_the_first_version_are_known_to_have_held_what_was_backed_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = file(&folder);
        run(&mut connection, Path::new("c"), &ALL[..1]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO accounts VALUES ('1', 'n', 'e', 1, 'ACTIVE', 0);
                 INSERT INTO vaults VALUES ('v', '1', 'r', 'V', 'BACKUP_VAULT', NULL, NULL, 0);
                 INSERT INTO resources VALUES ('full', '1', 'r', 'EFS', 'full', '/full', 0);
                 INSERT INTO resources VALUES ('new', '1', 'r', 'EFS', 'new', '/new', 0);
                 INSERT INTO recovery_points (arn, account, region, vault_arn, vault_name, resource_arn, resource_type,
                     status, created, size_bytes, storage_class, point_id, source_path)
                     VALUES ('p', '1', 'r', 'v', 'V', 'full', 'EFS', 'COMPLETED', 0, 5, 'WARM', 'p', '/full');",
            )
            .unwrap();
        run(&mut connection, Path::new("c"), &ALL).unwrap();
        let mut statement = connection.prepare(
                "SELECT arn, json_extract(mark, '$.device'), json_extract(mark, '$.held') FROM resource_marks ORDER BY arn",
            ).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let rows: Vec<(String, Option<i64>, i64)> = rows.map(|row| row.unwrap()).collect();
        assert_eq!(rows, [("full".to_owned(), None, 2), ("new".to_owned(), None, 0)]);
    }

    #[test]
    fn a_catalog_that_has_the_columns_that_nobody_read_loses_them_and_no_row() {
        let folder = tempfile::tempdir().unwrap();
        let before = ALL.iter().position(|step| step.contains("DROP COLUMN scheduled_at")).unwrap();
        let mut connection = file(&folder);
        run(&mut connection, Path::new("c"), &ALL[..before]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO accounts VALUES ('1', 'a', 'a@b', 1, 'ACTIVE', 0);
                 INSERT INTO roles VALUES ('role', '1', 'backup', 7);
                 INSERT INTO resources VALUES ('source', '1', 'r', 'EFS', 'source', '/source', 7);
                 INSERT INTO vaults (arn, account, region, name, vault_type, created) VALUES ('v', '1', 'r', 'v', 'BACKUP_VAULT', 0);
                 INSERT INTO recovery_keys VALUES ('v', 'key', 7);
                 INSERT INTO recovery_points (arn, account, region, vault_arn, vault_name, resource_arn, resource_type,
                     status, created, storage_class, point_id, source_path, deleting_since)
                     VALUES ('p', '1', 'r', 'v', 'v', 'source', 'EFS', 'DELETING', 0, 'WARM', 'p', '/source', 7);
                 INSERT INTO backup_jobs (id, account, region, vault_name, vault_arn, resource_arn, resource_type, created,
                     state, backup_options, complete_by, recovery_point_tags, plan_id, scheduled_at, stop_requested)
                     VALUES ('j', '1', 'r', 'v', 'v', 'source', 'EFS', 0, 'RUNNING', '{}', 9, '{}', 'plan', 7, 1);",
            )
            .unwrap();
        run(&mut connection, Path::new("c"), &ALL).unwrap();
        for (table, row) in [
            ("roles", "role|1|backup"),
            ("resources", r#"source|1|r|EFS|source|{"Path":"/source"}"#),
            ("recovery_keys", "v|key"),
        ] {
            let columns: Vec<String> = connection
                .prepare(&format!("SELECT * FROM {table}"))
                .unwrap()
                .column_names()
                .map(str::to_owned)
                .collect();
            let sql = format!("SELECT {} FROM {table}", columns.join(" || '|' || "));
            let found: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(found, row);
        }
        let text = |sql: &str| -> String { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
        assert_eq!(text("SELECT status FROM recovery_points WHERE point_id = 'p'"), "DELETING");
        // What keeps the lists of jobs quick still works on them.
        connection.execute("UPDATE backup_jobs SET state = 'FAILED', completed = 5 WHERE id = 'j'", []).unwrap();
        assert_eq!(text("SELECT f.state FROM backup_jobs j JOIN backup_job_facets f ON f.id = j.facet"), "FAILED");
    }
}
