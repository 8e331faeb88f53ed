//! Merges the policies that an account inherits into the one that holds there.
//!
//! The levels go from the root over the units to the account. On one level, of several policies, the `@@assign` of the one
//! that was attached first is taken, everything that is appended is, and what is removed is removed from what is inherited.
//! What a level may do at a node is what all levels above it allow there; what it may not do is left out, without an error, as
//! AWS does.

use super::{Allowed, BackupPolicy, Node, Scalar, same_name};
use serde_json::{Map, Value};

/// The policy that holds in an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    pub(super) root: Merged,
}

/// What holds at one place, so far.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Merged {
    Branch { allowed: Allowed, members: Vec<(String, Merged)> },
    One { allowed: Allowed, value: Option<Scalar> },
    Many { allowed: Allowed, values: Vec<String> },
}

impl Effective {
    /// Merges the policies of the levels, the highest level first, and of each level the policy first that was attached first.
    pub fn of<'p, L>(levels: impl IntoIterator<Item = L>) -> Self
    where
        L: IntoIterator<Item = &'p BackupPolicy>,
    {
        let mut root = Merged::Branch { allowed: Allowed::ALL, members: Vec::new() };
        for level in levels {
            let nodes: Vec<&Node> = level.into_iter().map(|policy| &policy.root).collect();
            root.take(&nodes);
            root.restrict(&nodes);
        }
        Self { root }
    }

    /// The document as DescribeEffectivePolicy shows it: without operators, and without what has no value. The names of rules,
    /// selections, tags and conditions are in lower case, in which they are compared; a plan keeps the name that the highest
    /// policy gives it. Variables are filled in by AWS Backup, not here.
    pub fn to_json(&self) -> Value {
        let plans = self.root.named("plans").filter_map(|(name, plan)| Some((name.to_owned(), plan.to_json()?)));
        Value::Object(Map::from_iter([("plans".to_owned(), Value::Object(plans.collect()))]))
    }
}

impl Merged {
    /// A place of which nothing is inherited.
    fn new(like: &Node) -> Self {
        let allowed = Allowed::ALL;
        match like {
            Node::Branch { .. } => Self::Branch { allowed, members: Vec::new() },
            Node::One { .. } => Self::One { allowed, value: None },
            Node::Many { .. } => Self::Many { allowed, values: Vec::new() },
        }
    }

    /// Does what the policies of one level say here, as far as the levels above allow.
    fn take(&mut self, nodes: &[&Node]) {
        match self {
            Self::One { allowed, value } => {
                let mut assigned = nodes.iter().filter_map(|node| match node {
                    Node::One { assign, .. } => assign.as_ref(),
                    _ => None,
                });
                if allowed.assign
                    && let Some(first) = assigned.next()
                {
                    *value = Some(first.clone());
                }
            }
            Self::Many { allowed, values } => take_many(*allowed, values, nodes),
            Self::Branch { allowed, members } => {
                for (name, nodes) in by_name(nodes) {
                    let Some(first) = nodes.first() else { continue };
                    let known = members.iter().position(|(known, _)| same_name(known, &name));
                    let place = match known {
                        Some(place) => place,
                        None if allowed.adds() => {
                            members.push((name, Self::new(first)));
                            members.len() - 1
                        }
                        None => continue,
                    };
                    if let Some((_, merged)) = members.get_mut(place) {
                        merged.take(&nodes);
                    }
                }
            }
        }
    }

    /// Notes what the policies of one level allow those further down: what all of them do.
    fn restrict(&mut self, nodes: &[&Node]) {
        let all = nodes.iter().fold(Allowed::ALL, |all, node| all.and(node.allowed()));
        match self {
            Self::One { allowed, .. } | Self::Many { allowed, .. } => *allowed = allowed.and(all),
            Self::Branch { allowed, members } => {
                *allowed = allowed.and(all);
                for (name, nodes) in by_name(nodes) {
                    if let Some((_, merged)) = members.iter_mut().find(|(known, _)| same_name(known, &name)) {
                        merged.restrict(&nodes);
                    }
                }
            }
        }
    }

