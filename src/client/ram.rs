//! AWS Resource Access Manager: the calls that sharing a vault takes, and no others, so that the requests are written and signed
//! here: the SDK for them would be another service's forty operations to compile. Keys, signature, TLS and limits are those of
//! all other calls.

use crate::client::connect::Connection;
use crate::client::explain::{Explain, refusal};
use crate::client::text::clean;
use crate::client::wire::{OPERATION_LIMIT, Wire};
use crate::client::{Fault, FaultKind};
use crate::domain::sharing::VaultShare;
use crate::domain::{Arn, Region, Scope};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_backup::operation::RequestId;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use std::time::SystemTime;

const JSON: &str = "application/json";

/// RAM in one scope.
#[derive(Clone)]
pub(crate) struct Ram {
    pub(crate) wire: Wire,
    pub(crate) credentials: SharedCredentialsProvider,
    /// The base of its URLs, without a slash at its end.
    pub(crate) base: String,
    pub(crate) region: Region,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answered {
    request_id: Option<String>,
    body: Value,
}

impl RequestId for Answered {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

impl Explain<Answered> for Result<Answered, Fault> {
    fn explain(self, _: &'static str) -> Result<Answered, Fault> {
        self
    }
}

impl Connection {
    /// RAM with the keys of a scope.
    pub(crate) async fn ram(&self, scope: &Scope) -> Result<Ram, Fault> {
        let config = self.clients(scope).await?.config;
        let credentials = config.credentials_provider();
        let credentials = credentials.ok_or_else(|| Fault::new(FaultKind::Expired, "no credentials"))?;
        let own = || format!("https://ram.{}.amazonaws.com", scope.region);
        let base = self.base_url().unwrap_or_else(own);
        Ok(Ram { wire: self.wire().clone(), credentials, base, region: scope.region.clone() })
    }

    /// By which shares of its own account a vault is shared, and with whom.
    pub async fn vault_shares(&self, scope: &Scope, vault: &Arn) -> Result<Vec<VaultShare>, Fault> {
        let ram = self.ram(scope).await?;
        let of_vault = json!({ "associationType": "RESOURCE", "resourceArn": vault });
        let shares = ram.associations(of_vault).await?;
        let mut found: Vec<VaultShare> = Vec::new();
        for (share, name, _) in shares {
            let of_share = json!({ "associationType": "PRINCIPAL", "resourceShareArns": [share] });
            let accounts = ram.associations(of_share).await?.into_iter().map(|(_, _, account)| account).collect();
            found.push(VaultShare { share, name, accounts });
        }
        Ok(found)
    }
}

impl Ram {
    /// Sends a request.
    pub(crate) async fn call(self, operation: &'static str, input: Map<String, Value>) -> Result<Answered, Fault> {
        self.post(operation, &Value::Object(input)).await
    }

    /// The share, its name, and what belongs to it, of all pages.
    async fn associations(&self, mut ask: Value) -> Result<Vec<(Arn, String, String)>, Fault> {
        ask["associationStatus"] = json!("ASSOCIATED");
        let mut found = Vec::new();
        loop {
            let Answered { body, .. } = self.post("GetResourceShareAssociations", &ask).await?;
            for one in body["resourceShareAssociations"].as_array().into_iter().flatten() {
                let text = |name: &str| clean(one[name].as_str().unwrap_or_default());
                if let Ok(share) = text("resourceShareArn").parse() {
                    found.push((share, text("resourceShareName"), text("associatedEntity")));
                }
            }
            match body["nextToken"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => ask["nextToken"] = json!(token),
                None => return Ok(found),
            }
        }
    }

    async fn post(&self, operation: &'static str, body: &Value) -> Result<Answered, Fault> {
        let url = format!("{}/{}", self.base, operation.to_ascii_lowercase());
        let request = self.signed(&url, body.to_string()).await?;
        let response = self.wire.send(request, OPERATION_LIMIT).await.map_err(|error| Fault::from(&error))?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(clean);
        let request_id = header("x-amzn-requestid");
        let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        if response.status().is_success() {
            return Ok(Answered { request_id, body });
        }
        let code = header("x-amzn-errortype").unwrap_or_default();
        let code = code.split([':', '#']).next().unwrap_or_default();
        let message = body["message"].as_str().or_else(|| body["Message"].as_str());
        Err(refusal(operation, response.status().as_u16(), code, message, request_id.as_deref()))
    }

    async fn signed(&self, url: &str, body: String) -> Result<http::Request<Bytes>, Fault> {
        let refused = |error: String| Fault::new(FaultKind::Refused, error);
        let keys = self.credentials.provide_credentials().await;
        let keys = keys.map_err(|error| Fault::new(FaultKind::Expired, format!("no usable credentials: {error}")))?;
        let identity = keys.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region.as_str())
            .name("ram")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| refused(error.to_string()))?;
        let headers = std::iter::once((CONTENT_TYPE.as_str(), JSON));
        let signable = SignableRequest::new("POST", url, headers, SignableBody::Bytes(body.as_bytes()))
            .map_err(|error| refused(error.to_string()))?;
        let (instructions, _) =
            sign(signable, &parameters.into()).map_err(|error| refused(error.to_string()))?.into_parts();
        let mut request = http::Request::post(url)
            .header(CONTENT_TYPE, JSON)
            .body(Bytes::from(body))
            .map_err(|error| refused(error.to_string()))?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}
