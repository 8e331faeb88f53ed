//! `vaultdeck vault`: what a vault needs beside AWS's operations.

use super::Session;
use super::arguments::{PlainFormat, ScopeOptions, VaultCommand};
use super::failure::{Exit, Failure};
use super::host::{Host, Purpose};
use super::output;
use crate::domain::extension::{CheckProblem, CheckReport};
use crate::domain::{Scope, VaultName};
use crate::engine::Engine;
use crate::tui::text::harmless;

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

/// How many lost items of a recovery point a line names.
const NAMES: usize = 5;

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
        text += &line(problem);
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

fn line(problem: &CheckProblem) -> String {
    let mut text = format!("{}: {}: ", if problem.repaired { "repaired" } else { "damaged" }, problem.subject);
    match problem.item_count {
        Some(number) => {
            let named = problem.items.iter().take(NAMES).map(|item| format!("{} ({})", item.path, item.reason));
            text += &format!("{} cannot be restored: {}", count(number, "item"), named.collect::<Vec<_>>().join(", "));
            let more = number.saturating_sub(NAMES as u64);
            if more > 0 {
                text += &format!(" and {more} more");
            }
        }
        None => text += &problem.message,
    }
    format!("{}\n", harmless(&text))
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
