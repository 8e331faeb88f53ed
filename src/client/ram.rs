//! AWS Resource Access Manager: the calls that sharing a vault takes, [signed](super::signed) without its SDK.
//! Keys, TLS and limits are those of all other calls.

use crate::client::connect::Connection;
use crate::client::signed::{JsonAnswer, Post, answer, aws_url};
use crate::client::text::clean;
use crate::client::wire::{OPERATION_LIMIT, Wire};
use crate::client::{Fault, FaultKind};
use crate::domain::sharing::VaultShare;
use crate::domain::{Arn, Region, Scope};
use aws_credential_types::provider::SharedCredentialsProvider;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

/// Its name in signatures and addresses.
const SERVICE: &str = "ram";

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

impl Connection {
    /// RAM with the keys of a scope.
    pub(crate) async fn ram(&self, scope: &Scope) -> Result<Ram, Fault> {
        let config = self.clients(scope).await?.config;
        let credentials = config.credentials_provider();
        let credentials = credentials.ok_or_else(|| Fault::new(FaultKind::Expired, "no credentials"))?;
        let base = match self.base_url() {
            Some(base) => base,
            None => aws_url(SERVICE, scope.region.as_str(), &self.home().await?.partition),
        };
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
            let principals = ram.associations(of_share).await?.into_iter().map(|(.., principal)| principal).collect();
            found.push(VaultShare { share, name, principals });
        }
        Ok(found)
    }
}

impl Ram {
    /// Sends a request.
    pub(crate) async fn call(self, operation: &'static str, input: Map<String, Value>) -> Result<JsonAnswer, Fault> {
        self.post(operation, &Value::Object(input)).await
    }

    /// The share, its name, and what belongs to it, of all pages.
    async fn associations(&self, mut ask: Value) -> Result<Vec<(Arn, String, String)>, Fault> {
        ask["associationStatus"] = json!("ASSOCIATED");
        let mut found = Vec::new();
        loop {
            let JsonAnswer { body, .. } = self.post("GetResourceShareAssociations", &ask).await?;
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

    async fn post(&self, operation: &'static str, body: &Value) -> Result<JsonAnswer, Fault> {
        let url = format!("{}/{}", self.base, operation.to_ascii_lowercase());
        let headers = [(CONTENT_TYPE.as_str(), JSON)];
        let region = self.region.as_str();
        let post = Post { service: SERVICE, region, url: &url, headers: &headers, body: body.to_string() };
        let request = post.signed(&self.credentials).await?;
        let response = self.wire.ask(request, OPERATION_LIMIT).await.map_err(|error| Fault::from(&error))?;
        answer(operation, &response)
    }
}
