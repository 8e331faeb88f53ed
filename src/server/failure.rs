//! Errors on the wire: one [`Failure`], spelled by each protocol in its own way.

use super::cbor::NotCbor;
use super::reply::Reply;
use super::sigv4::Refusal;
use crate::domain::Invalid;
use crate::engine::{Error, ErrorKind};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

/// What a call answers when it does not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// The exception's name.
    pub(super) code: &'static str,
    /// What to tell the user.
    pub(super) message: String,
    /// What the owner of the data directory may know beside: paths of the host, what the system said. It goes to the log,
    /// and to callers by the engine's own socket or in process, never to a port.
    detail: Option<String>,
    /// What some exceptions have beside a message.
    more: Option<More>,
}

/// The members that some exceptions have beside a message.
#[derive(Debug, Clone, PartialEq, Eq)]
enum More {
    /// `Arn` and `CreatorRequestId` of what exists already.
    Existing(Option<String>, Option<String>),
    /// `Reason`, of some of AWS Organizations.
    Reason(&'static str),
}

/// How errors are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// AWS Backup: the name in a header, `{"Message"}` in the body.
    RestJson,
    /// Organizations, Tagging, KMS, CloudTrail, CloudWatch: `{"__type", "message"}`.
    Json,
    /// STS: XML.
    Query,
    /// Tagging and CloudWatch, by newer SDKs: as [`Self::Json`], in CBOR.
    Cbor,
}

impl Failure {
    /// An exception by its name.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), detail: None, more: None }
    }

    /// A value that breaks a rule.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
    }

    /// A required member that is absent.
    pub(super) fn missing(name: &str) -> Self {
        Invalid::missing(name).into()
    }

    /// Something that is not built, or not possible now.
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestException", message)
    }

    /// A body that cannot be read.
    pub(super) fn serialization(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "SerializationException", message)
    }

    /// No such path or operation.
    pub(super) fn unknown_operation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
    }

    /// A failure of the program itself; what happened is in the log only.
    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailure",
            "The engine failed to carry out this request; its log says why.",
        )
    }

    /// The same under another exception and status.
    pub(super) fn recoded(self, status: StatusCode, code: &'static str) -> Self {
        Self { status, code, ..self }
    }

    /// The same with all that is known, for a caller who owns the data directory.
    pub(super) fn in_full(mut self) -> Self {
        if let Some(detail) = self.detail.take() {
            self.message = detail;
        }
        self
    }

    /// The same under the name that another service has for it.
    pub(super) fn renamed(self, names: &[(&str, &'static str)]) -> Self {
        let code = names.iter().find(|(from, _)| *from == self.code).map_or(self.code, |(_, to)| to);
        Self { code, ..self }
    }

    /// The error response.
    pub(super) fn reply(&self, dialect: Dialect, request_id: &str) -> Reply {
        let mut reply = match dialect {
            Dialect::RestJson => Reply::json(self.status, &self.rest_body()),
            Dialect::Json => Reply::amz_json(self.status, &self.typed_body()),
            Dialect::Query => Reply::xml(self.status, self.xml_body(request_id)),
            Dialect::Cbor => Reply::cbor(self.status, &self.typed_body(), &[]),
        };
        if dialect != Dialect::Query {
            reply.headers.insert("x-amzn-errortype", HeaderValue::from_static(self.code));
        }
        reply
    }

    /// `{"Message", "Type"}`, and no `Code`: older Go clients would take that for the exception's name.
    fn rest_body(&self) -> Value {
        let mut body = json!({ "Message": self.message, "Type": self.side() });
        if let Some(More::Existing(arn, creator_request_id)) = &self.more {
            if let Some(arn) = arn {
                body["Arn"] = json!(arn);
            }
            if let Some(token) = creator_request_id {
                body["CreatorRequestId"] = json!(token);
            }
        }
        body
    }

    fn typed_body(&self) -> Value {
        let mut body = json!({ "__type": self.code, "message": self.message });
        if let Some(More::Reason(reason)) = self.more {
            body["Reason"] = json!(reason);
        }
        body
    }

    fn xml_body(&self, request_id: &str) -> String {
        let side = if self.status.is_server_error() { "Receiver" } else { "Sender" };
        format!(
            "<ErrorResponse xmlns=\"{}\"><Error><Type>{side}</Type><Code>{}</Code><Message>{}</Message></Error>\
             <RequestId>{request_id}</RequestId></ErrorResponse>",
            super::xml::STS_NAMESPACE,
            self.query_code(),
            super::xml::escaped(&self.message),
        )
    }

    fn side(&self) -> &'static str {
        if self.status.is_server_error() { "Service" } else { "User" }
    }

    /// The query protocol has its own names for what the others call exceptions.
    fn query_code(&self) -> &'static str {
        match self.code {
            "MissingAuthenticationTokenException" => "MissingAuthenticationToken",
            "IncompleteSignatureException" => "IncompleteSignature",
            "UnrecognizedClientException" => "InvalidClientTokenId",
            "ExpiredTokenException" => "ExpiredToken",
            "InvalidSignatureException" => "SignatureDoesNotMatch",
            "AccessDeniedException" => "AccessDenied",
            "UnknownOperationException" => "InvalidAction",
            "InvalidRequestException" | "InvalidParameterValueException" | "ResourceNotFoundException" => {
                "ValidationError"
            }
            "MissingParameterValueException" => "MissingParameter",
            "ServiceUnavailableException" => "ServiceUnavailable",
            other => other,
        }
    }
}

