//! Which calls are recorded in the trail, and what of them: those that change something, or try to, by whomever is known.

use super::backup::operations;
use super::cbor;
use super::failure::Failure;
use super::query::decoded;
use super::target::{Target, cbor_target, header, json_target};
use super::{control, kms, organizations, tagging};
use crate::domain::trail::{ApiCall, arns, bounded, parameters};
use crate::domain::{Arn, Scope};
use crate::engine::{Caller, Engine};
use http::header::USER_AGENT;
use http::request::Parts;
use serde_json::{Map, Value, json};

/// The names of operations that change nothing begin so.
const READS: [&str; 5] = ["Describe", "Export", "Get", "List", "Lookup"];

/// The operations of RAM that change something; their paths are their names in small letters.
const SHARING: [&str; 4] =
    ["AssociateResourceShare", "CreateResourceShare", "DeleteResourceShare", "DisassociateResourceShare"];

/// Those of KMS.
const KEYS: [&str; 6] =
    ["CancelKeyDeletion", "CreateAlias", "CreateKey", "DisableKey", "EnableKey", "ScheduleKeyDeletion"];

/// Those of Resource Groups Tagging.
const TAGGING: [&str; 2] = ["TagResources", "UntagResources"];

/// A call whose answer is known.
pub(super) struct Told<'a> {
    pub(super) target: Target,
    pub(super) parts: &'a Parts,
    pub(super) body: &'a [u8],
    pub(super) request_id: &'a str,
    /// Whether it came by a way that only the owner of the data directory has.
    pub(super) is_owners: bool,
    /// Who signed it; none on the routes that need no signature.
    pub(super) caller: Option<&'a Caller>,
    /// Why it was refused; none when it was carried out.
    pub(super) failure: Option<&'a Failure>,
}

/// A change that a call asks for.
#[derive(Debug, PartialEq)]
struct Change {
    source: &'static str,
    name: &'static str,
    request: Map<String, Value>,
}

/// Records a call, if it is of those.
pub(super) fn record(engine: &Engine, told: &Told<'_>) {
    // What is not known here changes nothing, and its name is the caller's own.
    if told.failure.is_some_and(|failure| failure.code == "UnknownOperationException") {
        return;
    }
    let Some(change) = change(told) else { return };
    if !engine.data_dir().is_writable() {
        return;
    }
    let name = change.name;
    let recorded = call(engine, told, change).map(|call| engine.record_call(&call));
    if let Some(Err(error)) = recorded {
        tracing::warn!(%error, name, request_id = told.request_id, "a call could not be recorded in the trail");
    }
}

fn call(engine: &Engine, told: &Told<'_>, change: Change) -> Option<ApiCall> {
    let named = Value::Object(change.request.clone());
    let request = parameters(change.request);
    let (scope, user_arn, user_id) = match told.caller {
        Some(caller) => (caller.scope(), caller.user_arn.to_string(), caller.user_id.clone()),
        None => {
            let scope = owners_scope(engine, &named)?;
            let user = format!("arn:aws:iam::{}:root", scope.account);
            (scope, user, None)
        }
    };
    Some(ApiCall {
        id: uuid::Uuid::new_v4().to_string(),
        at: engine.now(),
        scope,
        source: change.source.to_owned(),
        name: change.name.to_owned(),
        user_arn,
        user_id,
        from: if told.is_owners { "this machine" } else { "127.0.0.1" }.to_owned(),
        agent: bounded(header(&told.parts.headers, USER_AGENT.as_str())),
        request_id: told.request_id.to_owned(),
        resources: arns(&named),
        request,
        error: told.failure.map(|failure| (failure.code.to_owned(), bounded(&failure.message))),
    })
}

/// Where a call is recorded that nobody signed: where what it names lies, or is to lie.
fn owners_scope(engine: &Engine, request: &Value) -> Option<Scope> {
    let path: Vec<&str> = request["path"].as_str().unwrap_or_default().split('/').collect();
    if let ["vaults", account, region, ..] = path[..]
        && let (Ok(account), Ok(region)) = (account.parse(), region.parse())
    {
        return Some(Scope::new(account, region));
    }
    let of_arn = path.iter().filter_map(|part| part.parse().ok()).find_map(|arn: Arn| arn.scope());
    let given = || engine.scope_or_first(request["AccountId"].as_str(), request["Region"].as_str()).ok();
    of_arn.or_else(given).or_else(|| engine.scope_or_first(None, None).ok())
}

fn change(told: &Told<'_>) -> Option<Change> {
    let (method, path) = (told.parts.method.as_str(), told.parts.uri.path());
    let (source, name, in_path) = match told.target {
        Target::Backup => {
            let (operation, segments) = operations::find(method, path)?;
            ("backup.amazonaws.com", operation.name, in_path(operation.path, &segments))
        }
        Target::Json => {
            let (service, operation) = json_target(told.parts);
            let (source, known) = match service {
                organizations::TARGET => ("organizations.amazonaws.com", organizations::name_of(operation)),
                kms::TARGET => ("kms.amazonaws.com", one_of(&KEYS, operation)),
                tagging::TARGET => ("tagging.amazonaws.com", one_of(&TAGGING, operation)),
                _ => return None,
            };
            (source, known?, Map::new())
        }
        Target::Cbor => match cbor_target(path)? {
            (tagging::TARGET, operation) => ("tagging.amazonaws.com", one_of(&TAGGING, operation)?, Map::new()),
            // CloudWatch's are reads.
            _ => return None,
        },
        Target::Ram => ("ram.amazonaws.com", one_of(&SHARING, path.trim_start_matches('/'))?, Map::new()),
        Target::Control => {
            let rest = path.strip_prefix("/_vaultdeck/")?;
            let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
            let name = control::change(method, &parts)?;
            ("vaultdeck", name, Map::from_iter([("path".to_owned(), json!(decoded(rest).ok()?))]))
        }
        Target::Sts | Target::Items | Target::Events | Target::Clock => return None,
    };
    if READS.iter().any(|read| name.starts_with(read)) {
        return None;
    }
    let mut request = in_query(told.parts);
    if let Some(Value::Object(members)) = body(told) {
        request.extend(members);
    }
    // What the call is about is what its path says.
    request.extend(in_path);
    Some(Change { source, name, request })
}

/// The name among these that is meant, in any case of its letters; what is not among them is the caller's own word, and not recorded.
fn one_of(names: &[&'static str], meant: &str) -> Option<&'static str> {
    names.iter().find(|name| name.eq_ignore_ascii_case(meant)).copied()
}

fn body(told: &Told<'_>) -> Option<Value> {
    match told.target {
        Target::Cbor => cbor::decode(told.body).ok(),
        _ => serde_json::from_slice(told.body).ok(),
    }
}

/// What stands in the path, by the names that the operation has for it.
fn in_path(pattern: &str, segments: &[&str]) -> Map<String, Value> {
    let names = pattern.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let values = segments.iter().map(|segment| decoded(segment).unwrap_or_else(|_| (*segment).to_owned()));
    names.zip(values).map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

fn in_query(parts: &Parts) -> Map<String, Value> {
    let pairs = parts.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter_map(|(name, value)| Some((decoded(name).ok()?, json!(decoded(value).ok()?)))).collect()
}
