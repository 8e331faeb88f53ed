//! A small client for services that speak HTTP, used by threads that wait for its answers.
//!
//! What a service says is told apart by its driver; what is the same for all of them is told here: that it is not there, not in
//! time, not trusted, or answers with a page for people. A fault that is [`Fault::Temporary`] is worth another attempt
//! ([`patiently`]).

mod coming;
mod patience;
mod sign;
#[cfg(test)]
pub(in crate::engine::drivers) mod stand_in;
#[cfg(test)]
mod tests;
mod upload;
mod xml;

pub(in crate::engine::drivers) use coming::Coming;
pub(in crate::engine::drivers) use patience::{BRIEF, LONG, patiently, stopped};
pub(in crate::engine::drivers) use sign::sign;
pub(in crate::engine::drivers) use xml::Element;

use crate::engine::drivers::Fault;
use crate::repository::Control;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A request with an absolute URL.
pub(in crate::engine::drivers) type Request = http::Request<Bytes>;

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long a service may be silent.
const SILENCE_LIMIT: Duration = Duration::from_secs(120);
/// How often a thread that waits looks whether it is to stop.
const TICK: Duration = Duration::from_millis(100);
/// The most that an answer may have which is taken whole.
const LARGEST: usize = 64 << 20;
/// How much of a service's own words is told.
const LONGEST: usize = 300;
/// When a job that failed for the time being is begun again.
const AGAIN_SECONDS: i64 = 60;

/// A client, and the runtime that its connections live in.
pub(in crate::engine::drivers) struct Http {
    connector: SharedHttpConnector,
    runtime: Runtime,
    /// Where it leads, for messages.
    place: String,
}

/// An answer that was taken whole.
pub(in crate::engine::drivers) struct Answer {
    pub(in crate::engine::drivers) status: u16,
    pub(in crate::engine::drivers) headers: http::HeaderMap,
    pub(in crate::engine::drivers) body: Bytes,
}

impl Answer {
    /// The text of a header.
    pub(in crate::engine::drivers) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether it says that all went well.
    pub(in crate::engine::drivers) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it is one for people.
    pub(in crate::engine::drivers) fn is_page(&self) -> bool {
        let start = String::from_utf8_lossy(&self.body[..self.body.len().min(64)]).trim_start().to_ascii_lowercase();
        start.starts_with("<!doctype html") || start.starts_with("<html")
    }

    /// Its body as one line of bounded length, for messages.
    pub(in crate::engine::drivers) fn words(&self) -> String {
        clean(&String::from_utf8_lossy(&self.body[..self.body.len().min(4 * LONGEST)]))
    }
}

impl Http {
    /// A client for what lies at `place`, which messages call it by. Nothing is sent yet.
    pub(in crate::engine::drivers) fn open(place: &str) -> Result<Arc<Self>, Fault> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("http")
            .enable_all()
            .build()
            .map_err(|error| Fault::of_io(format_args!("No thread could be started for {place}"), &error))?;
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_LIMIT).build();
        let connector = Connector::builder()
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new())
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build();
        Ok(Arc::new(Self { connector: SharedHttpConnector::new(connector), runtime, place: place.to_owned() }))
    }

    /// Where it leads.
    pub(in crate::engine::drivers) fn place(&self) -> &str {
        &self.place
    }

    /// Sends a request and takes the whole answer.
    pub(in crate::engine::drivers) fn ask(
        self: &Arc<Self>,
        request: Request,
        stop: Option<&Control>,
    ) -> Result<Answer, Fault> {
        self.begin(request, stop)?.take(stop)
    }

    /// Sends a request and gives the answer as it comes.
    pub(in crate::engine::drivers) fn begin(
        self: &Arc<Self>,
        request: Request,
        stop: Option<&Control>,
    ) -> Result<Coming, Fault> {
        let unsendable = |error: &dyn std::fmt::Display| {
            Fault::Failed(format!("A request could not be sent to {}: {}", self.place, clean(&error.to_string())))
        };
        let request = HttpRequest::try_from(request.map(SdkBody::from)).map_err(|error| unsendable(&error))?;
        // Already the call wants to be in the runtime, not only what it gives.
        let call = async { tokio::time::timeout(SILENCE_LIMIT, self.connector.call(request)).await };
        let answered = self.wait(stop, call)?;
        let answered = answered.map_err(|_| temporary(format!("{} does not answer in time.", self.place)))?;
        let response = answered.map_err(|error| self.unreachable(&error))?;
        let response = response.try_into_http1x().map_err(|error| unsendable(&error))?;
        let (parts, body) = response.into_parts();
        Ok(Coming::new(Arc::clone(self), parts.status.as_u16(), parts.headers, body))
    }

    /// Waits for something, unless it is to stop.
    fn wait<F: Future>(&self, stop: Option<&Control>, work: F) -> Result<F::Output, Fault> {
        self.runtime.block_on(async {
            let mut work = pin!(work);
            loop {
                tokio::select! {
                    done = &mut work => return Ok(done),
                    () = tokio::time::sleep(TICK) => stopped(stop)?,
                }
            }
        })
    }

    /// Why there was no answer.
    fn unreachable(&self, error: &ConnectorError) -> Fault {
        let (place, why) = (&self.place, clean(&innermost(error)));
        if error.is_timeout() {
            return temporary(format!("{place} does not answer in time."));
        }
        if why.contains("certificate") {
            return Fault::Failed(format!(
                "The certificate of {place} is not trusted ({why}): add the authority that signed it to those of this machine."
            ));
        }
        if why.contains("InvalidContentType") {
            return Fault::Failed(format!("{place} does not speak TLS: its URL begins with http://, not https://."));
        }
        temporary(format!("{place} cannot be reached: {why}"))
    }
}

/// What may succeed later.
pub(in crate::engine::drivers) fn temporary(why: String) -> Fault {
    Fault::Temporary { why, after: chrono::Duration::seconds(AGAIN_SECONDS) }
}

/// The innermost reason: "connection refused" and not "dispatch failure".
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Words of a stranger as one line of bounded length.
pub(in crate::engine::drivers) fn clean(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let shown: String = plain.take(LONGEST).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}
