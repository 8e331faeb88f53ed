//! Roles. The engine assumes those that trust AWS Backup; the management account enters members by those that trust it.

use crate::domain::extension::{AddRole, Roles};
use crate::domain::{AccountId, Arn, Invalid};
use crate::engine::Engine;
use crate::engine::authorize::action::{self, PassRole, RemoveRole};
use crate::engine::authorize::subject::{Anything, RoleToPass};
use crate::engine::authorize::{Doing, Permit, Principal, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::organization::accounts;
use crate::engine::organization::rows::roles::{self as rows, Trust, insert, trusts};

/// Whether jobs of `account` can run under this role.
pub fn is_assumable(connection: &Connection, account: &AccountId, arn: &str) -> Result<bool> {
    let trusts_backup = trusts(connection, arn, Trust::Backup)?;
    Ok(authorize(connection, Doing::Schedule, PassRole, &RoleToPass { arn, account, trusts_backup }).is_ok())
}

/// Decides whether a caller's jobs can run under a role.
pub fn pass<'tx>(connection: &'tx Connection, caller: &Caller, arn: &str) -> Result<Permit<'tx, PassRole>> {
    let trusts_backup = trusts(connection, arn, Trust::Backup)?;
    authorize(connection, caller, PassRole, &RoleToPass { arn, account: &caller.account, trusts_backup })
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
            let permit = authorize(tx, Principal::Owner, action::AddRole, &Anything(arn.as_str()))?;
            insert(tx, &permit, &account, Trust::Backup)
        })
    }

    /// Every role that AWS Backup can assume, sorted.
    pub fn roles(&self) -> Result<Roles> {
        Ok(Roles { role_arns: self.catalog.read(rows::of_backup)? })
    }

    /// Takes a role away: as in AWS, the plans that name it make no job any more.
    pub fn remove_role(&self, arn: &Arn) -> Result<()> {
        let removed = self.catalog.write(|tx| {
            let permit = authorize(tx, Principal::Owner, RemoveRole, &Anything(arn.as_str()))?;
            rows::remove_of_backup(tx, &permit)
        })?;
        if removed { Ok(()) } else { Err(Error::not_found(format!("There is no role {arn}"))) }
    }
}
