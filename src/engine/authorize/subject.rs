//! What is known of a thing when something is to be done to it. Each kind says whose the thing is, what is answered where
//! it is not there or another's, and what protects it from everybody.

mod air_gap;
mod holds;
mod keys;
mod lock;
mod organization;
mod points;
mod sharing;

pub use air_gap::VaultToLeave;
pub use holds::HoldToCancel;
pub use keys::{KeyNamed, KeyToChange, KeyToDelete, KeyToDestroy, KeyToKeep, KeyToRead};
pub use lock::{Touched, VaultToLock};
pub use organization::{
    InOrganization, NO_PERMISSION, Organization, PolicyToDelete, RoleToAssume, RoleToPass, UnitToDelete,
};
pub use points::{
    PointNamed, PointToChange, PointToCopy, PointToDelete, PointToDisassociate, PointToRead, PointToRestore,
};
pub use sharing::{ShareNamed, VaultToShare};

use super::principal::Belongs;
use crate::domain::job::{BackupJob, JobState};
use crate::domain::names::JobId;
use crate::domain::plan::Plan;
use crate::domain::policy::Facts;
use crate::domain::vault::{DEFAULT_VAULT, Vault};
use crate::domain::{Arn, PlanId, Scope};
use crate::engine::error::{Error, Result};

/// What is known of a thing.
pub trait Subject {
    /// Its ARN, or `*` where AWS's operation names none.
    fn name(&self) -> String;

    /// Whose it is; none when it is not there.
    fn owner(&self) -> Option<Belongs<'_>>;

    /// What is answered where it is not there, or is another's: AWS does not tell which.
    fn missing(&self) -> Error;

    /// The vault whose access policy speaks of it: the vault itself, or the one that it lies in.
    fn vault(&self) -> Option<&Arn>;

    /// What a policy's conditions may ask of this action alone, beside what is known of whoever asks.
    fn facts(&self, facts: Facts) -> Facts {
        facts
    }

    /// What is to be done to it that its vault's lock may forbid.
    fn touches(&self) -> Option<Touched<'_>> {
        None
    }

    /// Refuses where a backup policy of the organization makes it: then nobody else changes it, not even its owner.
    fn kept_by_policy(&self) -> Result<()> {
        Ok(())
    }

    /// Refuses where something protects it from whoever it be, its owner and the engine as well.
    fn protection(&self) -> Result<()> {
        Ok(())
    }
}

/// Anything of the data directory that has no owner within: only who owns the directory acts on it, and the engine.
#[derive(Debug, Clone, Copy)]
pub struct Anything<'a>(pub &'a str);

impl Subject for Anything<'_> {
    fn name(&self) -> String {
        self.0.to_owned()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        Some(Belongs::ToDirectory)
    }

    fn missing(&self) -> Error {
        Error::insufficient_privileges()
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }
}

/// An account in a region, as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Region<'a>(pub &'a Scope);

impl Subject for Region<'_> {
    fn name(&self) -> String {
        "*".to_owned()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        Some(Belongs::To(self.0))
    }

    fn missing(&self) -> Error {
        Error::insufficient_privileges()
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }
}

/// A thing that is made now.
#[derive(Debug, Clone, Copy)]
pub struct NewThing<'a> {
    /// Whose it will be.
    pub scope: &'a Scope,
    /// Its ARN.
    pub arn: &'a Arn,
}

impl Subject for NewThing<'_> {
    fn name(&self) -> String {
        self.arn.to_string()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        Some(Belongs::To(self.scope))
    }

    fn missing(&self) -> Error {
        Error::insufficient_privileges()
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }
}

/// A thing that has tags.
#[derive(Debug, Clone, Copy)]
pub struct Tagged<'a> {
    /// Its ARN.
    pub arn: &'a Arn,
    /// Whose it is, where it is there.
    pub scope: Option<&'a Scope>,
    /// The vault that it is, or lies in.
    pub vault: Option<&'a Arn>,
}

impl Subject for Tagged<'_> {
    fn name(&self) -> String {
        self.arn.to_string()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.scope.map(Belongs::To)
    }

    fn missing(&self) -> Error {
        Error::not_found(format!("Cannot find a resource with ARN {}", self.arn))
    }

    fn vault(&self) -> Option<&Arn> {
        self.vault
    }

    fn kept_by_policy(&self) -> Result<()> {
        if !self.arn.as_str().contains(":backup-plan:orgs/") {
            return Ok(());
        }
        let message =
            format!("{} is managed by a backup policy of the organization: its tags are that policy's", self.arn);
        Err(Error::invalid_request(message))
    }
}

/// A vault that something is put into.
#[derive(Debug, Clone, Copy)]
pub struct VaultNamed<'a> {
    /// Its ARN.
    pub arn: &'a Arn,
    /// Whose it is, where it is there.
    pub scope: Option<&'a Scope>,
}

impl Subject for VaultNamed<'_> {
    fn name(&self) -> String {
        self.arn.to_string()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.scope.map(Belongs::To)
    }

    fn missing(&self) -> Error {
        Error::no_such_vault(self.arn)
    }

    fn vault(&self) -> Option<&Arn> {
        Some(self.arn)
    }
}

/// A vault that is read, or whose settings change. AWS does not tell a missing one from one that is forbidden.
#[derive(Debug, Clone, Copy)]
pub struct VaultFound<'a> {
    /// The vault of the name that was asked for, where there is one.
    pub found: Option<&'a Vault>,
}

