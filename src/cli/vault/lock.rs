//! `vaultdeck vault lock` and `vault unlock`: Vault Lock from the command line, on the engine or on AWS.

use crate::cli::Session;
use crate::cli::backup::audit;
use crate::cli::change_options::ChangeOptions;
use crate::cli::failure::{Exit, Failure};
use crate::cli::vault::change;
use crate::client::change::{DeleteVaultLock, Mutation, PutVaultLock};
use crate::domain::vault_lock::LockRequest;

pub(super) async fn put(session: &Session, options: ChangeOptions, lock: LockRequest) -> Result<Exit, Failure> {
    lock.validate()?;
    let change = PutVaultLock { vault: options.name.clone(), lock };
    carry(session, &options, change.into()).await
}

pub(super) async fn take_off(session: &Session, options: ChangeOptions) -> Result<Exit, Failure> {
    let change = DeleteVaultLock { vault: options.name.clone() };
    carry(session, &options, change.into()).await
}

async fn carry(session: &Session, options: &ChangeOptions, change: Mutation) -> Result<Exit, Failure> {
    let audit = audit(session)?;
    let (reached, scope) = change::reach(session, options).await?;
    let done =
        change::ask_and_send(&reached, &audit, scope, options, change, |pending| pending.consequence.clone()).await;
    reached.close().await;
    done
}
