//! Screen 7: says what will be here.

use crate::client::Key;
use crate::tui::actions::Subject;
use crate::tui::command::Command;
use crate::tui::msg::Act;
use crate::tui::paint::Painter;
use crate::tui::screens::{Screen, pane};
use crate::tui::world::World;
use ratatui::layout::Rect;

/// Nothing to keep yet.
#[derive(Debug, Default)]
pub struct Findings(());

impl Findings {
    /// The screen, which has no state.
    pub const EMPTY: Self = Self(());
}

impl Screen for Findings {
    fn crumb(&self, _: &World) -> String {
        "Findings".to_owned()
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        Vec::new()
    }
    fn sync(&mut self, _: &World) {}
    fn handle(&mut self, _: Command, _: &World) -> Option<Vec<Act>> {
        None
    }
    fn subject(&self, _: &World) -> Subject {
        Subject::Nothing
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let head = Rect::new(area.x, area.y, area.width, 1);
        painter.rule(head, &pane::title("Findings", "", world), &Vec::new());
        let body = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
        let said: pane::Empty<'_> = &[
            "This screen will list every finding over all accounts with its reason: resources that no plan protects, vaults \
             without a lock, recovery points that live too short or too long, plans whose role is gone.",
            "",
            "What needs a look now (failed, expired, completed with issues, missing runs) is on the overview already: 1.",
        ];
        pane::view_text(said, body, painter);
    }
}
