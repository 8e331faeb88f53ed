//! Nothing is changed without a yes: a mutation is first [`Pending`], in full view; the typed answer is checked here; only
//! then there is an [`Approved`], which nothing else can make.
//!
//! ```compile_fail,E0451
//! // The constructor is private: an approval cannot be forged.
//! let forged = vaultdeck::client::Approved { pending: loop {}, by: loop {} };
//! ```

mod batch;

pub use batch::{Batch, approve_all};

use crate::client::change::{Order, Request, new_token};
use crate::client::command_line::CommandLine;
use crate::client::text::clean;
use crate::client::{Ask, Capabilities, Danger, Feature, Mutation};
use crate::domain::Scope;

/// A mutation that waits for an answer, and everything that must be seen before it is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Where it happens.
    pub scope: Scope,
    /// What will be done: nothing else than what [`Pending::requests`] shows, so nobody may put another here.
    mutation: Mutation,
    /// What it does, in one line.
    pub summary: String,
    /// What else it means; empty for nothing.
    pub consequence: String,
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
        mutation: impl Into<Mutation>,
        capabilities: &Capabilities,
        line: &CommandLine,
    ) -> Result<Self, &'static str> {
        capabilities.allows(Feature::Write)?;
        let (mutation, token) = (mutation.into(), new_token());
        let requests = mutation.requests(&token);
        let requests = requests.iter().map(|request| RequestView::new(request, &scope, line)).collect();
        let (danger, ask) = mutation.asks();
        let (summary, consequence) = (clean(&mutation.summary()), clean(&mutation.consequence()));
        Ok(Self { scope, mutation, summary, consequence, danger, ask, requests, token })
    }

    /// What will be done.
    pub fn mutation(&self) -> &Mutation {
        &self.mutation
    }

    /// With what else is known of what it means here, in whole sentences.
    pub fn telling(mut self, more: &str) -> Self {
        let more = clean(more);
        let gap = if self.consequence.is_empty() || more.is_empty() { "" } else { " " };
        self.consequence = format!("{}{gap}{more}", self.consequence);
        self
    }
}

/// Checks the typed answer.
pub fn approve(pending: Pending, typed: &str) -> Result<Approved, NotApproved> {
    check(&pending.ask, typed)?;
    Ok(Approved { pending, by: Approval::Typed })
}

/// Whether this is the answer that is asked for.
fn check(ask: &Ask, typed: &str) -> Result<(), NotApproved> {
    let typed = typed.trim();
    match ask {
        Ask::Yes if typed.eq_ignore_ascii_case("y") || typed.eq_ignore_ascii_case("yes") => Ok(()),
        Ask::Type(wanted) if typed == wanted => Ok(()),
        Ask::Yes => Err(NotApproved::Yes),
        Ask::Type(wanted) => Err(NotApproved::Type(wanted.clone())),
    }
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

    /// Gives out what may be sent now: the requests that were shown, under the same token.
    pub(in crate::client) fn into_order(self) -> (Mutation, Order) {
        let Pending { scope, mutation, token, .. } = self.pending;
        let approval = match self.by {
            Approval::Typed => "typed",
            Approval::CommandLine => "command_line",
        };
        let requests = mutation.requests(&token);
        (mutation, Order { scope, approval, token, requests })
    }
}

impl RequestView {
    fn new(request: &Request, scope: &Scope, line: &CommandLine) -> Self {
        Self { operation: request.operation, json: request.json(), command: request.command(scope, line) }
    }
}
