//! What the catalog says of the recovery points of a vault, held against what lies in the vault's folder.

use super::folders::Listing;
use crate::domain::Arn;
use crate::engine::catalog::values::Columns as _;
use crate::engine::error::Result;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// What a recovery point says of itself of which nothing is left.
const GONE: &str = "Neither the snapshot nor the manifest of this recovery point is in its vault: it was deleted after this \
    catalog was copied, or the vault's folder has lost it. Put the vault's files back, or delete the recovery point.";

/// A row of the catalog.
pub(super) struct Row {
    arn: Arn,
    status: String,
    message: Option<String>,
    snapshot: Option<String>,
}

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

/// The recovery points of a vault, by their ids. They are read before the folder is listed: whatever is committed in
/// between has its files and no row here, never the other way round.
pub(super) fn rows(connection: &Connection, vault: &Arn) -> Result<BTreeMap<String, Row>> {
    let mut statement = connection.prepare_cached(
        "SELECT point_id, arn, status, status_message, snapshot_id FROM recovery_points WHERE vault_arn = ?1",
    )?;
    let mut rows = statement.query([vault.as_str()])?;
    let mut points = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let point = Row {
            arn: row.parsed("arn")?,
            status: row.column("status")?,
            message: row.column("status_message")?,
            snapshot: row.column("snapshot_id")?,
        };
        points.insert(row.column("point_id")?, point);
    }
    Ok(points)
}

/// What of the rows does not agree with the folder.
pub(super) fn changes(rows: &BTreeMap<String, Row>, listing: &Listing) -> Vec<Change> {
    let Some(snapshots) = &listing.snapshots else { return Vec::new() };
    let change = |(id, row): (&String, &Row)| {
        let snapshot = row.snapshot.as_ref()?;
        let there = snapshots.contains(snapshot);
        let lost = !there && !listing.manifests.contains(id);
        match row.status.as_str() {
            "COMPLETED" | "PARTIAL" if lost => Some(Change::Gone(row.arn.clone())),
            "EXPIRED" if there && row.message.as_deref() == Some(GONE) => Some(Change::Back(row.arn.clone())),
            _ => None,
        }
    };
    rows.iter().filter_map(change).collect()
}

/// Writes them down. A point that is being deleted by now is left to its deletion.
pub(super) fn apply(connection: &Connection, changes: &[Change]) -> Result<()> {
    for change in changes {
        match change {
            Change::Gone(arn) => connection
                .prepare_cached(
                    "UPDATE recovery_points SET status = 'EXPIRED', status_message = ?2
                     WHERE arn = ?1 AND status IN ('COMPLETED', 'PARTIAL')",
                )?
                .execute(params![arn.as_str(), GONE])?,
            Change::Back(arn) => connection
                .prepare_cached(
                    "UPDATE recovery_points SET status = 'COMPLETED', status_message = NULL
                     WHERE arn = ?1 AND status = 'EXPIRED' AND status_message = ?2",
                )?
                .execute(params![arn.as_str(), GONE])?,
        };
    }
    Ok(())
}
