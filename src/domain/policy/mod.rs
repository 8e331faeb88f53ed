//! Access policies of vaults: the language of IAM's resource-based policies, as far as AWS Backup takes it.
//!
//! A policy is a text that is kept as it was put. [`Policy::parse`] reads it and names what is wrong with it;
//! [`Policy::evaluate`] says what it decides of one request, and by which statement. The engine decides calls with it, and
//! the dashboard, which cannot know all that AWS knows of a caller, asks the same function with facts that are unknown.

mod actions;
mod conditions;
mod evaluate;
mod facts;
mod pattern;
mod principals;
mod read;
mod standing;
mod templates;
#[cfg(test)]
mod tests;
mod words;

pub use actions::{COPY_INTO_VAULT, Target, spelled as spelled_action, target_of};
pub use conditions::{Condition, Operator, Quantifier, Test};
pub use evaluate::{Decision, Request};
pub use facts::{Fact, Facts};
pub use principals::{Identity, PrincipalEntry};
pub use read::shown;
pub use standing::{PolicyStanding, standing_of, standings};
pub use templates::Template;
pub use words::difference;

/// How many bytes a policy has at most.
pub const MAX_BYTES: usize = 20_480;

/// A policy that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// What language it is written in.
    pub version: Version,
    /// Its statements, in their order; there is one at least.
    pub statements: Vec<Statement>,
}

/// The `Version` of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, also where none is said: `${…}` is nothing special in it.
    V2008,
    /// `2012-10-17`: it has variables.
    V2012,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its `Sid`.
    pub sid: Option<String>,
    /// What it does.
    pub effect: Effect,
    /// Whom it is about.
    pub principals: Element<PrincipalEntry>,
    /// Which actions; AWS's names.
    pub actions: Element<String>,
    /// Which resources: ARNs in which `*` and `?` stand for others.
    pub resources: Element<String>,
    /// What else must hold.
    pub conditions: Vec<Condition>,
}

/// What a statement does to the requests that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows them, where nothing denies them.
    Allow,
    /// It denies them, whatever allows them.
    Deny,
}

/// An element that names some, or all but some: `Action` or `NotAction`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element<T> {
    /// These.
    Only(Vec<T>),
    /// All but these.
    AllBut(Vec<T>),
}

impl Policy {
    /// What a statement is called: its `Sid`, or the number that it has in the policy.
    pub fn name_of(&self, index: usize) -> String {
        let sid = self.statements.get(index).and_then(|statement| statement.sid.as_deref());
        sid.map_or_else(|| format!("statement {}", index + 1), |sid| format!("statement {sid:?}"))
    }
}
