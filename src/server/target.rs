//! What a request is addressed to: which service, and by which protocol.

use super::failure::Dialect;
use super::{cloudwatch, ram, tagging};
use crate::domain::event::EVENTS;
use crate::domain::extension::{FIND, NEW_DATA, RECOVERY_POINTS};
use crate::domain::proof::RESTORE_JOBS;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method};
use std::time::Duration;

/// How long a call may take, but those that wait for work: a check, a move of the clock.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_mins(1);

/// What a request is addressed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Backup,
    Sts,
    Json,
    Cbor,
    Ram,
    Items,
    Events,
    Control,
    Clock,
}

impl Target {
    pub(super) fn of(parts: &Parts) -> Self {
        let path = parts.uri.path();
        if path == "/_clock" {
            Self::Clock
        } else if path.starts_with(RECOVERY_POINTS)
            || path.starts_with(RESTORE_JOBS)
            || [FIND, NEW_DATA].contains(&path)
        {
            Self::Items
        } else if path == EVENTS {
            Self::Events
        } else if path.starts_with("/_vaultdeck") {
            Self::Control
        } else if path.starts_with("/service/") {
            Self::Cbor
        } else if path == "/" && parts.method == Method::POST {
            if parts.headers.contains_key("x-amz-target") {
                Self::Json
            } else if header(&parts.headers, CONTENT_TYPE.as_str()).starts_with("application/x-www-form-urlencoded") {
                Self::Sts
            } else {
                Self::Backup
            }
        } else if ram::answers(parts.method.as_str(), path) {
            Self::Ram
        } else {
            Self::Backup
        }
    }

    pub(super) fn dialect(self) -> Dialect {
        match self {
            Self::Backup | Self::Ram | Self::Items | Self::Events | Self::Control | Self::Clock => Dialect::RestJson,
            Self::Sts => Dialect::Query,
            Self::Json => Dialect::Json,
            Self::Cbor => Dialect::Cbor,
        }
    }

    /// None for what takes as long as its work does.
    pub(super) fn time_limit(self, parts: &Parts) -> Option<Duration> {
        let waits = self == Self::Clock
            || (self == Self::Control && ["/check", "/rescan"].iter().any(|end| parts.uri.path().ends_with(end)));
        (!waits).then_some(CALL_TIMEOUT)
    }
}

/// Service and operation of awsJson.
pub(super) fn json_target(parts: &Parts) -> (&str, &str) {
    let target = header(&parts.headers, "x-amz-target");
    target.rsplit_once('.').unwrap_or((target, ""))
}

/// Service and operation of rpc-v2-cbor, which the Tagging API and CloudWatch speak here.
pub(super) fn cbor_target(path: &str) -> Option<(&'static str, &str)> {
    let rest = path.strip_prefix("/service/")?;
    let of = |service: &'static str| Some((service, rest.strip_prefix(service)?.strip_prefix("/operation/")?));
    [tagging::TARGET, cloudwatch::TARGET].into_iter().find_map(of)
}

/// A header's text, or an empty one.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
