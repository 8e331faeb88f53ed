//! The key files of a repository: each wraps the master key by a password.

use chrono::{DateTime, FixedOffset};

use super::{Error, FileKind, Id, KeyFile, MasterKey, Repository, Result, Storage};

impl Repository {
    /// Adds a key file, so that `restic` opens the repository with `password`.
    pub fn add_key_file(
        &self,
        password: &str,
        username: &str,
        hostname: &str,
        now: DateTime<FixedOffset>,
    ) -> Result<Id> {
        let file = KeyFile::wrap(&self.key, password, username, hostname, now)?;
        let json = serde_json::to_vec(&file).map_err(|error| Error::damaged("a new key file", error))?;
        let id = Id::of(&json);
        self.storage.write(FileKind::Key, &id, &json)?;
        Ok(id)
    }

    /// Removes a key file: its password opens the repository no more.
    pub fn remove_key_file(&self, id: &Id) -> Result<()> {
        self.storage.remove(FileKind::Key, id)
    }

    /// Moves a key file that nobody can use out of the repository: restic stops at it, and opens with no other one either.
    pub fn set_key_file_aside(&self, id: &Id) -> Result<()> {
        self.storage.set_aside(FileKind::Key, id)
    }

    /// One key file. One on which no password can be tried is damaged.
    pub fn key_file(&self, id: &Id) -> Result<KeyFile> {
        read_key_file(self.storage.as_ref(), id)
    }

    /// The key files.
    pub fn key_files(&self) -> Result<Vec<(Id, KeyFile)>> {
        let ids = self.storage.list(FileKind::Key)?;
        ids.into_iter().map(|(id, _)| Ok((id, read_key_file(self.storage.as_ref(), &id)?))).collect()
    }

    /// The master key of a repository, by a password that one of its key files wraps. A damaged key file keeps none of the
    /// others from being tried.
    pub fn unlock(storage: &dyn Storage, password: &str) -> Result<MasterKey> {
        let mut damaged = None;
        for (id, _) in storage.list(FileKind::Key)? {
            match read_key_file(storage, &id).and_then(|file| file.unwrap_key(password)) {
                Err(Error::WrongKey) => {}
                Err(error @ Error::Damaged { .. }) => damaged = Some(error),
                outcome => return outcome,
            }
        }
        Err(damaged.unwrap_or(Error::WrongKey))
    }
}

fn read_key_file(storage: &dyn Storage, id: &Id) -> Result<KeyFile> {
    let json = storage.read(FileKind::Key, id)?;
    let damaged = |problem: &dyn std::fmt::Display| Error::damaged(format!("key file {id}"), problem);
    let file: KeyFile = serde_json::from_slice(&json).map_err(|error| damaged(&error))?;
    if file.is_usable() { Ok(file) } else { Err(damaged(&"no password can be tried on it")) }
}
