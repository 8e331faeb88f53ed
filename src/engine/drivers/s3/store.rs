//! A bucket as a flat store of keys.

use super::ahead::Ahead;
use super::bucket::Bucket;
use super::listing::{Listing, Pages};
use super::object::{Object, SMALL};
use crate::repository::{KeyItem, KeyStore, Keys, SourceReader};
use std::io;

/// A bucket with the way in which it is listed.
pub(super) struct Store {
    pub(super) bucket: Bucket,
    pub(super) listing: Listing,
    ahead: Ahead,
}

impl Store {
    pub(super) fn new(bucket: Bucket, listing: Listing) -> Self {
        Self { bucket, listing, ahead: Ahead::default() }
    }

    /// The keys, and an error where their order is not that of their bytes.
    fn in_order<'a>(&'a self, pages: Pages<'a>) -> impl Iterator<Item = io::Result<KeyItem>> + 'a {
        let mut last: Option<Vec<u8>> = None;
        pages.map(move |listed| {
            let listed = listed.map_err(|fault| self.bucket.refuse(fault))?;
            if last.as_ref().is_some_and(|last| *last >= listed.key) {
                self.bucket.trouble().set_out_of_order();
                return Err(io::Error::other("the store lists its keys out of order"));
            }
            last = Some(listed.key.clone());
            Ok(listed.into_item())
        })
    }
}

impl KeyStore for Store {
    fn keys(&self, from: &[u8]) -> Keys<'_> {
        match &self.listing {
            Listing::Pages(known) => Box::new(self.in_order(Pages::new(&self.bucket, known, from))),
            Listing::Sorted(all) => {
                let start = all.partition_point(|listed| listed.key.as_slice() < from);
                Box::new(all[start..].iter().map(|listed| Ok(listed.clone().into_item())))
            }
        }
    }

    fn open(&self, key: &[u8]) -> io::Result<Box<dyn SourceReader + '_>> {
        if let Some(fault) = self.bucket.trouble().broken() {
            return Err(io::Error::other(fault.to_string()));
        }
        let key = std::str::from_utf8(key);
        let key = key.map_err(|_| io::Error::other("its key is not UTF-8: the protocol has no way to ask for it"))?;
        Ok(Box::new(match self.ahead.take(&self.bucket, key).filter(|came| came.is_usable(&self.bucket)) {
            Some(came) => Object::that_came(&self.bucket, key, came)?,
            None => Object::open(&self.bucket, key, None)?.whole_if_small()?,
        }))
    }

    fn expect(&self, key: &[u8], size: u64) {
        // Where something beside each is asked for, what came before it was opened would be thrown away.
        if size <= SMALL
            && !self.bucket.beside.asks(None)
            && let Ok(key) = std::str::from_utf8(key)
        {
            self.ahead.expect(&self.bucket, key);
        }
    }
}