impl Subject for VaultFound<'_> {
    fn name(&self) -> String {
        self.found.map_or_else(String::new, |vault| vault.arn.to_string())
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.found.map(|vault| Belongs::To(&vault.scope))
    }

    fn missing(&self) -> Error {
        Error::insufficient_privileges()
    }

    fn vault(&self) -> Option<&Arn> {
        self.found.map(|vault| &vault.arn)
    }
}

/// A vault that is to be opened without the engine: who owns the data directory does that, as root of the vault's account.
#[derive(Debug, Clone, Copy)]
pub struct VaultKey<'a>(pub &'a Arn);

impl Subject for VaultKey<'_> {
    fn name(&self) -> String {
        self.0.to_string()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        Some(Belongs::ToDirectory)
    }

    fn missing(&self) -> Error {
        Error::insufficient_privileges()
    }

    fn vault(&self) -> Option<&Arn> {
        Some(self.0)
    }
}

/// A vault that is to be deleted: only an empty one into which nobody writes, and never the default one.
#[derive(Debug, Clone, Copy)]
pub struct VaultToDelete<'a> {
    /// The name that was asked for.
    pub name: &'a str,
    /// The vault of this name, where there is one.
    pub found: Option<&'a Vault>,
    /// Whether a backup job is writing into it.
    pub is_written_into: bool,
}

impl Subject for VaultToDelete<'_> {
    fn name(&self) -> String {
        self.found.map_or_else(String::new, |vault| vault.arn.to_string())
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.found.map(|vault| Belongs::To(&vault.scope))
    }

    fn missing(&self) -> Error {
        Error::no_such_vault(self.name)
    }

    fn vault(&self) -> Option<&Arn> {
        self.found.map(|vault| &vault.arn)
    }

    fn protection(&self) -> Result<()> {
        let holds_points = self.found.is_some_and(|vault| vault.recovery_points > 0);
        let why = match () {
            () if self.name == DEFAULT_VAULT => "The default backup vault cannot be deleted.",
            () if holds_points => "Backup vault cannot be deleted because it contains recovery points.",
            () if self.is_written_into => "Backup vault cannot be deleted because a backup job is writing into it.",
            () => return Ok(()),
        };
        Err(Error::invalid_request(why))
    }
}

/// A plan that is to change.
#[derive(Debug, Clone, Copy)]
pub struct PlanNamed<'a> {
    /// The plan that was asked for, where it is there and not deleted.
    pub found: Option<&'a Plan>,
}

impl Subject for PlanNamed<'_> {
    fn name(&self) -> String {
        plan_name(self.found)
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.found.map(|plan| Belongs::To(&plan.scope))
    }

    fn missing(&self) -> Error {
        Error::not_found("Failed reading Backup plan with provided version")
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }

    fn kept_by_policy(&self) -> Result<()> {
        kept_by_policy(self.found)
    }
}

/// A plan whose selections are to change.
#[derive(Debug, Clone, Copy)]
pub struct PlanOfSelection<'a> {
    /// The id that was asked for.
    pub id: &'a PlanId,
    /// The plan, where it is there and not deleted.
    pub found: Option<&'a Plan>,
}

impl Subject for PlanOfSelection<'_> {
    fn name(&self) -> String {
        plan_name(self.found)
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.found.map(|plan| Belongs::To(&plan.scope))
    }

    fn missing(&self) -> Error {
        Error::invalid_parameter(format!("Cannot find Backup plan with id {}", self.id))
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }

    fn kept_by_policy(&self) -> Result<()> {
        kept_by_policy(self.found)
    }
}

fn kept_by_policy(plan: Option<&Plan>) -> Result<()> {
    match plan {
        Some(plan) if plan.id.is_of_organization() => Err(Error::invalid_request(format!(
            "Backup plan {} is managed by a backup policy of the organization: it cannot be changed or deleted in this account",
            plan.id
        ))),
        _ => Ok(()),
    }
}

fn plan_name(plan: Option<&Plan>) -> String {
    plan.map_or_else(String::new, |plan| plan.arn.to_string())
}

/// A backup job that is to be stopped.
#[derive(Debug, Clone, Copy)]
pub struct JobToStop<'a> {
    /// The id that was asked for.
    pub id: &'a JobId,
    /// The job, where it is there.
    pub found: Option<&'a BackupJob>,
}

impl Subject for JobToStop<'_> {
    fn name(&self) -> String {
        "*".to_owned()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.found.map(|job| Belongs::To(&job.scope))
    }

    fn missing(&self) -> Error {
        Error::not_found(format!("Backup job {} does not exist.", self.id))
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }

    fn protection(&self) -> Result<()> {
        let Some(job) = self.found else { return Ok(()) };
        if !job.resource_type.can_stop_backup() {
            let kind = &job.resource_type;
            return Err(Error::invalid_request(format!("StopBackupJob is not supported for resource type {kind}.")));
        }
        match &job.state {
            JobState::Created | JobState::Pending | JobState::Running | JobState::Aborting => Ok(()),
            state => {
                let (id, state) = (self.id, state.as_str());
                Err(Error::invalid_request(format!("Backup job {id} is in state {state} and cannot be stopped.")))
            }
        }
    }
}
