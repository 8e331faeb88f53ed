//! Accounts that the management account asks for, and what came of each request.
//!
//! AWS takes minutes for an account, so that a request has a state to be asked for. An engine has the account at once: a
//! request is answered by what came of it, and the same is told whenever it is asked for again.

use crate::domain::account::MEMBER_ROLE;
use crate::domain::{Invalid, Scope};
use crate::engine::authorize::action::CreateAccount;
use crate::engine::authorize::subject::InOrganization;
use crate::engine::authorize::{authorize, boundary};
use crate::engine::caller::Caller;
use crate::engine::error::{Error, OrganizationsException, Result};
use crate::engine::organization::accounts::{check_email, check_name, free_id, insert, joining};
use crate::engine::organization::rows::account_requests::{self as rows, AccountRequest};
use crate::engine::organization::rows::accounts;
use crate::engine::organization::unique_id;
use crate::engine::page::{Page, PageRequest};
use crate::engine::{Engine, vaults};

/// Why there is no account where another has its address.
const EMAIL_ALREADY_EXISTS: &str = "EMAIL_ALREADY_EXISTS";

/// CreateAccount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// `AccountName`.
    pub name: String,
    /// `Email`: no other account may have it.
    pub email: String,
    /// `RoleName`: the role by which the management account enters; AWS's own name where none is given.
    pub role: Option<String>,
}

impl Engine {
    /// CreateAccount, by the management account. A value that breaks a rule is refused; an address that is taken is an answer.
    pub fn create_account(&self, caller: &Caller, new: &NewAccount) -> Result<AccountRequest> {
        check_name(&new.name)?;
        check_email(&new.email)?;
        let entrance = new.role.as_deref().unwrap_or(MEMBER_ROLE);
        check_role_name(entrance)?;
        let (requested, region) = (self.now(), Self::first_scope()?.region);
        let id = request_id()?;
        self.catalog.write(|tx| {
            let permit = authorize(tx, caller, CreateAccount, &InOrganization(&id))?;
            let outcome = if accounts::has_email(tx, &new.email)? {
                Err(EMAIL_ALREADY_EXISTS.to_owned())
            } else {
                let account = joining(free_id(tx)?, new.name.clone(), new.email.clone(), requested);
                insert(tx, &permit, &account, entrance, requested)?;
                vaults::ops::ensure_default(self, tx, &Scope::new(account.id.clone(), region.clone()))?;
                self.apply_backup_policies(tx)?;
                Ok(account.id)
            };
            let request = AccountRequest { id: id.clone(), name: new.name.clone(), outcome, requested };
            rows::insert(tx, &permit, &request)?;
            Ok(request)
        })
    }

    /// DescribeCreateAccountStatus.
    pub fn account_request(&self, caller: &Caller, id: &str) -> Result<AccountRequest> {
        self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            let missing = || {
                Error::organizations(
                    OrganizationsException::CreateAccountStatusNotFound,
                    format!("There was no request {id} for an account."),
                )
            };
            rows::get(c, id)?.ok_or_else(missing)
        })
    }

    /// ListCreateAccountStatus, the latest first: of requests that came to an account, to none, or of both.
    pub fn account_requests(
        &self,
        caller: &Caller,
        succeeded: bool,
        failed: bool,
        page: &PageRequest,
    ) -> Result<Page<AccountRequest>> {
        self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            rows::page(c, succeeded, failed, page)
        })
    }
}

fn request_id() -> Result<String> {
    Ok(unique_id("car-", 16)?.to_lowercase())
}

/// It becomes part of an ARN.
fn check_role_name(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        Ok(())
    } else {
        Err(Invalid::value("RoleName", "it must be 1 to 64 letters, digits, or _+=,.@-").into())
    }
}
