//! What a deletion strands, as far as the dashboard knows.

use crate::client::{Mutation, stranded};
use crate::domain::plan::Plan;
use crate::domain::{Arn, KnownPoint, Scope};
use crate::tui::world::World;
use std::collections::HashSet;

/// What is said of a change beside what it says itself; nothing where it deletes nothing that others need.
pub fn of(scope: &Scope, change: &Mutation, world: &World) -> String {
    match change {
        Mutation::DeleteVault(change) => {
            stranded::by_vault(scope, &change.name, plans(scope, world).map(Vec::into_iter))
        }
        Mutation::DeleteRecoveryPoint(change) => {
            let point = world.store.find_point(scope, &change.recovery_point);
            point.map_or_else(String::new, |point| {
                let known = world.store.known_points(&point.resource_arn);
                stranded::by_point(point, known.into_iter().map(AsRef::as_ref))
            })
        }
        Mutation::DeletePlan(change) => {
            let jobs = world.store.backup_jobs(scope).into_iter().flat_map(|jobs| jobs.iter());
            stranded::by_plan(&change.id, jobs.map(AsRef::as_ref))
        }
        _ => String::new(),
    }
}

/// What is left of the resources of recovery points that are deleted together.
pub fn of_points(points: &[&KnownPoint], world: &World) -> String {
    let resources: HashSet<&Arn> = points.iter().map(|point| &point.resource_arn).collect();
    let known = world.store.known_points_of(|arn| resources.contains(arn));
    stranded::by_points(points, known.into_iter().map(AsRef::as_ref))
}

/// The plans of a scope with their documents; none while any is not known.
fn plans<'a>(scope: &Scope, world: &'a World) -> Option<Vec<&'a Plan>> {
    let listed = world.store.plans(scope)?.iter();
    listed.map(|plan| world.store.plan(scope, &plan.id).map(|detail| &detail.plan)).collect()
}
