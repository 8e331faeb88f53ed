//! Roles, and who may assume them.

use crate::domain::{AccountId, Arn};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{AddRole, RemoveRole};
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::Connection;

/// Who may assume a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// AWS Backup, to run jobs.
    Backup,
    /// The management account, by `sts:AssumeRole`.
    Management,
}

impl Trust {
    fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Management => "management",
        }
    }
}

/// Adds the role of the permit, unless there is one of its ARN.
pub fn insert(connection: &Connection, permit: &Permit<'_, AddRole>, account: &AccountId, trust: Trust) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO roles (arn, account, trusts) VALUES (?1, ?2, ?3) ON CONFLICT (arn) DO NOTHING")?
        .execute([permit.on(), account.as_str(), trust.as_str()])?;
    Ok(())
}

/// Whether there is a role of this ARN that `trust` may assume.
pub fn trusts(connection: &Connection, arn: &str, trust: Trust) -> Result<bool> {
    let sql = "SELECT trusts FROM roles WHERE arn = ?1";
    let found: Option<String> = query::first(connection, sql, [arn], |row| row.column("trusts"))?;
    Ok(found.is_some_and(|found| found == trust.as_str()))
}

/// Whether there is a role of this ARN.
pub fn exists(connection: &Connection, arn: &Arn) -> Result<bool> {
    let sql = "SELECT arn FROM roles WHERE arn = ?1";
    Ok(query::first(connection, sql, [arn.as_str()], |row| row.column::<String>("arn"))?.is_some())
}

/// The roles of an account and who may assume each, sorted.
pub fn of_account(connection: &Connection, account: &AccountId) -> Result<Vec<(Arn, Trust)>> {
    let sql = "SELECT arn, trusts FROM roles WHERE account = ?1 ORDER BY arn";
    query::all(connection, sql, [account.as_str()], |row| {
        let trusts: String = row.column("trusts")?;
        let trust = if trusts == Trust::Management.as_str() { Trust::Management } else { Trust::Backup };
        Ok((row.parsed("arn")?, trust))
    })
}

/// The ARNs of the roles that AWS Backup can assume, sorted.
pub fn of_backup(connection: &Connection) -> Result<Vec<String>> {
    let sql = "SELECT arn FROM roles WHERE trusts = 'backup' ORDER BY arn";
    query::all(connection, sql, [], |row| row.column("arn"))
}

/// Removes the role of the permit, if AWS Backup can assume it. Whether there was one.
pub fn remove_of_backup(connection: &Connection, permit: &Permit<'_, RemoveRole>) -> Result<bool> {
    let sql = "DELETE FROM roles WHERE arn = ?1 AND trusts = 'backup'";
    Ok(connection.prepare_cached(sql)?.execute([permit.on()])? > 0)
}
