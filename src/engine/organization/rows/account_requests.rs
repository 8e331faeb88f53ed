//! The requests for accounts, and what came of each.

use crate::domain::{AccountId, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::CreateAccount;
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, Row, params};

/// What a request for an account came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRequest {
    /// `car-…`.
    pub id: String,
    /// The name that the account was to have.
    pub name: String,
    /// The account, or why there is none.
    pub outcome: std::result::Result<AccountId, String>,
    /// When it was asked for. An engine answers at once: it ended then too.
    pub requested: Time,
}

const COLUMNS: &str = "id, name, account, failure_reason, requested";

fn from_row(row: &Row<'_>) -> Result<AccountRequest> {
    let account: Option<AccountId> = row.parsed_option("account")?;
    let reason = row.column::<Option<String>>("failure_reason")?.unwrap_or_default();
    Ok(AccountRequest {
        id: row.column("id")?,
        name: row.column("name")?,
        outcome: account.ok_or(reason),
        requested: row.time("requested")?,
    })
}

/// The request of this id.
pub fn get(connection: &Connection, id: &str) -> Result<Option<AccountRequest>> {
    query::first(connection, &format!("SELECT {COLUMNS} FROM account_requests WHERE id = ?1"), [id], from_row)
}

/// One page of the requests, the latest first; those that came to an account, or to none, or both.
pub fn page(
    connection: &Connection,
    succeeded: bool,
    failed: bool,
    request: &PageRequest,
) -> Result<Page<AccountRequest>> {
    let mut listing = Listing::new(COLUMNS, "account_requests", &["requested", "id"]).descending();
    listing.filter_option("(account IS NOT NULL) = ?", (succeeded != failed).then_some(i64::from(succeeded)));
    listing.page(connection, request, from_row)
}

/// Notes a request.
pub fn insert(
    connection: &Connection,
    _permit: &Permit<'_, CreateAccount>,
    AccountRequest { id, name, outcome, requested }: &AccountRequest,
) -> Result<()> {
    let (account, reason) = (outcome.as_ref().ok().map(AccountId::as_str), outcome.as_ref().err());
    connection
        .prepare_cached(
            "INSERT INTO account_requests (id, name, account, failure_reason, requested) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![id, name, account, reason, millis(*requested)])?;
    Ok(())
}
