//! Writing manifests again.
//!
//! The catalog's row of a point is what counts, and its manifest follows: a change is made in one transaction, which notes
//! that the manifest is owed. Writing the file may fail; then it is tried again, and no answer hangs on it.

use crate::domain::Arn;
use crate::engine::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::points::manifest::{self, Manifest};
use crate::engine::points::{self};
use crate::engine::vaults::store::OpenVault;

impl Engine {
    /// Writes the manifests of a vault that are owed. What fails is told in the log, stays owed, and is tried again.
    pub(crate) fn write_owed_manifests(&self, vault: &Arn) {
        if !self.wrote_owed_manifests(vault) {
            self.upkeep.poke();
        }
    }

    /// The same; whether nothing is owed any more that could be written now.
    pub(crate) fn wrote_owed_manifests(&self, vault: &Arn) -> bool {
        let written =
            self.catalog.read(|connection| points::rows::owed_manifests::owed(connection, vault)).and_then(|owed| {
                if owed.is_empty() {
                    return Ok(());
                }
                let open = self.vault_store.get(vault)?;
                owed.iter().try_for_each(|point| self.write_manifest_again(&open, point))
            });
        // Written when the vault's KMS key is enabled.
        if written.as_ref().is_err_and(|error| error.waits_for_key() || error.is_stranded()) {
            return true;
        }
        written
            .inspect_err(|error| {
                tracing::warn!(%vault, %error, "a manifest could not be written yet; the catalog has what it will say");
            })
            .is_ok()
    }

    /// Writes the manifest of a point as the catalog has it. One that cannot be read is moved out of the way, not deleted.
    pub(crate) fn write_manifest_again(&self, vault: &OpenVault, point: &Arn) -> Result<()> {
        // In the transaction, so that of two changes the later one is what the file says in the end.
        self.catalog.write(|tx| {
            let Some(kept) = points::rows::owed_manifests::of(tx, point)? else { return Ok(()) };
            let id = &kept.manifest.recovery_point_id;
            if let Err(Error::Damaged { .. }) = manifest::read(vault.files(), vault.key(), id) {
                manifest::set_aside(vault.files(), id)?;
            }
            manifest::write(vault.files(), vault.key(), &kept.manifest)?;
            points::rows::owed_manifests::settle(tx, point)
        })
    }

    /// Keeps a copy of a manifest that the catalog has none of: its point was made by a version that kept no copies.
    pub(crate) fn adopt_manifest(&self, point: &Arn, found: &Manifest) -> Result<()> {
        self.catalog.note(|tx| {
            if points::rows::owed_manifests::is_kept(tx, point)? {
                Ok(())
            } else {
                points::rows::owed_manifests::keep(tx, point, found)
            }
        })
    }
}
