//! The record of a lock in its vault's folder: `vaultdeck/lock.json` and a copy of it.
//!
//! The catalog is one file, and an older copy of it is easily put back. So the folder of each vault that ever had a lock says
//! too what became of it. What it says is sealed with a key derived from the vault's data key, which nobody who only writes
//! files has: a record can be taken away or put back as it was, but not made. Of two the one that
//! [prevails](LockRecord::prevails_over) counts, so that putting an older one back changes nothing as long as one of the
//! places is left.

use crate::domain::Arn;
use crate::engine::error::{Error, Result};
use crate::engine::keys::sealed_file::{Form, open, seal};
use crate::engine::vaults::copies;
use crate::engine::vaults::lock_record::LockRecord;
use crate::engine::vaults::store::VaultStore;

/// The version that this program writes, and the newest that it reads.
const VERSION: u32 = 1;
/// Its name among the side files of a vault.
const LOCK: &str = "lock.json";

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
        let mut records: Vec<LockRecord> = Vec::new();
        for (name, bytes) in found {
            match open(key.to_bytes().as_slice(), &form(files.side_location(name), arn), &bytes) {
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
        let sealed = seal(key.to_bytes().as_slice(), &form(files.side_location(LOCK), arn), record)?;
        copies::write(files.as_ref(), LOCK, &sealed)
    }
}

/// How the file at `place` is sealed: nothing else that is sealed with the vault's key can be taken for a lock, nor the lock of
/// another vault for this one's.
fn form(place: String, arn: &Arn) -> Form {
    Form {
        what: place,
        context: format!("vaultdeck vault lock {VERSION} {arn}"),
        version: VERSION,
        advice: "The catalog and the file's copy say what the vault's lock is; it is written again from them",
    }
}
