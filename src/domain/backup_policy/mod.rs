//! Backup policies of an organization: the language of AWS Organizations, and what comes of it in an account.
//!
//! A policy is a text that is kept as it was put. [`BackupPolicy::parse`] reads it and names what is wrong with it.
//! Policies are attached to the organization's root, to units and to accounts; [`Effective::of`] merges those that an account
//! inherits, from the root down, into the one that holds there, and [`Effective::plans`] says which backup plans it makes in
//! which regions. What may stand where is one table, `schema`.
//!
//! The names that an author gives (of plans, rules, selections, tags and copies) are compared without regard to case, as AWS
//! does: a child cannot get around its parents' `@@none` by writing `HOURLY` for `Hourly`.

#[cfg(test)]
mod air_gap_tests;
mod inherit;
mod plans;
#[cfg(test)]
mod properties;
mod read;
mod record;
mod schema;
#[cfg(test)]
mod tests;

pub use inherit::Effective;
pub use plans::{AccountPlan, Plans, ValidationError};
pub use record::{EffectivePolicy, Policy, PolicyId, PolicyType, Target, TargetId};

/// How many characters a policy has at most.
pub const MAX_CHARACTERS: usize = 10_000;

/// How many selections by tag a plan has at most, and how many values each.
pub const MAX_TAGS: usize = 30;

/// The operator by which a node says what policies further down may do to it.
const CHILD_CONTROL: &str = "@@operators_allowed_for_child_policies";

/// A policy that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupPolicy {
    root: Node,
    not_built: Vec<String>,
}

/// What a policy says at one place.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// Something that has members.
    Branch {
        /// What child policies may do here: whether they may add members.
        allowed: Allowed,
        /// By their names, in their order.
        members: Vec<(String, Self)>,
    },
    /// A setting of one value.
    One {
        /// What child policies may do to it.
        allowed: Allowed,
        /// `@@assign`.
        assign: Option<Scalar>,
    },
    /// A setting of several values.
    Many {
        /// What child policies may do to it.
        allowed: Allowed,
        /// `@@assign`.
        assign: Option<Vec<String>>,
        /// `@@append`.
        append: Vec<String>,
        /// `@@remove`.
        remove: Vec<String>,
    },
}

/// A single value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scalar {
    /// A string; numbers are written so as well.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
}

/// The value-setting operators that child policies may use at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Allowed {
    assign: bool,
    append: bool,
    remove: bool,
}

impl BackupPolicy {
    /// Whether it says anything of this plan.
    pub fn speaks_of(&self, plan: &str) -> bool {
        self.root.member("plans").is_some_and(|plans| plans.member(plan).is_some())
    }
}

impl Allowed {
    /// What holds where nothing is said: `@@all`.
    const ALL: Self = Self { assign: true, append: true, remove: true };
    /// `@@none`.
    const NONE: Self = Self { assign: false, append: false, remove: false };

    /// What both allow: what a parent forbids, no child gives back.
    fn and(self, other: Self) -> Self {
        Self {
            assign: self.assign && other.assign,
            append: self.append && other.append,
            remove: self.remove && other.remove,
        }
    }

    /// Whether a member that is not inherited may be added: both operators do that.
    fn adds(self) -> bool {
        self.assign || self.append
    }
}

impl Node {
    fn member(&self, wanted: &str) -> Option<&Self> {
        match self {
            Self::Branch { members, .. } => {
                members.iter().find(|(name, _)| same_name(name, wanted)).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    fn allowed(&self) -> Allowed {
        match self {
            Self::Branch { allowed, .. } | Self::One { allowed, .. } | Self::Many { allowed, .. } => *allowed,
        }
    }
}

/// Whether two names that authors gave are the same.
fn same_name(one: &str, other: &str) -> bool {
    one == other || one.to_lowercase() == other.to_lowercase()
}
