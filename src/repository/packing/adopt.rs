//! Taking over what a crashed backup or transfer had already written.

use crate::repository::{Control, Error, Examined, FileKind, Id, Repository, Result};

/// Packs that no index named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoption {
    /// Whole packs that are in the index now.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packs that are not whole, with what is wrong. They are left where they are, and nothing new refers to them.
    pub damaged: Vec<(Id, String)>,
}

impl Adoption {
    pub(in crate::repository) fn merge(&mut self, other: Self) {
        self.packs += other.packs;
        self.bytes += other.bytes;
        self.damaged.extend(other.damaged);
    }
}

impl Repository {
    /// Adds packs that lie in the storage but in no index file to the next one, so that what they hold is not written again.
    ///
    /// Each is proven before: read, unless it is known byte for byte already.
    pub fn adopt_packs(&self, control: &Control) -> Result<Adoption> {
        let strays = self.stray_packs();
        let mut adoption = Adoption { damaged: strays.headless, ..Adoption::default() };
        for (pack, size) in strays.orphans.into_values() {
            control.check()?;
            let id = pack.id;
            let problem = self.fault_of(&id)?;
            if problem.is_none() {
                // Whoever wrote it may have died before its folder was synced.
                self.storage().make_durable(FileKind::Pack, &id)?;
                self.add_stored_pack(pack, size);
                adoption.packs += 1;
                adoption.bytes += size;
            } else if let Some(problem) = problem {
                adoption.damaged.push((id, problem));
                // No index file will name it, so nothing new may count on it.
                self.index_mut().lose_pack(&id);
            }
        }
        let left: Vec<Id> = adoption.damaged.iter().map(|(id, _)| *id).collect();
        self.leave_stray_packs(&left);
        Ok(adoption)
    }

    /// Why a pack is not whole, if it is not.
    fn fault_of(&self, pack: &Id) -> Result<Option<String>> {
        if self.is_sound(pack) {
            return Ok(None);
        }
        match self.examine_pack(pack) {
            Ok(Examined::Sound { .. }) => Ok(None),
            Ok(Examined::Damaged { problem, .. }) => Ok(Some(problem)),
            // Removed by somebody else since it was listed, or unreadable at the moment.
            Ok(Examined::Missing) => Ok(Some("it is missing".to_owned())),
            Err(error @ (Error::NotFound { .. } | Error::Storage { .. })) => Ok(Some(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Adopts what an earlier process left, and what lost index files named.
    pub(in crate::repository) fn adopt_strays(&self, control: &Control) -> Result<Adoption> {
        let mut cleaned = self.adopted.lock();
        if !*cleaned {
            self.storage().remove_leftovers()?;
            *cleaned = true;
        }
        self.adopt_packs(control)
    }
}
