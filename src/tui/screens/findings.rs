//! Screen 7: every finding over all accounts, with its reason; the overview has those that need a look now.

use crate::client::{Key, Query};
use crate::tui::actions::Subject;
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::Painter;
use crate::tui::screens::problems::{self, Problem};
use crate::tui::screens::{Screen, pane};
use crate::tui::store::Line;
use crate::tui::table::{List, Table};
use crate::tui::world::World;
use ratatui::layout::Rect;
use std::sync::Arc;

/// The list of findings.
#[derive(Debug, Default)]
pub struct Findings {
    list: List<Problem>,
    /// Of each plan and each vault that the lists told of.
    details: Vec<Key>,
}

impl Findings {
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
            details.extend(
                held.map(|vault| Key::scoped(scope.clone(), Query::RecoveryPoints { vault: vault.name.clone() })),
            );
        }
        details
    }
}

impl Screen for Findings {
    fn crumb(&self, _: &World) -> String {
        "Findings".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys = Self::lists(world);
        keys.extend(self.details.iter().cloned());
        keys
    }
    fn sync(&mut self, world: &World) {
        self.details = Self::details(world);
        let lines = problems::of(world).into_iter().map(|problem| Line { record: Arc::new(problem), stale: false });
        self.list.set(lines.collect());
    }
    fn handle(&mut self, command: Command, _: &World) -> Option<Vec<Act>> {
        if command == Command::Open {
            return Some(vec![Act::Open(self.list.choose()?.record.route.clone())]);
        }
        self.list.handle(command).then(Vec::new)
    }
    fn subject(&self, world: &World) -> Subject {
        self.list.selected().map_or(Subject::Nothing, |line| problems::subject(&line.record, world))
    }
    fn filter(&mut self, text: &str) {
        self.list.filter(text);
    }
    fn table(&self) -> Option<&Table> {
        Some(self.list.table())
    }
    fn unfilter(&mut self) -> bool {
        self.list.unfilter()
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let fresh = world.store.freshness(&Self::lists(world));
        let empty: pane::Empty<'_> = &[
            "Nothing was found: no failed, expired, stopped or missing backup, no recovery point that is stuck or damaged.",
            "",
            "Findings come of what the jobs, the plans and the recovery points of the accounts in view tell.",
        ];
        let selected = self.list.selected().filter(|_| area.height >= 12);
        let detail = selected.map_or(0, |_| (area.height / 3).clamp(5, 10));
        let list = Rect::new(area.x, area.y, area.width, area.height - detail);
        pane::view_list(&self.list, "Findings", &fresh, empty, world, list, painter);
        if let Some(line) = selected {
            problems::view_detail(&line.record, world, Rect::new(area.x, list.bottom(), area.width, detail), painter);
        }
    }
}
