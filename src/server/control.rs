//! The control routes: what an engine needs and AWS Backup has no operation for. Their authentication is the way to them:
//! a socket that only its owner can open, or the same process.

use super::call::arn;
use super::failure::Failure;
use super::query::{Query, decoded};
use super::reply::Reply;
use super::serve::Shutdown;
use crate::domain::extension::{AccountView, Accounts, AddRole, ResourceAdded, ResourceView, Resources, Roles};
use crate::domain::{Account, AccountId, Region, Resource, Scope, VaultName};
use crate::engine::Engine;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Answers one call. Unlike AWS Backup's, these routes say with the status what went wrong.
pub(super) fn answer(engine: &Engine, shutdown: &Shutdown, parts: &Parts, body: &[u8]) -> Result<Reply, Failure> {
    route(engine, shutdown, parts, body).map_err(|failure| {
        let status = match failure.code {
            "ResourceNotFoundException" => StatusCode::NOT_FOUND,
            "AlreadyExistsException" | "ConflictException" | "InvalidResourceStateException" => StatusCode::CONFLICT,
            _ => failure.status,
        };
        Failure { status, ..failure }
    })
}

fn route(engine: &Engine, shutdown: &Shutdown, parts: &Parts, body: &[u8]) -> Result<Reply, Failure> {
    Query::parse(parts.uri.query().unwrap_or_default())?.finish()?;
    let path = parts.uri.path();
    let rest = path.strip_prefix("/_vaultdeck/").unwrap_or_default();
    let segments = rest.trim_end_matches('/').split('/').map(decoded).collect::<Result<Vec<_>, _>>()?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let reply = match (parts.method.as_str(), &segments[..]) {
        ("GET", ["status"]) => ok(&engine.status()?),
        ("GET", ["resources"]) => {
            ok(&Resources { resources: engine.resources(None, None)?.into_iter().map(resource_view).collect() })
        }
        ("POST", ["resources"]) => {
            let resource_arn = engine.add_resource(&parsed(body)?)?.into();
            ok(&ResourceAdded { resource_arn })
        }
        ("DELETE", ["resources", resource]) => {
            engine.remove_resource(&arn("ResourceArn", resource)?)?;
            done()
        }
        ("GET", ["accounts"]) => ok(&Accounts { accounts: engine.accounts()?.into_iter().map(account_view).collect() }),
        ("POST", ["accounts"]) => ok(&account_view(engine.add_account(&parsed(body)?)?)),
        ("GET", ["roles"]) => ok(&Roles { role_arns: engine.roles()?.into_iter().map(String::from).collect() }),
        ("POST", ["roles"]) => {
            let request: AddRole = parsed(body)?;
            engine.add_role(&request.role_arn)?;
            done()
        }
        ("DELETE", ["roles", role]) => {
            engine.remove_role(role)?;
            done()
        }
        ("POST", ["vaults", account, region, name, "recovery-key"]) => {
            let (scope, name) = vault(account, region, name)?;
            ok(&engine.make_recovery_key(&scope, &name)?)
        }
        ("POST", ["vaults", account, region, name, "check"]) => {
            let (scope, name) = vault(account, region, name)?;
            ok(&engine.check_vault(&scope, &name)?)
        }
        ("POST", ["credentials"]) => ok(&engine.credentials(&parsed(body)?)?),
        ("POST", ["shutdown"]) => {
            shutdown.request();
            done()
        }
        (method, _) => return Err(Failure::unknown_operation(format!("Nothing here answers {method} {path}"))),
    };
    Ok(reply)
}

/// A JSON body; an empty one is `{}`. Errors name the field and the rule.
pub(super) fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Failure::invalid(format!("The request body is not valid: {error}")))
}

fn vault(account: &str, region: &str, name: &str) -> Result<(Scope, VaultName), Failure> {
    let scope = Scope::new(account.parse::<AccountId>()?, region.parse::<Region>()?);
    Ok((scope, name.parse::<VaultName>()?))
}

fn resource_view(resource: Resource) -> ResourceView {
    ResourceView {
        resource_arn: resource.arn.into(),
        resource_type: resource.resource_type.into(),
        name: resource.name,
        path: resource.path,
        tags: resource.tags,
    }
}

fn account_view(account: Account) -> AccountView {
    AccountView {
        account_id: account.id.into(),
        name: account.name,
        email: account.email,
        management: account.management,
    }
}

fn ok(body: &impl serde::Serialize) -> Reply {
    Reply::json(StatusCode::OK, body)
}

fn done() -> Reply {
    Reply::json(StatusCode::OK, &json!({}))
}
