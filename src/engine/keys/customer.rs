//! The KMS keys that customers make. Each has material of its own, which wraps the data keys of the vaults that were made
//! under it; the key `alias/aws/backup` of an account and region has none: there the ring's root itself wraps, as it did
//! before there were others, so that whoever keeps `local.key` keeps these vaults.
//!
//! ```text
//! keys/kms/ID.json 0600   what the key is, in the clear; it stays when the key was deleted, and says so
//! keys/kms/ID.key  0600   its material, wrapped by the ring's root; nowhere else, so that it can be destroyed
//! ```
//!
//! These files count, and no row of the catalog says the same: an older copy of the catalog brings no key back, and none is
//! lost with it. A key is destroyed in this order: its file says that it is deleted, its material is overwritten, its file
//! removed. A crash anywhere leaves a key that is deleted, and the next start does the rest.

use crate::domain::kms::{AliasName, KeyManager, KeyState, KmsKey};
use crate::domain::{Arn, Scope, Time};
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{ChangesKey, CreateKey, DestroyKey};
use crate::engine::data_dir::{Access, DataDir, destroy_private_file, make_private_folder, write_private_file};
use crate::engine::error::{Error, Result, Unusable};
use crate::repository::crash_point;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The version of a key's file that this program writes, and the newest that it reads.
const VERSION: u32 = 1;

/// What a key's file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    version: u32,
    arn: Arn,
    description: String,
    created: Time,
    standing: Standing,
    aliases: Vec<AliasName>,
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    Enabled,
    Disabled,
    PendingDeletion(Time),
    /// Its material is destroyed, or is about to be.
    Deleted(Time),
}

/// What a change makes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Becoming {
    /// It can be used.
    Enabled,
    /// It cannot be used until it is enabled.
    Disabled,
    /// It is destroyed at this time.
    PendingDeletion(Time),
    /// It has this name too.
    Named(AliasName),
}

/// The keys of a data directory.
#[derive(Debug)]
pub(crate) struct CustomerKeys {
    folder: PathBuf,
    access: Access,
    /// By id; the deleted ones too.
    records: RwLock<BTreeMap<String, Record>>,
}

impl Record {
    /// The key, if it is there.
    fn key(&self, id: &str) -> Option<KmsKey> {
        let state = match self.standing {
            Standing::Enabled => KeyState::Enabled,
            Standing::Disabled => KeyState::Disabled,
            Standing::PendingDeletion(at) => KeyState::PendingDeletion(at),
            Standing::Deleted(_) => return None,
        };
        Some(KmsKey {
            id: id.to_owned(),
            arn: self.arn.clone(),
            scope: self.arn.scope()?,
            description: self.description.clone(),
            state,
            manager: KeyManager::Customer,
            created: Some(self.created),
            aliases: self.aliases.iter().map(ToString::to_string).collect(),
        })
    }
}

/// The id that the ARN of a key ends with.
pub(crate) fn id_of(key: &Arn) -> &str {
    key.last_part()
}

impl CustomerKeys {
    /// Reads the keys of a data directory. One that cannot be read is told of, and keeps no vault of another out.
    pub(super) fn open(data_dir: &DataDir) -> Result<Self> {
        let (folder, access) = (data_dir.kms_keys(), data_dir.access().clone());
        let mut records = BTreeMap::new();
        for path in files_in(&folder)? {
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let Some(id) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
            match read(&path, id) {
                Ok(record) => {
                    records.insert(id.to_owned(), record);
                }
                Err(error @ Error::Newer { .. }) => return Err(error),
                Err(error) => tracing::error!(%error, "a KMS key cannot be used"),
            }
        }
        let this = Self { folder, access, records: RwLock::new(records) };
        if this.access == Access::Write {
            let deleted =
                |(id, record): (&String, &Record)| matches!(record.standing, Standing::Deleted(_)).then(|| id.clone());
            let left: Vec<String> = this.records.read().iter().filter_map(deleted).collect();
            for id in &left {
                if let Err(error) = this.erase(id) {
                    tracing::error!(%error, "the material of a deleted KMS key could not be destroyed: the next start tries again");
                }
            }
        }
        Ok(this)
    }

