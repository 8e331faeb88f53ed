//! What an earlier attempt of a job left whole is not made again.

use crate::domain::names::JobId;
use crate::engine::error::{Error, Result};
use crate::engine::points::manifest::{self, Manifest};
use crate::engine::vaults::store::OpenVault;
use crate::repository::{FileKind, Id};

/// What an earlier attempt of a job left whole of its point: its snapshot and manifest, of which the catalog does not know.
pub(super) fn adopt(job: &JobId, point_id: &str, vault: &OpenVault) -> Result<Option<Manifest>> {
    let manifest = match manifest::read(vault.files(), vault.key(), point_id) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Ok(None),
        Err(error @ Error::Damaged { .. }) => {
            tracing::warn!(%job, %error, "what an earlier attempt of this job left is not used");
            manifest::set_aside(vault.files(), point_id)?;
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let snapshot: Id = manifest.snapshot_id()?;
    if vault.repository.load_snapshot(&snapshot).is_err() {
        manifest::remove(vault.files(), point_id)?;
        return Ok(None);
    }
    // Whoever wrote them may have died before their folders were synced.
    vault.repository.storage().make_durable(FileKind::Snapshot, &snapshot)?;
    manifest::write(vault.files(), vault.key(), &manifest)?;
    tracing::info!(%job, "an earlier attempt of this job was whole: it is adopted");
    Ok(Some(manifest))
}
