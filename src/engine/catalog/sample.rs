//! Rows for the tests of lists and summaries: jobs as they were, without running them.

use crate::domain::{Arn, Scope, Time};
use crate::engine::catalog::Catalog;
use crate::engine::catalog::values::{millis, time};
use rusqlite::{Connection, params};

/// A backup job; what a test does not care for has a plain value.
pub(crate) struct Job {
    pub(crate) id: &'static str,
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
    pub(crate) vault: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) resource_type: &'static str,
    pub(crate) created: i64,
    pub(crate) completed: Option<i64>,
    pub(crate) state: &'static str,
    pub(crate) category: Option<&'static str>,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            id: "job",
            account: "123456789012",
            region: "us-east-1",
            vault: "Default",
            resource: "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1",
            resource_type: "EFS",
            created: 0,
            completed: None,
            state: "CREATED",
            category: None,
        }
    }
}

/// Hours since a fixed day, as the catalog keeps times.
pub(crate) fn hour(number: i64) -> i64 {
    1_800_000_000_000 + number * 3_600_000
}

pub(crate) fn at(number: i64) -> Time {
    time(hour(number)).unwrap()
}

/// A catalog with two accounts.
pub(crate) fn catalog(folder: &tempfile::TempDir) -> Catalog {
    let catalog = Catalog::open(&folder.path().join("c.sqlite")).unwrap();
    catalog
        .write(|tx| {
            for (id, management) in [("123456789012", true), ("210987654321", false)] {
                tx.execute(
                    "INSERT INTO accounts (id, name, email, management, status, joined) VALUES (?1, 'name', 'mail', ?2, 'ACTIVE', 0)",
                    params![id, management],
                )?;
            }
            Ok(())
        })
        .unwrap();
    catalog
}

pub(crate) fn insert(connection: &Connection, job: &Job) {
    connection
        .execute(
            "INSERT INTO backup_jobs (id, account, region, vault_name, vault_arn, resource_arn, resource_type, created,
                completed, state, message_category, backup_options, complete_by, recovery_point_tags)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, '{}', 0, '{}')",
            params![
                job.id,
                job.account,
                job.region,
                job.vault,
                format!("arn:aws:backup:{}:{}:backup-vault:{}", job.region, job.account, job.vault),
                job.resource,
                job.resource_type,
                job.created,
                job.completed,
                job.state,
                job.category,
            ],
        )
        .unwrap();
}

/// A restore job of the first account.
pub(crate) fn insert_restore(connection: &Connection, id: &str, created: Time, completed: Option<Time>, state: &str) {
    connection
        .execute(
            "INSERT INTO restore_jobs (id, account, region, recovery_point_arn, recovery_point_created,
                source_resource_arn, vault_arn, created, completed, state, resource_type, metadata)
             VALUES (?1, '123456789012', 'us-east-1', 'arn:aws:backup:us-east-1:123456789012:recovery-point:1', 0,
                'arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1',
                'arn:aws:backup:us-east-1:123456789012:backup-vault:Default', ?2, ?3, ?4, 'EFS', '{}')",
            params![id, millis(created), completed.map(millis), state],
        )
        .unwrap();
}

/// A copy job of the first account, into a vault of the second.
pub(crate) fn insert_copy(connection: &Connection, id: &str, created: Time, state: &str) {
    let (of, to) = ("arn:aws:backup:us-east-1:123456789012", "arn:aws:backup:us-east-1:210987654321");
    connection
        .execute(
            "INSERT INTO copy_jobs (id, account, region, source_vault_arn, source_point_arn, destination_vault_arn,
                destination_account, destination_region, destination_point_id, resource_arn, resource_type, created, state,
                iam_role_arn)
             VALUES (?1, '123456789012', 'us-east-1', ?2, ?3, ?4, '210987654321', 'us-east-1', '2',
                'arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1', 'EFS', ?5, ?6,
                'arn:aws:iam::123456789012:role/test')",
            params![
                id,
                format!("{of}:backup-vault:Default"),
                format!("{of}:recovery-point:1"),
                format!("{to}:backup-vault:Default"),
                millis(created),
                state,
            ],
        )
        .unwrap();
}

/// A whole recovery point of the first account, whose time has come at `due`.
pub(crate) fn insert_point(connection: &Connection, id: &str, due: i64) -> Arn {
    let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let (vault, arn) = (Arn::vault(&scope, &"Default".parse().unwrap()), Arn::recovery_point(&scope, id));
    connection
        .execute(
            "INSERT OR IGNORE INTO vaults (arn, account, region, name, vault_type, created)
             VALUES (?1, '123456789012', 'us-east-1', 'Default', 'BACKUP_VAULT', 0)",
            [vault.as_str()],
        )
        .unwrap();
    connection
        .execute(
            "INSERT INTO recovery_points (arn, account, region, vault_arn, vault_name, resource_arn, resource_type, status,
                created, storage_class, point_id, source_path, delete_due)
             VALUES (?1, '123456789012', 'us-east-1', ?2, 'Default', ?3, 'EFS', 'COMPLETED', 0, 'WARM', ?4, '/', ?5)",
            params![arn.as_str(), vault.as_str(), Arn::file_system(&scope, "fs-1").as_str(), id, due],
        )
        .unwrap();
    arn
}
