//! What a deletion blocks or strands, in words: the dashboard and the command line say it before they ask.

use crate::client::text::listed;
use crate::domain::job::BackupJob;
use crate::domain::plan::{Plan, Rule};
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::vault::Vault;
use crate::domain::{Arn, KnownPoint, PlanId, Scope};
use std::collections::{BTreeMap, HashSet};

/// How many are named one by one.
const NAMED: usize = 5;

/// The rules of plans that write or copy into a vault: their runs fail once it is gone. `plans` are those of its account and
/// region, and none where they are not known.
pub fn by_vault<'a>(scope: &Scope, vault: &str, plans: Option<impl Iterator<Item = &'a Plan>>) -> String {
    let Some(plans) = plans else { return "Which plans name it is not known here: open the plans first.".to_owned() };
    let named = |plan: &'a Plan| {
        let into = |rule: &&Rule| {
            rule.target_backup_vault_name == vault
                || rule.writes_into(scope, vault)
                || rule.copies_into(scope, vault).next().is_some()
        };
        let rules = plan.document.rules.iter().filter(into);
        rules.map(|rule| format!("{} of plan {}", rule.rule_name, plan.document.backup_plan_name))
    };
    let rules: Vec<String> = plans.flat_map(named).collect();
    match rules.len() {
        0 => "No rule of a plan of this account and region names it.".to_owned(),
        1 => format!("1 rule names it, and its runs will fail: {}.", listed(&rules, NAMED)),
        many => format!("{many} rules name it, and their runs will fail: {}.", listed(&rules, NAMED)),
    }
}

/// The vaults under a KMS key, of those of its account and region: without it nobody restores what they hold.
pub fn by_key<'a>(key: &Arn, vaults: impl Iterator<Item = &'a Vault>) -> String {
    let under = vaults.filter(|vault| vault.encryption_key_arn.as_deref() == Some(key.as_str()));
    let named: Vec<String> = under
        .map(|vault| match vault.recovery_points {
            1 => format!("{} with 1 recovery point", vault.name),
            points => format!("{} with {points} recovery points", vault.name),
        })
        .collect();
    match named.len() {
        0 => "No vault of this account and region is under it.".to_owned(),
        1 => format!("1 vault is under it and is stranded without it: {}.", named[0]),
        many => format!("{many} vaults are under it and are stranded without it: {}.", named.join(", ")),
    }
}

/// What is left of the resource of a recovery point: the other points of it that can be restored, of those that are known.
pub fn by_point<'a>(point: &KnownPoint, known: impl Iterator<Item = &'a KnownPoint>) -> String {
    let name = called(point);
    let left = known
        .filter(|other| other.resource_arn == point.resource_arn && other.arn != point.arn && can_be_restored(other));
    match left.count() {
        0 => format!("As far as is known here, it is the last one of {name} that can be restored."),
        1 => format!("1 other recovery point of {name} can be restored."),
        many => format!("{many} other recovery points of {name} can be restored."),
    }
}

/// The same of several that go together: what is left of each resource once all of them are gone. `known` are the recovery points
/// of these resources that are known.
pub fn by_points<'a>(points: &[&'a KnownPoint], known: impl Iterator<Item = &'a KnownPoint>) -> String {
    let gone: HashSet<&Arn> = points.iter().map(|point| &point.arn).collect();
    let mut left: BTreeMap<&Arn, (String, usize)> =
        points.iter().map(|point| (&point.resource_arn, (called(point), 0))).collect();
    for point in known.filter(|point| !gone.contains(&point.arn) && can_be_restored(point)) {
        if let Some((_, count)) = left.get_mut(&point.resource_arn) {
            *count += 1;
        }
    }
    let (with, without): (Vec<_>, Vec<_>) = left.into_values().partition(|(_, count)| *count > 0);
    let without: Vec<String> = without.into_iter().map(|(name, _)| name).collect();
    let with: Vec<String> = with.into_iter().map(|(name, count)| format!("{count} of {name}")).collect();
    let nothing = "As far as is known here, nothing is left that can be restored of";
    let told = [
        (!without.is_empty()).then(|| format!("{nothing} {}.", listed(&without, NAMED))),
        (!with.is_empty()).then(|| format!("What is left can be restored: {}.", listed(&with, NAMED))),
    ];
    told.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What people call the resource of a recovery point.
