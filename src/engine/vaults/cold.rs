//! The cold storage of a vault: a second repository, with the vault's data key and its recovery keys, made when the first
//! recovery point moves there.
//!
//! It lies in the vault's folder, or where the config puts the cold storage of the vault's region. There it says whose it is by
//! copies of the vault's `key.json` and `vault.json`. One that should be there and is not is never made anew: an empty one in
//! its place would hide that a disk is away.

use crate::domain::{Arn, StorageClass, Time};
use crate::engine::error::{Error, Result};
use crate::engine::vaults::data_key::KEY;
use crate::engine::vaults::id::VaultId;
use crate::engine::vaults::store::{FROZEN, OpenVault, VaultStore, place_of, read_frozen};
use crate::engine::vaults::trash;
use crate::repository::{FileKind, MasterKey, Options, Repository, Storage, crash_point};
use std::io;
use std::sync::Arc;

impl VaultStore {
    /// The cold repository of a vault, made now if there is none. `is_missed` says that something lies in one already: then
    /// none is made.
    pub(in crate::engine) fn make_cold(&self, arn: &Arn, is_missed: bool, now: Time) -> Result<Arc<OpenVault>> {
        self.require_write()?;
        let warm = self.get(arn)?;
        let id = self.identify(arn)?;
        if !is_missed && self.find_cold(arn, Some(&id))?.is_none() {
            self.build_cold(arn, &warm, now)?;
        }
        self.get_class(arn, StorageClass::Cold)
    }

    fn build_cold(&self, arn: &Arn, warm: &OpenVault, now: Time) -> Result<()> {
        let place = place_of(arn)?;
        // What lies there is another vault's that was deleted while this disk was away, or was not finished.
        if self
            .places
            .find_cold(&place)?
            .is_some_and(|storage| storage.read_config().is_ok_and(|config| config.is_some()))
        {
            self.places.bury_cold(&place, &trash::name(&place, now))?;
        }
        let storage = self.places.make_cold(&place)?;
        for name in [KEY, FROZEN] {
            if let Some(content) = warm.files().read_side(name)? {
                storage.write_side(name, &content)?;
            }
        }
        storage.prepare()?;
        copy_keys(warm.repository.storage().as_ref(), storage.as_ref())?;
        crash_point::reached("cold-storage-made");
        let key = MasterKey::from_bytes(&warm.key().to_bytes());
        Repository::create(storage, key, Options::default())?;
        tracing::info!(vault = %arn, folder = %self.places.cold_location(&place), "the vault has cold storage from now on");
        Ok(())
    }

    /// The cold storage of a vault, if it has one that is whole.
    pub(in crate::engine) fn find_cold(&self, arn: &Arn, id: Option<&VaultId>) -> Result<Option<Arc<dyn Storage>>> {
        let Some(storage) = self.places.find_cold(&place_of(arn)?)? else { return Ok(None) };
        if storage.read_config()?.is_none() {
            return Ok(None);
        }
        let bears = read_frozen(storage.as_ref(), arn)?.value.vault_id;
        Ok((bears.is_none() || id.is_none() || bears.as_ref() == id).then_some(storage))
    }

    /// The cold storage of a vault that has one.
    pub(in crate::engine) fn cold_storage(&self, arn: &Arn, id: Option<&VaultId>) -> Result<Arc<dyn Storage>> {
        let found = self.find_cold(arn, id)?;
        let place = place_of(arn)?;
        found.ok_or_else(|| {
            let what = format!(
                "the cold storage of vault {arn} is not at {}; nothing was changed: put its disk or folder back",
                self.places.cold_location(&place)
            );
            Error::io(what, io::Error::from(io::ErrorKind::NotFound))
        })
    }

    /// The repositories of a vault that are there, whatever the catalog says: the warm one, and a cold one that can be reached.
    pub(in crate::engine) fn tiers_on_disk(&self, arn: &Arn) -> Result<Vec<Arc<OpenVault>>> {
        let warm = self.get(arn)?;
        // Another vault's of that name, which was deleted while this disk was away, is not this one's.
        let id = read_frozen(warm.files(), arn)?.value.vault_id;
        let cold = match self.find_cold(arn, id.as_ref()) {
            Ok(None) => None,
            Ok(Some(_)) => Some(self.get_class(arn, StorageClass::Cold)?),
            Err(error) => {
                tracing::warn!(vault = %arn, %error, "the vault's cold storage is out of reach");
                None
            }
        };
        Ok([Some(warm), cold].into_iter().flatten().collect())
    }
}

/// What the names of files of the cold repository begin with where both are told of.
const COLD: &str = "cold storage: ";

impl OpenVault {
    /// What a file of this repository is called where those of the vault's other one are told of too.
    pub(crate) fn subject(&self, file: &str) -> String {
        match self.class {
            StorageClass::Warm => file.to_owned(),
            StorageClass::Cold => format!("{COLD}{file}"),
        }
    }

    /// The other way round; `None` for a file of the vault's other repository.
    pub(crate) fn own_subject<'s>(&self, subject: &'s str) -> Option<&'s str> {
        match (self.class, subject.strip_prefix(COLD)) {
            (StorageClass::Warm, None) => Some(subject),
            (StorageClass::Cold, file) => file,
            (StorageClass::Warm, Some(_)) => None,
        }
    }
}

/// Copies key files that are not there yet.
pub(in crate::engine) fn copy_keys(from: &dyn Storage, to: &dyn Storage) -> Result<()> {
    for (id, _) in from.list(FileKind::Key)? {
        if to.size(FileKind::Key, &id).is_err() {
            to.write(FileKind::Key, &id, &from.read(FileKind::Key, &id)?)?;
        }
    }
    Ok(())
}
