//! What policies are attached to.

use super::policies::require;
use super::{no_target, rows, violated};
use crate::domain::ParentId;
use crate::domain::backup_policy::{Policy, PolicyId, PolicyType, Target, TargetId};
use crate::domain::organization::Tree;
use crate::engine::Engine;
use crate::engine::authorize::action::{AttachPolicy, DetachPolicy};
use crate::engine::authorize::subject::InOrganization;
use crate::engine::authorize::{Principal, authorize, boundary};
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, paging};
use crate::engine::error::{Constraint, Error, OrganizationsException, Result};
use crate::engine::organization::tree;
use crate::engine::page::{Page, PageRequest};

/// How many backup policies may be attached to one thing.
const MAX_ATTACHED: usize = 10;

/// What a root is called.
const ROOT: &str = "Root";

impl Engine {
    /// AttachPolicy: the plans of the accounts below follow at once.
    pub fn attach_policy(&self, by: Principal<'_>, id: &PolicyId, target: &TargetId) -> Result<()> {
        self.catalog.write(|tx| {
            let permit = authorize(tx, by, AttachPolicy, &InOrganization(target.as_str()))?;
            require(tx, id)?;
            require_target(tx, target)?;
            if !rows::types::is_enabled(tx)? {
                return Err(Error::organizations(
                    OrganizationsException::PolicyTypeNotEnabled,
                    "BACKUP_POLICY is not enabled in the root: EnablePolicyType does that.",
                ));
            }
            let attached = rows::attachments::of_target(tx, target)?;
            if attached.iter().any(|policy| policy.id == *id) {
                return Err(Error::organizations(
                    OrganizationsException::DuplicatePolicyAttachment,
                    format!("Policy {id} is attached to {} already.", target.as_str()),
                ));
            }
            if attached.len() >= MAX_ATTACHED {
                let message =
                    format!("At most {MAX_ATTACHED} backup policies are attached to one root, unit or account.");
                return Err(violated(Constraint::MaxPolicyTypeAttachmentLimitExceeded, message));
            }
            rows::attachments::insert(tx, &permit, id)?;
            self.apply_backup_policies(tx)
        })
    }

    /// DetachPolicy: plans that it alone made are gone at once, and their recovery points stay.
    pub fn detach_policy(&self, by: Principal<'_>, id: &PolicyId, target: &TargetId) -> Result<()> {
        self.catalog.write(|tx| {
            let permit = authorize(tx, by, DetachPolicy, &InOrganization(target.as_str()))?;
            require(tx, id)?;
            require_target(tx, target)?;
            if !rows::attachments::remove(tx, &permit, id)? {
                return Err(Error::organizations(
                    OrganizationsException::PolicyNotAttached,
                    format!("Policy {id} is not attached to {}.", target.as_str()),
                ));
            }
            self.apply_backup_policies(tx)
        })
    }

    /// ListPoliciesForTarget of a type: what is attached to it, not what it inherits; the first that was attached first.
    pub fn policies_of(
        &self,
        caller: &Caller,
        target: &TargetId,
        kind: &PolicyType,
        page: &PageRequest,
    ) -> Result<Page<Policy>> {
        let found = self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            require_target(c, target)?;
            match kind {
                PolicyType::Backup => rows::attachments::of_target(c, target),
                PolicyType::Other(_) => Ok(Vec::new()),
            }
        })?;
        paging::page_of(found, "policies-for-target", page)
    }

    /// ListTargetsForPolicy.
    pub fn targets_of(&self, caller: &Caller, id: &PolicyId, page: &PageRequest) -> Result<Page<Target>> {
        let found = self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            require(c, id)?;
            targets(c, id)
        })?;
        paging::page_of(found, "targets-for-policy", page)
    }
}

/// What a policy is attached to, the first first.
pub(super) fn targets(connection: &Connection, id: &PolicyId) -> Result<Vec<Target>> {
    let tree = tree::read(connection)?;
    let named = |id: TargetId| name_of(&tree, &id).map(|name| Target { id, name });
    Ok(rows::attachments::of_policy(connection, id)?.into_iter().filter_map(named).collect())
}

fn require_target(connection: &Connection, target: &TargetId) -> Result<()> {
    name_of(&tree::read(connection)?, target).map(drop).ok_or_else(|| no_target(target))
}

/// The name of something in the organization, where it is there.
fn name_of(tree: &Tree, target: &TargetId) -> Option<String> {
    match target {
        TargetId::Parent(ParentId::Root(id)) => (*id == tree.root).then(|| ROOT.to_owned()),
        TargetId::Parent(ParentId::Unit(id)) => tree.unit(id).map(|unit| unit.name.clone()),
        TargetId::Account(id) => tree.account(id).map(|account| account.name.clone()),
    }
}
