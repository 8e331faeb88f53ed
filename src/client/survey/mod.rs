//! What is known of many scopes at once, and what follows from it: the wall and the findings.
//!
//! Where the answers come from is the matter of whoever asks: the dashboard keeps them fresh, a command asks once
//! ([`Survey::take`]). What follows is the same for both.

mod facts;
mod failing;
#[cfg(test)]
pub(crate) mod fixture;
mod past;
mod taken;

pub use facts::{facts, knows_copies, take_in};
pub use taken::Survey;

use crate::client::history::Past;
use crate::client::query::PlanDetail;
use crate::client::{Answer, Key, Query};
use crate::domain::{Scope, Time};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The answers that are there.
pub trait Answers {
    /// The answer to a question; none where there is none yet.
    fn answer(&self, key: &Key) -> Option<&Answer>;
    /// What is known of a scope from before its list of backup jobs begins; none where nothing is kept of it.
    fn past(&self, scope: &Scope) -> Option<&Past>;
    /// Up to when the answer to a question is known to hold; `now`, unless it could not be asked again since.
    fn told_at(&self, key: &Key, now: Time) -> Time;
    /// Whether the context is an engine, whose list of resources has every one.
    fn is_engine(&self) -> bool;
}

/// The answer to a question of a scope where it is of that kind.
macro_rules! told {
    ($answers:expr, $scope:expr, $query:expr, $variant:ident) => {
        match $answers.answer(&crate::client::Key::scoped($scope.clone(), $query)) {
            Some(crate::client::Answer::$variant(told)) => Some(told),
            _ => None,
        }
    };
}
pub(super) use told;

/// How much is asked of AWS, where each thousand recovery points cost a call. An engine is asked for all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What findings need.
    Findings,
    /// The recovery points of every vault too.
    Points,
}

/// The questions whose answers findings need of each scope.
pub const LISTS: [Query; 8] = [
    Query::BackupJobs,
    Query::RestoreJobs,
    Query::CopyJobs,
    Query::Plans,
    Query::Vaults,
    Query::Resources,
    Query::ProtectedResources,
    Query::RegionSettings,
];

/// The questions about what the lists told of: each plan with its selections, each vault's key; and what only an engine tells, or
/// tells at no cost: how well new data compressed, the points of every vault.
pub fn details(answers: &dyn Answers, scopes: &[Scope]) -> Vec<Key> {
    let mut details = Vec::new();
    for scope in scopes {
        let mut ask = |query| details.push(Key::scoped(scope.clone(), query));
        for plan in told!(answers, scope, Query::Plans, Plans).into_iter().flat_map(|plans| plans.iter()) {
            ask(Query::Plan { id: plan.id.clone() });
        }
        if answers.is_engine() {
            ask(Query::NewData { job: None });
            details.extend(points(answers, scope));
        }
        details.extend(kms_keys(answers, scope));
    }
    details
}

/// The questions about the recovery points of a scope's vaults.
pub fn points(answers: &dyn Answers, scope: &Scope) -> Vec<Key> {
    let vaults = told!(answers, scope, Query::Vaults, Vaults).into_iter().flat_map(|vaults| vaults.iter());
    let held = vaults.filter(|vault| vault.recovery_points > 0);
    held.map(|vault| Key::scoped(scope.clone(), Query::RecoveryPoints { vault: vault.named() })).collect()
}

/// The questions about the keys of a scope's vaults: each key that a vault names. An alias is asked for as one.
pub fn kms_keys(answers: &dyn Answers, scope: &Scope) -> Vec<Key> {
    let vaults = told!(answers, scope, Query::Vaults, Vaults).into_iter().flat_map(|vaults| vaults.iter());
    let named: BTreeSet<&String> = vaults.filter_map(|vault| vault.encryption_key_arn.as_ref()).collect();
    named.into_iter().map(|name| Key::scoped(scope.clone(), Query::KmsKey { name: name.clone() })).collect()
}

/// The plans of a scope that are known, and whether these are all, each with its selections.
pub fn plans_of<'a>(answers: &'a dyn Answers, scope: &Scope) -> (Vec<&'a Arc<PlanDetail>>, bool) {
    let summaries = told!(answers, scope, Query::Plans, Plans);
    let details = summaries.into_iter().flat_map(|plans| plans.iter());
    let known = |id: &crate::domain::PlanId| told!(answers, scope, Query::Plan { id: id.clone() }, Plan);
    let plans: Vec<_> = details.filter_map(|plan| known(&plan.id)).collect();
    let all = summaries.is_some_and(|summaries| summaries.len() == plans.len());
    let known = all && plans.iter().all(|plan| plan.selections.is_ok());
    (plans, known)
}
