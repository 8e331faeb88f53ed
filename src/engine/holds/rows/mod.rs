//! Legal holds as rows, and what they hold.

pub mod files;

use crate::domain::legal_hold::{Candidate, DateRange, HeldPoint, HoldSelection, HoldStatus, HoldSummary, LegalHold};
use crate::domain::{Arn, ResourceType, Scope, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{CancelLegalHold, CreateLegalHold};
use crate::engine::catalog::paging::Listing;
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, millis, to_json};
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeSet;

const COLUMNS: &str = "id, arn, account, region, title, description, selection, created, cancelled, cancel_description, retain_record_until";

fn from_row(row: &Row<'_>) -> Result<LegalHold> {
    let cancelled = row.time_option("cancelled")?;
    Ok(LegalHold {
        summary: HoldSummary {
            id: row.column("id")?,
            arn: row.parsed("arn")?,
            scope: row.scope()?,
            title: row.column("title")?,
            description: row.column("description")?,
            status: if cancelled.is_some() { HoldStatus::Canceled } else { HoldStatus::Active },
            created: Some(row.time("created")?),
            cancelled,
        },
        selection: row.json("selection")?,
        cancel_description: row.column("cancel_description")?,
        retain_record_until: row.time_option("retain_record_until")?,
    })
}

/// The hold of this id in an account and region.
pub fn get(connection: &Connection, scope: &Scope, id: &str) -> Result<Option<LegalHold>> {
    let sql = format!("SELECT {COLUMNS} FROM legal_holds WHERE id = ?1 AND account = ?2 AND region = ?3");
    query::first(connection, &sql, [id, scope.account.as_str(), scope.region.as_str()], from_row)
}

/// The holds of an account and region, active and released, the newest first.
pub fn list(connection: &Connection, scope: &Scope, request: &PageRequest) -> Result<Page<LegalHold>> {
    let mut listing = Listing::new(COLUMNS, "legal_holds", &["created", "id"]).descending();
    listing.filter("account = ?", scope.account.as_str().to_owned());
    listing.filter("region = ?", scope.region.as_str().to_owned());
    listing.page(connection, request, from_row)
}

/// How many active holds an account has, in all regions.
pub fn count_active(connection: &Connection, scope: &Scope) -> Result<i64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM legal_holds WHERE account = ?1 AND cancelled IS NULL")?
        .query_row([scope.account.as_str()], |row| row.get(0))?)
}

/// Adds an active hold that holds nothing yet.
pub fn insert(
    connection: &Connection,
    permit: &Permit<'_, CreateLegalHold>,
    hold: &LegalHold,
    created: Time,
) -> Result<()> {
    let LegalHold { summary, selection, .. } = hold;
    connection
        .prepare_cached(
            "INSERT INTO legal_holds (id, arn, account, region, title, description, selection, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            summary.id,
            permit.on(),
            summary.scope.account.as_str(),
            summary.scope.region.as_str(),
            summary.title,
            summary.description,
            to_json(selection)?,
            millis(created),
        ])?;
    Ok(())
}

/// From now on the hold of the permit is on these points of a vault too. Those that are under it already, or that the catalog
/// does not know yet, do not matter.
pub fn hold(connection: &Connection, permit: &Permit<'_, CreateLegalHold>, points: &[Arn]) -> Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT OR IGNORE INTO held_points (point_arn, hold_id) SELECT ?1, id FROM legal_holds WHERE arn = ?2",
    )?;
    for point in points {
        add.execute([point.as_str(), permit.on()])?;
    }
    Ok(())
}

/// What a release says.
pub struct Release<'a> {
    /// When.
    pub now: Time,
    /// Why.
    pub description: &'a str,
    /// Until when the record is kept.
    pub retain_record_until: Time,
    /// Before when nothing that it held expires.
    pub expires_not_before: Time,
}

