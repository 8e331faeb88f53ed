//! What the threads of one transfer share.

use parking_lot::Mutex;

use super::units::{Unit, Wanted};
use crate::repository::blob_reader::BlobReader;
use crate::repository::packing::Packing;
use crate::repository::{Control, Error, FileKind, Repository, Result};

/// A transfer under way.
pub(super) struct Run<'a> {
    pub(super) source: &'a Repository,
    pub(super) packing: &'a Packing<'a>,
    pub(super) control: &'a Control,
    /// The first thing that went wrong.
    pub(super) failure: Mutex<Option<Error>>,
}

impl Run<'_> {
    /// Stops the transfer. The first reason is the one that is reported.
    pub(super) fn fail(&self, error: Error) {
        self.failure.lock().get_or_insert(error);
    }

    /// An error when the transfer was cancelled, or one of its threads has failed.
    pub(super) fn check(&self) -> Result<()> {
        self.control.check()?;
        if self.failure.lock().is_some() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Reads a range and calls `take` with each blob that is wanted of it, its hash checked. What cannot be read there is read
    /// where else it lies.
    pub(super) fn read(
        &self,
        unit: &Unit,
        reader: &mut BlobReader<'_>,
        take: &mut dyn FnMut(&Wanted, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut range = self.source.storage().read_range(FileKind::Pack, &unit.pack, unit.start, unit.length).ok();
        for blob in &unit.blobs {
            let start = (u64::from(blob.location.offset) - unit.start) as usize;
            let sealed = range.as_mut().and_then(|range| range.get_mut(start..start + blob.location.length as usize));
            let opened = sealed.map(|sealed| reader.open(&blob.id, sealed, blob.location.uncompressed_length));
            match opened {
                Some(Ok(content)) => take(blob, content)?,
                _ => take(blob, &self.source.load_blob(blob.kind, &blob.id)?)?,
            }
        }
        Ok(())
    }
}
