//! How a vault's folder is made, told from that of another vault of the same name, and put into the trash.

use crate::domain::kms::BACKUP_ALIAS;
use crate::domain::vault::VaultType;
use crate::domain::vault_lock::LockState;
use crate::domain::{Arn, Time};
use crate::engine::error::{Error, Result};
use crate::engine::vaults::copies::Pair;
use crate::engine::vaults::data_key::{KEY, KeyFile, read_key};
use crate::engine::vaults::id::VaultId;
use crate::engine::vaults::lock_record::LockRecord;
use crate::engine::vaults::records;
use crate::engine::vaults::store::{FROZEN, POINTS, VaultFile, VaultStore, place_of, read_frozen, write_own};
use crate::engine::vaults::trash;
use crate::repository::{FileKind, MasterKey, Options, Repository, Storage, crash_point};
use crate::storage::Place;
use std::sync::Arc;

/// What a vault is from its first moment on.
#[derive(Clone, Copy)]
pub(crate) struct Birth<'a> {
    /// Its ARN.
    pub(crate) arn: &'a Arn,
    /// The KMS key of a customer that wraps its data key; AWS Backup's own when there is none.
    pub(crate) under: Option<&'a Arn>,
    /// Its kind.
    pub(crate) vault_type: &'a VaultType,
    /// The lock that it is born with.
    pub(crate) lock: Option<LockRecord>,
    /// Engine time.
    pub(crate) now: Time,
}

impl VaultStore {
    /// Makes a vault's folder, whole or not at all, under a KMS key of a customer or AWS Backup's own, and tells the id of the vault
    /// that it belongs to from now on.
    ///
    /// A folder of that name that no row of the catalog owns is put into the trash, unless it holds recovery points: then
    /// the catalog has lost a vault, and the new one is that vault; but of air-gapped ones, which are not made twice.
    pub(crate) fn create(&self, birth: &Birth<'_>) -> Result<VaultId> {
        let Birth { arn, now, .. } = *birth;
        self.require_write()?;
        let place = place_of(arn)?;
        if let Some(files) = self.places.find(&place)?
            && holds_recovery_points(files.as_ref())?
        {
            return self.adopt(files.as_ref(), birth);
        }
        if self.places.is_taken(&place)? {
            self.bury(&place, now)?;
        }
        let id = VaultId::draw();
        self.build(self.places.build(&place)?, &id, birth)?;
        self.places.finish(&place)?;
        crash_point::reached("vault-folder-made");
        self.own(arn, id.clone());
        Ok(id)
    }

    fn build(&self, files: Arc<dyn Storage>, id: &VaultId, birth: &Birth<'_>) -> Result<()> {
        let Birth { arn, under, vault_type, lock, now } = *birth;
        files.prepare_side(POINTS)?;
        let key = MasterKey::generate()?;
        let wrapped = self.keys.wrap_data_key(arn, under, key.to_bytes().as_slice())?;
        write_own(files.as_ref(), KEY, &KeyFile::new(arn, under, &wrapped))?;
        let frozen = VaultFile { vault_type: vault_type.clone(), ..VaultFile::new(arn, Some(id.clone()), now) };
        write_own(files.as_ref(), FROZEN, &frozen)?;
        if let Some(lock) = lock {
            records::write(files.as_ref(), &key, arn, &lock)?;
        }
        Repository::create(files, key, Options::default())?;
        Ok(())
    }

    /// Takes a folder with recovery points for the new vault's, if this data directory's key opens it.
    fn adopt(&self, files: &dyn Storage, birth: &Birth<'_>) -> Result<VaultId> {
        let Birth { arn, under, .. } = *birth;
        let key = read_key(files, &self.keys, arn)?.value;
        if key.under.as_ref() != under {
            let wraps = key.under.map_or_else(|| BACKUP_ALIAS.to_owned(), |key| key.to_string());
            return Err(Error::invalid_request(format!(
                "The folder of this vault is there already, with recovery points under KMS key {wraps}: a vault keeps its key"
            )));
        }
        let found = self.told_type(arn)?;
        if !(found.is_standard() && birth.vault_type.is_standard()) {
            let message = format!(
                "The folder of backup vault {arn} is there already, with recovery points that the catalog does not know, as \
                 a {found}: `vaultdeck vault rescan` takes it up"
            );
            return Err(Error::already_exists(message, Some(arn.to_string()), None));
        }
        let id = self.identify(arn)?;
        tracing::warn!(
            vault = %arn,
            folder = %files.location(),
            "the folder of a new vault is there already, with recovery points that the catalog does not know: it is kept"
        );
        self.own(arn, id.clone());
        Ok(id)
    }

