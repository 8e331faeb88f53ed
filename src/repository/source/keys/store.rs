//! What a flat store must be able to do.

use std::io;

use crate::repository::source::{SourceItem, SourceReader};

/// A flat store: keys of any bytes, each with a content.
pub trait KeyStore: Send + Sync {
    /// The keys from `from` on (itself too), each once, in the order of their bytes. An error ends it.
    ///
    /// Asked once for all keys before the backup begins, then once for each range of some thousands.
    fn keys(&self, from: &[u8]) -> Keys<'_>;

    /// Opens the content of a key.
    fn open(&self, key: &[u8]) -> io::Result<Box<dyn SourceReader + '_>>;

    /// Tells of a key that its content is opened soon: see [`TreeSource::expect`](crate::repository::TreeSource::expect).
    fn expect(&self, _key: &[u8], _size: u64) {}
}

/// The keys of a store, as [`KeyStore::keys`] gives them.
pub type Keys<'a> = Box<dyn Iterator<Item = io::Result<KeyItem>> + 'a>;

/// A key with what its listing says about it.
#[derive(Debug)]
pub struct KeyItem {
    /// The key.
    pub key: Vec<u8>,
    /// The file that is stored for it; its node's name is filled in by the backup.
    pub item: SourceItem,
}
