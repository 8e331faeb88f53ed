//! Writing one object: whole, or in parts of which nothing stays where it comes to no end.

use super::beside::policy_of;
use super::client::Client;
use super::faults::{Explain, fault};
use super::headers::Headers;
use super::in_flight::InFlight;
use crate::domain::types::s3::Encryption;
use crate::engine::drivers::Fault;
use crate::repository::{Put, Refusal};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, MultipartUpload, ServerSideEncryption,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::date_time::{DateTime, Format};
use bytes::Bytes;
use std::io::Read;

/// Larger objects are written in parts.
pub(super) const PART: u64 = 16 << 20;
/// No upload has more parts.
const MOST_PARTS: u64 = 10_000;

/// Writes objects into a bucket.
pub(super) struct Uploads<'a> {
    pub(super) client: &'a Client,
    pub(super) bucket: &'a str,
    /// How objects are encrypted there.
    pub(super) encryption: &'a Encryption,
    /// Whether an object that is there already stays as it is.
    pub(super) keeps: bool,
    /// What is being written.
    pub(super) in_flight: &'a InFlight,
}

/// Anything but a key in use, for a store that knows this condition.
const NOTHING_THERE: &str = "*";

impl Uploads<'_> {
    /// Writes an object of so many bytes.
    pub(super) fn put(&self, key: &str, headers: &Headers, size: u64, content: &mut dyn Read) -> Result<Put, Refusal> {
        if size > PART {
            self.put_parts(key, headers, size, content)
        } else {
            self.put_whole(key, headers, size, content)
        }
    }

    fn put_whole(&self, key: &str, headers: &Headers, size: u64, content: &mut dyn Read) -> Result<Put, Refusal> {
        let body = read_exactly(content, size)?;
        read_end(content)?;
        let (encryption, encryption_key) = self.encryption_of(headers);
        self.make("PutObject", key, |condition| {
            let call = self
                .client
                .sdk()
                .put_object()
                .bucket(self.bucket)
                .key(key)
                .set_cache_control(headers.cache_control.clone())
                .set_content_disposition(headers.content_disposition.clone())
                .set_content_encoding(headers.content_encoding.clone())
                .set_content_language(headers.content_language.clone())
                .set_content_type(headers.content_type.clone())
                .set_expires(expires(headers))
                .set_website_redirect_location(headers.redirect.clone())
                .set_metadata(Some(headers.metadata.clone()))
                .set_tagging(headers.tags.clone())
                .set_server_side_encryption(encryption.clone())
                .set_ssekms_key_id(encryption_key.clone())
                .set_if_none_match(condition)
                .body(ByteStream::from(body.clone()));
            self.client.wait(call.send()).map_err(Box::new)
        })
    }

    fn put_parts(&self, key: &str, headers: &Headers, size: u64, content: &mut dyn Read) -> Result<Put, Refusal> {
        let (encryption, encryption_key) = self.encryption_of(headers);
        let call = self
            .client
            .sdk()
            .create_multipart_upload()
            .bucket(self.bucket)
            .key(key)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .set_cache_control(headers.cache_control.clone())
            .set_content_disposition(headers.content_disposition.clone())
            .set_content_encoding(headers.content_encoding.clone())
            .set_content_language(headers.content_language.clone())
            .set_content_type(headers.content_type.clone())
            .set_expires(expires(headers))
            .set_website_redirect_location(headers.redirect.clone())
            .set_metadata(Some(headers.metadata.clone()))
            .set_tagging(headers.tags.clone())
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(encryption_key);
        let begun = self.client.wait(call.send()).map_err(|error| self.refusal("CreateMultipartUpload", &error))?;
        let id =
            begun.upload_id().ok_or_else(|| Refusal::Item("the store began an upload without an id".to_owned()))?;
        let ended = self.send_parts(key, id, size, content).and_then(|parts| self.complete(key, id, parts));
        if !matches!(ended, Ok(Put::Written)) {
            self.abort(key, id);
        }
        ended
    }

    fn send_parts(
        &self,
        key: &str,
        id: &str,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<Vec<CompletedPart>, Refusal> {
        let length = part_length(size);
        let mut parts = Vec::new();
        let mut left = size;
        while left > 0 {
            let body = read_exactly(content, left.min(length))?;
            left -= body.len() as u64;
            let number = parts.len() as i32 + 1;
            let call = self
                .client
                .sdk()
                .upload_part()
                .bucket(self.bucket)
                .key(key)
                .upload_id(id)
                .part_number(number)
                .checksum_algorithm(ChecksumAlgorithm::Crc32)
                .body(ByteStream::from(body));
            let sent = self.client.wait(call.send()).map_err(|error| self.refusal("UploadPart", &error))?;
            parts.push(
                CompletedPart::builder()
                    .part_number(number)
                    .set_e_tag(sent.e_tag)
                    .set_checksum_crc32(sent.checksum_crc32)
                    .build(),
            );
        }
        read_end(content)?;
        Ok(parts)
    }

    fn complete(&self, key: &str, id: &str, parts: Vec<CompletedPart>) -> Result<Put, Refusal> {
        let call = self
            .client
            .sdk()
            .complete_multipart_upload()
            .bucket(self.bucket)
            .key(key)
            .upload_id(id)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build());
        self.make("CompleteMultipartUpload", key, |condition| {
            self.client.wait(call.clone().set_if_none_match(condition).send()).map_err(Box::new)
        })
    }

    /// Takes the parts of an upload away. What cannot be taken away now is in a later attempt.
    fn abort(&self, key: &str, id: &str) {
        let call = self.client.sdk().abort_multipart_upload().bucket(self.bucket).key(key).upload_id(id);
        if let Err(error) = self.client.wait(call.send()) {
            let why = fault("AbortMultipartUpload", self.client.place(), &error);
            tracing::warn!("an upload into {} stays unfinished: {why}", self.bucket);
        }
    }

    /// Takes away the unfinished uploads of keys that begin so and that `ours` says are of an earlier attempt.
    pub(super) fn abort_unfinished(
        &self,
        prefix: Option<&str>,
        ours: impl Fn(&MultipartUpload) -> bool,
    ) -> Result<(), Fault> {
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let call = self
                .client
                .sdk()
                .list_multipart_uploads()
                .bucket(self.bucket)
                .set_prefix(prefix.map(str::to_owned))
                .set_key_marker(key_marker)
                .set_upload_id_marker(id_marker);
            let page = self.client.wait(call.send()).explain("ListMultipartUploads", self.client.place())?;
            for upload in page.uploads().iter().filter(|upload| ours(upload)) {
                if let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) {
                    self.abort(key, id);
                }
            }
            if page.is_truncated() != Some(true) || page.next_key_marker().is_none() {
                return Ok(());
            }
            (key_marker, id_marker) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    fn encryption_of(&self, headers: &Headers) -> (Option<ServerSideEncryption>, Option<String>) {
        match self.encryption {
            Encryption::AsTheBucket => (None, None),
            Encryption::Managed => (Some(ServerSideEncryption::Aes256), None),
            Encryption::Kms(key) => (Some(ServerSideEncryption::AwsKms), key.clone()),
            Encryption::Original => {
                (headers.encryption.as_deref().map(ServerSideEncryption::from), headers.encryption_key.clone())
            }
        }
    }

    /// Gives an object the access list that was stored of it.
    pub(super) fn put_acl(&self, key: &str, stored: &str) -> Result<(), Refusal> {
        let policy = policy_of(stored).map_err(|why| Refusal::Item(format!("its access list is none: {why}")))?;
        let call = self.client.sdk().put_object_acl().bucket(self.bucket).key(key).access_control_policy(policy);
        self.client.wait(call.send()).map(drop).map_err(|error| self.refusal("PutObjectAcl", &error))
    }

    /// Makes the call that makes an object, with the condition that none is there if one is to stay.
    fn make<T, E>(
        &self,
        operation: &str,
        key: &str,
        call: impl Fn(Option<String>) -> Result<T, Box<SdkError<E, HttpResponse>>>,
    ) -> Result<Put, Refusal>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let _writing = self.in_flight.enter(key);
        let answer = match call(self.keeps.then(|| NOTHING_THERE.to_owned())) {
            Err(error) if self.keeps && error.code() == Some("PreconditionFailed") => {
                // Someone else made it in the meantime. Or it is a key below which others are, which some stores take for one that is
                // in use, though they have no object of it.
                if self.is_there(key)? {
                    return Ok(Put::Left);
                }
                call(None)
            }
            answer => answer,
        };
        answer.map(|_| Put::Written).map_err(|error| self.refusal(operation, &error))
    }

    /// Whether there is an object of this key.
    pub(super) fn is_there(&self, key: &str) -> Result<bool, Refusal> {
        let answer = self.client.wait(self.client.sdk().head_object().bucket(self.bucket).key(key).send());
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(false),
            Err(error) => Err(self.refusal("HeadObject", &error)),
        }
    }

    /// What an error of a call means for the item, or for all.
    pub(super) fn refusal<E>(&self, operation: &str, error: &SdkError<E, HttpResponse>) -> Refusal
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        refusal_of(fault(operation, self.client.place(), error))
    }
}

