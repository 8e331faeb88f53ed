//! What can be had of the vaults without the catalog: recovery keys, from the key ring and each vault's `key.json`.

use crate::domain::{Arn, Region, Scope, VaultName};
use crate::engine::data_dir::DataDir;
use crate::engine::error::{Error, Result};
use crate::engine::keys::KeyRing;
use crate::engine::keys::root::{Keeper, Unattended};
use crate::engine::rescan;
use crate::engine::vaults::recovery_keys::{HOST, USER, new_password};
use crate::engine::vaults::store::VaultStore;
use crate::repository::{FileKind, Id, KeyFile};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The vaults' folders of a data directory whose catalog cannot be read. It holds the directory's lock.
pub struct Offline {
    store: VaultStore,
    /// Held for its lock.
    _data_dir: DataDir,
}

impl Offline {
    /// Locks the data directory and opens its key ring; the catalog is not touched.
    /// `cold` as in [`EngineOptions`](crate::engine::EngineOptions::cold).
    pub fn open(path: &Path, cold: &BTreeMap<Region, PathBuf>) -> Result<Self> {
        Self::open_under(path, cold, &Unattended)
    }

    /// The same, with what `keeper` has for the root of the key ring.
    pub fn open_under(path: &Path, cold: &BTreeMap<Region, PathBuf>, keeper: &dyn Keeper) -> Result<Self> {
        let data_dir = DataDir::open_to_write(path)?;
        let keys = Arc::new(KeyRing::open(&data_dir, keeper, false)?);
        Ok(Self { store: VaultStore::open(&data_dir, keys, cold), _data_dir: data_dir })
    }

    /// The vaults, by their folders.
    pub fn vaults(&self) -> Result<Vec<(Scope, VaultName)>> {
        rescan::vaults_on_disk(self.store.places())
    }

    /// Makes a key file with which `restic` opens a vault, and tells its password. Only the vault's key is needed, so a
    /// damaged repository does not stand in the way. Key files of before stay: which of them the engine made, the catalog
    /// knows.
    pub fn make_recovery_key(&self, scope: &Scope, name: &VaultName) -> Result<String> {
        let arn = Arn::vault(scope, name);
        let (files, key) = self.store.data_key_of(&arn)?;
        // Whoever disabled the vault's KMS key wants nobody to read it.
        self.store.keys.require_usable(key.under.as_ref())?;
        let key = key.master;
        let password = new_password()?;
        let now = chrono::Utc::now().fixed_offset();
        let file = KeyFile::wrap(&key, &password, USER, HOST, now)?;
        let json = serde_json::to_vec(&file).map_err(|e| Error::Internal(format!("a key file: {e}")))?;
        // Found before anything is written: a key of which nobody is told the password would stay.
        let cold = self.store.find_cold(&arn, None)?;
        for repository in [Some(files), cold].into_iter().flatten() {
            repository.write(FileKind::Key, &Id::of(&json), &json)?;
        }
        Ok(password)
    }
}
