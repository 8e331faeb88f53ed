//! From an HTTP request to the service that answers it, and back.

use super::access::{Authenticated, authenticate};
use super::backup::operations;
use super::call::Call;
use super::failure::{Dialect, Failure};
use super::members::Members;
use super::query::decoded;
use super::reply::Reply;
use super::serve::Shutdown;
use super::sigv4::Signable;
use super::{cbor, clock, control, health, items, organizations, sts, tagging};
use crate::domain::extension::VERSION_HEADER;
use crate::engine::{Engine, RestoreRoots};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The largest body that is read: the largest documents of AWS Backup hold some 200 KB.
const BODY_LIMIT: usize = 1024 * 1024;
/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a call may take, but those that wait for work: a check, a move of the clock.
const CALL_TIMEOUT: Duration = Duration::from_mins(1);

/// Where a router is reached, which decides what it lets do.
#[derive(Debug, Clone)]
pub enum Surface {
    /// A port on loopback: AWS's protocols and the recovery points' items.
    Tcp {
        /// The folders below which a restore may be told to write.
        restore_roots: Vec<PathBuf>,
        /// Whether `/_clock` moves the engine's time; only sensible with a simulated one.
        simulated_clock: bool,
    },
    /// The engine's own socket, or the same process: the control routes too, and restores to anywhere.
    Local {
        /// What `POST /_vaultdeck/shutdown` asks to stop.
        shutdown: Shutdown,
    },
}

/// The router of all services.
pub fn router(engine: Arc<Engine>, surface: Surface) -> Router {
    let service = Arc::new(Service { engine, surface });
    Router::new().fallback(move |request: Request<Body>| {
        let service = Arc::clone(&service);
        async move { service.answer(request).await }
    })
}

/// What a request is addressed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Backup,
    Sts,
    Json,
    Cbor,
    Items,
    Control,
    Clock,
}

struct Service {
    engine: Arc<Engine>,
    surface: Surface,
}

/// A request whose body was read.
struct Whole {
    parts: Parts,
    body: Bytes,
    request_id: String,
}

impl Service {
    async fn answer(self: Arc<Self>, request: Request<Body>) -> Response<Body> {
        let request_id = uuid::Uuid::new_v4().to_string();
        let (parts, body) = request.into_parts();
        if let Some(reply) = health::answer(&self.engine, &parts) {
            return finished(reply, &request_id);
        }
        let target = Target::of(&parts);
        let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
        let reply = match read_body(&parts.headers, body).await {
            Ok(body) => {
                let whole = Whole { parts, body, request_id: request_id.clone() };
                self.run(target, whole).await.unwrap_or_else(|failure| failure.reply(target.dialect(), &request_id))
            }
            Err(failure) => {
                // The rest of the body is not read, so the connection cannot be used again.
                let mut reply = failure.reply(target.dialect(), &request_id);
                reply.headers.insert(http::header::CONNECTION, HeaderValue::from_static("close"));
                reply
            }
        };
        tracing::debug!(%method, %path, status = reply.status.as_u16(), %request_id, "answered");
        finished(reply, &request_id)
    }

    async fn run(self: Arc<Self>, target: Target, whole: Whole) -> Result<Reply, Failure> {
        let limit = target.time_limit(&whole.parts);
        let path = whole.parts.uri.path().to_owned();
        blocking(&path, limit, move || self.dispatch(target, &whole)).await
    }

    fn dispatch(&self, target: Target, whole: &Whole) -> Result<Reply, Failure> {
        match target {
            Target::Backup => self.backup(whole),
            Target::Sts => {
                let who = self.authenticate(whole, "sts")?;
                sts::answer(&self.engine, &who.caller, &who.identity, &whole.body, &whole.request_id)
            }
            Target::Json => self.json(whole),
            Target::Cbor => self.cbor(whole),
            Target::Items => {
                let who = self.authenticate(whole, "backup")?;
                items::answer(&self.engine, &who.caller, &whole.parts)
            }
            Target::Control => match &self.surface {
                Surface::Local { shutdown } => control::answer(&self.engine, shutdown, &whole.parts, &whole.body),
                Surface::Tcp { .. } => Err(Failure::new(
                    StatusCode::FORBIDDEN,
                    "AccessDeniedException",
                    "Control routes are answered only on the engine's own socket, in its data directory.",
                )),
            },
            Target::Clock => match &self.surface {
                Surface::Tcp { simulated_clock: false, .. } => Err(Failure::unknown_operation(
                    "/_clock is answered only by an engine that serves with --clock simulated.",
                )),
                _ => clock::answer(&self.engine, &whole.parts, &whole.body),
            },
        }
    }

    fn authenticate(&self, whole: &Whole, service: &str) -> Result<Authenticated, Failure> {
        let restore_roots = match &self.surface {
            Surface::Tcp { restore_roots, .. } => RestoreRoots::Below(restore_roots.clone()),
            Surface::Local { .. } => RestoreRoots::Any,
        };
        authenticate(&self.engine, &whole.signable(), service, restore_roots)
    }

    fn backup(&self, whole: &Whole) -> Result<Reply, Failure> {
        let (method, path) = (whole.parts.method.as_str(), whole.parts.uri.path());
        let Some((operation, segments)) = operations::find(method, path) else {
            return Err(Failure::unknown_operation(format!("AWS Backup has no operation {method} {path}")));
        };
        let who = self.authenticate(whole, "backup")?;
        let call = Call {
            engine: &self.engine,
            caller: &who.caller,
            operation,
            path: segments.into_iter().map(decoded).collect::<Result<_, _>>()?,
            query: whole.parts.uri.query().unwrap_or_default(),
            body: &whole.body,
        };
        (operation.handler)(&call)
    }

