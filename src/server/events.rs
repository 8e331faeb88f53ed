//! `GET /_vaultdeck/events`: the feed of events. AWS sends them to EventBridge, and has no operation that reads them.

use super::failure::Failure;
use super::query::Query;
use super::reply::Reply;
use crate::engine::{Caller, Cancel, Engine, EventsRequest};
use http::request::Parts;
use http::{Method, StatusCode};

/// Answers one call; it waits no longer when `cancel` says that nobody does.
pub(super) fn answer(engine: &Engine, caller: &Caller, parts: &Parts, cancel: &Cancel) -> Result<Reply, Failure> {
    if parts.method != Method::GET {
        let (method, path) = (&parts.method, parts.uri.path());
        return Err(Failure::unknown_operation(format!("Nothing here answers {method} {path}")));
    }
    let mut query = Query::parse(parts.uri.query().unwrap_or_default())?;
    let position = |number: i64| {
        let refused = || Failure::invalid(format!("Invalid after: must be a position from 0 on, not {number}"));
        u64::try_from(number).map_err(|_| refused())
    };
    let request = EventsRequest {
        after: query.integer("after")?.map(position).transpose()?,
        limit: query.integer("limit")?,
        wait: query.integer("wait")?,
        account: query.string("account").map(|text| text.parse()).transpose()?,
        region: query.string("region").map(|text| text.parse()).transpose()?,
    };
    query.finish()?;
    Ok(Reply::json(StatusCode::OK, &engine.events(caller, &request, || !cancel.is_cancelled())?))
}
