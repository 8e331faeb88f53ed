//! Which accounts an air-gapped vault is shared with. It stands here, since every decision reads it in its own transaction.

use crate::domain::vault::VaultType;
use crate::domain::{AccountId, Arn};
use crate::engine::catalog::query;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::Connection;

/// Whether a vault is logically air-gapped.
pub fn is_air_gapped(connection: &Connection, vault: &Arn) -> Result<bool> {
    let sql = "SELECT vault_type FROM vaults WHERE arn = ?1";
    let found = query::first(connection, sql, [vault.as_str()], |row| row.column::<String>("vault_type"))?;
    Ok(found.is_some_and(|text| VaultType::from(text).is_air_gapped()))
}

/// The name of a share by which a vault is shared with an account.
pub fn share_with(connection: &Connection, vault: &Arn, account: &AccountId) -> Result<Option<String>> {
    let sql = "SELECT s.name FROM resource_share_vaults AS v
         JOIN resource_share_accounts AS a ON a.share_arn = v.share_arn
         JOIN resource_shares AS s ON s.arn = v.share_arn
         WHERE v.vault_arn = ?1 AND a.shared_with = ?2 ORDER BY s.created, s.arn";
    query::first(connection, sql, [vault.as_str(), account.as_str()], |row| row.column("name"))
}