impl From<NotCbor> for Failure {
    fn from(NotCbor { at }: NotCbor) -> Self {
        Self::serialization(format!("The request body is not the CBOR of this protocol (at byte {at})"))
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Error::from(invalid).into()
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Missing => "MissingAuthenticationTokenException",
            Refusal::Incomplete(_) => "IncompleteSignatureException",
            Refusal::Mismatch(_) => "InvalidSignatureException",
        };
        Self::new(StatusCode::FORBIDDEN, code, refusal.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        let (status, code) = match &kind {
            ErrorKind::AlreadyExists { .. } => (StatusCode::BAD_REQUEST, "AlreadyExistsException"),
            ErrorKind::Conflict => (StatusCode::BAD_REQUEST, "ConflictException"),
            ErrorKind::InvalidParameterValue => (StatusCode::BAD_REQUEST, "InvalidParameterValueException"),
            ErrorKind::InvalidRequest => (StatusCode::BAD_REQUEST, "InvalidRequestException"),
            ErrorKind::InvalidResourceState => (StatusCode::BAD_REQUEST, "InvalidResourceStateException"),
            ErrorKind::MissingParameterValue => (StatusCode::BAD_REQUEST, "MissingParameterValueException"),
            ErrorKind::LimitExceeded => (StatusCode::BAD_REQUEST, "LimitExceededException"),
            ErrorKind::ResourceNotFound => (StatusCode::BAD_REQUEST, "ResourceNotFoundException"),
            ErrorKind::AccessDenied => (StatusCode::FORBIDDEN, "AccessDeniedException"),
            ErrorKind::UnrecognizedClient => (StatusCode::FORBIDDEN, "UnrecognizedClientException"),
            ErrorKind::ExpiredToken => (StatusCode::FORBIDDEN, "ExpiredTokenException"),
            ErrorKind::DependencyFailure => (StatusCode::INTERNAL_SERVER_ERROR, "DependencyFailureException"),
            ErrorKind::ServiceUnavailable => (StatusCode::INTERNAL_SERVER_ERROR, "ServiceUnavailableException"),
            ErrorKind::Organizations(exception) => (StatusCode::BAD_REQUEST, exception.name()),
        };
        if let Error::ReadOnly(why) = &error {
            let message =
                format!("The engine's data directory is read-only ({}): nothing in it can be changed.", why.reason());
            return Self { detail: Some(error.to_string()), ..Self::new(status, code, message) };
        }
        if status.is_server_error() {
            tracing::error!(%error, "a call failed");
        }
        let more = match kind {
            ErrorKind::AlreadyExists { arn, creator_request_id } => Some(More::Existing(arn, creator_request_id)),
            ErrorKind::Organizations(exception) => exception.reason().map(More::Reason),
            _ => None,
        };
        let detail = error.to_string();
        match error {
            Error::Service { message, .. } => Self { more, ..Self::new(status, code, message) },
            Error::KeyUnusable { .. } => Self::new(status, code, detail),
            _ if error.is_temporary() => Self {
                detail: Some(detail),
                ..Self::new(
                    status,
                    code,
                    "Another program holds the vault's repository now; try again when it has ended.",
                )
            },
            _ => Self { detail: Some(detail), ..Self::new(status, code, Self::internal().message) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(reply: &Reply) -> &str {
        std::str::from_utf8(&reply.body).unwrap()
    }

    #[test]
    fn aws_backup_names_the_exception_in_the_header_alone() {
        let error = Error::already_exists("There is one", Some("arn:x".to_owned()), Some("token".to_owned()));
        let reply = Failure::from(error).reply(Dialect::RestJson, "id");
        assert_eq!(reply.status.as_u16(), 400);
        assert_eq!(reply.headers["x-amzn-errortype"], "AlreadyExistsException");
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        let expected =
            json!({ "Message": "There is one", "Type": "User", "Arn": "arn:x", "CreatorRequestId": "token" });
        assert_eq!(body, expected);
    }

    #[test]
    fn what_the_host_looks_like_is_told_to_its_owner_only() {
        let error = Error::io("create /srv/secret/vault", std::io::Error::other("no space"));
        let failure = Failure::from(error);
        assert_eq!(failure.message, Failure::internal().message);
        assert_eq!(failure.in_full().message, "create /srv/secret/vault: no space");
    }

    #[test]
    fn a_read_only_directory_is_a_reason_that_callers_are_told_without_its_path() {
        let why = crate::engine::read_only::ReadOnly::new(
            std::path::Path::new("/srv/data"),
            &std::io::Error::from_raw_os_error(30),
        );
        let failure = Failure::from(Error::ReadOnly(why));
        assert_eq!((failure.status.as_u16(), failure.code), (500, "ServiceUnavailableException"));
        assert!(failure.message.contains("read-only (Read-only file system)"), "{}", failure.message);
        assert!(!failure.message.contains("/srv"), "{}", failure.message);
        assert!(failure.in_full().message.starts_with("data directory /srv/data is read-only"));
    }

    #[test]
    fn json_services_name_it_in_the_body_too() {
        let reply = Failure::invalid("no").renamed(&[("InvalidParameterValueException", "InvalidInputException")]);
        let reply = reply.reply(Dialect::Json, "id");
        assert_eq!(text(&reply), r#"{"__type":"InvalidInputException","message":"no"}"#);
    }

    #[test]
    fn sts_has_names_of_its_own_and_safe_xml() {
        let reply =
            Failure::new(StatusCode::FORBIDDEN, "UnrecognizedClientException", "<&>").reply(Dialect::Query, "id");
        assert!(text(&reply).contains("<Code>InvalidClientTokenId</Code><Message>&lt;&amp;&gt;</Message>"));
        assert!(text(&reply).contains("<RequestId>id</RequestId>"));
    }

    #[test]
    fn what_the_engine_itself_failed_at_is_a_500_that_may_be_tried_again() {
        let reply = Failure::from(Error::Internal("a bug".to_owned())).reply(Dialect::RestJson, "id");
        assert_eq!(reply.status.as_u16(), 500);
        assert_eq!(reply.headers["x-amzn-errortype"], "ServiceUnavailableException");
    }
}
