//! `POST /_clock`: moves a simulated clock, and answers when all that fell due on the way is done.

use super::control::parsed;
use super::failure::Failure;
use super::reply::Reply;
use crate::domain::extension::{ClockAnswer, ClockRequest};
use crate::engine::{AdvanceTo, Cancel, Engine};
use chrono::TimeDelta;
use http::header::ORIGIN;
use http::request::Parts;
use http::{Method, StatusCode};
use std::sync::Arc;

/// Answers one call; the move ends when `cancel` says so. It needs no signature, so a browser, which says where a script came
/// from, is sent away.
pub(super) fn answer(engine: &Arc<Engine>, parts: &Parts, body: &[u8], cancel: &Cancel) -> Result<Reply, Failure> {
    if parts.method != Method::POST {
        return Err(Failure::unknown_operation(format!("/_clock answers POST, not {}", parts.method)));
    }
    if parts.headers.contains_key(ORIGIN) {
        return Err(Failure::new(StatusCode::FORBIDDEN, "AccessDeniedException", "/_clock is not for web pages"));
    }
    let request: ClockRequest = parsed(body)?;
    let to = match (request.advance_seconds, request.set) {
        (Some(seconds), None) => {
            let span = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX);
            AdvanceTo::By(span)
        }
        (None, Some(time)) => AdvanceTo::At(time),
        _ => return Err(Failure::invalid("Give either advance_seconds or set")),
    };
    Ok(Reply::json(StatusCode::OK, &ClockAnswer { now: engine.advance_until(to, cancel)? }))
}
