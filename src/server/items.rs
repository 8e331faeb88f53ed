//! `GET /_vaultdeck/recovery-points/{arn}/items`: what files a recovery point holds; `…/details`: what there is to say of it,
//! whatever became of its files; `…/moment`: what a resource looked like at a moment of a continuous one; `…/changes`: what is different
//! from another one; `GET /_vaultdeck/find`: where a name is in all of them; `GET /_vaultdeck/new-data`: what backups stored anew,
//! and how well it compressed; `GET /_vaultdeck/restore-jobs/{id}/proof`: what a restore test found. AWS has no such operations.

use super::call::arn;
use super::failure::Failure;
use super::query::{Query, decoded};
use super::reply::Reply;
use crate::domain::extension::{FIND, NEW_DATA, RECOVERY_POINTS};
use crate::domain::pattern::Pattern;
use crate::domain::proof::RESTORE_JOBS;
use crate::engine::points::explore::Where;
use crate::engine::{Caller, Engine};
use http::request::Parts;
use http::{Method, StatusCode};

/// Answers one call.
pub(super) fn answer(engine: &Engine, caller: &Caller, parts: &Parts) -> Result<Reply, Failure> {
    let path = parts.uri.path();
    if path == FIND && parts.method == Method::GET {
        return find(engine, caller, parts);
    }
    if path == NEW_DATA && parts.method == Method::GET {
        return new_data(engine, caller, parts);
    }
    if let Some(job) = path.strip_prefix(RESTORE_JOBS) {
        return proof(engine, caller, parts, job);
    }
    let (point, what) = path
        .strip_prefix(RECOVERY_POINTS)
        .and_then(|rest| rest.strip_suffix('/').unwrap_or(rest).split_once('/'))
        .filter(|(point, what)| {
            !point.is_empty() && ["items", "details", "moment", "changes"].contains(what) && parts.method == Method::GET
        })
        .ok_or_else(|| Failure::unknown_operation(format!("Nothing here answers {} {path}", parts.method)))?;
    let point = arn("RecoveryPointArn", &decoded(point)?)?;
    let mut query = Query::parse(parts.uri.query().unwrap_or_default())?;
    if what == "details" {
        query.finish()?;
        return Ok(Reply::json(StatusCode::OK, &engine.recovery_point_details(caller, &point)?));
    }
    if what == "changes" {
        let since = arn("since", &query.required_string("since")?)?;
        let page = query.camel_page()?;
        query.finish()?;
        return Ok(Reply::json(StatusCode::OK, &engine.recovery_point_changes(caller, &point, &since, &page)?));
    }
    if what == "moment" {
        let at = query.string("at").and_then(|at| at.parse().ok());
        let at = at.ok_or_else(|| Failure::invalid("at must be a moment, as in 2026-11-23T02:13:45Z"))?;
        query.finish()?;
        return Ok(Reply::json(StatusCode::OK, &engine.recovery_point_at(caller, &point, at)?));
    }
    let folder = query.string("path").filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
    let page = query.camel_page()?;
    query.finish()?;
    let items = engine.recovery_point_items(caller, &point, &folder, &page)?;
    Ok(Reply::json(StatusCode::OK, &items))
}

fn find(engine: &Engine, caller: &Caller, parts: &Parts) -> Result<Reply, Failure> {
    let mut query = Query::parse(parts.uri.query().unwrap_or_default())?;
    let name = query.required_string("name")?;
    let pattern = if query.boolean("regex")? == Some(true) { Pattern::regex(&name)? } else { Pattern::glob(&name)? };
    let place = match (query.string("resource"), query.string("vault")) {
        (Some(resource), None) => Where::Resource(arn("resource", &resource)?),
        (None, Some(vault)) => Where::Vault(vault.parse()?),
        _ => return Err(Failure::invalid("either resource or vault must say where to look")),
    };
    let page = query.camel_page()?;
    query.finish()?;
    Ok(Reply::json(StatusCode::OK, &engine.find_items(caller, &place, &pattern, &page)?))
}

fn new_data(engine: &Engine, caller: &Caller, parts: &Parts) -> Result<Reply, Failure> {
    let mut query = Query::parse(parts.uri.query().unwrap_or_default())?;
    let job = query.string("job");
    query.finish()?;
    let told = match job {
        Some(job) => engine.new_data_of_backup(caller, &job.parse()?)?,
        None => engine.incompressible_backups(caller)?,
    };
    Ok(Reply::json(StatusCode::OK, &told))
}

fn proof(engine: &Engine, caller: &Caller, parts: &Parts, job: &str) -> Result<Reply, Failure> {
    let job = job.strip_suffix("/proof").filter(|id| !id.contains('/') && parts.method == Method::GET);
    let unknown = || Failure::unknown_operation(format!("Nothing here answers {} {}", parts.method, parts.uri.path()));
    let job = decoded(job.ok_or_else(unknown)?)?;
    Query::parse(parts.uri.query().unwrap_or_default())?.finish()?;
    Ok(Reply::json(StatusCode::OK, &engine.restore_proof(caller, &job.parse()?)?))
}
