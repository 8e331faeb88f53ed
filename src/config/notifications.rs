//! `[notifications.NAME]`: where an engine here tells of its events.

use serde::Deserialize;

/// The detail type of new findings, which are told only to those who name it.
const FINDING: &str = "Finding";

/// A target, as the file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    #[serde(default)]
    sns: Option<String>,
    #[serde(default)]
    profile: Option<String>,
    #[serde(default)]
    webhook: Option<String>,
    #[serde(default)]
    command: Option<Vec<String>>,
    #[serde(default)]
    detail_type: Vec<String>,
    #[serde(default)]
    state: Vec<String>,
    #[serde(default)]
    vault: Vec<String>,
}

/// The way to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Topics of SNS, as the vaults' notifications name them.
    Sns {
        /// The URL of SNS, or `aws` for AWS's own of each topic's region.
        endpoint: String,
        /// Whose keys; what the environment gives when there is none.
        profile: Option<String>,
    },
    /// A URL to which each event is POSTed.
    Webhook(String),
    /// A program, by its absolute path, and its arguments; each event is its standard input.
    Command(Vec<String>),
}

/// A target, and which events it takes. A list that is empty takes all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notifications {
    /// The way to it.
    pub way: Way,
    /// EventBridge's `detail-type`.
    pub detail_type: Vec<String>,
    /// `state` or `status` of the detail.
    pub state: Vec<String>,
    /// Names of vaults.
    pub vault: Vec<String>,
}

impl Notifications {
    /// A way to which new findings go; the error is the rule that it breaks.
    pub fn of_findings(webhook: Option<String>, command: Option<String>) -> Result<Self, &'static str> {
        let command = command.map(|program| vec![program]);
        Section { webhook, command, detail_type: vec![FINDING.to_owned()], ..Section::default() }.read()
    }

    /// Whether it takes new findings.
    pub fn takes_findings(&self) -> bool {
        self.detail_type.iter().any(|named| named == FINDING)
    }
}

impl Section {
    /// What it means; the error is the rule that it breaks.
    pub(super) fn read(self) -> Result<Notifications, &'static str> {
        let way = match (self.sns, self.webhook, self.command) {
            (Some(endpoint), None, None) => Way::Sns { endpoint, profile: self.profile.clone() },
            (None, Some(url), None) => Way::Webhook(url),
            (None, None, Some(command)) => Way::Command(command),
            _ => return Err("names one of sns, webhook and command"),
        };
        let has_scheme = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        let takes_all = self.detail_type.is_empty() && self.state.is_empty() && self.vault.is_empty();
        match &way {
            Way::Sns { endpoint, .. } if endpoint != "aws" && !has_scheme(endpoint) => {
                Err("sns must be \"aws\", or begin with https:// (or http:// on loopback)")
            }
            Way::Sns { .. } if !takes_all => Err("which events go to topics is said by the vaults' notifications"),
            Way::Webhook(url) if !has_scheme(url) => Err("webhook must begin with https:// (or http:// on loopback)"),
            Way::Command(command) if command.first().is_none_or(|program| !program.starts_with('/')) => {
                Err("command must begin with the absolute path of a program")
            }
            Way::Webhook(_) | Way::Command(_) if self.profile.is_some() => Err("only sns has a profile"),
            _ if !self.vault.is_empty() && self.detail_type.iter().any(|named| named == FINDING) => {
                Err("vault takes no findings, which are of no vault: name \"Finding\" in a section without vault")
            }
            _ => Ok(Notifications { way, detail_type: self.detail_type, state: self.state, vault: self.vault }),
        }
    }
}