/// Releases all that the hold of the permit holds. What is under no other hold and has outlived its days expires, but not at
/// once: who released the wrong hold has time to create it anew.
pub fn release(connection: &Connection, permit: &Permit<'_, CancelLegalHold>, release: &Release<'_>) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE recovery_points SET delete_due = max(delete_due, ?2)
             WHERE held = 1 AND delete_due IS NOT NULL AND arn IN (
                 SELECT point_arn FROM held_points WHERE hold_id = (SELECT id FROM legal_holds WHERE arn = ?1))",
        )?
        .execute(params![permit.on(), millis(release.expires_not_before)])?;
    connection
        .prepare_cached("DELETE FROM held_points WHERE hold_id = (SELECT id FROM legal_holds WHERE arn = ?1)")?
        .execute([permit.on()])?;
    connection
        .prepare_cached(
            "UPDATE legal_holds SET cancelled = ?2, cancel_description = ?3, retain_record_until = ?4 WHERE arn = ?1",
        )?
        .execute(params![permit.on(), millis(release.now), release.description, millis(release.retain_record_until)])?;
    Ok(())
}

/// What a hold holds, by ARN.
pub fn points(connection: &Connection, hold: &str, request: &PageRequest) -> Result<Page<HeldPoint>> {
    let from = "held_points JOIN recovery_points ON arn = point_arn";
    let columns = "resource_arn, resource_type, vault_name";
    let mut listing = Listing::new(columns, from, &["point_arn"]).named("points-of-hold");
    listing.filter("hold_id = ?", hold.to_owned());
    listing.page(connection, request, |row| {
        Ok(HeldPoint {
            arn: row.parsed("point_arn")?,
            resource_arn: row.parsed("resource_arn")?,
            resource_type: row.column::<String>("resource_type")?.into(),
            vault_name: row.column("vault_name")?,
        })
    })
}

/// The points of one vault that a selection catches now, and what is nested in them. One that is being deleted, or is left of a deletion that failed, is
/// not held, and neither is a continuous one, whose life no hold makes longer.
pub fn caught(connection: &Connection, vault: &Arn, selection: &HoldSelection) -> Result<Vec<Arn>> {
    let sql = "SELECT arn, parent_arn, vault_name, resource_arn, resource_type, created FROM recovery_points
         WHERE vault_arn = ?1 AND created >= ?2 AND created <= ?3 AND status IN ('CREATING', 'COMPLETED', 'PARTIAL')
             AND arn NOT IN (SELECT point_arn FROM chains)";
    let (from, to) = match selection.date_range {
        Some(DateRange { from_date, to_date }) => (millis(from_date), millis(to_date)),
        None => (i64::MIN, i64::MAX),
    };
    let found = query::all(connection, sql, params![vault.as_str(), from, to], |row| {
        let vault_name: String = row.column("vault_name")?;
        let resource_arn: Arn = row.parsed("resource_arn")?;
        let resource_type = ResourceType::from(row.column::<String>("resource_type")?);
        let created = row.time("created")?;
        let candidate =
            Candidate { vault_name: &vault_name, resource_arn: &resource_arn, resource_type: &resource_type, created };
        let (arn, parent): (Arn, Option<Arn>) = (row.parsed("arn")?, row.parsed_option("parent_arn")?);
        Ok((arn, parent, selection.catches(&candidate)))
    })?;
    let caught: BTreeSet<&Arn> = found.iter().filter(|(.., is_caught)| *is_caught).map(|(arn, ..)| arn).collect();
    let is_in =
        |arn: &Arn, parent: Option<&Arn>| caught.contains(arn) || parent.is_some_and(|parent| caught.contains(parent));
    Ok(found.iter().filter(|(arn, parent, _)| is_in(arn, parent.as_ref())).map(|(arn, ..)| arn.clone()).collect())
}

/// Whether the record of any released hold has been kept for long enough.
pub fn any_outlived(connection: &Connection, now: Time) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM legal_holds WHERE retain_record_until <= ?1)")?
        .query_row([millis(now)], |row| row.get(0))?)
}

/// Removes the records of released holds that were kept for long enough. One that still lies in a vault's folder stays, or it
/// would be taken for a hold that the catalog lost.
pub fn remove_outlived(connection: &Connection, now: Time) -> Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM legal_holds WHERE retain_record_until <= ?1
             AND NOT EXISTS (SELECT 1 FROM hold_files WHERE hold_id = id)",
        )?
        .execute([millis(now)])?;
    Ok(())
}
