//! Taking over what a crashed backup had already written.

use std::collections::HashSet;
use std::sync::PoisonError;

use crate::repository::{Control, Error, FileKind, Id, Repository, Result, pack};

/// Packs that no index named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoption {
    /// Whole packs that are in the index now.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packs that are not whole, with what is wrong. They are left where they are, and nothing refers to them.
    pub damaged: Vec<(Id, String)>,
}

impl Repository {
    /// Adds packs that lie in the storage but in no index to the index, so that what they hold is not written again.
    ///
    /// Each is read and its hash checked before. The index file is written with the next one.
    pub fn adopt_packs(&self, control: &Control) -> Result<Adoption> {
        let mut adoption = Adoption::default();
        let known: HashSet<Id> = self.index().packs().collect();
        for (id, size) in self.storage().list(FileKind::Pack)? {
            if known.contains(&id) || self.index().contains_pack(&id) {
                continue;
            }
            control.check()?;
            match self.adopt(&id, size) {
                Ok(()) => {
                    adoption.packs += 1;
                    adoption.bytes += size;
                }
                Err(error @ Error::Damaged { .. }) => adoption.damaged.push((id, error.to_string())),
                // Removed by somebody else since it was listed.
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(adoption)
    }

    /// Adopts what an earlier process left, the first time it is called.
    pub(super) fn adopt_once(&self, control: &Control) -> Result<Adoption> {
        let mut adopted = self.adopted.lock().unwrap_or_else(PoisonError::into_inner);
        if *adopted {
            return Ok(Adoption::default());
        }
        self.storage().remove_leftovers()?;
        let adoption = self.adopt_packs(control)?;
        *adopted = true;
        Ok(adoption)
    }

    fn adopt(&self, id: &Id, size: u64) -> Result<()> {
        let content = self.storage().read(FileKind::Pack, id)?;
        if Id::of(&content) != *id {
            return Err(Error::damaged(format!("pack {id}"), "its bytes are not those that its name says"));
        }
        let pack = pack::read_header(self.storage().as_ref(), self.key(), id, size)?;
        // Whoever wrote it may have died before its folder was synced.
        self.storage().make_durable(FileKind::Pack, id)?;
        self.add_stored_pack(pack, size);
        Ok(())
    }
}
