//! `vaultdeck metrics`: what is there and what is wrong, in numbers that a monitor reads.

use super::Session;
use super::arguments::MetricsOptions;
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::Purpose;
use super::lists::say_faults;
use super::output;
use crate::client::metrics::{Around, metrics, text};
use crate::client::survey::Depth;
use crate::domain::finding::findings;
use chrono::Utc;

pub(super) async fn run(session: &Session, options: &MetricsOptions) -> Result<Exit, Failure> {
    let regions: Vec<_> = options.within.region.iter().cloned().collect();
    let reached = Reached::open(session, &options.place, &regions, false, Purpose::Look).await?;
    let (survey, mutes) = reached.survey(session, &options.within.within(), Depth::Points).await?;
    let facts = survey.facts();
    let around = Around { facts: &facts, findings: &findings(&facts), mutes: &mutes, refreshes: 1, now: Utc::now() };
    let families = metrics(&survey, &around);
    output::write(&text::text(&families))?;
    Ok(if say_faults(survey.faults) { Exit::DoneWithIssues } else { Exit::Done })
}
