//! The index files as they lie in the storage, changed so that a crash at any moment leaves every needed blob named.

use std::collections::{BTreeSet, HashSet};

use crate::repository::index_files::BLOBS_PER_FILE;
use crate::repository::{Error, FileKind, Id, IndexFile, IndexPack, Repository, Result, crash_point};

/// What the index files say.
pub(super) struct DurableIndex {
    files: Vec<(Id, IndexFile)>,
    /// Those that were added since the last removal: the next one puts what they say together with the rest.
    added: BTreeSet<Id>,
}

impl DurableIndex {
    /// Reads every index file. One that cannot be read is an error: it may name what nobody else does.
    pub(super) fn load(repository: &Repository) -> Result<Self> {
        let ids = repository.storage().list(FileKind::Index)?;
        let files = ids.into_iter().map(|(id, _)| Ok((id, repository.load_index_file(&id)?)));
        Ok(Self { files: files.collect::<Result<_>>()?, added: BTreeSet::new() })
    }

    /// Every pack that a file names.
    pub(super) fn packs(&self) -> HashSet<Id> {
        self.files.iter().flat_map(|(_, file)| &file.packs).map(|pack| pack.id).collect()
    }

    /// Names more packs. They are durable already; when this returns, so is that.
    pub(super) fn add(&mut self, repository: &Repository, packs: Vec<IndexPack>) -> Result<()> {
        let before: BTreeSet<Id> = self.files.iter().map(|(id, _)| *id).collect();
        self.write(repository, packs)?;
        self.added.extend(self.files.iter().map(|(id, _)| *id).filter(|id| !before.contains(id)));
        Ok(())
    }

    /// Names some packs no more: what else their files say is durable in new ones before the old ones go.
    pub(super) fn remove(&mut self, repository: &Repository, gone: &BTreeSet<Id>) -> Result<()> {
        let added = std::mem::take(&mut self.added);
        let is_affected =
            |id: &Id, file: &IndexFile| added.contains(id) || file.packs.iter().any(|pack| gone.contains(&pack.id));
        let (affected, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.files).into_iter().partition(|(id, file)| is_affected(id, file));
        self.files = kept;
        let mut seen = HashSet::new();
        let (mut old, mut staying) = (Vec::new(), Vec::new());
        for (id, file) in affected {
            old.push(id);
            staying.extend(file.packs.into_iter().filter(|pack| !gone.contains(&pack.id) && seen.insert(pack.id)));
        }
        self.write(repository, staying)?;
        crash_point::reached("during-collection");
        for id in old {
            repository.storage().remove(FileKind::Index, &id)?;
            crash_point::reached("during-collection");
        }
        Ok(())
    }

    /// Writes new files of these packs, and reads them back.
    fn write(&mut self, repository: &Repository, packs: Vec<IndexPack>) -> Result<()> {
        let (mut next, mut blobs) = (IndexFile::default(), 0);
        for pack in packs {
            blobs += pack.blobs.len();
            next.packs.push(pack);
            if blobs >= BLOBS_PER_FILE {
                self.write_file(repository, std::mem::take(&mut next))?;
                blobs = 0;
            }
        }
        if next.packs.is_empty() { Ok(()) } else { self.write_file(repository, next) }
    }

    fn write_file(&mut self, repository: &Repository, file: IndexFile) -> Result<()> {
        let id = repository.save_unpacked(FileKind::Index, &file.to_json()?)?;
        if repository.load_index_file(&id)? != file {
            return Err(Error::damaged(format!("index file {id}"), "it did not come back as it was written"));
        }
        self.files.push((id, file));
        Ok(())
    }
}
