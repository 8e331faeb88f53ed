//! What is seen of an account in a region: how its backups go, what of it is protected, and why nothing is seen where that is so.

use crate::client::{Fault, FaultKind, Key, Query};
use crate::domain::job::{BackupJob, JobState};
use crate::domain::{Arn, Scope};
use crate::tui::paint::{Segments, segment};
use crate::tui::theme::Role;
use crate::tui::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is seen of an account in a region.
#[derive(Debug)]
pub(super) enum Sight {
    /// It answered, now or earlier.
    Seen(Box<Seen>),
    /// It was asked and has not answered yet.
    Waiting,
    /// Nothing is seen of it.
    Blind(Why),
}

/// Why nothing is seen.
#[derive(Debug)]
pub(super) enum Why {
    /// No role is named with which the account could be entered.
    NoRole,
    /// The context does not ask this region of this account.
    NotAsked,
    /// It could not be entered, or does not answer.
    Fault(Fault),
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Health {
    /// No job ended.
    Nothing,
    /// The last job of every resource completed.
    Good,
    /// One was stopped, or left something out.
    Warning,
    /// One failed or expired.
    Bad,
}

/// What an account in a region answered.
#[derive(Debug)]
pub(super) struct Seen {
    /// The worst of the last jobs.
    pub(super) health: Health,
    /// The last job of each resource whose last one did not complete, the worst first.
    pub(super) troubles: Vec<Arc<BackupJob>>,
    /// How many resources have a job that ended.
    pub(super) tried: usize,
    /// How many jobs are under way.
    pub(super) running: usize,
    /// What can be protected and is not; none where it is not known what can be.
    pub(super) unprotected: Option<Vec<String>>,
    /// How many resources are protected, where that is known.
    pub(super) protected: Option<usize>,
    /// The plans that policies of the organization made, where the plans are known.
    pub(super) policies: Option<Vec<String>>,
    /// Why the last call failed, where it did: what is told may be out of date.
    pub(super) fault: Option<Fault>,
}

/// The questions that are asked of each scope.
pub(super) const ASKED: [Query; 4] = [Query::BackupJobs, Query::ProtectedResources, Query::Resources, Query::Plans];

/// What is seen of a scope of the context. `entry` is why the account could not be entered.
pub(super) fn of(scope: &Scope, entry: Option<&Fault>, world: &World) -> Sight {
    let slot = world.store.slot(&Key::scoped(scope.clone(), Query::BackupJobs));
    match world.store.backup_jobs(scope) {
        Some(jobs) => Sight::Seen(Box::new(Seen::of(scope, jobs, slot.fault.clone(), world))),
        None => match slot.fault.as_ref().or(entry) {
            Some(fault) => Sight::Blind(Why::Fault(fault.clone())),
            None => Sight::Waiting,
        },
    }
}

impl Health {
    fn of(state: &JobState) -> Self {
        match state {
            JobState::Completed => Self::Good,
            JobState::Failed | JobState::Expired => Self::Bad,
            _ => Self::Warning,
        }
    }

