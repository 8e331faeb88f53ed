//! The rows of the vaults, as far as no vault has to be open for them.

pub mod deletions;
pub mod locks;
pub mod recovery_keys;

use crate::domain::event::detail::{self, Became};
use crate::domain::vault::{Vault, VaultType};
use crate::domain::{Arn, Scope, Time, VaultName};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{DeleteBackupVault, MakesVault};
use crate::engine::authorize::rows::organization;
use crate::engine::authorize::rows::shares::marks;
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use crate::engine::events::record::record;
use crate::engine::page::{Page, PageRequest};
use crate::engine::vaults::id::VaultId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

const COLUMNS: &str = "arn, account, region, name, vault_type, encryption_key_arn, creator_request_id, created, \
    lock_state, min_retention_days, max_retention_days, lock_date, \
    (SELECT count(*) FROM recovery_points p WHERE p.vault_arn = vaults.arn AND p.status <> 'CREATING') AS points";

fn from_row(row: &Row<'_>) -> Result<Vault> {
    Ok(Vault {
        arn: row.parsed("arn")?,
        scope: row.scope()?,
        name: row.column("name")?,
        vault_type: row.column::<String>("vault_type")?.into(),
        encryption_key_arn: row.column("encryption_key_arn")?,
        created: row.time_option("created")?,
        creator_request_id: row.column("creator_request_id")?,
        recovery_points: row.column("points")?,
        lock: locks::of_row(row)?,
    })
}

/// The vault of this name, if there is one.
pub fn get(connection: &Connection, scope: &Scope, name: &str) -> Result<Option<Vault>> {
    let sql = format!("SELECT {COLUMNS} FROM {} WHERE account = ?1 AND region = ?2 AND name = ?3", locks::VAULTS);
    query::first(connection, &sql, params![scope.account.as_str(), scope.region.as_str(), name], from_row)
}

/// Whether there is a vault of this ARN.
pub fn exists(connection: &Connection, vault: &Arn) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM vaults WHERE arn = ?1)")?;
    Ok(statement.query_row([vault.as_str()], |row| row.get(0))?)
}

/// The key of a vault; the outer `None` when there is no such vault.
pub fn vault_key(connection: &Connection, vault: &Arn) -> Result<Option<Option<String>>> {
    let mut statement = connection.prepare_cached("SELECT encryption_key_arn FROM vaults WHERE arn = ?1")?;
    Ok(statement.query_row([vault.as_str()], |row| row.get(0)).optional()?)
}

/// The kind of a vault, and what wraps its key; none when there is no such vault.
pub fn kind(connection: &Connection, vault: &Arn) -> Result<Option<(VaultType, Option<String>)>> {
    query::first(
        connection,
        "SELECT vault_type, encryption_key_arn FROM vaults WHERE arn = ?1",
        [vault.as_str()],
        |row| Ok((row.column::<String>("vault_type")?.into(), row.column("encryption_key_arn")?)),
    )
}

/// How many vaults an account has in a region.
pub fn count(connection: &Connection, scope: &Scope) -> Result<i64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM vaults WHERE account = ?1 AND region = ?2")?
        .query_row([scope.account.as_str(), scope.region.as_str()], |row| row.get(0))?)
}

/// The vaults of an account and region, of one type or of all, by name.
pub fn list(
    connection: &Connection,
    scope: &Scope,
    vault_type: Option<&VaultType>,
    request: &PageRequest,
) -> Result<Page<Vault>> {
    let mut listing = Listing::new(COLUMNS, locks::VAULTS, &["name"]).named("vaults");
    listing.filter("account = ?", scope.account.as_str().to_owned());
    listing.filter("region = ?", scope.region.as_str().to_owned());
    listing.filter_option("vault_type = ?", vault_type.map(|vault_type| vault_type.as_str().to_owned()));
    listing.page(connection, request, from_row)
}

/// The vaults of other accounts that are shared with an account in its region, of one type or of all.
pub fn shared_with(
    connection: &Connection,
    scope: &Scope,
    vault_type: Option<&VaultType>,
    request: &PageRequest,
) -> Result<Page<Vault>> {
    let mut listing = Listing::new(COLUMNS, locks::VAULTS, &["arn"]).named("vaults-shared");
    let principals = organization::shared_with(connection, &scope.account)?;
    let joined = format!(
        "arn IN (SELECT v.vault_arn FROM resource_share_vaults AS v
             JOIN resource_share_principals AS p ON p.share_arn = v.share_arn WHERE p.principal IN ({}))",
        marks(principals.len())
    );
    listing.filter_values(joined, principals.into_iter().map(String::from));
    // An account shares nothing with itself by naming its organization.
    listing.filter("account <> ?", scope.account.as_str().to_owned());
    listing.filter("region = ?", scope.region.as_str().to_owned());
    listing.filter_option("vault_type = ?", vault_type.map(|vault_type| vault_type.as_str().to_owned()));
    listing.page(connection, request, from_row)
}