    /// Whether a vault's folder, known to the catalog or not, holds recovery points under a KMS key.
    pub(crate) fn holds_points_under(&self, arn: &Arn, key: &Arn) -> Result<bool> {
        let files = self.files_of(arn)?;
        if !holds_recovery_points(files.as_ref())? {
            return Ok(false);
        }
        match read_key(files.as_ref(), &self.keys, arn) {
            // Its own key is deleted already, so it is another one.
            Err(error) if error.is_stranded() => Ok(false),
            found => Ok(found?.value.under.as_ref() == Some(key)),
        }
    }

    /// The id that a vault's folder bears; one that bears none is given one.
    pub(crate) fn identify(&self, arn: &Arn) -> Result<VaultId> {
        let files = self.files_of(arn)?;
        let Pair { value: mut frozen, mend } = read_frozen(files.as_ref(), arn)?;
        if let Some(id) = frozen.vault_id {
            return Ok(id);
        }
        self.require_write()?;
        // Nothing is deleted: what is damaged of the files is set aside before they are written again.
        if let Some(mend) = mend {
            mend.carry_out(files.as_ref())?;
        }
        let id = VaultId::draw();
        frozen.vault_id = Some(id.clone());
        write_own(files.as_ref(), FROZEN, &frozen)?;
        Ok(id)
    }

    /// The kind of vault that a folder says to be.
    pub(crate) fn told_type(&self, arn: &Arn) -> Result<VaultType> {
        // The file of the kind is not sealed, and is made up where it is lost. The lock's record is sealed, and only an
        // air-gapped vault is born with one that is final.
        match self.told::<LockRecord>(arn) {
            Err(error) if error.is_stranded() => {}
            told => {
                let is_born_locked =
                    |lock: &LockRecord| lock.sequence == 1 && matches!(lock.state, LockState::Immutable(_));
                if told?.record().is_some_and(is_born_locked) {
                    return Ok(VaultType::AirGapped);
                }
            }
        }
        Ok(read_frozen(self.files_of(arn)?.as_ref(), arn)?.value.vault_type)
    }

    /// Moves the folder of the vault `id` to the trash. A folder of that name that belongs to another vault stays, and that
    /// there is none is fine: then an earlier attempt came that far.
    pub(crate) fn discard(&self, arn: &Arn, id: Option<&VaultId>, deleted: Time) -> Result<()> {
        self.require_write()?;
        let place = place_of(arn)?;
        if self.places.is_taken(&place)? {
            let files = self.places.find(&place).ok().flatten();
            let bears = files.and_then(|files| read_frozen(files.as_ref(), arn).ok()?.value.vault_id);
            // What cannot be read bears no id; only a folder that says to be another's is left alone.
            if bears.is_none() || bears.as_ref() == id {
                self.bury(&place, deleted)?;
            } else {
                let folder = self.places.location(&place);
                tracing::warn!(vault = %arn, %folder, "the folder belongs to another vault by now: it stays");
            }
        }
        self.disown(arn);
        self.retire(arn);
        Ok(())
    }

    /// Moves a folder to the trash.
    fn bury(&self, place: &Place, now: Time) -> Result<()> {
        let name = trash::name(place, now);
        let grave = self.places.bury(place, &name)?;
        // Nothing in it is a recovery point's any more; where its disk is away it stays, and is told from another vault's by
        // its id.
        if let Err(error) = self.places.bury_cold(place, &name) {
            tracing::warn!(vault = %place.name, %error, "the cold storage of a deleted vault stays where it is");
        }
        tracing::info!(
            folder = %self.places.location(place),
            trash = %grave,
            days = trash::KEEP_DAYS,
            "the folder of a vault was moved to the trash, where it is deleted after some days"
        );
        Ok(())
    }

    /// Removes what vaults left behind whose making was interrupted.
    pub(crate) fn remove_leftovers(&self) -> Result<()> {
        self.require_write()?;
        Ok(self.places.remove_leftovers()?)
    }
}

/// Whether a vault's files hold a manifest or a snapshot.
fn holds_recovery_points(files: &dyn Storage) -> Result<bool> {
    Ok(files.list_side(POINTS)?.is_some_and(|names| !names.is_empty()) || !files.list(FileKind::Snapshot)?.is_empty())
}
