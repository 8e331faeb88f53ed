//! `vaultdeck vault`: vaults: made, shared, locked, checked, and what they need beside AWS's operations.

mod change;
mod lock;
mod policy;
mod recovery_keys;
mod rescan;
mod share;
mod who_can;

use super::Session;
use super::arguments::{PlainFormat, ScopeOptions, VaultCommand};
use super::failure::{Exit, Failure};
use super::host::{Host, Purpose};
use super::output;
use super::problem::{count, line};
use super::repair;
use crate::domain::extension::{CheckReport, RepairRequest};
use crate::domain::vault_lock::LockRequest;
use crate::domain::{Scope, VaultName};
use crate::engine::Engine;
use crate::tui::text::harmless;

pub(super) async fn run(session: &Session, command: VaultCommand) -> Result<Exit, Failure> {
    match command {
        VaultCommand::RecoveryKey { name, scope, output, .. } => {
            let only = name.map(|name| named(scope, &name)).transpose()?;
            recovery_keys::run(session, only, output).await
        }
        VaultCommand::Rescan { name, scope, output, .. } => {
            let only = name.map(|name| named(scope, &name)).transpose()?;
            rescan::run(session, only, output).await
        }
        VaultCommand::WhoCan { name, action, scope, output } => {
            let (scope, name) = named(scope, &name)?;
            who_can::run(session, &scope, name.as_str(), &action, output).await
        }
        VaultCommand::Lock { lock, min_days, max_days, changeable_for_days } => {
            let request =
                LockRequest { min_retention_days: min_days, max_retention_days: max_days, changeable_for_days };
            lock::put(session, lock, request).await
        }
        VaultCommand::Policy(command) => policy::run(session, command).await,
        VaultCommand::Create(options) => share::create(session, options).await,
        VaultCommand::Share { vault, with } => share::share(session, vault, with).await,
        VaultCommand::Unshare { vault, with } => share::unshare(session, vault, with).await,
        VaultCommand::Shares(options) => share::shares(session, options).await,
        VaultCommand::Unlock { lock } => lock::take_off(session, lock).await,
        VaultCommand::Check { name, scope, output } => {
            let (scope, name) = named(scope, &name)?;
            let host = Host::reach(session, Purpose::Look).await?;
            let done = check(&host, &scope, name.as_str(), output).await;
            host.close().await;
            done
        }
        VaultCommand::Repair { name, scope, dry_run, yes, output } => {
            let (scope, name) = named(scope, &name)?;
            let host = Host::reach(session, Purpose::Look).await?;
            let done = repaired(&host, &scope, name.as_str(), (dry_run, yes), output).await;
            host.close().await;
            done
        }
    }
}

async fn repaired(
    host: &Host,
    scope: &Scope,
    name: &str,
    (dry_run, yes): (bool, bool),
    format: PlainFormat,
) -> Result<Exit, Failure> {
    let ask = async |dry_run| host.control().repair_vault(scope, name, &RepairRequest { dry_run }).await;
    if !yes {
        let plan = ask(true).await?;
        if dry_run && format == PlainFormat::Json {
            output::print_json(&plan)?;
        } else {
            output::write(&repair::planned(name, &plan))?;
        }
        let nobody = "nobody is there to ask: say --yes to carry it out, or --dry-run to only look";
        if dry_run || plan.steps.is_empty() || !repair::confirmed(nobody)? {
            return Ok(if plan.steps.is_empty() && plan.left.is_empty() { Exit::Done } else { Exit::Failed });
        }
    }
    let report = ask(false).await?;
    match format {
        PlainFormat::Json => output::print_json(&report)?,
        PlainFormat::Text => output::write(&repair::told(name, &report))?,
    }
    Ok(if report.left.is_empty() { Exit::Done } else { Exit::Failed })
}

async fn check(host: &Host, scope: &Scope, name: &str, format: PlainFormat) -> Result<Exit, Failure> {
    let report = host.control().check_vault(scope, name).await?;
    match format {
        PlainFormat::Json => output::print_json(&report)?,
        PlainFormat::Text => output::write(&told(name, &report))?,
    }
    Ok(if report.problems.is_empty() { Exit::Done } else { Exit::Failed })
}

/// A vault that was named, in its account and region.
fn named(scope: ScopeOptions, name: &str) -> Result<(Scope, VaultName), Failure> {
    Ok((whole(scope)?, name.parse()?))
}

/// What was not named is the first account and region.
fn whole(options: ScopeOptions) -> Result<Scope, Failure> {
    let first = Engine::first_scope()?;
    Ok(Scope::new(options.account.unwrap_or(first.account), options.region.unwrap_or(first.region)))
}

/// A report for people: one line a problem, and at the end what to do, each advice once.
fn told(name: &str, report: &CheckReport) -> String {
    let mut text = format!(
        "read {}, {} packs, {} blobs, {}\n",
        count(report.recovery_points, "recovery point"),
        report.packs,
        report.blobs,
        output::bytes(report.bytes)
    );
    for problem in &report.problems {
        text += &line(if problem.repaired { "repaired" } else { "damaged" }, problem);
    }
    for note in &report.notes {
        text += &format!("note: {}\n", harmless(note));
    }
    if report.problems.is_empty() {
        text += &format!("vault {name} is whole\n");
        return text;
    }
    let repaired = report.problems.iter().filter(|problem| problem.repaired).count() as u64;
    text += &format!("vault {name}: {}", count(report.problems.len() as u64, "problem"));
    text += &if repaired > 0 { format!(", {repaired} of them repaired\n") } else { "\n".to_owned() };
    let mut advice = Vec::new();
    for problem in &report.problems {
        advice.extend(problem.advice.as_deref().filter(|text| !advice.contains(text)));
    }
    for line in advice {
        text += &format!("  - {}\n", harmless(line));
    }
    text
}
