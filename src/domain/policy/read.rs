//! Reads a policy. What is wrong with it is said with the place where it stands: `Policy.Statement[0].Action`.

use super::conditions::{Condition, Operator, Quantifier, Test};
use super::principals::PrincipalEntry;
use super::{Effect, Element, MAX_BYTES, Policy, Statement, Version, actions};
use crate::domain::json::Json;
use crate::domain::{Arn, Invalid};
use std::fmt::Display;

/// The elements of a statement.
const ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The members of an object, each to be taken once.
struct Members {
    path: String,
    left: Vec<(String, Json)>,
}

impl Policy {
    /// Reads a policy; the error names the element and the rule.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > MAX_BYTES {
            let rule = format!("a policy has at most {MAX_BYTES} bytes, and this one has {}", text.len());
            return Err(Invalid::value("Policy", rule));
        }
        let json = Json::parse(text).map_err(|what| Invalid::value("Policy", format!("it is not JSON: {what}")))?;
        let mut members = Members::of("Policy".to_owned(), json)?;
        let version = match members.take("Version") {
            None => Version::V2008,
            Some(version) => read_version(&version)?,
        };
        if let Some(id) = members.take("Id") {
            text_of("Policy.Id", id)?;
        }
        let statements = members.take("Statement").ok_or_else(|| Invalid::missing("Policy.Statement"))?;
        members.finish()?;
        let statements = match statements {
            Json::List(list) if list.is_empty() => {
                return Err(Invalid::value("Policy.Statement", "there must be one at least"));
            }
            Json::List(list) => list,
            one => vec![one],
        };
        let read = |(index, json)| statement(format!("Policy.Statement[{index}]"), json);
        let statements = statements.into_iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        unique_sids(&statements)?;
        Ok(Self { version, statements })
    }
}

fn read_version(json: &Json) -> Result<Version, Invalid> {
    match json {
        Json::Text(text) if text == "2012-10-17" => Ok(Version::V2012),
        Json::Text(text) if text == "2008-10-17" => Ok(Version::V2008),
        _ => Err(Invalid::value("Policy.Version", "it must be \"2012-10-17\" or \"2008-10-17\"")),
    }
}

fn unique_sids(statements: &[Statement]) -> Result<(), Invalid> {
    for (index, statement) in statements.iter().enumerate() {
        let twice = |earlier: &Statement| statement.sid.is_some() && earlier.sid == statement.sid;
        if statements[..index].iter().any(twice) {
            let rule = "another statement of the policy has the same";
            return Err(Invalid::value(format!("Policy.Statement[{index}].Sid"), rule));
        }
    }
    Ok(())
}

fn statement(path: String, json: Json) -> Result<Statement, Invalid> {
    let mut members = Members::of(path.clone(), json)?;
    let at = |name: &str| format!("{path}.{name}");
    let sid = members.take("Sid").map(|sid| text_of(&at("Sid"), sid)).transpose()?.filter(|sid| !sid.is_empty());
    let effect = match members.take("Effect") {
        Some(Json::Text(text)) if text == "Allow" => Effect::Allow,
        Some(Json::Text(text)) if text == "Deny" => Effect::Deny,
        Some(_) => return Err(Invalid::value(at("Effect"), "it must be \"Allow\" or \"Deny\"")),
        None => return Err(Invalid::missing(at("Effect"))),
    };
    let principals = members.either("Principal", "NotPrincipal", principals)?;
    if let (Effect::Allow, Element::AllBut(_)) = (effect, &principals) {
        return Err(Invalid::value(at("NotPrincipal"), "it cannot stand with \"Effect\": \"Allow\""));
    }
    let actions = members.either("Action", "NotAction", |path, json| each(path, json, action))?;
    let resources = members.either("Resource", "NotResource", |path, json| each(path, json, resource))?;
    let conditions = members.take("Condition").map(|json| conditions(at("Condition"), json)).transpose()?;
    members.finish()?;
    Ok(Statement { sid, effect, principals, actions, resources, conditions: conditions.unwrap_or_default() })
}

impl Members {
    fn of(path: String, json: Json) -> Result<Self, Invalid> {
        match json {
            Json::Object(left) => Ok(Self { path, left }),
            other => Err(wrong_kind(&path, "an object", &other)),
        }
    }

    fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.left.iter().position(|(known, _)| known == name)?;
        Some(self.left.remove(at).1)
    }

    /// One of two elements, of which just one must be there.
    fn either<T>(
        &mut self,
        only: &str,
        all_but: &str,
        read: impl FnOnce(&str, Json) -> Result<Vec<T>, Invalid>,
    ) -> Result<Element<T>, Invalid> {
        let at = |name: &str| format!("{}.{name}", self.path);
        let (at_only, at_all_but) = (at(only), at(all_but));
        match (self.take(only), self.take(all_but)) {
            (Some(json), None) => Ok(Element::Only(read(&at_only, json)?)),
            (None, Some(json)) => Ok(Element::AllBut(read(&at_all_but, json)?)),
            (None, None) => Err(Invalid::missing(format!("{at_only} or {all_but}"))),
            (Some(_), Some(_)) => Err(Invalid::value(at_only, format!("it cannot stand beside {all_but}"))),
        }
    }

    fn finish(self) -> Result<(), Invalid> {
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) => {
                let known = ELEMENTS.join(", ");
                let rule = if self.path == "Policy" {
                    "the elements of a policy are Version, Id, Statement".to_owned()
                } else {
                    format!("the elements of a statement are {known}")
                };
                Err(Invalid::value(format!("{}.{}", self.path, shown(name)), rule))
            }
        }
    }
}

fn principals(path: &str, json: Json) -> Result<Vec<PrincipalEntry>, Invalid> {
    match json {
        Json::Text(text) if text == "*" => Ok(vec![PrincipalEntry::Anybody]),
        Json::Object(members) if members.is_empty() => Err(Invalid::value(path, "it must name one principal at least")),
        Json::Object(members) => {
            let mut all = Vec::new();
            for (kind, json) in members {
                let path = format!("{path}.{}", shown(&kind));
                let read: fn(&str, &str) -> Result<PrincipalEntry, Invalid> = match kind.as_str() {
                    "AWS" => principal,
                    "Service" => service,
                    _ => return Err(Invalid::value(path, "principals are of AWS or Service")),
                };
                for text in texts(&path, json)? {
                    all.push(read(&path, &text)?);
                }
            }
            Ok(all)
        }
        other => Err(wrong_kind(path, "\"*\" or an object such as {\"AWS\": \"123456789012\"}", &other)),
    }
}

fn principal(path: &str, text: &str) -> Result<PrincipalEntry, Invalid> {
    if text == "*" {
        return Ok(PrincipalEntry::Anybody);
    }
    let unknown = || {
        let rule =
            "it is neither \"*\" nor an account's id, nor the ARN of an account's root, a user, a role or a session";
        Invalid::value(path, format!("{}: {rule}", shown(text)))
    };
    if let Ok(account) = text.parse() {
        return Ok(PrincipalEntry::Account(account));
    }
    let arn: Arn = text.parse().map_err(|_| unknown())?;
    let account = arn.account().parse().map_err(|_| unknown())?;
    let named = |kind: &str| arn.resource().strip_prefix(kind).is_some_and(|name| !name.is_empty());
    if text.contains(['*', '?']) {
        return Err(Invalid::value(path, format!("{}: a principal is named in full, or is \"*\"", shown(text))));
    }
    match arn.service() {
        "iam" if arn.resource() == "root" => Ok(PrincipalEntry::Account(account)),
        "iam" if arn.region().is_empty() && (named("user/") || named("role/")) => Ok(PrincipalEntry::Identity(arn)),
        "sts" if arn.region().is_empty() && named("assumed-role/") => Ok(PrincipalEntry::Identity(arn)),
        _ => Err(unknown()),
    }
}

fn service(path: &str, text: &str) -> Result<PrincipalEntry, Invalid> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    if text.ends_with(".amazonaws.com") && text.chars().all(plain) {
        Ok(PrincipalEntry::Service(text.to_owned()))
    } else {
        Err(Invalid::value(path, format!("{}: a service is named as backup.amazonaws.com", shown(text))))
    }
}

