//! `GET /_vaultdeck/health`: whether the engine does what it is there for, for monitors. It needs no signature, tells no
//! secrets, and is answered without waiting for a thread: it must answer when all else is stuck.

use super::reply::Reply;
use crate::engine::Engine;
use http::request::Parts;
use http::{Method, StatusCode};

/// Answers one call, if it is for this route.
pub(super) fn answer(engine: &Engine, parts: &Parts) -> Option<Reply> {
    if parts.uri.path() != "/_vaultdeck/health" || !matches!(parts.method, Method::GET | Method::HEAD) {
        return None;
    }
    let health = engine.health();
    let status = if health.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Some(Reply::json(status, &health))
}
