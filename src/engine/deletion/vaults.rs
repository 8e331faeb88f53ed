//! Vaults are deleted when they are empty and nobody works in them.

use crate::domain::{Arn, VaultName};
use crate::engine::Engine;
use crate::engine::authorize::action::DeleteBackupVault;
use crate::engine::authorize::authorize;
use crate::engine::authorize::subject::VaultToDelete;
use crate::engine::caller::Caller;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::uses;
use crate::engine::points::rows::creating;
use crate::engine::vaults::gate::Alone;
use crate::engine::vaults::rows::{self, deletions::Deletion};
use crate::repository::crash_point;

impl Engine {
    /// DeleteBackupVault: only an empty one in which nobody works; its folder moves to the trash, and the log says where.
    ///
    /// Whoever makes a vault of the same name meanwhile waits for the end of this one.
    pub fn delete_vault(&self, caller: &Caller, name: &str) -> Result<()> {
        let scope = caller.scope();
        let arn = Arn::vault(&scope, &name.parse::<VaultName>()?);
        // By an older copy of the catalog a vault may be empty that is not.
        if self.catalog.read(|connection| rows::exists(connection, &arn))? {
            self.survey_vault(&arn)?;
        }
        let name_lock = self.vault_store.name_lock(&arn);
        let _name = name_lock.lock();
        self.finish_deletion(&arn)?;
        let now = self.now();
        let mut alone = self.alone_in(&arn);
        let deleted = self.catalog.write(|tx| {
            let found = rows::get(tx, &scope, name)?;
            let is_written_into = uses::writes_into(tx, &arn)?;
            let subject = VaultToDelete { name, found: found.as_ref(), is_written_into };
            let permit = authorize(tx, caller, DeleteBackupVault, &subject)?;
            if alone.is_none() {
                return Err(Error::invalid_request(
                    "Backup vault cannot be deleted because it is being checked or cleaned up.",
                ));
            }
            let deletion = Deletion { id: rows::id(tx, &arn)?, vault: arn.clone(), deleted: now };
            creating::remove_of_vault(tx, &permit)?;
            rows::remove(tx, &permit, now)?;
            rows::deletions::note(tx, &permit, &deletion)?;
            Ok(deletion)
        });
        let carried = deleted.and_then(|deletion| {
            crash_point::reached("vault-row-deleted");
            self.carry_deletion(&deletion)
        });
        drop(alone.take());
        // A job may have found the vault held.
        self.jobs.wake();
        carried
    }

    /// The vault for oneself, if nobody works in it; who is about to leave is waited for.
    fn alone_in(&self, arn: &Arn) -> Option<Alone> {
        let gate = self.vault_store.gate(arn);
        for _ in 0..20 {
            if let Some(alone) = gate.try_alone() {
                return Some(alone);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        None
    }
}
