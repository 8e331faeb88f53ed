//! `vaultdeck point`: one recovery point, with what an engine tells of it beside AWS's members, and what is different from
//! another one.

use super::Session;
use super::arguments::{DiffOptions, PlainFormat, PointCommand, PointOptions};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::Purpose;
use super::output::{Column, Row, Show};
use super::{output, restore, rows, sieve};
use crate::client::attributes::point;
use crate::client::{Answer, Feature, Key, Query};
use crate::domain::{Arn, KnownPoint, PointDetails};
use serde_json::Value;

pub(super) async fn run(session: &Session, command: PointCommand) -> Result<Exit, Failure> {
    let place = match &command {
        PointCommand::Show(options) => &options.place,
        PointCommand::Diff(options) => &options.place,
    };
    let reached = Reached::open(session, place, &[], false, Purpose::Look).await?;
    let ended = match &command {
        PointCommand::Show(options) => show(&reached, options).await,
        PointCommand::Diff(options) => diff(&reached, options).await,
    };
    reached.close().await;
    ended
}

async fn show(reached: &Reached, options: &PointOptions) -> Result<Exit, Failure> {
    let found = restore::point(reached, &options.point, &options.scope).await?;
    let is_told = reached.connection.capabilities().allows(Feature::Items).is_ok();
    let details =
        if is_told { reached.connection.point_details(&found.scope, &found.arn).await? } else { PointDetails::new() };
    let mut row = rows::told(&*found, point::ALL);
    match options.output {
        PlainFormat::Json => {
            let details = details.into_iter().map(|(name, value)| (name, Value::String(value)));
            row.insert("Details".to_owned(), Value::Object(details.collect()));
            output::print_json(&row)?;
        }
        PlainFormat::Text => {
            let members = row.into_iter().filter(|(_, value)| !value.is_null());
            let members =
                members.map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
            output::write(&text(members.chain(details)))?;
        }
    }
    Ok(Exit::Done)
}

const CHANGES: [Column; 5] = [
    Column { title: "CHANGE", member: "Change", show: Show::Plain },
    Column { title: "BEFORE", member: "SizeBefore", show: Show::Bytes },
    Column { title: "AFTER", member: "SizeAfter", show: Show::Bytes },
    Column { title: "MODIFIED", member: "ModifiedAfter", show: Show::Time },
    Column { title: "PATH", member: "Path", show: Show::Plain },
];

async fn diff(reached: &Reached, options: &DiffOptions) -> Result<Exit, Failure> {
    let newer = restore::point(reached, &options.point, &options.scope).await?;
    let older = match &options.since {
        Some(text) => restore::point(reached, text, &options.scope).await?.arn.clone(),
        None => before(reached, &newer).await?,
    };
    let query = Query::Changes { recovery_point: newer.arn.clone(), since: older };
    let Answer::Changes(told) = reached.connection.read(Key::scoped(newer.scope.clone(), query)).await? else {
        return Err(Failure::failed("the engine answered something else"));
    };
    let rows: Vec<Row> = told.rows.iter().map(|change| output::row_of(&**change)).collect();
    sieve::print(&CHANGES, rows, &options.rows)?;
    if told.more {
        output::say(&format!("vaultdeck: these are the first {} differences; there are more", told.rows.len()));
        return Ok(Exit::DoneWithIssues);
    }
    Ok(Exit::Done)
}

/// The newest recovery point of the same resource that is older.
async fn before(reached: &Reached, newer: &KnownPoint) -> Result<Arn, Failure> {
    let query = Query::RecoveryPointsOfResource { resource: newer.resource_arn.clone() };
    let answer = reached.connection.read(Key::scoped(newer.scope.clone(), query)).await?;
    let points = answer.recovery_points().into_iter().flat_map(|points| points.iter());
    let older = points.filter(|point| point.created < newer.created).max_by_key(|point| point.created);
    older
        .map(|point| point.arn.clone())
        .ok_or_else(|| Failure::failed("its resource has no older recovery point; name another one with --since"))
}

/// One line for each, the values below each other.
fn text(facts: impl Iterator<Item = (String, String)>) -> String {
    let facts: Vec<_> = facts.collect();
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = facts.iter().map(|(name, value)| format!("{name:width$}  {}\n", crate::tui::text::harmless(value)));
    lines.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_below_each_other_and_move_no_cursor() {
        let facts = [("Name", "a"), ("LastProven", "now\u{1b}[2J")];
        let told = text(facts.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(told.starts_with("Name        a\nLastProven  now") && !told.contains('\u{1b}'), "{told:?}");
    }
}
