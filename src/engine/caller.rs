//! Who asks.

use crate::domain::{AccountId, Arn, Region, Scope};
use std::path::{Path, PathBuf};

/// The principal of a call: the account and user of its access key, the region of its signature.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account that the access key belongs to.
    pub account: AccountId,
    /// The region of the signature's scope.
    pub region: Region,
    /// The user or the assumed role.
    pub user_arn: Arn,
    /// The user's id, or the role's with the session's name; none where nobody signed.
    pub user_id: Option<String>,
    /// Where a restore may write, by the way in which the call came.
    pub restore_roots: RestoreRoots,
}

/// Where `vaultdeck:path` of a restore may point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreRoots {
    /// Anywhere: the socket and in process, whose callers own the data directory.
    Any,
    /// Only below these folders: TCP.
    Below(Vec<PathBuf>),
}

impl Caller {
    /// Where the caller's things live.
    pub fn scope(&self) -> Scope {
        Scope::new(self.account.clone(), self.region.clone())
    }
}

impl RestoreRoots {
    /// Whether a restore may write to `path`, which is absolute and has no `..` in it.
    pub fn allow(&self, path: &Path) -> bool {
        match self {
            Self::Any => true,
            Self::Below(roots) => roots.iter().any(|root| path.starts_with(root)),
        }
    }
}
