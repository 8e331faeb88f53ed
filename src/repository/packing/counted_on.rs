//! The packs that something new counts on, each proven before.

use std::collections::HashSet;

use parking_lot::RwLock;

use crate::repository::integrity::Retired;
use crate::repository::{BlobKind, Id, Repository, Result};

/// The packs that hold what a new snapshot refers to.
pub(super) struct CountedOn<'a> {
    repository: &'a Repository,
    packs: RwLock<HashSet<Id>>,
}

impl<'a> CountedOn<'a> {
    pub(super) fn new(repository: &'a Repository) -> Self {
        Self { repository, packs: RwLock::default() }
    }

    /// Whether a blob lies in one of the packs, or in one that can be counted on from now on.
    pub(super) fn holds(&self, kind: BlobKind, id: &Id) -> Result<bool> {
        loop {
            let Some(place) = self.repository.index().find_sound(kind, id) else { return Ok(false) };
            if self.packs.read().contains(&place.pack) {
                return Ok(true);
            }
            // Proving a pack may show that just this place is lost: then the index names it no more.
            if self.repository.prove(&place.pack)? {
                self.add(place.pack);
            }
        }
    }

    /// Whether a blob lies in one of the packs. No pack is read for it.
    pub(super) fn holds_now(&self, kind: BlobKind, id: &Id) -> bool {
        let place = self.repository.index().find_sound(kind, id);
        place.is_some_and(|place| self.packs.read().contains(&place.pack))
    }

    /// One more, which was proven.
    pub(super) fn add(&self, pack: Id) {
        self.packs.write().insert(pack);
    }

    /// Some more, if each can be proven and nothing is lost in any.
    pub(super) fn add_sound<'p>(&self, packs: impl IntoIterator<Item = &'p Id>) -> Result<bool> {
        let mut sound = Vec::new();
        for pack in packs {
            if !self.repository.prove(pack)? {
                return Ok(false);
            }
            sound.push(*pack);
        }
        let wounded: HashSet<Id> = self.repository.wounded_packs().0.into_iter().collect();
        if sound.iter().any(|pack| wounded.contains(pack)) {
            return Ok(false);
        }
        self.packs.write().extend(sound);
        Ok(true)
    }

    /// What is counted on in some packs lies in others now.
    pub(super) fn replace(&self, retired: Retired) {
        let mut packs = self.packs.write();
        for pack in &retired.packs {
            packs.remove(pack);
        }
        packs.extend(retired.written);
    }

    /// All of them.
    pub(super) fn packs(&self) -> HashSet<Id> {
        self.packs.read().clone()
    }
}
