//! Calls of services for which no SDK is built in, since the few calls would not be worth another service's operations to compile:
//! they are written here, and signed with the keys with which the SDKs sign.

use crate::client::explain::{Explain, refusal};
use crate::client::text::clean;
use crate::client::wire::Wire;
use crate::client::{Fault, FaultKind};
use aws_config::BehaviorVersion;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_backup::operation::RequestId;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use serde_json::{Value, json};
use std::fmt::Display;
use std::sync::Arc;
use std::time::SystemTime;

/// A `POST` that is to be signed.
pub(crate) struct Post<'a> {
    /// The service's name in signatures.
    pub(crate) service: &'a str,
    /// The region's name.
    pub(crate) region: &'a str,
    /// Where it goes.
    pub(crate) url: &'a str,
    /// Its headers, which are signed too.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// Its body.
    pub(crate) body: String,
}

/// Why a request could not be signed.
#[derive(Debug)]
pub(crate) enum Unsigned {
    /// No keys are to be had.
    NoKeys(String),
    /// It is none that could be sent.
    Malformed(String),
}

/// The keys of a profile, or of the environment where none is named; none when there are none.
pub(crate) async fn keys(profile: Option<&str>) -> Option<SharedCredentialsProvider> {
    let wire = Wire::tls(Arc::new(|_| {}));
    match profile {
        Some(profile) => Some(of_profile(profile, ProviderConfig::default().with_http_client(wire))),
        None => {
            let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(wire);
            loader.retry_config(RetryConfig::disabled()).load().await.credentials_provider()
        }
    }
}

/// The keys of a profile. It is named on purpose: keys that happen to lie in the environment do not overrule it.
pub(crate) fn of_profile(profile: &str, source: ProviderConfig) -> SharedCredentialsProvider {
    let provider = ProfileFileCredentialsProvider::builder().configure(&source).profile_name(profile).build();
    SharedCredentialsProvider::new(provider)
}

impl Post<'_> {
    /// The request with its signature.
    pub(crate) async fn signed(self, keys: &SharedCredentialsProvider) -> Result<http::Request<Bytes>, Unsigned> {
        let malformed = |error: &dyn Display| Unsigned::Malformed(error.to_string());
        let keys = keys.provide_credentials().await.map_err(|error| Unsigned::NoKeys(error.to_string()))?;
        let identity = keys.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| malformed(&error))?;
        let body = SignableBody::Bytes(self.body.as_bytes());
        let signable = SignableRequest::new("POST", self.url, self.headers.iter().copied(), body)
            .map_err(|error| malformed(&error))?;
        let (instructions, _) = sign(signable, &parameters.into()).map_err(|error| malformed(&error))?.into_parts();
        let request = self
            .headers
            .iter()
            .fold(http::Request::post(self.url), |request, (name, value)| request.header(*name, *value));
        let mut request = request.body(Bytes::from(self.body)).map_err(|error| malformed(&error))?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

impl From<Unsigned> for Fault {
    fn from(unsigned: Unsigned) -> Self {
        match unsigned {
            Unsigned::NoKeys(why) => Self::new(FaultKind::Expired, format!("no usable credentials: {why}")),
            Unsigned::Malformed(why) => Self::new(FaultKind::Refused, why),
        }
    }
}

/// A good answer of such a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonAnswer {
    /// What it holds.
    pub(crate) body: Value,
    /// The service's name of the request.
    pub(crate) request_id: Option<String>,
}

impl RequestId for JsonAnswer {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// Its faults are explained where they arise.
impl Explain<JsonAnswer> for Result<JsonAnswer, Fault> {
    fn explain(self, _operation: &'static str) -> Result<JsonAnswer, Fault> {
        self
    }
}

/// What a service answered: what it tells, or its refusal, whose name stands in a header or, as AWS's JSON protocol has it, in
/// the body.
pub(crate) fn answer(operation: &'static str, response: &http::Response<Bytes>) -> Result<JsonAnswer, Fault> {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(clean);
    let request_id = header("x-amzn-requestid");
    let read = serde_json::from_slice::<Value>(response.body());
    if response.status().is_success() {
        let unreadable = |error| Fault::new(FaultKind::Other, format!("{operation}: an unreadable answer: {error}"));
        let body = if response.body().is_empty() { json!({}) } else { read.map_err(unreadable)? };
        return Ok(JsonAnswer { body, request_id });
    }
    let body = read.unwrap_or_default();
    let code = header("x-amzn-errortype").or_else(|| body["__type"].as_str().map(clean)).unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
    let message = body["message"].as_str().or_else(|| body["Message"].as_str());
    let date = header("date");
    Err(refusal(operation, response.status().as_u16(), (code, message), date.as_deref(), request_id.as_deref()))
}

/// Where AWS has such a service.
pub(crate) fn aws_url(service: &str, region: &str, partition: &str) -> String {
    let suffix = if partition == "aws-cn" { ".cn" } else { "" };
    format!("https://{service}.{region}.amazonaws.com{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_known_by_its_name_wherever_that_stands() {
        let refused = |name: Option<&str>, body: &'static str| {
            let response = http::Response::builder().status(400);
            let response = name.into_iter().fold(response, |response, name| response.header("x-amzn-errortype", name));
            answer("DescribeKey", &response.body(Bytes::from_static(body.as_bytes())).unwrap()).unwrap_err()
        };
        for fault in [
            refused(None, r#"{"__type":"com.amazonaws.kms#NotFoundException","message":"no such key"}"#),
            refused(Some("NotFoundException:http://x/"), r#"{"message":"no such key"}"#),
        ] {
            assert!(
                matches!(fault.kind, FaultKind::NotFound) && fault.to_string().contains("no such key"),
                "{fault:?}"
            );
        }
    }

    #[test]
    fn china_has_a_domain_of_its_own() {
        assert_eq!(aws_url("kms", "us-east-1", "aws"), "https://kms.us-east-1.amazonaws.com");
        assert_eq!(aws_url("ram", "cn-north-1", "aws-cn"), "https://ram.cn-north-1.amazonaws.com.cn");
    }
}
