//! From an HTTP request to the service that answers it, and back.

use super::access::{Authenticated, Signed};
use super::backup::operations;
use super::body::{self, Budget, Received};
use super::call::Call;
use super::connections::Standing;
use super::failure::Failure;
use super::members::Members;
use super::query::decoded;
use super::reply::Reply;
use super::serve::Shutdown;
use super::target::{CALL_TIMEOUT, Target, cbor_target, header, json_target};
use super::{
    cbor, clock, cloudtrail, cloudwatch, control, events, health, items, kms, organizations, ram, sts, tagging, trail,
};
use crate::domain::extension::VERSION_HEADER;
use crate::engine::{Cancel, Engine, RestoreRoots};
use axum::Router;
use axum::body::{Body, HttpBody as _};
use http::header::DATE;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use parking_lot::RwLock;
use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where a router is reached, which decides what it lets do.
#[derive(Debug, Clone)]
pub enum Surface {
    /// A port on loopback: AWS's protocols and the recovery points' items.
    Tcp {
        /// The folders below which a restore may be told to write.
        restore_roots: RestoreFolders,
        /// Whether `/_clock` moves the engine's time; only sensible with a simulated one.
        simulated_clock: bool,
    },
    /// The engine's own socket, or the same process: the control routes too, and restores to anywhere.
    Local {
        /// What `POST /_vaultdeck/shutdown` asks to stop.
        shutdown: Shutdown,
    },
}

/// The folders below which restores that come over a port may write. All clones are the same list, which can be replaced
/// while requests are answered.
#[derive(Debug, Clone, Default)]
pub struct RestoreFolders(Arc<RwLock<Vec<PathBuf>>>);

impl RestoreFolders {
    /// From now on these, in place of those before.
    pub fn set(&self, folders: Vec<PathBuf>) {
        *self.0.write() = folders;
    }

    fn now(&self) -> Vec<PathBuf> {
        self.0.read().clone()
    }
}

impl From<Vec<PathBuf>> for RestoreFolders {
    fn from(folders: Vec<PathBuf>) -> Self {
        Self(Arc::new(RwLock::new(folders)))
    }
}

/// The router of all services.
pub fn router(engine: Arc<Engine>, surface: Surface) -> Router {
    let service = Arc::new(Service { engine, surface, budget: Budget::new() });
    Router::new().fallback(move |request: Request<Body>| {
        let service = Arc::clone(&service);
        async move { service.answer(request).await }
    })
}

struct Service {
    engine: Arc<Engine>,
    surface: Surface,
    budget: Budget,
}

/// A request whose body was read.
struct Whole {
    parts: Arc<Parts>,
    body: Received,
    request_id: String,
    /// Says when nobody waits for the answer any more.
    cancel: Cancel,
}

