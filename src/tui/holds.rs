//! Which legal holds are on what is shown, as far as it is known: AWS tells of a hold what it catches, and of a recovery point
//! nothing.

use crate::client::{Key, Query};
use crate::domain::legal_hold::{Candidate, LegalHold};
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::{KnownPoint, Scope};
use crate::tui::world::World;
use std::sync::Arc;

/// What is asked of a scope: its holds, and of each that holds what it catches.
pub fn keys(scope: &Scope, world: &World) -> Vec<Key> {
    let holding = world.store.legal_holds(scope).into_iter().flat_map(|holds| holds.iter());
    let holding = holding.filter(|hold| hold.status.holds());
    let details = holding.map(|hold| Key::scoped(scope.clone(), Query::LegalHold { id: hold.id.clone() }));
    std::iter::once(Key::scoped(scope.clone(), Query::LegalHolds)).chain(details).collect()
}

/// What a selection looks at in a recovery point.
pub fn candidate(point: &KnownPoint) -> Candidate<'_> {
    Candidate {
        vault_name: &point.vault_name,
        resource_arn: &point.resource_arn,
        resource_type: &point.resource_type,
        created: point.created,
    }
}

/// Whether a hold can be on a point in its state: not on one that is being deleted, or is left of a deletion.
pub fn can_be_held(point: &KnownPoint) -> bool {
    !matches!(point.status, RecoveryPointStatus::Deleting | RecoveryPointStatus::Expired)
}

/// The holds that are on a point. The list says first which are released: their details are not asked for again, and what is
/// known of them still says that they hold.
pub fn on<'a>(point: &KnownPoint, world: &'a World) -> Vec<&'a Arc<LegalHold>> {
    // The holds of an account are on what it owns.
    if !can_be_held(point) || point.shared_by().is_some() {
        return Vec::new();
    }
    let holds = world.store.legal_holds(&point.scope).into_iter().flat_map(|holds| holds.iter());
    let holding = holds.filter(|hold| hold.status.holds());
    let told = holding.filter_map(|hold| world.store.legal_hold(&point.scope, &hold.id));
    told.filter(|hold| hold.is_on(&candidate(point))).collect()
}

/// Their titles; none where no hold is on it.
pub fn named(point: &KnownPoint, world: &World) -> Option<String> {
    let titles: Vec<&str> = on(point, world).iter().map(|hold| hold.summary.title.as_str()).collect();
    (!titles.is_empty()).then(|| titles.join(", "))
}
