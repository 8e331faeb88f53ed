//! Screen 7: every finding over all accounts, with its reason; the overview has those that need a look now.

use crate::client::{Key, Query};
use crate::tui::msg::Act;
use crate::tui::route::Cause;
use crate::tui::screens::causes;
use crate::tui::screens::list::{Detail, Listed};
use crate::tui::screens::pane;
use crate::tui::screens::problems::{self, Problem};
use crate::tui::screens::sheets::{self, Sheet};
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::Subject;
use crate::tui::world::World;
use std::sync::Arc;

/// The list of findings.
#[derive(Debug, Default)]
pub struct Findings {
    /// Of each plan and each vault that the lists told of.
    details: Vec<Key>,
    /// Those of one cause; none is all.
    cause: Option<Cause>,
}

impl Findings {
    /// The findings of one cause.
    pub fn of(cause: Cause) -> Self {
        Self { details: Vec::new(), cause: Some(cause) }
    }

    /// What is asked of every scope.
    fn lists(world: &World) -> Vec<Key> {
        let queries = [Query::BackupJobs, Query::RestoreJobs, Query::Plans, Query::Vaults, Query::ProtectedResources];
        queries.iter().flat_map(|query| world.everywhere(query)).collect()
    }

    /// Plans with their selections; and the points of every vault where that costs nothing, which is on an engine. On AWS
    /// the points of the vaults that were opened are looked at.
    fn details(world: &World) -> Vec<Key> {
        let mut details = Vec::new();
        for scope in &world.shown {
            let plans = world.store.plans(scope).into_iter().flat_map(|plans| plans.iter());
            details.extend(plans.map(|plan| Key::scoped(scope.clone(), Query::Plan { id: plan.id.clone() })));
            let vaults = world.store.vaults(scope).into_iter().flat_map(|vaults| vaults.iter());
            let held = vaults.filter(|vault| world.is_engine() && vault.recovery_points > 0);
            let points = held.map(|vault| Query::RecoveryPoints { vault: vault.named() });
            details.extend(points.map(|query| Key::scoped(scope.clone(), query)));
        }
        details
    }
}

const EMPTY: pane::Empty<'_> = &[
    "Nothing was found: no failed, expired, stopped or missing backup, no recovery point that is stuck or damaged.",
    "",
    "Findings come of what the jobs, the plans and the recovery points of the accounts in view tell.",
];

impl Listed for Findings {
    type Row = Problem;

    fn title(&self, _: &World) -> String {
        match &self.cause {
            Some(cause) if cause.pattern.is_empty() => format!("Findings: {}", cause.what),
            Some(cause) => format!("Findings: {}, {}", cause.what, cause.pattern),
            None => "Findings".to_owned(),
        }
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys = Self::lists(world);
        keys.extend(crate::tui::keys::keys_of_shown(world));
        keys.extend(self.details.iter().cloned());
        keys
    }
    fn rows(&mut self, world: &World) -> Vec<Line<Problem>> {
        self.details = Self::details(world);
        let mut problems = problems::of(world);
        if let Some(cause) = &self.cause {
            problems.retain(|problem| causes::cause_of(problem) == *cause);
        }
        problems.into_iter().map(|problem| Line { record: Arc::new(problem), stale: false }).collect()
    }
    fn freshness(&self, world: &World) -> Freshness {
        world.store.freshness(&Self::lists(world))
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        EMPTY
    }
    fn open(&self, problem: &Problem, _: &World) -> Option<Vec<Act>> {
        Some(vec![Act::Open(problem.route.clone())])
    }
    fn subject(&self, problem: &Arc<Problem>, world: &World) -> Subject {
        problems::subject(problem, world)
    }
    fn sheet(&self, problem: &Arc<Problem>, world: &World) -> Option<Sheet> {
        Some(problems::sheet(problem, sheets::of(&problem.route, world), world))
    }
    fn detail(&self) -> Option<Detail<Problem>> {
        Some(problems::view_detail)
    }
}
