//! Where in the organization an account lies, and whether it administers AWS Backup for it: decisions read both.

use crate::domain::organization::{MAX_DEPTH, path};
use crate::domain::sharing::SharePrincipal;
use crate::domain::{AccountId, Arn, RootId, UnitId};
use crate::engine::catalog::values::Columns as _;
use crate::engine::catalog::{query, state};
use crate::engine::error::{Error, Result};
use rusqlite::Connection;

/// The organization's id and its root.
pub fn root(connection: &Connection) -> Result<(String, RootId)> {
    let lost = || Error::Internal("the catalog holds no organization".to_owned());
    let organization = state::get(connection, state::ORGANIZATION_ID)?.ok_or_else(lost)?;
    let root = RootId::of(&organization)?;
    Ok((organization, root))
}

/// The units that an account lies in, from its own up; none where it is none of the organization.
fn units_above(connection: &Connection, account: &AccountId) -> Result<Option<Vec<UnitId>>> {
    let sql = "SELECT unit FROM accounts WHERE id = ?1";
    let found = query::first(connection, sql, [account.as_str()], |row| row.parsed_option::<UnitId>("unit"))?;
    let Some(mut unit) = found else { return Ok(None) };
    let mut above = Vec::new();
    while let Some(id) = unit.filter(|_| above.len() < MAX_DEPTH) {
        let sql = "SELECT parent FROM organizational_units WHERE id = ?1";
        unit = query::first(connection, sql, [id.as_str()], |row| row.parsed_option("parent"))?.flatten();
        above.push(id);
    }
    Ok(Some(above))
}

/// The place of an account, as policies ask for it; none where it is none of the organization.
pub fn path_of(connection: &Connection, account: &AccountId) -> Result<Option<String>> {
    let Some(above) = units_above(connection, account)? else { return Ok(None) };
    let (organization, root) = root(connection)?;
    Ok(Some(path(&organization, &root, above.iter().rev())))
}

/// What shares let an account in by: its id, the organization that it is of, and each unit that it lies in, at this moment.
pub fn shared_with(connection: &Connection, account: &AccountId) -> Result<Vec<SharePrincipal>> {
    let mut names = vec![SharePrincipal::Account(account.clone())];
    if let Some(above) = units_above(connection, account)? {
        let (management, organization) = (management(connection)?, root(connection)?.0);
        names.push(SharePrincipal::Organization(Arn::organization(&management, &organization)));
        names.extend(above.iter().map(|unit| SharePrincipal::Unit(Arn::unit(&management, &organization, unit))));
    }
    Ok(names)
}

/// Whether this is the organization, one of its units, or one of its accounts.
pub fn is_of_it(connection: &Connection, principal: &SharePrincipal) -> Result<bool> {
    let (management, organization) = (management(connection)?, root(connection)?.0);
    Ok(match principal {
        SharePrincipal::Account(account) => units_above(connection, account)?.is_some(),
        SharePrincipal::Organization(arn) => *arn == Arn::organization(&management, &organization),
        SharePrincipal::Unit(arn) => {
            let sql = "SELECT id FROM organizational_units WHERE id = ?1";
            let unit = query::first(connection, sql, [arn.last_part()], |row| row.parsed::<UnitId>("id"))?;
            unit.is_some_and(|unit| *arn == Arn::unit(&management, &organization, &unit))
        }
    })
}

fn management(connection: &Connection) -> Result<AccountId> {
    let lost = || Error::Internal("the catalog holds no management account".to_owned());
    let sql = "SELECT id FROM accounts WHERE management = 1";
    query::first(connection, sql, [], |row| row.parsed("id"))?.ok_or_else(lost)
}

/// Whether an account administers AWS Backup for the organization, by the management account's leave.
pub fn is_delegated(connection: &Connection, account: &AccountId) -> Result<bool> {
    let sql = "SELECT account FROM delegated_administrators WHERE account = ?1";
    Ok(query::first(connection, sql, [account.as_str()], |row| row.column::<String>("account"))?.is_some())
}