fn action(path: &str, text: String) -> Result<String, Invalid> {
    if text.contains(['*', '?']) {
        return Err(Invalid::value(path, format!("{}: wildcards are not supported in actions", shown(&text))));
    }
    actions::spelled(&text).map(str::to_owned).ok_or_else(|| {
        let rule = "it is not an action on a backup vault or its recovery points, such as backup:DeleteRecoveryPoint";
        Invalid::value(path, format!("{}: {rule}", shown(&text)))
    })
}

fn resource(path: &str, text: String) -> Result<String, Invalid> {
    if text == "*" || (text.starts_with("arn:") && text.matches(':').count() >= 5) {
        Ok(text)
    } else {
        Err(Invalid::value(
            path,
            format!("{}: it must be \"*\" or an ARN, in which * and ? are wildcards", shown(&text)),
        ))
    }
}

fn conditions(path: String, json: Json) -> Result<Vec<Condition>, Invalid> {
    let mut all = Vec::new();
    for (name, keys) in Members::of(path.clone(), json)?.left {
        let path = format!("{path}.{}", shown(&name));
        let (quantifier, operator, if_exists) = operator(&path, &name)?;
        for (key, values) in Members::of(path.clone(), keys)?.left {
            let path = format!("{path}.{}", shown(&key));
            if !key.split_once(':').is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty()) {
                return Err(Invalid::value(path, "a condition key is of the form aws:PrincipalArn"));
            }
            let values = values_of(&path, values)?;
            if let Some((value, rule)) = values.iter().find_map(|value| Some((value, operator.refuses(value)?))) {
                return Err(Invalid::value(path, format!("{}: it {rule}", shown(value))));
            }
            all.push(Condition { quantifier, operator, if_exists, key, values });
        }
    }
    Ok(all)
}

fn operator(path: &str, name: &str) -> Result<(Quantifier, Operator, bool), Invalid> {
    let (quantifier, rest) = match name.split_once(':') {
        Some(("ForAllValues", rest)) => (Quantifier::ForAllValues, rest),
        Some(("ForAnyValue", rest)) => (Quantifier::ForAnyValue, rest),
        _ => (Quantifier::Plain, name),
    };
    let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |base| (base, true));
    let unknown = || Invalid::value(path, "it is not a condition operator that is supported");
    let operator = Operator::named(base).ok_or_else(unknown)?;
    if operator.test == Test::Null && (if_exists || quantifier != Quantifier::Plain) {
        return Err(unknown());
    }
    Ok((quantifier, operator, if_exists))
}

/// The values of a condition: IAM takes numbers and booleans for the texts of them.
fn values_of(path: &str, json: Json) -> Result<Vec<String>, Invalid> {
    let list = match json {
        Json::List(list) => list,
        one => vec![one],
    };
    if list.is_empty() {
        return Err(Invalid::value(path, "there must be one value at least"));
    }
    let value = |json| match json {
        Json::Text(text) | Json::Number(text) => Ok(text),
        Json::Bool(value) => Ok(value.to_string()),
        other => Err(wrong_kind(path, "a string, or a list of strings", &other)),
    };
    list.into_iter().map(value).collect()
}

/// The texts of an element, each read.
fn each<T>(path: &str, json: Json, read: fn(&str, String) -> Result<T, Invalid>) -> Result<Vec<T>, Invalid> {
    texts(path, json)?.into_iter().map(|text| read(path, text)).collect()
}

/// One text, or a list of them that is not empty.
fn texts(path: &str, json: Json) -> Result<Vec<String>, Invalid> {
    match json {
        Json::List(list) if list.is_empty() => Err(Invalid::value(path, "there must be one at least")),
        Json::List(list) => list.into_iter().map(|json| text_of(path, json)).collect(),
        one => Ok(vec![text_of(path, one)?]),
    }
}

fn text_of(path: &str, json: Json) -> Result<String, Invalid> {
    match json {
        Json::Text(text) => Ok(text),
        other => Err(wrong_kind(path, "a string", &other)),
    }
}

fn wrong_kind(path: &str, wanted: impl Display, found: &Json) -> Invalid {
    Invalid::value(path, format!("it must be {wanted}, not {}", found.kind()))
}

/// A text of the user's in a message: short, and harmless in a terminal.
pub fn shown(text: &str) -> String {
    let shown: String = text.chars().take(120).flat_map(char::escape_debug).collect();
    if text.chars().count() > 120 { shown + "…" } else { shown }
}
