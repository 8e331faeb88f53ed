//! The vaults' folders: each is a restic repository, with the engine's own files in its subfolder `vaultdeck/`.
//!
//! ```text
//! vaults/ACCOUNT/REGION/NAME/           config data/ index/ keys/ locks/ snapshots/: restic's
//!   vaultdeck/key.json                  the data key, wrapped by the key ring, and under which KMS key
//!   vaultdeck/vault.json                what is frozen for its life: its id and kind, how its sources are cut
//!   vaultdeck/copies/                   second copies of these two, of the two below, and of restic's config
//!   vaultdeck/lock.json                 what became of the vault's lock, once it had one, sealed
//!   vaultdeck/access-policy.json        what became of its access policy, the same
//!   vaultdeck/shares.json               with whom it is shared, the same
//!   vaultdeck/integrity                 what was found when packs were read, see the repository
//!   vaultdeck/damaged/                  damaged files that were written again; they go after a while
//!   vaultdeck/points/ID.json            one manifest per recovery point
//!   vaultdeck/holds/ID.json             one for each legal hold that is on some of them
//!   vaultdeck/cold/                     the repository of what went to cold storage, see [`cold`](super::cold)
//! ```
//!
//! A vault is opened when it is first needed and stays open, under a shared restic lock, until the engine closes it. Its
//! folder is made, and put into the trash, in [`folder`](super::folder).
//! Reading needs no lock: where another program holds the repository for itself alone, or the lock cannot be written, the
//! vault opens all the same, and only what writes is refused.

use crate::domain::vault::VaultType;
use crate::domain::{Arn, Region, StorageClass, Time};
use crate::engine::data_dir::{Access, DataDir};
use crate::engine::error::{Error, Result};
use crate::engine::keys::KeyRing;
use crate::engine::vaults::copies::{self, Mend, Pair};
use crate::engine::vaults::data_key::{DataKey, KEY, read_key};
use crate::engine::vaults::gate::{Gate, Pass};
use crate::engine::vaults::id::VaultId;
use crate::repository::{ChunkerParameters, MasterKey, Options, Repository, RepositoryLock, Room, Storage};
use crate::storage::{LocalPlaces, Place, Places};
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The version of `vault.json` that this program writes, and the newest that it reads.
const VERSION: u32 = 1;
/// What is frozen for a vault's life. The file has a copy, as [`KEY`] has.
pub(in crate::engine) const FROZEN: &str = "vault.json";
/// The folder of recovery points' manifests.
pub(in crate::engine) const POINTS: &str = "points";

/// An open vault: one of its repositories, with what both have in common.
pub struct OpenVault {
    /// The repository.
    pub repository: Arc<Repository>,
    /// What lies in it: a vault has one repository for each class.
    pub class: StorageClass,
    /// The engine's own files of the vault, which lie beside its warm repository.
    own: Arc<dyn Storage>,
    /// How files are cut in this vault.
    pub chunker: ChunkerParameters,
    /// The vault.
    arn: Arn,
    /// The KMS key of a customer under which it was made; none where that is AWS Backup's own.
    pub(crate) under: Option<Arn>,
    keys: Arc<KeyRing>,
    /// Who works in it.
    gate: Arc<Gate>,
    /// Whether the vault was deleted since it was opened: at its place may lie another one's folder now.
    retired: AtomicBool,
    /// Tells restic that the repository is in use; none while another program excludes us.
    lock: Mutex<Option<RepositoryLock>>,
    access: Access,
    /// Files of the engine that are to be written again.
    mends: Mutex<Vec<Mend>>,
}

/// All vaults' folders.
pub struct VaultStore {
    pub(in crate::engine) places: Arc<dyn Places>,
    access: Access,
    pub(in crate::engine) keys: Arc<KeyRing>,
    slots: Mutex<HashMap<(Arn, StorageClass), Arc<Slot>>>,
    gates: Mutex<HashMap<Arn, Arc<Gate>>>,
    /// Held by whoever makes or deletes a vault of that name.
    names: Mutex<HashMap<Arn, Arc<Mutex<()>>>>,
    /// To which vault the folder of each name belongs, as the catalog says.
    owners: Mutex<HashMap<Arn, VaultId>>,
}

