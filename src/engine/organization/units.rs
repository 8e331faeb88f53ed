//! The units of the organization: made, renamed and deleted by its management account.

use crate::domain::organization::{MAX_DEPTH, Unit};
use crate::domain::{Invalid, ParentId, UnitId};
use crate::engine::Engine;
use crate::engine::authorize::action::{CreateOrganizationalUnit, DeleteOrganizationalUnit, UpdateOrganizationalUnit};
use crate::engine::authorize::subject::{InOrganization, UnitToDelete};
use crate::engine::authorize::{Principal, authorize, boundary};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Constraint, Error, OrganizationsException, Result};
use crate::engine::organization::rows::units as rows;
use crate::engine::organization::tree;
use crate::engine::organization::unique_id;
use crate::engine::page::{Page, PageRequest};

/// How many units an organization has at most.
const MAX_UNITS: usize = 2000;

/// The unit of an id, or the exception that names it.
pub(crate) fn require(connection: &Connection, id: &UnitId) -> Result<Unit> {
    let missing = || {
        Error::organizations(
            OrganizationsException::OrganizationalUnitNotFound,
            format!("There is no organizational unit {id} in this organization."),
        )
    };
    rows::get(connection, id)?.ok_or_else(missing)
}

impl Engine {
    /// CreateOrganizationalUnit. `by` is the management account, or the owner of the data directory.
    pub fn create_unit(&self, by: Principal<'_>, parent: &ParentId, name: &str) -> Result<Unit> {
        check_name(name)?;
        let now = self.now();
        self.catalog.write(|tx| {
            let permit = authorize(tx, by, CreateOrganizationalUnit, &InOrganization(parent.as_str()))?;
            let above = tree::require_parent(tx, parent, OrganizationsException::ParentNotFound)?;
            let whole = tree::read(tx)?;
            if whole.down_to(above.as_ref()).len() >= MAX_DEPTH {
                let message = format!("Units lie at most {MAX_DEPTH} deep one in another, and {parent} is the last.");
                return Err(violated(Constraint::OuDepthLimitExceeded, message));
            }
            if whole.units.len() >= MAX_UNITS {
                let message = format!("An organization has at most {MAX_UNITS} units.");
                return Err(violated(Constraint::OuNumberLimitExceeded, message));
            }
            refuse_twin(tx, above.as_ref(), name, None)?;
            let unit = Unit { id: free_id(tx)?, parent: above, name: name.to_owned() };
            rows::insert(tx, &permit, &unit, now)?;
            Ok(unit)
        })
    }

    /// UpdateOrganizationalUnit: another name, where one is given.
    pub fn update_unit(&self, by: Principal<'_>, id: &UnitId, name: Option<&str>) -> Result<Unit> {
        name.map(check_name).transpose()?;
        self.catalog.write(|tx| {
            let permit = authorize(tx, by, UpdateOrganizationalUnit, &InOrganization(id.as_str()))?;
            let unit = require(tx, id)?;
            let Some(name) = name else { return Ok(unit) };
            refuse_twin(tx, unit.parent.as_ref(), name, Some(id))?;
            rows::rename(tx, &permit, name)?;
            Ok(Unit { name: name.to_owned(), ..unit })
        })
    }

    /// DeleteOrganizationalUnit: an empty one.
    pub fn delete_unit(&self, by: Principal<'_>, id: &UnitId) -> Result<()> {
        self.catalog.write(|tx| {
            let whole = tree::read(tx)?;
            let is_empty = whole.units_in(Some(id)).next().is_none() && whole.accounts_in(Some(id)).next().is_none();
            let permit = authorize(tx, by, DeleteOrganizationalUnit, &UnitToDelete { id, is_empty })?;
            require(tx, id)?;
            rows::remove(tx, &permit)
        })
    }

    /// DescribeOrganizationalUnit.
    pub fn unit(&self, caller: &Caller, id: &UnitId) -> Result<Unit> {
        self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            require(c, id)
        })
    }

    /// ListOrganizationalUnitsForParent, in the order in which they were made.
    pub fn units_of(&self, caller: &Caller, parent: &ParentId, page: &PageRequest) -> Result<Page<Unit>> {
        self.catalog.read(|c| {
            boundary::may_read_organization(c, caller)?;
            let parent = tree::require_parent(c, parent, OrganizationsException::ParentNotFound)?;
            rows::page(c, parent.as_ref(), page)
        })
    }
}

fn violated(constraint: Constraint, message: String) -> Error {
    Error::organizations(OrganizationsException::ConstraintViolation(constraint), message)
}

/// Refuses a name that another unit in the same place has.
fn refuse_twin(connection: &Connection, parent: Option<&UnitId>, name: &str, own: Option<&UnitId>) -> Result<()> {
    match rows::named(connection, parent, name)? {
        Some(twin) if Some(&twin.id) != own => Err(Error::organizations(
            OrganizationsException::DuplicateOrganizationalUnit,
            format!("Name: there is a unit {name:?} in this place already, {}.", twin.id),
        )),
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<()> {
    if (1..=128).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Invalid::value("Name", "a unit's name has 1 to 128 characters, none of them a control character").into())
    }
}

/// An id below the root that no unit has.
fn free_id(connection: &Connection) -> Result<UnitId> {
    let root = tree::root(connection)?;
    loop {
        let id = root.unit(&unique_id("", 8)?.to_lowercase())?;
        if rows::get(connection, &id)?.is_none() {
            return Ok(id);
        }
    }
}