fn called(point: &KnownPoint) -> String {
    let name = point.resource_name.clone().filter(|name| !name.is_empty());
    name.unwrap_or_else(|| point.resource_arn.last_part().to_owned())
}

fn can_be_restored(point: &KnownPoint) -> bool {
    let whole = matches!(point.status, RecoveryPointStatus::Completed | RecoveryPointStatus::Available);
    // What is nested in a composite one counts, each for its own resource; the composite itself is not restored.
    whole && !point.is_damaged() && !point.nesting.is_parent()
}

/// The jobs of a plan that are under way: they go on.
pub fn by_plan<'a>(plan: &PlanId, jobs: impl Iterator<Item = &'a BackupJob>) -> String {
    let own = |job: &&BackupJob| job.created_by.as_ref().is_some_and(|by| by.backup_plan_id == plan.as_str());
    match jobs.filter(|job| !job.state.is_final()).filter(own).count() {
        0 => "None of its jobs is under way.".to_owned(),
        1 => "1 of its jobs is under way, and goes on to its end.".to_owned(),
        many => format!("{many} of its jobs are under way, and go on to their ends."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Known;
    use crate::domain::plan::{CopyAction, PlanDocument};

    fn scope() -> Scope {
        Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap())
    }

    fn plan(name: &str, vaults: &[&str]) -> Plan {
        let rule = |vault: &&str| Rule {
            rule_name: format!("to-{vault}"),
            target_backup_vault_name: (*vault).to_owned(),
            ..Rule::default()
        };
        Plan {
            id: name.parse().unwrap(),
            arn: Arn::plan(&scope(), name),
            scope: scope(),
            version_id: String::new(),
            document: PlanDocument {
                backup_plan_name: name.to_owned(),
                rules: vaults.iter().map(rule).collect(),
                advanced_backup_settings: Vec::new(),
            },
            creator_request_id: None,
            created: None,
            deleted: None,
            last_execution: None,
        }
    }

    fn point(id: &str, resource: &str, status: RecoveryPointStatus) -> KnownPoint {
        let vault = Arn::vault(&scope(), &"safe".parse().unwrap());
        KnownPoint {
            arn: Arn::recovery_point(&scope(), id),
            scope: scope(),
            vault_name: "safe".to_owned(),
            vault_arn: vault,
            resource_arn: Arn::file_system(&scope(), resource),
            resource_name: None,
            resource_type: crate::domain::types::efs::FACTS.resource_type(),
            status,
            status_message: None,
            created: "2026-11-23T05:00:00Z".parse().unwrap(),
            size_bytes: None,
            encryption_key_arn: None,
            created_by: Known::Unknown,
            iam_role_arn: Known::Unknown,
            initiated: Known::Unknown,
            completed: Known::Unknown,
            lifecycle: Known::Unknown,
            calculated_lifecycle: Known::Unknown,
            encrypted: Known::Unknown,
            last_restore: Known::Unknown,
            storage_class: Known::Unknown,
            nesting: crate::domain::Nesting::Alone,
            source_vault_arn: Known::Unknown,
        }
    }

    #[test]
    fn the_rules_that_name_a_vault_are_counted_and_named() {
        let plans = [plan("nightly", &["safe", "other"]), plan("weekly", &["safe"]), plan("none", &["other"])];
        let told = |count: usize| by_vault(&scope(), "safe", Some(plans[3 - count..].iter()));
        assert_eq!(told(1), "No rule of a plan of this account and region names it.");
        assert_eq!(told(2), "1 rule names it, and its runs will fail: to-safe of plan weekly.");
        assert_eq!(
            told(3),
            "2 rules name it, and their runs will fail: to-safe of plan nightly, to-safe of plan weekly."
        );
        let many = [plan("big", &["safe"; 7])];
        assert!(by_vault(&scope(), "safe", Some(many.iter())).ends_with("to-safe of plan big and 2 more."));
        assert!(by_vault(&scope(), "safe", None::<std::slice::Iter<'_, Plan>>).contains("not known"));
    }

    #[test]
    fn a_rule_that_only_copies_into_a_vault_names_it_too() {
        let elsewhere = Scope::new(scope().account, "eu-central-1".parse().unwrap());
        for (of, count) in [(scope(), "1 rule names it"), (elsewhere, "No rule of a plan")] {
            let mut copying = plan("nightly", &["other"]);
            copying.document.rules[0].copy_actions.push(CopyAction {
                destination_backup_vault_arn: Arn::vault(&of, &"safe".parse().unwrap()).to_string(),
                lifecycle: None,
            });
            let told = by_vault(&scope(), "safe", Some([copying].iter()));
            assert!(told.starts_with(count), "{told}");
        }
    }

    #[test]
    fn every_vault_under_a_key_is_named_with_what_it_holds() {
        let key = Arn::kms(&scope(), "key/1");
        let vault = |name: &str, points, key: &Arn| Vault {
            arn: Arn::vault(&scope(), &name.parse().unwrap()),
            scope: scope(),
            name: name.to_owned(),
            vault_type: crate::domain::vault::VaultType::Standard,
            encryption_key_arn: Some(key.to_string()),
            created: None,
            creator_request_id: None,
            recovery_points: points,
            lock: None,
        };
        let other = vault("other", 7, &Arn::kms(&scope(), "key/2"));
        let vaults = [vault("safe", 12, &key), vault("new", 1, &key), other];
        assert_eq!(by_key(&key, vaults[2..].iter()), "No vault of this account and region is under it.");
        let told = by_key(&key, vaults[1..].iter());
        assert_eq!(told, "1 vault is under it and is stranded without it: new with 1 recovery point.");
        let told = by_key(&key, vaults.iter());
        assert!(told.ends_with("without it: safe with 12 recovery points, new with 1 recovery point."), "{told}");
    }

    #[test]
    fn the_last_point_of_a_resource_that_can_be_restored_is_told_from_one_of_several() {
        use RecoveryPointStatus::{Completed, Deleting, Expired};
        let own = point("a", "fs-1", Completed);
        let lost =
            [own.clone(), point("b", "fs-1", Deleting), point("c", "fs-1", Expired), point("d", "fs-2", Completed)];
        assert!(by_point(&own, lost.iter()).contains("it is the last one of fs-1"));
        let kept = [point("e", "fs-1", Completed), point("f", "fs-1", Completed)];
        assert_eq!(by_point(&own, kept[1..].iter()), "1 other recovery point of fs-1 can be restored.");
        assert_eq!(by_point(&own, kept.iter()), "2 other recovery points of fs-1 can be restored.");
        let composite = KnownPoint { nesting: crate::domain::Nesting::Parent, ..kept[0].clone() };
        assert!(by_point(&own, [composite].iter()).contains("it is the last one of fs-1"));
    }

    #[test]
    fn of_several_points_that_go_together_none_is_what_is_left_of_another() {
        use RecoveryPointStatus::{Completed, Expired};
        let all = [
            point("a", "fs-1", Completed),
            point("b", "fs-1", Completed),
            point("c", "fs-1", Expired),
            point("d", "fs-2", Completed),
            point("e", "fs-2", Completed),
        ];
        let told = by_points(&[&all[0], &all[1], &all[3]], all.iter());
        assert_eq!(
            told,
            "As far as is known here, nothing is left that can be restored of fs-1. What is left can be restored: 1 of fs-2."
        );
        assert_eq!(by_points(&[&all[0]], all.iter()), "What is left can be restored: 1 of fs-1.");
        assert_eq!(by_points(&[], all.iter()), "");
    }
}
