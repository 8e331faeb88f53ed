//! What holds in an account, and what is wrong with it.

use super::apply::Policies;
use super::{no_target, rows};
use crate::domain::backup_policy::{EffectivePolicy, PolicyId, TargetId, ValidationError};
use crate::domain::{AccountId, Region};
use crate::engine::Engine;
use crate::engine::authorize::boundary;
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, paging};
use crate::engine::error::{Error, OrganizationsException, Result};
use crate::engine::organization::accounts;
use crate::engine::page::{Page, PageRequest};

/// AWS's code for a value that is not allowed there.
const INVALID_VALUE: &str = "INVALID_VALUE";

impl Engine {
    /// DescribeEffectivePolicy: every account may ask for its own.
    pub fn effective_policy(&self, caller: &Caller, account: Option<&AccountId>) -> Result<EffectivePolicy> {
        let account = account.unwrap_or(&caller.account);
        self.catalog.read(|c| {
            if *account != caller.account {
                boundary::may_read_organization(c, caller)?;
            }
            if !accounts::is_member(c, account)? {
                return Err(no_target(&TargetId::Account(account.clone())));
            }
            rows::effective::get(c, account)?.ok_or_else(|| nothing_holds(account))
        })
    }

    /// ListEffectivePolicyValidationErrors: why plans of the policy that holds in an account are not made, each with the
    /// policies that speak of the plan.
    pub fn effective_policy_errors(
        &self,
        caller: &Caller,
        account: &AccountId,
        page: &PageRequest,
    ) -> Result<Page<(ValidationError, Vec<PolicyId>)>> {
        let found = self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            self.errors_of(c, &Policies::read(c)?, account)
        })?;
        paging::page_of(found, "effective-policy-errors", page)
    }

    /// ListAccountsWithInvalidEffectivePolicy.
    pub fn accounts_with_errors(&self, caller: &Caller, page: &PageRequest) -> Result<Page<AccountId>> {
        let found = self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            let (policies, mut found) = (Policies::read(c)?, Vec::new());
            for account in rows::effective::accounts(c)? {
                if !self.errors_of(c, &policies, &account)?.is_empty() {
                    found.push(account);
                }
            }
            Ok(found)
        })?;
        paging::page_of(found, "accounts-with-invalid-policies", page)
    }

    /// What is wrong with what holds in an account, each with the policies that speak of the plan.
    pub(super) fn errors_of(
        &self,
        c: &Connection,
        policies: &Policies,
        account: &AccountId,
    ) -> Result<Vec<(ValidationError, Vec<PolicyId>)>> {
        if !accounts::is_member(c, account)? {
            let message = format!("There is no account {account} in this organization.");
            return Err(Error::organizations(OrganizationsException::AccountNotFound, message));
        }
        let effective = policies.effective(account).ok_or_else(|| nothing_holds(account))?;
        let made = effective.plans(account);
        let mut errors = made.errors;
        for plan in &made.plans {
            if !self.has_region(&plan.region)? {
                errors.push(no_region(&plan.document.backup_plan_name, &plan.region));
            }
        }
        let levels = policies.levels(account);
        let speaking = |plan: &str| -> Vec<PolicyId> {
            let all = levels.iter().flatten().filter(|(_, policy)| policy.speaks_of(plan));
            all.map(|(id, _)| (*id).clone()).collect()
        };
        Ok(errors
            .into_iter()
            .map(|error| {
                let speaking = speaking(&error.plan);
                (error, speaking)
            })
            .collect())
    }
}

fn no_region(plan: &str, region: &Region) -> ValidationError {
    ValidationError {
        plan: plan.to_owned(),
        code: INVALID_VALUE,
        path: format!("/plans/{plan}/regions"),
        message: format!("there is no region '{region}'"),
    }
}

pub(super) fn nothing_holds(account: &AccountId) -> Error {
    let message = format!("No backup policy holds in account {account}.");
    Error::organizations(OrganizationsException::EffectivePolicyNotFound, message)
}