    /// The keys of an account and region, by id.
    pub(crate) fn all(&self, scope: &Scope) -> Vec<KmsKey> {
        let records = self.records.read();
        let keys = records.iter().filter_map(|(id, record)| record.key(id));
        keys.filter(|key| key.scope == *scope).collect()
    }

    /// The keys of all accounts whose deletion waits.
    pub(crate) fn pending(&self) -> Vec<(KmsKey, Time)> {
        let records = self.records.read();
        let keys = records.iter().filter_map(|(id, record)| record.key(id));
        keys.filter_map(|key| key.state.deletion_date().map(|at| (key, at))).collect()
    }

    /// The keys that cannot be used, the deleted ones too.
    pub(crate) fn unusable(&self) -> Vec<Arn> {
        let records = self.records.read();
        let unusable = records.values().filter(|record| record.standing != Standing::Enabled);
        unusable.map(|record| record.arn.clone()).collect()
    }

    /// A key by its ARN, as long as it is there.
    pub(crate) fn get(&self, arn: &Arn) -> Option<KmsKey> {
        let records = self.records.read();
        let record = records.get(id_of(arn)).filter(|record| record.arn == *arn)?;
        record.key(id_of(arn))
    }

    /// Refuses a key that cannot be used: nothing is encrypted under it and nothing decrypted.
    pub(crate) fn require_usable(&self, arn: &Arn) -> Result<()> {
        let unusable = |why| Err(Error::KeyUnusable { key: arn.clone(), why });
        match self.standing(arn)? {
            Standing::Enabled => Ok(()),
            Standing::Disabled => unusable(Unusable::Disabled),
            Standing::PendingDeletion(at) => unusable(Unusable::PendingDeletion(at)),
            Standing::Deleted(at) => unusable(Unusable::Deleted(at)),
        }
    }

    fn standing(&self, arn: &Arn) -> Result<Standing> {
        let records = self.records.read();
        let known = records.get(id_of(arn)).filter(|record| record.arn == *arn);
        known.map(|record| record.standing).ok_or_else(|| lost(arn))
    }

    /// The wrapped material of a key, whatever its state, as long as there is any.
    pub(super) fn material(&self, arn: &Arn) -> Result<Vec<u8>> {
        if let Standing::Deleted(at) = self.standing(arn)? {
            return Err(Error::KeyUnusable { key: arn.clone(), why: Unusable::Deleted(at) });
        }
        match fs::read(self.material_file(id_of(arn))) {
            Ok(wrapped) => Ok(wrapped),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(lost(arn)),
            Err(error) => Err(Error::io(format!("read {}", self.material_file(id_of(arn)).display()), error)),
        }
    }

    /// Adds an enabled key with this wrapped material: first that, so that no key is told of which has none.
    pub(super) fn add(
        &self,
        permit: &Permit<'_, CreateKey>,
        wrapped: &[u8],
        description: &str,
        now: Time,
    ) -> Result<KmsKey> {
        self.access.require_write()?;
        let arn: Arn = permit.on().parse()?;
        let id = id_of(&arn).to_owned();
        let record = Record {
            version: VERSION,
            arn,
            description: description.to_owned(),
            created: now,
            standing: Standing::Enabled,
            aliases: Vec::new(),
        };
        let mut records = self.records.write();
        make_private_folder(&self.folder)?;
        write_private_file(&self.material_file(&id), wrapped)?;
        crash_point::reached("key-material-written");
        self.write(&id, &record)?;
        let key = record.key(&id).ok_or_else(|| Error::Internal(format!("{} names no scope", record.arn)))?;
        records.insert(id, record);
        Ok(key)
    }

    /// Changes the key of the permit.
    pub(crate) fn change<A: ChangesKey>(&self, permit: &Permit<'_, A>, becoming: Becoming) -> Result<KmsKey> {
        self.access.require_write()?;
        let arn: Arn = permit.on().parse()?;
        let id = id_of(&arn);
        let mut records = self.records.write();
        let mut record = records.get(id).cloned().ok_or_else(|| lost(&arn))?;
        match becoming {
            Becoming::Enabled => record.standing = Standing::Enabled,
            Becoming::Disabled => record.standing = Standing::Disabled,
            Becoming::PendingDeletion(at) => record.standing = Standing::PendingDeletion(at),
            Becoming::Named(alias) => record.aliases.push(alias),
        }
        self.write(id, &record)?;
        let key = record.key(id).ok_or_else(|| lost(&arn))?;
        records.insert(id.to_owned(), record);
        Ok(key)
    }

