//! Backup plan.

use crate::client::Key;
use crate::domain::{PlanId, Scope};
use crate::tui::dialogs::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments};
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// Backup plan.
#[derive(Debug)]
pub struct PlanEditor(());

impl PlanEditor {
    /// A new plan.
    pub fn create(_world: &World) -> Self {
        Self(())
    }
    /// A plan that is there.
    pub fn edit(_scope: Scope, _id: PlanId, _world: &World) -> Self {
        Self(())
    }
}

impl Modal for PlanEditor {
    fn title(&self, _: &World) -> String {
        "Backup plan.".to_owned()
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        Vec::new()
    }
    fn handle(&mut self, _: Input, _: &mut World) -> Vec<Act> {
        vec![Act::Close]
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (60, 4)
    }
    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        painter.paragraph(area, "This dialog is not built yet. Any key closes it.", Role::Text);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        Vec::new()
    }
}
