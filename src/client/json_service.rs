//! Services of AWS's JSON protocol, [signed](super::signed) without their SDKs. Keys, TLS and limits are those of all other calls.

use crate::client::connect::Connection;
use crate::client::signed::{JsonAnswer, Post, answer, aws_url};
use crate::client::wire::{OPERATION_LIMIT, Wire};
use crate::client::{Fault, FaultKind};
use crate::domain::{Region, Scope};
use aws_credential_types::provider::SharedCredentialsProvider;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

/// A service of AWS's JSON protocol in one scope.
#[derive(Debug, Clone)]
pub(crate) struct JsonService {
    pub(crate) wire: Wire,
    /// Its URL, with a slash at its end.
    pub(crate) url: String,
    pub(crate) region: Region,
    pub(crate) credentials: SharedCredentialsProvider,
    pub(crate) names: JsonNames,
}

/// The content type of the protocol's version 1.0.
pub(crate) const JSON_1_0: &str = "application/x-amz-json-1.0";
/// That of 1.1.
pub(crate) const JSON_1_1: &str = "application/x-amz-json-1.1";

/// What such a service is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonNames {
    /// In signatures and addresses.
    pub(crate) service: &'static str,
    /// In front of its operations, in the header that names one.
    pub(crate) target: &'static str,
    /// The content type of its version of the protocol.
    pub(crate) content_type: &'static str,
}

impl Connection {
    /// A service of a scope, where the context's AWS Backup is.
    pub(crate) async fn json_service(&self, scope: &Scope, names: JsonNames) -> Result<JsonService, Fault> {
        let config = self.clients(scope).await?.config;
        let none = || Fault::new(FaultKind::Expired, "no usable credentials");
        let credentials = config.credentials_provider().ok_or_else(none)?;
        let url = match self.base_url() {
            Some(base) => format!("{base}/"),
            None => format!("{}/", aws_url(names.service, scope.region.as_str(), &self.home().await?.partition)),
        };
        Ok(JsonService { wire: self.wire().clone(), url, region: scope.region.clone(), credentials, names })
    }
}

impl JsonService {
    /// Makes one call.
    pub(crate) async fn call(&self, operation: &'static str, input: &Map<String, Value>) -> Result<JsonAnswer, Fault> {
        let target = format!("{}.{operation}", self.names.target);
        let headers = [(CONTENT_TYPE.as_str(), self.names.content_type), ("x-amz-target", target.as_str())];
        let body = Value::Object(input.clone()).to_string();
        let (service, region) = (self.names.service, self.region.as_str());
        let post = Post { service, region, url: &self.url, headers: &headers, body };
        let request = post.signed(&self.credentials).await?;
        let response = self.wire.ask(request, OPERATION_LIMIT).await.map_err(|error| Fault::from(&error))?;
        answer(operation, &response)
    }
}