/// One vault's handle; its own lock, so that opening one vault does not wait for another.
type Slot = Mutex<Option<Arc<OpenVault>>>;

/// `vaultdeck/vault.json`. Other parameters than those of its first backups would store everything again.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::engine) struct VaultFile {
    pub(in crate::engine) version: u32,
    pub(in crate::engine) vault_arn: Arn,
    /// Which vault of that name it is; none in folders of versions that had no ids, until they are given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::engine) vault_id: Option<VaultId>,
    /// What kind of vault it is.
    #[serde(default, skip_serializing_if = "VaultType::is_standard")]
    pub(in crate::engine) vault_type: VaultType,
    pub(in crate::engine) created: Time,
    /// How file trees are cut.
    pub(in crate::engine) files: ChunkerParameters,
}

impl VaultFile {
    pub(in crate::engine) fn new(arn: &Arn, vault_id: Option<VaultId>, created: Time) -> Self {
        Self {
            version: VERSION,
            vault_arn: arn.clone(),
            vault_id,
            vault_type: VaultType::Standard,
            created,
            files: ChunkerParameters::FILES,
        }
    }
}

impl OpenVault {
    /// The engine's own files of the vault, whatever the class.
    pub(crate) fn files(&self) -> &dyn Storage {
        self.own.as_ref()
    }

    /// Whose it is.
    pub(crate) fn arn(&self) -> &Arn {
        &self.arn
    }

    /// The key that its files are sealed with.
    pub(crate) fn key(&self) -> &MasterKey {
        self.repository.key()
    }

    /// Makes sure that the vault may be written: that it lies where it was opened, that this process has said so to other
    /// programs, and that none of them holds the repository for itself alone. Before that, reading goes on. What was found
    /// damaged is written again now.
    pub fn may_write(&self) -> Result<()> {
        self.access.require_write()?;
        self.confirm_place()?;
        let mut lock = self.lock.lock();
        match lock.as_ref() {
            Some(lock) => lock.confirm()?,
            None => *lock = Some(self.repository.lock_shared()?),
        }
        drop(lock);
        // What is written then is readable without: it is tried again the next time.
        if let Err(error) = self.repository.settle().map_err(Error::from).and_then(|()| self.mend()) {
            tracing::warn!(vault = %self.arn, %error, "what is damaged was not written again yet");
        }
        Ok(())
    }

    /// Makes sure that something may be removed from the vault, which needs no room for a lock: that it lies where it was
    /// opened, and that no other program holds the repository for itself alone.
    pub fn may_remove(&self) -> Result<()> {
        self.access.require_write()?;
        self.confirm_place()?;
        Ok(self.repository.refuse_if_excluded()?)
    }

    /// Looks again at the engine's own files of the vault, which may have been damaged since it was opened, and tells what
    /// is wrong with them. [`mend`](Self::mend) writes them again.
    pub(crate) fn look_at_own_files(&self, keys: &KeyRing) -> Result<()> {
        let key = read_key(self.files(), keys, &self.arn)?;
        let frozen = read_frozen(self.files(), &self.arn)?;
        let found: Vec<Mend> = key.mend.into_iter().chain(frozen.mend).collect();
        for mend in &found {
            mend.tell(&self.repository);
        }
        *self.mends.lock() = found;
        Ok(())
    }

    /// Whether a check's name of a file is that of one of the engine's own that have a copy.
    pub(crate) fn is_own_file(&self, name: &str) -> bool {
        name.starts_with(&self.files().side_location("")) && [KEY, FROZEN].iter().any(|file| name.ends_with(file))
    }

    /// Writes again what of the engine's own files was found damaged.
    pub(crate) fn mend(&self) -> Result<()> {
        let mut mends = self.mends.lock();
        while let Some(mend) = mends.last() {
            mend.carry_out(self.files())?;
            mends.pop();
        }
        Ok(())
    }

