//! A response before it is a response: status, headers, bytes.

use super::cbor;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::Value;

/// A response.
#[derive(Debug)]
pub(super) struct Reply {
    /// The status.
    pub(super) status: StatusCode,
    /// Headers of this response alone; the router adds those that all have.
    pub(super) headers: HeaderMap,
    /// The body.
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// A response without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Vec::new() }
    }

    fn typed(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Self {
        let mut reply = Self { body, ..Self::empty(status) };
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply
    }

    /// JSON. A value that cannot be written is a fault of ours, and answered as one.
    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        Self::serialized(status, "application/json", body)
    }

    /// JSON of the awsJson1.1 protocol.
    pub(super) fn amz_json(status: StatusCode, body: &impl Serialize) -> Self {
        Self::serialized(status, "application/x-amz-json-1.1", body)
    }

    fn serialized(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => Self::typed(status, content_type, bytes),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                Self::typed(StatusCode::INTERNAL_SERVER_ERROR, content_type, b"{\"Message\":\"internal error\"}".into())
            }
        }
    }

    /// XML of the query protocol.
    pub(super) fn xml(status: StatusCode, body: String) -> Self {
        Self::typed(status, "text/xml", body.into_bytes())
    }

    /// CBOR of the rpc-v2-cbor protocol; the numbers of the members `times` are times.
    pub(super) fn cbor(status: StatusCode, body: &Value, times: &[&str]) -> Self {
        let mut reply = Self::typed(status, "application/cbor", cbor::encode(body, times));
        reply.headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
        reply
    }
}
