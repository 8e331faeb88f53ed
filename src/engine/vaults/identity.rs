//! Which vault a folder belongs to: an id in the vault's row and in its folder, for names come back and ids do not.
//!
//! The catalog says which vaults there are, and the disk follows. What changes both is done under the lock of the name, so
//! that nobody makes a vault while one of the same name is deleted, and in steps of which each can be repeated:
//!
//! | operation | steps | a crash between them leaves | who mends it |
//! | --- | --- | --- | --- |
//! | create | folder, then row | a folder without recovery points that no row knows | the next creation of that name puts it into the trash |
//! | delete | row gone and deletion noted, folder to the trash, note gone | a noted deletion | the next start, or the next creation of that name, moves the folder if it still is that vault's |
//! | delete a recovery point | DELETING, snapshot, manifest, row | a point that is DELETING | the next turn of the sweeper |
//! | back up | packs, index, snapshot, manifest, row | a snapshot with or without a manifest | the job, which runs again and adopts it; for jobs that are over, the next collection forgets it |
//! | change a lifecycle | row, then manifest | a manifest with the old lifecycle | the catalog counts; the next change writes it again |
//! | replace the recovery key | new key file, row, old key file gone | two key files, of which the user knows the old one | the next replacement removes all but the newest |

use crate::domain::Arn;
use crate::engine::Engine;
use crate::engine::error::Result;
use crate::engine::vaults::rows;
use crate::engine::vaults::rows::deletions::Deletion;

impl Engine {
    /// At the start: the store learns whose each folder is, vaults of older versions get an id, and interrupted deletions
    /// come to their end. What cannot be done is told and stays for the next start: the other vaults are not harmed by it.
    pub(crate) fn know_vaults(&self) -> Result<()> {
        for deletion in self.catalog.read(rows::deletions::all)? {
            if let Err(error) = self.carry_deletion(&deletion) {
                tracing::warn!(vault = %deletion.vault, %error, "the folder of a deleted vault could not be put into the trash");
            }
        }
        for vault in self.own_vaults()? {
            if let Err(error) = self.give_id(&vault) {
                tracing::warn!(%vault, %error, "the vault has no id yet");
            }
        }
        if let Err(error) = self.vault_store.remove_leftovers() {
            tracing::warn!(%error, "what vaults left whose making was interrupted could not be removed");
        }
        Ok(())
    }

    /// The store learns whose each folder is; the vaults of older versions, which have no id.
    pub(crate) fn own_vaults(&self) -> Result<Vec<Arn>> {
        let mut without = Vec::new();
        for (vault, id) in self.catalog.read(rows::ids)? {
            match id {
                Some(id) => self.vault_store.own(&vault, id),
                None => without.push(vault),
            }
        }
        Ok(without)
    }

    /// Gives an id to a vault of an older version: first its folder, which keeps it, then its row.
    fn give_id(&self, vault: &Arn) -> Result<()> {
        let id = self.vault_store.identify(vault)?;
        self.catalog.write(|tx| rows::set_id(tx, vault, &id))?;
        self.vault_store.own(vault, id);
        Ok(())
    }

    /// Moves the folder of a deleted vault to the trash, if it still lies there, and forgets the deletion.
    pub(crate) fn carry_deletion(&self, deletion: &Deletion) -> Result<()> {
        self.vault_store.discard(&deletion.vault, deletion.id.as_ref(), deletion.deleted)?;
        crate::repository::crash_point::reached("vault-deletion-moved");
        self.catalog.write(|tx| rows::deletions::forget(tx, &deletion.vault))
    }
}
