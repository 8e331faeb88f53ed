//! The vaults' folders.

use crate::domain::{Arn, Scope, Time, VaultName};
use crate::engine::data_dir::{DataDir, make_private_folder};
use crate::engine::error::{Error, Result};
use crate::engine::keys::LocalKey;
use std::path::PathBuf;
use std::sync::Arc;

/// Makes, opens and puts away the vaults' folders.
pub struct VaultStore {
    vaults: PathBuf,
    trash: PathBuf,
}

impl VaultStore {
    /// The store of a data directory.
    pub fn open(data_dir: &DataDir, _local_key: Arc<LocalKey>) -> Self {
        Self { vaults: data_dir.vaults(), trash: data_dir.trash() }
    }

    fn folder(&self, scope: &Scope, name: &str) -> PathBuf {
        self.vaults.join(scope.account.as_str()).join(scope.region.as_str()).join(name)
    }

    /// Makes a vault's folder.
    pub fn create(&self, scope: &Scope, name: &VaultName, _arn: &Arn, _now: Time) -> Result<()> {
        make_private_folder(&self.folder(scope, name.as_str()))
    }

    /// Moves a vault's folder to the trash.
    pub fn trash(&self, scope: &Scope, name: &VaultName, now: Time) -> Result<()> {
        let target = self.trash.join(format!("{}-{}-{name}-{}", scope.account, scope.region, now.timestamp_millis()));
        let folder = self.folder(scope, name.as_str());
        std::fs::rename(&folder, &target).map_err(|e| Error::io(format!("move {} to the trash", folder.display()), e))
    }
}
