//! Reads a policy along the schema. What is wrong with it is said with the place where it stands:
//! `plans.Daily.rules.Nightly.schedule_expression`.

use super::schema::{Check, POLICY, Shape, Spelling};
use super::{Allowed, BackupPolicy, CHILD_CONTROL, Node, Scalar, same_name};
use crate::domain::Invalid;
use crate::domain::json::Json;
use crate::domain::policy::shown;

/// Where messages say that something is wrong with the document as a whole.
const DOCUMENT: &str = "Content";

const ASSIGN: &str = "@@assign";
const APPEND: &str = "@@append";
const REMOVE: &str = "@@remove";
const ALL: &str = "@@all";
const NONE: &str = "@@none";

impl BackupPolicy {
    /// Reads a policy; the error names the place and the rule. How long a policy may be is another rule,
    /// [`MAX_CHARACTERS`](super::MAX_CHARACTERS), for which Organizations has another exception.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let json = Json::parse(text).map_err(|what| Invalid::value(DOCUMENT, format!("it is not JSON: {what}")))?;
        let mut reader = Reader { not_built: Vec::new() };
        let root = reader.node("", &POLICY, json)?;
        match &root {
            Node::Branch { members, .. } if !members.is_empty() => Ok(Self { root, not_built: reader.not_built }),
            _ => Err(Invalid::missing("plans")),
        }
    }

    /// Refuses, by its path, what AWS has and the engine does not carry out.
    pub fn supported(&self) -> Result<(), Invalid> {
        match self.not_built.first() {
            None => Ok(()),
            Some(path) => Err(crate::domain::lifecycle::unsupported(path)),
        }
    }
}

struct Reader {
    /// The paths of what asks for something that is not built.
    not_built: Vec<String>,
}

impl Reader {
    fn node(&mut self, path: &str, shape: &Shape, json: Json) -> Result<Node, Invalid> {
        let members = match json {
            Json::Object(members) => members,
            other => {
                let wanted = match shape {
                    Shape::One(_) | Shape::Many(_) | Shape::Flag(_) => "an object with operators, such as @@assign",
                    _ => "an object",
                };
                return Err(wrong_kind(path, wanted, &other));
            }
        };
        let (operators, members): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name.starts_with("@@"));
        match shape {
            Shape::NotBuilt(shape) => {
                self.not_built.push(path.to_owned());
                self.node(path, shape, Json::Object(operators.into_iter().chain(members).collect()))
            }
            Shape::AtMost(most, shape) => {
                let members = operators.into_iter().chain(members).collect();
                let node = self.node(path, shape, Json::Object(members))?;
                few_enough(path, *most, &node)?;
                Ok(node)
            }
            Shape::Members(known) | Shape::OneOf(known) => {
                let shape_of = |name: &str| known.iter().find(|(known, _)| *known == name).map(|(_, shape)| shape);
                let node = self.branch(path, operators, members, |path, name| {
                    let names = || known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                    let unknown = || Invalid::value(path, format!("it is not known; here may stand {}", names()));
                    shape_of(name).ok_or_else(unknown)
                })?;
                if matches!(shape, Shape::OneOf(_)) {
                    exclusive(path, &node)?;
                }
                Ok(node)
            }
            Shape::Named(check, shape) => self.branch(path, operators, members, |path, name| {
                check(name).map_err(|rule| Invalid::value(path, format!("the name {}: {rule}", shown(name))))?;
                Ok(*shape)
            }),
            Shape::One(_) | Shape::Many(_) | Shape::Flag(_) => match members.first() {
                Some((name, _)) => {
                    let rule = "a setting has operators alone: @@assign, @@append, @@remove";
                    Err(Invalid::value(at(path, name), rule))
                }
                None => Self::setting(path, shape, operators),
            },
        }
    }

    fn branch<'s>(
        &mut self,
        path: &str,
        operators: Vec<(String, Json)>,
        members: Vec<(String, Json)>,
        shape_of: impl Fn(&str, &str) -> Result<&'s Shape, Invalid>,
    ) -> Result<Node, Invalid> {
        let mut allowed = Allowed::ALL;
        for (operator, json) in operators {
            let path = at(path, &operator);
            if operator != CHILD_CONTROL {
                let rule = format!("an operator stands at a setting; here may stand {CHILD_CONTROL} alone");
                return Err(Invalid::value(path, rule));
            }
            allowed = child_control(&path, json)?;
        }
        let mut read: Vec<(String, Node)> = Vec::new();
        for (name, json) in members {
            let path = at(path, &name);
            let shape = shape_of(&path, &name)?;
            if let Some((twin, _)) = read.iter().find(|(known, _)| same_name(known, &name)) {
                let rule = format!("{} is the same name: case makes no difference", shown(twin));
                return Err(Invalid::value(path, rule));
            }
            let node = self.node(&path, shape, json)?;
            read.push((name, node));
        }
        Ok(Node::Branch { allowed, members: read })
    }

    fn setting(path: &str, shape: &Shape, operators: Vec<(String, Json)>) -> Result<Node, Invalid> {
        let mut allowed = Allowed::ALL;
        let (mut one, mut assign, mut append, mut remove) = (None, None, Vec::new(), Vec::new());
        for (operator, json) in operators {
            let path = at(path, &operator);
            match (operator.as_str(), shape) {
                (CHILD_CONTROL, _) => allowed = child_control(&path, json)?,
                (ASSIGN, Shape::One(check)) => one = Some(Scalar::Text(text(&path, *check, json)?)),
                (ASSIGN, Shape::Flag(spelling)) => one = Some(Self::flag(&path, *spelling, json)?),
                (ASSIGN, Shape::Many(check)) => assign = Some(texts(&path, *check, json)?),
                (APPEND, Shape::Many(check)) => append = texts(&path, *check, json)?,
                (REMOVE, Shape::Many(check)) => remove = texts(&path, *check, json)?,
                (APPEND | REMOVE, _) => {
                    return Err(Invalid::value(path, "this setting has one value, and takes @@assign alone"));
                }
                _ => {
                    let rule = format!("the operators are {ASSIGN}, {APPEND}, {REMOVE} and {CHILD_CONTROL}");
                    return Err(Invalid::value(path, rule));
                }
            }
        }
        Ok(match shape {
            Shape::Many(_) => Node::Many { allowed, assign, append, remove },
            _ => Node::One { allowed, assign: one },
        })
    }

    fn flag(path: &str, spelling: Spelling, json: Json) -> Result<Scalar, Invalid> {
        let value = match (&json, spelling) {
            (Json::Bool(value), _) => *value,
            (Json::Text(text), Spelling::Text) if text == "true" || text == "false" => text == "true",
            (_, Spelling::Json) => return Err(wrong_kind(path, "true or false", &json)),
            (_, Spelling::Text) => return Err(Invalid::value(path, "it must be \"true\" or \"false\"")),
        };
        Ok(match spelling {
            Spelling::Json => Scalar::Flag(value),
            Spelling::Text => Scalar::Text(value.to_string()),
        })
    }
}

