//! What holds in each account, as it was last worked out.

use crate::domain::backup_policy::EffectivePolicy;
use crate::domain::{AccountId, Time};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use rusqlite::{Connection, Row, params};

fn from_row(row: &Row<'_>) -> Result<EffectivePolicy> {
    Ok(EffectivePolicy {
        account: row.parsed("account")?,
        content: row.column("content")?,
        changed: row.time("changed")?,
    })
}

/// What holds in an account, where anything does.
pub fn get(connection: &Connection, account: &AccountId) -> Result<Option<EffectivePolicy>> {
    let sql = "SELECT account, content, changed FROM effective_policies WHERE account = ?1";
    query::first(connection, sql, [account.as_str()], from_row)
}

/// The accounts in which anything holds.
pub fn accounts(connection: &Connection) -> Result<Vec<AccountId>> {
    let sql = "SELECT account FROM effective_policies ORDER BY account";
    query::all(connection, sql, [], |row| row.parsed("account"))
}

/// This holds in an account now, or nothing; when it changed is noted where it did.
pub fn set(connection: &Connection, account: &AccountId, content: Option<&str>, now: Time) -> Result<()> {
    let Some(content) = content else {
        let sql = "DELETE FROM effective_policies WHERE account = ?1";
        connection.prepare_cached(sql)?.execute([account.as_str()])?;
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT INTO effective_policies (account, content, changed) VALUES (?1, ?2, ?3)
             ON CONFLICT (account) DO UPDATE SET content = excluded.content, changed = excluded.changed
             WHERE content <> excluded.content",
        )?
        .execute(params![account.as_str(), content, millis(now)])?;
    Ok(())
}
