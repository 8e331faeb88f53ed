//! What the vaults hold, and what leaves them.

use super::{Named, Period, Place};
use crate::client::survey::Survey;
use crate::domain::finding::Facts;
use crate::domain::{Known, KnownPoint, Time};
use serde::Serialize;
use std::collections::BTreeMap;

/// A vault at the end of a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Growth {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Its name.
    pub backup_vault_name: String,
    /// Its recovery points.
    pub points: u64,
    /// What they say that they have, together.
    pub bytes: i64,
    /// Those of them that came in the period.
    pub added_points: u64,
    /// What these say that they have.
    pub added_bytes: i64,
}

/// A recovery point whose lifecycle ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Deletion {
    /// When.
    pub delete_at: Time,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// In which vault.
    pub backup_vault_name: String,
    /// Of which resource.
    #[serde(flatten)]
    pub resource: Named,
    /// When it was made.
    pub created: Time,
    /// What it says that it has.
    pub bytes: i64,
    /// The recovery point.
    pub recovery_point_arn: String,
}

/// The vaults whose recovery points were told.
pub(super) fn growth(survey: &Survey, facts: &Facts<'_>, period: &Period) -> Vec<Growth> {
    let mut vaults: BTreeMap<(Place, String), Growth> = BTreeMap::new();
    let told = facts.vaults.iter().filter(|vault| vault.recovery_points == 0 || survey.knows_points_of(vault));
    for vault in told {
        let (place, name) = (Place::from(&vault.scope), vault.name.clone());
        let growth = Growth {
            place: place.clone(),
            backup_vault_name: name.clone(),
            points: 0,
            bytes: 0,
            added_points: 0,
            added_bytes: 0,
        };
        vaults.insert((place, name), growth);
    }
    for point in &facts.recovery_points {
        let Some(growth) = vaults.get_mut(&(Place::from(&point.scope), point.vault_name.clone())) else { continue };
        let bytes = point.size_bytes.unwrap_or_default();
        growth.points += 1;
        growth.bytes += bytes;
        if period.has(point.created) {
            growth.added_points += 1;
            growth.added_bytes += bytes;
        }
    }
    vaults.into_values().collect()
}

/// The recovery points whose lifecycle ends within as much time after the period as it has, the first first.
pub(super) fn deletions(facts: &Facts<'_>, period: &Period) -> Vec<Deletion> {
    let until = period.to + period.span.length();
    let line = |point: &&KnownPoint| {
        let Known::Known(Some(delete_at)) = point.delete_at() else { return None };
        let name = point.resource_name.as_deref();
        (period.to <= delete_at && delete_at < until).then(|| Deletion {
            delete_at,
            place: Place::from(&point.scope),
            backup_vault_name: point.vault_name.clone(),
            resource: Named::of(Some(&point.resource_arn), name, Some(&point.resource_type)),
            created: point.created,
            bytes: point.size_bytes.unwrap_or_default(),
            recovery_point_arn: point.arn.to_string(),
        })
    };
    let mut lines: Vec<Deletion> = facts.recovery_points.iter().filter_map(line).collect();
    lines.sort();
    lines
}
