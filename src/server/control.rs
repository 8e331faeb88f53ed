//! The control routes: what an engine needs and AWS Backup has no operation for. Their authentication is the way to them:
//! a socket that only its owner can open, or the same process.

use super::call::arn;
use super::failure::Failure;
use super::query::{Query, decoded};
use super::reply::Reply;
use super::serve::Shutdown;
use crate::domain::extension::{AddUnit, MoveAccount, RenameUnit};
use crate::domain::{AccountId, Arn, Region, Scope, VaultName};
use crate::engine::Engine;
use crate::engine::authorize::Principal;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Answers one call. Unlike AWS Backup's, these routes say with the status what went wrong.
pub(super) fn answer(engine: &Engine, shutdown: &Shutdown, parts: &Parts, body: &[u8]) -> Result<Reply, Failure> {
    route(engine, shutdown, parts, body).map_err(|mut failure| {
        failure.status = match failure.code {
            "ResourceNotFoundException" => StatusCode::NOT_FOUND,
            "AlreadyExistsException" | "ConflictException" | "InvalidResourceStateException" => StatusCode::CONFLICT,
            _ => failure.status,
        };
        failure
    })
}

fn route(engine: &Engine, shutdown: &Shutdown, parts: &Parts, body: &[u8]) -> Result<Reply, Failure> {
    let mut query = Query::parse(parts.uri.query().unwrap_or_default())?;
    let is_forced = query.boolean("force")?.unwrap_or_default();
    query.finish()?;
    let path = parts.uri.path();
    let rest = path.strip_prefix("/_vaultdeck/").unwrap_or_default();
    let segments = rest.trim_end_matches('/').split('/').map(decoded).collect::<Result<Vec<_>, _>>()?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let reply = match (parts.method.as_str(), &segments[..]) {
        ("GET", ["status"]) => ok(&engine.status()?),
        ("GET", ["resources"]) => ok(&engine.resources()?),
        ("POST", ["resources"]) => ok(&engine.add_resource(parsed(body)?)?),
        ("POST", ["resources", "probe"]) => ok(&engine.probe_resource(&parsed(body)?)?),
        ("DELETE", ["resources", resource]) => {
            let resource = arn("ResourceArn", resource)?;
            if is_forced {
                engine.remove_lost_resource(&resource)?;
            } else {
                engine.remove_resource(&resource)?;
            }
            done()
        }
        _ if is_forced => return Err(Failure::invalid("Invalid force: only a resource is removed by force")),
        ("GET", ["accounts"]) => ok(&engine.accounts()?),
        ("POST", ["accounts"]) => ok(&engine.add_account(parsed(body)?)?),
        ("GET", ["policies"]) => ok(&engine.policy_views()?),
        ("POST", ["policies"]) => ok(&engine.put_policy(parsed(body)?)?),
        ("DELETE", ["policies", policy]) => {
            engine.delete_policy_named(policy)?;
            done()
        }
        ("GET", ["policies", "effective", account]) => {
            ok(&engine.effective_policy_view(&account.parse::<AccountId>()?)?)
        }
        ("POST", ["policies", policy, "targets", target]) => ok(&engine.attach_policy_named(policy, target)?),
        ("DELETE", ["policies", policy, "targets", target]) => ok(&engine.detach_policy_named(policy, target)?),
        ("POST", ["accounts", account, "move"]) => {
            let MoveAccount { parent_id } = parsed(body)?;
            engine.put_account(&account.parse()?, &parent_id)?;
            done()
        }
        ("GET", ["units"]) => ok(&engine.units()?),
        ("POST", ["units"]) => {
            let AddUnit { parent_id, name } = parsed(body)?;
            ok(&engine.unit_view(&engine.create_unit(Principal::Owner, &parent_id, &name)?)?)
        }
        ("POST", ["units", unit]) => {
            let RenameUnit { name } = parsed(body)?;
            ok(&engine.unit_view(&engine.update_unit(Principal::Owner, &unit.parse()?, Some(&name))?)?)
        }
        ("DELETE", ["units", unit]) => {
            engine.delete_unit(Principal::Owner, &unit.parse()?)?;
            done()
        }
        ("POST", ["delegated-administrators", account]) => {
            engine.register_delegated_administrator(Principal::Owner, &account.parse()?)?;
            done()
        }
        ("DELETE", ["delegated-administrators", account]) => {
            engine.deregister_delegated_administrator(Principal::Owner, &account.parse()?)?;
            done()
        }
        ("GET", ["roles"]) => ok(&engine.roles()?),
        ("POST", ["roles"]) => {
            engine.add_role(parsed(body)?)?;
            done()
        }
        ("DELETE", ["roles", role]) => {
            engine.remove_role(&arn("RoleArn", role)?)?;
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
        ("POST", ["vaults", account, region, name, "repair"]) => {
            let (scope, name) = vault(account, region, name)?;
            ok(&engine.repair_vault(&scope, &name, &parsed(body)?)?)
        }
        ("GET", ["vaults", account, region, name, "who-can", action]) => {
            let (scope, name) = vault(account, region, name)?;
            ok(&engine.who_can(&scope, &name, action)?)
        }
        ("POST", ["clock", "confirm"]) => ok(&engine.confirm_clock()?),
        ("GET", ["vaults"]) => ok(&engine.vault_arns()?),
        ("POST", ["rescan"]) => ok(&engine.rescan(None)?),
        ("POST", ["vaults", account, region, name, "rescan"]) => {
            let (scope, name) = vault(account, region, name)?;
            ok(&engine.rescan(Some(&Arn::vault(&scope, &name)))?)
        }
        ("POST", ["credentials"]) => ok(&engine.credentials(parsed(body)?)?),
        ("POST", ["shutdown"]) => {
            shutdown.request();
            done()
        }
        (method, _) => return Err(Failure::unknown_operation(format!("Nothing here answers {method} {path}"))),
    };
    Ok(reply)
}

/// The name under which a call to these routes is recorded; none where it changes nothing. Credentials are what every command asks for.
pub(super) fn change(method: &str, segments: &[&str]) -> Option<&'static str> {
    Some(match (method, segments) {
        ("POST", ["resources"]) => "AddResource",
        ("DELETE", ["resources", _]) => "RemoveResource",
        ("POST", ["accounts"]) => "AddAccount",
        ("POST", ["accounts", _, "move"]) => "MoveAccount",
        ("POST", ["policies"]) => "PutPolicy",
        ("DELETE", ["policies", _]) => "DeletePolicy",
        ("POST", ["policies", _, "targets", _]) => "AttachPolicy",
        ("DELETE", ["policies", _, "targets", _]) => "DetachPolicy",
        ("POST", ["units"]) => "AddUnit",
        ("POST", ["units", _]) => "RenameUnit",
        ("DELETE", ["units", _]) => "DeleteUnit",
        ("POST", ["delegated-administrators", _]) => "RegisterDelegatedAdministrator",
        ("DELETE", ["delegated-administrators", _]) => "DeregisterDelegatedAdministrator",
        ("POST", ["roles"]) => "AddRole",
        ("DELETE", ["roles", _]) => "RemoveRole",
        ("POST", ["vaults", .., "recovery-key"]) => "MakeRecoveryKey",
        ("POST", ["vaults", .., "repair"]) => "RepairVault",
        ("POST", ["rescan"] | ["vaults", .., "rescan"]) => "Rescan",
        ("POST", ["clock", "confirm"]) => "ConfirmClock",
        ("POST", ["shutdown"]) => "Shutdown",
        _ => return None,
    })
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

fn ok(body: &impl serde::Serialize) -> Reply {
    Reply::json(StatusCode::OK, body)
}

fn done() -> Reply {
    Reply::json(StatusCode::OK, &json!({}))
}
