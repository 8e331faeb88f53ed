//! One plan: its rules, its selections, its next runs.

use crate::client::Key;
use crate::domain::{PlanId, Scope};
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::Painter;
use crate::tui::screens::details::Scroll;
use crate::tui::screens::screen::Screen;
use crate::tui::screens::sheets::{self, Sheet};
use crate::tui::subject::Subject;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// One plan.
#[derive(Debug)]
pub struct PlanScreen {
    scope: Scope,
    id: PlanId,
    scroll: Scroll,
    sheet: Option<Sheet>,
}

impl PlanScreen {
    /// The plan of this id.
    pub fn new(scope: Scope, id: PlanId) -> Self {
        Self { scope, id, scroll: Scroll::default(), sheet: None }
    }
}

impl Screen for PlanScreen {
    fn crumb(&self, world: &World) -> String {
        let detail = world.store.plan(&self.scope, &self.id);
        detail.map_or_else(|| self.id.to_string(), |detail| detail.plan.document.backup_plan_name.clone())
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        self.sheet
            .as_ref()
            .map_or_else(|| sheets::plan::sheet(&self.scope, &self.id, world).keys, |sheet| sheet.keys.clone())
    }
    fn sync(&mut self, world: &World) {
        self.sheet = Some(sheets::plan::sheet(&self.scope, &self.id, world));
    }
    fn handle(&mut self, command: Command, _: &World) -> Option<Vec<Act>> {
        self.scroll.handle(command).then(Vec::new)
    }
    fn is_text(&self) -> bool {
        true
    }
    fn subject(&self, world: &World) -> Subject {
        world.store.plan(&self.scope, &self.id).map_or(Subject::Nothing, |detail| {
            let plan = &detail.plan;
            let name = plan.document.backup_plan_name.clone();
            Subject::Plan(plan.scope.clone(), plan.id.clone(), name, plan.arn.clone())
        })
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if let Some(sheet) = &self.sheet {
            sheets::view(sheet, "", &self.scroll, world, area, painter);
        }
    }
}
