//! The policies themselves: made, changed, deleted by the management account, and read by it and delegated administrators.

use super::{not_found, rows, too_long, violated};
use crate::domain::Invalid;
use crate::domain::backup_policy::{BackupPolicy, MAX_CHARACTERS, Policy, PolicyId, PolicyType};
use crate::engine::Engine;
use crate::engine::authorize::action::{CreatePolicy, DeletePolicy, UpdatePolicy};
use crate::engine::authorize::subject::{InOrganization, PolicyToDelete};
use crate::engine::authorize::{Principal, authorize, boundary};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Constraint, Error, OrganizationsException, Result};
use crate::engine::organization::unique_id;
use crate::engine::page::{Page, PageRequest};

/// How many backup policies an organization has at most.
const MAX_POLICIES: i64 = 1000;

/// CreatePolicy.
#[derive(Debug, Clone)]
pub struct NewPolicy {
    /// What type it is of; backup policies alone can be made.
    pub kind: PolicyType,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its document.
    pub content: String,
}

/// What UpdatePolicy changes: what is given.
#[derive(Debug, Clone, Default)]
pub struct PolicyChange {
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Another document.
    pub content: Option<String>,
}

/// The policy of an id, or the exception that names it.
pub(super) fn require(connection: &Connection, id: &PolicyId) -> Result<Policy> {
    rows::get(connection, id)?.ok_or_else(|| not_found(id))
}

impl Engine {
    /// CreatePolicy. It does nothing until it is attached.
    pub fn create_policy(&self, by: Principal<'_>, new: NewPolicy) -> Result<Policy> {
        if let PolicyType::Other(kind) = new.kind {
            return Err(not_available(kind));
        }
        check_name(&new.name)?;
        check_description(&new.description)?;
        check_content(&new.content)?;
        let now = self.now();
        self.catalog.write(|tx| {
            let permit = authorize(tx, by, CreatePolicy, &InOrganization("*"))?;
            if rows::count(tx)? >= MAX_POLICIES {
                let message = format!("An organization has at most {MAX_POLICIES} backup policies.");
                return Err(violated(Constraint::PolicyNumberLimitExceeded, message));
            }
            refuse_twin(tx, &new.name, None)?;
            let NewPolicy { name, description, content, .. } = new;
            let policy = Policy { id: free_id(tx)?, name, description, content };
            rows::insert(tx, &permit, &policy, now)?;
            Ok(policy)
        })
    }

    /// UpdatePolicy: where it is attached, the plans follow at once.
    pub fn update_policy(&self, by: Principal<'_>, id: &PolicyId, change: PolicyChange) -> Result<Policy> {
        change.name.as_deref().map(check_name).transpose()?;
        change.description.as_deref().map(check_description).transpose()?;
        change.content.as_deref().map(check_content).transpose()?;
        self.catalog.write(|tx| {
            let permit = authorize(tx, by, UpdatePolicy, &InOrganization(id.as_str()))?;
            let before = require(tx, id)?;
            let policy = Policy {
                id: before.id,
                name: change.name.unwrap_or(before.name),
                description: change.description.unwrap_or(before.description),
                content: change.content.unwrap_or(before.content),
            };
            refuse_twin(tx, &policy.name, Some(id))?;
            rows::update(tx, &permit, &policy)?;
            self.apply_backup_policies(tx)?;
            Ok(policy)
        })
    }

    /// DeletePolicy: only one that is attached to nothing.
    pub fn delete_policy(&self, by: Principal<'_>, id: &PolicyId) -> Result<()> {
        self.catalog.write(|tx| {
            let is_attached = rows::attachments::is_attached(tx, id)?;
            let permit = authorize(tx, by, DeletePolicy, &PolicyToDelete { id, is_attached })?;
            require(tx, id)?;
            rows::remove(tx, &permit)
        })
    }

    /// DescribePolicy.
    pub fn policy(&self, caller: &Caller, id: &PolicyId) -> Result<Policy> {
        self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            require(c, id)
        })
    }

    /// ListPolicies of a type, in the order in which they were made. Of other types there is none.
    pub fn policies(&self, caller: &Caller, kind: &PolicyType, page: &PageRequest) -> Result<Page<Policy>> {
        self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            match kind {
                PolicyType::Backup => rows::list(c, page),
                PolicyType::Other(_) => Ok(Page::empty()),
            }
        })
    }
}

/// What is refused of a type that this organization does not have.
pub(super) fn not_available(kind: &str) -> Error {
    Error::organizations(
        OrganizationsException::PolicyTypeNotAvailableForOrganization,
        format!("{kind} is not available in this organization: BACKUP_POLICY is."),
    )
}

fn refuse_twin(connection: &Connection, name: &str, own: Option<&PolicyId>) -> Result<()> {
    match rows::named(connection, name)? {
        Some(twin) if Some(&twin.id) != own => Err(Error::organizations(
            OrganizationsException::DuplicatePolicy,
            format!("Name: there is a policy {name:?} already, {}.", twin.id),
        )),
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<()> {
    if (1..=128).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Invalid::value("Name", "a policy's name has 1 to 128 characters, none of them a control character").into())
    }
}

fn check_description(description: &str) -> Result<()> {
    if description.chars().count() <= 512 {
        Ok(())
    } else {
        Err(Invalid::value("Description", "a policy's description has at most 512 characters").into())
    }
}

/// Reads the document; what the engine does not carry out is refused as well, by its path.
fn check_content(content: &str) -> Result<()> {
    let count = content.chars().count();
    if count > MAX_CHARACTERS {
        return Err(too_long(count));
    }
    let read = BackupPolicy::parse(content).and_then(|policy| policy.supported());
    read.map_err(|invalid| Error::organizations(OrganizationsException::MalformedPolicyDocument, invalid.message))
}

/// An id that no policy has.
fn free_id(connection: &Connection) -> Result<PolicyId> {
    loop {
        let id: PolicyId = unique_id("p-", 10)?.to_lowercase().parse()?;
        if rows::get(connection, &id)?.is_none() {
            return Ok(id);
        }
    }
}
