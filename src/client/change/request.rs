//! A request in AWS's own words: an operation and its input's members.

use crate::client::command_line::CommandLine;
use crate::client::text::{escape_json, shell_quote};
use crate::domain::Scope;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The text that stands for an id that an earlier request of the same change returns.
pub(crate) const NEW_PLAN_ID: &str = "ID-OF-THE-NEW-PLAN";

/// What is shown, and logged, in the place of a secret that is sent.
pub(crate) const HIDDEN: &str = "(hidden)";

/// One request of a change, as it will be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The service, as the `aws` command line calls it.
    service: &'static str,
    /// `CreateBackupVault`.
    pub operation: &'static str,
    /// The input's members by AWS's names, in the API's order.
    pub input: Map<String, Value>,
    /// The same as a command line, where that is not the one of `aws`.
    line: Option<String>,
}

/// A token that is never the same again, for `idempotency_token`.
pub fn new_token() -> String {
    uuid::Uuid::new_v4().to_string()
}

impl Request {
    /// A request of AWS Backup without members.
    pub(super) fn new(operation: &'static str) -> Self {
        Self { service: "backup", operation, input: Map::new(), line: None }
    }

    /// A request of AWS KMS without members.
    pub(super) fn of_kms(operation: &'static str) -> Self {
        Self { service: "kms", ..Self::new(operation) }
    }

    /// A request of AWS RAM without members.
    pub(super) fn of_ram(operation: &'static str) -> Self {
        Self { service: "ram", ..Self::new(operation) }
    }

    /// A request to an engine's own routes without members, and what to type in its place.
    pub(super) fn of_engine(operation: &'static str, line: String) -> Self {
        Self { line: Some(line), ..Self::new(operation) }
    }

    /// With a member.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.input.insert(name.to_owned(), value.into());
        self
    }

    /// With a member, if there is a value.
    pub(super) fn with_any(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a map, unless it is empty.
    pub(super) fn with_map(self, name: &str, map: &BTreeMap<String, String>) -> Self {
        if map.is_empty() { self } else { self.with(name, json!(map)) }
    }

    /// The input as JSON, indented and harmless to show.
    pub(crate) fn json(&self) -> String {
        escape_json(&serde_json::to_string_pretty(&self.input).unwrap_or_default())
    }

    /// The same as a command, which is of `aws` but for an engine's own routes: one line for a POSIX shell.
    pub(crate) fn command(&self, scope: &Scope, line: &CommandLine) -> String {
        if let Some(line) = &self.line {
            return line.clone();
        }
        let mut words = vec!["aws".to_owned()];
        if let Some(profile) = &line.profile {
            words.extend(["--profile".to_owned(), shell_quote(profile)]);
        }
        if let Some(url) = &line.endpoint_url {
            words.extend(["--endpoint-url".to_owned(), shell_quote(url)]);
        }
        words.extend(["--region".to_owned(), scope.region.to_string(), self.service.to_owned(), kebab(self.operation)]);
        for (name, value) in &self.input {
            let name = kebab(name);
            match value {
                Value::Bool(true) => words.push(format!("--{name}")),
                Value::Bool(false) => words.push(format!("--no-{name}")),
                Value::String(text) if text == NEW_PLAN_ID => words.push(format!("--{name} \"$PLAN_ID\"")),
                Value::String(text) => words.push(format!("--{name} {}", shell_quote(text))),
                other => words.push(format!("--{name} {}", shell_quote(&other.to_string()))),
            }
        }
        words.join(" ")
    }
}

/// AWS's names as the command line spells them: `IamRoleArn` → `iam-role-arn`.
fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(character.to_ascii_lowercase());
    }
    kebab
}
