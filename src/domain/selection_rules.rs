//! Which resources a selection takes, and why.

use crate::domain::selection::{Candidate, ConditionParameter, Conditions, SelectionDocument, TagCondition};
use crate::domain::{Arn, Invalid, Region, SelectionName};
use std::fmt;

/// The prefix of every key in `Conditions`.
pub const CONDITION_PREFIX: &str = "aws:ResourceTag/";

/// What restore tests leave behind begins with this, as a tag's key; no plan picks it up.
const RESTORE_TEST_TAG: &str = "awsbackup-restore-test";

/// The most exact ARNs of a selection.
pub const MAX_ARNS: usize = 500;

/// The most ARN patterns, tags and conditions of a selection, each counted alone.
pub const MAX_PATTERNS: usize = 30;

/// Whether a resource is taken, and everything that speaks for and against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether a plan with this selection backs the resource up.
    pub selected: bool,
    /// What speaks for it, then what speaks against it; never empty.
    pub reasons: Vec<Reason>,
}

/// One thing that speaks for or against a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// An entry of `Resources` matches.
    Resource(String),
    /// An entry of `ListOfTags` matches.
    Tag {
        /// The tag's key.
        key: String,
        /// Its value.
        value: String,
    },
    /// Neither `Resources` nor `ListOfTags` matches.
    NothingMatches,
    /// An entry of `NotResources` matches.
    Excluded(String),
    /// A condition does not hold.
    Condition {
        /// `StringEquals`, …
        operator: &'static str,
        /// The tag's key.
        key: String,
        /// The value or pattern of the condition.
        expected: String,
        /// The value that the resource has.
        actual: Option<String>,
    },
    /// The resource's type is not opted in, in this account and region.
    NotOptedIn(String),
    /// It is what a restore test left behind.
    RestoreTest,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(pattern) => write!(f, "Resources has {pattern}"),
            Self::Tag { key, value } => write!(f, "ListOfTags has {key}={value}"),
            Self::NothingMatches => f.write_str("no entry of Resources or ListOfTags matches"),
            Self::Excluded(pattern) => write!(f, "NotResources has {pattern}"),
            Self::Condition { operator, key, expected, actual: Some(actual) } => {
                write!(f, "{operator} {key} {expected} does not hold: the tag is {actual}")
            }
            Self::Condition { operator, key, expected, actual: None } => {
                write!(f, "{operator} {key} {expected} does not hold: there is no such tag")
            }
            Self::NotOptedIn(resource_type) => write!(f, "{resource_type} is not opted in here"),
            Self::RestoreTest => f.write_str("a restore test made it"),
        }
    }
}

/// Whether `selection` takes `candidate`, whose type may be opted in or not.
pub fn decide(selection: &SelectionDocument, candidate: &Candidate<'_>, opted_in: bool) -> Decision {
    let arn = candidate.arn.as_str();
    let by_arn: Vec<&String> = selection.resources.iter().filter(|pattern| matches(pattern, arn)).collect();
    let by_tag = selection.list_of_tags.iter().filter(|tag| tag.holds(candidate));
    let mut reasons: Vec<Reason> = by_arn.iter().map(|pattern| Reason::Resource((*pattern).clone())).collect();
    reasons
        .extend(by_tag.map(|tag| Reason::Tag { key: tag.condition_key.clone(), value: tag.condition_value.clone() }));
    let mut against: Vec<Reason> = Vec::new();
    if reasons.is_empty() {
        against.push(Reason::NothingMatches);
    }
    against
        .extend(selection.not_resources.iter().filter(|pattern| matches(pattern, arn)).cloned().map(Reason::Excluded));
    against.extend(selection.conditions.failing(candidate));
    if !opted_in && !by_arn.iter().any(|pattern| names_a_type(pattern)) {
        against.push(Reason::NotOptedIn(candidate.resource_type.to_string()));
    }
    if candidate.tags.keys().any(|key| key.starts_with(RESTORE_TEST_TAG)) {
        against.push(Reason::RestoreTest);
    }
    let selected = against.is_empty();
    reasons.append(&mut against);
    Decision { selected, reasons }
}

/// Those of `candidates` that `selection` takes, in their order.
pub fn select_all<'a>(
    selection: &SelectionDocument,
    candidates: impl IntoIterator<Item = Candidate<'a>>,
    opted_in: impl Fn(&crate::domain::ResourceType) -> bool,
) -> Vec<Candidate<'a>> {
    candidates
        .into_iter()
        .filter(|candidate| decide(selection, candidate, opted_in(candidate.resource_type)).selected)
        .collect()
}

impl TagCondition {
    fn holds(&self, candidate: &Candidate<'_>) -> bool {
        candidate.tags.get(&self.condition_key) == Some(&self.condition_value)
    }
}

impl Conditions {
    /// The four lists with their operators' names.
    fn lists(&self) -> [(&'static str, &[ConditionParameter]); 4] {
        [
            ("StringEquals", &self.string_equals),
            ("StringNotEquals", &self.string_not_equals),
            ("StringLike", &self.string_like),
            ("StringNotLike", &self.string_not_like),
        ]
    }

    fn failing(&self, candidate: &Candidate<'_>) -> impl Iterator<Item = Reason> {
        self.lists().into_iter().flat_map(move |(operator, list)| {
            list.iter().filter_map(move |condition| condition.failure(operator, candidate))
        })
    }
}

impl ConditionParameter {
    /// The tag's key, without the prefix.
    fn tag_key(&self) -> &str {
        self.condition_key.strip_prefix(CONDITION_PREFIX).unwrap_or(&self.condition_key)
    }

