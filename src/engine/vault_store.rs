//! The vaults' folders: each is a restic repository, with the engine's own files in its subfolder `vaultdeck/`.
//!
//! ```text
//! vaults/ACCOUNT/REGION/NAME/           config data/ index/ keys/ locks/ snapshots/: restic's
//!   vaultdeck/key.json                  the data key, wrapped by the key provider
//!   vaultdeck/vault.json                what is frozen for its life: how its sources are cut
//!   vaultdeck/points/ID.json            one manifest per recovery point
//! ```
//!
//! A vault is opened when it is first needed and stays open, under a shared restic lock, until the engine closes it.

use crate::domain::{Arn, Scope, Time, VaultName};
use crate::engine::data_dir::{DataDir, make_private_folder, write_private_file};
use crate::engine::error::{Error, Result};
use crate::engine::keys::LocalKey;
use crate::repository::{ChunkerParameters, LocalStorage, MasterKey, Options, Repository, RepositoryLock};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use zeroize::Zeroizing;

/// The version of `key.json` that this program writes, and the newest that it reads.
const VERSION: u32 = 1;

/// An open vault.
pub struct OpenVault {
    /// Its repository.
    pub repository: Arc<Repository>,
    /// How files are cut in this vault.
    pub chunker: ChunkerParameters,
    /// The folder of its manifests.
    pub points: PathBuf,
    /// Shared by all that reads or writes the repository, exclusive for collection.
    pub gate: RwLock<()>,
    /// Tells restic that the repository is in use.
    lock: Mutex<RepositoryLock>,
}

/// All vaults' folders.
pub struct VaultStore {
    vaults: PathBuf,
    trash: PathBuf,
    local_key: Arc<LocalKey>,
    slots: Mutex<HashMap<Arn, Arc<Slot>>>,
}

/// One vault's handle; its own lock, so that opening one vault does not wait for another.
type Slot = Mutex<Option<Arc<OpenVault>>>;

/// `vaultdeck/key.json`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyFile {
    version: u32,
    vault_arn: Arn,
    /// The data key, sealed by the key provider for this vault, in base64.
    wrapped_key: String,
}

/// `vaultdeck/vault.json`. Other parameters than those of its first backups would store everything again.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VaultFile {
    version: u32,
    vault_arn: Arn,
    created: Time,
    /// How file trees are cut.
    files: ChunkerParameters,
}

/// What binds a wrapped key to its vault.
fn context(vault: &Arn) -> String {
    format!("vaultdeck vault key {vault}")
}

