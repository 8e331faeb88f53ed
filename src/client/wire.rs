//! How bytes reach the other side: a closure in this process, a Unix socket, TCP on loopback, or TLS.
//!
//! The SDK cannot dial a Unix socket or call a function; its HTTP client can be replaced, and this is the replacement. A
//! connection is made per call: on this machine that costs less than finding out that a kept one died with its engine.

use crate::client::web_page::WebPage;
use crate::domain::extension::VERSION_HEADER;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// How long a connection may take.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// How long one operation may take, connecting and all.
pub const OPERATION_LIMIT: Duration = Duration::from_secs(20);

/// The base of the URLs of requests to a local engine, without a slash at its end; nothing resolves its authority.
pub const LOCAL_URL: &str = "http://vaultdeck.engine";

/// Answers a request in this process.
pub type Handler = Arc<dyn Fn(http::Request<Bytes>) -> BoxFuture<'static, http::Response<Bytes>> + Send + Sync>;

/// Told the value of the version header of every answer that has one.
pub(crate) type Notice = Arc<dyn Fn(&str) + Send + Sync>;

/// The way to the other side.
#[derive(Clone)]
pub(crate) enum Route {
    /// A closure in this process.
    InProcess(Handler),
    /// A Unix socket.
    Socket(PathBuf),
    /// Plain HTTP on loopback: `host:port`.
    Tcp(String),
    /// HTTPS to anywhere.
    Tls(SharedHttpConnector),
}

/// An HTTP client over a `Route`.
#[derive(Clone)]
pub struct Wire {
    route: Route,
    notice: Notice,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Nothing listens there, or the connection broke.
    #[error("{place}: {reason}")]
    Unreachable {
        /// Where.
        place: String,
        /// Why.
        reason: String,
    },
    /// It took too long.
    #[error("{place}: no answer within {} s", limit.as_secs())]
    TooSlow {
        /// Where.
        place: String,
        /// The limit.
        limit: Duration,
    },
    /// Somebody in between answered with a page of HTML.
    #[error("{0}")]
    Page(Box<WebPage>),
    /// The request itself is at fault.
    #[error("{0}")]
    Request(String),
}

impl Wire {
    pub(crate) fn new(route: Route, notice: Notice) -> Self {
        Self { route, notice }
    }

    /// To the engine behind a socket.
    pub(crate) fn local(path: PathBuf) -> Self {
        Self::new(Route::Socket(path), Arc::new(|_| {}))
    }

    /// To the engine in this process.
    pub(crate) fn in_process(handler: Handler) -> Self {
        Self::new(Route::InProcess(handler), Arc::new(|_| {}))
    }

    /// To wherever a URL leads.
    pub(crate) fn to(url: &str) -> Result<Self, &'static str> {
        let nobody: Notice = Arc::new(|_| {});
        Ok(match loopback_authority(url)? {
            Some(authority) => Self::new(Route::Tcp(authority), nobody),
            None => Self::tls(nobody),
        })
    }

    /// HTTPS by rustls with ring, through the proxy that the environment names.
    pub(crate) fn tls(notice: Notice) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_LIMIT).build();
        let connector = Connector::builder()
            .connector_settings(settings)
            .sleep_impl(TokioSleep::new())
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build();
        Self::new(Route::Tls(SharedHttpConnector::new(connector)), notice)
    }

    /// Where it leads, for messages.
    fn place(&self) -> String {
        match &self.route {
            Route::InProcess(_) => "the engine in this process".to_owned(),
            Route::Socket(path) => path.display().to_string(),
            Route::Tcp(authority) => authority.clone(),
            Route::Tls(_) => "the endpoint".to_owned(),
        }
    }

    /// Asks a service: as [`Self::send`], but a page of HTML is the answer of somebody else. Only what a machine of AWS tells of
    /// itself comes with such pages, too.
    pub async fn ask(
        &self,
        request: http::Request<Bytes>,
        limit: Duration,
    ) -> Result<http::Response<Bytes>, WireError> {
        let uri = request.uri().clone();
        let response = self.send(request, limit).await?;
        if uri.host().is_some_and(|host| ["169.254.", "[fd00:ec2:"].iter().any(|own| host.starts_with(own))) {
            return Ok(response);
        }
        match WebPage::in_place_of(&self.place_of(&uri), &response) {
            Some(page) => Err(WireError::Page(Box::new(page))),
            None => Ok(response),
        }
    }

    /// Sends a request with an absolute URI and waits for the whole answer, at most `limit`.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
        limit: Duration,
    ) -> Result<http::Response<Bytes>, WireError> {
        let place = self.place_of(request.uri());
        let too_slow = || WireError::TooSlow { place, limit };
        let response = tokio::time::timeout(limit, self.exchange(request)).await.map_err(|_| too_slow())??;
        if let Some(version) = response.headers().get(VERSION_HEADER).and_then(|value| value.to_str().ok()) {
            (self.notice)(version);
        }
        Ok(response)
    }

    /// The same, for a request: where anything may be asked, whom it is for.
    fn place_of(&self, uri: &http::Uri) -> String {
        match (&self.route, uri.authority()) {
            (Route::Tls(_), Some(authority)) => {
                authority.as_str().rsplit('@').next().unwrap_or_default().trim_end_matches(":443").to_owned()
            }
            _ => self.place(),
        }
    }

    async fn exchange(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>, WireError> {
        set_host(&mut request)?;
        match &self.route {
            Route::InProcess(handler) => Ok(handler(request).await),
            Route::Socket(path) => {
                let stream = self.within(CONNECT_LIMIT, tokio::net::UnixStream::connect(path)).await?;
                self.speak(stream, request).await
            }
            Route::Tcp(authority) => {
                let stream = self.within(CONNECT_LIMIT, tokio::net::TcpStream::connect(authority)).await?;
                self.within(CONNECT_LIMIT, async { stream.set_nodelay(true) }).await?;
                self.speak(stream, request).await
            }
            Route::Tls(connector) => self.call_sdk_connector(connector, request).await,
        }
    }

    async fn within<T>(&self, limit: Duration, work: impl Future<Output = std::io::Result<T>>) -> Result<T, WireError> {
        match tokio::time::timeout(limit, work).await {
            Ok(done) => done.map_err(|error| self.broken(error)),
            Err(_) => Err(WireError::TooSlow { place: self.place(), limit }),
        }
    }

    fn broken(&self, reason: impl fmt::Display) -> WireError {
        WireError::Unreachable { place: self.place(), reason: reason.to_string() }
    }

    /// One HTTP/1.1 exchange on a fresh connection.
    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, WireError> {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.broken(error))?;
        let driver = tokio::spawn(connection);
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = path.parse().map_err(|_| WireError::Request(format!("{path} is not a path")))?;
        let answered = async {
            let response = sender.send_request(http::Request::from_parts(parts, Full::new(body))).await?;
            let (parts, body) = response.into_parts();
            Ok::<_, hyper::Error>(http::Response::from_parts(parts, body.collect().await?.to_bytes()))
        };
        let response = answered.await.map_err(|error| self.broken(error));
        driver.abort();
        response
    }

    /// The same through the SDK's own connector.
    async fn call_sdk_connector(
        &self,
        connector: &SharedHttpConnector,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, WireError> {
        let place = self.place_of(request.uri());
        let request =
            HttpRequest::try_from(request.map(SdkBody::from)).map_err(|error| WireError::Request(error.to_string()))?;
        let response = connector.call(request).await.map_err(|error| {
            let reason = by_proxy(&error).unwrap_or_else(|| root_cause(&error));
            WireError::Unreachable { place, reason }
        })?;
        let response = response.try_into_http1x().map_err(|error| self.broken(error))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| self.broken(error))?.to_bytes();
        Ok(http::Response::from_parts(parts, body))
    }
}