/// Cancels when it is dropped: when the answer is there, and when its connection is gone before.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Service {
    async fn answer(self: Arc<Self>, request: Request<Body>) -> Response<Body> {
        let request_id = uuid::Uuid::new_v4().to_string();
        let (parts, mut body) = request.into_parts();
        if let Some(reply) = health::answer(&self.engine, &parts) {
            body::discard(&parts.headers, body);
            return finished(reply, &request_id);
        }
        let parts = Arc::new(parts);
        let target = Target::of(&parts);
        let done = Arc::clone(&self).carry_out(target, &parts, &mut body, &request_id).await;
        let mut reply = done.unwrap_or_else(|failure| {
            let failure = if self.is_owners() { failure.in_full() } else { failure };
            failure.reply(target.dialect(), &request_id)
        });
        if !body.is_end_stream() {
            // What is left of the body is only taken off the wire, so the connection cannot be used again.
            reply.headers.insert(http::header::CONNECTION, HeaderValue::from_static("close"));
            body::discard(&parts.headers, body);
        }
        let (method, path) = (&parts.method, parts.uri.path());
        tracing::debug!(%method, %path, status = reply.status.as_u16(), %request_id, "answered");
        finished(reply, &request_id)
    }

    /// Whether only the owner of the data directory can call here.
    fn is_owners(&self) -> bool {
        matches!(self.surface, Surface::Local { .. })
    }

    async fn carry_out(
        self: Arc<Self>,
        target: Target,
        parts: &Arc<Parts>,
        body: &mut Body,
        request_id: &str,
    ) -> Result<Reply, Failure> {
        let path = parts.uri.path().to_owned();
        let signed = match self.service(target, parts)? {
            None => None,
            Some(service) => {
                let (this, parts) = (Arc::clone(&self), Arc::clone(parts));
                Some(blocking(&path, Some(CALL_TIMEOUT), move || Signed::of(&this.engine, &parts, service)).await?)
            }
        };
        if let (Some(_), Some(standing)) = (&signed, parts.extensions.get::<Standing>()) {
            standing.is_known();
        }
        let limit = if signed.is_some() || self.is_owners() { body::LIMIT } else { body::UNSIGNED_LIMIT };
        let received = self.budget.read(&parts.headers, body, limit).await?;
        let cancel = Cancel::default();
        let _cancels = CancelOnDrop(cancel.clone());
        let whole = Whole { parts: Arc::clone(parts), body: received, request_id: request_id.to_owned(), cancel };
        let limit = target.time_limit(parts);
        blocking(&path, limit, move || self.dispatch(target, &whole, signed)).await
    }

    /// The service that a request must be signed for, or none where no signature is needed; what has no answer here is
    /// refused.
    fn service(&self, target: Target, parts: &Parts) -> Result<Option<&'static str>, Failure> {
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        let unknown = |what: String| Err(Failure::unknown_operation(what));
        match target {
            Target::Backup => match operations::find(method, path) {
                Some(_) => Ok(Some("backup")),
                None => unknown(format!("AWS Backup has no operation {method} {path}")),
            },
            Target::Items | Target::Events => Ok(Some("backup")),
            Target::Sts => Ok(Some("sts")),
            Target::Json => match json_target(parts).0 {
                organizations::TARGET => Ok(Some("organizations")),
                tagging::TARGET => Ok(Some("tagging")),
                kms::TARGET => Ok(Some("kms")),
                cloudtrail::TARGET => Ok(Some("cloudtrail")),
                cloudwatch::TARGET => Ok(Some("monitoring")),
                _ => unknown(format!("Nothing here answers X-Amz-Target {:?}", header(&parts.headers, "x-amz-target"))),
            },
            Target::Cbor => match cbor_target(path) {
                Some((tagging::TARGET, _)) => Ok(Some("tagging")),
                Some(_) => Ok(Some("monitoring")),
                None => unknown(format!("Nothing here answers {path}")),
            },
            Target::Ram => Ok(Some("ram")),
            Target::Control if self.is_owners() => Ok(None),
            Target::Control => Err(Failure::new(
                StatusCode::FORBIDDEN,
                "AccessDeniedException",
                "Control routes are answered only on the engine's own socket, in its data directory.",
            )),
            Target::Clock => match &self.surface {
                Surface::Tcp { simulated_clock: false, .. } => {
                    unknown("/_clock is answered only by an engine that serves with --clock simulated.".to_owned())
                }
                _ => Ok(None),
            },
        }
    }

    fn restore_roots(&self) -> RestoreRoots {
        match &self.surface {
            Surface::Tcp { restore_roots, .. } => RestoreRoots::Below(restore_roots.now()),
            Surface::Local { .. } => RestoreRoots::Any,
        }
    }

    fn dispatch(&self, target: Target, whole: &Whole, signed: Option<Signed>) -> Result<Reply, Failure> {
        let verify = |signed: Signed| signed.with_body(&self.engine, &whole.parts, &whole.body, self.restore_roots());
        let caller = signed.map(verify).transpose().map_err(|failure| fitted(target, &whole.parts, failure))?;
        let answer = self.answer_to(target, whole, caller.as_ref());
        trail::record(
            &self.engine,
            &trail::Told {
                target,
                parts: &whole.parts,
                body: &whole.body.bytes,
                request_id: &whole.request_id,
                is_owners: self.is_owners(),
                caller: caller.as_ref().map(|who| &who.caller),
                failure: answer.as_ref().err(),
            },
        );
        answer
    }

    fn answer_to(&self, target: Target, whole: &Whole, caller: Option<&Authenticated>) -> Result<Reply, Failure> {
        match (target, caller, &self.surface) {
            (Target::Control, _, Surface::Local { shutdown }) => {
                control::answer(&self.engine, shutdown, &whole.parts, &whole.body.bytes)
            }
            (Target::Clock, ..) => clock::answer(&self.engine, &whole.parts, &whole.body.bytes, &whole.cancel),
            (Target::Backup, Some(who), _) => self.backup(whole, who),
            (Target::Sts, Some(who), _) => {
                sts::answer(&self.engine, &who.caller, &who.identity, &whole.body.bytes, &whole.request_id)
            }
            (Target::Json, Some(who), _) => self.json(whole, who),
            (Target::Cbor, Some(who), _) => self.cbor(whole, who),
            (Target::Ram, Some(who), _) => self.ram(whole, who),
            (Target::Items, Some(who), _) => items::answer(&self.engine, &who.caller, &whole.parts),
            (Target::Events, Some(who), _) => events::answer(&self.engine, &who.caller, &whole.parts, &whole.cancel),
            // Never: `service` let nothing else pass.
            _ => Err(Failure::internal()),
        }
    }

    fn backup(&self, whole: &Whole, who: &Authenticated) -> Result<Reply, Failure> {
        let (method, path) = (whole.parts.method.as_str(), whole.parts.uri.path());
        let Some((operation, segments)) = operations::find(method, path) else { return Err(Failure::internal()) };
        let answer = || {
            (operation.handler)(&Call {
                engine: &self.engine,
                caller: &who.caller,
                operation,
                path: segments.into_iter().map(decoded).collect::<Result<_, _>>()?,
                query: whole.parts.uri.query().unwrap_or_default(),
                body: &whole.body.bytes,
            })
        };
        answer().map_err(|failure| operation.fitted(failure))
    }

    fn json(&self, whole: &Whole, who: &Authenticated) -> Result<Reply, Failure> {
        let (service, operation) = json_target(&whole.parts);
        let body = Members::parse(&whole.body.bytes)?;
        let answer = match service {
            organizations::TARGET => organizations::answer(&self.engine, &who.caller, operation, body)?,
            kms::TARGET => kms::answer(&self.engine, &who.caller, operation, body)?,
            cloudtrail::TARGET => cloudtrail::answer(&self.engine, &who.caller, operation, body)?,
            cloudwatch::TARGET => cloudwatch::answer(&self.engine, &who.caller, operation, body)?,
            _ => tagging::answer(&self.engine, &who.caller, operation, body)?,
        };
        Ok(Reply::amz_json(StatusCode::OK, &answer))
    }

    fn ram(&self, whole: &Whole, who: &Authenticated) -> Result<Reply, Failure> {
        let (method, uri) = (whole.parts.method.as_str(), &whole.parts.uri);
        let asked = (method, uri.path(), uri.query().unwrap_or_default());
        Ok(Reply::json(StatusCode::OK, &ram::answer(&self.engine, &who.caller, asked, &whole.body.bytes)?))
    }

    fn cbor(&self, whole: &Whole, who: &Authenticated) -> Result<Reply, Failure> {
        let (service, operation) = cbor_target(whole.parts.uri.path()).unwrap_or_default();
        let bytes = &whole.body.bytes;
        let body = if bytes.is_empty() { Members::parse(b"")? } else { Members::of("", cbor::decode(bytes)?)? };
        let (answer, times) = match service {
            cloudwatch::TARGET => (cloudwatch::answer(&self.engine, &who.caller, operation, body)?, cloudwatch::TIMES),
            _ => (tagging::answer(&self.engine, &who.caller, operation, body)?, &[][..]),
        };
        Ok(Reply::cbor(StatusCode::OK, &answer, times))
    }
}

/// A failure before the operation is called, under an exception that it lists.
fn fitted(target: Target, parts: &Parts, failure: Failure) -> Failure {
    match operations::find(parts.method.as_str(), parts.uri.path()) {
        Some((operation, _)) if target == Target::Backup => operation.fitted(failure),
        _ => failure,
    }
}

/// Runs work on a thread that may block; a panic there is this one call's failure.
async fn blocking<T: Send + 'static>(
    path: &str,
    limit: Option<Duration>,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
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
        let failure = blocking::<Reply>("/x", None, || panic!("a secret in the message")).await.unwrap_err();
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
}
