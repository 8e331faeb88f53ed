//! Backup vaults.

use crate::domain::{AccountId, Arn, Scope, Time, VaultLock};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The vault that every account has in each of its regions, and keeps.
pub const DEFAULT_VAULT: &str = "Default";

/// What kind of vault one is: `VaultType`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum VaultType {
    /// One that jobs write into, and whose lock, if it has one, was put on it.
    #[default]
    Standard,
    /// A logically air-gapped one: locked for good from its creation, and what lies in it is shared for restores alone.
    AirGapped,
    /// One by which another account restores from an air-gapped one, when an approval team has said so.
    RestoreAccess,
    /// A kind that this version does not know.
    Other(String),
}

impl VaultType {
    /// The kinds that this version knows.
    pub const KNOWN: [Self; 3] = [Self::Standard, Self::AirGapped, Self::RestoreAccess];

    /// The API's string.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Standard => "BACKUP_VAULT",
            Self::AirGapped => "LOGICALLY_AIR_GAPPED_BACKUP_VAULT",
            Self::RestoreAccess => "RESTORE_ACCESS_BACKUP_VAULT",
            Self::Other(text) => text,
        }
    }

    /// Whether it is that of a standard vault.
    pub fn is_standard(&self) -> bool {
        *self == Self::Standard
    }

    /// Whether it is that of a logically air-gapped vault.
    pub fn is_air_gapped(&self) -> bool {
        *self == Self::AirGapped
    }
}

impl From<&str> for VaultType {
    fn from(text: &str) -> Self {
        Self::KNOWN.into_iter().find(|known| known.as_str() == text).unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

impl From<String> for VaultType {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<VaultType> for String {
    fn from(vault_type: VaultType) -> Self {
        vault_type.as_str().to_owned()
    }
}

impl fmt::Display for VaultType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A vault as an account and region name it: by its name, and where another account shares it with them, by that one too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VaultRef {
    /// Its name.
    pub name: String,
    /// Who shares it; none where it is their own.
    pub owner: Option<AccountId>,
}

impl VaultRef {
    /// The vault of this ARN and name, as `scope` names it.
    pub fn of(arn: &Arn, name: &str, scope: &Scope) -> Self {
        let owner = arn.vault_name().and_then(|_| arn.account().parse().ok());
        Self { name: name.to_owned(), owner: owner.filter(|owner| *owner != scope.account) }
    }
}

impl From<String> for VaultRef {
    /// A vault of one's own.
    fn from(name: String) -> Self {
        Self { name, owner: None }
    }
}

impl From<&str> for VaultRef {
    fn from(name: &str) -> Self {
        name.to_owned().into()
    }
}

/// A vault as DescribeBackupVault and ListBackupVaults tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vault {
    /// Its ARN.
    pub arn: Arn,
    /// The account and region that tell of it: where it lives, unless another account shares it with them.
    pub scope: Scope,
    /// Its name. A text and not a [`crate::domain::VaultName`], since AWS's own vaults have slashes in theirs.
    pub name: String,
    /// What kind of vault it is.
    pub vault_type: VaultType,
    /// The key that wraps the vault's data key; none where that is AWS Backup's own, which no account sees.
    pub encryption_key_arn: Option<String>,
    /// When it was created.
    pub created: Option<Time>,
    /// The token of the call that created it.
    pub creator_request_id: Option<String>,
    /// How many recovery points it holds (approximate on AWS).
    pub recovery_points: i64,
    /// What Vault Lock protects it with.
    pub lock: Option<VaultLock>,
}

impl Vault {
    /// How its scope names it.
    pub fn named(&self) -> VaultRef {
        VaultRef::of(&self.arn, &self.name, &self.scope)
    }

    /// The account that shares it with its scope; none where it is the scope's own.
    pub fn shared_by(&self) -> Option<AccountId> {
        self.named().owner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_of_another_account_is_named_with_its_owner() {
        let scope = |account: &str| Scope::new(account.parse().unwrap(), "us-east-1".parse().unwrap());
        let arn = Arn::vault(&scope("111122223333"), &"safe".parse().unwrap());
        assert_eq!(VaultRef::of(&arn, "safe", &scope("111122223333")), "safe".into());
        let shared = VaultRef::of(&arn, "safe", &scope("444455556666"));
        assert_eq!((shared.name.as_str(), shared.owner), ("safe", Some("111122223333".parse().unwrap())));
        assert_eq!(VaultRef::of(&Arn::unknown(), "safe", &scope("444455556666")), "safe".into());
    }
}
