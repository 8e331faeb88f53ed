//! `vaultdeck point show`: one recovery point, with what an engine tells of it beside AWS's members.

use super::Session;
use super::arguments::{PlainFormat, PointCommand, PointOptions};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::Purpose;
use super::{output, restore, rows};
use crate::client::Feature;
use crate::client::attributes::point;
use crate::domain::PointDetails;
use serde_json::Value;

pub(super) async fn run(session: &Session, command: PointCommand) -> Result<Exit, Failure> {
    let PointCommand::Show(options) = command;
    let reached = Reached::open(session, &options.place, &[], false, Purpose::Look).await?;
    let ended = show(&reached, &options).await;
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
