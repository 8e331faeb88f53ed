//! How a change of a vault is asked for and sent.

use crate::cli::Session;
use crate::cli::change_options::ChangeOptions;
use crate::cli::context::Reached;
use crate::cli::failure::{Exit, Failure};
use crate::cli::host::Purpose;
use crate::cli::output;
use crate::cli::repair::SAY_YES;
use crate::client::approve::Pending;
use crate::client::audit::Audit;
use crate::client::change::{Ask, Danger, Mutation};
use crate::domain::Scope;
use std::io::{IsTerminal as _, stdin};
use std::sync::Arc;

/// The service that the options name, and the account and region of the vault there.
pub(super) async fn reach(session: &Session, options: &ChangeOptions) -> Result<(Reached, Scope), Failure> {
    let reached = Reached::open(session, &options.place, &[], options.write, Purpose::Look).await?;
    match reached.connection.home_scope().await {
        Ok(home) => Ok((reached, options.scope.clone().or(home))),
        Err(fault) => {
            reached.close().await;
            Err(fault.into())
        }
    }
}

/// Says what the change means, in the words of `told`, asks unless the options answer, and sends it.
pub(super) async fn ask_and_send(
    reached: &Reached,
    audit: &Arc<Audit>,
    scope: Scope,
    options: &ChangeOptions,
    change: Mutation,
    told: impl Fn(&Pending) -> String,
) -> Result<Exit, Failure> {
    let connection = &reached.connection;
    let pending = Pending::new(scope.clone(), change.clone(), &connection.capabilities(), &connection.command_line());
    let pending = pending.map_err(Failure::failed)?;
    let (means, end) = (told(&pending), "\n");
    output::write(&format!("{}.\n{means}{}", pending.summary, if means.is_empty() { "" } else { end }))?;
    // What only adds something is not asked for.
    if pending.danger > Danger::Low && !answered(options, &pending.ask)? {
        return Ok(Exit::Failed);
    }
    connection.order(audit, scope, change).await?;
    Ok(Exit::Done)
}

/// Whether a person, or the options in their place, gave the answer that the change asks for.
fn answered(options: &ChangeOptions, ask: &Ask) -> Result<bool, Failure> {
    let given = match ask {
        Ask::Yes if options.yes => return Ok(true),
        Ask::Yes => answer("Carry this out? [y/N] ", SAY_YES)?,
        Ask::Type(wanted) => match &options.confirm {
            Some(given) => given.clone(),
            None => {
                let how = format!("nobody can undo this: say --confirm {wanted} to do it");
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
