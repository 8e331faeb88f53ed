//! `vaultdeck key`: the KMS keys under which vaults are made, and the root of the key ring.

mod root;

use super::arguments::{AddOptions, KeyCommand, KeyOptions, PlainFormat, ScopeOptions};
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::Purpose;
use super::output::{self, Column};
use super::{Session, backup, repair, rows};
use crate::client::attributes::kms_key;
use crate::client::audit::Audit;
use crate::client::change::{CreateAlias, CreateKey, KeyChange, ScheduleKeyDeletion, SetKeyState};
use crate::client::{Answer, Key, Mutation, Outcome, Query, stranded};
use crate::domain::kms::{KeyRef, KmsKey, validate_window};
use crate::domain::{Arn, Scope};
use crate::tui::text::harmless;
use std::sync::Arc;

const KEYS: [Column; 6] = [
    Column::of(&kms_key::ALIAS),
    Column::of(&kms_key::STATE),
    Column::of(&kms_key::DELETED),
    Column::of(&kms_key::DESCRIPTION),
    Column::of(&kms_key::ACCOUNT),
    Column::of(&kms_key::ARN),
];

pub(super) async fn run(session: &Session, command: KeyCommand) -> Result<Exit, Failure> {
    let (place, write) = match &command {
        KeyCommand::List(options) => return super::lists::kms_keys(session, options, &KEYS).await,
        KeyCommand::Root(options) => return root::run(session, options).await,
        KeyCommand::Add(options) => (&options.place.place, options.place.write),
        KeyCommand::Disable(key)
        | KeyCommand::Enable(key)
        | KeyCommand::CancelDeletion(key)
        | KeyCommand::Delete { key, .. } => (&key.place.place, key.place.write),
    };
    let audit = backup::audit(session)?;
    let reached = Reached::open(session, place, &[], write, Purpose::Look).await?;
    let ended = carry_out(&reached, &audit, &command).await;
    reached.close().await;
    ended
}

async fn carry_out(reached: &Reached, audit: &Arc<Audit>, command: &KeyCommand) -> Result<Exit, Failure> {
    let (options, to) = match command {
        KeyCommand::List(_) | KeyCommand::Root(_) => return Ok(Exit::Done),
        KeyCommand::Add(options) => return add(reached, audit, options).await,
        KeyCommand::Delete { days, yes, key } => return delete(reached, audit, key, *days, *yes).await,
        KeyCommand::Disable(options) => (options, KeyChange::Disabled),
        KeyCommand::Enable(options) => (options, KeyChange::Enabled),
        KeyCommand::CancelDeletion(options) => (options, KeyChange::Kept),
    };
    let (scope, key) = find(reached, &options.scope, &options.key).await?;
    reached.connection.order(audit, scope.clone(), Mutation::from(SetKeyState { key: key.id, to })).await?;
    show(reached, &scope, &key.arn, options.output).await
}

async fn add(reached: &Reached, audit: &Arc<Audit>, options: &AddOptions) -> Result<Exit, Failure> {
    // Before a key is made that would have another name than it was to have.
    if let Some(alias) = &options.alias {
        alias.parse::<crate::domain::kms::AliasName>()?;
    }
    let scope = options.scope.clone().or(reached.connection.home_scope().await?);
    let change = CreateKey { description: options.description.clone(), tags: options.tags.iter().cloned().collect() };
    let Outcome::KmsKey(id) = reached.connection.order(audit, scope.clone(), change).await? else {
        return Err(Failure::failed("the service told no KMS key"));
    };
    let arn = Arn::kms(&scope, &format!("key/{id}"));
    if let Some(name) = options.alias.clone() {
        let named = reached.connection.order(audit, scope.clone(), CreateAlias { name, key: id }).await;
        if named.is_err() {
            output::say(&format!("vaultdeck: the key {arn} was made, and it has no alias"));
        }
        named?;
    }
    show(reached, &scope, &arn, Some(options.output)).await
}

async fn delete(
    reached: &Reached,
    audit: &Arc<Audit>,
    options: &KeyOptions,
    days: i64,
    yes: bool,
) -> Result<Exit, Failure> {
    validate_window(days)?;
    let (scope, key) = find(reached, &options.scope, &options.key).await?;
    let change = Mutation::from(ScheduleKeyDeletion { key: key.id.clone(), days });
    if !yes {
        let vaults = reached.connection.read(Key::scoped(scope.clone(), Query::Vaults)).await?;
        let vaults = vaults.vaults().into_iter().flat_map(|vaults| vaults.iter());
        let told = stranded::by_key(&key.arn, vaults.map(AsRef::as_ref));
        let text = format!("{}.\n{} {told}\n", change.summary(), change.consequence());
        let lines: Vec<_> = text.lines().map(harmless).collect();
        output::write(&format!("{}\n", lines.join("\n")))?;
        if !repair::confirmed(repair::SAY_YES)? {
            return Ok(Exit::Failed);
        }
    }
    reached.connection.order(audit, scope.clone(), change).await?;
    show(reached, &scope, &key.arn, options.output).await
}

/// The key that is named, and where it lives: where its ARN says, else in the account and region that are named, else in those
/// of the context.
async fn find(reached: &Reached, named: &ScopeOptions, name: &str) -> Result<(Scope, KmsKey), Failure> {
    let by_arn = match KeyRef::parse(name) {
        Ok(KeyRef::Arn(arn) | KeyRef::AliasArn(arn, _)) => arn.scope(),
        _ => None,
    };
    let scope = match by_arn {
        Some(scope) => scope,
        None => named.clone().or(reached.connection.home_scope().await?),
    };
    let key = read(reached, &scope, name).await?;
    let key = key.ok_or_else(|| Failure::failed(format!("there is no KMS key {name}; see vaultdeck key list")))?;
    Ok((scope, key))
}

async fn read(reached: &Reached, scope: &Scope, name: &str) -> Result<Option<KmsKey>, Failure> {
    match reached.connection.read(Key::scoped(scope.clone(), Query::KmsKey { name: name.to_owned() })).await? {
        Answer::KmsKey(key) => Ok(key.as_ref().clone()),
        _ => Err(Failure::failed("the answer is of another question")),
    }
}

/// Prints the key as it is now, in the form that is asked for: its ARN for people.
async fn show(reached: &Reached, scope: &Scope, arn: &Arn, format: Option<PlainFormat>) -> Result<Exit, Failure> {
    match format {
        None => {}
        Some(PlainFormat::Text) => output::write(&format!("{arn}\n"))?,
        Some(PlainFormat::Json) => {
            let keys = reached.connection.read(Key::scoped(scope.clone(), Query::KmsKeys)).await?;
            let key = keys.kms_keys().and_then(|keys| keys.iter().find(|key| key.arn == *arn)).cloned();
            let key = key.ok_or_else(|| Failure::failed(format!("there is no KMS key {arn} any more")))?;
            output::print_json(&rows::told(&*key, kms_key::ALL))?;
        }
    }
    Ok(Exit::Done)
}
