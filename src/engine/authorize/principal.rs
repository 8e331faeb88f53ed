//! Who does something.

use super::boundary::is_management;
use crate::domain::{AccountId, Scope};
use crate::engine::caller::Caller;

/// Who does something.
#[derive(Debug, Clone, Copy)]
pub enum Principal<'a> {
    /// Whoever signed a call of the API.
    Caller(&'a Caller),
    /// Who owns the data directory: over its socket, which only its owner can open, or in the same process.
    Owner,
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
    /// A plan that its owner made has a run that is due.
    Schedule,
    /// A recovery point has outlived its lifecycle, which its owner set.
    Expiry,
    /// A deletion that was allowed when it was marked comes to its end.
    Deletion,
    /// A backup or a restore that was allowed when it was started has its outcome noted.
    Outcome,
    /// The folders of vaults tell of what the catalog has lost.
    Rescan,
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
        let Self::Caller(caller) = self else { return true };
        match owner {
            Belongs::To(scope) => scope.account == caller.account && scope.region == caller.region,
            Belongs::ToAccount(account) => **account == caller.account,
            Belongs::ToOrganization => is_management(&caller.account),
            Belongs::ToDirectory => false,
        }
    }
}
