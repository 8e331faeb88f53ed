//! Who the context is, and the SDK clients of its scopes.

use super::{Connection, login};
use crate::client::control::Control;
use crate::client::explain::Explain;
use crate::client::signed::of_profile;
use crate::client::wire::{CONNECT_LIMIT, OPERATION_LIMIT, Wire};
use crate::client::{Fault, FaultKind};
use crate::domain::extension::{CredentialsRequest, Status};
use crate::domain::{AccountId, Region, Scope};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The SDK clients of one scope.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    pub(crate) backup: aws_sdk_backup::Client,
    pub(crate) tagging: aws_sdk_resourcegroupstagging::Client,
    pub(crate) config: SdkConfig,
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
pub(super) enum HomeSlot {
    #[default]
    Unknown,
    Known(Arc<Home>),
    Failed(Instant, Fault),
}

/// Many questions wait for the same first call: when it fails, they fail with it instead of each trying in turn.
const FAILURE_SHARED: Duration = Duration::from_secs(1);

/// The clients of a scope, and what they were made from.
pub(super) struct Kept {
    home: Arc<Home>,
    key: Option<String>,
    clients: Clients,
}

impl Connection {
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
        let found = match found {
            Ok(home) => Ok(Arc::new(home)),
            Err(fault) => Err(self.with_login(fault).await),
        };
        *slot = match &found {
            Ok(home) => HomeSlot::Known(home.clone()),
            Err(fault) => HomeSlot::Failed(Instant::now(), fault.clone()),
        };
        found
    }

    /// The fault, with how one signs in again where that helps.
    pub(crate) async fn with_login(&self, mut fault: Fault) -> Fault {
        if fault.kind == FaultKind::Expired && fault.login.is_none() && !self.is_local() {
            fault.login = login::command(self.profile()).await;
        }
        fault
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
        let request = CredentialsRequest { account_id: None, region };
        let key = control.credentials(&request).await?;
        let told = |what: &str| Fault::new(FaultKind::Other, format!("the engine told an unusable {what}"));
        let account = key.account_id.parse().map_err(|_| told("account"))?;
        let mut regions = self.engine_regions(&status);
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

    /// The regions to look at on a local engine: those that were asked for, or those in which something lives.
    pub(super) fn engine_regions(&self, status: &Status) -> Vec<Region> {
        match self.options.regions.as_slice() {
            [] => status.regions.iter().filter_map(|region| region.parse().ok()).collect(),
            asked => asked.to_vec(),
        }
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
            let source = ProviderConfig::default().with_region(Some(region)).with_http_client(credentials_wire);
            builder = builder.credentials_provider(of_profile(profile, source));
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

    /// The clients of a scope; a member's by assuming the role there. They are kept as long as their key is.
    pub(crate) async fn clients(&self, scope: &Scope) -> Result<Clients, Fault> {
        let home = self.home().await?;
        let credentials = if scope.account == home.account {
            None
        } else {
            Some(self.members.credentials(&home, &scope.account, self.member_role()).await?)
        };
        let key = credentials.as_ref().map(|credentials| credentials.access_key_id().to_owned());
        let mut clients = self.clients.lock().await;
        if let Some(kept) = clients.get(scope).filter(|kept| kept.key == key && Arc::ptr_eq(&kept.home, &home)) {
            return Ok(kept.clients.clone());
        }
        let mut builder = home.config.to_builder().region(aws_config::Region::new(scope.region.to_string()));
        if let Some(credentials) = credentials {
            builder = builder.credentials_provider(SharedCredentialsProvider::new(credentials));
        }
        let config = builder.build();
        let made = Clients {
            backup: aws_sdk_backup::Client::new(&config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(&config),
            config,
        };
        clients.insert(scope.clone(), Kept { home, key, clients: made.clone() });
        Ok(made)
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_LIMIT)
        .operation_timeout(OPERATION_LIMIT)
        .operation_attempt_timeout(OPERATION_LIMIT)
        .build()
}
