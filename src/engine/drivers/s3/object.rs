//! The content of one object, in order.

use super::beside::Of;
use super::bucket::Bucket;
use super::faults::innermost;
use super::headers;
use super::listing::{mark_of, second_of};
use crate::repository::{ExtendedAttribute, FileState, Piece, SourceReader};
use aws_sdk_s3::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::byte_stream::AggregatedBytes;
use bytes::Bytes;
use std::io;
use tokio::task::JoinHandle;

/// Objects up to this many bytes are taken whole when they are opened.
pub(super) const SMALL: u64 = 1 << 20;
/// How often the content of one object may break off.
const BREAKS: u32 = 5;

/// An object that is read. It is the same one from its beginning to its end: where its content breaks off, it goes on from that
/// byte of the same ETag or not at all.
pub(super) struct Object<'a> {
    bucket: &'a Bucket,
    key: String,
    /// The version that is asked for; the newest without one.
    version: Option<String>,
    state: FileState,
    etag: Option<String>,
    attributes: Vec<ExtendedAttribute>,
    body: ByteStream,
    /// What came and was not taken yet.
    waiting: Bytes,
    /// How much came.
    received: u64,
    breaks: u32,
}

/// The content of an object, or how it broke off.
type Collected = Result<Bytes, aws_smithy_types::byte_stream::error::Error>;

/// What came of an object that was [asked for](ask) before it was opened.
pub(super) struct Came {
    answer: Result<GetObjectOutput, SdkError<GetObjectError>>,
    /// Of a small one.
    content: Option<Collected>,
}

impl Came {
    /// Whether it is what asking now would give. A fault that passes may have passed since; and what stands beside an object is asked for
    /// when it is opened, so that its content must not be older.
    pub(super) fn is_usable(&self, bucket: &Bucket) -> bool {
        match &self.answer {
            Ok(answer) => !bucket.beside.asks(answer.tag_count()),
            Err(error) => matches!(error.code(), Some("AccessDenied" | "InvalidObjectState" | "NoSuchKey")),
        }
    }
}

/// Begins to ask for the newest object of a key, and for its content where it is small.
pub(super) fn ask(bucket: &Bucket, key: &str) -> JoinHandle<Came> {
    let call = bucket.call(key);
    bucket.client.spawn(async move {
        let mut answer = call.send().await;
        let content = match &mut answer {
            Ok(answer) if length_of(answer).is_some_and(|length| length <= SMALL) => {
                Some(collect(std::mem::take(&mut answer.body)).await)
            }
            _ => None,
        };
        Came { answer, content }
    })
}

async fn collect(body: ByteStream) -> Collected {
    body.collect().await.map(AggregatedBytes::into_bytes)
}

/// How long the content of an answer is, if it says so.
fn length_of(answer: &GetObjectOutput) -> Option<u64> {
    answer.content_length().and_then(|length| u64::try_from(length).ok())
}

impl<'a> Object<'a> {
    pub(super) fn open(bucket: &'a Bucket, key: &str, version: Option<&str>) -> io::Result<Self> {
        Self::of(bucket, key, version, bucket.get(key, version, None)?)
    }

    /// The newest object of a key that was asked for ahead, as [`whole_if_small`](Self::whole_if_small) gives it.
    pub(super) fn that_came(bucket: &'a Bucket, key: &str, came: Came) -> io::Result<Self> {
        let Came { answer, content } = came;
        Self::of(bucket, key, None, bucket.understand(answer)?)?.whole_with(content)
    }

    fn of(bucket: &'a Bucket, key: &str, version: Option<&str>, mut answer: GetObjectOutput) -> io::Result<Self> {
        let size = length_of(&answer);
        let size = size.ok_or_else(|| io::Error::other("the store does not tell how long it is"))?;
        let modified = second_of(answer.last_modified());
        let mut inode = mark_of(answer.e_tag(), bucket.beside);
        let of = Of { bucket: &bucket.name, key, version };
        let beside = bucket.beside.read(&bucket.client, &of, answer.tag_count()).unwrap_or_else(|fault| {
            bucket.trouble().note_bare(fault);
            // No listing tells this number: the next backup reads it again.
            inode = !inode;
            Vec::new()
        });
        let state = FileState { size, modified, changed: modified, inode };
        let body = std::mem::take(&mut answer.body);
        Ok(Self {
            bucket,
            key: key.to_owned(),
            version: version.map(str::to_owned),
            state,
            etag: answer.e_tag().map(str::to_owned),
            attributes: headers::attributes(&answer, beside),
            body,
            waiting: Bytes::new(),
            received: 0,
            breaks: 0,
        })
    }

