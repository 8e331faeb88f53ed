//! `vaultdeck events`: the engine's feed of events, one a line.

use super::Session;
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::format::PlainFormat;
use super::host::Purpose;
use super::output;
use super::place::{ContextOptions, WithinOptions};
use crate::client::EventsQuery;
use crate::domain::event::Event;
use crate::tui::text::harmless;
use clap::Args;

/// What `vaultdeck events` takes.
#[derive(Debug, Args)]
pub(super) struct EventsOptions {
    #[command(flatten)]
    place: ContextOptions,
    #[command(flatten)]
    within: WithinOptions,
    /// Only those behind this position [default: all that are kept]
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
    /// Go on with those that come
    #[arg(long)]
    follow: bool,
    /// How to print them; json is one object a line, EventBridge's with its position
    #[arg(long, value_enum, default_value_t)]
    output: PlainFormat,
}

pub(super) async fn run(session: &Session, options: &EventsOptions) -> Result<Exit, Failure> {
    let regions: Vec<_> = options.within.region.iter().cloned().collect();
    let reached = Reached::open(session, &options.place, &regions, false, Purpose::Look).await?;
    let own = reached.host.as_ref().is_some_and(super::host::Host::is_own);
    let printed = if own && options.follow {
        let directory = session.data_dir.display();
        Err(Failure::out_of_reach(format!("no engine runs in {directory}: nothing happens that could be followed")))
    } else {
        tokio::select! {
            printed = print(&reached, options) => printed,
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    };
    reached.close().await;
    printed.map(|()| Exit::Done)
}

/// Prints page after page: to the end of the feed, or as long as somebody reads.
async fn print(reached: &Reached, options: &EventsOptions) -> Result<(), Failure> {
    let (account, region) = (options.within.account.clone(), options.within.region.clone());
    let mut query = EventsQuery { after: options.after, account, region };
    loop {
        let page = reached.connection.events(&query, options.follow).await.map_err(|fault| {
            let failure = Failure::from(fault);
            match query.after {
                // Whoever followed so far can go on from there.
                Some(after) if options.follow => failure.with(&format!("; go on with --after {after}")),
                _ => failure,
            }
        })?;
        let mut text = String::new();
        for event in &page.events {
            text += &line(event, options.output)?;
            text.push('\n');
        }
        let is_read = text.is_empty() || output::write_on(&text)?;
        if !is_read || (page.events.is_empty() && !options.follow) {
            return Ok(());
        }
        query.after = Some(page.next);
    }
}

fn line(event: &Event, format: PlainFormat) -> Result<String, Failure> {
    match format {
        PlainFormat::Json => serde_json::to_string(event).map_err(|error| Failure::failed(error.to_string())),
        PlainFormat::Text => Ok(format!(
            "{:>7}  {}  {:<10}  {}  {}",
            event.position,
            event.time.format("%Y-%m-%d %H:%M:%S"),
            harmless(event.state()),
            event.detail_type.as_str().trim_end_matches(" State Change"),
            harmless(event.subject())
        )),
    }
}
