//! Recovery keys: the key file with which plain `restic` opens a vault, made when somebody asks for it.
//!
//! A vault has one. It is replaced in an order in which a crash leaves the old one that its owner wrote down: the new key
//! file, then the row that names it, then the others that the engine made go. Until the answer is given, nobody knows the
//! new password.

use crate::domain::extension::RecoveryKey;
use crate::domain::{Arn, Scope, VaultName};
use crate::engine::Engine;
use crate::engine::authorize::action::MakeRecoveryKey;
use crate::engine::authorize::subject::VaultKey;
use crate::engine::authorize::{Principal, authorize};
use crate::engine::error::{Error, Result};
use crate::engine::vaults::{cold, rows};
use crate::repository::{self, FileKind, Id, Repository, crash_point};

/// What the key files of the engine say of their maker; those that a user added with `restic key add` say something else.
pub(crate) const USER: &str = "vaultdeck";
/// The same, where restic names the host.
pub(crate) const HOST: &str = "recovery-key";

impl Engine {
    /// Makes a key file with which `restic` opens a vault, and tells its password, this once. An earlier one is removed.
    pub fn make_recovery_key(&self, scope: &Scope, name: &VaultName) -> Result<RecoveryKey> {
        self.data_dir.require_write()?;
        let arn = Arn::vault(scope, name);
        // Two at once would each remove the other's; and nobody deletes the vault meanwhile.
        let one_at_a_time = self.vault_store.name_lock(&arn);
        let _one = one_at_a_time.lock();
        let vault = self.existing_vault(&arn)?;
        // Before a key is made, and again when it is noted.
        self.catalog.read(|c| authorize(c, Principal::Owner, MakeRecoveryKey, &VaultKey(&arn)).map(drop))?;
        let password = new_password()?;
        let now = self.clock.now();
        // A key that opened one of the two alone would be found out on the wrong day.
        let tiers = self.tiers(&arn)?;
        if let Some(away) = tiers.away {
            return Err(away);
        }
        let new = vault.repository.add_key_file(&password, USER, HOST, now.fixed_offset())?;
        for tier in &tiers.open {
            cold::copy_keys(vault.repository.storage().as_ref(), tier.repository.storage().as_ref())?;
        }
        crash_point::reached("during-key-replacement");
        let old = self
            .catalog
            .read(|connection| rows::recovery_keys::get(connection, &arn))?
            .and_then(|id| id.parse::<Id>().ok());
        self.catalog.write(|tx| {
            let permit = authorize(tx, Principal::Owner, MakeRecoveryKey, &VaultKey(&arn))?;
            rows::recovery_keys::set(tx, &permit, &new.to_hex())
        })?;
        crash_point::reached("during-key-replacement");
        for tier in &tiers.open {
            remove_others(&tier.repository, &new, old.as_ref())?;
        }
        Ok(RecoveryKey { password })
    }
}

/// Removes the key files that the engine made, but one: also those that a crash left. A damaged one is moved aside, whoever
/// made it: restic stops at it, and the new password would open nothing.
fn remove_others(repository: &Repository, kept: &Id, old: Option<&Id>) -> Result<()> {
    for (id, _) in repository.storage().list(FileKind::Key)?.into_iter().filter(|(id, _)| id != kept) {
        let gone = match repository.key_file(&id) {
            Ok(file) if file.username == USER && file.hostname == HOST => repository.remove_key_file(&id),
            // One that was ours and does not say so any more: its bytes are not those that were written.
            Ok(_) if old == Some(&id) => repository.set_key_file_aside(&id),
            Ok(_) => continue,
            Err(repository::Error::Damaged { .. }) => repository.set_key_file_aside(&id),
            Err(error) => Err(error),
        };
        match gone {
            Ok(()) | Err(repository::Error::NotFound { .. }) => {}
            Err(error) => return Err(Error::Repository(error)),
        }
    }
    Ok(())
}

/// A new recovery key's password.
pub(crate) fn new_password() -> Result<String> {
    let mut random = zeroize::Zeroizing::new([0; 24]);
    crate::engine::keys::random(random.as_mut_slice())?;
    Ok(words(random.as_slice()))
}

/// A password that survives being read aloud: groups of letters and digits that are not mistaken for each other.
fn words(random: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letters: Vec<char> = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    letters.chunks(6).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}
