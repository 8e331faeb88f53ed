//! A bucket as a flat store of keys.

use super::client::Client;
use super::faults::fault;
use super::listing::{Listing, Pages};
use super::object::{Object, SMALL};
use crate::engine::drivers::Fault;
use crate::repository::{KeyItem, KeyStore, Keys, SourceReader};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A bucket that is read.
pub(super) struct Bucket {
    pub(super) client: Client,
    name: String,
    listing: Listing,
    trouble: Arc<Trouble>,
}

/// What was seen of a bucket that is read, for whoever has no bucket any more.
#[derive(Default)]
pub(super) struct Trouble {
    out_of_order: AtomicBool,
    broken: Mutex<Option<Fault>>,
}

impl Trouble {
    /// Whether the store was seen to have an order of its own.
    pub(super) fn is_out_of_order(&self) -> bool {
        self.out_of_order.load(Ordering::Acquire)
    }

    /// What made going on useless, if anything did: the endpoint is away, the bucket is gone. The first one.
    pub(super) fn broken(&self) -> Option<Fault> {
        self.broken.lock().clone()
    }
}

impl Bucket {
    pub(super) fn new(client: Client, name: String, listing: Listing) -> Self {
        Self { client, name, listing, trouble: Arc::default() }
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

    /// The object of a key, from a byte on, as long as it is the one with that ETag.
    pub(super) fn get(&self, key: &str, from: Option<(u64, &str)>) -> io::Result<GetObjectOutput> {
        let mut call = self.client.sdk().get_object().bucket(&self.name).key(key);
        if let Some((at, etag)) = from {
            call = call.range(format!("bytes={at}-")).if_match(etag);
        }
        self.client.wait(call.send()).map_err(|error| match error.code() {
            Some("NoSuchKey") => io::Error::new(io::ErrorKind::NotFound, "the object is not there any more"),
            Some("PreconditionFailed") => io::Error::other("it was overwritten while it was read"),
            _ => self.refuse(fault("GetObject", self.client.place(), &error)),
        })
    }

    /// The keys, and an error where their order is not that of their bytes.
    fn in_order<'a>(&'a self, pages: Pages<'a>) -> impl Iterator<Item = io::Result<KeyItem>> + 'a {
        let mut last: Option<Vec<u8>> = None;
        pages.map(move |listed| {
            let listed = listed.map_err(|fault| self.refuse(fault))?;
            if last.as_ref().is_some_and(|last| *last >= listed.key) {
                self.trouble.out_of_order.store(true, Ordering::Release);
                return Err(io::Error::other("the store lists its keys out of order"));
            }
            last = Some(listed.key.clone());
            Ok(listed.into_item())
        })
    }
}

impl KeyStore for Bucket {
    fn keys(&self, from: &[u8]) -> Keys<'_> {
        match &self.listing {
            Listing::Pages(known) => Box::new(self.in_order(Pages::new(&self.client, &self.name, known, from))),
            Listing::Sorted(all) => {
                let start = all.partition_point(|listed| listed.key.as_slice() < from);
                Box::new(all[start..].iter().map(|listed| Ok(listed.clone().into_item())))
            }
        }
    }

    fn open(&self, key: &[u8]) -> io::Result<Box<dyn SourceReader + '_>> {
        if let Some(fault) = self.trouble.broken() {
            return Err(io::Error::other(fault.to_string()));
        }
        let key = std::str::from_utf8(key);
        let key = key.map_err(|_| io::Error::other("its key is not UTF-8: the protocol has no way to ask for it"))?;
        let object = Object::open(self, key)?;
        Ok(if object.size() <= SMALL { Box::new(object.whole()?) } else { Box::new(object) })
    }
}
