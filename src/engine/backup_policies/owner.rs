//! Backup policies for whoever owns the data directory: by their names, and with what comes of them.

use super::policies::{NewPolicy, PolicyChange};
use super::{not_found, rows};
use crate::domain::backup_policy::{Policy, PolicyId, PolicyType, Target, TargetId, ValidationError};
use crate::domain::extension::{
    EffectivePolicyView, Policies, PolicyChanged, PolicyPlanView, PolicyProblem, PolicyTargetView, PolicyView,
    PutPolicy,
};
use crate::domain::{AccountId, ParentId};
use crate::engine::Engine;
use crate::engine::authorize::Principal;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::plans::of_policy;

impl Engine {
    /// All policies, with what each is attached to.
    pub fn policy_views(&self) -> Result<Policies> {
        let policies = self.catalog.read(|c| rows::all(c)?.into_iter().map(|policy| view(c, policy)).collect())?;
        Ok(Policies { policies })
    }

    /// Makes the policy of a name, or changes it.
    pub fn put_policy(&self, put: PutPolicy) -> Result<PolicyChanged> {
        let PutPolicy { name, description, content } = put;
        let policy = match self.catalog.read(|c| rows::named(c, &name))? {
            Some(known) => {
                let change = PolicyChange { name: None, description, content: Some(content) };
                self.update_policy(Principal::Owner, &known.id, change)?
            }
            None => {
                let description = description.unwrap_or_default();
                self.create_policy(
                    Principal::Owner,
                    NewPolicy { kind: PolicyType::Backup, name, description, content },
                )?
            }
        };
        self.changed(&policy.id)
    }

    /// Attaches a policy, which is named or told by its id; backup policies are enabled in the root where they are not.
    pub fn attach_policy_named(&self, policy: &str, target: &str) -> Result<PolicyChanged> {
        let (id, target) = self.policy_and_target(policy, target)?;
        if !self.has_backup_policies()? {
            self.enable_policy_type(Principal::Owner, &self.tree()?.root, &PolicyType::Backup)?;
        }
        self.attach_policy(Principal::Owner, &id, &target)?;
        self.changed(&id)
    }

    /// Detaches a policy, which is named or told by its id.
    pub fn detach_policy_named(&self, policy: &str, target: &str) -> Result<PolicyChanged> {
        let (id, target) = self.policy_and_target(policy, target)?;
        self.detach_policy(Principal::Owner, &id, &target)?;
        self.changed(&id)
    }

    /// Deletes a policy, which is named or told by its id.
    pub fn delete_policy_named(&self, policy: &str) -> Result<()> {
        let id = self.catalog.read(|c| find(c, policy))?;
        self.delete_policy(Principal::Owner, &id)
    }

    /// What holds in an account, the plans that it makes, and why others are not made.
    pub fn effective_policy_view(&self, account: &AccountId) -> Result<EffectivePolicyView> {
        self.catalog.read(|c| {
            let errors = self.errors_of(c, &super::apply::Policies::read(c)?, account)?;
            let policy = rows::effective::get(c, account)?.ok_or_else(|| super::effective::nothing_holds(account))?;
            let plans = of_policy::made_in(c, account)?.into_iter().map(|plan| PolicyPlanView {
                region: plan.scope.region.into(),
                backup_plan_name: plan.document.backup_plan_name,
                backup_plan_id: plan.id.into(),
            });
            Ok(EffectivePolicyView {
                account_id: account.clone().into(),
                policy_content: policy.content,
                last_updated_timestamp: policy.changed,
                plans: plans.collect(),
                problems: errors.into_iter().map(|(error, _)| problem(account, error)).collect(),
            })
        })
    }

    fn policy_and_target(&self, policy: &str, target: &str) -> Result<(PolicyId, TargetId)> {
        let id = self.catalog.read(|c| find(c, policy))?;
        let target =
            if target == "root" { TargetId::Parent(ParentId::Root(self.tree()?.root)) } else { target.parse()? };
        Ok((id, target))
    }

    /// A policy as it is now, and why plans that it speaks of are not made.
    fn changed(&self, id: &PolicyId) -> Result<PolicyChanged> {
        self.catalog.read(|c| {
            let policy = rows::get(c, id)?.ok_or_else(|| not_found(id))?;
            let (policies, mut problems) = (super::apply::Policies::read(c)?, Vec::new());
            for account in rows::effective::accounts(c)? {
                let errors =
                    self.errors_of(c, &policies, &account)?.into_iter().filter(|(_, speaking)| speaking.contains(id));
                problems.extend(errors.map(|(error, _)| problem(&account, error)));
            }
            Ok(PolicyChanged { policy: view(c, policy)?, problems })
        })
    }
}

/// The policy of an id or a name; of an id first, which another policy may have for its name.
fn find(connection: &Connection, text: &str) -> Result<PolicyId> {
    let id: Option<PolicyId> = text.parse().ok();
    if let Some(id) = &id
        && let Some(known) = rows::get(connection, id)?
    {
        return Ok(known.id);
    }
    if let Some(named) = rows::named(connection, text)? {
        return Ok(named.id);
    }
    Err(id.map_or_else(
        || Error::not_found(format!("There is no policy {text:?}; `vaultdeck account policy list` shows all")),
        |id| not_found(&id),
    ))
}

fn view(connection: &Connection, policy: Policy) -> Result<PolicyView> {
    let target = |Target { id, name }| PolicyTargetView {
        target_id: id.as_str().to_owned(),
        name,
        r#type: id.kind().to_owned(),
    };
    let targets = super::attachments::targets(connection, &policy.id)?.into_iter().map(target).collect();
    let Policy { id, name, description, content } = policy;
    Ok(PolicyView { policy_id: id.into(), name, description, content, targets })
}

fn problem(account: &AccountId, error: ValidationError) -> PolicyProblem {
    PolicyProblem {
        account_id: account.clone().into(),
        error_code: error.code.to_owned(),
        path_to_error: error.path,
        error_message: error.message,
    }
}
