//! `vaultdeck disassociate`: takes a nested recovery point out of the composite one that it is nested in.

use super::arguments::DisassociateOptions;
use super::context::Reached;
use super::failure::{Exit, Failure};
use super::host::Purpose;
use super::{Session, backup, output, repair, restore};
use crate::client::Mutation;
use crate::client::change::DisassociateFromParent;
use crate::tui::text::harmless;

pub(super) async fn run(session: &Session, options: &DisassociateOptions) -> Result<Exit, Failure> {
    let audit = backup::audit(session)?;
    let change = &options.change;
    let reached = Reached::open(session, &change.place, &[], change.write, Purpose::Look).await?;
    let ended = carry_out(&reached, &audit, options).await;
    reached.close().await;
    ended
}

async fn carry_out(
    reached: &Reached,
    audit: &std::sync::Arc<crate::client::audit::Audit>,
    options: &DisassociateOptions,
) -> Result<Exit, Failure> {
    let point = restore::point(reached, &options.point, &options.change.scope).await?;
    let recovery_point = point.arn.clone();
    let change: Mutation = DisassociateFromParent { vault: point.vault_name.clone(), recovery_point }.into();
    if !options.change.yes {
        output::write(&format!("{}\n", harmless(&format!("{}. {}", change.summary(), change.consequence()))))?;
        if !repair::confirmed(repair::SAY_YES)? {
            return Ok(Exit::Failed);
        }
    }
    reached.connection.order(audit, point.scope.clone(), change).await?;
    Ok(Exit::Done)
}
