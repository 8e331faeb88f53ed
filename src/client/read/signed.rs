//! Requests to the engine's own routes that are signed as AWS Backup's are.

use crate::client::connect::Connection;
use crate::client::{Fault, FaultKind};
use crate::domain::Scope;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use std::time::SystemTime;

impl Connection {
    /// A GET signed for AWS Backup in a scope.
    pub(super) async fn signed_get(&self, scope: &Scope, url: &str) -> Result<http::Request<Bytes>, Fault> {
        let refused = |error: String| Fault::new(FaultKind::Refused, error);
        let config = self.clients(scope).await?.config;
        let provider = config.credentials_provider().ok_or_else(|| refused("no credentials".to_owned()))?;
        let credentials = provider
            .provide_credentials()
            .await
            .map_err(|error| Fault::new(FaultKind::Expired, format!("no usable credentials: {error}")))?;
        let mut request = http::Request::get(url).body(Bytes::new()).map_err(|error| refused(error.to_string()))?;
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(scope.region.as_str())
            .name("backup")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| refused(error.to_string()))?;
        let signable = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(b""))
            .map_err(|error| refused(error.to_string()))?;
        let (instructions, _) =
            sign(signable, &parameters.into()).map_err(|error| refused(error.to_string()))?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}
