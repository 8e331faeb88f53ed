//! Nothing is changed without a yes: a mutation is first [`Pending`], in full view; the typed answer is checked here; only
//! then there is an [`Approved`], which nothing else can make.
//!
//! ```compile_fail,E0451
//! // The constructor is private: an approval cannot be forged.
//! let forged = vaultdeck::client::Approved { pending: loop {}, by: loop {} };
//! ```

use crate::client::mutation::{NEW_PLAN_ID, Request, new_token};
use crate::client::text::{clean, shell_quote};
use crate::client::{Capabilities, Feature, Mutation};
use crate::domain::{Arn, Scope};
use serde_json::Value;

/// How much harm a mutation can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    /// It adds something, or can be undone.
    Low,
    /// It changes or stops something that others may rely on.
    Medium,
    /// It destroys something for good.
    High,
}

/// What must be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// `y`.
    Yes,
    /// Exactly this text.
    Type(String),
}

/// How the context is told to the `aws` command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--endpoint-url`.
    pub endpoint_url: Option<String>,
}

/// A mutation that waits for an answer, and everything that must be seen before it is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Where it happens.
    pub scope: Scope,
    /// What will be done.
    pub mutation: Mutation,
    /// What it does, in one line.
    pub summary: String,
    /// What else it means; empty for nothing.
    pub consequence: &'static str,
    /// How much harm it can do.
    pub danger: Danger,
    /// What must be answered.
    pub ask: Ask,
    /// The requests in their order, each with its `aws` line.
    pub requests: Vec<RequestView>,
    /// The token of these requests.
    token: String,
}

/// One request as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestView {
    /// `CreateBackupVault`.
    pub operation: &'static str,
    /// Its input as JSON, indented, with AWS's names.
    pub json: String,
    /// The same as one line for a POSIX shell.
    pub command: String,
}

/// A mutation that a user said yes to. It cannot be made in any other way, and is used up by being carried out.
#[derive(Debug)]
pub struct Approved {
    pending: Pending,
    by: Approval,
}

/// How the yes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// It was typed into the dashboard's dialog.
    Typed,
    /// The command line was itself the order.
    CommandLine,
}

/// The answer was not the one that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// It asks for a plain yes.
    #[error("type y to go on")]
    Yes,
    /// It asks for a text.
    #[error("type {0} exactly")]
    Type(String),
}

impl Pending {
    /// Prepares a mutation in `scope`; the error says why the context does not take it.
    pub fn new(
        scope: Scope,
        mutation: Mutation,
        capabilities: &Capabilities,
        line: &CommandLine,
    ) -> Result<Self, &'static str> {
        capabilities.allows(Feature::Write)?;
        let token = new_token();
        let requests = mutation.requests(&token);
        let requests = requests.iter().map(|request| RequestView::new(request, &scope, line)).collect();
        let (danger, ask) = mutation.asks();
        let (summary, consequence) = (clean(&mutation.summary()), mutation.consequence());
        Ok(Self { scope, mutation, summary, consequence, danger, ask, requests, token })
    }

    /// What makes sending it twice create one thing only.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

/// Checks the typed answer.
pub fn approve(pending: Pending, typed: &str) -> Result<Approved, NotApproved> {
    let typed = typed.trim();
    match &pending.ask {
        Ask::Yes if typed.eq_ignore_ascii_case("y") || typed.eq_ignore_ascii_case("yes") => {}
        Ask::Type(wanted) if typed == wanted => {}
        Ask::Yes => return Err(NotApproved::Yes),
        Ask::Type(wanted) => return Err(NotApproved::Type(wanted.clone())),
    }
    Ok(Approved { pending, by: Approval::Typed })
}

/// A subcommand with which the user ordered exactly this.
pub fn approve_command_line(pending: Pending) -> Approved {
    Approved { pending, by: Approval::CommandLine }
}

impl Approved {
    /// Where it happens.
    pub fn scope(&self) -> &Scope {
        &self.pending.scope
    }

    /// What was approved.
    pub fn pending(&self) -> &Pending {
        &self.pending
    }

    /// How.
    pub fn by(&self) -> Approval {
        self.by
    }
}

/// The part of an ARN or id that is short enough to type: its last word's first eight characters.
fn short(arn: &Arn) -> String {
    let last = arn.resource().rsplit([':', '/']).next().unwrap_or_default();
    let last = last.strip_prefix("snap-").unwrap_or(last);
    last.chars().take(8).collect()
}

