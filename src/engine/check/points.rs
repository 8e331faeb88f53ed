//! Recovery points against snapshots: what cannot be restored, and snapshots that no recovery point knows.

use crate::domain::damage::Damage;
use crate::domain::extension::{CheckKind, CheckProblem};
use crate::domain::{Arn, VaultName};
use crate::engine::Engine;
use crate::engine::check::without_advice;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::finish::TAG;
use crate::engine::jobs::recovery::{Standing, standing};
use crate::engine::points::manifest;
use crate::engine::points::rows::damage::PointData;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{CheckOutcome, FileKind, Id};
use std::collections::BTreeSet;

/// What a person calls a recovery point: its id, what it is of, and from when.
pub(crate) fn subject(point: &PointData) -> String {
    format!(
        "recovery point {} of {}, {}",
        point.point_id,
        point.resource,
        point.created.format("%Y-%m-%d %H:%M:%S UTC")
    )
}

/// The damaged ones among the points.
pub(super) fn of_points(points: &[(PointData, Option<Damage>)], vault: &VaultName) -> Vec<CheckProblem> {
    let damaged = points.iter().filter_map(|(point, damage)| Some((point, damage.as_ref()?)));
    damaged
        .map(|(point, damage)| CheckProblem {
            kind: CheckKind::RecoveryPoint,
            subject: subject(point),
            message: damage.text(),
            recovery_point_arn: Some(point.arn.to_string()),
            item_count: damage.count,
            items: damage.items.clone(),
            repaired: false,
            advice: Some(format!(
                "Back up again what is lost and still there at its source; `vaultdeck vault repair {vault}` brings back what \
                 this engine can find elsewhere; all else of the recovery points can be restored"
            )),
        })
        .collect()
}

/// The snapshots that are no recovery point's: of this engine, and of other programs.
pub(super) fn of_snapshots(
    engine: &Engine,
    arn: &Arn,
    vault: &OpenVault,
    outcome: &CheckOutcome,
    known: &BTreeSet<&str>,
    problems: &mut Vec<CheckProblem>,
    notes: &mut Vec<String>,
) -> Result<()> {
    for (id, _) in vault.repository.storage().list(FileKind::Snapshot)? {
        if known.contains(id.to_hex().as_str()) {
            continue;
        }
        let problem = match vault.repository.load_snapshot(&id) {
            Err(crate::repository::Error::NotFound { .. }) => None,
            Err(error) => Some(unknown(&id, &format!("it cannot be read: {}", without_advice(&error.to_string())))),
            Ok(snapshot) => {
                let marks = snapshot.tags.unwrap_or_default();
                match marks.iter().find_map(|mark| mark.strip_prefix(TAG)) {
                    Some(point) => of_this_engine(engine, arn, vault, point, &id, notes)?,
                    None => outcome.affected.contains(&id).then(|| foreign(&id)),
                }
            }
        };
        problems.extend(problem);
    }
    Ok(())
}

/// A snapshot with this engine's mark that is no recovery point's.
fn of_this_engine(
    engine: &Engine,
    arn: &Arn,
    vault: &OpenVault,
    point: &str,
    id: &Id,
    notes: &mut Vec<String>,
) -> Result<Option<CheckProblem>> {
    // The catalog is about to tell of it.
    if arn.scope().is_some_and(|scope| engine.upkeep.is_moving(&Arn::recovery_point(&scope, point))) {
        return Ok(None);
    }
    match engine.catalog.read(|connection| standing(connection, arn, point, id))? {
        Standing::Needed => Ok(None),
        Standing::Orphan => {
            notes
                .push(format!("snapshot {id} was left by a job that ended without it; the next collection removes it"));
            Ok(None)
        }
        Standing::Unknown => {
            let told = match manifest::read(vault.files(), vault.key(), point) {
                Ok(Some(manifest)) if manifest.snapshot == id.to_hex() => {
                    format!("no recovery point knows it; its manifest tells of recovery point {point}")
                }
                Ok(_) | Err(Error::Damaged { .. }) => {
                    "no recovery point knows it, and no manifest tells of it".to_owned()
                }
                Err(error) => return Err(error),
            };
            Ok(Some(unknown(id, &told)))
        }
    }
}

fn unknown(id: &Id, message: &str) -> CheckProblem {
    CheckProblem {
        kind: CheckKind::UnknownSnapshot,
        subject: format!("snapshot {id}"),
        message: message.to_owned(),
        recovery_point_arn: None,
        item_count: None,
        items: Vec::new(),
        repaired: false,
        advice: Some(
            "A snapshot that no recovery point knows comes from a newer catalog than this one, or from a hand in the vault: \
             it is kept; restic restores it with the vault's recovery key"
                .to_owned(),
        ),
    }
}

fn foreign(id: &Id) -> CheckProblem {
    CheckProblem {
        kind: CheckKind::ForeignSnapshot,
        message: "it is of another program, and something in it cannot be read".to_owned(),
        advice: None,
        ..unknown(id, "")
    }
}
