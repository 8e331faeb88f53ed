//! Registered resources as rows.

pub mod marks;
pub mod secrets;

use crate::domain::types::Location;
use crate::domain::{Arn, Resource, Scope};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{AddResource, RemoveResource};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, to_json};
use crate::engine::error::{Error, Result};
use crate::engine::tags;
use rusqlite::{Connection, Row, params};

const COLUMNS: &str = "arn, account, region, type, name, location";

fn from_row(connection: &Connection, row: &Row<'_>) -> Result<Resource> {
    let arn: Arn = row.parsed("arn")?;
    Ok(Resource {
        tags: tags::rows::get(connection, arn.as_str())?,
        arn,
        scope: row.scope()?,
        resource_type: row.column::<String>("type")?.into(),
        name: row.column("name")?,
        location: row.json("location")?,
    })
}

/// The registered resource with this ARN.
pub fn get(connection: &Connection, arn: &Arn) -> Result<Option<Resource>> {
    let sql = format!("SELECT {COLUMNS} FROM resources WHERE arn = ?1");
    query::first(connection, &sql, [arn.as_str()], |row| from_row(connection, row))
}

/// The ARN of the resource at exactly this place; the oldest name where there are more.
pub fn at(connection: &Connection, scope: &Scope, location: &Location) -> Result<Option<Arn>> {
    let sql = "SELECT arn FROM resources WHERE account = ?1 AND region = ?2 AND location = ?3 ORDER BY name LIMIT 1";
    let key = params![scope.account.as_str(), scope.region.as_str(), to_json(location)?];
    query::first(connection, sql, key, |row| row.parsed("arn"))
}

/// Refuses an ARN that a registered resource has: those of some types name neither account nor region.
pub fn refuse_registered(connection: &Connection, arn: &Arn) -> Result<()> {
    match get(connection, arn)? {
        None => Ok(()),
        Some(resource) => Err(Error::already_exists(
            format!(
                "{arn} is registered already, as {} of account {} in {}",
                resource.name, resource.scope.account, resource.scope.region
            ),
            Some(arn.to_string()),
            None,
        )),
    }
}

/// Every registered resource of an account in a region, or of all with `None`, by ARN.
pub fn all(connection: &Connection, scope: Option<&Scope>) -> Result<Vec<Resource>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM resources WHERE ?1 IS NULL OR (account = ?1 AND region = ?2) ORDER BY account, region, type, name"
    );
    let key = params![scope.map(|s| s.account.as_str()), scope.map(|s| s.region.as_str())];
    query::all(connection, &sql, key, |row| from_row(connection, row))
}

/// Adds a resource with its tags.
pub fn insert(connection: &Connection, permit: &Permit<'_, AddResource>, resource: &Resource) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO resources (arn, account, region, type, name, location) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute([
            resource.arn.as_str(),
            resource.scope.account.as_str(),
            resource.scope.region.as_str(),
            resource.resource_type.as_str(),
            &resource.name,
            &to_json(&resource.location)?,
        ])?;
    tags::rows::replace(connection, permit, resource.arn.as_str(), &resource.tags)
}

/// Removes the resource of the permit. Whether there was one.
pub fn remove(connection: &Connection, permit: &Permit<'_, RemoveResource>) -> Result<bool> {
    Ok(connection.prepare_cached("DELETE FROM resources WHERE arn = ?1")?.execute([permit.on()])? > 0)
}

/// The ARN and location of the resource of this type and name.
pub fn named(
    connection: &Connection,
    scope: &Scope,
    resource_type: &str,
    name: &str,
) -> Result<Option<(Arn, Location)>> {
    let sql = "SELECT arn, location FROM resources WHERE account = ?1 AND region = ?2 AND type = ?3 AND name = ?4";
    let key = params![scope.account.as_str(), scope.region.as_str(), resource_type, name];
    query::first(connection, sql, key, |row| Ok((row.parsed("arn")?, row.json("location")?)))
}
