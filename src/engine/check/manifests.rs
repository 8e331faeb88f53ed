//! Manifests against the catalog. The catalog is what counts; a manifest is for the day when it is lost.

use crate::domain::damage::Damage;
use crate::domain::extension::{CheckKind, CheckProblem};
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::check::{Mend, points, rows};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::uses;
use crate::engine::points::manifest::{self, Manifest};
use crate::engine::points::rows::damage::PointData;
use crate::engine::points::rows::owed_manifests::{self, Kept};
use crate::engine::vaults::store::OpenVault;
use std::collections::BTreeSet;

/// How often a manifest is read that changes at the same time.
const ATTEMPTS: usize = 5;

const ADVICE: &str = "Manifests are written again from the catalog; recovery points restore without them";

/// Holds the manifests of the points against the catalog; what is wrong is written again where that is allowed.
pub(super) fn check(
    engine: &Engine,
    vault: &OpenVault,
    points: &[(PointData, Option<Damage>)],
    mend: Mend,
    notes: &mut Vec<String>,
) -> Result<Vec<CheckProblem>> {
    let mut problems = Vec::new();
    for (point, _) in points {
        problems.extend(check_one(engine, vault, point, mend)?);
    }
    let known: BTreeSet<&str> = points.iter().map(|(point, _)| point.point_id.as_str()).collect();
    for id in manifest::ids(vault.files())? {
        let expected =
            |connection: &Connection| Ok(rows::is_point(connection, &id)? || uses::makes_point(connection, &id)?);
        if !known.contains(id.as_str()) && !engine.catalog.read(expected)? {
            notes.push(format!("manifest {id}.json belongs to no recovery point of the catalog; it is kept"));
        }
    }
    Ok(problems)
}

/// A point's manifest by the catalog, and by its file.
type Both = (Kept, Result<Option<Manifest>>);

fn both(engine: &Engine, vault: &OpenVault, point: &PointData) -> Result<Option<Both>> {
    let kept = engine.catalog.read(|connection| owed_manifests::of(connection, &point.arn))?;
    Ok(kept.map(|kept| (kept, manifest::read(vault.files(), vault.key(), &point.point_id))))
}

/// The same of a point that does not get another snapshot between the one and the other, as a live continuous one does every few
/// seconds; nothing of one that always does, or is gone.
fn both_at_rest(engine: &Engine, vault: &OpenVault, point: &PointData) -> Result<Option<Both>> {
    for _ in 0..ATTEMPTS {
        let Some((kept, found)) = both(engine, vault, point)? else { return Ok(None) };
        let differs = found.as_ref().is_ok_and(|found| found.as_ref().is_some_and(|f| difference(f, &kept).is_some()));
        if !differs {
            return Ok(Some((kept, found)));
        }
        if engine.upkeep.is_moving(&point.arn) {
            continue;
        }
        let again = both(engine, vault, point)?;
        if again.is_some_and(|(k, f)| k == kept && f.ok() == found.as_ref().ok().cloned()) {
            return Ok(Some((kept, found)));
        }
    }
    Ok(None)
}

fn check_one(engine: &Engine, vault: &OpenVault, point: &PointData, mend: Mend) -> Result<Option<CheckProblem>> {
    let Some((kept, found)) = both_at_rest(engine, vault, point)? else { return Ok(None) };
    let wrong = match found {
        Ok(Some(found)) => {
            if let Some(wrong) = difference(&found, &kept) {
                wrong
            } else {
                if !kept.lacks.is_empty() || kept.manifest != found {
                    engine.adopt_manifest(&point.arn, &found)?;
                }
                return Ok(None);
            }
        }
        Ok(None) => "it is missing".to_owned(),
        Err(Error::Damaged { .. }) => "it is damaged, or belongs to another recovery point".to_owned(),
        Err(error @ Error::Newer { .. }) => return Ok(Some(problem(point, error.to_string(), false))),
        Err(error) => error.to_string(),
    };
    if mend == Mend::Nothing {
        return Ok(Some(problem(point, wrong, false)));
    }
    Ok(Some(match engine.write_manifest_again(vault, &point.arn) {
        Ok(()) => problem(point, told(&wrong, &kept), true),
        Err(error) => problem(point, format!("{wrong}, and it could not be written again: {error}"), false),
    }))
}

/// In what a manifest is not what the catalog says. Tags may have changed since; what only an older catalog lacks is no
/// difference.
fn difference(found: &Manifest, kept: &Kept) -> Option<String> {
    let wanted = &kept.manifest;
    let members = [
        ("its id", found.recovery_point_id == wanted.recovery_point_id),
        ("its vault", found.vault_arn == wanted.vault_arn),
        ("its snapshot", found.snapshot == wanted.snapshot),
        ("its folder", found.root == wanted.root),
        ("its resource", found.resource_arn == wanted.resource_arn),
        ("its creation time", found.created == wanted.created),
        ("its lifecycle", found.lifecycle == wanted.lifecycle),
    ];
    let wrong: Vec<&str> = members.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
    (!wrong.is_empty()).then(|| format!("it tells otherwise than the catalog: {}", wrong.join(", ")))
}

fn told(wrong: &str, kept: &Kept) -> String {
    match kept.lacks.as_slice() {
        [] => format!("{wrong}; it was written again from the catalog"),
        lacks => format!("{wrong}; it was written again from the catalog, which does not know {}", lacks.join(" nor ")),
    }
}

fn problem(point: &PointData, message: String, repaired: bool) -> CheckProblem {
    CheckProblem {
        kind: CheckKind::Manifest,
        subject: format!("the manifest of {}", points::subject(point)),
        message,
        recovery_point_arn: Some(point.arn.to_string()),
        item_count: None,
        items: Vec::new(),
        repaired,
        advice: Some(ADVICE.to_owned()),
    }
}
