//! What a service's refusals mean. No secret is in any: only what the service says of itself, and where.

use crate::engine::drivers::Fault;
use crate::engine::drivers::http::{Answer, clean, temporary};
use serde_json::Value;

/// Where a client leads, for messages.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) endpoint: String,
    pub(super) table: String,
}

/// What an answer means that is not the one that was asked for.
pub(super) fn fault(operation: &str, place: &Place, answer: &Answer) -> Fault {
    let endpoint = &place.endpoint;
    if answer.is_page() {
        return Fault::Failed(format!(
            "The endpoint {endpoint} answers with a web page and not as DynamoDB does: check its URL and port."
        ));
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = body["__type"].as_str().or_else(|| answer.header("x-amzn-errortype")).unwrap_or_default();
    let code = clean(code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default());
    let message = body["message"].as_str().or_else(|| body["Message"].as_str()).map(clean).unwrap_or_default();
    refused(operation, place, answer.status, &code, &message)
}

/// What a refusal of the service means.
fn refused(operation: &str, place: &Place, status: u16, code: &str, message: &str) -> Fault {
    let Place { endpoint, table } = place;
    let said = match (code, message) {
        ("", _) => format!("HTTP {status}"),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    };
    match (code, status) {
        ("ResourceNotFoundException" | "TableNotFoundException", _) => {
            Fault::Gone(format!("There is no table {table} at {endpoint}."))
        }
        ("ResourceInUseException", _) if operation == "CreateTable" => Fault::Failed(already_there(table, endpoint)),
        (
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "InternalServerError"
            | "ResourceInUseException"
            | "ServiceUnavailable",
            _,
        )
        | (_, 429 | 500 | 502 | 503 | 504) => {
            temporary(format!("The endpoint {endpoint} cannot carry out {operation} on table {table} now ({said})."))
        }
        ("UnknownOperationException", _) | (_, 501) => Fault::Unsupported {
            found: format!("The endpoint {endpoint}, which has no {operation},"),
            needs: "a service with the whole of DynamoDB's protocol".to_owned(),
        },
        (
            "AccessDeniedException"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "IncompleteSignatureException"
            | "MissingAuthenticationTokenException"
            | "ExpiredTokenException",
            _,
        )
        | (_, 401 | 403) => {
            Fault::Denied(format!("The endpoint {endpoint} refuses {operation} on table {table} ({said})."))
        }
        ("", _) => Fault::Failed(format!(
            "The endpoint {endpoint} answers {operation} in a way that is not DynamoDB's ({said}): check its URL and port."
        )),
        _ => Fault::Failed(format!("The endpoint {endpoint} refuses {operation} on table {table} ({said}).")),
    }
}

/// What is in the way of a new table.
pub(super) fn already_there(table: &str, endpoint: &str) -> String {
    format!("The table {table} exists already at {endpoint}: choose another name, since no table is written over.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_means_what_it_says() {
        let place = Place { endpoint: "http://h".to_owned(), table: "t".to_owned() };
        let kind = |operation: &str, status: u16, code: &str| match refused(operation, &place, status, code, "why") {
            Fault::Gone(_) => "gone",
            Fault::Denied(_) => "denied",
            Fault::Temporary { .. } => "temporary",
            Fault::Unsupported { .. } => "unsupported",
            Fault::System(_) | Fault::Failed(_) => "failed",
            Fault::Invalid(_) => "invalid",
        };
        for (operation, status, code, meant) in [
            ("Scan", 400, "ResourceNotFoundException", "gone"),
            ("Scan", 400, "ProvisionedThroughputExceededException", "temporary"),
            ("Scan", 400, "ThrottlingException", "temporary"),
            ("Scan", 500, "InternalServerError", "temporary"),
            ("Scan", 503, "", "temporary"),
            ("Scan", 400, "UnrecognizedClientException", "denied"),
            ("Scan", 400, "AccessDeniedException", "denied"),
            ("Scan", 403, "", "denied"),
            ("CreateTable", 400, "ResourceInUseException", "failed"),
            ("CreateTable", 400, "LimitExceededException", "temporary"),
            ("BatchWriteItem", 400, "ResourceInUseException", "temporary"),
            ("BatchWriteItem", 400, "ValidationException", "failed"),
            ("ListTagsOfResource", 400, "UnknownOperationException", "unsupported"),
            ("Scan", 404, "", "failed"),
            ("Scan", 200, "", "failed"),
        ] {
            assert_eq!(kind(operation, status, code), meant, "{operation} {status} {code}");
        }
    }
}
