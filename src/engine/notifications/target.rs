//! Where notifications go by the config. How they get there is the matter of who opens the engine: it knows no network.

use crate::domain::Arn;
use crate::domain::event::{DetailType, Event};
use crate::domain::notification::Message;

/// What is delivered.
#[derive(Debug)]
pub enum Letter<'a> {
    /// An event, as the feed has it.
    Event(&'a Event),
    /// A message to a topic of SNS.
    Topic(&'a Arn, &'a Message),
}

/// Delivers a letter, and comes back when the other side has it or when it does not. It never waits for ever. An error says
/// why, without secrets.
pub type Send = Box<dyn Fn(&Letter<'_>) -> Result<(), String> + std::marker::Send + Sync>;

/// Which events of the feed a target takes, as a pattern of EventBridge says it. What is not said takes all of AWS's; findings are
/// taken by who names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern {
    /// Of these kinds.
    pub detail_types: Vec<DetailType>,
    /// In these states.
    pub states: Vec<String>,
    /// Of vaults of these names; what is of no vault is not taken then.
    pub vaults: Vec<String>,
}

impl Pattern {
    /// Whether an event is taken.
    pub fn takes(&self, event: &Event) -> bool {
        let vault = || {
            let arn = crate::domain::notification::vault_of(event)?.parse::<Arn>().ok()?;
            arn.vault_name().map(str::to_owned)
        };
        let kind = event.detail_type;
        (self.detail_types.contains(&kind) || self.detail_types.is_empty() && kind != DetailType::Finding)
            && (self.states.is_empty() || self.states.iter().any(|state| state == event.state()))
            && (self.vaults.is_empty() || vault().is_some_and(|name| self.vaults.contains(&name)))
    }
}

/// What a target takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// Events of the feed.
    Events(Pattern),
    /// What vaults notify topics of.
    Topics,
}

/// Where notifications go.
pub struct Target {
    /// Its name in the config.
    pub name: String,
    /// What it takes.
    pub takes: Takes,
    /// The way to it.
    pub send: Send,
}