impl OpenVault {
    /// Keeps collection away while the guard lives.
    pub fn enter(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VaultStore {
    /// The store of a data directory; no vault is open yet.
    pub fn open(data_dir: &DataDir, local_key: Arc<LocalKey>) -> Self {
        Self { vaults: data_dir.vaults(), trash: data_dir.trash(), local_key, slots: Mutex::new(HashMap::new()) }
    }

    fn folder(&self, scope: &Scope, name: &str) -> PathBuf {
        self.vaults.join(scope.account.as_str()).join(scope.region.as_str()).join(name)
    }

    /// Makes a vault's folder, whole or not at all. A folder of that name that no catalog row owns is kept in the trash.
    pub fn create(&self, scope: &Scope, name: &VaultName, arn: &Arn, now: Time) -> Result<()> {
        let target = self.folder(scope, name.as_str());
        let parent = target.parent().unwrap_or(&target).to_path_buf();
        make_private_folder(&parent)?;
        if target.exists() {
            self.trash(scope, name, now)?;
        }
        let building = parent.join(format!(".{name}.new"));
        remove_tree(&building)?;
        make_private_folder(&building.join("vaultdeck/points"))?;
        let key = MasterKey::generate()?;
        let wrapped = self.local_key.seal(&context(arn), key.to_bytes().as_slice())?;
        let file = KeyFile { version: VERSION, vault_arn: arn.clone(), wrapped_key: BASE64.encode(wrapped) };
        write_json(&building.join("vaultdeck/key.json"), &file)?;
        let frozen =
            VaultFile { version: VERSION, vault_arn: arn.clone(), created: now, files: ChunkerParameters::FILES };
        write_json(&building.join("vaultdeck/vault.json"), &frozen)?;
        Repository::create(Arc::new(LocalStorage::new(&building)), key, Options::default())?;
        sync(&building.join("vaultdeck"))?;
        sync(&building)?;
        fs::rename(&building, &target).map_err(|e| Error::io(format!("create {}", target.display()), e))?;
        sync(&parent)
    }

    /// Moves a vault's folder to the trash; one that is not there is fine.
    pub fn trash(&self, scope: &Scope, name: &VaultName, now: Time) -> Result<()> {
        self.close(&Arn::vault(scope, name));
        let folder = self.folder(scope, name.as_str());
        if !folder.exists() {
            return Ok(());
        }
        // Two vaults of one name may be deleted at one moment of a simulated clock.
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let when = now.format("%Y%m%dT%H%M%SZ");
        let grave = self.trash.join(format!("{}_{}_{name}_{when}_{}", scope.account, scope.region, &unique[..8]));
        fs::rename(&folder, &grave).map_err(|e| Error::io(format!("move {} to the trash", folder.display()), e))?;
        sync(&self.trash)?;
        sync(folder.parent().unwrap_or(&folder))
    }

    /// The open vault of `arn`, opened now if it was not.
    pub fn get(&self, arn: &Arn) -> Result<Arc<OpenVault>> {
        let slot = Arc::clone(self.slots().entry(arn.clone()).or_default());
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = slot.as_ref() {
            return Ok(Arc::clone(open));
        }
        let (Some(scope), Some(name)) = (arn.scope(), arn.vault_name()) else {
            return Err(Error::Internal(format!("{arn} is not a vault's")));
        };
        let folder = self.folder(&scope, name);
        let key = read_key(&folder, &self.local_key, arn)?;
        let chunker = read_frozen(&folder, arn)?.files;
        let storage = Arc::new(LocalStorage::new(&folder));
        let repository = Arc::new(Repository::open(storage, key, Options::default())?);
        let lock = repository.lock_shared()?;
        let open = Arc::new(OpenVault {
            repository,
            chunker,
            points: folder.join("vaultdeck/points"),
            gate: RwLock::new(()),
            lock: Mutex::new(lock),
        });
        *slot = Some(Arc::clone(&open));
        Ok(open)
    }

    /// The vaults that are open now. One that is being opened is not waited for.
    pub fn opened(&self) -> Vec<(Arn, Arc<OpenVault>)> {
        let slots: Vec<(Arn, Arc<Slot>)> =
            self.slots().iter().map(|(arn, slot)| (arn.clone(), Arc::clone(slot))).collect();
        let open = |(arn, slot): (Arn, Arc<Slot>)| Some((arn, slot.try_lock().ok()?.clone()?));
        slots.into_iter().filter_map(open).collect()
    }

    /// Lets go of a vault's handle; its lock goes when the last user does.
    pub fn close(&self, arn: &Arn) {
        self.slots().remove(arn);
    }

    /// Lets go of every handle.
    pub fn close_all(&self) {
        self.slots().clear();
    }

    /// Makes the restic locks of all open vaults anew that somebody removed; with `renew` all of them, so that none
    /// counts as stale.
    pub fn keep_locks(&self, renew: bool) {
        let slots: Vec<Arc<Slot>> = self.slots().values().cloned().collect();
        for slot in slots {
            // A vault that is being opened takes its lock just now.
            let Ok(open) = slot.try_lock().map(|open| open.clone()) else { continue };
            let Some(open) = open else { continue };
            let lock = open.lock.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = lock.is_gone();
            if gone {
                tracing::warn!(points = %open.points.display(), "a vault's restic lock was removed: it is made anew");
            }
            if (renew || gone)
                && let Err(error) = lock.refresh()
            {
                tracing::warn!(points = %open.points.display(), %error, "a vault's restic lock was not renewed");
            }
        }
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<Arn, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads and unwraps a vault's data key.
fn read_key(folder: &Path, local: &LocalKey, arn: &Arn) -> Result<MasterKey> {
    let path = folder.join("vaultdeck/key.json");
    let damaged = |why: &str| Error::Damaged {
        what: format!("the key of vault {arn} ({}) is damaged: {why}", path.display()),
        advice:
            "Put back your copy of it. Without it restic still opens the repository with the vault's recovery key; \
                 nothing was deleted"
                .to_owned(),
    };
    let bytes = fs::read(&path).map_err(|e| damaged(&e.to_string()))?;
    let file: KeyFile = serde_json::from_slice(&bytes).map_err(|_| damaged("it is not a key file"))?;
    if file.version > VERSION {
        return Err(Error::Newer {
            what: path.display().to_string(),
            found: i64::from(file.version),
            known: i64::from(VERSION),
        });
    }
    if &file.vault_arn != arn {
        return Err(damaged(&format!("it belongs to {}", file.vault_arn)));
    }
    let wrapped = BASE64.decode(&file.wrapped_key).map_err(|_| damaged("it is not base64"))?;
    let bytes = local
        .open(&context(arn), &wrapped)?
        .ok_or_else(|| damaged("the data directory's keys/local.key does not open it"))?;
    let bytes: Zeroizing<[u8; 64]> =
        Zeroizing::new(bytes.as_slice().try_into().map_err(|_| damaged("its length is wrong"))?);
    Ok(MasterKey::from_bytes(&bytes))
}

/// Reads what is frozen for the life of a vault.
fn read_frozen(folder: &Path, arn: &Arn) -> Result<VaultFile> {
    let path = folder.join("vaultdeck/vault.json");
    let damaged = |why: String| {
        Error::Damaged {
        what: format!("{} of vault {arn} is damaged: {why}", path.display()),
        advice: "Put back your copy of it; restic still opens the repository with the vault's recovery key, and nothing was deleted"
            .to_owned(),
    }
    };
    let bytes = fs::read(&path).map_err(|e| damaged(e.to_string()))?;
    let file: VaultFile = serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
    if file.version > VERSION {
        return Err(Error::Newer {
            what: path.display().to_string(),
            found: i64::from(file.version),
            known: i64::from(VERSION),
        });
    }
    Ok(file)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let bytes = serde_json::to_vec(value).map_err(|e| Error::Internal(format!("{}: {e}", path.display())))?;
    write_private_file(path, &bytes)
}

fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(Error::io(format!("remove {}", path.display()), e)),
    }
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| Error::io(format!("sync {}", folder.display()), e))
}
