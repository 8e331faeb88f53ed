//! The accounts of the organization.

use super::units::key;
use crate::domain::{Account, AccountId, Time, UnitId};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{AddsAccount, MoveAccount};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, Row, params};

const COLUMNS: &str = "id, name, email, management, status, joined, unit";

fn from_row(row: &Row<'_>) -> Result<Account> {
    Ok(Account {
        id: row.parsed("id")?,
        name: row.column("name")?,
        email: row.column("email")?,
        management: row.column("management")?,
        status: row.column("status")?,
        joined: row.time_option("joined")?,
        unit: row.parsed_option("unit")?,
    })
}

/// The account with this id.
pub fn get(connection: &Connection, id: &AccountId) -> Result<Option<Account>> {
    query::first(connection, &format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1"), [id.as_str()], from_row)
}

/// All accounts, the management account first.
pub fn all(connection: &Connection) -> Result<Vec<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts ORDER BY management DESC, joined, id");
    query::all(connection, &sql, [], from_row)
}

/// One page of the accounts in a unit, or directly in the root.
pub fn page(connection: &Connection, unit: Option<&UnitId>, request: &PageRequest) -> Result<Page<Account>> {
    let mut listing = Listing::new(COLUMNS, "accounts", &["joined", "id"]);
    listing.filter("ifnull(unit, '') = ?", key(unit).to_owned());
    listing.page(connection, request, from_row)
}

/// Whether an account has this address, in whatever case.
pub fn has_email(connection: &Connection, email: &str) -> Result<bool> {
    let sql = "SELECT id FROM accounts WHERE lower(email) = lower(?1)";
    Ok(query::first(connection, sql, [email], |row| row.column::<String>("id"))?.is_some())
}

/// Adds an account, which joins now.
pub fn insert<A: AddsAccount>(
    connection: &Connection,
    _permit: &Permit<'_, A>,
    account: &Account,
    now: Time,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO accounts (id, name, email, management, status, joined, unit)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            account.id.as_str(),
            account.name,
            account.email,
            account.management,
            account.status,
            millis(now),
            account.unit.as_ref().map(UnitId::as_str)
        ])?;
    Ok(())
}

/// The account of the permit lies in this unit from now on, or in the root.
pub fn set_unit(connection: &Connection, permit: &Permit<'_, MoveAccount>, unit: Option<&UnitId>) -> Result<()> {
    let mut statement = connection.prepare_cached("UPDATE accounts SET unit = ?2 WHERE id = ?1")?;
    statement.execute(params![permit.on(), unit.map(UnitId::as_str)])?;
    Ok(())
}