    /// The JSON of it, where it has any value.
    fn to_json(&self) -> Option<Value> {
        match self {
            Self::One { value, .. } => Some(match value.as_ref()? {
                Scalar::Text(text) => Value::String(text.clone()),
                Scalar::Flag(flag) => Value::Bool(*flag),
            }),
            Self::Many { values, .. } if values.is_empty() => None,
            Self::Many { values, .. } => Some(values.iter().cloned().map(Value::String).collect()),
            Self::Branch { members, .. } => {
                let members =
                    members.iter().filter_map(|(name, merged)| Some((name.to_lowercase(), merged.to_json()?)));
                let members: Map<String, Value> = members.collect();
                (!members.is_empty()).then_some(Value::Object(members))
            }
        }
    }

    pub(super) fn member(&self, wanted: &str) -> Option<&Self> {
        match self {
            Self::Branch { members, .. } => {
                members.iter().find(|(name, _)| same_name(name, wanted)).map(|(_, merged)| merged)
            }
            _ => None,
        }
    }

    /// The members of a member, which have some value.
    pub(super) fn named(&self, wanted: &str) -> impl Iterator<Item = (&str, &Self)> {
        let members = match self.member(wanted) {
            Some(Self::Branch { members, .. }) => members.as_slice(),
            _ => &[],
        };
        members.iter().filter(|(_, merged)| merged.to_json().is_some()).map(|(name, merged)| (name.as_str(), merged))
    }

    /// The value of a member that is a string.
    pub(super) fn text(&self, wanted: &str) -> Option<&str> {
        match self.member(wanted)? {
            Self::One { value: Some(Scalar::Text(text)), .. } => Some(text),
            _ => None,
        }
    }

    /// The value of a member that is true or false.
    pub(super) fn flag(&self, wanted: &str) -> Option<bool> {
        match self.member(wanted)? {
            Self::One { value: Some(Scalar::Flag(flag)), .. } => Some(*flag),
            _ => None,
        }
    }

    /// The values of a member that has several.
    pub(super) fn list(&self, wanted: &str) -> &[String] {
        match self.member(wanted) {
            Some(Self::Many { values, .. }) => values,
            _ => &[],
        }
    }
}

fn take_many(allowed: Allowed, values: &mut Vec<String>, nodes: &[&Node]) {
    let settings = || {
        nodes.iter().filter_map(|node| match node {
            Node::Many { assign, append, remove, .. } => Some((assign, append, remove)),
            _ => None,
        })
    };
    let assigned = settings().find_map(|(assign, ..)| assign.as_ref()).filter(|_| allowed.assign);
    if let Some(assigned) = assigned {
        values.clear();
        add(values, assigned);
    } else if allowed.remove {
        for (_, _, remove) in settings() {
            values.retain(|value| !remove.contains(value));
        }
    }
    if allowed.append {
        for (_, append, _) in settings() {
            add(values, append);
        }
    }
}

/// Adds what is not there yet.
fn add(values: &mut Vec<String>, more: &[String]) {
    for value in more {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
}

/// The members of several branches, those of one name together, in the order in which the names come.
fn by_name<'n>(nodes: &[&'n Node]) -> Vec<(String, Vec<&'n Node>)> {
    let mut names: Vec<(String, Vec<&'n Node>)> = Vec::new();
    let members = nodes.iter().filter_map(|node| match node {
        Node::Branch { members, .. } => Some(members),
        _ => None,
    });
    for (name, node) in members.flatten() {
        match names.iter_mut().find(|(known, _)| same_name(known, name)) {
            Some((_, of_name)) => of_name.push(node),
            None => names.push((name.clone(), vec![node])),
        }
    }
    names
}