/// The ARNs of all vaults, in their order.
pub fn arns(connection: &Connection) -> Result<Vec<Arn>> {
    query::all(connection, "SELECT arn FROM vaults ORDER BY arn", [], |row| row.parsed("arn"))
}

/// The ARNs of the vaults of an account and region, in their order.
pub fn arns_in(connection: &Connection, scope: &Scope) -> Result<Vec<Arn>> {
    let sql = "SELECT arn FROM vaults WHERE account = ?1 AND region = ?2 ORDER BY arn";
    query::all(connection, sql, [scope.account.as_str(), scope.region.as_str()], |row| row.parsed("arn"))
}

/// All vaults with their ids; vaults of older versions have none.
pub fn ids(connection: &Connection) -> Result<Vec<(Arn, Option<VaultId>)>> {
    query::all(connection, "SELECT arn, vault_id FROM vaults", [], |row| {
        Ok((row.parsed("arn")?, row.column::<Option<String>>("vault_id")?.map(VaultId::from)))
    })
}

/// The id that a vault's row names.
pub fn id(connection: &Connection, vault: &Arn) -> Result<Option<VaultId>> {
    let sql = "SELECT vault_id FROM vaults WHERE arn = ?1";
    let id: Option<Option<String>> = query::first(connection, sql, [vault.as_str()], |row| row.column("vault_id"))?;
    Ok(id.flatten().map(VaultId::from))
}

/// What the row of a new vault holds.
pub struct NewRow<'a> {
    /// Its account and region.
    pub scope: &'a Scope,
    /// Its name.
    pub name: &'a VaultName,
    /// What kind of vault it is.
    pub vault_type: &'a VaultType,
    /// Its `EncryptionKeyArn`; an air-gapped vault under AWS Backup's own key has none.
    pub encryption_key_arn: Option<&'a str>,
    /// The token of its creation.
    pub creator_request_id: Option<&'a str>,
    /// When it was created.
    pub created: Time,
    /// Its id.
    pub id: &'a VaultId,
}

/// Adds a vault.
pub fn insert<A: MakesVault>(connection: &Connection, _permit: &Permit<'_, A>, vault: &NewRow<'_>) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO vaults (arn, account, region, name, vault_type, encryption_key_arn, creator_request_id, created,
                 vault_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            Arn::vault(vault.scope, vault.name).as_str(),
            vault.scope.account.as_str(),
            vault.scope.region.as_str(),
            vault.name.as_str(),
            vault.vault_type.as_str(),
            vault.encryption_key_arn,
            vault.creator_request_id,
            millis(vault.created),
            vault.id.as_str()
        ])?;
    tell(connection, vault.scope, vault.name.as_str(), Became::Created, vault.created)
}

/// Tells the feed what became of a vault.
fn tell(connection: &Connection, scope: &Scope, name: &str, became: Became, now: Time) -> Result<()> {
    let vault = get(connection, scope, name)?;
    vault.map_or(Ok(()), |vault| record(connection, &detail::vault(&vault, became, now)))
}

/// Gives an id to a vault that has none.
pub fn set_id(connection: &Connection, vault: &Arn, id: &VaultId) -> Result<()> {
    connection
        .prepare_cached("UPDATE vaults SET vault_id = ?2 WHERE arn = ?1 AND vault_id IS NULL")?
        .execute([vault.as_str(), id.as_str()])?;
    Ok(())
}

/// Removes the vault of the permit.
pub fn remove(connection: &Connection, permit: &Permit<'_, DeleteBackupVault>, now: Time) -> Result<()> {
    let arn: Arn = permit.on().parse()?;
    if let (Some(scope), Some(name)) = (arn.scope(), arn.vault_name()) {
        tell(connection, &scope, name, Became::Deleted, now)?;
    }
    connection.prepare_cached("DELETE FROM vaults WHERE arn = ?1")?.execute([permit.on()])?;
    Ok(())
}

/// The vaults that hold recovery points and have no recovery key: their account, region and name.
pub fn without_recovery_key(connection: &Connection) -> Result<Vec<String>> {
    let sql = "SELECT account || '/' || region || '/' || name AS vault FROM vaults v
         WHERE NOT EXISTS (SELECT 1 FROM recovery_keys WHERE vault_arn = v.arn)
           AND EXISTS (SELECT 1 FROM recovery_points WHERE vault_arn = v.arn AND status <> 'CREATING')
         ORDER BY account, region, name";
    query::all(connection, sql, [], |row| row.column("vault"))
}

/// Something in a vault is not needed any more; noted until a collection has left nothing to do.
pub fn note_litter(connection: &Connection, vault: &Arn, now: Time) -> Result<()> {
    connection
        .prepare_cached("UPDATE vaults SET littered_at = ?2 WHERE arn = ?1")?
        .execute(params![vault.as_str(), millis(now)])?;
    Ok(())
}

/// A collection has left nothing to do.
pub fn note_clean(connection: &Connection, vault: &Arn) -> Result<()> {
    connection.prepare_cached("UPDATE vaults SET littered_at = NULL WHERE arn = ?1")?.execute([vault.as_str()])?;
    Ok(())
}
