//! What the catalog says of the recovery points of a vault, held against what lies in the vault's folder.

use super::folders::Listing;
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::{Arn, StorageClass, Time};
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::points;
use crate::engine::points::rows::{Standing, composite};
use std::collections::BTreeMap;

/// What a recovery point says of itself of which nothing is left.
const GONE: &str = "Neither the snapshot nor the manifest of this recovery point is in its vault: it was deleted after this \
    catalog was copied, or the vault's folder has lost it. Put the vault's files back, or delete the recovery point.";

/// What a row has to say from now on.
pub(super) enum Change {
    /// Nothing is left of it.
    Gone(Arn),
    /// It was taken for gone, and is there again.
    Back(Arn),
}

impl Change {
    pub(super) fn arn(&self) -> &Arn {
        match self {
            Self::Gone(arn) | Self::Back(arn) => arn,
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_))
    }

    pub(super) fn told(&self) -> &'static str {
        match self {
            Self::Gone(_) => GONE,
            Self::Back(_) => "the files of a recovery point that had been taken for gone are in its vault again",
        }
    }
}

/// What of the rows does not agree with the folder.
pub(super) fn changes(rows: &BTreeMap<String, Standing>, listing: &Listing) -> Vec<Change> {
    let Some(snapshots) = &listing.snapshots else { return Vec::new() };
    let change = |(id, row): (&String, &Standing)| {
        // The folder's listing is that of the warm repository.
        let snapshot = row.snapshot.as_ref().filter(|_| row.class == StorageClass::Warm)?;
        let there = snapshots.contains(snapshot);
        let lost = !there && !listing.manifests.contains(id);
        match row.status.as_str() {
            "COMPLETED" | "PARTIAL" | "AVAILABLE" | "STOPPED" if lost => Some(Change::Gone(row.arn.clone())),
            "EXPIRED" if there && row.message.as_deref() == Some(GONE) => Some(Change::Back(row.arn.clone())),
            _ => None,
        }
    };
    rows.iter().filter_map(change).collect()
}

/// Whether a continuous point may have another snapshot than the catalog says: it grew after this catalog was copied, or just now.
pub(super) fn has_grown(rows: &BTreeMap<String, Standing>, listing: &Listing) -> bool {
    let Some(snapshots) = &listing.snapshots else { return false };
    let is_continuous = |row: &&Standing| matches!(row.status.as_str(), "AVAILABLE" | "STOPPED");
    let mut told = rows.values().filter(is_continuous).filter_map(|row| row.snapshot.as_ref());
    told.any(|snapshot| !snapshots.contains(snapshot))
}

/// Writes them down. A point that is being deleted by now is left to its deletion.
pub(super) fn apply(connection: &Connection, changes: &[Change], now: Time) -> Result<()> {
    for change in changes {
        match change {
            Change::Gone(arn) => points::rows::set_gone(connection, arn, GONE, now)?,
            Change::Back(arn) => points::rows::set_back(connection, arn, GONE, now)?,
        }
    }
    changes.iter().try_for_each(|change| lessen(connection, change.arn(), now))
}

/// A composite lacks what is gone of what is nested in it, whichever of the two this was found of. One that is gone itself does not
/// say so: it may come back with all of it.
fn lessen(connection: &Connection, arn: &Arn, now: Time) -> Result<()> {
    let Some(found) = points::rows::get(connection, arn)? else { return Ok(()) };
    let nested = if found.nesting.is_parent() { composite::nested(connection, arn)? } else { vec![found] };
    for gone in nested.iter().filter(|nested| nested.status == RecoveryPointStatus::Expired) {
        if let Some(parent) = gone.nesting.parent() {
            composite::lessen(connection, parent, &format!("Nested recovery point {} is gone.", gone.arn), now)?;
        }
    }
    Ok(())
}
