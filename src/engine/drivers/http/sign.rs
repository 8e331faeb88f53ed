//! Signature Version 4, the signing side.

use super::Request;
use crate::engine::drivers::Fault;
use crate::engine::drivers::access_key::AccessKey;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as signature_of};
use aws_sigv4::sign::v4;
use std::fmt::Display;
use std::time::SystemTime;

/// Signs a request with all its headers.
pub(in crate::engine::drivers) fn sign(
    request: &mut Request,
    key: &AccessKey,
    service: &str,
    region: &str,
) -> Result<(), Fault> {
    let malformed = |error: &dyn Display| Fault::Failed(format!("A request could not be signed: {error}"));
    let token = key.token.as_ref().map(|token| token.to_string());
    let identity = Credentials::new(key.id.as_str(), key.secret.as_str(), token, None, "vaultdeck").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| malformed(&error))?;
    let url = request.uri().to_string();
    let headers: Vec<(&str, &str)> =
        request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new(request.method().as_str(), url, headers.into_iter(), body)
        .map_err(|error| malformed(&error))?;
    let (instructions, _) = signature_of(signable, &parameters.into()).map_err(|error| malformed(&error))?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}
