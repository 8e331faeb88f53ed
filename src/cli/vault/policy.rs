//! `vaultdeck vault policy`: a vault's access policy from the command line, on the engine or on AWS.

use crate::cli::Session;
use crate::cli::arguments::{PlainFormat, PolicyCommand};
use crate::cli::backup::audit;
use crate::cli::change_options::ChangeOptions;
use crate::cli::context::Reached;
use crate::cli::failure::{Exit, Failure};
use crate::cli::host::Purpose;
use crate::cli::output;
use crate::cli::vault::change;
use crate::client::approve::Pending;
use crate::client::change::{Ask, DeleteAccessPolicy, Mutation, PutAccessPolicy};
use crate::client::{Answer, Key, Query};
use crate::domain::policy::{Policy, difference};
use crate::domain::{Arn, Scope, VaultName};
use crate::tui::text::harmless;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

pub(super) async fn run(session: &Session, command: PolicyCommand) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::Show { name, scope, place, output } => {
            let reached = Reached::open(session, &place, &[], false, Purpose::Look).await?;
            let shown = async {
                let scope = scope.or(reached.connection.home_scope().await?);
                show(now(&reached, &scope, &name).await?, &name, output)
            }
            .await;
            reached.close().await;
            shown
        }
        PolicyCommand::Put { change, file } => {
            let text = read(&file)?;
            Policy::parse(&text)?;
            carry(session, &change, Some(text)).await
        }
        PolicyCommand::Delete { change } => carry(session, &change, None).await,
    }
}

/// The policy that a vault has.
async fn now(reached: &Reached, scope: &Scope, vault: &str) -> Result<Arc<Option<String>>, Failure> {
    let key = Key::scoped(scope.clone(), Query::AccessPolicy { vault: vault.to_owned() });
    match reached.connection.read(key).await? {
        Answer::AccessPolicy(policy) => Ok(policy),
        _ => Err(Failure::failed("the answer is of another question")),
    }
}

fn show(policy: Arc<Option<String>>, vault: &str, format: PlainFormat) -> Result<Exit, Failure> {
    let Some(text) = policy.as_ref() else {
        return Err(Failure::failed(format!("vault {vault} has no access policy")));
    };
    match format {
        PlainFormat::Json => output::write(&format!("{}\n", text.trim_end()))?,
        PlainFormat::Text => {
            let words: Vec<String> = words(Some(text)).iter().map(|line| harmless(line).into_owned()).collect();
            output::write(&format!("{}\n", words.join("\n")))?;
        }
    }
    Ok(Exit::Done)
}

/// Shows what would change, asks unless the options answer, and sends it.
async fn carry(session: &Session, options: &ChangeOptions, new: Option<String>) -> Result<Exit, Failure> {
    let audit = audit(session)?;
    let (reached, scope) = change::reach(session, options).await?;
    let done = async {
        let was = now(&reached, &scope, &options.name).await?;
        if *was == new {
            output::write(&match new {
                Some(_) => format!("vault {} has this policy already\n", options.name),
                None => format!("vault {} has no access policy\n", options.name),
            })?;
            return Ok(Exit::Done);
        }
        let changes = difference(&words(was.as_ref().as_ref()), &words(new.as_ref()));
        let changes: Vec<_> = changes.lines().map(harmless).collect();
        let changes = changes.join("\n");
        let change: Mutation = match new {
            Some(policy) => {
                let vault = Arn::vault(&scope, &options.name.parse::<VaultName>()?);
                PutAccessPolicy { vault, policy }.into()
            }
            None => DeleteAccessPolicy { vault: options.name.clone() }.into(),
        };
        let told = |pending: &Pending| match pending.ask {
            Ask::Yes => changes.clone(),
            Ask::Type(_) => format!("{changes}\n{}", pending.consequence),
        };
        change::ask_and_send(&reached, &audit, scope, options, change, told).await
    }
    .await;
    reached.close().await;
    done
}

/// A policy in plain words, one statement a line.
fn words(text: Option<&String>) -> Vec<String> {
    match text.map(|text| Policy::parse(text)) {
        None => Vec::new(),
        Some(Ok(policy)) => policy.in_words(),
        Some(Err(invalid)) => vec![format!("It cannot be read here: {invalid}")],
    }
}

/// The text of a file, or of the standard input.
fn read(file: &Path) -> Result<String, Failure> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}
