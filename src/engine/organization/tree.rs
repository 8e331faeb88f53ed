//! Where everything in the organization lies, and accounts on their way from one place to another.

use crate::domain::extension::{UnitView, Units};
use crate::domain::organization::{Tree, Unit};
use crate::domain::{Account, AccountId, ParentId, RootId, UnitId};
use crate::engine::Engine;
use crate::engine::authorize::action::MoveAccount;
use crate::engine::authorize::subject::InOrganization;
use crate::engine::authorize::{Principal, authorize, boundary, rows as facts};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, OrganizationsException, Result};
use crate::engine::organization::rows::{accounts, units};
use crate::engine::page::{Page, PageRequest};

/// The organization's root.
pub(super) fn root(connection: &Connection) -> Result<RootId> {
    Ok(facts::organization::root(connection)?.1)
}

/// The whole organization. What is decided for an account below several units is best decided on this.
pub(crate) fn read(connection: &Connection) -> Result<Tree> {
    let (organization, root) = facts::organization::root(connection)?;
    Ok(Tree { organization, root, units: units::all(connection)?, accounts: accounts::all(connection)? })
}

/// The unit of an id, or none for the root; `exception` where there is neither.
pub(super) fn require_parent(
    connection: &Connection,
    id: &ParentId,
    exception: OrganizationsException,
) -> Result<Option<UnitId>> {
    let found = match id {
        ParentId::Root(id) => (*id == root(connection)?).then_some(None),
        ParentId::Unit(id) => units::get(connection, id)?.map(|unit| Some(unit.id)),
    };
    let missing = || Error::organizations(exception, format!("There is no root or unit {id} in this organization."));
    found.ok_or_else(missing)
}

/// A unit as it is told to whoever owns the data directory.
fn view(tree: &Tree, unit: &Unit) -> UnitView {
    UnitView {
        id: unit.id.clone(),
        parent_id: ParentId::new(&tree.root, unit.parent.as_ref()),
        name: unit.name.clone(),
        path: tree.name_of(Some(&unit.id)),
    }
}

/// The account of an id, or the exception that names it.
pub(super) fn require_account(connection: &Connection, id: &AccountId) -> Result<Account> {
    let missing = || {
        Error::organizations(
            OrganizationsException::AccountNotFound,
            format!("There is no account {id} in this organization."),
        )
    };
    accounts::get(connection, id)?.ok_or_else(missing)
}

/// What may be asked for its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChildId {
    /// An account.
    Account(AccountId),
    /// A unit.
    Unit(UnitId),
}

impl Engine {
    /// The organization's tree, for whoever owns the data directory.
    pub fn tree(&self) -> Result<Tree> {
        self.catalog.read(read)
    }

    /// The units, for whoever owns the data directory.
    pub fn units(&self) -> Result<Units> {
        let tree = self.tree()?;
        let units = tree.units.iter().map(|unit| view(&tree, unit)).collect();
        Ok(Units { organization_id: tree.organization, root_id: tree.root, units })
    }

    /// One unit, for whoever owns the data directory.
    pub fn unit_view(&self, unit: &Unit) -> Result<UnitView> {
        Ok(view(&self.tree()?, unit))
    }

    /// Moves an account from wherever it is, for whoever owns the data directory.
    pub fn put_account(&self, id: &AccountId, to: &ParentId) -> Result<()> {
        let tree = self.tree()?;
        let unit = tree.account(id).and_then(|account| account.unit.clone());
        self.move_account(Principal::Owner, id, &ParentId::new(&tree.root, unit.as_ref()), to)
    }

    /// ListRoots: the one root.
    pub fn root(&self, caller: &Caller) -> Result<RootId> {
        self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            root(c)
        })
    }

    /// DescribeAccount.
    pub fn account(&self, caller: &Caller, id: &AccountId) -> Result<Account> {
        self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            require_account(c, id)
        })
    }

    /// ListAccountsForParent: the accounts that lie directly in a place, in the order in which they joined.
    pub fn accounts_of(&self, caller: &Caller, parent: &ParentId, page: &PageRequest) -> Result<Page<Account>> {
        self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            let parent = require_parent(c, parent, OrganizationsException::ParentNotFound)?;
            accounts::page(c, parent.as_ref(), page)
        })
    }

    /// ListParents: the one place in which an account or a unit lies.
    pub fn parent_of(&self, caller: &Caller, child: &ChildId) -> Result<ParentId> {
        self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            let found = match child {
                ChildId::Account(id) => accounts::get(c, id)?.map(|account| account.unit),
                ChildId::Unit(id) => units::get(c, id)?.map(|unit: Unit| unit.parent),
            };
            let missing = || {
                Error::organizations(
                    OrganizationsException::ChildNotFound,
                    "There is no account or unit of this id in this organization.",
                )
            };
            Ok(ParentId::new(&root(c)?, found.ok_or_else(missing)?.as_ref()))
        })
    }

    /// MoveAccount, from where it is to somewhere else.
    pub fn move_account(&self, by: Principal<'_>, id: &AccountId, from: &ParentId, to: &ParentId) -> Result<()> {
        self.catalog.write(|tx| {
            let permit = authorize(tx, by, MoveAccount, &InOrganization(id.as_str()))?;
            let account = require_account(tx, id)?;
            let source = require_parent(tx, from, OrganizationsException::SourceParentNotFound)?;
            let destination = require_parent(tx, to, OrganizationsException::DestinationParentNotFound)?;
            if account.unit == destination {
                let message = format!("Account {id} is in {to} already.");
                return Err(Error::organizations(OrganizationsException::DuplicateAccount, message));
            }
            if account.unit != source {
                let message = format!("SourceParentId: account {id} is not in {from}.");
                return Err(Error::organizations(OrganizationsException::SourceParentNotFound, message));
            }
            accounts::set_unit(tx, &permit, destination.as_ref())?;
            self.apply_backup_policies(tx)
        })
    }
}
