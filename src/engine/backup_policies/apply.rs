//! From policies to plans: what holds in each account, and the plans that it makes there.

use super::rows;
use crate::domain::AccountId;
use crate::domain::backup_policy::{AccountPlan, BackupPolicy, Effective, PolicyId};
use crate::domain::organization::Tree;
use crate::engine::Engine;
use crate::engine::catalog::{Connection, Transaction};
use crate::engine::error::{Error, Result};
use crate::engine::organization::tree;
use crate::engine::plans::of_policy;
use std::collections::BTreeMap;

/// All policies and what they are attached to, read once.
pub(super) struct Policies {
    tree: Tree,
    read: BTreeMap<PolicyId, BackupPolicy>,
    /// Of each target, in the order in which they were attached.
    attached: BTreeMap<String, Vec<PolicyId>>,
}

impl Policies {
    pub(super) fn read(connection: &Connection) -> Result<Self> {
        let mut attached: BTreeMap<String, Vec<PolicyId>> = BTreeMap::new();
        for (target, policy) in rows::attachments::all(connection)? {
            attached.entry(target).or_default().push(policy);
        }
        let mut read = BTreeMap::new();
        for policy in rows::all(connection)? {
            let parsed = BackupPolicy::parse(&policy.content).map_err(|invalid| {
                Error::Internal(format!("policy {} of the catalog is none: {}", policy.id, invalid.message))
            })?;
            read.insert(policy.id, parsed);
        }
        Ok(Self { tree: tree::read(connection)?, read, attached })
    }

    /// What an account inherits, level by level from the root to itself; the levels without policies are left out.
    pub(super) fn levels(&self, account: &AccountId) -> Vec<Vec<(&PolicyId, &BackupPolicy)>> {
        let unit = self.tree.account(account).and_then(|account| account.unit.as_ref());
        let units = self.tree.down_to(unit);
        let targets = std::iter::once(self.tree.root.as_str())
            .chain(units.iter().map(|unit| unit.id.as_str()))
            .chain(std::iter::once(account.as_str()));
        let policies = |target: &str| -> Vec<(&PolicyId, &BackupPolicy)> {
            let ids = self.attached.get(target).map(Vec::as_slice).unwrap_or_default();
            ids.iter().filter_map(|id| self.read.get_key_value(id)).collect()
        };
        targets.map(policies).filter(|level| !level.is_empty()).collect()
    }

    /// What holds in an account, where it inherits anything.
    pub(super) fn effective(&self, account: &AccountId) -> Option<Effective> {
        let levels = self.levels(account);
        let policies = levels.iter().map(|level| level.iter().map(|(_, policy)| *policy));
        (!levels.is_empty()).then(|| Effective::of(policies))
    }
}

impl Engine {
    /// Sets right what holds in every account, and the plans that it makes there. Called in every transaction that changes
    /// policies, what they are attached to, or where accounts lie, and at the start, since other regions may have come.
    pub(crate) fn apply_backup_policies(&self, tx: &Transaction<'_>) -> Result<()> {
        let (policies, now) = (Policies::read(tx)?, self.now());
        for account in &policies.tree.accounts {
            let effective = policies.effective(&account.id);
            let content = effective.as_ref().map(|effective| effective.to_json().to_string());
            rows::effective::set(tx, &account.id, content.as_deref(), now)?;
            let made = effective.map(|effective| effective.plans(&account.id).plans).unwrap_or_default();
            let mut wanted: Vec<AccountPlan> = Vec::new();
            for plan in made {
                if self.has_region(&plan.region)? {
                    wanted.push(plan);
                }
            }
            of_policy::settle(tx, &account.id, &wanted, now)?;
        }
        Ok(())
    }

    /// The same at the start. What cannot be set right then is told in the log, and is tried again at the next change.
    pub(crate) fn settle_backup_policies(&self) {
        if let Err(error) = self.catalog.write(|tx| self.apply_backup_policies(tx)) {
            tracing::error!(%error, "the plans of the organization's backup policies were not looked at");
        }
    }
}
