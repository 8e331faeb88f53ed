//! What is kept of a vault's access policy, in the catalog and again in the vault's folder.

use crate::domain::Arn;
use crate::engine::authorize::action::KeepVaultAccessPolicy;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize, rows};
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::vaults::records::VaultRecord;
use serde::{Deserialize, Serialize};

/// The access policy of a vault as it was last changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PolicyRecord {
    /// How often it was changed; it only grows, also when the policy is taken away.
    pub sequence: i64,
    /// The policy, as it was put; none when it was taken away.
    pub policy: Option<String>,
}

impl PolicyRecord {
    /// The record that follows this one.
    pub fn followed_by(&self, policy: Option<&str>) -> Self {
        Self { sequence: self.sequence + 1, policy: policy.map(str::to_owned) }
    }
}

impl VaultRecord for PolicyRecord {
    const NAME: &'static str = "access policy";
    const FILE: &'static str = "access-policy.json";

    fn sequence(&self) -> i64 {
        self.sequence
    }

    fn known(connection: &Connection, vault: &Arn) -> Result<Self> {
        let (sequence, policy) = rows::last(connection, vault)?;
        Ok(Self { sequence, policy })
    }

    fn take_up(&self, tx: &Connection, vault: &Arn) -> Result<()> {
        let permit = authorize(tx, Doing::Rescan, KeepVaultAccessPolicy, &Anything(vault.as_str()))?;
        rows::set(tx, &permit, self.sequence, self.policy.as_deref())
    }
}
