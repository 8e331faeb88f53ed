//! Bodies: read within a limit and a budget, hashed while they come; and what becomes of one that nobody reads.

use super::failure::Failure;
use axum::body::{Body, HttpBody as _};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest body that is read: the largest documents of AWS Backup hold some 200 KB.
pub(super) const LIMIT: usize = 1024 * 1024;
/// The largest body of a call that needs no signature.
pub(super) const UNSIGNED_LIMIT: usize = 4096;
/// How much of all bodies together is held at a time, in [`UNIT`]s; who comes then waits.
const BUDGET: usize = 32 * 1024;
/// What the budget is counted in, in bytes.
const UNIT: usize = 1024;
/// How long a client may take to send a body, the wait for its turn included.
const TIME: Duration = Duration::from_secs(30);
/// How much of a body that nobody reads is taken off the wire. A client writes its whole request before it reads the
/// answer; were the connection closed in its face, it would see a broken pipe in place of the refusal.
const DISCARDED: usize = 64 * 1024 * 1024;
/// For how long.
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// What bodies may hold together.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<Semaphore>);

/// A body that was read, and its place in the budget for as long as it is held.
#[derive(Debug)]
pub(super) struct Received {
    /// All of it.
    pub(super) bytes: Bytes,
    /// Its SHA-256 in lower-case hexadecimal.
    pub(super) hash: String,
    _place: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// Nothing is held yet.
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET)))
    }

    /// Reads a body of at most `limit` bytes.
    pub(super) async fn read(&self, headers: &HeaderMap, body: &mut Body, limit: usize) -> Result<Received, Failure> {
        if body.is_end_stream() {
            return Ok(Received { bytes: Bytes::new(), hash: hex::encode(Sha256::digest(b"")), _place: None });
        }
        let announced: Option<u64> =
            headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
        let length = match announced.map(usize::try_from) {
            None => limit,
            Some(Ok(length)) if length <= limit => length,
            Some(_) => return Err(too_large(limit)),
        };
        match tokio::time::timeout(TIME, self.collect(body, length, limit)).await {
            Ok(received) => received,
            Err(_) => Err(Failure::new(
                StatusCode::REQUEST_TIMEOUT,
                "RequestTimeoutException",
                format!("The request body did not arrive within {} seconds", TIME.as_secs()),
            )),
        }
    }

    async fn collect(&self, body: &mut Body, length: usize, limit: usize) -> Result<Received, Failure> {
        let units = u32::try_from(length.div_ceil(UNIT).max(1)).map_err(|_| too_large(limit))?;
        let place = Arc::clone(&self.0).acquire_many_owned(units).await.map_err(|_| Failure::internal())?;
        let (mut bytes, mut hash) = (BytesMut::new(), Sha256::new());
        while let Some(frame) = body.frame().await {
            let frame = frame
                .map_err(|error| Failure::serialization(format!("The request body could not be read: {error}")))?;
            let Some(data) = frame.data_ref() else { continue };
            if bytes.len() + data.len() > limit {
                return Err(too_large(limit));
            }
            hash.update(data);
            bytes.extend_from_slice(data);
        }
        Ok(Received { bytes: bytes.freeze(), hash: hex::encode(hash.finalize()), _place: Some(place) })
    }
}

/// Takes what is left of a body off the wire, beside the answer that is under way and for a while only.
pub(super) fn discard(headers: &HeaderMap, mut body: Body) {
    // Who asks before it sends has the answer already.
    if body.is_end_stream() || headers.contains_key(EXPECT) {
        return;
    }
    tokio::spawn(tokio::time::timeout(DISCARD_TIME, async move {
        let mut left = DISCARDED;
        while let Some(Ok(frame)) = body.frame().await {
            match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }));
}

fn too_large(limit: usize) -> Failure {
    Failure::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLargeException",
        format!("The request body is larger than {limit} bytes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::StreamBody;
    use hyper::body::Frame;
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicBool, Ordering};

    async fn read(budget: &Budget, mut body: Body) -> Result<Received, Failure> {
        budget.read(&HeaderMap::new(), &mut body, LIMIT).await
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit_and_hashed() {
        let budget = Budget::new();
        let received = read(&budget, Body::from(vec![b' '; LIMIT])).await.unwrap();
        assert_eq!(received.bytes.len(), LIMIT);
        assert_eq!(received.hash, hex::encode(Sha256::digest(vec![b' '; LIMIT])));
        let refused = read(&budget, Body::from(vec![b' '; LIMIT + 1])).await.unwrap_err();
        assert_eq!((refused.status, refused.code), (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException"));
    }

    #[tokio::test]
    async fn a_length_over_the_limit_is_refused_before_a_byte_is_read() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, http::HeaderValue::from_static("1048577"));
        let polled = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&polled);
        let frames = futures_util::stream::once(async move {
            seen.store(true, Ordering::Relaxed);
            Ok::<_, Infallible>(Frame::data(Bytes::new()))
        });
        let mut body = Body::new(StreamBody::new(frames));
        let refused = Budget::new().read(&headers, &mut body, LIMIT).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(!polled.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn what_is_over_the_budget_waits_until_something_is_given_back() {
        let budget = Budget::new();
        let mut held = Vec::new();
        for _ in 0..BUDGET * UNIT / LIMIT {
            held.push(read(&budget, Body::from(vec![b'x'; LIMIT])).await.unwrap());
        }
        let waiting = tokio::spawn({
            let budget = budget.clone();
            async move { read(&budget, Body::from("one more")).await.map(|received| received.bytes.len()) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "{} bodies of the largest size are held", held.len());
        held.pop();
        assert_eq!(waiting.await.unwrap().unwrap(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_waited_for_only_so_long() {
        let never = Body::new(StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>()));
        let refused = read(&Budget::new(), never).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::REQUEST_TIMEOUT);
    }
}
