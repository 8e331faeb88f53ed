//! How the catalog's schema came to be: one step for each version, kept in SQLite's `user_version`.

use crate::engine::catalog::explain;
use crate::engine::error::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Every step, in order. A step that was ever released is never changed: the next one is added behind it.
pub const ALL: [&str; 1] = [include_str!("schema.sql")];

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
}
