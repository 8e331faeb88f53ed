//! By what rule a finding was found, and what to do about it.

use crate::tui::command::Command;
use crate::tui::dialog::{Dialog, Rule};
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

/// The box.
#[derive(Debug)]
pub struct RuleOfFinding {
    told: Rule,
}

impl RuleOfFinding {
    /// Of a finding.
    pub fn new(told: Rule) -> Self {
        Self { told }
    }

    /// Its paragraphs, each under its heading.
    fn paragraphs(&self) -> [(&'static str, &str); 3] {
        [("The rule", self.told.rule), ("What to do", self.told.remedy), ("What was found", &self.told.detail)]
    }
}

impl Modal for RuleOfFinding {
    fn title(&self, _: &World) -> String {
        self.told.title.clone()
    }
    fn handle(&mut self, input: Input, _: &mut World) -> Vec<Act> {
        let Input::Key(key) = input else { return Vec::new() };
        let run = |command| vec![Act::Close, Act::Run(command)];
        match key.code {
            KeyCode::Char('?') | KeyCode::F(1) => vec![Act::Close, Act::Show(Dialog::Help(self.told.subject.clone()))],
            KeyCode::Char('m') => run(Command::Mute),
            KeyCode::Char('a') => run(Command::Actions),
            KeyCode::Char('b') => run(Command::Points),
            KeyCode::Enter => run(Command::Open),
            KeyCode::Esc | KeyCode::Char('q') => vec![Act::Close],
            _ => Vec::new(),
        }
    }
    fn size(&self, _: &World) -> (u16, u16) {
        let lines: usize = self.paragraphs().iter().map(|(_, text)| text::wrap(text, 76).len() + 1).sum();
        (76, lines as u16 + 1)
    }
    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        let mut y = area.y;
        let rest = |y: u16| Rect::new(area.x, y, area.width, area.bottom().saturating_sub(y));
        for (heading, text) in self.paragraphs() {
            if !text.is_empty() {
                y += painter.paragraph(rest(y), heading, Role::Title);
                y += painter.paragraph(rest(y), text, Role::Text);
            }
        }
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        let keys = [
            ("enter", "open"),
            ("b", "its recovery points"),
            ("a", "actions"),
            ("m", "mute"),
            ("?", "help"),
            ("esc", "close"),
        ];
        keys.into_iter()
            .flat_map(|(key, what)| [segment(key, Role::Key), segment(format!(" {what}  "), Role::Dim)])
            .collect()
    }
}
