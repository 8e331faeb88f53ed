//! An answer whose content is taken as it comes.

use super::{Answer, Http, LARGEST, SILENCE_LIMIT, clean, innermost, temporary};
use crate::engine::drivers::Fault;
use crate::repository::Control;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use std::sync::Arc;

/// An answer. Content that breaks off is an error, and never its end.
pub(in crate::engine::drivers) struct Coming {
    http: Arc<Http>,
    pub(in crate::engine::drivers) status: u16,
    headers: http::HeaderMap,
    body: SdkBody,
}

impl Coming {
    pub(super) fn new(http: Arc<Http>, status: u16, headers: http::HeaderMap, body: SdkBody) -> Self {
        Self { http, status, headers, body }
    }

    /// The text of a header.
    pub(in crate::engine::drivers) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The next bytes; nothing at the end.
    pub(in crate::engine::drivers) fn next(&mut self, stop: Option<&Control>) -> Result<Option<Bytes>, Fault> {
        let place = &self.http.place;
        loop {
            let frame = async { tokio::time::timeout(SILENCE_LIMIT, self.body.frame()).await };
            match self.http.wait(stop, frame)? {
                Err(_) => return Err(temporary(format!("{place} fell silent within an answer."))),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => {
                    let why = clean(&innermost(error.as_ref()));
                    return Err(temporary(format!("An answer of {place} broke off: {why}")));
                }
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(bytes) if !bytes.is_empty() => return Ok(Some(bytes)),
                    _ => {}
                },
            }
        }
    }

    /// The whole of it.
    pub(in crate::engine::drivers) fn take(mut self, stop: Option<&Control>) -> Result<Answer, Fault> {
        let mut whole = Vec::new();
        while let Some(piece) = self.next(stop)? {
            if whole.len() + piece.len() > LARGEST {
                return Err(Fault::Failed(format!("{} answers with more than {LARGEST} bytes.", self.http.place)));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(Answer { status: self.status, headers: self.headers, body: whole.into() })
    }
}
