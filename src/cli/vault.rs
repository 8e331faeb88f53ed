//! `vaultdeck vault`: what a vault needs beside AWS's operations.

use super::Session;
use super::arguments::{PlainFormat, ScopeOptions, VaultCommand};
use super::failure::{Exit, Failure};
use super::host::{Host, Purpose};
use super::output;
use crate::domain::extension::CheckReport;
use crate::domain::{Scope, VaultName};
use crate::engine::Engine;

pub(super) async fn run(session: &Session, command: VaultCommand) -> Result<Exit, Failure> {
    let (VaultCommand::RecoveryKey { name, .. } | VaultCommand::Check { name, .. }) = &command;
    name.parse::<VaultName>()?;
    let host = Host::reach(session, Purpose::Look).await?;
    let done = carry_out(&host, command).await;
    host.close().await;
    done
}

async fn carry_out(host: &Host, command: VaultCommand) -> Result<Exit, Failure> {
    match command {
        VaultCommand::RecoveryKey { name, scope } => {
            let key = host.control().recovery_key(&whole(scope)?, &name).await?;
            output::write(&format!("{}\n", key.password))?;
            Ok(Exit::Done)
        }
        VaultCommand::Check { name, scope, output: format } => {
            let report = host.control().check_vault(&whole(scope)?, &name).await?;
            match format {
                PlainFormat::Json => output::print_json(&report)?,
                PlainFormat::Text => output::write(&told(&name, &report))?,
            }
            Ok(if report.problems.is_empty() { Exit::Done } else { Exit::Failed })
        }
    }
}

/// What was not named is the first account and region.
fn whole(options: ScopeOptions) -> Result<Scope, Failure> {
    let first = Engine::first_scope()?;
    Ok(Scope::new(options.account.unwrap_or(first.account), options.region.unwrap_or(first.region)))
}

fn told(name: &str, report: &CheckReport) -> String {
    let mut text = format!(
        "read {} snapshots, {} packs, {} blobs, {}\n",
        report.snapshots,
        report.packs,
        report.blobs,
        output::bytes(report.bytes)
    );
    if report.problems.is_empty() {
        text += &format!("vault {name} is whole\n");
    }
    for problem in &report.problems {
        text += &format!("damaged: {problem}\n");
    }
    text
}
