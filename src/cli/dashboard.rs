//! `vaultdeck`: the dashboard.

use super::Session;
use super::arguments::DashboardOptions;
use super::backup::audit;
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::{Host, Purpose};
use super::themes;
use crate::tui::{self, Backend, Options, RunError, check_terminal};
use std::sync::Arc;

pub(super) async fn run(session: &Session, options: &DashboardOptions) -> Result<Exit, Failure> {
    // Asked before an engine is opened, whose scheduler would begin to work.
    check_terminal().map_err(failure)?;
    let place = &options.place;
    let reached = Reached::open(session, place, &options.region, options.write, Purpose::Work).await?;
    show(session, reached, options.theme.as_deref(), options.ascii).await
}

/// Shows the dashboard until its user leaves, then brings an engine of our own to rest.
pub(super) async fn show(
    session: &Session,
    reached: Reached,
    theme: Option<&str>,
    ascii: bool,
) -> Result<Exit, Failure> {
    let connection = &reached.connection;
    let options = Options {
        theme: theme.or(session.config.theme.as_deref()).map(|name| themes::named(session, name)),
        ascii,
        place: connection.label(),
        command_line: connection.command_line(),
        profile: connection.profile().map(str::to_owned),
        capabilities: connection.capabilities(),
        embedded: reached.host.as_ref().is_some_and(Host::is_own),
    };
    let ended = match audit(session) {
        Ok(audit) => tui::run(options, Backend::client(Arc::clone(connection), audit)).await.map_err(failure),
        Err(failure) => Err(failure),
    };
    reached.close().await;
    ended.map(|()| Exit::Done)
}

fn failure(error: RunError) -> Failure {
    match error {
        RunError::NoTerminal(_) | RunError::Theme(_) => Failure::usage(error.to_string()),
        RunError::Terminal(_) => Failure::failed(error.to_string()),
    }
}