fn exclusive(path: &str, node: &Node) -> Result<(), Invalid> {
    match node {
        Node::Branch { members, .. } if members.len() > 1 => {
            let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            Err(Invalid::value(path, format!("{} exclude each other", names.join(" and "))))
        }
        _ => Ok(()),
    }
}

fn few_enough(path: &str, most: usize, node: &Node) -> Result<(), Invalid> {
    let count = match node {
        Node::Branch { members, .. } => members.len(),
        Node::Many { assign, append, .. } => assign.as_ref().map_or(0, Vec::len).max(append.len()),
        Node::One { .. } => 0,
    };
    if count > most {
        return Err(Invalid::value(path, format!("there may be {most} at most, and there are {count}")));
    }
    Ok(())
}

fn child_control(path: &str, json: Json) -> Result<Allowed, Invalid> {
    let names = list(path, json)?;
    let one = names.len() == 1;
    let mut allowed = Allowed::NONE;
    for name in &names {
        match name.as_str() {
            ASSIGN => allowed.assign = true,
            APPEND => allowed.append = true,
            REMOVE => allowed.remove = true,
            ALL if one => allowed = Allowed::ALL,
            NONE if one => {}
            ALL | NONE => return Err(Invalid::value(path, format!("{name} stands alone"))),
            other => {
                let rule =
                    format!("{}: it must be {ALL}, {NONE}, or some of {ASSIGN}, {APPEND}, {REMOVE}", shown(other));
                return Err(Invalid::value(path, rule));
            }
        }
    }
    Ok(allowed)
}

fn text(path: &str, check: Check, json: Json) -> Result<String, Invalid> {
    match json {
        Json::Text(text) => {
            check(&text).map_err(|rule| Invalid::value(path, format!("{}: {rule}", shown(&text))))?;
            Ok(text)
        }
        other => Err(wrong_kind(path, "a string", &other)),
    }
}

fn texts(path: &str, check: Check, json: Json) -> Result<Vec<String>, Invalid> {
    let texts = list(path, json)?;
    for text in &texts {
        check(text).map_err(|rule| Invalid::value(path, format!("{}: {rule}", shown(text))))?;
    }
    Ok(texts)
}

/// A list of strings that is not empty.
fn list(path: &str, json: Json) -> Result<Vec<String>, Invalid> {
    let Json::List(items) = json else { return Err(wrong_kind(path, "a list of strings", &json)) };
    if items.is_empty() {
        return Err(Invalid::value(path, "there must be one at least"));
    }
    let item = |json| match json {
        Json::Text(text) => Ok(text),
        other => Err(wrong_kind(path, "a list of strings", &other)),
    };
    items.into_iter().map(item).collect()
}

fn at(path: &str, name: &str) -> String {
    if path.is_empty() { shown(name) } else { format!("{path}.{}", shown(name)) }
}

fn wrong_kind(path: &str, wanted: &str, found: &Json) -> Invalid {
    let path = if path.is_empty() { DOCUMENT } else { path };
    Invalid::value(path, format!("it must be {wanted}, not {}", found.kind()))
}