    fn json(&self, whole: &Whole) -> Result<Reply, Failure> {
        let target = header(&whole.parts.headers, "x-amz-target");
        let (service, operation) = target.split_once('.').unwrap_or((target, ""));
        let answer = match service {
            organizations::TARGET => {
                let who = self.authenticate(whole, "organizations")?;
                organizations::answer(&self.engine, &who.caller, operation, Members::parse(&whole.body)?)?
            }
            tagging::TARGET => {
                let who = self.authenticate(whole, "tagging")?;
                tagging::answer(&self.engine, &who.caller, operation, Members::parse(&whole.body)?)?
            }
            _ => return Err(Failure::unknown_operation(format!("Nothing here answers X-Amz-Target {target:?}"))),
        };
        Ok(Reply::amz_json(StatusCode::OK, &answer))
    }

    fn cbor(&self, whole: &Whole) -> Result<Reply, Failure> {
        let path = whole.parts.uri.path();
        let operation = path
            .strip_prefix("/service/")
            .and_then(|rest| rest.strip_prefix(tagging::TARGET))
            .and_then(|rest| rest.strip_prefix("/operation/"));
        let Some(operation) = operation else {
            return Err(Failure::unknown_operation(format!("Nothing here answers {path}")));
        };
        let who = self.authenticate(whole, "tagging")?;
        let body =
            if whole.body.is_empty() { Members::parse(b"")? } else { Members::of("", cbor::decode(&whole.body)?)? };
        Ok(Reply::cbor(StatusCode::OK, &tagging::answer(&self.engine, &who.caller, operation, body)?))
    }
}

impl Whole {
    fn signable(&self) -> Signable<'_> {
        Signable {
            method: self.parts.method.as_str(),
            path: self.parts.uri.path(),
            query: self.parts.uri.query().unwrap_or_default(),
            headers: &self.parts.headers,
            authority: self.parts.uri.authority().map(http::uri::Authority::as_str),
            body: &self.body,
        }
    }
}

impl Target {
    fn of(parts: &Parts) -> Self {
        let path = parts.uri.path();
        if path == "/_clock" {
            Self::Clock
        } else if path.starts_with("/_vaultdeck/recovery-points/") {
            Self::Items
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
        } else {
            Self::Backup
        }
    }

    fn dialect(self) -> Dialect {
        match self {
            Self::Backup | Self::Items | Self::Control | Self::Clock => Dialect::RestJson,
            Self::Sts => Dialect::Query,
            Self::Json => Dialect::Json,
            Self::Cbor => Dialect::Cbor,
        }
    }

    /// None for what takes as long as its work does.
    fn time_limit(self, parts: &Parts) -> Option<Duration> {
        let waits = self == Self::Clock || (self == Self::Control && parts.uri.path().ends_with("/check"));
        (!waits).then_some(CALL_TIMEOUT)
    }
}

/// Runs work on a thread that may block; a panic there is this one call's failure.
async fn blocking(
    path: &str,
    limit: Option<Duration>,
    work: impl FnOnce() -> Result<Reply, Failure> + Send + 'static,
) -> Result<Reply, Failure> {
    let work = tokio::task::spawn_blocking(work);
    let ended = match limit {
        Some(limit) => tokio::time::timeout(limit, work).await.map_err(|_| {
            tracing::error!(%path, "a call took longer than {} s", limit.as_secs());
            Failure::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "ServiceUnavailableException",
                "The engine took too long to answer; it may still carry the request out.",
            )
        })?,
        None => work.await,
    };
    ended.unwrap_or_else(|error| {
        let what = error.try_into_panic().map_or_else(|_| "it was cancelled".to_owned(), |panic| panicked(&*panic));
        tracing::error!(%path, "a call failed: {what}");
        Err(Failure::internal())
    })
}

/// A header's text, or an empty one.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn read_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
    let too_large = || {
        Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLargeException",
            format!("The request body is larger than {BODY_LIMIT} bytes"),
        )
    };
    let announced: Option<u64> = header(headers, CONTENT_LENGTH.as_str()).parse().ok();
    if announced.is_some_and(|length| length > BODY_LIMIT as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, BODY_LIMIT).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(Failure::serialization(format!("The request body could not be read: {error}"))),
        Err(_) => Err(Failure::new(
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeoutException",
            format!("The request body did not arrive within {} seconds", BODY_TIMEOUT.as_secs()),
        )),
    }
}

/// The response, with the headers that all have.
fn finished(reply: Reply, request_id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", value);
    }
    headers.insert(VERSION_HEADER, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
    // Wall time, whatever the engine's clock says: SDKs learn the skew of their clock from it.
    let date = chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(value) = HeaderValue::from_str(&date) {
        headers.insert(DATE, value);
    }
    response
}

/// What a panic said.
fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_internal_failure_of_one_call() {
        let failure = blocking("/x", None, || panic!("a secret in the message")).await.unwrap_err();
        assert_eq!(failure, Failure::internal());
        assert!(!failure.message.contains("secret"));
    }

    #[tokio::test]
    async fn a_call_that_takes_too_long_is_answered_before_it_ends() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let work = move || {
            let _ = wait.recv();
            Ok(Reply::empty(StatusCode::OK))
        };
        let failure = blocking("/x", Some(Duration::from_millis(10)), work).await.unwrap_err();
        assert_eq!(failure.code, "ServiceUnavailableException");
        drop(release);
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit() {
        let full = Body::from(vec![b' '; BODY_LIMIT]);
        assert_eq!(read_body(&HeaderMap::new(), full).await.unwrap().len(), BODY_LIMIT);
        let more = Body::from(vec![b' '; BODY_LIMIT + 1]);
        assert_eq!(read_body(&HeaderMap::new(), more).await.unwrap_err().status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
