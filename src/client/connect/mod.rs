//! A context and the way into each of its scopes.
//!
//! [`Connection::new`] calls nothing: the dashboard draws before the first call ends. Who the context is (its own account,
//! its regions) is found out by the first call that needs it, and forgotten when its credentials turn out to be void.

mod members;
mod scopes;
mod wire;

use crate::client::approve::CommandLine;
use crate::client::control::Control;
use crate::client::explain::Explain;
use crate::client::{Capabilities, Fault, FaultKind};
use crate::domain::{AccountId, Region, Scope};
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

pub(crate) use wire::root_cause;
pub use wire::{CONNECT_LIMIT, Handler, Wire, WireError};

/// How long one operation may take, connecting and all.
pub const OPERATION_LIMIT: Duration = Duration::from_secs(20);

/// The role that the engine's members are born with, and the one that Organizations makes.
pub const MEMBER_ROLE: &str = "OrganizationAccountAccessRole";

/// Where the context is.
#[derive(Clone)]
pub enum Transport {
    /// The engine in this process.
    InProcess(Handler),
    /// The socket of an engine in another process.
    Socket(PathBuf),
    /// A URL: an engine, or anything else that speaks AWS Backup. `http://` on loopback only.
    Endpoint(String),
    /// AWS itself.
    Aws,
}

/// A context, as the command line and the config file describe it.
#[derive(Clone)]
pub struct Options {
    /// Where it is.
    pub transport: Transport,
    /// The AWS profile whose credentials are used, for [`Transport::Endpoint`] and [`Transport::Aws`]; none takes what the
    /// environment gives.
    pub profile: Option<String>,
    /// The regions; empty takes those that the engine or the profile names.
    pub regions: Vec<Region>,
    /// The role to assume in member accounts; none stays in the own account on AWS, and means [`MEMBER_ROLE`] on an engine.
    pub member_role: Option<String>,
    /// Whether mutations may be made where no engine is behind the context.
    pub write: bool,
}

/// The SDK clients of one scope.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    pub(crate) backup: aws_sdk_backup::Client,
    pub(crate) tagging: aws_sdk_resourcegroupstagging::Client,
}

/// Who the context itself is.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) account: AccountId,
    pub(crate) regions: Vec<Region>,
    pub(crate) partition: String,
    pub(crate) config: SdkConfig,
}

/// Who the context is, or when and why that could not be found out.
#[derive(Default)]
enum HomeSlot {
    #[default]
    Unknown,
    Known(Arc<Home>),
    Failed(Instant, Fault),
}

/// Many questions wait for the same first call: when it fails, they fail with it instead of each trying in turn.
const FAILURE_SHARED: Duration = Duration::from_secs(1);

/// A context.
pub struct Connection {
    options: Options,
    wire: Wire,
    capabilities: Arc<watch::Sender<Capabilities>>,
    home: Mutex<HomeSlot>,
    members: members::Members,
}

impl Connection {
    /// Prepares a context; nothing is called yet. The error is one of the options.
    pub fn new(options: Options) -> Result<Arc<Self>, Fault> {
        let local = matches!(options.transport, Transport::InProcess(_) | Transport::Socket(_));
        let capabilities = Capabilities {
            engine: local.then(|| env!("CARGO_PKG_VERSION").to_owned()),
            control: local,
            write: local || options.write,
        };
        let capabilities = Arc::new(watch::Sender::new(capabilities));
        let wire = make_wire(&options.transport, &capabilities)?;
        let members = members::Members::default();
        Ok(Arc::new(Self { options, wire, capabilities, home: Mutex::default(), members }))
    }

