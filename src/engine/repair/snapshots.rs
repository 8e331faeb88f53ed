//! Snapshots that are lost, from the manifests of their recovery points: a manifest keeps its snapshot's file.

use super::Repair;
use crate::engine::check::subject;
use crate::engine::error::{Error, Result};
use crate::engine::points;
use crate::engine::points::rows::damage::PointData;
use crate::repository::{self, FileKind, Id};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

impl Repair<'_> {
    /// Writes lost snapshots again under their own names, where that brings something back.
    pub(super) fn snapshots(&mut self) -> Result<()> {
        for point in self.damaged_points()? {
            let id = point.snapshot.parse::<Id>().map_err(|_| Error::Internal("no snapshot's id".to_owned()))?;
            let damaged = match self.vault.repository.load_snapshot(&id) {
                Ok(_) => continue,
                Err(repository::Error::NotFound { .. }) => false,
                Err(_) => true,
            };
            let Some(file) = self.kept_file(&point, &id)? else { continue };
            self.step(subject(&point), "write its snapshot again, as its manifest keeps it", |repair| {
                let storage = repair.vault.repository.storage();
                if damaged {
                    storage.set_aside(FileKind::Snapshot, &id)?;
                }
                Ok(storage.write(FileKind::Snapshot, &id, &file)?)
            });
        }
        Ok(())
    }

    /// The file of a point's snapshot as the catalog keeps it, if its bytes are what its name says.
    fn kept_file(&self, point: &PointData, id: &Id) -> Result<Option<Vec<u8>>> {
        let kept = self.engine.catalog.read(|connection| points::rows::owed_manifests::of(connection, &point.arn))?;
        let file = kept.and_then(|kept| kept.manifest.snapshot_file).and_then(|text| BASE64.decode(text).ok());
        Ok(file.filter(|bytes| Id::of(bytes) == *id))
    }
}
