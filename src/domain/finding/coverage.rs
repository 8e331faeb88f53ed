//! Of resources: those that nothing protects, those whose backups are too old or were never proven, and types that are off.

use super::{Facts, Finding, FindingKind, Severity, Subject, Uncovered, name_of};
use crate::domain::resource::ProtectedResource;
use crate::domain::types::TYPES;
use crate::domain::{Arn, ResourceType, Scope};
use std::collections::{BTreeMap, HashSet};

pub(super) fn of_protected(resource: &ProtectedResource, facts: &Facts<'_>) -> Option<Finding> {
    let objective = facts.recovery_point_objective?;
    let last = resource.last_backup_time?;
    let age = facts.now - last;
    (age > objective).then(|| Finding {
        severity: Severity::Warning,
        kind: FindingKind::ObjectiveMissed,
        scope: resource.scope.clone(),
        subject: Subject::Resource(resource.arn.clone()),
        at: last + objective,
        title: format!("No recent backup: {}", name_of(resource.name.as_deref(), &resource.arn)),
        detail: format!("the last one is {} hours old, the objective is {}", age.num_hours(), objective.num_hours()),
        identity: resource.arn.to_string(),
        occasion: None,
        recovered: false,
    })
}

/// A resource that no plan selects. One that has a backup, made by hand or by a plan that is gone, is no better off: there is
/// no next one.
pub(super) fn unprotected(resource: &Uncovered<'_>, backed_up: &HashSet<&Arn>, facts: &Facts<'_>) -> Finding {
    let has_backup = backed_up.contains(resource.arn);
    Finding {
        severity: Severity::Warning,
        kind: FindingKind::Unprotected,
        scope: resource.scope.clone(),
        subject: Subject::Resource(resource.arn.clone()),
        at: facts.now,
        title: format!("No plan selects it: {}", name_of(resource.name, resource.arn)),
        detail: if has_backup {
            "no plan selects it: it has a backup, and there will be no next one".to_owned()
        } else {
            "no plan selects it, and it was never backed up".to_owned()
        },
        identity: resource.arn.to_string(),
        occasion: None,
        recovered: false,
    }
}

/// A resource with recovery points that no restore test has proven.
pub(super) fn unproven(resource: &Uncovered<'_>, facts: &Facts<'_>) -> Finding {
    Finding {
        severity: Severity::Notice,
        kind: FindingKind::NeverProven,
        scope: resource.scope.clone(),
        subject: Subject::Resource(resource.arn.clone()),
        at: facts.now,
        title: format!("Never proven: {}", name_of(resource.name, resource.arn)),
        detail: "no restore test of it is known that found its data whole".to_owned(),
        identity: resource.arn.to_string(),
        occasion: None,
        recovered: false,
    }
}

/// The types that a region is opted out of, and has resources of.
pub(super) fn opted_out(scope: &Scope, settings: &BTreeMap<String, bool>, facts: &Facts<'_>) -> Vec<Finding> {
    let protected = facts.protected.iter().map(|known| (&known.scope, &known.arn, Some(known.resource_type.clone())));
    let unprotected = facts.unprotected.iter().map(|known| (known.scope, known.arn, only_type(known.arn)));
    let mut types: BTreeMap<&Arn, ResourceType> = BTreeMap::new();
    for (_, arn, resource_type) in unprotected.chain(protected).filter(|(own, ..)| *own == scope) {
        types.extend(resource_type.map(|resource_type| (arn, resource_type)));
    }
    let mut of_type: BTreeMap<ResourceType, usize> = BTreeMap::new();
    for resource_type in types.into_values() {
        *of_type.entry(resource_type).or_default() += 1;
    }
    let off = of_type.into_iter().filter(|(of, _)| settings.get(of.as_str()) == Some(&false));
    off.map(|(resource_type, count)| Finding {
        severity: Severity::Critical,
        kind: FindingKind::OptedOut,
        scope: scope.clone(),
        at: facts.now,
        title: format!("Not opted in: {resource_type}"),
        detail: format!(
            "{} of this type: no plan makes jobs of them here until the region is opted in",
            if count == 1 { "1 resource is".to_owned() } else { format!("{count} resources are") }
        ),
        identity: resource_type.to_string(),
        occasion: None,
        subject: Subject::Type(resource_type),
        recovered: false,
    })
    .collect()
}

/// The type that an ARN names, where no other type has ARNs like it: clusters of Aurora, DocumentDB and Neptune look alike.
fn only_type(arn: &Arn) -> Option<ResourceType> {
    let mut fitting = TYPES.iter().filter(|facts| facts.arns.iter().any(|form| form.fits(arn)));
    let first = fitting.next()?;
    fitting.next().is_none().then(|| first.resource_type())
}