    /// What the context can do, as far as it is known now.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities.borrow().clone()
    }

    /// Tells when that changes.
    pub fn watch_capabilities(&self) -> watch::Receiver<Capabilities> {
        self.capabilities.subscribe()
    }

    /// The context's name in a title.
    pub fn label(&self) -> String {
        match (&self.options.transport, &self.options.profile) {
            (Transport::InProcess(_), _) => "embedded engine".to_owned(),
            (Transport::Socket(_), _) => "local engine".to_owned(),
            (Transport::Endpoint(url), _) => url.clone(),
            (Transport::Aws, Some(profile)) => format!("AWS {profile}"),
            (Transport::Aws, None) => "AWS".to_owned(),
        }
    }

    /// The profile, where the context has one.
    pub fn profile(&self) -> Option<&str> {
        self.options.profile.as_deref()
    }

    /// How the `aws` command line reaches the same context.
    pub fn command_line(&self) -> CommandLine {
        let endpoint_url = match &self.options.transport {
            Transport::Endpoint(url) => Some(url.clone()),
            _ => None,
        };
        CommandLine { profile: self.options.profile.clone(), endpoint_url }
    }

    /// The engine's own routes, where they can be reached.
    pub fn control(&self) -> Option<Control> {
        self.is_local().then(|| Control::over(self.wire.clone()))
    }

    /// Whether the engine is in this process or on its socket.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.options.transport, Transport::InProcess(_) | Transport::Socket(_))
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// The base of every URL, without a slash at its end; none leaves it to the SDK.
    pub(crate) fn base_url(&self) -> Option<String> {
        match &self.options.transport {
            Transport::InProcess(_) | Transport::Socket(_) => Some(crate::client::control::BASE_URL.to_owned()),
            Transport::Endpoint(url) => Some(url.trim_end_matches('/').to_owned()),
            Transport::Aws => None,
        }
    }

    /// Who the context is; asked once.
    pub(crate) async fn home(&self) -> Result<Arc<Home>, Fault> {
        let mut slot = self.home.lock().await;
        match &*slot {
            HomeSlot::Known(home) => return Ok(home.clone()),
            HomeSlot::Failed(at, fault) if at.elapsed() < FAILURE_SHARED => return Err(fault.clone()),
            HomeSlot::Failed(..) | HomeSlot::Unknown => {}
        }
        let found = match self.control() {
            Some(control) => self.engine_home(&control).await,
            None => self.aws_home().await,
        };
        let found = found.map(Arc::new);
        *slot = match &found {
            Ok(home) => HomeSlot::Known(home.clone()),
            Err(fault) => HomeSlot::Failed(Instant::now(), fault.clone()),
        };
        found
    }

    /// Drops all credentials, so that the next call finds new ones: after a login, or when an engine was replaced.
    pub(crate) async fn forget_credentials(&self) {
        let mut slot = self.home.lock().await;
        if matches!(*slot, HomeSlot::Known(_)) {
            *slot = HomeSlot::Unknown;
        }
        drop(slot);
        self.members.clear().await;
    }

    /// On a socket or in process the engine itself gives the key; the environment is never read.
    async fn engine_home(&self, control: &Control) -> Result<Home, Fault> {
        let status = control.status().await?;
        let region = self.options.regions.first().map(ToString::to_string);
        let request = crate::domain::extension::CredentialsRequest { account_id: None, region };
        let key = control.credentials(&request).await?;
        let told = |what: &str| Fault::new(FaultKind::Other, format!("the engine told an unusable {what}"));
        let account = key.account_id.parse().map_err(|_| told("account"))?;
        let mut regions = self.options.regions.clone();
        if regions.is_empty() {
            regions = status.regions.iter().filter_map(|region| region.parse().ok()).collect();
        }
        if regions.is_empty() {
            regions.push(key.region.parse().map_err(|_| told("region"))?);
        }
        let credentials = Credentials::new(key.access_key_id, key.secret_access_key, None, None, "vaultdeck");
        let config = self
            .settings()
            .into_builder()
            .disable_clock_skew_correction(true)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .region(aws_config::Region::new(regions[0].to_string()))
            .build();
        Ok(Home { account, regions, partition: "aws".to_owned(), config })
    }

    /// What every SDK configuration of this context has: no retries (the fetcher owns them) and no call without an end.
    fn settings(&self) -> SdkConfig {
        let builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.wire.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        match self.base_url() {
            Some(url) => builder.endpoint_url(url).build(),
            None => builder.build(),
        }
    }

    /// On AWS and on endpoints the profile or the environment says who we are, and STS confirms it.
    async fn aws_home(&self) -> Result<Home, Fault> {
        // Credentials come from where the profile says (SSO, STS, the machine's own), whatever the endpoint is.
        let credentials_wire = Wire::tls(Arc::new(|_| {}));
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(credentials_wire.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(profile) = &self.options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = self.options.regions.first() {
            loader = loader.region(aws_config::Region::new(region.to_string()));
        }
        if let Some(url) = self.base_url() {
            loader = loader.endpoint_url(url);
        }
        let config = tokio::time::timeout(OPERATION_LIMIT, loader.load())
            .await
            .map_err(|_| Fault::new(FaultKind::Network, "the AWS configuration could not be read in time"))?;
        let regions = self.aws_regions(&config)?;
        let region = aws_config::Region::new(regions[0].to_string());
        let mut builder = config.into_builder().http_client(self.wire.clone()).region(region.clone());
        if let Some(profile) = &self.options.profile {
            // Named on purpose: keys that happen to lie in the environment do not overrule it.
            let source = ProviderConfig::default().with_region(Some(region)).with_http_client(credentials_wire);
            let provider = ProfileFileCredentialsProvider::builder().configure(&source).profile_name(profile).build();
            builder = builder.credentials_provider(SharedCredentialsProvider::new(provider));
        }
        let config = builder.build();
        let sts = aws_sdk_sts::Client::new(&config);
        let identity = sts.get_caller_identity().send().await.explain("GetCallerIdentity")?;
        let unusable = || Fault::new(FaultKind::Other, "STS told no account id");
        let account = identity.account().and_then(|id| id.parse().ok()).ok_or_else(unusable)?;
        let partition = identity.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
        Ok(Home { account, regions, partition, config })
    }

    fn aws_regions(&self, config: &SdkConfig) -> Result<Vec<Region>, Fault> {
        if !self.options.regions.is_empty() {
            return Ok(self.options.regions.clone());
        }
        let named = config.region().and_then(|region| region.as_ref().parse().ok());
        let none = || Fault::new(FaultKind::Refused, "no region is known: add --region, or set one in the AWS profile");
        named.map(|region| vec![region]).ok_or_else(none)
    }

    /// The clients of a scope; a member's by assuming the role there.
    pub(crate) async fn clients(&self, scope: &Scope) -> Result<Clients, Fault> {
        let home = self.home().await?;
        let config = self.scope_config(&home, scope).await?;
        let tagging = aws_sdk_resourcegroupstagging::Client::new(&config);
        Ok(Clients { backup: aws_sdk_backup::Client::new(&config), tagging })
    }

    /// The SDK configuration of a scope.
    pub(crate) async fn scope_config(&self, home: &Home, scope: &Scope) -> Result<SdkConfig, Fault> {
        let region = aws_config::Region::new(scope.region.to_string());
        let builder = home.config.to_builder().region(region);
        if scope.account == home.account {
            return Ok(builder.build());
        }
        let credentials = self.members.credentials(home, &scope.account, self.member_role()).await?;
        Ok(builder.credentials_provider(SharedCredentialsProvider::new(credentials)).build())
    }

    /// The role to assume in members, where there is one. The members of a local engine have exactly one.
    pub(crate) fn member_role(&self) -> Option<&str> {
        if self.is_local() {
            return Some(MEMBER_ROLE);
        }
        let engine = self.capabilities.borrow().engine.is_some();
        self.options.member_role.as_deref().or(engine.then_some(MEMBER_ROLE))
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_LIMIT)
        .operation_timeout(OPERATION_LIMIT)
        .operation_attempt_timeout(OPERATION_LIMIT)
        .build()
}

