//! Resource shares as rows.

use crate::domain::sharing::{Association, ResourceShare, SharePrincipal, Shared};
use crate::domain::{Arn, Scope, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{
    ChangesShare, CreateResourceShare, DeleteResourceShare, DisassociateResourceShare, NamesPrincipals,
    ShareBackupVault,
};
use crate::engine::authorize::rows::organization;
use crate::engine::authorize::rows::shares::marks;
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis};
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, Row, params};

const COLUMNS: &str = "arn, account, region, name, created, updated";

/// What belongs to shares, each with its share.
const VAULTS: &str = "(SELECT a.share_arn, a.vault_arn AS entity, a.created, s.name, s.account, s.region \
    FROM resource_share_vaults AS a JOIN resource_shares AS s ON s.arn = a.share_arn)";
const PRINCIPALS: &str = "(SELECT a.share_arn, a.principal AS entity, a.created, s.name, s.account, s.region \
    FROM resource_share_principals AS a JOIN resource_shares AS s ON s.arn = a.share_arn)";

/// Whose shares are meant.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// Those that an account owns in a region.
    Owner(&'a Scope),
    /// Those by which others share with an account in a region.
    Sharee(&'a Scope),
}

/// Which of the two things that belong to shares is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The vaults.
    Vaults,
    /// Whom they let in.
    Principals,
}

fn from_row(row: &Row<'_>) -> Result<ResourceShare> {
    Ok(ResourceShare {
        arn: row.parsed("arn")?,
        scope: row.scope()?,
        name: row.column("name")?,
        created: row.time("created")?,
        updated: row.time("updated")?,
    })
}

/// The share of this ARN.
pub fn get(connection: &Connection, share: &Arn) -> Result<Option<ResourceShare>> {
    query::first(
        connection,
        &format!("SELECT {COLUMNS} FROM resource_shares WHERE arn = ?1"),
        [share.as_str()],
        from_row,
    )
}

/// How many shares an account has in a region.
pub fn count(connection: &Connection, scope: &Scope) -> Result<i64> {
    let sql = "SELECT count(*) FROM resource_shares WHERE account = ?1 AND region = ?2";
    Ok(connection.prepare_cached(sql)?.query_row([scope.account.as_str(), scope.region.as_str()], |row| row.get(0))?)
}

/// The shares of an account, or with it, by ARN; of these ARNs and of this name where such are given.
pub fn list(
    connection: &Connection,
    of: Of<'_>,
    arns: &[Arn],
    name: Option<&str>,
    request: &PageRequest,
) -> Result<Page<ResourceShare>> {
    let mut listing = Listing::new(COLUMNS, "resource_shares", &["arn"]);
    of.narrow(connection, &mut listing, "arn")?;
    listing.filter_option("name = ?", name.map(str::to_owned));
    among(&mut listing, "arn", arns);
    listing.page(connection, request, from_row)
}

/// What belongs to the shares of an account, or with it, by share; of these shares, and of this entity where one is given.
pub fn associations(
    connection: &Connection,
    of: Of<'_>,
    side: Side,
    shares: &[Arn],
    entity: Option<&str>,
    request: &PageRequest,
) -> Result<Page<Association>> {
    let (from, name) = match side {
        Side::Vaults => (VAULTS, "shared-vaults"),
        Side::Principals => (PRINCIPALS, "shared-principals"),
    };
    let mut listing = Listing::new("share_arn, name, entity, created", from, &["share_arn", "entity"]).named(name);
    of.narrow(connection, &mut listing, "share_arn")?;
    listing.filter_option("entity = ?", entity.map(str::to_owned));
    among(&mut listing, "share_arn", shares);
    listing.page(connection, request, |row| {
        let shared = match side {
            Side::Vaults => Shared::Vault(row.parsed("entity")?),
            Side::Principals => Shared::With(row.parsed("entity")?),
        };
        let (share, share_name) = (row.parsed("share_arn")?, row.column("name")?);
        Ok(Association { share, share_name, shared, created: row.time("created")? })
    })
}

