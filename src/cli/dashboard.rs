//! `vaultdeck`: the dashboard.

use super::Session;
use super::arguments::DashboardOptions;
use super::backup::audit;
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::{Host, Purpose};
use super::muted::mutes;
use super::themes;
use crate::client::history::HistoryFile;
use crate::client::views::ViewsFile;
use crate::tui::alert::Alerts;
use crate::tui::{self, Backend, Files, Options, RunError, check_terminal};
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
    let ended = match audit(session) {
        Ok(audit) => {
            let files = Files {
                mutes: mutes(session, connection, audit.who()),
                views: ViewsFile::new(session.places.state_dir.join("views.json")),
                history: HistoryFile::of(&session.places.state_dir),
            };
            let options = Options {
                theme: theme.or(session.config.theme.as_deref()).map(str::to_owned),
                mouse: session.config.dashboard.mouse,
                themes: themes::folder(session),
                keymap: session.places.config_file.parent().map(|folder| folder.join("keymap.toml")),
                ascii,
                place: connection.label(),
                command_line: connection.command_line(),
                capabilities: connection.capabilities(),
                embedded: reached.host.as_ref().is_some_and(Host::is_own),
                alerts: Alerts { bell: session.config.dashboard.bell, osc9: session.config.dashboard.osc9 },
                session: audit.session().to_owned(),
            };
            tui::run(options, Backend::client(Arc::clone(connection), audit, files)).await.map_err(failure)
        }
        Err(failure) => Err(failure),
    };
    reached.close().await;
    ended.map(|()| Exit::Done)
}

fn failure(error: RunError) -> Failure {
    match error {
        RunError::NoTerminal(_) | RunError::Theme(_) | RunError::Keymap(_) => Failure::usage(error.to_string()),
        RunError::Terminal(_) => Failure::failed(error.to_string()),
    }
}
