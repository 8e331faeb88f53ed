//! Carries out what was approved.

use crate::client::approve::Approved;
use crate::client::audit::Audit;
use crate::client::change::{ChangeFailure, Outcome, Sending};
use crate::client::connect::Connection;
use crate::client::{Fault, FaultKind, Feature};
use std::sync::Arc;

/// Sends the requests of an approved mutation, in their order, each written to the audit log before and after.
pub async fn mutate(connection: &Connection, audit: &Arc<Audit>, approved: Approved) -> Result<Outcome, ChangeFailure> {
    let stopped = |fault| ChangeFailure { fault: Box::new(fault), done: Vec::new() };
    let refused = |why: &str| stopped(Fault::new(FaultKind::Refused, why));
    connection.capabilities().allows(Feature::Write).map_err(refused)?;
    let client = connection.clients(approved.scope()).await.map_err(stopped)?.backup;
    let kms = connection.kms(approved.scope()).await.map_err(stopped)?;
    let ram = connection.ram(approved.scope()).await.map_err(stopped)?;
    let (mutation, order) = approved.into_order();
    mutation.send(&mut Sending::new((client, kms, ram, connection.control()), audit, connection.label(), order)).await
}

#[cfg(test)]
mod tests;
