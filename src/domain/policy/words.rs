//! A policy in plain words, one line for each statement.

use super::{Condition, Effect, Element, Policy, PrincipalEntry, Statement, Test};

/// How many names are listed before the rest is only counted.
const LISTED: usize = 6;

/// What of a policy in words would change: the lines that go, with a minus, then those that stay and those that come, with a
/// plus.
pub fn difference(was: &[String], will: &[String]) -> String {
    let gone = was.iter().filter(|line| !will.contains(line)).map(|line| format!("- {line}"));
    let then = will.iter().map(|line| if was.contains(line) { format!("  {line}") } else { format!("+ {line}") });
    let lines: Vec<String> = gone.chain(then).collect();
    if lines.is_empty() { "Nothing changes.".to_owned() } else { lines.join("\n") }
}

impl Policy {
    /// What it says, a line for each statement in its order.
    pub fn in_words(&self) -> Vec<String> {
        self.statements.iter().map(Statement::in_words).collect()
    }
}

impl Statement {
    /// `Nobody can DeleteRecoveryPoint, unless aws:PrincipalArn is arn:…`.
    pub fn in_words(&self) -> String {
        let what = actions(&self.actions);
        let on = match &self.resources {
            Element::Only(patterns) if patterns.iter().any(|pattern| pattern == "*") => String::new(),
            Element::Only(patterns) => format!(" on {}", listed(patterns, "or")),
            Element::AllBut(patterns) => format!(" on all but {}", listed(patterns, "and")),
        };
        let who = match (self.effect, &self.principals) {
            (Effect::Deny, Element::Only(entries)) if entries.contains(&PrincipalEntry::Anybody) => {
                "Nobody can".to_owned()
            }
            (Effect::Deny, Element::Only(entries)) => format!("{} cannot", listed(&entries_in_words(entries), "and")),
            (Effect::Deny, Element::AllBut(entries)) => {
                format!("Nobody but {} can", listed(&entries_in_words(entries), "and"))
            }
            (Effect::Allow, Element::Only(entries) | Element::AllBut(entries)) => {
                format!("{} can", listed(&entries_in_words(entries), "and"))
            }
        };
        format!("{who} {what}{on}{}", self.conditions_in_words())
    }

    /// A denial under a condition that something is not so reads better the other way round.
    fn conditions_in_words(&self) -> String {
        match &self.conditions[..] {
            [] => String::new(),
            [only] if self.effect == Effect::Deny && only.operator.negated && !only.if_exists => {
                format!(", unless {}", only.in_words(false))
            }
            all => {
                let words: Vec<String> = all.iter().map(|one| one.in_words(one.operator.negated)).collect();
                format!(", where {}", words.join(" and "))
            }
        }
    }
}

impl Condition {
    fn in_words(&self, negated: bool) -> String {
        let is = match (self.operator.test, negated) {
            (Test::Null, _) => return format!("{} is absent: {}", self.key, listed(&self.values, "or")),
            (Test::Numeric(order) | Test::Date(order), false) => order.in_words(),
            (_, false) => "is",
            (_, true) => "is not",
        };
        let missing = if self.if_exists { " or is absent" } else { "" };
        format!("{} {is} {}{missing}", self.key, listed(&self.values, "or"))
    }
}

/// The names without the service, which is the same for nearly all.
fn actions(element: &Element<String>) -> String {
    let short = |names: &[String]| -> Vec<String> {
        names.iter().map(|name| name.strip_prefix("backup:").unwrap_or(name).to_owned()).collect()
    };
    match element {
        Element::Only(names) => listed(&short(names), "or"),
        Element::AllBut(names) => format!("anything but {}", listed(&short(names), "and")),
    }
}

fn entries_in_words(entries: &[PrincipalEntry]) -> Vec<String> {
    let words = |entry: &PrincipalEntry| match entry {
        PrincipalEntry::Anybody => "anybody".to_owned(),
        PrincipalEntry::Account(account) => format!("account {account}"),
        PrincipalEntry::Identity(arn) => format!("{} of {}", arn.resource(), arn.account()),
        PrincipalEntry::Service(service) => service.clone(),
    };
    entries.iter().map(words).collect()
}

fn listed(names: &[String], last: &str) -> String {
    let more = names.len().saturating_sub(LISTED);
    let shown: Vec<String> = names.iter().take(LISTED).cloned().collect();
    match (&shown[..], more) {
        ([], _) => String::new(),
        ([one], 0) => one.clone(),
        ([rest @ .., end], 0) => format!("{} {last} {end}", rest.join(", ")),
        (all, more) => format!("{} {last} {more} more", all.join(", ")),
    }
}
