//! `vaultdeck vault create`, `share`, `unshare` and `shares`: vaults and who else restores from them, on the engine or on AWS.

use super::change::{ask_and_send, reach};
use crate::cli::Session;
use crate::cli::arguments::PlainFormat;
use crate::cli::backup::audit;
use crate::cli::change_options::ChangeOptions;
use crate::cli::context::Reached;
use crate::cli::failure::{Exit, Failure};
use crate::cli::host::Purpose;
use crate::cli::output;
use crate::cli::vault_options::{CreateOptions, SharesOptions};
use crate::client::change::{CreateAirGappedVault, CreateVault, Mutation, ShareVault, UnshareVault};
use crate::domain::air_gap::RetentionBounds;
use crate::domain::sharing::{SharePrincipal, VaultShare};
use crate::domain::{Arn, Scope, VaultName};
use crate::tui::text::harmless;

/// Says what a change means, asks where it does harm, and sends it.
async fn carry(
    session: &Session,
    options: &ChangeOptions,
    change: impl AsyncFn(&Reached, &Scope) -> Result<Mutation, Failure>,
) -> Result<Exit, Failure> {
    let audit = audit(session)?;
    let (reached, scope) = reach(session, options).await?;
    let done = match change(&reached, &scope).await {
        Ok(change) => {
            ask_and_send(&reached, &audit, scope, options, change, |pending| pending.consequence.clone()).await
        }
        Err(failure) => Err(failure),
    };
    reached.close().await;
    done
}

pub(super) async fn create(session: &Session, options: CreateOptions) -> Result<Exit, Failure> {
    let name: VaultName = options.vault.name.parse()?;
    let tags = options.tags.iter().cloned().collect();
    let change: Mutation = match (options.air_gapped, options.min_days, options.max_days) {
        (true, Some(min_days), Some(max_days)) => {
            let bounds = RetentionBounds { min_days, max_days };
            bounds.validate()?;
            CreateAirGappedVault { name: name.to_string(), bounds, tags, encryption_key_arn: options.key }.into()
        }
        // Both are asked for by the options' own rules.
        _ => CreateVault { name: name.to_string(), tags, encryption_key_arn: options.key }.into(),
    };
    carry(session, &options.vault, async |_, _| Ok(change.clone())).await
}

pub(super) async fn share(session: &Session, options: ChangeOptions, with: SharePrincipal) -> Result<Exit, Failure> {
    carry(session, &options, async |reached, scope| {
        let vault = Arn::vault(scope, &options.name.parse()?);
        let shares = reached.connection.vault_shares(scope, &vault).await?;
        if let Some(known) = shares.iter().find(|share| share.principals.iter().any(|one| one == with.as_str())) {
            let (vault, share) = (&options.name, harmless(&known.name));
            return Err(Failure::failed(format!("vault {vault} is shared with {} already, by {share}", with.as_str())));
        }
        // The share that this command made before, if there is one.
        let own = shares.into_iter().find(|share| share.name == ShareVault::share_name(&vault));
        Ok(ShareVault { vault, with: with.clone(), share: own.map(|share| share.share) }.into())
    })
    .await
}

pub(super) async fn unshare(session: &Session, options: ChangeOptions, account: String) -> Result<Exit, Failure> {
    carry(session, &options, async |reached, scope| {
        let vault = Arn::vault(scope, &options.name.parse()?);
        let shares = reached.connection.vault_shares(scope, &vault).await?;
        let names = |share: &VaultShare| share.principals.contains(&account);
        let shares: Vec<Arn> = shares.into_iter().filter(names).map(|share| share.share).collect();
        if shares.is_empty() {
            return Err(Failure::failed(format!("vault {} is not shared with {account}", options.name)));
        }
        Ok(UnshareVault { vault, account: account.clone(), shares }.into())
    })
    .await
}

pub(super) async fn shares(session: &Session, options: SharesOptions) -> Result<Exit, Failure> {
    let name: VaultName = options.name.parse()?;
    let reached = Reached::open(session, &options.place, &[], false, Purpose::Look).await?;
    let found = of_vault(&reached, &options, &name).await;
    reached.close().await;
    let found = found?;
    match options.output {
        PlainFormat::Json => output::print_json(&found)?,
        PlainFormat::Text => {
            let line = |share: &VaultShare| {
                let with: Vec<String> =
                    share.principals.iter().map(|principal| harmless(principal).into_owned()).collect();
                format!("{}  {}\n", harmless(&share.name), with.join(" "))
            };
            output::write(&found.iter().map(line).collect::<String>())?;
        }
    }
    Ok(Exit::Done)
}

async fn of_vault(reached: &Reached, options: &SharesOptions, name: &VaultName) -> Result<Vec<VaultShare>, Failure> {
    let scope: Scope = options.scope.clone().or(reached.connection.home_scope().await?);
    Ok(reached.connection.vault_shares(&scope, &Arn::vault(&scope, name)).await?)
}
