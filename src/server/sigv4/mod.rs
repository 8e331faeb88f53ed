//! Signature Version 4, the verifying side (AWS's "Signature Version 4 signing process").
//!
//! A request is read in steps, so that a stranger is sent away before a body is taken in: [`Authorization::of`] takes the
//! header apart, the engine says whose key it is, [`Authorization::check_head`] looks at all that needs no body, and
//! [`Authorization::verify`] builds the canonical request again and compares the signatures in constant time: before the
//! body is read where the head says its hash, else behind it. Signatures are checked against wall time, whatever the engine's
//! clock says, since SDKs sign with wall time.

mod canonical;
#[cfg(test)]
mod tests;

use canonical::{Canonical, hex_of_hash};
use chrono::{NaiveDateTime, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::domain::Time;

/// How far a signature's time may lie from ours.
const ALLOWED_SKEW: TimeDelta = TimeDelta::minutes(5);
/// The one algorithm that the SDKs use here.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The form of `X-Amz-Date`.
const DATE_FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// Why a request is not let in. Each protocol spells the code in its own way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// There is no signature at all.
    #[error("Missing Authentication Token")]
    Missing,
    /// The header lacks a part, or says something that cannot be read.
    #[error("{0}")]
    Incomplete(String),
    /// The signature is not that of this request, now.
    #[error("{0}")]
    Mismatch(String),
}

/// What is signed beside the body: the request's head as it came, nothing decoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signable<'a> {
    /// `GET`, `PUT`, …
    pub(super) method: &'a str,
    /// The raw path.
    pub(super) path: &'a str,
    /// The raw query, empty when there is none.
    pub(super) query: &'a str,
    /// All headers.
    pub(super) headers: &'a HeaderMap,
    /// Stands in for a missing `Host` header (in process there is none).
    pub(super) authority: Option<&'a str>,
}

/// The `Authorization` header, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authorization {
    /// Whose key signed.
    pub(super) access_key_id: String,
    /// The region of the scope.
    pub(super) region: String,
    /// The service of the scope.
    pub(super) service: String,
    /// The session token, which must be signed too.
    pub(super) session_token: Option<String>,
    date: String,
    time: Time,
    signed_headers: Vec<String>,
    signature: String,
}

