//! `vaultdeck history`: the jobs that dashboards of this user saw on AWS, kept on this machine. Nothing is asked of AWS.

use super::arguments::{ClearOptions, HistoryCommand, PlainFormat};
use super::failure::{Exit, Failure};
use super::format::Format;
use super::output::{self, Column, Row, Show};
use super::problem::count;
use super::{Session, context, repair};
use crate::client::history::{HistoryError, HistoryFile, Kept};
use serde_json::json;

const COLUMNS: [Column; 5] = [
    Column { title: "CONTEXT", member: "Context", show: Show::Plain },
    Column { title: "ACCOUNT", member: "AccountId", show: Show::Plain },
    Column { title: "REGION", member: "Region", show: Show::Plain },
    Column { title: "JOBS", member: "Jobs", show: Show::Number },
    Column { title: "SINCE", member: "Since", show: Show::Time },
];

pub(super) fn run(session: &Session, command: &HistoryCommand) -> Result<Exit, Failure> {
    let file = HistoryFile::of(&session.places.state_dir);
    match command {
        HistoryCommand::Show { output } => show(&file, *output),
        HistoryCommand::Clear(options) => clear(session, &file, options),
    }
}

fn show(file: &HistoryFile, format: PlainFormat) -> Result<Exit, Failure> {
    let summary = file.summary()?;
    let rows: Vec<Row> = summary.contexts.iter().map(row).collect();
    match format {
        PlainFormat::Json => output::print_json(&json!({
            "Path": file.path().to_string_lossy(),
            "SizeBytes": summary.bytes,
            "MostBytes": file.bounds().bytes,
            "KeptDays": file.bounds().age.num_days(),
            "Jobs": summary.jobs(),
            "Since": since(&summary.contexts),
            "Scopes": rows,
        }))?,
        PlainFormat::Text => {
            let (path, days) = (file.path().display(), file.bounds().age.num_days());
            let (size, most) = (output::bytes(summary.bytes), output::bytes(file.bounds().bytes));
            let has = told(&summary.contexts);
            output::write(&format!("{path}\n{has}; {size} of at most {most}, for {days} days\n"))?;
            if !rows.is_empty() {
                output::print(&COLUMNS, &rows, Format::Table)?;
            }
        }
    }
    Ok(Exit::Done)
}

fn row(kept: &Kept) -> Row {
    output::row_of(&json!({
        "Context": kept.context,
        "AccountId": kept.account,
        "Region": kept.region,
        "Jobs": kept.jobs,
        "Since": kept.since,
    }))
}

fn since(kept: &[Kept]) -> Option<crate::domain::Time> {
    kept.iter().filter_map(|kept| kept.since).min()
}

/// `3 jobs since 2026-01-01`.
fn told(kept: &[Kept]) -> String {
    let jobs = count(kept.iter().map(|kept| kept.jobs).sum(), "job");
    let since = since(kept).map(|at| format!(" since {}", at.format("%Y-%m-%d")));
    format!("{jobs}{}", since.unwrap_or_default())
}

fn clear(session: &Session, file: &HistoryFile, options: &ClearOptions) -> Result<Exit, Failure> {
    let place = &options.place;
    let name = place.names_a_place().then(|| context::history_name(session, place)).transpose()?;
    match file.summary() {
        Ok(summary) => {
            let mut meant = summary.contexts;
            meant.retain(|kept| name.as_ref().is_none_or(|name| kept.context == *name));
            clear_what_is_there(file, name.as_deref(), meant, options.yes)
        }
        // What cannot be read goes as a whole or not at all.
        Err(error @ (HistoryError::Damaged { .. } | HistoryError::Newer { .. })) if name.is_none() => {
            output::write(&format!("{error}\nThe file is removed with all that is in it.\n"))?;
            if !options.yes && !repair::confirmed(repair::SAY_YES)? {
                return Ok(Exit::Failed);
            }
            file.remove()?;
            output::write("removed\n")?;
            Ok(Exit::Done)
        }
        Err(error) => Err(error.into()),
    }
}

fn clear_what_is_there(
    file: &HistoryFile,
    name: Option<&str>,
    meant: Vec<Kept>,
    is_agreed: bool,
) -> Result<Exit, Failure> {
    if meant.is_empty() {
        let of = name.map(|name| format!(" of {name}")).unwrap_or_default();
        output::write(&format!("nothing is kept{of}\n"))?;
        return Ok(Exit::Done);
    }
    if !is_agreed {
        output::print(&COLUMNS, &meant.iter().map(row).collect::<Vec<_>>(), Format::Table)?;
        output::write(&format!(
            "{} would be forgotten. What AWS lists comes back with the next dashboard; what is older is lost. AWS itself is not \
             touched.\n",
            told(&meant)
        ))?;
        if !repair::confirmed(repair::SAY_YES)? {
            return Ok(Exit::Failed);
        }
    }
    let names: std::collections::BTreeSet<&String> = meant.iter().map(|kept| &kept.context).collect();
    let mut forgotten = 0;
    for name in names {
        forgotten += file.clear(name)? as u64;
    }
    output::write(&format!("forgotten: {}\n", count(forgotten, "job")))?;
    Ok(Exit::Done)
}
