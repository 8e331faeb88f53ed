//! Roles. The engine assumes those that trust AWS Backup; the management account enters members by those that trust it.

use crate::domain::extension::{AddRole, Roles};
use crate::domain::{AccountId, Arn, Invalid};
use crate::engine::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::organization::accounts;
use rusqlite::{Connection, OptionalExtension};

/// Who may assume a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
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

pub(crate) fn insert(connection: &Connection, arn: &Arn, account: &AccountId, trust: Trust) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO roles (arn, account, trusts) VALUES (?1, ?2, ?3) ON CONFLICT (arn) DO NOTHING")?
        .execute([arn.as_str(), account.as_str(), trust.as_str()])?;
    Ok(())
}

pub(crate) fn trusts(connection: &Connection, arn: &str, trust: Trust) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT trusts FROM roles WHERE arn = ?1")?;
    let found: Option<String> = statement.query_row([arn], |row| row.get(0)).optional()?;
    Ok(found.is_some_and(|found| found == trust.as_str()))
}

/// Whether jobs of `account` can run under this role.
pub fn is_assumable(connection: &Connection, account: &AccountId, arn: &str) -> Result<bool> {
    let own = arn.parse::<Arn>().is_ok_and(|arn| arn.account() == account.as_str());
    Ok(own && trusts(connection, arn, Trust::Backup)?)
}

/// Refuses a role under which jobs of `account` cannot run, in AWS's words.
pub fn require_assumable(connection: &Connection, account: &AccountId, arn: &str) -> Result<()> {
    if is_assumable(connection, account, arn)? {
        Ok(())
    } else {
        Err(Error::invalid_parameter(format!("IAM Role {arn} cannot be assumed by AWS Backup")))
    }
}

/// `arn:aws:iam::ACCOUNT:role/PATH`, taken apart.
fn parse(text: &str) -> Result<(Arn, AccountId)> {
    let invalid = || Invalid::value("RoleArn", "it must look like arn:aws:iam::123456789012:role/NAME");
    let arn: Arn = text.parse().map_err(|_| invalid())?;
    let name = arn.resource().strip_prefix("role/").unwrap_or_default();
    let named = !name.is_empty() && !name.ends_with('/') && name.chars().all(|c| c.is_ascii_graphic());
    if arn.service() != "iam" || !arn.region().is_empty() || !named {
        return Err(invalid().into());
    }
    let account = arn.account().parse().map_err(|_| invalid())?;
    Ok((arn, account))
}

impl Engine {
    /// Makes a role that AWS Backup can assume. Adding it again changes nothing.
    pub fn add_role(&self, request: AddRole) -> Result<()> {
        let (arn, account) = parse(&request.role_arn)?;
        self.catalog.write(|tx| {
            accounts::require(tx, &account)?;
            if trusts(tx, arn.as_str(), Trust::Management)? {
                return Err(Error::invalid_request(format!(
                    "{arn} is the role by which the management account enters this account; jobs cannot run under it"
                )));
            }
            insert(tx, &arn, &account, Trust::Backup)
        })
    }

    /// Every role that AWS Backup can assume, sorted.
    pub fn roles(&self) -> Result<Roles> {
        self.catalog.read(|c| {
            let mut statement = c.prepare_cached("SELECT arn FROM roles WHERE trusts = 'backup' ORDER BY arn")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(Roles { role_arns: rows.collect::<rusqlite::Result<_>>()? })
        })
    }

    /// Takes a role away: as in AWS, the plans that name it make no job any more.
    pub fn remove_role(&self, arn: &Arn) -> Result<()> {
        self.catalog.write(|tx| {
            let removed =
                tx.prepare_cached("DELETE FROM roles WHERE arn = ?1 AND trusts = 'backup'")?.execute([arn.as_str()])?;
            if removed == 0 { Err(Error::not_found(format!("There is no role {arn}"))) } else { Ok(()) }
        })
    }
}