    /// Whether it was opened with the lock that writing needs, and still has it; never waits.
    pub fn is_writable(&self) -> bool {
        self.lock.try_lock().is_some_and(|lock| lock.as_ref().is_some_and(|lock| !lock.is_gone()))
    }

    /// Passes for new work in the vault. Fails with a temporary error while it is collected, or is about to be, and where its
    /// KMS key cannot be used.
    pub fn enter(&self) -> Result<Pass> {
        self.keys.require_usable(self.under.as_ref())?;
        self.passed(self.gate.try_enter())
    }

    /// Passes for the end of work that has begun, and for what takes a moment. Fails with a temporary error while the vault
    /// is collected.
    pub fn reenter(&self) -> Result<Pass> {
        self.passed(self.gate.try_reenter())
    }

    /// Makes sure that the vault still lies where it was opened.
    pub(crate) fn confirm_place(&self) -> Result<()> {
        self.files().confirm_place()?;
        Ok(self.repository.storage().confirm_place()?)
    }

    /// Looked at with the pass in hand: from then on nobody can delete the vault. What somebody put in the place of the vault's
    /// folder is not the vault, and what is written into a folder that was moved away is in no vault.
    fn passed(&self, pass: Option<Pass>) -> Result<Pass> {
        let pass = pass.ok_or_else(|| Error::Busy(self.arn.clone()))?;
        if self.retired.load(Ordering::Acquire) {
            return Err(Error::not_found(format!("Backup vault {} does not exist.", self.arn)));
        }
        self.confirm_place()?;
        Ok(pass)
    }
}

impl VaultStore {
    /// The store of a data directory; no vault is open yet.
    ///
    /// `cold` says where the cold storage of a region's vaults lies, if not in their folders.
    pub fn open(data_dir: &DataDir, keys: Arc<KeyRing>, cold: &BTreeMap<Region, PathBuf>) -> Self {
        let room = data_dir.is_writable().then(|| Arc::clone(data_dir.reserve()) as Arc<dyn Room>);
        Self {
            places: Arc::new(
                LocalPlaces::open(&data_dir.vaults(), &data_dir.trash(), room)
                    .with_cold(cold.iter().map(|(region, folder)| (region.to_string(), folder.clone()))),
            ),
            access: data_dir.access().clone(),
            keys,
            slots: Mutex::default(),
            gates: Mutex::default(),
            names: Mutex::default(),
            owners: Mutex::default(),
        }
    }

    /// Refuses what would change a vault's folder where the data directory cannot be written.
    pub(in crate::engine) fn require_write(&self) -> Result<()> {
        self.access.require_write()
    }

    /// Where vaults lie.
    pub(crate) fn places(&self) -> &dyn Places {
        self.places.as_ref()
    }

    /// The files of a vault, which must be there.
    pub(in crate::engine) fn files_of(&self, arn: &Arn) -> Result<Arc<dyn Storage>> {
        let place = place_of(arn)?;
        let missing =
            || Error::io(format!("open {}", self.places.location(&place)), io::Error::from(ErrorKind::NotFound));
        self.places.find(&place)?.ok_or_else(missing)
    }

    /// The gate of a vault, whether it is open or not.
    pub fn gate(&self, arn: &Arn) -> Arc<Gate> {
        Arc::clone(self.gates.lock().entry(arn.clone()).or_default())
    }

    /// To be held by whoever makes or deletes a vault of this name, before the catalog's turn to write is taken.
    pub fn name_lock(&self, arn: &Arn) -> Arc<Mutex<()>> {
        Arc::clone(self.names.lock().entry(arn.clone()).or_default())
    }

    /// From now on the folder of this name must be that of the vault `id`.
    pub fn own(&self, arn: &Arn, id: VaultId) {
        self.owners.lock().insert(arn.clone(), id);
    }

    /// The folder of this name belongs to no vault any more.
    pub(in crate::engine) fn disown(&self, arn: &Arn) {
        self.owners.lock().remove(arn);
    }

