//! The accounts of the organization.

use crate::domain::{Account, AccountId, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::AddAccount;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use rusqlite::{Connection, Row, params};

const COLUMNS: &str = "id, name, email, management, status, joined";

fn from_row(row: &Row<'_>) -> Result<Account> {
    Ok(Account {
        id: row.parsed("id")?,
        name: row.column("name")?,
        email: row.column("email")?,
        management: row.column("management")?,
        status: row.column("status")?,
        joined: row.time_option("joined")?,
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

/// Adds an account, which joins now.
pub fn insert(connection: &Connection, _permit: &Permit<'_, AddAccount>, account: &Account, now: Time) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO accounts (id, name, email, management, status, joined) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            account.id.as_str(),
            account.name,
            account.email,
            account.management,
            account.status,
            millis(now)
        ])?;
    Ok(())
}
