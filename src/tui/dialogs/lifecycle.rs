//! How long a recovery point is kept.

use crate::client::Key;
use crate::domain::recovery_point::RecoveryPoint;
use crate::tui::dialogs::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments};
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;
use std::sync::Arc;

/// How long a recovery point is kept.
#[derive(Debug)]
pub struct LifecycleEditor(());

impl LifecycleEditor {
    /// Of this point.
    pub fn new(_point: Arc<RecoveryPoint>, _world: &World) -> Self {
        Self(())
    }
}

impl Modal for LifecycleEditor {
    fn title(&self, _: &World) -> String {
        "How long a recovery point is kept.".to_owned()
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