impl Mutation {
    fn asks(&self) -> (Danger, Ask) {
        match self {
            Self::CreateVault { .. }
            | Self::CreatePlan { .. }
            | Self::CreateSelection { .. }
            | Self::StartBackup(_)
            | Self::TagResource { .. } => (Danger::Low, Ask::Yes),
            Self::StartRestore(start) if !start.writes_into_existing() => (Danger::Low, Ask::Yes),
            Self::UpdatePlan { .. }
            | Self::DeleteSelection { .. }
            | Self::StopBackup { .. }
            | Self::StartRestore(_)
            | Self::UpdateLifecycle { .. }
            | Self::UntagResource { .. } => (Danger::Medium, Ask::Yes),
            Self::DeleteVault { name } => (Danger::High, Ask::Type(name.clone())),
            Self::DeletePlan { name, .. } => (Danger::High, Ask::Type(name.clone())),
            Self::DeleteRecoveryPoint { recovery_point, .. } => (Danger::High, Ask::Type(short(recovery_point))),
        }
    }

    fn summary(&self) -> String {
        match self {
            Self::CreateVault { name, .. } => format!("Create vault {name}"),
            Self::DeleteVault { name } => format!("Delete vault {name}"),
            Self::CreatePlan { document, selections, .. } => {
                format!("Create plan {} with {}", document.backup_plan_name, count(selections.len(), "selection"))
            }
            Self::UpdatePlan { document, delete, create, .. } => {
                let selections = match (delete.len(), create.len()) {
                    (0, 0) => String::new(),
                    (delete, create) => format!(", delete {delete} and create {}", count(create, "selection")),
                };
                format!("Update plan {}{selections}", document.backup_plan_name)
            }
            Self::DeletePlan { name, selections, .. } => {
                format!("Delete plan {name} and its {}", count(selections.len(), "selection"))
            }
            Self::CreateSelection { document, .. } => format!("Create selection {}", document.selection_name),
            Self::DeleteSelection { selection, .. } => format!("Delete selection {}", selection.name),
            Self::StartBackup(start) => format!("Back up {} into {}", start.resource.resource(), start.vault),
            Self::StopBackup { id } => format!("Stop backup job {id}"),
            Self::StartRestore(start) => format!("Restore {}", short(&start.recovery_point)),
            Self::DeleteRecoveryPoint { vault, recovery_point } => {
                format!("Delete recovery point {} from {vault}", short(recovery_point))
            }
            Self::UpdateLifecycle { recovery_point, lifecycle, .. } => {
                let days = lifecycle.delete_after_days.filter(|days| *days > 0);
                let life =
                    days.map_or_else(|| "for ever".to_owned(), |days| format!("for {}", count(days as usize, "day")));
                format!("Keep recovery point {} {life}", short(recovery_point))
            }
            Self::TagResource { arn, tags } => format!("Set {} on {}", count(tags.len(), "tag"), arn.resource()),
            Self::UntagResource { arn, keys } => format!("Remove {} from {}", count(keys.len(), "tag"), arn.resource()),
        }
    }

    fn consequence(&self) -> &'static str {
        match self {
            Self::DeleteVault { .. } => "Only an empty vault can be deleted.",
            Self::DeletePlan { .. } => {
                "No more backups are made by it. Its recovery points stay until their lifecycle ends."
            }
            Self::UpdatePlan { .. } => {
                "Backups made from now on follow the new version; those made before keep their lifecycle."
            }
            Self::DeleteSelection { .. } => "The plan no longer protects what it selected.",
            Self::StopBackup { .. } => "The job ends without a recovery point.",
            Self::DeleteRecoveryPoint { .. } => "The backup is gone for good.",
            Self::UpdateLifecycle { .. } => "A life that is already over deletes it within 8 hours.",
            Self::StartRestore(start) if start.writes_into_existing() => {
                "It writes into the source, into a folder aws-backup-restore_<time>; nothing there is overwritten."
            }
            _ => "",
        }
    }
}

impl crate::client::mutation::StartRestore {
    /// Whether it writes into something that exists already.
    fn writes_into_existing(&self) -> bool {
        self.metadata.get("newFileSystem").is_some_and(|new| new.eq_ignore_ascii_case("false"))
    }
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

impl RequestView {
    fn new(request: &Request, scope: &Scope, line: &CommandLine) -> Self {
        let json = serde_json::to_string_pretty(&request.input).unwrap_or_default();
        Self {
            operation: request.operation,
            json: crate::client::text::escape_json(&json),
            command: command(request, scope, line),
        }
    }
}

/// The request as an `aws backup` command.
fn command(request: &Request, scope: &Scope, line: &CommandLine) -> String {
    let mut words = vec!["aws".to_owned()];
    if let Some(profile) = &line.profile {
        words.extend(["--profile".to_owned(), shell_quote(profile)]);
    }
    if let Some(url) = &line.endpoint_url {
        words.extend(["--endpoint-url".to_owned(), shell_quote(url)]);
    }
    words.extend(["--region".to_owned(), scope.region.to_string(), "backup".to_owned(), kebab(request.operation)]);
    for (name, value) in request.input.as_object().into_iter().flatten() {
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
