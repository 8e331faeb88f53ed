//! Who does something.

use crate::domain::policy::Identity;
use crate::domain::{AccountId, Arn, Scope};
use crate::engine::FIRST_ACCOUNT;
use crate::engine::caller::Caller;

/// Whether an account is the management account of the organization.
pub fn is_management(account: &AccountId) -> bool {
    account.as_str() == FIRST_ACCOUNT
}

/// Who does something.
#[derive(Debug, Clone, Copy)]
pub enum Principal<'a> {
    /// Whoever signed a call of the API.
    Caller(&'a Caller),
    /// Who owns the data directory: over its socket, which only its owner can open, or in the same process.
    Owner,
    /// AWS Backup under a role that was passed to it: what a job does in another account than its own.
    Role(&'a Arn),
    /// The engine, for a reason of its own.
    Engine(Doing),
}

/// What the engine does without being asked for it at that moment. Whatever is decided about callers does not bind it, and
/// whatever protects data does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// An account, or a region in which something is made for the first time, gets what every one has: its default vault,
    /// its roles.
    Founding,
    /// A backup policy of the organization, which its management account set, makes, changes or takes away a plan.
    Policy,
    /// A plan that its owner made has a run that is due.
    Schedule,
    /// A recovery point has outlived its lifecycle, which its owner set.
    Expiry,
    /// A recovery point has come to the day on which its lifecycle, which its owner set, moves it.
    Transition,
    /// A deletion that was allowed when it was marked comes to its end.
    Deletion,
    /// A backup or a restore that was allowed when it was started has its outcome noted.
    Outcome,
    /// The days for which the lock of a vault could be changed are over.
    CoolingOff,
    /// The days for which the deletion of a KMS key waited are over.
    KeyDeletion,
    /// What the owner of vaults changed of their shares is counted.
    Sharing,
    /// The folders of vaults tell of what the catalog has lost.
    Rescan,
    /// The owner of the directory moved the key ring to another root.
    RootMove,
}

impl<'a> From<&'a Caller> for Principal<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self::Caller(caller)
    }
}

/// The engine's own doings are written `authorize(tx, Doing::…, …)`: a search for `Doing::` finds them all.
impl From<Doing> for Principal<'_> {
    fn from(doing: Doing) -> Self {
        Self::Engine(doing)
    }
}

/// Whose a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belongs<'a> {
    /// An account's, in one region.
    To(&'a Scope),
    /// An account's, in every region.
    ToAccount(&'a AccountId),
    /// The organization's: its management account speaks for it.
    ToOrganization,
    /// The data directory's, beyond all accounts.
    ToDirectory,
}

impl Principal<'_> {
    /// Whether a thing is this principal's to act on: the account boundary.
    pub(super) fn reaches(&self, owner: &Belongs<'_>) -> bool {
        let caller = match self {
            Self::Caller(caller) => caller,
            Self::Owner | Self::Engine(_) => return true,
            // A job copies over regions.
            Self::Role(role) => {
                let account = match owner {
                    Belongs::To(scope) => &scope.account,
                    Belongs::ToAccount(account) => account,
                    Belongs::ToOrganization | Belongs::ToDirectory => return false,
                };
                return role.account() == account.as_str();
            }
        };
        match owner {
            Belongs::To(scope) => scope.account == caller.account && scope.region == caller.region,
            Belongs::ToAccount(account) => **account == caller.account,
            Belongs::ToOrganization => is_management(&caller.account),
            Belongs::ToDirectory => false,
        }
    }

    /// Whom the access policy of a vault of `account` takes it for; none whom policies do not bind.
    pub(super) fn identity(&self, account: &AccountId) -> Option<Identity> {
        let of = |arn: &Arn, account: &AccountId| Identity::of(arn).unwrap_or_else(|| Identity::root(account));
        match self {
            Self::Caller(caller) => Some(of(&caller.user_arn, &caller.account)),
            // One that cannot be read is its own account's, and not the vault's, unless it names none.
            Self::Role(role) => Some(of(role, &role.account().parse().unwrap_or_else(|_| account.clone()))),
            Self::Owner => Some(Identity::root(account)),
            Self::Engine(_) => None,
        }
    }

    /// `aws:userid`.
    pub(super) fn user_id(&self) -> Option<&str> {
        match self {
            Self::Caller(caller) => caller.user_id.as_deref(),
            _ => None,
        }
    }
}