/// The HTTP client of a transport. It reports the engine's version as soon as an answer carries it.
fn make_wire(transport: &Transport, capabilities: &Arc<watch::Sender<Capabilities>>) -> Result<Wire, Fault> {
    let sender = Arc::downgrade(capabilities);
    let notice: wire::Notice = Arc::new(move |version: &str| {
        let Some(sender) = sender.upgrade() else { return };
        sender.send_if_modified(|known| {
            let version = Some(crate::client::text::clean(version));
            let changed = known.engine != version || !known.write;
            known.engine = version;
            known.write = true;
            changed
        });
    });
    let route = match transport {
        Transport::InProcess(handler) => wire::Route::InProcess(handler.clone()),
        Transport::Socket(path) => wire::Route::Socket(path.clone()),
        Transport::Aws => return Ok(Wire::tls(notice)),
        Transport::Endpoint(url) => match loopback_authority(url)? {
            Some(authority) => wire::Route::Tcp(authority),
            None => return Ok(Wire::tls(notice)),
        },
    };
    Ok(Wire::new(route, notice))
}

/// `host:port` of a plain URL on loopback, none for `https://`; anything else is refused, since keys and data would
/// travel in the open.
fn loopback_authority(url: &str) -> Result<Option<String>, Fault> {
    let refused = |why: &str| {
        Fault::new(FaultKind::Refused, format!("--endpoint-url {}: {why}", crate::client::text::clean(url)))
    };
    let uri: http::Uri = url.parse().map_err(|_| refused("not a URL"))?;
    let host = uri.host().ok_or_else(|| refused("not a URL with a host"))?;
    match uri.scheme_str() {
        Some("https") => Ok(None),
        Some("http") => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let loopback = bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
            if !loopback {
                return Err(refused("http:// is only for this machine (127.0.0.1, ::1, localhost); use https://"));
            }
            Ok(Some(format!("{host}:{}", uri.port_u16().unwrap_or(80))))
        }
        _ => Err(refused("must begin with http:// or https://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert_eq!(loopback_authority("http://127.0.0.1:9860"), Ok(Some("127.0.0.1:9860".to_owned())));
        assert_eq!(loopback_authority("http://[::1]:9860/"), Ok(Some("[::1]:9860".to_owned())));
        assert_eq!(loopback_authority("http://localhost"), Ok(Some("localhost:80".to_owned())));
        assert_eq!(loopback_authority("https://backup.example.com"), Ok(None));
        for url in ["http://10.0.0.1:9860", "http://bastion:9860", "ftp://127.0.0.1", "127.0.0.1:9860", "http://", ""] {
            let fault = loopback_authority(url).expect_err(url);
            assert_eq!(fault.kind, FaultKind::Refused, "{url}");
        }
    }
}
