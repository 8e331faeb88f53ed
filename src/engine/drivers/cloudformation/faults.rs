//! What a service's refusals mean. No secret is in any: only what the service says of itself, and where.

use crate::engine::drivers::Fault;
use crate::engine::drivers::http::{Answer, Element, clean, temporary};

/// Where a client leads, for messages.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) endpoint: String,
    pub(super) stack: String,
}

/// What an answer means that is not the one that was asked for.
pub(super) fn fault(operation: &str, place: &Place, answer: &Answer) -> Fault {
    let endpoint = &place.endpoint;
    if answer.is_page() {
        return Fault::Failed(format!(
            "The endpoint {endpoint} answers with a web page and not as CloudFormation does: check its URL and port."
        ));
    }
    let body = Element::read(&answer.body).unwrap_or_default();
    let told = |name: &str| body.find("Error").and_then(|error| error.text(name)).map(clean).unwrap_or_default();
    refused(operation, place, answer.status, &told("Code"), &told("Message"))
}

/// What a refusal of the service means.
fn refused(operation: &str, place: &Place, status: u16, code: &str, message: &str) -> Fault {
    let Place { endpoint, stack } = place;
    let said = match (code, message) {
        ("", _) => format!("HTTP {status}"),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    };
    match (code, status) {
        // CloudFormation has no code of its own for a stack that is not there.
        ("ValidationError", _) if message.ends_with("does not exist") => {
            Fault::Gone(format!("There is no stack {stack} at {endpoint}."))
        }
        ("ChangeSetNotFound" | "ChangeSetNotFoundException", _) => {
            Fault::Gone(format!("There is no such change set of stack {stack} at {endpoint}."))
        }
        (
            "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "ServiceUnavailable" | "InternalFailure",
            _,
        )
        | (_, 429 | 500 | 502 | 503 | 504) => {
            temporary(format!("The endpoint {endpoint} cannot carry out {operation} on stack {stack} now ({said})."))
        }
        ("InvalidAction", _) | (_, 501) => Fault::Unsupported {
            found: format!("The endpoint {endpoint}, which has no {operation},"),
            needs: "a service with CloudFormation's protocol".to_owned(),
        },
        (
            "AccessDenied"
            | "AccessDeniedException"
            | "InvalidClientTokenId"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "MissingAuthenticationToken"
            | "IncompleteSignature",
            _,
        )
        | (_, 401 | 403) => {
            Fault::Denied(format!("The endpoint {endpoint} refuses {operation} on stack {stack} ({said})."))
        }
        ("", _) => Fault::Failed(format!(
            "The endpoint {endpoint} answers {operation} in a way that is not CloudFormation's ({said}): check its URL and port."
        )),
        _ => Fault::Failed(format!("The endpoint {endpoint} refuses {operation} on stack {stack} ({said}).")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_means_what_it_says() {
        let place = Place { endpoint: "http://h".to_owned(), stack: "s".to_owned() };
        let kind = |status: u16, code: &str, why: &str| match refused("DescribeStacks", &place, status, code, why) {
            Fault::Gone(_) => "gone",
            Fault::Denied(_) => "denied",
            Fault::Temporary { .. } => "temporary",
            Fault::Unsupported { .. } => "unsupported",
            Fault::System(_) | Fault::Failed(_) => "failed",
            Fault::Invalid(_) => "invalid",
        };
        for (status, code, why, meant) in [
            (400, "ValidationError", "Stack with id s does not exist", "gone"),
            (400, "ValidationError", "Template format error", "failed"),
            (404, "ChangeSetNotFound", "ChangeSet [c] does not exist", "gone"),
            (400, "Throttling", "Rate exceeded", "temporary"),
            (503, "", "", "temporary"),
            (403, "AccessDenied", "no", "denied"),
            (403, "", "", "denied"),
            (400, "InvalidAction", "Unknown action", "unsupported"),
            (404, "", "", "failed"),
        ] {
            assert_eq!(kind(status, code, why), meant, "{status} {code} {why}");
        }
    }
}
