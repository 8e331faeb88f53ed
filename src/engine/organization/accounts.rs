//! The accounts of the organization. Each is born with its default role and its vault `Default`.

use crate::domain::account::MEMBER_ROLE;
use crate::domain::extension::{AccountView, Accounts, AddAccount};
use crate::domain::organization::Tree;
use crate::domain::{Account, AccountId, Arn, Invalid, Scope, Time};
use crate::engine::authorize::action::{self, AddRole, AddsAccount};
use crate::engine::authorize::rows::organization::is_delegated;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, Permit, Principal, authorize};
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::keys::random;
use crate::engine::organization::rows::accounts::{self as rows, all, get};
use crate::engine::organization::rows::roles::{self, Trust};
use crate::engine::organization::tree;
use crate::engine::{Engine, FIRST_ACCOUNT, organization, vaults};

/// What the first account is called.
const MANAGEMENT_NAME: &str = "management";

/// The account with this id, or an error that names it.
pub(crate) fn require(connection: &Connection, id: &AccountId) -> Result<Account> {
    get(connection, id)?.ok_or_else(|| {
        Error::not_found(format!("There is no account {id} in this organization; `vaultdeck account list` shows all"))
    })
}

/// Whether an account is one of the organization.
pub(crate) fn is_member(connection: &Connection, id: &AccountId) -> Result<bool> {
    Ok(get(connection, id)?.is_some())
}

/// Adds an account with the roles that every account has: the default one, and one in members by which the management account
/// enters.
pub(super) fn insert<A: AddsAccount>(
    connection: &Connection,
    permit: &Permit<'_, A>,
    account: &Account,
    entrance: &str,
    now: Time,
) -> Result<()> {
    rows::insert(connection, permit, account, now)?;
    let add_role = |role: Arn, trust| {
        let permit = authorize(connection, Doing::Founding, AddRole, &Anything(role.as_str()))?;
        roles::insert(connection, &permit, &account.id, trust)
    };
    add_role(Arn::default_role(&account.id), Trust::Backup)?;
    if !account.management {
        add_role(Arn::role(&account.id, entrance), Trust::Management)?;
    }
    Ok(())
}

/// The same by the owner of the data directory, or by the engine.
fn add(connection: &Connection, by: Principal<'_>, account: &Account, now: Time) -> Result<()> {
    let permit = authorize(connection, by, action::AddAccount, &Anything(account.id.as_str()))?;
    insert(connection, &permit, account, MEMBER_ROLE, now)
}

/// An account that joins the organization now, at its root.
pub(super) fn joining(id: AccountId, name: String, email: String, now: Time) -> Account {
    let management = id.as_str() == FIRST_ACCOUNT;
    Account { id, name, email, management, status: "ACTIVE".to_owned(), joined: Some(now), unit: None }
}

/// Adds an account that only its vaults' folders tell of; its name and address are not known any more. Whether it was new.
pub(crate) fn take_up(connection: &Connection, id: &AccountId, now: Time) -> Result<bool> {
    if get(connection, id)?.is_some() {
        return Ok(false);
    }
    let name = if id.as_str() == FIRST_ACCOUNT { MANAGEMENT_NAME.to_owned() } else { format!("found-{id}") };
    let email = address_of(&name);
    add(connection, Doing::Rescan.into(), &joining(id.clone(), name, email, now), now)?;
    Ok(true)
}

impl Engine {
    /// Makes the first account on a fresh directory, and what every account has where it is missing.
    pub(crate) fn found_organization(&self) -> Result<()> {
        let now = self.now();
        let first = Self::first_scope()?;
        self.catalog.write(|tx| {
            organization::founding::found(tx)?;
            if get(tx, &first.account)?.is_none() {
                let (name, email) = (MANAGEMENT_NAME.to_owned(), address_of(MANAGEMENT_NAME));
                let account = joining(FIRST_ACCOUNT.parse()?, name, email, now);
                add(tx, Doing::Founding.into(), &account, now)?;
            }
            for account in all(tx)? {
                vaults::ops::ensure_default(self, tx, &Scope::new(account.id, first.region.clone()))?;
            }
            Ok(())
        })
    }

    /// Opens an account, with its default role, its access role and its vault `Default`.
    pub fn add_account(&self, request: AddAccount) -> Result<AccountView> {
        check_name(&request.name)?;
        let email = request.email.clone().unwrap_or_else(|| address_of(&request.name));
        check_email(&email)?;
        let asked = request.account_id.as_deref().map(str::parse::<AccountId>).transpose()?;
        let (now, region) = (self.now(), Self::first_scope()?.region);
        self.catalog.write(|tx| {
            let id = match asked {
                Some(id) => id,
                None => free_id(tx)?,
            };
            if get(tx, &id)?.is_some() {
                let message = format!("Account {id} exists already in this organization");
                return Err(Error::already_exists(message, None, None));
            }
            let account = joining(id.clone(), request.name.clone(), email, now);
            add(tx, Principal::Owner, &account, now)?;
            vaults::ops::ensure_default(self, tx, &Scope::new(id, region))?;
            self.apply_backup_policies(tx)?;
            view(tx, &tree::read(tx)?, &account)
        })
    }

    /// All accounts, the management account first.
    pub fn accounts(&self) -> Result<Accounts> {
        self.catalog.read(|c| {
            let whole = tree::read(c)?;
            let accounts = whole.accounts.iter().map(|account| view(c, &whole, account));
            Ok(Accounts { accounts: accounts.collect::<Result<_>>()? })
        })
    }
}

fn view(connection: &Connection, whole: &Tree, account: &Account) -> Result<AccountView> {
    Ok(AccountView {
        account_id: account.id.to_string(),
        name: account.name.clone(),
        email: account.email.clone(),
        management: account.management,
        unit: whole.name_of(account.unit.as_ref()),
        delegated_administrator: is_delegated(connection, &account.id)?,
    })
}

pub(super) fn free_id(connection: &Connection) -> Result<AccountId> {
    loop {
        let mut bytes = [0; 8];
        random(&mut bytes)?;
        let id: AccountId = format!("{:012}", u64::from_le_bytes(bytes) % 1_000_000_000_000).parse()?;
        if get(connection, &id)?.is_none() {
            return Ok(id);
        }
    }
}

pub(super) fn check_name(name: &str) -> Result<()> {
    if (1..=50).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Invalid::value("Name", "an account's name has 1 to 50 characters, none of them a control character").into())
    }
}

pub(super) fn check_email(email: &str) -> Result<()> {
    let shaped = (6..=64).contains(&email.len())
        && email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
        && !email.chars().any(|c| c.is_control() || c.is_whitespace());
    if shaped {
        Ok(())
    } else {
        Err(Invalid::value("Email", "it must be an address such as team@example.com, of 6 to 64 characters").into())
    }
}

/// An address for an account that was given none; the domain can never receive mail.
fn address_of(name: &str) -> String {
    let user: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(40).collect();
    format!("{user}@accounts.invalid")
}
