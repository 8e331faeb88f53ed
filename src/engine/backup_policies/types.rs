//! Whether the root has backup policies at all.

use super::policies::not_available;
use super::rows;
use crate::domain::RootId;
use crate::domain::backup_policy::PolicyType;
use crate::engine::Engine;
use crate::engine::authorize::action::{DisablePolicyType, EnablePolicyType};
use crate::engine::authorize::subject::InOrganization;
use crate::engine::authorize::{Principal, authorize};
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, OrganizationsException, Result};
use crate::engine::organization::tree;

impl Engine {
    /// EnablePolicyType.
    pub fn enable_policy_type(&self, by: Principal<'_>, root: &RootId, kind: &PolicyType) -> Result<()> {
        self.catalog.write(|tx| {
            let permit = authorize(tx, by, EnablePolicyType, &InOrganization(root.as_str()))?;
            require_root(tx, root)?;
            if let PolicyType::Other(kind) = kind {
                return Err(not_available(kind));
            }
            if rows::types::is_enabled(tx)? {
                return Err(Error::organizations(
                    OrganizationsException::PolicyTypeAlreadyEnabled,
                    format!("BACKUP_POLICY is enabled in {root} already."),
                ));
            }
            rows::types::enable(tx, &permit)
        })
    }

    /// DisablePolicyType: every policy is detached from everything, as in AWS; enabling it again attaches none.
    pub fn disable_policy_type(&self, by: Principal<'_>, root: &RootId, kind: &PolicyType) -> Result<()> {
        self.catalog.write(|tx| {
            let permit = authorize(tx, by, DisablePolicyType, &InOrganization(root.as_str()))?;
            require_root(tx, root)?;
            if *kind != PolicyType::Backup || !rows::types::is_enabled(tx)? {
                return Err(Error::organizations(
                    OrganizationsException::PolicyTypeNotEnabled,
                    format!("{} is not enabled in {root}.", kind.as_str()),
                ));
            }
            rows::types::disable(tx, &permit)?;
            self.apply_backup_policies(tx)
        })
    }

    /// Whether backup policies are enabled in the root.
    pub fn has_backup_policies(&self) -> Result<bool> {
        self.catalog.read(rows::types::is_enabled)
    }
}

fn require_root(connection: &Connection, root: &RootId) -> Result<()> {
    if tree::read(connection)?.root == *root {
        return Ok(());
    }
    let message = format!("There is no root {root} in this organization.");
    Err(Error::organizations(OrganizationsException::RootNotFound, message))
}
