//! `vaultdeck vault lock` and `vault unlock`: Vault Lock from the command line, on the engine or on AWS.

use crate::cli::Session;
use crate::cli::backup::audit;
use crate::cli::context::Reached;
use crate::cli::failure::{Exit, Failure};
use crate::cli::host::Purpose;
use crate::cli::lock_options::LockOptions;
use crate::cli::output;
use crate::cli::repair::SAY_YES;
use crate::client::approve::Pending;
use crate::client::change::{Ask, DeleteVaultLock, Mutation, PutVaultLock};
use crate::domain::vault_lock::LockRequest;
use std::io::{IsTerminal as _, stdin};

pub(super) async fn put(session: &Session, options: LockOptions, lock: LockRequest) -> Result<Exit, Failure> {
    lock.validate()?;
    let change = PutVaultLock { vault: options.name.clone(), lock };
    carry(session, &options, change.into()).await
}

pub(super) async fn take_off(session: &Session, options: LockOptions) -> Result<Exit, Failure> {
    let change = DeleteVaultLock { vault: options.name.clone() };
    carry(session, &options, change.into()).await
}

/// Says what the change means, asks unless the options answer, and sends it.
async fn carry(session: &Session, options: &LockOptions, change: Mutation) -> Result<Exit, Failure> {
    let audit = audit(session)?;
    let reached = Reached::open(session, &options.place, &[], options.write, Purpose::Look).await?;
    let done = async {
        let scope = options.scope.clone().or(reached.connection.home_scope().await?);
        let pending = Pending::new(
            scope.clone(),
            change.clone(),
            &reached.connection.capabilities(),
            &reached.connection.command_line(),
        );
        let pending = pending.map_err(Failure::failed)?;
        output::write(&format!("{}.\n{}\n", pending.summary, pending.consequence))?;
        if !answered(options, &pending.ask)? {
            return Ok(Exit::Failed);
        }
        reached.connection.order(&audit, scope, change).await?;
        Ok(Exit::Done)
    }
    .await;
    reached.close().await;
    done
}

/// Whether a person, or the options in their place, gave the answer that the change asks for.
fn answered(options: &LockOptions, ask: &Ask) -> Result<bool, Failure> {
    let given = match ask {
        Ask::Yes if options.yes => return Ok(true),
        Ask::Yes => answer("Carry this out? [y/N] ", SAY_YES)?,
        Ask::Type(wanted) => match &options.confirm {
            Some(given) => given.clone(),
            None => {
                let how = format!("nobody can take this lock off again: say --confirm {wanted} to put it on");
                answer(&format!("To do it, type {wanted} and press enter: "), &how)?
            }
        },
    };
    match ask {
        Ask::Yes => Ok(matches!(given.to_ascii_lowercase().as_str(), "y" | "yes")),
        Ask::Type(wanted) if given == *wanted => Ok(true),
        Ask::Type(wanted) => Err(Failure::usage(format!("{given:?} is not {wanted}: nothing was changed"))),
    }
}

fn answer(prompt: &str, nobody: &str) -> Result<String, Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::usage(nobody));
    }
    output::write(prompt)?;
    let mut text = String::new();
    stdin().read_line(&mut text)?;
    Ok(text.trim().to_owned())
}
