//! With whom an air-gapped vault is shared. It stands here, since every decision reads it in its own transaction.

use super::organization;
use crate::domain::sharing::{KeptShare, SharePrincipal};
use crate::domain::vault::VaultType;
use crate::domain::{AccountId, Arn, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::KeepVaultShares;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use rusqlite::{Connection, params, params_from_iter};

/// Whether a vault is logically air-gapped.
pub fn is_air_gapped(connection: &Connection, vault: &Arn) -> Result<bool> {
    let sql = "SELECT vault_type FROM vaults WHERE arn = ?1";
    let found = query::first(connection, sql, [vault.as_str()], |row| row.column::<String>("vault_type"))?;
    Ok(found.is_some_and(|text| VaultType::from(text).is_air_gapped()))
}

/// The name of a share by which a vault is shared with an account.
pub fn share_with(connection: &Connection, vault: &Arn, account: &AccountId) -> Result<Option<String>> {
    let principals = organization::shared_with(connection, account)?;
    let sql = format!(
        "SELECT s.name FROM resource_share_vaults AS v
         JOIN resource_share_principals AS p ON p.share_arn = v.share_arn
         JOIN resource_shares AS s ON s.arn = v.share_arn
         WHERE v.vault_arn = ? AND p.principal IN ({}) ORDER BY s.created, s.arn",
        marks(principals.len())
    );
    let parameters = std::iter::once(vault.as_str()).chain(principals.iter().map(SharePrincipal::as_str));
    query::first(connection, &sql, params_from_iter(parameters), |row| row.column("name"))
}

/// So many question marks.
pub fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// How often the shares of a vault changed, and which there are, by their ARNs.
pub fn kept(connection: &Connection, vault: &Arn) -> Result<(i64, Vec<KeptShare>)> {
    let sql = "SELECT sequence FROM vault_shares WHERE vault_arn = ?1";
    let sequence = query::first(connection, sql, [vault.as_str()], |row| row.column("sequence"))?;
    let sql =
        "SELECT s.arn, s.name, s.created, s.updated, s.sequence, v.created AS shared FROM resource_share_vaults AS v
         JOIN resource_shares AS s ON s.arn = v.share_arn WHERE v.vault_arn = ?1 ORDER BY s.arn";
    let shares = query::all(connection, sql, [vault.as_str()], |row| {
        let arn: Arn = row.parsed("arn")?;
        Ok(KeptShare {
            principals: principals(connection, &arn)?,
            arn,
            name: row.column("name")?,
            created: row.time("created")?,
            updated: row.time("updated")?,
            sequence: row.column("sequence")?,
            shared: row.time("shared")?,
        })
    })?;
    Ok((sequence.unwrap_or_default(), shares))
}

fn principals(connection: &Connection, share: &Arn) -> Result<Vec<(SharePrincipal, Time)>> {
    let sql = "SELECT principal, created FROM resource_share_principals WHERE share_arn = ?1 ORDER BY principal";
    query::all(connection, sql, [share.as_str()], |row| Ok((row.parsed("principal")?, row.time("created")?)))
}

/// The shares of the permit's vault have changed so often now.
pub fn count(connection: &Connection, permit: &Permit<'_, KeepVaultShares>, sequence: i64) -> Result<()> {
    let sql = "INSERT INTO vault_shares (vault_arn, sequence) VALUES (?1, ?2)
         ON CONFLICT (vault_arn) DO UPDATE SET sequence = excluded.sequence";
    connection.prepare_cached(sql)?.execute(params![permit.on(), sequence])?;
    Ok(())
}

/// From now on these are the shares of the permit's vault. Of a share that is known as it was changed later, whom it lets in
/// stays as it is.
pub fn keep(
    connection: &Connection,
    permit: &Permit<'_, KeepVaultShares>,
    sequence: i64,
    shares: &[KeptShare],
) -> Result<()> {
    connection.prepare_cached("DELETE FROM resource_share_vaults WHERE vault_arn = ?1")?.execute([permit.on()])?;
    for share in shares {
        if keep_share(connection, permit, share)? {
            keep_principals(connection, permit, share)?;
        }
        connection
            .prepare_cached("INSERT INTO resource_share_vaults (share_arn, vault_arn, created) VALUES (?1, ?2, ?3)")?
            .execute(params![share.arn.as_str(), permit.on(), millis(share.shared)])?;
    }
    count(connection, permit, sequence)
}

/// Whether the share was not known, or not as it was changed last.
fn keep_share(connection: &Connection, _: &Permit<'_, KeepVaultShares>, share: &KeptShare) -> Result<bool> {
    let KeptShare { arn, name, created, updated, sequence, .. } = share;
    let sql = "INSERT INTO resource_shares (arn, account, region, name, created, updated, sequence)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (arn) DO UPDATE SET name = excluded.name, updated = excluded.updated, sequence = excluded.sequence
         WHERE excluded.sequence > resource_shares.sequence";
    let changed = connection.prepare_cached(sql)?.execute(params![
        arn.as_str(),
        arn.account(),
        arn.region(),
        name,
        millis(*created),
        millis(*updated),
        sequence
    ])?;
    Ok(changed > 0)
}

fn keep_principals(connection: &Connection, _: &Permit<'_, KeepVaultShares>, share: &KeptShare) -> Result<()> {
    let sql = "DELETE FROM resource_share_principals WHERE share_arn = ?1";
    connection.prepare_cached(sql)?.execute([share.arn.as_str()])?;
    for (principal, since) in &share.principals {
        connection
            .prepare_cached(
                "INSERT INTO resource_share_principals (share_arn, principal, created) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![share.arn.as_str(), principal.as_str(), millis(*since)])?;
    }
    Ok(())
}