/// `host:port` of a plain URL on loopback, none for `https://`; anything else is refused, since keys and data would
/// travel in the open.
pub(crate) fn loopback_authority(url: &str) -> Result<Option<String>, &'static str> {
    let uri: http::Uri = url.parse().map_err(|_| "not a URL")?;
    let host = uri.host().ok_or("not a URL with a host")?;
    match uri.scheme_str() {
        Some("https") => Ok(None),
        Some("http") => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let loopback = bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
            if !loopback {
                return Err("http:// is only for this machine (127.0.0.1, ::1, localhost); use https://");
            }
            Ok(Some(format!("{host}:{}", uri.port_u16().unwrap_or(80))))
        }
        _ => Err("must begin with http:// or https://"),
    }
}

/// Where nothing but this program speaks HTTP, nobody adds the Host header: it is set from the URI.
fn set_host(request: &mut http::Request<Bytes>) -> Result<(), WireError> {
    if request.headers().contains_key(http::header::HOST) {
        return Ok(());
    }
    let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let host = http::HeaderValue::from_str(&authority).map_err(|error| WireError::Request(error.to_string()))?;
    request.headers_mut().insert(http::header::HOST, host);
    Ok(())
}

/// Why the proxy that the environment names did not connect, where it is that which failed. The connector tells it by its words
/// only, and what page the proxy answered not at all.
fn by_proxy(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut causes = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    let why = causes.find_map(|cause| cause.strip_prefix("tunnel error: ").map(ToOwned::to_owned))?;
    let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].map(std::env::var).into_iter().flatten();
    let named = named.map(|url| url.rsplit('@').next().unwrap_or_default().to_owned()).find(|url| !url.is_empty());
    let proxy = named.map(|url| format!("the proxy {url}")).unwrap_or_else(|| "the proxy".to_owned());
    Some(match why.as_str() {
        "proxy authorization required" => {
            format!("{proxy} wants a name and a password (HTTP 407): HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT")
        }
        "failed to create underlying connection" => format!("{proxy} is out of reach: {}", root_cause(error)),
        "unsuccessful" => {
            format!("{proxy} refuses to connect to it: sign in there with a browser, or name the host in NO_PROXY")
        }
        other => format!("{proxy}: {other}"),
    })
}

/// The innermost reason: "connection refused" and not "dispatch failure".
pub(crate) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wire").field(&self.place()).finish()
    }
}

/// The SDK's own limit for a whole operation is shorter: this only keeps the connector from having none.
const SDK_LIMIT: Duration = Duration::from_secs(60);

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(Box::new(error)))?;
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
            let response = wire.ask(http::Request::from_parts(parts, body), SDK_LIMIT).await;
            let response = response.map_err(|error| match error {
                WireError::TooSlow { .. } => ConnectorError::timeout(Box::new(error)),
                WireError::Unreachable { .. } | WireError::Page(_) => ConnectorError::io(Box::new(error)),
                WireError::Request(_) => ConnectorError::user(Box::new(error)),
            })?;
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(Box::new(error), None))
        })
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