    /// A small object with all its content, which is asked for anew where it breaks off: then another one is as good. A larger
    /// one stays as it is.
    pub(super) fn whole_if_small(self) -> io::Result<Self> {
        self.whole_with(None)
    }

    /// The same with what was collected already.
    fn whole_with(mut self, mut content: Option<Collected>) -> io::Result<Self> {
        loop {
            if self.state.size > SMALL {
                return Ok(self);
            }
            let body = std::mem::take(&mut self.body);
            match content.take().unwrap_or_else(|| self.bucket.client.wait(collect(body))) {
                Ok(content) if content.len() as u64 == self.state.size => {
                    (self.received, self.waiting) = (self.state.size, content);
                    return Ok(self);
                }
                _ if self.breaks < BREAKS => {
                    let breaks = self.breaks + 1;
                    self = Self { breaks, ..Self::open(self.bucket, &self.key, self.version.as_deref())? };
                }
                Ok(content) => return Err(shorter(content.len() as u64, self.state.size)),
                Err(error) => return Err(broken(&error)),
            }
        }
    }

    /// Makes the next bytes the waiting ones; nothing waits at the end.
    fn advance(&mut self) -> io::Result<()> {
        loop {
            let next = self.bucket.client.wait(self.body.next());
            let why = match next {
                Some(Ok(bytes)) if bytes.is_empty() => continue,
                Some(Ok(bytes)) => {
                    self.received += bytes.len() as u64;
                    self.waiting = bytes;
                    return Ok(());
                }
                None if self.received == self.state.size => return Ok(()),
                // All came, and it is not what its checksum says.
                Some(Err(error)) if self.received >= self.state.size => return Err(broken(&error)),
                None => shorter(self.received, self.state.size),
                Some(Err(error)) => broken(&error),
            };
            self.go_on(why)?;
        }
    }

    /// Asks for the rest of the same object.
    fn go_on(&mut self, why: io::Error) -> io::Result<()> {
        self.breaks += 1;
        let Some(etag) = self.etag.as_deref().filter(|_| self.breaks <= BREAKS && self.received < self.state.size)
        else {
            return Err(why);
        };
        let mut answer = self.bucket.get(&self.key, self.version.as_deref(), Some((self.received, etag)))?;
        if answer.e_tag() != Some(etag) || length_of(&answer) != Some(self.state.size - self.received) {
            return Err(why);
        }
        self.body = std::mem::take(&mut answer.body);
        Ok(())
    }
}

fn shorter(received: u64, size: u64) -> io::Error {
    io::Error::other(format!("its content broke off after {received} of {size} bytes"))
}

fn broken(error: &aws_smithy_types::byte_stream::error::Error) -> io::Error {
    io::Error::other(format!("its content broke off: {}", innermost(error)))
}

impl SourceReader for Object<'_> {
    fn state(&mut self) -> io::Result<FileState> {
        Ok(self.state)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Piece> {
        if self.waiting.is_empty() {
            // Also at the end, where the content is compared with its checksum.
            self.advance()?;
        }
        if self.waiting.is_empty() {
            return Ok(Piece::End);
        }
        let length = self.waiting.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.waiting.split_to(length));
        Ok(Piece::Data(length))
    }

    fn attributes(&mut self) -> Option<Vec<ExtendedAttribute>> {
        Some(self.attributes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::drivers::s3::beside::Beside;
    use crate::engine::drivers::s3::unruly::{Answer, BUCKET, Unruly};

    /// Also where the HTTP client would not have noticed.
    #[test]
    fn content_that_ends_before_its_end_is_no_object_however_it_came() {
        let store = Unruly::that(|_| Answer::of(200, ""));
        let bucket = Bucket::new(store.client(), BUCKET.to_owned(), Beside::default());
        let short = || Object {
            bucket: &bucket,
            key: "k".to_owned(),
            version: None,
            state: FileState { size: 7, modified: second_of(None), changed: second_of(None), inode: 0 },
            etag: None,
            attributes: Vec::new(),
            body: ByteStream::from_static(b"con"),
            waiting: Bytes::new(),
            received: 0,
            breaks: BREAKS,
        };
        let told = "its content broke off after 3 of 7 bytes";
        assert_eq!(short().whole_if_small().map(drop).unwrap_err().to_string(), told);
        let (mut large, mut buffer) = (short(), [0; 16]);
        assert!(matches!(large.read(&mut buffer), Ok(Piece::Data(3))));
        assert_eq!(large.read(&mut buffer).unwrap_err().to_string(), told);
    }
}
