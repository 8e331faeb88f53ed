//! What protects a vault, and is kept twice: in the catalog, and again in the vault's folder as `vaultdeck/lock.json`,
//! `vaultdeck/access-policy.json`, `vaultdeck/shares.json` and a copy of each.
//!
//! The catalog is one file, and an older copy of it is easily put back. So the folder of each vault that ever had a lock, a
//! policy or a share says too what became of it. What it says is sealed with a key derived from the vault's data key, which nobody who
//! only writes files has: a record can be taken away or put back as it was, but not made. Of two the one that
//! [prevails](VaultRecord::prevails_over) counts, so that putting an older one back changes nothing as long as one of the
//! places is left.
//!
//! A record changes in the catalog first and in the folder then, and only then the call is answered; where the two differ, the
//! one that prevails is written to the other place and that is told. They are held against each other when an engine starts,
//! before it does anything, before each call that they could refuse, when a vault is found again, and at each turn of the
//! upkeep, at least once a day.

use crate::domain::Arn;
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::keys::sealed_file::{Form, open, seal};
use crate::engine::vaults::copies;
use crate::engine::vaults::store::VaultStore;
use crate::repository::{MasterKey, Storage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// The version that this program writes, and the newest that it reads.
const VERSION: u32 = 1;

/// Something of a vault that is kept in the catalog and in the vault's folder.
pub(crate) trait VaultRecord: Clone + Default + PartialEq + Debug + Serialize + DeserializeOwned {
    /// What its file is sealed as, and what messages call it: `vault NAME`.
    const NAME: &'static str;
    /// Its name among the side files of a vault.
    const FILE: &'static str;

    /// How often it was changed; zero where there never was one. It only grows, also when what it says is taken off.
    fn sequence(&self) -> i64;

    /// Whether this one counts where both are found.
    fn prevails_over(&self, other: &Self) -> bool {
        self.sequence() > other.sequence()
    }

    /// What the catalog says of a vault.
    fn known(connection: &Connection, vault: &Arn) -> Result<Self>;

    /// From now on the catalog says what the vault's folder does.
    fn take_up(&self, tx: &Connection, vault: &Arn) -> Result<()>;
}

/// What was found in the place of a record's file, or of its copy.
enum Found<R> {
    Missing,
    /// Something else than a record, and what.
    Damaged(String),
    Record(R),
}

/// What a vault's folder says of it: the file and its copy, by their names among the side files.
pub(super) struct Told<R>(Vec<(String, Found<R>)>);

/// A file that does not say what a vault's record is.
pub(crate) struct RecordFault {
    /// What it is of, as `access policy`.
    pub(crate) of: &'static str,
    /// Its name among the side files of the vault.
    pub(crate) file: String,
    /// What is wrong.
    pub(crate) what: String,
    /// Whether it is known from elsewhere what it is to say.
    pub(crate) is_known: bool,
}

impl<R: VaultRecord> Told<R> {
    /// The record that counts; none where there never was one.
    pub(super) fn record(&self) -> Option<&R> {
        let records = self.0.iter().filter_map(|(_, found)| match found {
            Found::Record(record) => Some(record),
            Found::Missing | Found::Damaged(_) => None,
        });
        records.reduce(|a, b| if b.prevails_over(a) { b } else { a })
    }

    /// Whether the file and its copy both say this.
    fn is_twice(&self, record: &R) -> bool {
        self.0.iter().all(|(_, found)| matches!(found, Found::Record(said) if said == record))
    }

    /// The files in which something else than a record was found, and what.
    fn damaged(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, found)| match found {
            Found::Damaged(what) => Some((name.as_str(), what.as_str())),
            Found::Missing | Found::Record(_) => None,
        })
    }

    /// What of it is not as it should be, where this is what the catalog says.
    fn faults(self, known: R) -> Vec<RecordFault> {
        let counts = self.record().filter(|told| told.prevails_over(&known)).cloned().unwrap_or(known);
        let is_known = counts.sequence() > 0;
        let fault = |(file, found)| {
            let what = match found {
                Found::Damaged(what) => what,
                Found::Missing if is_known => "it is missing".to_owned(),
                Found::Record(said) if said != counts => "it is an older one".to_owned(),
                Found::Missing | Found::Record(_) => return None,
            };
            Some(RecordFault { of: R::NAME, file, what, is_known })
        };
        self.0.into_iter().filter_map(fault).collect()
    }
}

impl VaultStore {
    /// What a vault's folder says of it. Only where it says something the vault's key is needed.
    pub(super) fn told<R: VaultRecord>(&self, arn: &Arn) -> Result<Told<R>> {
        let files = self.files_of(arn)?;
        let names = [R::FILE.to_owned(), copies::copy_of(R::FILE)];
        let mut told = Vec::new();
        for name in names {
            let found = match files.read_side(&name)? {
                None => Found::Missing,
                Some(bytes) => {
                    let (_, key) = self.key_of(arn)?;
                    match open(key.to_bytes().as_slice(), &form::<R>(files.side_location(&name), arn), &bytes) {
                        Ok(record) => Found::Record(record),
                        Err(Error::Damaged { what, .. }) => Found::Damaged(what),
                        Err(error) => return Err(error),
                    }
                }
            };
            told.push((name, found));
        }
        Ok(Told(told))
    }

