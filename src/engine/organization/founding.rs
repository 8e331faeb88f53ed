//! The organization that the accounts form.

use crate::domain::Account;
use crate::engine::Engine;
use crate::engine::authorize::boundary;
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, paging, state};
use crate::engine::error::{Error, Result};
use crate::engine::organization::rows::accounts;
use crate::engine::organization::unique_id;
use crate::engine::page::{Page, PageRequest};

/// DescribeOrganization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// `o-` and ten letters and digits.
    pub id: String,
    /// The management account.
    pub management: Account,
}

/// Draws the organization's id on a fresh directory.
pub(crate) fn found(connection: &Connection) -> Result<()> {
    if state::get(connection, state::ORGANIZATION_ID)?.is_some() {
        return Ok(());
    }
    state::set(connection, state::ORGANIZATION_ID, &unique_id("o-", 10)?.to_lowercase())
}

impl Engine {
    /// DescribeOrganization.
    pub fn organization(&self) -> Result<Organization> {
        let lost = || Error::Internal("the catalog holds no organization".to_owned());
        self.catalog.read(|c| {
            let id = state::get(c, state::ORGANIZATION_ID)?.ok_or_else(lost)?;
            let management = accounts::all(c)?.into_iter().find(|account| account.management).ok_or_else(lost)?;
            Ok(Organization { id, management })
        })
    }

    /// ListAccounts: for the management account and the delegated administrators.
    pub fn list_accounts(&self, caller: &Caller, page: &PageRequest) -> Result<Page<Account>> {
        let accounts = self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            accounts::all(c)
        })?;
        paging::page_of(accounts, "accounts", page)
    }
}
