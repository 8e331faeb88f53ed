//! Content that is sent as it is read.

use super::{Answer, Coming, Http, clean, temporary};
use crate::engine::drivers::Fault;
use crate::repository::Refusal;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendError;
use tokio::time::error::Elapsed;

/// How much is sent at once.
const PIECE: usize = 256 << 10;
/// How many such pieces wait to be sent.
const WAITING: usize = 4;
/// How long a service may take nothing of what it is sent.
const STALL_LIMIT: Duration = Duration::from_secs(10 * 60);
/// How long a service may think about what it was sent.
const THINKING_LIMIT: Duration = Duration::from_secs(30 * 60);

impl Http {
    /// Sends content to its end. Content that cannot be read breaks the request off, so that nobody takes its beginning for the whole.
    pub(in crate::engine::drivers) fn upload(
        self: &Arc<Self>,
        head: http::Request<()>,
        content: &mut dyn Read,
    ) -> Result<Answer, Refusal> {
        self.upload_within(STALL_LIMIT, head, content)
    }

    pub(super) fn upload_within(
        self: &Arc<Self>,
        stall_limit: Duration,
        head: http::Request<()>,
        content: &mut dyn Read,
    ) -> Result<Answer, Refusal> {
        let all = |fault: Fault| Refusal::All(fault.into_io());
        let (sender, mut receiver) = mpsc::channel::<Piece>(WAITING);
        let body = SdkBody::from_body_1_x(StreamBody::new(stream::poll_fn(move |context| receiver.poll_recv(context))));
        let request = HttpRequest::try_from(head.map(|()| body)).map_err(|error| {
            all(Fault::Failed(format!("A request could not be sent to {}: {}", self.place, clean(&error.to_string()))))
        })?;
        let connector = self.connector.clone();
        let call = self.runtime.spawn(async move { connector.call(request).await });
        // Already the limit wants to be in the runtime.
        let give = |piece| self.runtime.block_on(async { tokio::time::timeout(stall_limit, sender.send(piece)).await });
        let stalled = || all(temporary(format!("{} does not take what it is sent.", self.place)));
        let sent = match send(&give, content) {
            Ok(Given::All) => Ok(()),
            Ok(Given::Stalled) => {
                call.abort();
                return Err(stalled());
            }
            Err(error) => {
                // Whoever waits for the rest learns that there is none.
                if give(Err(io::Error::new(error.kind(), "the content broke off"))).is_err() {
                    call.abort();
                }
                Err(error)
            }
        };
        drop(sender);
        let limit = async { tokio::time::timeout(THINKING_LIMIT, call).await };
        let answered = self.wait(None, limit).map_err(all)?;
        sent?;
        let response = match answered {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(error))) => return Err(all(self.unreachable(&error))),
            Ok(Err(_)) | Err(_) => return Err(all(temporary(format!("{} does not answer in time.", self.place)))),
        };
        let response = response.try_into_http1x().map_err(|error| all(Fault::Failed(clean(&error.to_string()))))?;
        let (parts, body) = response.into_parts();
        Coming::new(Arc::clone(self), parts.status.as_u16(), parts.headers, body).take(None).map_err(all)
    }
}

/// How far content was given on.
enum Given {
    All,
    Stalled,
}

/// A piece of a request, or why there is none.
type Piece = io::Result<Frame<Bytes>>;

/// Gives the content on, until its end or until nobody takes it any more.
fn send(
    give: &dyn Fn(Piece) -> Result<Result<(), SendError<Piece>>, Elapsed>,
    content: &mut dyn Read,
) -> io::Result<Given> {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        (&mut *content).take(PIECE as u64).read_to_end(&mut piece)?;
        let is_last = piece.len() < PIECE;
        match give(Ok(Frame::data(piece.into()))) {
            Err(_) => return Ok(Given::Stalled),
            Ok(Err(_)) => {
                // The answer says why. The rest is read, as whoever gives it wants to be asked for all of it.
                io::copy(content, &mut io::sink())?;
                return Ok(Given::All);
            }
            Ok(Ok(())) if is_last => return Ok(Given::All),
            Ok(Ok(())) => {}
        }
    }
}
