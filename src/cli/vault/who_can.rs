//! `vaultdeck vault who-can`: who can do an action to a vault, and why.

use crate::cli::Session;
use crate::cli::arguments::PlainFormat;
use crate::cli::failure::{Exit, Failure};
use crate::cli::host::{Host, Purpose};
use crate::cli::output;
use crate::domain::Scope;
use crate::domain::extension::Standing;
use crate::tui::text::harmless;

pub(super) async fn run(
    session: &Session,
    scope: &Scope,
    name: &str,
    action: &str,
    format: PlainFormat,
) -> Result<Exit, Failure> {
    let host = Host::reach(session, Purpose::Look).await?;
    let answer = host.control().who_can(scope, name, action).await;
    host.close().await;
    let standings = answer?;
    match format {
        PlainFormat::Json => output::print_json(&standings)?,
        PlainFormat::Text => output::write(&standings.iter().map(told).collect::<String>())?,
    }
    Ok(Exit::Done)
}

/// `yes  arn:…` and below it why.
fn told(standing: &Standing) -> String {
    let answer = if standing.allowed { "yes" } else { "no " };
    format!("{answer}  {}\n     {}\n", harmless(&standing.principal), harmless(&standing.because))
}
