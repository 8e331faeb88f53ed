//! Who can do an action, as far as the policy alone tells: for whoever cannot ask the service itself.

use super::{COPY_INTO_VAULT, Decision, Element, Facts, Identity, Policy, PrincipalEntry, Request, Target, target_of};
use crate::domain::{AccountId, Arn};
use std::collections::BTreeSet;

/// What the policy says to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyStanding {
    /// An ARN, or words.
    pub principal: String,
    /// Whether they can; none where it depends on what is not known here.
    pub allowed: Option<bool>,
    /// Why, or what it depends on.
    pub because: String,
}

/// What a policy says of an action on its vault, to everybody whom it names and to the others. Without a policy nothing is
/// restricted within the vault's account.
pub fn standings(policy: Option<&Policy>, vault: &Arn, action: &str) -> Vec<PolicyStanding> {
    let Ok(own) = vault.account().parse::<AccountId>() else { return Vec::new() };
    let mut all: Vec<PolicyStanding> = named(policy)
        .into_iter()
        .filter_map(|arn| Some((arn.to_string(), Identity::of(&arn)?)))
        .map(|(called, identity)| standing(policy, vault, &own, action, (called, &identity), Facts::partial()))
        .collect();
    let anybody: Option<Arn> = format!("arn:aws:iam::{own}:user/anybody-else").parse().ok();
    if let Some(identity) = anybody.as_ref().and_then(Identity::of) {
        let called = format!("anybody else of account {own}");
        all.push(standing(policy, vault, &own, action, (called, &identity), Facts::partial()));
    }
    all.push(PolicyStanding {
        principal: "other accounts".to_owned(),
        allowed: if action == COPY_INTO_VAULT { None } else { Some(false) },
        because: if action == COPY_INTO_VAULT {
            "only those whom a statement above allows, and what their own policies say".to_owned()
        } else {
            "a vault's policy gives them nothing but backup:CopyIntoBackupVault".to_owned()
        },
    });
    all
}

/// What a policy says of an action on its vault to one user or role, of whatever account, and of an organization where that is
/// known; none where the ARN names neither.
pub fn standing_of(
    policy: Option<&Policy>,
    vault: &Arn,
    action: &str,
    who: &Arn,
    organization: Option<&str>,
) -> Option<PolicyStanding> {
    let (own, identity) = (vault.account().parse().ok()?, Identity::of(who)?);
    let facts = organization.into_iter().fold(Facts::partial(), |facts, id| facts.with("aws:PrincipalOrgID", id));
    Some(standing(policy, vault, &own, action, (who.to_string(), &identity), facts))
}

/// Everybody whom a policy names, as principal or in a condition on `aws:PrincipalArn`.
fn named(policy: Option<&Policy>) -> BTreeSet<Arn> {
    let statements = policy.map_or(&[][..], |policy| &policy.statements);
    let mut all = BTreeSet::new();
    for statement in statements {
        let (Element::Only(entries) | Element::AllBut(entries)) = &statement.principals;
        all.extend(entries.iter().filter_map(|entry| match entry {
            PrincipalEntry::Identity(arn) => Some(arn.clone()),
            PrincipalEntry::Account(account) => format!("arn:aws:iam::{account}:root").parse().ok(),
            PrincipalEntry::Anybody | PrincipalEntry::Service(_) => None,
        }));
        let arns = statement.conditions.iter().filter(|one| one.key.eq_ignore_ascii_case("aws:PrincipalArn"));
        let values = arns.flat_map(|one| &one.values).filter(|value| !value.contains(['*', '?', '$']));
        all.extend(values.filter_map(|value| value.parse().ok()));
    }
    all
}

fn standing(
    policy: Option<&Policy>,
    vault: &Arn,
    own: &AccountId,
    action: &str,
    (called, identity): (String, &Identity),
    known: Facts,
) -> PolicyStanding {
    let facts = known
        .with("aws:PrincipalArn", identity.principal_arn())
        .with("aws:PrincipalAccount", identity.account.as_str())
        .with("aws:PrincipalType", identity.kind())
        .with("aws:ResourceAccount", own.as_str());
    let point = format!("arn:aws:backup:{}:{own}:recovery-point:any", vault.region());
    let resource = if target_of(action) == Some(Target::RecoveryPoint) { point.as_str() } else { vault.as_str() };
    let request = Request { identity, action, resource, facts: &facts };
    let is_own = identity.account == *own;
    let (allowed, because) = match policy.map(|policy| (policy, policy.evaluate(&request))) {
        Some((policy, Decision::Deny(index))) => (Some(false), format!("{} denies it", policy.name_of(index))),
        Some((policy, Decision::Depends { statement, keys })) => {
            let keys: Vec<String> = keys.into_iter().collect();
            (None, format!("{} decides it by {}, which is not known here", policy.name_of(statement), keys.join(", ")))
        }
        _ if !is_own && action != COPY_INTO_VAULT => (Some(false), "the vault is of another account".to_owned()),
        Some((policy, Decision::Allow(index))) => (Some(true), format!("{} allows it", policy.name_of(index))),
        _ if !is_own => (Some(false), "no statement allows it".to_owned()),
        _ => (Some(true), "no statement denies it; their own policies must allow it".to_owned()),
    };
    PolicyStanding { principal: called, allowed, because }
}

impl Policy {
    /// Whether nobody at all could ever change or remove it again: both are denied to everybody, without a condition.
    pub fn is_final(&self, vault: &Arn) -> bool {
        ["backup:PutBackupVaultAccessPolicy", "backup:DeleteBackupVaultAccessPolicy"].into_iter().all(|action| {
            self.statements.iter().any(|statement| {
                let everybody =
                    matches!(&statement.principals, Element::Only(entries) if entries.contains(&PrincipalEntry::Anybody));
                let here = statement.fits_resource(vault.as_str(), self.version);
                let denies = statement.effect == super::Effect::Deny && statement.names_action(action);
                everybody && denies && here && statement.conditions.is_empty()
            })
        })
    }
}
