//! Shows exactly what a change would do, and asks by its danger.

use crate::client::approve::{Pending, approve};
use crate::tui::dialogs::asking::{self, Answer, Asking};
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// A change that waits for an answer.
#[derive(Debug)]
pub struct Confirm {
    pending: Pending,
    asking: Asking,
}

impl Confirm {
    /// Asks for this change.
    pub fn new(pending: Pending) -> Self {
        let asking = Asking::new(pending.danger, pending.ask.clone());
        Self { pending, asking }
    }

    /// The requests, line by line.
    fn lines(&self, width: usize) -> Vec<(String, Role)> {
        let mut lines = Vec::new();
        let several = self.pending.requests.len() > 1;
        for (nth, request) in self.pending.requests.iter().enumerate() {
            let number =
                if several { format!("{} of {}: ", nth + 1, self.pending.requests.len()) } else { String::new() };
            lines.push((format!("{number}{}", request.operation), Role::Title));
            lines.extend(request.json.lines().flat_map(|line| text::wrap(line, width)).map(|line| (line, Role::Text)));
            lines.push((String::new(), Role::Text));
            lines.extend(text::wrap(&request.command, width).into_iter().map(|line| (line, Role::Accent)));
            lines.push((String::new(), Role::Text));
        }
        lines
    }

    fn copy(&self) -> Vec<Act> {
        let commands: Vec<&str> = self.pending.requests.iter().map(|request| request.command.as_str()).collect();
        vec![Act::Copy(commands.join("\n"))]
    }
}

impl Modal for Confirm {
    fn title(&self, _: &World) -> String {
        self.asking.title().to_owned()
    }

    fn handle(&mut self, input: Input, _: &mut World) -> Vec<Act> {
        match self.asking.handle(input) {
            Answer::Nothing => Vec::new(),
            Answer::Close => vec![Act::Close],
            Answer::Copy => self.copy(),
            Answer::Given(answer) => match approve(self.pending.clone(), &answer) {
                Ok(approved) => vec![Act::Close, Act::Carry(Box::new(approved))],
                Err(refused) => {
                    self.asking.refuse(&refused);
                    Vec::new()
                }
            },
        }
    }

    fn size(&self, _: &World) -> (u16, u16) {
        (100, (self.lines(96).len() + 6).min(60) as u16 + 2)
    }

    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let mut y = area.y;
        let rest = |y: u16| Rect::new(area.x, y, area.width, area.bottom().saturating_sub(y + 2));
        y += painter.paragraph(rest(y), &format!("{}.", self.pending.summary), self.asking.role());
        y += painter.paragraph(rest(y), &format!("In {}.", world.scope_name(&self.pending.scope)), Role::Dim);
        if !self.pending.consequence.is_empty() {
            y += painter.paragraph(rest(y), &self.pending.consequence, Role::Text);
        }
        painter.rule(Rect::new(area.x, y, area.width, 1), &vec![segment("the exact request", Role::Dim)], &Vec::new());
        let lines = self.lines(usize::from(area.width.saturating_sub(1)));
        self.asking.view(&lines, Rect::new(area.x, y + 1, area.width, area.bottom().saturating_sub(y + 1)), painter);
    }

    fn hints(&self, _: &World) -> Segments<'static> {
        asking::hints(" copy the aws command  ")
    }
}
