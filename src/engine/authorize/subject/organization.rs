//! The organization and its roles, when something is to be done to them.

use super::super::principal::Belongs;
use super::Subject;
use crate::domain::backup_policy::PolicyId;
use crate::domain::{AccountId, Arn, UnitId};
use crate::engine::error::{Error, OrganizationsException, Result};

/// AWS Organizations' words for whoever is not its management account.
pub const NO_PERMISSION: &str = "You don't have permissions to access this resource.";

/// The organization as a whole: its management account acts on it.
#[derive(Debug, Clone, Copy)]
pub struct Organization<'a> {
    /// Who asks.
    pub account: &'a AccountId,
}

impl Subject for Organization<'_> {
    fn name(&self) -> String {
        "*".to_owned()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        Some(Belongs::ToOrganization)
    }

    fn missing(&self) -> Error {
        Error::invalid_request(format!(
            "The global settings are those of the organization: only its management account changes them, not {}.",
            self.account
        ))
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }
}

/// An account, a unit or the root, by its id, whose place in the organization or whose part in it is to change.
#[derive(Debug, Clone, Copy)]
pub struct InOrganization<'a>(pub &'a str);

impl Subject for InOrganization<'_> {
    fn name(&self) -> String {
        self.0.to_owned()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        Some(Belongs::ToOrganization)
    }

    fn missing(&self) -> Error {
        Error::access_denied(NO_PERMISSION)
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }
}

/// A unit that is to be deleted: only an empty one.
#[derive(Debug, Clone, Copy)]
pub struct UnitToDelete<'a> {
    /// The id that was asked for.
    pub id: &'a UnitId,
    /// Whether neither accounts nor units lie in it.
    pub is_empty: bool,
}

impl Subject for UnitToDelete<'_> {
    fn name(&self) -> String {
        self.id.to_string()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        Some(Belongs::ToOrganization)
    }

    fn missing(&self) -> Error {
        Error::access_denied(NO_PERMISSION)
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }

    fn protection(&self) -> Result<()> {
        if self.is_empty {
            return Ok(());
        }
        Err(Error::organizations(
            OrganizationsException::OrganizationalUnitNotEmpty,
            format!(
                "Organizational unit {} cannot be deleted: accounts or units lie in it. Move them out first.",
                self.id
            ),
        ))
    }
}

/// A backup policy that is to be deleted: only one that is attached to nothing.
#[derive(Debug, Clone, Copy)]
pub struct PolicyToDelete<'a> {
    /// The id that was asked for.
    pub id: &'a PolicyId,
    /// Whether it is attached to anything.
    pub is_attached: bool,
}

impl Subject for PolicyToDelete<'_> {
    fn name(&self) -> String {
        self.id.to_string()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        Some(Belongs::ToOrganization)
    }

    fn missing(&self) -> Error {
        Error::access_denied(NO_PERMISSION)
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }

    fn protection(&self) -> Result<()> {
        if !self.is_attached {
            return Ok(());
        }
        let message = format!("Policy {} is attached to a root, unit or account: detach it first.", self.id);
        Err(Error::organizations(OrganizationsException::PolicyInUse, message))
    }
}

/// A role under which jobs of an account are to run.
#[derive(Debug, Clone, Copy)]
pub struct RoleToPass<'a> {
    /// The role's ARN, as it was given.
    pub arn: &'a str,
    /// Whose jobs.
    pub account: &'a AccountId,
    /// Whether there is such a role and it trusts AWS Backup.
    pub trusts_backup: bool,
}

impl Subject for RoleToPass<'_> {
    fn name(&self) -> String {
        self.arn.to_owned()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        let own = self.arn.parse::<Arn>().is_ok_and(|arn| arn.account() == self.account.as_str());
        (own && self.trusts_backup).then_some(Belongs::ToAccount(self.account))
    }

    fn missing(&self) -> Error {
        Error::invalid_parameter(format!("IAM Role {} cannot be assumed by AWS Backup", self.arn))
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }
}

/// A role by which the management account is to enter a member.
#[derive(Debug, Clone, Copy)]
pub struct RoleToAssume<'a> {
    /// The role's ARN.
    pub arn: &'a Arn,
    /// Who asks.
    pub user: &'a Arn,
    /// Whether there is such a role and it trusts the management account.
    pub trusts_management: bool,
}

impl Subject for RoleToAssume<'_> {
    fn name(&self) -> String {
        self.arn.to_string()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.trusts_management.then_some(Belongs::ToOrganization)
    }

    fn missing(&self) -> Error {
        let Self { arn, user, .. } = self;
        Error::access_denied(format!("User: {user} is not authorized to perform: sts:AssumeRole on resource: {arn}"))
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }
}
