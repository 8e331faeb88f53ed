//! A server on a port of its own, and the ways to call it.

use aws_credential_types::Credentials;
use aws_sdk_backup::config::{BehaviorVersion, Region};
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign as sign_request,
};
use aws_sigv4::sign::v4;
use axum::Router;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use vaultdeck::domain::extension::{AddResource, CredentialsRequest};
use vaultdeck::engine::{ClockKind, Engine, EngineOptions};
use vaultdeck::server::{InProcessFuture, Shutdown, Surface, in_process, router, serve_tcp};

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "us-east-1";
pub const ROLE: &str = "arn:aws:iam::123456789012:role/service-role/AWSBackupDefaultServiceRole";

/// Opens an engine in `folder`.
pub fn open(folder: &Path, clock: ClockKind) -> Arc<Engine> {
    Engine::open(EngineOptions {
        data_dir: folder.join("data"),
        clock,
        scheduler: true,
        simulated_rate: None,
        cold: std::collections::BTreeMap::new(),
    })
    .unwrap()
}

/// A server over TCP, on an engine in a temporary folder.
pub struct Server {
    pub engine: Arc<Engine>,
    pub url: String,
    pub folder: TempDir,
    router: Router,
    shutdown: Shutdown,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with_clock(ClockKind::System).await
    }

    pub async fn with_clock(clock: ClockKind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = open(folder.path(), clock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let surface = Surface::Tcp {
            restore_roots: vec![folder.path().join("allowed")].into(),
            simulated_clock: clock == ClockKind::Simulated,
        };
        let router = router(Arc::clone(&engine), surface);
        let shutdown = Shutdown::new();
        let task = tokio::spawn(serve_tcp(listener, router.clone(), shutdown.clone()));
        Self { engine, url, folder, router, shutdown, task }
    }

    /// Stops, and says how long that took.
    pub async fn stop(self) -> Duration {
        let started = std::time::Instant::now();
        self.shutdown.request();
        self.task.await.unwrap().unwrap();
        started.elapsed()
    }

    /// Sends a request where only the owner of the data directory can.
    pub async fn send_as_owner(&self, request: Request<Bytes>) -> Answer {
        let owners = router(Arc::clone(&self.engine), Surface::Local { shutdown: Shutdown::new() });
        Answer(in_process(owners)(request).await)
    }

    /// The same router without a socket.
    pub fn direct(&self) -> impl Fn(Request<Bytes>) -> InProcessFuture + Clone + Send + Sync + 'static {
        in_process(self.router.clone())
    }

    pub fn keys(&self) -> Credentials {
        self.keys_of(None)
    }

    pub fn keys_of(&self, account: Option<&str>) -> Credentials {
        let request = CredentialsRequest { account_id: account.map(str::to_owned), region: None };
        let keys = self.engine.credentials(request).unwrap();
        Credentials::new(keys.access_key_id, keys.secret_access_key, None, None, "test")
    }

    /// AWS Backup, as anybody calls it.
    pub fn backup(&self) -> aws_sdk_backup::Client {
        self.backup_with(self.keys())
    }

    pub fn backup_with(&self, keys: Credentials) -> aws_sdk_backup::Client {
        let config = aws_sdk_backup::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(keys)
            .endpoint_url(&self.url)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        aws_sdk_backup::Client::from_conf(config)
    }

    /// A folder with a few files, registered as an EFS file system.
    pub fn file_system(&self, name: &str, tags: &[(&str, &str)]) -> (String, PathBuf) {
        let path = self.folder.path().join("sources").join(name);
        std::fs::create_dir_all(path.join("folder")).unwrap();
        std::fs::write(path.join("hello.txt"), "hello").unwrap();
        std::fs::write(path.join("folder/inner.bin"), vec![7u8; 100_000]).unwrap();
        let request = AddResource {
            resource_type: "EFS".to_owned(),
            name: name.to_owned(),
            location: vaultdeck::domain::types::Location::at_path(path.to_str().unwrap()),
            secret: None,
            tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            account_id: None,
            region: None,
        };
        (self.engine.add_resource(request).unwrap().resource_arn, path)
    }

    /// A request with a good signature.
    pub fn signed(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Request<Bytes> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        sign(request.body(Bytes::copy_from_slice(body)).unwrap(), &self.keys(), service, SystemTime::now())
    }

    /// Signs and sends a call of AWS Backup.
    pub async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        let headers: &[(&str, &str)] = if body.is_empty() { &[] } else { &[("content-type", "application/json")] };
        self.send(self.signed("backup", method, path, headers, body.as_bytes())).await
    }

    /// Sends a request over TCP.
    pub async fn send(&self, request: Request<Bytes>) -> Answer {
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request.map(Full::new)).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer(Response::from_parts(parts, body.collect().await.unwrap().to_bytes()))
    }
}

/// A response with its body.
#[derive(Debug)]
pub struct Answer(pub Response<Bytes>);

impl Answer {
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub fn header(&self, name: &str) -> &str {
        self.0.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(self.0.body()).unwrap()
    }

    /// Status, exception and message of an error.
    pub fn error(&self) -> (u16, String, String) {
        let message = self.json()["Message"].as_str().unwrap_or_default().to_owned();
        (self.status(), self.header("x-amzn-errortype").to_owned(), message)
    }
}

/// Signs as the SDKs do.
pub fn sign(mut request: Request<Bytes>, keys: &Credentials, service: &str, time: SystemTime) -> Request<Bytes> {
    let identity = keys.clone().into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name(service)
        .time(time)
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers: Vec<(String, String)> =
        request.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.uri().to_string(),
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        SignableBody::Bytes(request.body()),
    )
    .unwrap();
    let (instructions, _) = sign_request(signable, &params).unwrap().into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

/// A text as one segment of a path.
pub fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
