//! Which context a command is about, and the connection to it.

use super::Session;
use super::arguments::{ContextOptions, WithinOptions};
use super::failure::Failure;
use super::host::{Host, Purpose};
use super::link::{connect, plain};
use super::muted::mutes;
use crate::client::connect::{Connection, Options, Transport};
use crate::client::lists::Within;
use crate::client::mutes::Mutes;
use crate::client::survey::{Depth, Survey};
use crate::domain::Region;
use std::sync::Arc;

/// A connection, and the engine behind it where it lives in this process.
pub(super) struct Reached {
    pub(super) connection: Arc<Connection>,
    pub(super) host: Option<Host>,
}

impl Reached {
    /// The context that the options name; the engine of the data directory where they name none.
    pub(super) async fn open(
        session: &Session,
        place: &ContextOptions,
        regions: &[Region],
        write: bool,
        purpose: Purpose,
    ) -> Result<Self, Failure> {
        let mut options = elsewhere(session, place)?;
        let host = match &options {
            None => Some(Host::reach(session, purpose).await?),
            Some(_) => None,
        };
        let transport = host.as_ref().map_or(Transport::Aws, Host::transport);
        let served_at = host.as_ref().and_then(Host::served_at);
        let mut options = options.take().unwrap_or_else(|| Options { served_at, ..plain(session, transport) });
        if !regions.is_empty() {
            options.regions = regions.to_vec();
        }
        options.write |= write;
        Ok(Self { connection: connect(options)?, host })
    }

    /// An engine that was reached already.
    pub(super) fn of_host(session: &Session, host: Host) -> Result<Self, Failure> {
        let connection = connect(Options { served_at: host.served_at(), ..plain(session, host.transport()) })?;
        Ok(Self { connection, host: Some(host) })
    }

    /// Takes a survey, and reads what the user has muted of what it finds.
    pub(super) async fn survey(
        self,
        session: &Session,
        within: &Within,
        depth: Depth,
    ) -> Result<(Survey, Mutes), Failure> {
        let survey = Survey::take(&self.connection, within, depth).await;
        let file = mutes(session, &self.connection, "");
        self.close().await;
        let survey = survey?;
        Ok((survey, file.read().map_err(|error| Failure::failed(error.to_string()))?))
    }

    /// Brings an engine of our own to rest.
    pub(super) async fn close(self) {
        drop(self.connection);
        if let Some(host) = self.host {
            host.close().await;
        }
    }
}

impl WithinOptions {
    /// The same as the client's filter.
    pub(super) fn within(&self) -> Within {
        Within { account: self.account.clone(), region: self.region.clone() }
    }
}

/// What the history of jobs calls a context that is not the engine of the data directory.
pub(super) fn history_name(session: &Session, place: &ContextOptions) -> Result<String, Failure> {
    let options = elsewhere(session, place)?.map(connect).transpose()?;
    let name = options.and_then(|connection| connection.history_name());
    name.ok_or_else(|| Failure::usage("no history is kept of an engine: it keeps its own jobs"))
}

/// The options of a context that is not the engine of the data directory.
fn elsewhere(session: &Session, place: &ContextOptions) -> Result<Option<Options>, Failure> {
    if let Some(name) = &place.context {
        return named(session, name).map(Some);
    }
    let transport = match (&place.endpoint_url, &place.profile) {
        (Some(url), _) => Transport::Endpoint(url.clone()),
        (None, Some(_)) => Transport::Aws,
        (None, None) => return Ok(None),
    };
    Ok(Some(Options { profile: place.profile.clone(), ..plain(session, transport) }))
}

/// A context of the config file.
fn named(session: &Session, name: &str) -> Result<Options, Failure> {
    let contexts = &session.config.contexts;
    let context = contexts.get(name).ok_or_else(|| {
        let file = session.places.config_file.display();
        let known = contexts.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {known}") };
        Failure::usage(format!("no context {name} in {file}; {known}"))
    })?;
    let regions = context.regions.iter().map(|region| region.parse()).collect::<Result<Vec<Region>, _>>()?;
    let transport = match &context.endpoint_url {
        Some(url) => Transport::Endpoint(url.clone()),
        None => Transport::Aws,
    };
    Ok(Options {
        profile: context.profile.clone(),
        regions,
        member_role: context.member_role.clone().or_else(|| session.config.member_role.clone()),
        write: context.write,
        ..plain(session, transport)
    })
}
