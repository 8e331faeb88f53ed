//! What was looked at when a job was chosen may have changed when it begins: it is looked at again, in the transaction that
//! notes its beginning.

use super::kind::Job as _;
use super::{backup, copy};
use crate::engine::catalog::Connection;
use crate::engine::catalog::sample::{Job, at, catalog, insert, insert_copy, insert_point};

fn state(tx: &Connection, table: &str) -> String {
    tx.query_row(&format!("SELECT state FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// Whether a backup job begins after `change`, and its state then.
fn backup_begins(change: impl Fn(&Connection)) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    catalog(&folder)
        .write(|tx| {
            insert(tx, &Job::default());
            insert_point(tx, "of-the-vault", 0);
            let record = backup::rows::record::open(tx)?.remove(0);
            change(tx);
            Ok((record.begin(tx, at(1))?, state(tx, "backup_jobs")))
        })
        .unwrap()
}

#[test]
fn a_backup_does_not_begin_in_a_vault_that_was_deleted_or_locked_since() {
    let (running, failed) = ((true, "RUNNING".to_owned()), (false, "FAILED".to_owned()));
    assert_eq!(backup_begins(|_| ()), running);
    let change = |sql: &'static str| move |tx: &Connection| tx.execute_batch(sql).unwrap();
    assert_eq!(backup_begins(change("DELETE FROM recovery_points; DELETE FROM vaults")), failed);
    assert_eq!(backup_begins(change("UPDATE vaults SET vault_type = 'LOGICALLY_AIR_GAPPED_BACKUP_VAULT'")), failed);
    let lock = "INSERT INTO vault_locks (vault_arn, sequence, state, max_retention_days)
         SELECT arn, 1, 'CHANGEABLE', 30 FROM vaults";
    assert_eq!(backup_begins(change(lock)), failed);
}

#[test]
fn what_aws_brings_into_an_air_gapped_vault_by_a_copy_is_not_written_into_one_at_once() {
    for (resource_type, begins) in [("EFS", true), ("EBS", false)] {
        let folder = tempfile::tempdir().unwrap();
        let began = catalog(&folder).write(|tx| {
            insert(tx, &Job { resource_type, ..Job::default() });
            insert_point(tx, "of-the-vault", 0);
            tx.execute_batch(
                "UPDATE vaults SET vault_type = 'LOGICALLY_AIR_GAPPED_BACKUP_VAULT';
                 UPDATE backup_jobs SET vault_type = 'LOGICALLY_AIR_GAPPED_BACKUP_VAULT'",
            )
            .unwrap();
            backup::rows::record::open(tx)?.remove(0).begin(tx, at(1))
        });
        assert_eq!(began.unwrap(), begins, "{resource_type}");
    }
}

/// A catalog in which a copy from one vault into another of its account is about to begin.
fn with_copy(tx: &Connection) {
    insert_copy(tx, "copy", at(0), "CREATED");
    insert_point(tx, "1", 0);
    tx.execute_batch(
        "INSERT INTO vaults (arn, account, region, name, vault_type, created) VALUES
             ('arn:aws:backup:us-east-1:123456789012:backup-vault:other', '123456789012', 'us-east-1', 'other',
              'BACKUP_VAULT', 0);
         INSERT INTO roles (arn, account, trusts) VALUES ('arn:aws:iam::123456789012:role/test', '123456789012', 'backup');
         UPDATE copy_jobs SET destination_account = '123456789012',
             destination_vault_arn = 'arn:aws:backup:us-east-1:123456789012:backup-vault:other'",
    )
    .unwrap();
}

#[test]
fn a_copy_does_not_begin_when_its_source_its_vaults_or_its_role_are_not_what_they_were() {
    for (change, begins) in [
        ("", true),
        ("DELETE FROM roles", false),
        ("DELETE FROM recovery_points", false),
        ("UPDATE recovery_points SET status = 'EXPIRED'", false),
        ("UPDATE recovery_points SET storage_class = 'COLD'", false),
        ("DELETE FROM vaults WHERE name = 'other'", false),
        ("UPDATE copy_jobs SET destination_vault_arn = source_vault_arn", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (began, state) = catalog(&folder)
            .write(|tx| {
                with_copy(tx);
                tx.execute_batch(change).unwrap();
                let record = copy::rows::open(tx)?.remove(0);
                Ok((record.begin(tx, at(1))?, state(tx, "copy_jobs")))
            })
            .unwrap();
        assert_eq!((began, state.as_str()), (begins, if begins { "RUNNING" } else { "FAILED" }), "{change}");
    }
}