impl Of<'_> {
    /// Only shares that are meant: the ARN of each stands in `column`.
    fn narrow(self, connection: &Connection, listing: &mut Listing, column: &str) -> Result<()> {
        let scope = match self {
            Self::Owner(scope) => {
                listing.filter("account = ?", scope.account.as_str().to_owned());
                scope
            }
            Self::Sharee(scope) => {
                let principals = organization::shared_with(connection, &scope.account)?;
                let joined = format!(
                    "{column} IN (SELECT o.share_arn FROM resource_share_principals AS o WHERE o.principal IN ({}))",
                    marks(principals.len())
                );
                listing.filter_values(joined, principals.into_iter().map(String::from));
                // An account shares nothing with itself by naming its organization.
                listing.filter("account <> ?", scope.account.as_str().to_owned());
                scope
            }
        };
        listing.filter("region = ?", scope.region.as_str().to_owned());
        Ok(())
    }
}

/// The vaults of a share, by their ARNs.
pub fn vaults_of(connection: &Connection, share: &Arn) -> Result<Vec<Arn>> {
    let sql = "SELECT vault_arn FROM resource_share_vaults WHERE share_arn = ?1 ORDER BY vault_arn";
    query::all(connection, sql, [share.as_str()], |row| row.parsed("vault_arn"))
}

fn among(listing: &mut Listing, column: &str, arns: &[Arn]) {
    if !arns.is_empty() {
        let among = format!("{column} IN ({})", marks(arns.len()));
        listing.filter_values(among, arns.iter().map(|arn| arn.as_str().to_owned()));
    }
}

/// Adds the permit's share.
pub fn insert(
    connection: &Connection,
    permit: &Permit<'_, CreateResourceShare>,
    scope: &Scope,
    name: &str,
    now: Time,
) -> Result<()> {
    let sql =
        "INSERT INTO resource_shares (arn, account, region, name, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
    connection.prepare_cached(sql)?.execute(params![
        permit.on(),
        scope.account.as_str(),
        scope.region.as_str(),
        name,
        millis(now)
    ])?;
    Ok(())
}

/// From now on the share shares the permit's vault.
pub fn add_vault(connection: &Connection, permit: &Permit<'_, ShareBackupVault>, share: &Arn, now: Time) -> Result<()> {
    let sql = "INSERT OR IGNORE INTO resource_share_vaults (share_arn, vault_arn, created) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![share.as_str(), permit.on(), millis(now)])?;
    Ok(())
}

/// From now on the permit's share lets these in.
pub fn add_principal<A: NamesPrincipals>(
    connection: &Connection,
    permit: &Permit<'_, A>,
    principal: &SharePrincipal,
    now: Time,
) -> Result<()> {
    let sql = "INSERT OR IGNORE INTO resource_share_principals (share_arn, principal, created) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![permit.on(), principal.as_str(), millis(now)])?;
    Ok(())
}

/// What belongs to the permit's share has changed.
pub fn note_change<A: ChangesShare>(connection: &Connection, permit: &Permit<'_, A>, now: Time) -> Result<()> {
    let sql = "UPDATE resource_shares SET updated = ?2, sequence = sequence + 1 WHERE arn = ?1";
    connection.prepare_cached(sql)?.execute(params![permit.on(), millis(now)])?;
    Ok(())
}

/// Something does not belong to the permit's share any more. Whether it did.
pub fn part(connection: &Connection, permit: &Permit<'_, DisassociateResourceShare>, shared: &Shared) -> Result<bool> {
    let sql = match shared {
        Shared::Vault(_) => "DELETE FROM resource_share_vaults WHERE share_arn = ?1 AND vault_arn = ?2",
        Shared::With(_) => "DELETE FROM resource_share_principals WHERE share_arn = ?1 AND principal = ?2",
    };
    let parted = connection.prepare_cached(sql)?.execute([permit.on(), shared.entity()])? > 0;
    Ok(parted)
}

/// Removes the permit's share, with all that belonged to it.
pub fn remove(connection: &Connection, permit: &Permit<'_, DeleteResourceShare>) -> Result<()> {
    connection.prepare_cached("DELETE FROM resource_shares WHERE arn = ?1")?.execute([permit.on()])?;
    Ok(())
}
