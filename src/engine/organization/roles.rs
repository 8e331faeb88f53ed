//! Roles. The engine assumes those that trust AWS Backup; the management account enters members by those that trust it.

use crate::domain::extension::{AddRole, Roles};
use crate::domain::{AccountId, Arn, Invalid};
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::organization::accounts;
use crate::engine::organization::rows::roles::{self as rows, Trust, insert, trusts};

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
        Ok(Roles { role_arns: self.catalog.read(rows::of_backup)? })
    }

    /// Takes a role away: as in AWS, the plans that name it make no job any more.
    pub fn remove_role(&self, arn: &Arn) -> Result<()> {
        let removed = self.catalog.write(|tx| rows::remove_of_backup(tx, arn))?;
        if removed { Ok(()) } else { Err(Error::not_found(format!("There is no role {arn}"))) }
    }
}
