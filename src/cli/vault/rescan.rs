//! `vaultdeck vault rescan`: what the vaults' folders know and the catalog does not.

use crate::cli::Session;
use crate::cli::arguments::PlainFormat;
use crate::cli::failure::{Exit, Failure};
use crate::cli::host::{Host, Purpose};
use crate::cli::output;
use crate::domain::extension::RescanReport;
use crate::domain::{Scope, VaultName};

pub(super) async fn run(
    session: &Session,
    only: Option<(Scope, VaultName)>,
    format: PlainFormat,
) -> Result<Exit, Failure> {
    let (host, rebuilt) = if only.is_none() {
        Host::reach_rebuilding(session).await?
    } else {
        (Host::reach(session, Purpose::Look).await?, None)
    };
    let anew = rebuilt.is_some();
    let report = match rebuilt {
        Some(report) => Ok(report),
        None => host.control().rescan(only.as_ref().map(|(scope, name)| (scope, name.as_str()))).await,
    };
    host.close().await;
    let report = report?;
    match format {
        PlainFormat::Json => output::print_json(&report)?,
        PlainFormat::Text => output::write(&told(&report, anew))?,
    }
    Ok(if report.problems.is_empty() { Exit::Done } else { Exit::DoneWithIssues })
}

fn told(report: &RescanReport, anew: bool) -> String {
    let mut text = String::new();
    if anew {
        text += "the catalog was made anew from the vaults' folders; plans, registered resources, the history of jobs and \
                 the names and access keys of accounts are gone\n";
    }
    for (what, found) in [("account", &report.accounts), ("vault", &report.vaults), ("point", &report.recovery_points)]
    {
        for name in found {
            text += &format!("found {what}: {name}\n");
        }
    }
    for arn in &report.gone {
        text += &format!("gone: {arn}: neither its snapshot nor its manifest is in its vault\n");
    }
    for problem in &report.problems {
        text += &format!("not brought in: {problem}\n");
    }
    text + &format!(
        "{} accounts, {} vaults, {} recovery points came back\n",
        report.accounts.len(),
        report.vaults.len(),
        report.recovery_points.len()
    )
}