/// What a fault means for the item, or for all.
pub(super) fn refusal_of(fault: Fault) -> Refusal {
    match fault {
        Fault::Temporary { .. } | Fault::Gone(_) | Fault::Unsupported { .. } => Refusal::All(fault.into_io()),
        fault => Refusal::Item(fault.to_string()),
    }
}

/// How long parts are: as short as they may be.
fn part_length(size: u64) -> u64 {
    size.div_ceil(MOST_PARTS).next_multiple_of(1 << 20).max(PART)
}

/// The header `Expires` where it is a time; the SDK sends no other.
fn expires(headers: &Headers) -> Option<DateTime> {
    headers.expires.as_deref().and_then(|text| DateTime::from_str(text, Format::HttpDate).ok())
}

fn read_exactly(content: &mut dyn Read, length: u64) -> Result<Bytes, Refusal> {
    let mut read = Vec::with_capacity(length as usize);
    content.take(length).read_to_end(&mut read)?;
    if read.len() as u64 == length {
        return Ok(read.into());
    }
    Err(Refusal::Item(format!("its content ends {} bytes before its end", length - read.len() as u64)))
}

/// Makes sure that all was taken, and that all of it could be read.
fn read_end(content: &mut dyn Read) -> Result<(), Refusal> {
    match content.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(Refusal::Item("its content is longer than it should be".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_object_fits_into_the_parts_that_an_upload_may_have() {
        assert_eq!(part_length(PART + 1), PART);
        assert_eq!(part_length(PART * MOST_PARTS), PART);
        for size in [PART * MOST_PARTS + 1, 5 << 40] {
            let length = part_length(size);
            assert!(size.div_ceil(length) <= MOST_PARTS && length < 5 << 30 && length.is_multiple_of(1 << 20));
        }
    }

    #[test]
    fn a_content_that_is_shorter_or_longer_is_no_object() {
        assert!(read_exactly(&mut &b"abc"[..], 4).is_err());
        let mut content = &b"abcd"[..];
        assert_eq!(read_exactly(&mut content, 3).unwrap(), "abc");
        assert!(read_end(&mut content).is_err());
        assert!(read_end(&mut content).is_ok());
    }
}
