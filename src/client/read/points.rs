//! The recovery points of a resource: two lists that complete each other.

use super::{PAGE, Question, list};
use crate::client::explain::Explain;
use crate::client::{Fault, map};
use crate::domain::{Arn, KnownPoint, Scope};
use std::collections::{BTreeSet, HashMap};

/// ListRecoveryPointsByResource tells of every vault, and little of each point: neither when it is deleted nor which plan
/// made it. The lists of those vaults, asked for this resource alone, tell the rest. Where a vault's list is refused, which
/// policies of vaults may do, its points stay as far as they are known.
pub(super) async fn of_resource(
    scope: &Scope,
    backup: &aws_sdk_backup::Client,
    resource: &Arn,
    question: &Question,
) -> Result<Vec<KnownPoint>, Fault> {
    let call = backup.list_recovery_points_by_resource().resource_arn(resource.as_str()).max_results(PAGE);
    let points = list!(question, call, "ListRecoveryPointsByResource", recovery_points, |row| {
        map::recovery_point_of_resource(scope, resource, row)
    });
    let mut points: Vec<KnownPoint> = points.await?;
    let vaults: BTreeSet<String> = points.iter().map(|point| point.vault_name.clone()).collect();
    for vault in vaults {
        let call = backup.list_recovery_points_by_backup_vault().backup_vault_name(&vault);
        let call = call.by_resource_arn(resource.as_str()).max_results(PAGE);
        let told = list!(question, call, "ListRecoveryPointsByBackupVault", recovery_points, |row| {
            map::recovery_point(scope, row)
        });
        match told.await {
            Ok(told) => complete(&mut points, told),
            Err(fault) if fault.is_passing() => return Err(fault),
            Err(fault) => tracing::info!(vault, %fault, "a vault does not tell more of a resource's recovery points"),
        }
    }
    Ok(points)
}

/// Puts what is known better in the place of what is known less; a point that only one list has stays as it is there.
fn complete(points: &mut [KnownPoint], told: Vec<KnownPoint>) {
    let mut told: HashMap<Arn, KnownPoint> = told.into_iter().map(|point| (point.arn.clone(), point)).collect();
    for point in points {
        if let Some(better) = told.remove(&point.arn) {
            *point = better;
        }
    }
}
