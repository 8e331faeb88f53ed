//! The targets of the config's `[notifications]`, put together for an engine of this process.

use super::Session;
use super::failure::Failure;
use crate::client::notify::command::Command;
use crate::client::notify::sns::Topics;
use crate::client::notify::webhook::Webhook;
use crate::config::{Notifications, Way};
use crate::domain::event::DetailType;
use crate::engine::Engine;
use crate::engine::notifications::target::{Letter, Pattern, Send, Takes, Target};
use crate::server::Shutdown;
use std::future::Future;
use std::sync::Arc;
use tokio::runtime::Handle;

/// A target of the command line: its option, and what follows it.
pub(super) type Given = (&'static str, Notifications);

/// The targets that the options name, by the options' names.
pub(super) fn given(webhook: Option<&String>, command: Option<&String>) -> Result<Vec<Given>, Failure> {
    let webhook = webhook.map(|url| ("on-finding-webhook", Notifications::of_findings(Some(url.clone()), None)));
    let command =
        command.map(|program| ("on-finding-command", Notifications::of_findings(None, Some(program.clone()))));
    let read = |(option, read): (&'static str, Result<Notifications, &str>)| {
        read.map(|section| (option, section)).map_err(|why| Failure::usage(format!("--{option}: {why}")))
    };
    webhook.into_iter().chain(command).map(read).collect()
}

/// Lets an engine tell the config's targets and those of the command line, until a stop is asked for. Whether somebody is to be told
/// of findings.
pub(super) async fn start(
    session: &Session,
    engine: &Arc<Engine>,
    given: &[Given],
    shutdown: &Shutdown,
) -> Result<bool, Failure> {
    let mut targets = Vec::new();
    let configured = session.config.notifications.iter().map(|(name, section)| (name.as_str(), section, false));
    let given = given.iter().map(|(option, section)| (*option, section, true));
    let all: Vec<_> = configured.chain(given).collect();
    for (name, section, is_given) in &all {
        let wrong = |why: String| {
            let file = session.places.config_file.display();
            let place = if *is_given { format!("--{name}") } else { format!("{file}: [notifications.{name}]") };
            Failure::usage(format!("{place}: {why}"))
        };
        if *is_given && session.config.notifications.contains_key(*name) {
            return Err(wrong("the config has a target of that name".to_owned()));
        }
        let (takes, send) = match &section.way {
            Way::Sns { endpoint, profile } => {
                let endpoint = Some(endpoint.as_str()).filter(|endpoint| *endpoint != "aws");
                let topics = Topics::new(endpoint, profile.as_deref()).await.map_err(wrong)?;
                (Takes::Topics, to_topics(topics, shutdown))
            }
            Way::Webhook(url) => {
                (events(section).map_err(wrong)?, to_webhook(Webhook::new(url).map_err(wrong)?, shutdown))
            }
            Way::Command(command) => {
                (events(section).map_err(wrong)?, to_command(Command::new(command).map_err(wrong)?, shutdown))
            }
        };
        targets.push(Target { name: (*name).to_owned(), takes, send });
    }
    engine.start_deliveries(targets)?;
    Ok(all.iter().any(|(_, section, _)| section.takes_findings()))
}

/// The events that a section takes.
fn events(section: &Notifications) -> Result<Takes, String> {
    let detail_types = section.detail_type.iter().map(|text| text.parse()).collect::<Result<Vec<DetailType>, _>>();
    let detail_types = detail_types.map_err(|invalid| invalid.to_string())?;
    Ok(Takes::Events(Pattern { detail_types, states: section.state.clone(), vaults: section.vault.clone() }))
}

fn to_topics(topics: Topics, shutdown: &Shutdown) -> Send {
    let wait = Waits::new(shutdown);
    Box::new(move |letter| match letter {
        Letter::Topic(topic, message) => wait.for_end(topics.publish(topic, message)),
        Letter::Event(_) => Ok(()),
    })
}

fn to_webhook(webhook: Webhook, shutdown: &Shutdown) -> Send {
    let wait = Waits::new(shutdown);
    Box::new(move |letter| match letter {
        Letter::Event(event) => wait.for_end(webhook.send(event)),
        Letter::Topic(..) => Ok(()),
    })
}

fn to_command(command: Command, shutdown: &Shutdown) -> Send {
    let wait = Waits::new(shutdown);
    Box::new(move |letter| match letter {
        Letter::Event(event) => wait.for_end(command.send(event)),
        Letter::Topic(..) => Ok(()),
    })
}

/// Lets a thread of the engine wait for the runtime, but no longer than that lives.
struct Waits {
    runtime: Handle,
    shutdown: Shutdown,
}

impl Waits {
    fn new(shutdown: &Shutdown) -> Self {
        Self { runtime: Handle::current(), shutdown: shutdown.clone() }
    }

    fn for_end(&self, sending: impl Future<Output = Result<(), String>>) -> Result<(), String> {
        self.runtime.block_on(async {
            tokio::select! {
                sent = sending => sent,
                () = self.shutdown.requested() => Err("the engine stops".to_owned()),
            }
        })
    }
}
