//! Screen 7: every finding over all accounts, with its reason; the overview has those that need a look now.

use crate::client::wall::Wall;
use crate::client::{Key, survey};
use crate::tui::command::Command;
use crate::tui::dialog::Dialog;
use crate::tui::msg::{Act, MuteChange};
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
    /// Of each plan and each vault that the lists told of. On AWS the points of the vaults that were opened are looked at.
    details: Vec<Key>,
    /// Those of one cause; none is all.
    cause: Option<Cause>,
    /// Which resources plans select, and which are proven.
    wall: Wall,
}

impl Findings {
    /// The findings of one cause.
    pub fn of(cause: Cause) -> Self {
        Self { cause: Some(cause), ..Self::default() }
    }

    /// What is asked of every scope.
    fn lists(world: &World) -> Vec<Key> {
        survey::LISTS.iter().flat_map(|query| world.everywhere(query)).collect()
    }
}

const EMPTY: pane::Empty<'_> = &[
    "Nothing was found: no failed, expired, stopped or missing backup, no copy that lags, no recovery point that is stuck or damaged, no resource without a plan.",
    "",
    "Findings come of what the jobs, plans, vaults and resources of the accounts in view tell.",
];

/// Mutes those that speak; where none does, lets all speak again.
fn muting(problems: &[&Problem], world: &World) -> Act {
    let speaking: Vec<&Problem> = problems.iter().copied().filter(|problem| problem.mute.is_none()).collect();
    let keys = |problems: &[&Problem]| problems.iter().map(|problem| problem.key.clone()).collect();
    match speaking.as_slice() {
        [] => Act::Mute(MuteChange::Unmute { keys: keys(problems), now: world.wall }),
        [only] => Act::Show(Dialog::Mute { keys: keys(&speaking), name: only.name.clone() }),
        many => Act::Show(Dialog::Mute { keys: keys(many), name: format!("{} findings", many.len()) }),
    }
}

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
        keys.extend(self.details.iter().cloned());
        keys
    }
    fn rows(&mut self, world: &World) -> Vec<Line<Problem>> {
        self.details = survey::details(world, &world.shown);
        survey::take_in(&mut self.wall, world, &world.shown, world.now());
        let mut problems = problems::of(&self.wall, world);
        if let Some(cause) = &self.cause {
            problems.retain(|problem| causes::cause_of(problem) == *cause);
        }
        // What is muted is at the end, in its order.
        problems.sort_by_key(|problem| problem.mute.is_some());
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
    fn own(&self, command: Command, problem: &Problem, world: &World) -> Option<Vec<Act>> {
        match command {
            Command::Mute => Some(vec![muting(&[problem], world)]),
            Command::Help => Some(vec![Act::Show(Dialog::Rule(Box::new(problems::rule(problem, world))))]),
            _ => None,
        }
    }
    fn also(&self) -> &'static [Command] {
        &[Command::Mute]
    }
    fn own_of_several(&self, command: Command, problems: &[&Problem], world: &World) -> Option<Vec<Act>> {
        (command == Command::Mute).then(|| vec![muting(problems, world)])
    }
    fn takes_several(&self) -> bool {
        true
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