    /// A vault's handle if it is open; never waits for one that is just being opened.
    pub fn handle(&self, arn: &Arn) -> Option<Arc<OpenVault>> {
        let slot = self.slots().get(&(arn.clone(), StorageClass::Warm)).cloned()?;
        slot.try_lock()?.clone()
    }

    /// The open vault of `arn` with its warm repository, opened now if it was not.
    pub fn get(&self, arn: &Arn) -> Result<Arc<OpenVault>> {
        self.get_class(arn, StorageClass::Warm)
    }

    /// The same with the repository of a class. Fails where the vault's KMS key cannot be used. A cold one that is not there is
    /// an error: it is made by `make_cold`, when something moves into it.
    pub fn get_class(&self, arn: &Arn, class: StorageClass) -> Result<Arc<OpenVault>> {
        let slot = Arc::clone(self.slots().entry((arn.clone(), class)).or_default());
        let mut slot = slot.lock();
        if let Some(open) = slot.as_ref() {
            self.keys.require_usable(open.under.as_ref())?;
            return Ok(Arc::clone(open));
        }
        let files = self.files_of(arn)?;
        let key = read_key(files.as_ref(), &self.keys, arn)?;
        self.keys.require_usable(key.value.under.as_ref())?;
        let frozen = read_frozen(files.as_ref(), arn)?;
        self.refuse_another_vault(files.as_ref(), arn, frozen.value.vault_id.as_ref())?;
        let storage = match class {
            StorageClass::Warm => Arc::clone(&files),
            StorageClass::Cold => self.cold_storage(arn, frozen.value.vault_id.as_ref())?,
        };
        let repository = Arc::new(Repository::open(storage, key.value.master, Options::default())?);
        let mends: Vec<Mend> = key.mend.into_iter().chain(frozen.mend).collect();
        for mend in &mends {
            mend.tell(&repository);
        }
        let open = Arc::new(OpenVault {
            repository,
            class,
            own: files,
            chunker: frozen.value.files,
            arn: arn.clone(),
            under: key.value.under,
            keys: Arc::clone(&self.keys),
            gate: self.gate(arn),
            retired: AtomicBool::new(false),
            lock: Mutex::new(None),
            access: self.access.clone(),
            mends: Mutex::new(mends),
        });
        if self.access == Access::Write
            && let Err(error) = open.may_write()
        {
            tracing::warn!(vault = %arn, %error, "the vault is open for reading only");
        }
        *slot = Some(Arc::clone(&open));
        Ok(open)
    }

    /// The vaults that are open now. One that is being opened is not waited for.
    pub fn opened(&self) -> Vec<(Arn, Arc<OpenVault>)> {
        let slots: Vec<(Arn, Arc<Slot>)> =
            self.slots().iter().map(|((arn, _), slot)| (arn.clone(), Arc::clone(slot))).collect();
        let open = |(arn, slot): (Arn, Arc<Slot>)| Some((arn, slot.try_lock()?.clone()?));
        slots.into_iter().filter_map(open).collect()
    }

    /// A vault's files and its data key, for which neither the catalog nor the repository is needed. It is had also under a
    /// KMS key that is disabled: it opens what the engine keeps of the vault's lock and holds, which protect it all the same.
    pub(crate) fn key_of(&self, arn: &Arn) -> Result<(Arc<dyn Storage>, MasterKey)> {
        let (files, key) = self.data_key_of(arn)?;
        Ok((files, key.master))
    }

    /// The same, and under which KMS key it is.
    pub(in crate::engine) fn data_key_of(&self, arn: &Arn) -> Result<(Arc<dyn Storage>, DataKey)> {
        let files = self.files_of(arn)?;
        let key = read_key(files.as_ref(), &self.keys, arn)?;
        Ok((files, key.value))
    }