    /// Its sign and how that looks.
    pub(super) fn sign(self, world: &World) -> (&'static str, Role) {
        match self {
            Self::Nothing => (world.glyphs.none, Role::Dim),
            Self::Good => (world.glyphs.good, Role::Good),
            Self::Warning => (world.glyphs.warning, Role::Warning),
            Self::Bad => (world.glyphs.bad, Role::Bad),
        }
    }
}

impl Seen {
    fn of(scope: &Scope, jobs: &[Arc<BackupJob>], fault: Option<Fault>, world: &World) -> Self {
        let mut last: BTreeMap<&Arn, &Arc<BackupJob>> = BTreeMap::new();
        for job in jobs.iter().filter(|job| job.state.is_final()) {
            let newest = last.entry(&job.resource_arn).or_insert(job);
            if job.created > newest.created {
                *newest = job;
            }
        }
        let health = last.values().map(|job| Health::of(&job.state)).max().unwrap_or(Health::Nothing);
        let tried = last.len();
        let mut troubles: Vec<Arc<BackupJob>> =
            last.into_values().filter(|job| Health::of(&job.state) > Health::Good).cloned().collect();
        troubles.sort_by_key(|job| std::cmp::Reverse((Health::of(&job.state), job.created)));
        let protected = world.store.protected(scope);
        let arns: Option<BTreeSet<&Arn>> = protected.map(|rows| rows.iter().map(|row| &row.arn).collect());
        let resources = world.store.resources(scope);
        let is_protected = |arn: &Arn| arns.as_ref().is_some_and(|arns| arns.contains(arn));
        let unprotected = resources.filter(|_| arns.is_some()).map(|rows| {
            let open = rows.iter().filter(|row| !is_protected(&row.arn));
            open.map(|row| row.name.clone().known().unwrap_or_else(|| row.arn.last_part().to_owned())).collect()
        });
        let known = resources.map(|rows| rows.iter().filter(|row| is_protected(&row.arn)).count());
        let policies = world.store.plans(scope).map(|plans| {
            let made = plans.iter().filter(|plan| plan.id.is_of_organization());
            made.map(|plan| plan.name.clone()).collect()
        });
        Self {
            health,
            troubles,
            tried,
            running: jobs.iter().filter(|job| !job.state.is_final()).count(),
            unprotected,
            protected: arns.as_ref().map(|arns| known.unwrap_or(arns.len())),
            policies,
            fault,
        }
    }

    /// `3/5`: how many of how many are protected; what is not known is `?`.
    pub(super) fn coverage(&self) -> String {
        let number = |number: Option<usize>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        format!("{}/{}", number(self.protected), number(self.known()))
    }

    /// How many resources could be protected, where that is known.
    fn known(&self) -> Option<usize> {
        self.unprotected.as_ref().zip(self.protected).map(|(open, protected)| open.len() + protected)
    }
}

impl Why {
    /// In one or two words.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::NoRole => "no role",
            Self::NotAsked => "not asked",
            Self::Fault(fault) => match fault.kind {
                FaultKind::Denied => "no entry",
                FaultKind::Network => "no answer",
                FaultKind::Expired => "log in",
                _ => fault.label(),
            },
        }
    }
}

impl Sight {
    /// Whether it is one of the problems that someone should look at.
    pub(super) fn is_problem(&self) -> bool {
        match self {
            Self::Seen(seen) => seen.health > Health::Good || seen.fault.is_some(),
            Self::Waiting | Self::Blind(Why::NotAsked) => false,
            Self::Blind(Why::NoRole | Why::Fault(_)) => true,
        }
    }

    /// What stands in its cell: health, protected of known, and how many policies are in force.
    pub(super) fn cell(&self, world: &World) -> Segments<'static> {
        let seen = match self {
            Self::Waiting => return vec![segment(world.glyphs.pending, Role::Dim)],
            Self::Blind(Why::NotAsked) => return vec![segment(Why::NotAsked.label(), Role::Dim)],
            Self::Blind(why) => {
                return vec![segment(format!("{} {}", world.glyphs.warning, why.label()), Role::Warning)];
            }
            Self::Seen(seen) => seen,
        };
        let (sign, role) = seen.health.sign(world);
        let covered = match &seen.unprotected {
            Some(open) if open.is_empty() => Role::Text,
            Some(_) => Role::Warning,
            None => Role::Dim,
        };
        let mut cell = vec![segment(sign, role)];
        // Where there is nothing to protect the sign says all.
        if seen.known() != Some(0) {
            cell.push(segment(format!(" {}", seen.coverage()), covered));
        }
        match seen.policies.as_ref().map(Vec::len) {
            Some(0) | None => {}
            Some(number) => cell.push(segment(format!(" {number}p"), Role::Dim)),
        }
        if seen.fault.is_some() {
            cell.push(segment(format!(" {}", world.glyphs.warning), Role::Warning));
        } else if seen.running > 0 {
            cell.push(segment(format!(" {}", world.glyphs.running), Role::Running));
        }
        cell
    }
}
