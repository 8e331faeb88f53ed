//! Which members administer AWS Backup for the organization: they see what its management account sees of jobs.

use crate::domain::{Account, AccountId, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::{DeregisterDelegatedAdministrator, RegisterDelegatedAdministrator};
use crate::engine::authorize::subject::InOrganization;
use crate::engine::authorize::{Principal, authorize, boundary, rows as facts};
use crate::engine::caller::Caller;
use crate::engine::catalog::paging;
use crate::engine::error::{Constraint, Error, OrganizationsException, Result};
use crate::engine::organization::rows::delegated_administrators as rows;
use crate::engine::organization::tree;
use crate::engine::page::{Page, PageRequest};

/// How many members may administer AWS Backup.
const MAX_ADMINISTRATORS: usize = 5;

impl Engine {
    /// RegisterDelegatedAdministrator for AWS Backup.
    pub fn register_delegated_administrator(&self, by: Principal<'_>, id: &AccountId) -> Result<()> {
        let now = self.now();
        self.catalog.write(|tx| {
            let permit = authorize(tx, by, RegisterDelegatedAdministrator, &InOrganization(id.as_str()))?;
            let violated = |constraint, message: String| {
                Err(Error::organizations(OrganizationsException::ConstraintViolation(constraint), message))
            };
            if tree::require_account(tx, id)?.management {
                let message =
                    format!("AccountId: {id} is the management account, which administers everything as it is.");
                return violated(Constraint::CannotRegisterMasterAsDelegatedAdministrator, message);
            }
            if facts::organization::is_delegated(tx, id)? {
                let message = format!("Account {id} is a delegated administrator of AWS Backup already.");
                return Err(Error::organizations(OrganizationsException::AccountAlreadyRegistered, message));
            }
            if rows::all(tx)?.len() >= MAX_ADMINISTRATORS {
                let message = format!("AWS Backup has at most {MAX_ADMINISTRATORS} delegated administrators.");
                return violated(Constraint::MaxDelegatedAdministratorsForServiceLimitExceeded, message);
            }
            rows::insert(tx, &permit, now)
        })
    }

    /// DeregisterDelegatedAdministrator for AWS Backup.
    pub fn deregister_delegated_administrator(&self, by: Principal<'_>, id: &AccountId) -> Result<()> {
        self.catalog.write(|tx| {
            let permit = authorize(tx, by, DeregisterDelegatedAdministrator, &InOrganization(id.as_str()))?;
            tree::require_account(tx, id)?;
            if !facts::organization::is_delegated(tx, id)? {
                let message = format!("Account {id} is no delegated administrator of AWS Backup.");
                return Err(Error::organizations(OrganizationsException::AccountNotRegistered, message));
            }
            rows::remove(tx, &permit)
        })
    }

    /// ListDelegatedAdministrators of AWS Backup, and since when each is one.
    pub fn delegated_administrators(&self, caller: &Caller, page: &PageRequest) -> Result<Page<(Account, Time)>> {
        let found = self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            let with_account = |(id, since)| Ok((tree::require_account(c, &id)?, since));
            rows::all(c)?.into_iter().map(with_account).collect::<Result<Vec<_>>>()
        })?;
        paging::page_of(found, "delegated-administrators", page)
    }

    /// ListDelegatedServicesForAccount: since when an account administers AWS Backup.
    pub fn delegated_since(&self, caller: &Caller, id: &AccountId) -> Result<Time> {
        self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            tree::require_account(c, id)?;
            let found = rows::all(c)?.into_iter().find(|(account, _)| account == id);
            let missing = || {
                let message = format!("Account {id} is no delegated administrator of AWS Backup.");
                Error::organizations(OrganizationsException::AccountNotRegistered, message)
            };
            Ok(found.ok_or_else(missing)?.1)
        })
    }
}
