//! The vaults' folders: each is a restic repository, with the engine's own files in its subfolder `vaultdeck/`.
//!
//! ```text
//! vaults/ACCOUNT/REGION/NAME/           config data/ index/ keys/ locks/ snapshots/: restic's
//!   vaultdeck/key.json                  the data key, wrapped by the key provider
//!   vaultdeck/vault.json                what is frozen for its life: how its sources are cut
//!   vaultdeck/copies/                   second copies of these two, and of restic's config
//!   vaultdeck/integrity                 what was found when packs were read, see the repository
//!   vaultdeck/damaged/                  damaged files that were written again; a person may delete them
//!   vaultdeck/points/ID.json            one manifest per recovery point
//! ```
//!
//! A vault is opened when it is first needed and stays open, under a shared restic lock, until the engine closes it.
//! Reading needs no lock: where another program holds the repository for itself alone, or the lock cannot be written, the
//! vault opens all the same, and only what writes is refused.

use crate::domain::{Arn, Scope, Time, VaultName};
use crate::engine::data_dir::{DataDir, make_private_folder, write_private_file};
use crate::engine::error::{Error, Result};
use crate::engine::keys::LocalKey;
use crate::engine::vault_copies::{self, Mend, Pair};
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
/// The two files of a vault that have a copy.
const KEY: &str = "key.json";
const FROZEN: &str = "vault.json";

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
    /// Tells restic that the repository is in use; none while another program excludes us.
    lock: Mutex<Option<RepositoryLock>>,
    folder: PathBuf,
    /// Files of the engine that are to be written again.
    mends: Mutex<Vec<Mend>>,
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

impl VaultFile {
    fn new(arn: &Arn, created: Time) -> Self {
        Self { version: VERSION, vault_arn: arn.clone(), created, files: ChunkerParameters::FILES }
    }
}

/// What binds a wrapped key to its vault.
fn context(vault: &Arn) -> String {
    format!("vaultdeck vault key {vault}")
}

impl OpenVault {
    /// Makes sure that the vault may be written: that this process has said so to other programs, and that none of them
    /// holds the repository for itself alone. Before that, reading goes on. What was found damaged is written again now.
    pub fn may_write(&self) -> Result<()> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        match lock.as_ref() {
            Some(lock) => lock.confirm()?,
            None => *lock = Some(self.repository.lock_shared()?),
        }
        drop(lock);
        // What is written then is readable without: it is tried again the next time.
        if let Err(error) = self.repository.settle().map_err(Error::from).and_then(|()| self.mend()) {
            tracing::warn!(vault = %self.folder.display(), %error, "what is damaged was not written again yet");
        }
        Ok(())
    }

    /// Makes sure that something may be removed from the vault, which needs no room for a lock: that no other program holds
    /// the repository for itself alone.
    pub fn may_remove(&self) -> Result<()> {
        Ok(self.repository.refuse_if_excluded()?)
    }

    fn mend(&self) -> Result<()> {
        let mut mends = self.mends.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mend) = mends.last() {
            mend.carry_out(&self.folder)?;
            mends.pop();
        }
        Ok(())
    }

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
        write_json(&building.join("vaultdeck/vault.json"), &VaultFile::new(arn, now))?;
        for name in [KEY, FROZEN] {
            vault_copies::write(&building, name)?;
        }
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
        let key = vault_copies::read(&folder, KEY, |path, bytes| parse_key(path, bytes, &self.local_key, arn))?;
        let frozen = read_frozen(&folder, arn)?;
        let storage = Arc::new(LocalStorage::new(&folder));
        let repository = Arc::new(Repository::open(storage, key.value, Options::default())?);
        let mends: Vec<Mend> = key.mend.into_iter().chain(frozen.mend).collect();
        for mend in &mends {
            mend.tell(&repository);
        }
        let open = Arc::new(OpenVault {
            repository,
            chunker: frozen.value.files,
            points: folder.join("vaultdeck/points"),
            gate: RwLock::new(()),
            lock: Mutex::new(None),
            folder,
            mends: Mutex::new(mends),
        });
        if let Err(error) = open.may_write() {
            tracing::warn!(vault = %arn, %error, "the vault is open for reading only");
        }
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

    /// A vault's folder and its data key, for which neither the catalog nor the repository is needed.
    pub(crate) fn key_of(&self, arn: &Arn) -> Result<(PathBuf, MasterKey)> {
        let (Some(scope), Some(name)) = (arn.scope(), arn.vault_name()) else {
            return Err(Error::Internal(format!("{arn} is not a vault's")));
        };
        let folder = self.folder(&scope, name);
        let key = vault_copies::read(&folder, KEY, |path, bytes| parse_key(path, bytes, &self.local_key, arn))?;
        Ok((folder, key.value))
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
            // One that is open for reading only has none.
            let Some(lock) = lock.as_ref() else { continue };
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

/// Unwraps a vault's data key, read from `path`.
fn parse_key(path: &Path, bytes: &[u8], local: &LocalKey, arn: &Arn) -> Result<MasterKey> {
    let damaged = |why: &str| Error::Damaged {
        what: format!("the key of vault {arn} ({}) is damaged: {why}", path.display()),
        advice:
            "Put back your copy of it. Without it restic still opens the repository with the vault's recovery key; \
                 nothing was deleted"
                .to_owned(),
    };
    let file: KeyFile = serde_json::from_slice(bytes).map_err(|_| damaged("it is not a key file"))?;
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

/// Reads what is frozen for the life of a vault. Where neither the file nor its copy tells, it is what this program has
/// frozen for every vault so far: nothing that is read depends on it, and other cuts would only store data again.
fn read_frozen(folder: &Path, arn: &Arn) -> Result<Pair<VaultFile>> {
    match vault_copies::read(folder, FROZEN, |path, bytes| parse_frozen(path, bytes, arn)) {
        Err(error @ (Error::Damaged { .. } | Error::Io { .. })) => {
            let value = VaultFile::new(arn, Time::UNIX_EPOCH);
            let content = serde_json::to_vec(&value).map_err(|e| Error::Internal(e.to_string()))?;
            let mend = Mend::anew(folder.join("vaultdeck").join(FROZEN), content, error.to_string());
            Ok(Pair { value, mend: Some(mend) })
        }
        other => other,
    }
}

fn parse_frozen(path: &Path, bytes: &[u8], arn: &Arn) -> Result<VaultFile> {
    let damaged = |why: String| Error::Damaged {
        what: format!("{} of vault {arn} is damaged: {why}", path.display()),
        advice: "Nothing that is read depends on it".to_owned(),
    };
    let file: VaultFile = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
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
