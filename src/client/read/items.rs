//! What a recovery point holds: the engine's own route, signed as AWS Backup's are.

use super::{MOST_PAGES, Question};
use crate::client::connect::Connection;
use crate::client::control::{checked, segment};
use crate::client::wire::OPERATION_LIMIT;
use crate::client::{Fault, FaultKind, Feature, map};
use crate::domain::extension::{Items, RECOVERY_POINTS};
use crate::domain::{Arn, Scope};
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use std::time::SystemTime;

impl Connection {
    /// All entries of a folder of a recovery point.
    pub(super) async fn items(
        &self,
        scope: &Scope,
        recovery_point: &Arn,
        path: &str,
        question: &Question,
    ) -> Result<Items, Fault> {
        let unsupported = |why| Fault::new(FaultKind::NotSupported { operation: "items of a recovery point" }, why);
        self.capabilities().allows(Feature::Items).map_err(unsupported)?;
        let base = self.base_url().ok_or_else(|| Fault::not_supported("items of a recovery point"))?;
        let route = format!("{base}{RECOVERY_POINTS}{}/items", segment(recovery_point.as_str()));
        let mut all = Items { items: Vec::new(), missing: Vec::new(), lost: Vec::new(), next_token: None };
        for _ in 0..MOST_PAGES {
            question.bucket.turn().await;
            let mut url = format!("{route}?path={}&maxResults=1000", segment(path));
            if let Some(token) = &all.next_token {
                url.push_str(&format!("&nextToken={}", segment(token)));
            }
            let request = self.signed_get(scope, &url).await?;
            let response = self.wire().send(request, OPERATION_LIMIT).await.map_err(|error| Fault::from(&error))?;
            let page: Items = serde_json::from_slice(&checked(response)?)
                .map_err(|error| Fault::new(FaultKind::Other, format!("the items cannot be read: {error}")))?;
            all.items.extend(page.items);
            all.missing.extend(page.missing);
            all.lost.extend(page.lost);
            all.next_token = page.next_token.filter(|token| !token.is_empty());
            if all.next_token.is_none() {
                return Ok(map::items(all));
            }
            (question.progress)(all.items.len());
        }
        Err(Fault::new(FaultKind::Other, "the list of items has no end"))
    }

    /// A GET signed for AWS Backup in a scope.
    async fn signed_get(&self, scope: &Scope, url: &str) -> Result<http::Request<Bytes>, Fault> {
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
