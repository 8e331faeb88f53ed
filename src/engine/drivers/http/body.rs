//! The content of an answer, as it comes.

use super::{Http, SILENCE_LIMIT, clean, innermost, temporary};
use crate::engine::drivers::Fault;
use crate::repository::Control;
use aws_smithy_types::body::SdkBody;
use bytes::{Buf as _, Bytes};
use http_body_util::BodyExt as _;
use std::io::{self, Read};

/// The content of an answer. One that breaks off is an error, and never its end.
pub(in crate::engine::drivers) struct Body<'a> {
    http: &'a Http,
    stop: Option<&'a Control>,
    body: SdkBody,
    /// What came and was not taken yet.
    waiting: Bytes,
}

impl<'a> Body<'a> {
    pub(super) fn new(http: &'a Http, stop: Option<&'a Control>, body: SdkBody) -> Self {
        Self { http, stop, body, waiting: Bytes::new() }
    }

    /// The next bytes; nothing at the end.
    pub(in crate::engine::drivers) fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let place = self.http.place();
        loop {
            let frame = async { tokio::time::timeout(SILENCE_LIMIT, self.body.frame()).await };
            match self.http.wait(self.stop, frame)? {
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
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.waiting.is_empty()
            && let Some(bytes) = self.next().map_err(Fault::into_io)?
        {
            self.waiting = bytes;
        }
        let length = self.waiting.len().min(buffer.len());
        self.waiting.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
