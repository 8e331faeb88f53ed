//! A bucket that is asked for its objects, and what makes going on useless.

use super::beside::Beside;
use super::client::Client;
use super::faults::fault;
use crate::engine::drivers::Fault;
use aws_sdk_s3::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A bucket that is read.
pub(super) struct Bucket {
    pub(super) client: Client,
    pub(super) name: String,
    /// What is stored of an object beside its content.
    pub(super) beside: Beside,
    trouble: Arc<Trouble>,
}

/// What was seen of a bucket that is read, for whoever has no bucket any more.
#[derive(Default)]
pub(super) struct Trouble {
    out_of_order: AtomicBool,
    broken: Mutex<Option<Fault>>,
    /// Of how many objects tags or access lists could not be read, and why of the first.
    bare: Mutex<Option<(u64, Fault)>>,
}

impl Trouble {
    /// Notes that the store has an order of its own.
    pub(super) fn set_out_of_order(&self) {
        self.out_of_order.store(true, Ordering::Release);
    }

    /// Whether the store was seen to have an order of its own.
    pub(super) fn is_out_of_order(&self) -> bool {
        self.out_of_order.load(Ordering::Acquire)
    }

    /// Notes that the tags or the access list of an object could not be read.
    pub(super) fn note_bare(&self, fault: Fault) {
        self.bare.lock().get_or_insert((0, fault)).0 += 1;
    }

    /// What is to be said of objects that are stored without their tags or access lists.
    pub(super) fn bare(&self) -> Option<String> {
        let (count, why) = self.bare.lock().clone()?;
        Some(format!(
            "The tags or access lists of {count} objects could not be read; their contents are stored. The first: {why}"
        ))
    }

    /// What made going on useless, if anything did: the endpoint is away, the bucket is gone. The first one.
    pub(super) fn broken(&self) -> Option<Fault> {
        self.broken.lock().clone()
    }
}

impl Bucket {
    pub(super) fn new(client: Client, name: String, beside: Beside) -> Self {
        Self { client, name, beside, trouble: Arc::default() }
    }

    pub(super) fn trouble(&self) -> &Arc<Trouble> {
        &self.trouble
    }

    /// A fault as an error of what was asked for; one that all others would meet too is kept.
    pub(super) fn refuse(&self, fault: Fault) -> io::Error {
        let kind = match fault {
            Fault::Denied(_) => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::Other,
        };
        let error = io::Error::new(kind, fault.to_string());
        if matches!(fault, Fault::Temporary { .. } | Fault::Gone(_)) {
            self.trouble.broken.lock().get_or_insert(fault);
        }
        error
    }

    /// The object of a key, or one of its versions, from a byte on as long as it is the one with that ETag.
    pub(super) fn get(
        &self,
        key: &str,
        version: Option<&str>,
        from: Option<(u64, &str)>,
    ) -> io::Result<GetObjectOutput> {
        let mut call = self.call(key).set_version_id(version.map(str::to_owned));
        if let Some((at, etag)) = from {
            call = call.range(format!("bytes={at}-")).if_match(etag);
        }
        self.understand(self.client.wait(call.send()))
    }

    /// The call that asks for the object of a key.
    pub(super) fn call(&self, key: &str) -> GetObjectFluentBuilder {
        self.client.sdk().get_object().bucket(&self.name).key(key)
    }

    /// What came of such a call.
    pub(super) fn understand(
        &self,
        answer: Result<GetObjectOutput, SdkError<GetObjectError>>,
    ) -> io::Result<GetObjectOutput> {
        answer.map_err(|error| match error.code() {
            Some("NoSuchKey" | "NoSuchVersion") => {
                io::Error::new(io::ErrorKind::NotFound, "the object is not there any more")
            }
            Some("InvalidObjectState") => io::Error::other("it lies in an archive and was not brought back from there"),
            Some("PreconditionFailed") => io::Error::other("it was overwritten while it was read"),
            _ => self.refuse(fault("GetObject", self.client.place(), &error)),
        })
    }
}
