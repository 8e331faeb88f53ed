//! The SDK's errors in plain words.

use crate::client::skew;
use crate::client::text::clean;
use crate::client::wire::{OPERATION_LIMIT, WireError, root_cause};
use crate::client::{Fault, FaultKind};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_backup::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_backup::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::error::Error;

/// Turns the outcome of an SDK call into an answer or a [`Fault`].
pub(crate) trait Explain<T> {
    /// `operation` is the API's name of the call.
    fn explain(self, operation: &'static str) -> Result<T, Fault>;
}

impl<T, E> Explain<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + RequestId + Error + Send + Sync + 'static,
{
    fn explain(self, operation: &'static str) -> Result<T, Fault> {
        self.map_err(|error| sdk_fault(operation, &error))
    }
}

fn sdk_fault<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + RequestId + Error + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(answered) => {
            let (status, error) = (answered.raw().status().as_u16(), answered.err());
            // An answer that says that all went well, and is none of this operation.
            if answered.raw().status().is_success() && error.code().is_none() {
                return unreadable(operation, status, &root_cause(error));
            }
            let date = answered.raw().headers().get("date");
            refusal(operation, status, (error.code().unwrap_or_default(), error.message()), date, error.request_id())
        }
        SdkError::TimeoutError(_) => {
            Fault::new(FaultKind::Network, format!("{operation}: no answer within {} s", OPERATION_LIMIT.as_secs()))
        }
        SdkError::ResponseError(answered) => match answered.raw().status().as_u16() {
            404 | 405 | 501 => Fault::not_supported(operation),
            status => unreadable(operation, status, &root_cause(error)),
        },
        other => never_answered(operation, other),
    }
}

fn unreadable(operation: &str, status: u16, cause: &str) -> Fault {
    let cause = clean(cause);
    Fault::new(FaultKind::Other, format!("{operation}: an unreadable answer (HTTP {status}): {cause}"))
}

/// What a service answered in the place of success: the status, its code and message, when it answered, and its name of the request.
pub(crate) fn refusal(
    operation: &'static str,
    status: u16,
    (code, told): (&str, Option<&str>),
    date: Option<&str>,
    request_id: Option<&str>,
) -> Fault {
    let kind = kind_of(operation, status, code);
    let mut fault = match (&kind, skew::in_words(code, told, date)) {
        (FaultKind::NotSupported { .. }, _) => Fault::not_supported(operation),
        (_, Some(skewed)) => Fault::new(FaultKind::Other, clean(&skewed)),
        (_, None) => Fault::new(kind, message(operation, status, code, told)),
    };
    fault.code = (!code.is_empty()).then(|| clean(code));
    fault.request_id = request_id.map(clean);
    fault
}

/// The call did not get as far as an answer: no credentials, or no connection.
fn never_answered(operation: &'static str, error: &(dyn Error + 'static)) -> Fault {
    let wanted_keys = find::<CredentialsError>(error).is_some();
    if let Some(wire) = find::<WireError>(error) {
        let mut fault = Fault::from(wire);
        // To sign in again helps nobody who does not reach what gives the keys.
        if wanted_keys {
            fault.message = format!("no credentials could be had: {}", fault.message);
        }
        return fault;
    }
    let cause = clean(&root_cause(error));
    if wanted_keys {
        return Fault::new(FaultKind::Expired, format!("no usable credentials: {}", clean(&last_causes(error))));
    }
    Fault::new(FaultKind::Network, format!("{operation}: {cause}"))
}

/// The innermost reason and what it was about: "failed to read FILE: No such file" and not "No such file" alone.
fn last_causes(error: &(dyn Error + 'static)) -> String {
    let (mut about, mut why) = (None, error);
    while let Some(cause) = why.source() {
        about = Some(why.to_string());
        why = cause;
    }
    let why = why.to_string();
    match about {
        Some(about) if !about.contains(&why) => format!("{about}: {why}"),
        _ => why,
    }
}

/// The first error of a type among an error and its causes.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

impl From<&WireError> for Fault {
    fn from(error: &WireError) -> Self {
        let kind = match error {
            WireError::Request(_) => FaultKind::Refused,
            WireError::Unreachable { .. } | WireError::TooSlow { .. } | WireError::Page(_) => FaultKind::Network,
        };
        Self::new(kind, clean(&error.to_string()))
    }
}

/// The service's own message; without one, what is known.
fn message(operation: &str, status: u16, code: &str, message: Option<&str>) -> String {
    match message.map(clean).filter(|text| !text.is_empty()) {
        Some(text) => text,
        None if code.is_empty() => format!("{operation} failed with HTTP {status}"),
        None => format!("{operation} failed: {}", clean(code)),
    }
}

/// Which kind of failure an answer is. AWS Backup says ResourceNotFound with 400, and AccessDenied for unknown vaults.
pub(crate) fn kind_of(operation: &'static str, status: u16, code: &str) -> FaultKind {
    match code {
        "UnknownOperationException" | "UnknownOperation" | "NotImplemented" | "InvalidAction" => {
            FaultKind::NotSupported { operation }
        }
        "RequestLimitExceeded" | "SlowDown" | "TooManyRequestsException" | "RequestThrottled" => FaultKind::Throttled,
        code if code.starts_with("Throttl") => FaultKind::Throttled,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "InvalidAccessKeyId" => FaultKind::Expired,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "OptInRequired" => FaultKind::Denied,
        "ResourceNotFoundException"
        | "NotFoundException"
        | "UnknownResourceException"
        | "NoSuchEntity"
        | "AWSOrganizationsNotInUseException" => FaultKind::NotFound,
        "" if matches!(status, 404 | 405 | 501) => FaultKind::NotSupported { operation },
        _ => match status {
            429 => FaultKind::Throttled,
            401 | 403 => FaultKind::Denied,
            400..=499 => FaultKind::Refused,
            _ => FaultKind::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_the_kind() {
        let kind = |status, code| kind_of("ListBackupJobs", status, code);
        assert_eq!(kind(400, "ThrottlingException"), FaultKind::Throttled);
        assert_eq!(kind(403, "ExpiredTokenException"), FaultKind::Expired);
        assert_eq!(kind(403, "AccessDeniedException"), FaultKind::Denied);
        assert_eq!(kind(400, "ResourceNotFoundException"), FaultKind::NotFound);
        assert_eq!(kind(400, "InvalidParameterValueException"), FaultKind::Refused);
        assert_eq!(kind(404, "UnknownOperationException"), FaultKind::NotSupported { operation: "ListBackupJobs" });
        assert_eq!(kind(404, ""), FaultKind::NotSupported { operation: "ListBackupJobs" });
        assert_eq!(kind(500, "ServiceUnavailableException"), FaultKind::Other);
        assert_eq!(kind(429, "Odd"), FaultKind::Throttled);
    }
}
