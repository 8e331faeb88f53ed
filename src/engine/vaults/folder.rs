//! How a vault's folder is made, told from that of another vault of the same name, and put into the trash.

use crate::domain::{Arn, Scope, Time, VaultName};
use crate::engine::data_dir::make_private_folder;
use crate::engine::error::{Error, Result};
use crate::engine::keys::Purpose;
use crate::engine::vaults::id::VaultId;
use crate::engine::vaults::store::{
    FROZEN, KEY, KeyFile, VERSION, VaultFile, VaultStore, read_frozen, read_key, write_json,
};
use crate::engine::vaults::{self, trash};
use crate::repository::{LocalStorage, MasterKey, Options, Repository, crash_point};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What the name of a folder ends with in which a vault is being made; it begins with a dot, which no vault's name does.
const BUILDING: &str = ".new";

impl VaultStore {
    /// Makes a vault's folder, whole or not at all, and tells the id of the vault that it belongs to from now on.
    ///
    /// A folder of that name that no row of the catalog owns is put into the trash, unless it holds recovery points: then
    /// the catalog has lost a vault, and the new one is that vault.
    pub(crate) fn create(&self, scope: &Scope, name: &VaultName, arn: &Arn, now: Time) -> Result<VaultId> {
        self.require_write()?;
        let target = self.folder(scope, name.as_str());
        let parent = target.parent().unwrap_or(&target).to_path_buf();
        make_private_folder(&parent)?;
        if holds_recovery_points(&target)? {
            return self.adopt(&target, arn);
        }
        if exists(&target)? {
            self.bury(&target, scope, name.as_str(), now)?;
        }
        let building = parent.join(format!(".{name}{BUILDING}"));
        remove_tree(&building)?;
        let id = VaultId::draw();
        self.build(&building, arn, &id, now)?;
        fs::rename(&building, &target).map_err(|e| Error::io(format!("create {}", target.display()), e))?;
        sync(&parent)?;
        crash_point::reached("vault-folder-made");
        self.own(arn, id.clone());
        Ok(id)
    }

    fn build(&self, building: &Path, arn: &Arn, id: &VaultId, now: Time) -> Result<()> {
        make_private_folder(&building.join("vaultdeck/points"))?;
        let key = MasterKey::generate()?;
        let wrapped = self.keys.wrap(Purpose::VaultKey(arn), key.to_bytes().as_slice())?;
        let file = KeyFile { version: VERSION, vault_arn: arn.clone(), wrapped_key: BASE64.encode(wrapped) };
        write_json(&building.join("vaultdeck/key.json"), &file)?;
        let frozen = VaultFile::new(arn, Some(id.clone()), now);
        write_json(&building.join("vaultdeck/vault.json"), &frozen)?;
        for name in [KEY, FROZEN] {
            vaults::copies::write(building, name)?;
        }
        Repository::create(std::sync::Arc::new(LocalStorage::new(building)), key, Options::default())?;
        sync(&building.join("vaultdeck"))?;
        sync(building)
    }

    /// Takes a folder with recovery points for the new vault's, if this data directory's key opens it.
    fn adopt(&self, folder: &Path, arn: &Arn) -> Result<VaultId> {
        read_key(folder, &self.keys, arn)?;
        let id = self.identify(arn)?;
        tracing::warn!(
            vault = %arn,
            folder = %folder.display(),
            "the folder of a new vault is there already, with recovery points that the catalog does not know: it is kept"
        );
        self.own(arn, id.clone());
        Ok(id)
    }

    /// The id that a vault's folder bears; one that bears none is given one.
    pub(crate) fn identify(&self, arn: &Arn) -> Result<VaultId> {
        let folder = self.folder_of(arn)?;
        let mut frozen = read_frozen(&folder, arn)?.value;
        if let Some(id) = frozen.vault_id {
            return Ok(id);
        }
        self.require_write()?;
        let id = VaultId::draw();
        frozen.vault_id = Some(id.clone());
        write_json(&folder.join("vaultdeck/vault.json"), &frozen)?;
        vaults::copies::write(&folder, FROZEN)?;
        Ok(id)
    }

    /// Moves the folder of the vault `id` to the trash. A folder of that name that belongs to another vault stays, and that
    /// there is none is fine: then an earlier attempt came that far.
    pub(crate) fn discard(&self, arn: &Arn, id: Option<&VaultId>, deleted: Time) -> Result<()> {
        self.require_write()?;
        let folder = self.folder_of(arn)?;
        let (Some(scope), Some(name)) = (arn.scope(), arn.vault_name()) else { return Err(no_vault(arn)) };
        if exists(&folder)? {
            let bears = read_frozen(&folder, arn).ok().and_then(|frozen| frozen.value.vault_id);
            // What cannot be read bears no id; only a folder that says to be another's is left alone.
            if bears.is_none() || bears.as_ref() == id {
                self.bury(&folder, &scope, name, deleted)?;
            } else {
                tracing::warn!(vault = %arn, folder = %folder.display(), "the folder belongs to another vault by now: it stays");
            }
        }
        self.disown(arn);
        self.retire(arn);
        Ok(())
    }

    /// Moves a folder to the trash.
    fn bury(&self, folder: &Path, scope: &Scope, name: &str, now: Time) -> Result<()> {
        let grave = self.trash.join(trash::name(scope, name, now));
        fs::rename(folder, &grave).map_err(|e| Error::io(format!("move {} to the trash", folder.display()), e))?;
        sync(&self.trash)?;
        sync(folder.parent().unwrap_or(folder))?;
        tracing::info!(
            folder = %folder.display(),
            trash = %grave.display(),
            days = trash::KEEP_DAYS,
            "the folder of a vault was moved to the trash, where it is deleted after some days"
        );
        Ok(())
    }

    /// Removes what vaults left behind whose making was interrupted.
    pub(crate) fn remove_leftovers(&self) -> Result<()> {
        self.require_write()?;
        for account in folders_in(&self.vaults)? {
            for region in folders_in(&account)? {
                for folder in folders_in(&region)? {
                    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    if name.starts_with('.') && name.ends_with(BUILDING) {
                        remove_tree(&folder)?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(in crate::engine) fn folder_of(&self, arn: &Arn) -> Result<PathBuf> {
        match (arn.scope(), arn.vault_name()) {
            (Some(scope), Some(name)) => Ok(self.folder(&scope, name)),
            _ => Err(no_vault(arn)),
        }
    }
}

fn no_vault(arn: &Arn) -> Error {
    Error::Internal(format!("{arn} is not a vault's"))
}

/// Whether anything is at this path, be it a folder or not.
fn exists(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Error::io(format!("read {}", path.display()), e)),
    }
}

/// Whether a vault's folder holds a manifest or a snapshot.
fn holds_recovery_points(folder: &Path) -> Result<bool> {
    for kept in ["vaultdeck/points", "snapshots"] {
        if !entries(&folder.join(kept))?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn folders_in(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(entries(folder)?.into_iter().filter(|path| path.is_dir() && !path.is_symlink()).collect())
}

/// What a folder holds; one that is not there holds nothing.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |e| Error::io(format!("list {}", folder.display()), e);
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect(),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(e) => Err(failed(e)),
    }
}

fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(Error::io(format!("remove {}", path.display()), e)),
    }
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| Error::io(format!("sync {}", folder.display()), e))
}
