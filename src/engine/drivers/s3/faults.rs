//! What an endpoint's refusals mean. No secret is in any: only what the service says of itself, and where.

use crate::engine::drivers::Fault;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use chrono::Duration;

/// When to try again what failed for the time being.
const AGAIN_SECONDS: i64 = 60;
/// How much of a service's own words is told.
const LONGEST: usize = 300;

/// Where a client leads, for messages.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) endpoint: String,
    pub(super) bucket: String,
}

/// The outcome of a call as an answer or a [`Fault`].
pub(super) trait Explain<T> {
    /// `operation` is S3's name of the call.
    fn explain(self, operation: &'static str, place: &Place) -> Result<T, Fault>;
}

impl<T, E> Explain<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn explain(self, operation: &'static str, place: &Place) -> Result<T, Fault> {
        self.map_err(|error| fault(operation, place, &error))
    }
}

/// What an error of a call means.
pub(super) fn fault<E>(operation: &str, place: &Place, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let endpoint = &place.endpoint;
    match error {
        SdkError::ServiceError(answered) => {
            let (raw, error) = (answered.raw(), answered.err());
            if is_page(raw) {
                return no_s3(endpoint);
            }
            refused(operation, place, raw.status().as_u16(), error.code().unwrap_or_default(), error.message())
        }
        SdkError::ResponseError(answered) if is_page(answered.raw()) => no_s3(endpoint),
        SdkError::ResponseError(answered) => {
            let status = answered.raw().status().as_u16();
            Fault::Failed(format!(
                "The endpoint {endpoint} answers {operation} in a way that is not S3's (HTTP {status}): {}",
                clean(&innermost(error))
            ))
        }
        SdkError::TimeoutError(_) => temporary(format!("The endpoint {endpoint} does not answer {operation} in time.")),
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
            temporary(format!("The endpoint {endpoint} cannot be reached: {}", clean(&innermost(error))))
        }
        _ => Fault::Failed(format!("{operation} could not be sent to {endpoint}: {}", clean(&innermost(error)))),
    }
}

/// What a refusal of the service means.
fn refused(operation: &str, place: &Place, status: u16, code: &str, message: Option<&str>) -> Fault {
    let Place { endpoint, bucket } = place;
    let said = match (code, message.map(clean).filter(|text| !text.is_empty())) {
        ("", None) => format!("HTTP {status}"),
        ("", Some(text)) => text,
        (code, None) => clean(code),
        (code, Some(text)) => format!("{}: {text}", clean(code)),
    };
    match (code, status) {
        ("NoSuchBucket", _) => Fault::Gone(format!("There is no bucket {bucket} at {endpoint}.")),
        ("NotFound" | "", 404) if operation == "HeadBucket" => {
            Fault::Gone(format!("There is no bucket {bucket} at {endpoint}."))
        }
        ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _) | (_, 301) => {
            Fault::Failed(format!(
                "{operation} is for another region ({said}): give the endpoint of the bucket's region."
            ))
        }
        (
            "SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout" | "Busy" | "ThrottlingException",
            _,
        )
        | (_, 429 | 500 | 502 | 503 | 504) => {
            temporary(format!("The endpoint {endpoint} cannot carry out {operation} now ({said})."))
        }
        ("NotImplemented", _) | (_, 405 | 501) => Fault::Unsupported {
            found: format!("The endpoint {endpoint}, which has no {operation},"),
            needs: "a store with the whole of S3's protocol".to_owned(),
        },
        (_, 401 | 403) => {
            Fault::Denied(format!("The endpoint {endpoint} refuses {operation} on bucket {bucket} ({said})."))
        }
        _ => Fault::Failed(format!("The endpoint {endpoint} refuses {operation} on bucket {bucket} ({said}).")),
    }
}

fn temporary(why: String) -> Fault {
    Fault::Temporary { why, after: Duration::seconds(AGAIN_SECONDS) }
}

fn no_s3(endpoint: &str) -> Fault {
    Fault::Failed(format!(
        "The endpoint {endpoint} answers with a web page and not as S3 does: check its URL. The S3 protocol often has a port or a \
         host name of its own."
    ))
}

/// Whether an answer is one for people. Its header does not tell: some stores give an answer without a body that of a page.
fn is_page(answer: &HttpResponse) -> bool {
    answer.body().bytes().is_some_and(|body| {
        let start = String::from_utf8_lossy(&body[..body.len().min(64)]).trim_start().to_ascii_lowercase();
        start.starts_with("<!doctype html") || start.starts_with("<html")
    })
}

/// The innermost reason: "connection refused" and not "dispatch failure".
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Words of a stranger as one line of bounded length.
fn clean(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let shown: String = plain.take(LONGEST).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_means_what_it_says() {
        let place = Place { endpoint: "http://h".to_owned(), bucket: "b".to_owned() };
        let kind =
            |operation: &str, status: u16, code: &str| match refused(operation, &place, status, code, Some("why\n")) {
                Fault::Gone(_) => "gone",
                Fault::Denied(_) => "denied",
                Fault::Temporary { .. } => "temporary",
                Fault::Unsupported { .. } => "unsupported",
                Fault::System(_) | Fault::Failed(_) => "failed",
                Fault::Invalid(_) => "invalid",
            };
        for (operation, status, code, meant) in [
            ("HeadBucket", 404, "NotFound", "gone"),
            ("ListObjectsV2", 404, "NoSuchBucket", "gone"),
            ("HeadBucket", 403, "", "denied"),
            ("ListObjectsV2", 403, "SignatureDoesNotMatch", "denied"),
            ("ListObjectsV2", 403, "InvalidAccessKeyId", "denied"),
            ("PutObject", 503, "SlowDown", "temporary"),
            ("PutObject", 500, "InternalError", "temporary"),
            ("PutObject", 501, "NotImplemented", "unsupported"),
            ("ListObjectsV2", 301, "PermanentRedirect", "failed"),
            ("GetObject", 400, "InvalidRequest", "failed"),
            ("GetObject", 404, "NoSuchKey", "failed"),
        ] {
            assert_eq!(kind(operation, status, code), meant, "{operation} {code}");
        }
        let told = refused("PutObject", &place, 400, "Odd", Some("a\nb\u{1b}c")).to_string();
        assert_eq!(told, "The endpoint http://h refuses PutObject on bucket b (Odd: a b c).");
    }
}