    /// Closes the vaults under a KMS key that cannot be used any more. Who works in one comes to its end.
    pub(crate) fn close_under(&self, key: &Arn) {
        self.slots().retain(|_, slot| {
            let open = slot.try_lock();
            open.is_none_or(|open| open.as_ref().is_none_or(|open| open.under.as_ref() != Some(key)))
        });
    }

    /// The folder must be that of the vault that the catalog means, where both say which.
    pub(in crate::engine) fn refuse_another_vault(
        &self,
        files: &dyn Storage,
        arn: &Arn,
        found: Option<&VaultId>,
    ) -> Result<()> {
        match (self.owners.lock().get(arn), found) {
            (Some(owner), Some(found)) if owner != found => Err(Error::Damaged {
                what: format!(
                    "the folder {} belongs to another vault: its id is {found}, and that of {arn} is {owner}",
                    files.location()
                ),
                advice: "Put the folder of this vault back at its place; nothing was changed".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// The vault is deleted: whoever holds its handle cannot work with it any more. A handle that is just being opened is
    /// waited for.
    pub(in crate::engine) fn retire(&self, arn: &Arn) {
        for class in StorageClass::ALL {
            let slot = self.slots().remove(&(arn.clone(), class));
            if let Some(open) = slot.and_then(|slot| slot.lock().take()) {
                open.retired.store(true, Ordering::Release);
            }
        }
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
            let Some(open) = slot.try_lock().and_then(|open| open.clone()) else { continue };
            let lock = open.lock.lock();
            // One that is open for reading only has none.
            let Some(lock) = lock.as_ref() else { continue };
            let gone = lock.is_gone();
            if gone {
                tracing::warn!(vault = %open.arn, "a vault's restic lock was removed: it is made anew");
            }
            if (renew || gone)
                && let Err(error) = lock.refresh()
            {
                tracing::warn!(vault = %open.arn, %error, "a vault's restic lock was not renewed");
            }
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<(Arn, StorageClass), Arc<Slot>>> {
        self.slots.lock()
    }
}

/// Reads what is frozen for the life of a vault. Where neither the file nor its copy tells, it is what this program has
/// frozen for every vault so far: nothing that is read depends on it, and other cuts would only store data again.
pub(in crate::engine) fn read_frozen(files: &dyn Storage, arn: &Arn) -> Result<Pair<VaultFile>> {
    match copies::read(files, FROZEN, |place, bytes| parse_frozen(place, bytes, arn)) {
        Err(error @ (Error::Damaged { .. } | Error::Io { .. } | Error::Repository(_))) => {
            let value = VaultFile::new(arn, None, Time::UNIX_EPOCH);
            let content = serde_json::to_vec(&value).map_err(|e| Error::Internal(e.to_string()))?;
            let mend = Mend::anew(FROZEN, content, error.to_string());
            Ok(Pair { value, mend: Some(mend) })
        }
        other => other,
    }
}

fn parse_frozen(place: &str, bytes: &[u8], arn: &Arn) -> Result<VaultFile> {
    let damaged = |why: String| Error::Damaged {
        what: format!("{place} of vault {arn} is damaged: {why}"),
        advice: "Nothing that is read depends on it".to_owned(),
    };
    let file: VaultFile = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
    if file.version > VERSION {
        return Err(Error::Newer { what: place.to_owned(), found: i64::from(file.version), known: i64::from(VERSION) });
    }
    Ok(file)
}

/// The place of a vault.
pub(in crate::engine) fn place_of(arn: &Arn) -> Result<Place> {
    match (arn.scope(), arn.vault_name()) {
        (Some(scope), Some(name)) => Ok(Place::new(scope.account.as_str(), scope.region.as_str(), name)),
        _ => Err(Error::Internal(format!("{arn} is not a vault's"))),
    }
}

/// Writes a file of a vault's own, with its hash, and its copy.
pub(in crate::engine) fn write_own(files: &dyn Storage, name: &str, value: &impl Serialize) -> Result<()> {
    let bytes = serde_json::to_vec(value).map_err(|e| Error::Internal(format!("{name}: {e}")))?;
    copies::write(files, name, &copies::prove(bytes))
}