    /// Destroys the key of the permit, for good.
    pub(crate) fn destroy(&self, permit: &Permit<'_, DestroyKey>, now: Time) -> Result<()> {
        self.access.require_write()?;
        let arn: Arn = permit.on().parse()?;
        let id = id_of(&arn);
        let mut records = self.records.write();
        let mut record = records.get(id).cloned().ok_or_else(|| lost(&arn))?;
        (record.standing, record.aliases) = (Standing::Deleted(now), Vec::new());
        self.write(id, &record)?;
        records.insert(id.to_owned(), record);
        drop(records);
        crash_point::reached("during-key-destruction");
        self.erase(id)
    }

    /// Overwrites the material of a deleted key and removes it; there may be none any more.
    fn erase(&self, id: &str) -> Result<()> {
        destroy_private_file(&self.material_file(id))
    }

    /// Gives each key's material to `wrap`, and puts what comes back in its place: the same, wrapped by another root.
    pub(super) fn rewrap(&self, wrap: impl Fn(&Arn, &[u8]) -> Result<Option<Vec<u8>>>) -> Result<()> {
        self.access.require_write()?;
        // Held until the end: nobody destroys a key whose material is just written again.
        let records = self.records.write();
        let there = records.iter().filter(|(_, record)| !matches!(record.standing, Standing::Deleted(_)));
        for (id, record) in there {
            let path = self.material_file(id);
            let wrapped = match fs::read(&path) {
                // It is told of where somebody needs the key.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                read => read.map_err(|error| Error::io(format!("read {}", path.display()), error))?,
            };
            if let Some(anew) = wrap(&record.arn, &wrapped)? {
                write_private_file(&path, &anew)?;
                crash_point::reached("during-rewrapping");
            }
        }
        Ok(())
    }

    /// As if so many keys had been made; there are no files of them.
    #[cfg(test)]
    pub(crate) fn pretend(&self, scope: &Scope, count: usize) {
        let mut records = self.records.write();
        for number in 0..count {
            let record = Record {
                version: VERSION,
                arn: Arn::kms(scope, &format!("key/{number}")),
                description: String::new(),
                created: Time::UNIX_EPOCH,
                standing: Standing::Enabled,
                aliases: Vec::new(),
            };
            records.insert(number.to_string(), record);
        }
    }

    fn write(&self, id: &str, record: &Record) -> Result<()> {
        let json = serde_json::to_vec(record).map_err(|error| Error::Internal(format!("a KMS key: {error}")))?;
        write_private_file(&self.folder.join(format!("{id}.json")), &json)
    }

    fn material_file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.key"))
    }
}

/// A key of which the files are not there, or cannot be read.
fn lost(arn: &Arn) -> Error {
    let id = id_of(arn);
    Error::Damaged {
        what: format!("the files of KMS key {arn} are missing or damaged: keys/kms/{id}.json and keys/kms/{id}.key"),
        advice: "Put back your copies of them. Without them the vaults under this key open only with their recovery \
                 keys, by restic; nothing was deleted"
            .to_owned(),
    }
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io(format!("read {}", folder.display()), error);
    match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries.map_err(failed)?.map(|entry| Ok(entry.map_err(failed)?.path())).collect(),
    }
}

fn read(path: &Path, id: &str) -> Result<Record> {
    let damaged = |why: String| Error::Damaged {
        what: format!("{} is damaged: {why}", path.display()),
        advice: "Put back your copy of it; nothing was deleted".to_owned(),
    };
    let bytes = fs::read(path).map_err(|error| Error::io(format!("read {}", path.display()), error))?;
    let members: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    let version = members["Version"].as_i64().ok_or_else(|| damaged("it has no version".to_owned()))?;
    if version > i64::from(VERSION) {
        return Err(Error::Newer { what: path.display().to_string(), found: version, known: i64::from(VERSION) });
    }
    let record: Record = serde_json::from_value(members).map_err(|error| damaged(error.to_string()))?;
    if id_of(&record.arn) == id { Ok(record) } else { Err(damaged(format!("it is of {}", record.arn))) }
}
