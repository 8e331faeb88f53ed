//! What a policy decides of a request.

use super::facts::{Fact, Facts, Holds};
use super::principals::Identity;
use super::{Effect, Element, Policy, Statement, Version, pattern};
use std::collections::BTreeSet;

/// A request to decide on.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub identity: &'a Identity,
    /// AWS's name of the action.
    pub action: &'a str,
    /// The ARN of what it is done to.
    pub resource: &'a str,
    /// What else is known.
    pub facts: &'a Facts,
}

/// What a policy decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A statement denies it, whatever else may allow it; the first that does.
    Deny(usize),
    /// A statement allows it and none denies it; the first that does.
    Allow(usize),
    /// No statement is about it.
    Nothing,
    /// It depends on keys that are not known.
    Depends {
        /// The first statement that may decide it.
        statement: usize,
        /// The keys.
        keys: BTreeSet<String>,
    },
}

impl Policy {
    /// Decides on a request: an explicit deny goes before any allow.
    pub fn evaluate(&self, request: &Request<'_>) -> Decision {
        let of = |effect: Effect| {
            let judged = self.statements.iter().enumerate().filter(move |(_, s)| s.effect == effect);
            judged.map(|(index, statement)| (index, self.applies(statement, request)))
        };
        let first = |effect, wanted| of(effect).find(|(_, holds)| *holds == wanted).map(|(index, _)| index);
        if let Some(index) = first(Effect::Deny, Holds::Yes) {
            return Decision::Deny(index);
        }
        let allowed = first(Effect::Allow, Holds::Yes);
        let open = match (first(Effect::Deny, Holds::Unknown), allowed) {
            (None, None) => first(Effect::Allow, Holds::Unknown),
            (denies, _) => denies,
        };
        match (open, allowed) {
            (Some(statement), _) => Decision::Depends { statement, keys: self.unknown_keys(statement, request.facts) },
            (None, Some(index)) => Decision::Allow(index),
            (None, None) => Decision::Nothing,
        }
    }

    fn applies(&self, statement: &Statement, request: &Request<'_>) -> Holds {
        if !statement.principals.is_about(request.identity) || !statement.names_action(request.action) {
            return Holds::No;
        }
        let fits = |pattern: &String| pattern::is_like(pattern, request.resource, self.version, request.facts);
        let resource = match &statement.resources {
            Element::Only(patterns) => Holds::any(patterns.iter().map(fits)),
            Element::AllBut(patterns) => Holds::any(patterns.iter().map(fits)).not(),
        };
        let conditions = statement.conditions.iter().map(|condition| condition.holds(self.version, request.facts));
        resource.and(Holds::all(conditions))
    }

    fn unknown_keys(&self, statement: usize, facts: &Facts) -> BTreeSet<String> {
        let keys = self.statements.get(statement).into_iter().flat_map(Statement::keys);
        keys.filter(|key| facts.get(key) == Fact::Unknown).map(str::to_owned).collect()
    }
}

impl Statement {
    /// Whether it is about a resource, whoever asks.
    pub(super) fn fits_resource(&self, resource: &str, version: Version) -> bool {
        let fits = |pattern: &String| pattern::is_like(pattern, resource, version, &Facts::complete()) == Holds::Yes;
        match &self.resources {
            Element::Only(patterns) => patterns.iter().any(fits),
            Element::AllBut(patterns) => !patterns.iter().any(fits),
        }
    }

    /// Whether it is about an action; IAM does not mind the case.
    pub fn names_action(&self, action: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case(action));
        match &self.actions {
            Element::Only(names) => named(names),
            Element::AllBut(names) => !named(names),
        }
    }

    /// Every condition key that it names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let (Element::Only(resources) | Element::AllBut(resources)) = &self.resources;
        let texts = resources.iter().chain(self.conditions.iter().flat_map(|condition| &condition.values));
        let tested = self.conditions.iter().map(|condition| condition.key.as_str());
        tested.chain(texts.flat_map(|text| pattern::variables(text)))
    }
}
