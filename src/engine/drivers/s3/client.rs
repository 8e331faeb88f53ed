//! A client of one endpoint, for threads that wait for its answers.

use super::faults::{Explain, Place};
use super::told::{Clock, Order};
use super::{bucket_of, endpoint_of};
use crate::domain::types::location::Location;
use crate::domain::{Invalid, Secret, Time};
use crate::engine::drivers::Fault;
use crate::engine::drivers::access_key::AccessKey;
use aws_credential_types::Credentials;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Config, Region};
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::EncodingType;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long an endpoint may be silent.
const READ_LIMIT: Duration = Duration::from_secs(60);
/// How long one attempt of a call may take up to the beginning of its answer: also that of a part of 512 MiB on a slow line.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(20 * 60);
/// How often a call is tried that fails for the time being, with growing pauses of a random length in between.
const ATTEMPTS: u32 = 4;
/// Threads that move bytes, whoever waits for them.
const THREADS: usize = 2;
/// Where a server that has no regions wants to be.
const USUAL_REGION: &str = "us-east-1";

/// A client of one endpoint, and the runtime that its connections live in.
pub(super) struct Client {
    sdk: aws_sdk_s3::Client,
    runtime: Runtime,
    place: Place,
    /// The region that the endpoint names.
    region: Option<String>,
    clock: Clock,
}

/// Where a page of a listing of versions begins; the first one by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct VersionMarker {
    pub(super) key: Option<String>,
    pub(super) id: Option<String>,
}

impl Client {
    /// A client for a location. Nothing is called yet.
    pub(super) fn open(at: &Location, secret: Option<&Secret>) -> Result<Self, Fault> {
        let (endpoint, region) = (endpoint_of(at), region_of(endpoint_of(at)));
        let clock = Clock::default();
        let mut config = Config::builder()
            .interceptor(clock.clone())
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .force_path_style(true)
            .region(Region::new(region.clone().unwrap_or_else(|| USUAL_REGION.to_owned())))
            .http_client(http_client())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_LIMIT).build())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
        match secret {
            Some(secret) => config = config.credentials_provider(credentials(secret)?),
            // What is open to everybody.
            None => config = config.allow_no_auth(),
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("s3")
            .enable_all()
            .build()
            .map_err(|error| Fault::of_io("No threads could be started for the bucket", &error))?;
        let place = Place { endpoint: endpoint.to_owned(), bucket: bucket_of(at).to_owned() };
        let sdk = aws_sdk_s3::Client::from_conf(config.build());
        Ok(Self { sdk, runtime, place, region, clock })
    }

    /// The SDK's client, whose calls are [waited](Self::wait) for.
    pub(super) fn sdk(&self) -> &aws_sdk_s3::Client {
        &self.sdk
    }

    /// Where it leads.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The region that the endpoint names; none where it has none.
    pub(super) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The store's time when it answered last.
    pub(super) fn time(&self) -> Time {
        self.clock.now()
    }

    /// Waits for an answer, whatever else goes on in other threads.
    pub(super) fn wait<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// Begins a work that goes on beside everything else, and ends with the client at the latest.
    pub(super) fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.runtime.spawn(work)
    }

    /// Makes sure that a bucket is there and may be seen.
    pub(super) fn look_at_bucket(&self, bucket: &str) -> Result<(), Fault> {
        let answer = self.wait(self.sdk.head_bucket().bucket(bucket).send());
        answer.explain("HeadBucket", &self.place).map(drop)
    }

    /// A page of those of a bucket's keys that begin so, URL-encoded: the first one, or the one that a token leads to.
    pub(super) fn list_page(
        &self,
        bucket: &str,
        prefix: Option<&str>,
        token: Option<String>,
        most: i32,
    ) -> Result<ListObjectsV2Output, Fault> {
        let call = self.sdk.list_objects_v2().bucket(bucket).encoding_type(EncodingType::Url).max_keys(most);
        let call = call.set_prefix(prefix.map(str::to_owned)).set_continuation_token(token);
        self.wait(call.send()).explain("ListObjectsV2", &self.place)
    }

    /// Whether a bucket keeps versions, as the service says it; nothing where it does not, or does not say.
    pub(super) fn versioning(&self, bucket: &str) -> Option<String> {
        self.versioning_status(bucket).ok().flatten()
    }

    /// The same, with why the service does not say.
    pub(super) fn versioning_status(&self, bucket: &str) -> Result<Option<String>, Fault> {
        let answer = self.wait(self.sdk.get_bucket_versioning().bucket(bucket).send());
        let answer = answer.explain("GetBucketVersioning", &self.place)?;
        Ok(answer.status().map(|status| status.as_str().to_owned()))
    }

    /// A page of the versions of those of a bucket's keys that begin so, and which of its elements are delete markers.
    pub(super) fn list_versions(
        &self,
        bucket: &str,
        prefix: Option<&str>,
        from: &VersionMarker,
    ) -> Result<(ListObjectVersionsOutput, Vec<bool>), Fault> {
        let order = Order::default();
        let call = self.sdk.list_object_versions().bucket(bucket).encoding_type(EncodingType::Url);
        let call = call
            .set_prefix(prefix.map(str::to_owned))
            .set_key_marker(from.key.clone())
            .set_version_id_marker(from.id.clone());
        let answer = self.wait(call.customize().interceptor(order.clone()).send());
        Ok((answer.explain("ListObjectVersions", &self.place)?, order.take()))
    }

    /// The version of a key that a reader gets; nothing where there is none.
    pub(super) fn newest_version(&self, bucket: &str, key: &str) -> Result<Option<String>, Fault> {
        match self.wait(self.sdk.head_object().bucket(bucket).key(key).send()) {
            Ok(answer) => Ok(Some(answer.version_id().unwrap_or("null").to_owned())),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(None),
            error => error.explain("HeadObject", &self.place).map(|_| None),
        }
    }
}

fn http_client() -> SharedHttpClient {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_LIMIT).read_timeout(READ_LIMIT).build();
    let connector = Connector::builder()
        .connector_settings(settings)
        .sleep_impl(TokioSleep::new())
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build();
    // One for all calls: it keeps the connections.
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_, _| connector.clone())
}

/// The access key in a secret.
fn credentials(secret: &Secret) -> Result<Credentials, Invalid> {
    let AccessKey { id, secret, token } = AccessKey::read(secret)?;
    Ok(Credentials::new(id.as_str(), secret.as_str(), token.map(|token| token.to_string()), None, "vaultdeck"))
}

/// The region in the name of an endpoint of AWS, such as `s3.eu-central-1.amazonaws.com`.
fn region_of(endpoint: &str) -> Option<String> {
    let host = endpoint.split("://").nth(1)?.split(['/', ':']).next()?;
    let names = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let last = names.rsplit('.').next()?;
    let region = last.strip_prefix("s3-").unwrap_or(last);
    Some(if region == "s3" { USUAL_REGION } else { region }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_endpoint_of_aws_tells_its_region() {
        for (endpoint, region) in [
            ("https://s3.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("https://s3.dualstack.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("https://s3-us-west-2.amazonaws.com/", Some("us-west-2")),
            ("https://s3.amazonaws.com", Some("us-east-1")),
            ("https://s3.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("http://127.0.0.1:8333", None),
            ("https://amazonaws.com.example.org", None),
        ] {
            assert_eq!(region_of(endpoint).as_deref(), region, "{endpoint}");
        }
    }
}