impl Authorization {
    /// Reads the header of a request. Query-string signatures are refused: nothing here hands out presigned URLs.
    pub(super) fn of(request: &Signable<'_>) -> Result<Self, Refusal> {
        let Some(header) = request.headers.get(http::header::AUTHORIZATION) else {
            return Err(if request.query.contains("X-Amz-Signature=") {
                incomplete("presigned requests are not accepted here; sign with the Authorization header")
            } else {
                Refusal::Missing
            });
        };
        if request.headers.get_all(http::header::AUTHORIZATION).iter().count() > 1 {
            return Err(incomplete("the request has more than one Authorization header"));
        }
        let text = header.to_str().map_err(|_| incomplete("the Authorization header is not plain ASCII"))?;
        let Some(parameters) = text.strip_prefix(ALGORITHM).filter(|rest| rest.starts_with(' ')) else {
            return Err(incomplete(&format!("the Authorization header must begin with '{ALGORITHM}'")));
        };
        let part = |name: &str| {
            parameters
                .split(',')
                .filter_map(|pair| pair.trim().split_once('='))
                .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
                .ok_or_else(|| incomplete(&format!("Authorization header requires '{name}' parameter.")))
        };
        let scope: Vec<&str> = part("Credential")?.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = scope[..] else {
            return Err(incomplete(
                "Credential must have the form KEY/YYYYMMDD/REGION/SERVICE/aws4_request in the Authorization header",
            ));
        };
        let signed_headers: Vec<String> = part("SignedHeaders")?.split(';').map(str::to_ascii_lowercase).collect();
        let signature = part("Signature")?.to_owned();
        let time = signing_time(request.headers)?;
        if time.format("%Y%m%d").to_string() != date {
            return Err(Refusal::Mismatch(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != '{}'",
                time.format("%Y%m%d")
            )));
        }
        let session_token = match request.headers.get("x-amz-security-token") {
            Some(value) => {
                Some(value.to_str().map_err(|_| incomplete("the session token is not plain ASCII"))?.trim().to_owned())
            }
            None => None,
        };
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            session_token,
            date: date.to_owned(),
            time,
            signed_headers,
            signature,
        })
    }

    /// What can be said before the signature itself is looked at: it is of now, and covers what decides the meaning.
    pub(super) fn check_head(&self, request: &Signable<'_>, now: Time) -> Result<(), Refusal> {
        self.check_time(now)?;
        self.check_signed_headers(request)
    }

    /// Whether the signature is that of `request` with a body of that hash, under `secret`.
    pub(super) fn verify(&self, request: &Signable<'_>, body_hash: &str, secret: &str) -> Result<(), Refusal> {
        let canonical = Canonical::of(request, &self.signed_headers, body_hash).map_err(|what| incomplete(&what))?;
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let to_sign = format!(
            "{ALGORITHM}\n{}\n{scope}\n{}",
            self.time.format(DATE_FORMAT),
            hex_of_hash(canonical.as_str().as_bytes())
        );
        let key = signing_key(secret, &self.date, &self.region, &self.service)?;
        let expected = hex::encode(mac(&key, to_sign.as_bytes())?);
        if bool::from(expected.as_bytes().ct_eq(self.signature.as_bytes())) {
            Ok(())
        } else {
            Err(Refusal::Mismatch(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details."
                    .to_owned(),
            ))
        }
    }

    /// Refuses signatures that are too old or from the future, in AWS's words: SDKs look for them.
    fn check_time(&self, now: Time) -> Result<(), Refusal> {
        let (signed, ours) = (self.time.format(DATE_FORMAT), now.format(DATE_FORMAT));
        let minutes = ALLOWED_SKEW.num_minutes();
        if now - self.time > ALLOWED_SKEW {
            let limit = (now - ALLOWED_SKEW).format(DATE_FORMAT);
            Err(Refusal::Mismatch(format!(
                "Signature expired: {signed} is now earlier than {limit} ({ours} - {minutes} min.)"
            )))
        } else if self.time - now > ALLOWED_SKEW {
            let limit = (now + ALLOWED_SKEW).format(DATE_FORMAT);
            Err(Refusal::Mismatch(format!(
                "Signature not yet current: {signed} is still later than {limit} ({ours} + {minutes} min.)"
            )))
        } else {
            Ok(())
        }
    }

    /// The headers that decide what a request means must be under the signature: the host and all of Amazon's.
    fn check_signed_headers(&self, request: &Signable<'_>) -> Result<(), Refusal> {
        let signed = |name: &str| self.signed_headers.iter().any(|header| header == name);
        if !signed("host") {
            return Err(mismatch("'Host' must be a 'SignedHeader' in the AWS Authorization."));
        }
        match request.headers.keys().find(|name| name.as_str().starts_with("x-amz-") && !signed(name.as_str())) {
            Some(name) => Err(mismatch(&format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."))),
            None => Ok(()),
        }
    }
}

/// An [`Refusal::Incomplete`] with its message.
fn incomplete(what: &str) -> Refusal {
    Refusal::Incomplete(what.to_owned())
}

/// A [`Refusal::Mismatch`] with its message.
fn mismatch(what: &str) -> Refusal {
    Refusal::Mismatch(what.to_owned())
}

/// The time in `X-Amz-Date`.
fn signing_time(headers: &HeaderMap) -> Result<Time, Refusal> {
    let value = headers
        .get("x-amz-date")
        .ok_or_else(|| incomplete("Authorization header requires existence of an 'X-Amz-Date' header."))?;
    value
        .to_str()
        .ok()
        .and_then(|text| NaiveDateTime::parse_from_str(text.trim(), DATE_FORMAT).ok())
        .map(|time| time.and_utc())
        .ok_or_else(|| incomplete("X-Amz-Date must be in ISO8601 'basic format', such as 20260101T000000Z"))
}

/// The hash of the body that the head claims, if it does; only a hash, for a body without one is not accepted here.
pub(super) fn claimed_hash(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("x-amz-content-sha256") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let is_hash = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if is_hash { Ok(Some(text.to_owned())) } else { Err(false_hash()) }
}

/// The body is not what its head claimed.
pub(super) fn false_hash() -> Refusal {
    mismatch(
        "The value of the x-amz-content-sha256 header is not the SHA-256 of the body; unsigned and streaming payloads are \
         not accepted here.",
    )
}

/// The key that signs requests of one day, region and service.
fn signing_key(secret: &str, date: &str, region: &str, service: &str) -> Result<[u8; 32], Refusal> {
    let start = zeroize::Zeroizing::new(format!("AWS4{secret}"));
    let mut key = mac(start.as_bytes(), date.as_bytes())?;
    for part in [region, service, "aws4_request"] {
        key = mac(&key, part.as_bytes())?;
    }
    Ok(key)
}

/// HMAC-SHA256.
fn mac(key: &[u8], data: &[u8]) -> Result<[u8; 32], Refusal> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| incomplete("the key cannot sign"))?;
    mac.update(data);
    Ok(mac.finalize().into_bytes().into())
}
