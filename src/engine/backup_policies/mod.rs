//! Backup policies of the organization: kept, attached to its root, units and accounts, and made into plans in its accounts.
//!
//! Whatever changes what holds in an account ends with `apply`, in its own transaction: what the API then tells of a
//! policy, of what holds in an account, and of the account's plans is the same state, whenever the engine dies.

mod apply;
pub mod attachments;
pub mod effective;
pub mod owner;
pub mod policies;
mod rows;
pub mod types;

use crate::domain::backup_policy::{MAX_CHARACTERS, PolicyId, TargetId};
use crate::engine::error::{Constraint, Error, OrganizationsException};

fn not_found(id: &PolicyId) -> Error {
    let message = format!("There is no policy {id} in this organization.");
    Error::organizations(OrganizationsException::PolicyNotFound, message)
}

fn no_target(id: &TargetId) -> Error {
    let message = format!("TargetId: there is no root, unit or account {} in this organization.", id.as_str());
    Error::organizations(OrganizationsException::TargetNotFound, message)
}

fn violated(constraint: Constraint, message: String) -> Error {
    Error::organizations(OrganizationsException::ConstraintViolation(constraint), message)
}

fn too_long(count: usize) -> Error {
    let message = format!("Content: a backup policy has at most {MAX_CHARACTERS} characters, and this one has {count}");
    violated(Constraint::PolicyContentLimitExceeded, message)
}