    /// Writes a record into the vault's folder, and its copy, so that it survives a crash.
    pub(crate) fn tell<R: VaultRecord>(&self, arn: &Arn, record: &R) -> Result<()> {
        self.require_write()?;
        let (files, key) = self.key_of(arn)?;
        write(files.as_ref(), &key, arn, record)
    }

    /// The same where something may lie there that is no record: that is moved aside, for nothing is deleted.
    fn tell_anew<R: VaultRecord>(&self, arn: &Arn, record: &R, told: &Told<R>) -> Result<()> {
        self.require_write()?;
        let files = self.files_of(arn)?;
        for (name, _) in told.damaged() {
            files.set_side_aside(name)?;
        }
        self.tell(arn, record)
    }
}

/// Writes a record, and its copy, into the files of a vault.
pub(super) fn write<R: VaultRecord>(files: &dyn Storage, key: &MasterKey, arn: &Arn, record: &R) -> Result<()> {
    let sealed = seal(key.to_bytes().as_slice(), &form::<R>(files.side_location(R::FILE), arn), record)?;
    copies::write(files, R::FILE, &sealed)
}

/// How the file at `place` is sealed: nothing else that is sealed with the vault's key can be taken for such a record, nor the
/// record of another vault for this one's.
fn form<R: VaultRecord>(place: String, arn: &Arn) -> Form {
    Form {
        what: place,
        context: format!("vaultdeck vault {} {VERSION} {arn}", R::NAME),
        version: VERSION,
        advice: "The catalog and the file's copy say what it said; it is written again from them",
    }
}

impl Engine {
    /// Holds what the catalog says of a vault against what its folder says, and makes both say the one that prevails. For
    /// whoever holds the vault's name.
    pub(super) fn compare<R: VaultRecord>(&self, vault: &Arn) -> Result<()> {
        match self.compare_in_folder::<R>(vault) {
            // Its KMS key was deleted, which no lock or hold had let happen: what the catalog says is all that can be known.
            Err(error) if error.is_stranded() => Ok(()),
            compared => compared,
        }
    }

    fn compare_in_folder<R: VaultRecord>(&self, vault: &Arn) -> Result<()> {
        let told = self.vault_store.told::<R>(vault)?;
        for (_, problem) in told.damaged() {
            tracing::warn!(%vault, problem, "the record of the vault's {} is not what was written", R::NAME);
        }
        let known = self.catalog.read(|connection| R::known(connection, vault))?;
        let Some(record) = told.record().filter(|record| record.prevails_over(&known)) else {
            let nothing_to_tell = known.sequence() == 0 || told.is_twice(&known);
            return if nothing_to_tell { Ok(()) } else { self.vault_store.tell_anew(vault, &known, &told) };
        };
        self.catalog.write(|tx| record.take_up(tx, vault))?;
        tracing::warn!(
            %vault,
            told = record.sequence(),
            known = known.sequence(),
            "the catalog knew less of the vault's {} than the vault's folder: an older copy of it was put back; the \
             folder's counts",
            R::NAME
        );
        if told.is_twice(record) { Ok(()) } else { self.vault_store.tell_anew(vault, record, &told) }
    }

    /// Which files of a vault's folder do not say what is known. For whoever holds the vault's name.
    pub(super) fn faults<R: VaultRecord>(&self, vault: &Arn) -> Result<Vec<RecordFault>> {
        let told = self.vault_store.told::<R>(vault)?;
        Ok(told.faults(self.catalog.read(|connection| R::known(connection, vault))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Scope;
    use crate::domain::vault_lock::LockState;
    use crate::engine::vaults::lock_record::LockRecord;
    use crate::engine::vaults::policy_record::PolicyRecord;
    use serde_json::Value;

    /// Also where vaults had one key.
    #[test]
    fn a_record_opens_as_what_it_is_and_as_that_of_its_own_vault_alone() {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let [own, other] = ["own", "other"].map(|name| Arn::vault(&scope, &name.parse().unwrap()));
        let key = MasterKey::generate().unwrap();
        let record = LockRecord::default().followed_by(LockState::Unlocked);
        let place = || "vaultdeck/lock.json".to_owned();
        let sealed = seal(key.to_bytes().as_slice(), &form::<LockRecord>(place(), &own), &record).unwrap();
        let opens = |form: &Form| open::<Value>(key.to_bytes().as_slice(), form, &sealed).is_ok();
        assert!(opens(&form::<LockRecord>(place(), &own)));
        assert!(!opens(&form::<LockRecord>(place(), &other)));
        assert!(!opens(&form::<PolicyRecord>(place(), &own)));
    }
}
