//! The record of a lock in its vault's folder: `vaultdeck/lock.json` and a copy of it.
//!
//! The catalog is one file, and an older copy of it is easily put back. So the folder of each vault that ever had a lock says
//! too what became of it. What it says is sealed with a key derived from the vault's data key, which nobody who only writes
//! files has: a record can be taken away or put back as it was, but not made. Of two the one that
//! [prevails](LockRecord::prevails_over) counts, so that putting an older one back changes nothing as long as one of the
//! places is left.

use crate::domain::Arn;
use crate::engine::error::{Error, Result};
use crate::engine::keys::sealing;
use crate::engine::vaults::copies;
use crate::engine::vaults::lock_record::LockRecord;
use crate::engine::vaults::store::VaultStore;
use crate::repository::MasterKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

/// The version that this program writes, and the newest that it reads.
const VERSION: u32 = 1;
/// Its name among the side files of a vault.
const LOCK: &str = "lock.json";

/// The file's form.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LockFile {
    version: u32,
    vault_arn: Arn,
    /// The record, sealed, in base64.
    sealed: String,
}

/// What a vault's folder says of its lock.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The record that counts; none where the vault never had a lock.
    pub(crate) record: Option<LockRecord>,
    /// Whether the file and its copy both say so.
    pub(crate) twice: bool,
    /// What was found instead of a record.
    pub(crate) problems: Vec<String>,
}

impl VaultStore {
    /// What a vault's folder says of its lock. Only where it says something the vault's key is needed.
    pub(crate) fn told_lock(&self, arn: &Arn) -> Result<Told> {
        let files = self.files_of(arn)?;
        let names = [LOCK.to_owned(), copies::copy_of(LOCK)];
        let mut found = Vec::new();
        for name in &names {
            found.extend(files.read_side(name)?.map(|bytes| (name, bytes)));
        }
        if found.is_empty() {
            return Ok(Told::default());
        }
        let (files, key) = self.key_of(arn)?;
        let mut told = Told::default();
        let mut records = Vec::new();
        for (name, bytes) in found {
            match open(&files.side_location(name), &bytes, &key, arn) {
                Ok(record) => records.push(record),
                Err(error @ Error::Damaged { .. }) => told.problems.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        told.record = records.iter().copied().reduce(|a, b| if b.prevails_over(&a) { b } else { a });
        told.twice = records.len() == names.len() && records.iter().all(|record| Some(*record) == told.record);
        Ok(told)
    }

    /// Writes the record of a lock into the vault's folder, and its copy, so that it survives a crash.
    pub(crate) fn tell_lock(&self, arn: &Arn, record: &LockRecord) -> Result<()> {
        self.require_write()?;
        let (files, key) = self.key_of(arn)?;
        let unwritable = |e: serde_json::Error| Error::Internal(format!("{LOCK}: {e}"));
        let plain = serde_json::to_vec(record).map_err(unwritable)?;
        let sealed = BASE64.encode(sealing::seal(key.to_bytes().as_slice(), &context(arn), &plain)?);
        let file = LockFile { version: VERSION, vault_arn: arn.clone(), sealed };
        copies::write(files.as_ref(), LOCK, &serde_json::to_vec(&file).map_err(unwritable)?)
    }
}

/// What the derived key is for: nothing else that is sealed with the vault's key can be taken for a lock.
fn context(arn: &Arn) -> String {
    format!("vaultdeck vault lock {VERSION} {arn}")
}

fn open(place: &str, bytes: &[u8], key: &MasterKey, arn: &Arn) -> Result<LockRecord> {
    let damaged = |why: &str| Error::Damaged {
        what: format!("{place} is damaged: {why}"),
        advice: "The catalog and the file's copy say what the vault's lock is; it is written again from them"
            .to_owned(),
    };
    let file: LockFile = serde_json::from_slice(bytes).map_err(|_| damaged("it is no record of a lock"))?;
    if file.version > VERSION {
        return Err(Error::Newer { what: place.to_owned(), found: i64::from(file.version), known: i64::from(VERSION) });
    }
    let sealed = BASE64.decode(&file.sealed).map_err(|_| damaged("it is not base64"))?;
    let plain = sealing::unseal(key.to_bytes().as_slice(), &context(arn), &sealed)?;
    let plain = plain.ok_or_else(|| damaged("it does not open with this vault's key"))?;
    serde_json::from_slice(&plain).map_err(|_| damaged("its content is not understood"))
}