    fn failure(&self, operator: &'static str, candidate: &Candidate<'_>) -> Option<Reason> {
        let actual = candidate.tags.get(self.tag_key());
        let expected = self.condition_value.as_str();
        let holds = match operator {
            "StringEquals" => actual.is_some_and(|value| value == expected),
            "StringNotEquals" => actual.is_none_or(|value| value != expected),
            "StringLike" => actual.is_some_and(|value| matches(expected, value)),
            _ => actual.is_none_or(|value| !matches(expected, value)),
        };
        (!holds).then(|| Reason::Condition {
            operator,
            key: self.tag_key().to_owned(),
            expected: expected.to_owned(),
            actual: actual.cloned(),
        })
    }
}

/// Whether `text` matches `pattern`, in which `*` stands for any text; case counts.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(found) => rest = &rest[found + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether an entry of `Resources` names a resource type, and not all of a service; such a one bypasses the opt-in.
fn names_a_type(pattern: &str) -> bool {
    let mut parts = pattern.splitn(6, ':');
    let service = parts.nth(2).unwrap_or_default();
    parts.nth(2).is_some_and(|resource| service == "s3" || !resource.starts_with('*'))
}

impl SelectionDocument {
    /// Checks every rule that AWS checks before it looks anything up, for a plan that lives in `region`.
    pub fn validate(&self, region: &Region) -> Result<(), Invalid> {
        if self.selection_name.is_empty() {
            return Err(Invalid::missing("SelectionName"));
        }
        self.selection_name.parse::<SelectionName>()?;
        if self.iam_role_arn.is_empty() {
            return Err(Invalid::missing("IamRoleArn"));
        }
        let role: Option<Arn> = self.iam_role_arn.parse().ok();
        if !role.is_some_and(|role| role.service() == "iam" && role.resource().starts_with("role/")) {
            return Err(Invalid::value("IamRoleArn", format_args!("{:?} is not the ARN of a role", self.iam_role_arn)));
        }
        if self.resources.is_empty() && self.list_of_tags.is_empty() {
            return Err(Invalid::with_message(
                "Resources",
                "Invalid backup selection. Either 'ListOfTags' or 'Resources' section must be non-empty.",
            ));
        }
        self.validate_counts()?;
        self.resources.iter().try_for_each(|pattern| validate_pattern("Resources", pattern, region))?;
        self.not_resources.iter().try_for_each(|pattern| validate_pattern("NotResources", pattern, region))?;
        self.list_of_tags.iter().try_for_each(TagCondition::validate)?;
        self.conditions
            .lists()
            .into_iter()
            .try_for_each(|(operator, list)| list.iter().try_for_each(|condition| condition.validate(operator)))
    }

    fn validate_counts(&self) -> Result<(), Invalid> {
        let patterns = self.resources.iter().chain(&self.not_resources);
        let (wild, exact): (Vec<&String>, Vec<&String>) = patterns.partition(|pattern| pattern.contains('*'));
        let conditions: usize = self.conditions.lists().iter().map(|(_, list)| list.len()).sum();
        let table = [
            ("Resources", "ARNs without a wildcard", exact.len(), MAX_ARNS),
            ("Resources", "ARNs with a wildcard", wild.len(), MAX_PATTERNS),
            ("ListOfTags", "tags", self.list_of_tags.len(), MAX_PATTERNS),
            ("Conditions", "conditions", conditions, MAX_PATTERNS),
        ];
        for (field, what, count, most) in table {
            if count > most {
                return Err(Invalid::value(
                    field,
                    format_args!("a selection has at most {most} {what}, {count} were given"),
                ));
            }
        }
        Ok(())
    }
}

impl TagCondition {
    fn validate(&self) -> Result<(), Invalid> {
        if self.condition_type != "STRINGEQUALS" {
            return Err(Invalid::value("ListOfTags", "ConditionType must be STRINGEQUALS"));
        }
        if self.condition_key.is_empty() {
            return Err(Invalid::missing("ListOfTags.ConditionKey"));
        }
        Ok(())
    }
}

impl ConditionParameter {
    fn validate(&self, operator: &str) -> Result<(), Invalid> {
        if self.condition_key.strip_prefix(CONDITION_PREFIX).is_some_and(|key| !key.is_empty()) {
            return Ok(());
        }
        Err(Invalid::value(
            "Conditions",
            format_args!("the ConditionKey {:?} of {operator} must be {CONDITION_PREFIX}KEY", self.condition_key),
        ))
    }
}

/// Checks one entry of `Resources` or `NotResources`.
fn validate_pattern(field: &str, pattern: &str, region: &Region) -> Result<(), Invalid> {
    if pattern == "*" {
        return Ok(());
    }
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let shaped = parts[0] == "arn"
        && parts.len() >= 3
        && (parts.len() == 6 || pattern.ends_with('*'))
        && !parts[2].is_empty()
        && pattern.len() <= 2048
        && !pattern.chars().any(|c| c.is_whitespace() || c.is_control());
    if !shaped {
        return Err(Invalid::value(field, format_args!("{pattern:?} is neither an ARN, nor a pattern of one, nor *")));
    }
    if let Some(&foreign) = parts.get(3).filter(|part| !part.is_empty() && !part.contains('*'))
        && foreign != region.as_str()
    {
        return Err(Invalid::with_message(field, format!("Invalid ARN: {pattern}. Expected region is {region}")));
    }
    let resource = parts.get(5).copied().unwrap_or_default();
    let made_by_a_backup = ["snapshot", "image/", "cluster-snapshot", "backup/", "recovery-point"];
    if made_by_a_backup.iter().any(|kind| resource.starts_with(kind)) {
        return Err(Invalid::with_message(field, format!("Unsupported resource type: {pattern}")));
    }
    Ok(())
}

#[cfg(test)]
#[path = "selection_rules_tests.rs"]
mod tests;
