//! Shows exactly what a change would do, and asks by its danger.

use crate::client::approve::{Pending, approve};
use crate::client::{Ask, Danger};
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widgets::edit::Edit;
use crate::tui::world::World;
use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::layout::Rect;
use std::cell::Cell as Memo;

/// A change that waits for an answer.
#[derive(Debug)]
pub struct Confirm {
    pending: Pending,
    answer: Edit,
    mistake: Option<String>,
    offset: usize,
    /// What the last frame showed: lines, and how many fitted.
    seen: Memo<(usize, usize)>,
}

impl Confirm {
    /// Asks for this change.
    pub fn new(pending: Pending) -> Self {
        Self { pending, answer: Edit::default(), mistake: None, offset: 0, seen: Memo::new((0, 0)) }
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

    fn scroll(&mut self, code: KeyCode) -> bool {
        let (lines, height) = self.seen.get();
        let last = lines.saturating_sub(height);
        self.offset = match code {
            KeyCode::Down => self.offset + 1,
            KeyCode::Up => self.offset.saturating_sub(1),
            KeyCode::PageDown => self.offset + height.max(1),
            KeyCode::PageUp => self.offset.saturating_sub(height.max(1)),
            _ => return false,
        }
        .min(last);
        true
    }

    fn answered(&mut self) -> Vec<Act> {
        match approve(self.pending.clone(), self.answer.text()) {
            Ok(approved) => vec![Act::Close, Act::Carry(Box::new(approved))],
            Err(refused) => {
                self.mistake = Some(refused.to_string());
                Vec::new()
            }
        }
    }
}

impl Modal for Confirm {
    fn title(&self, _: &World) -> String {
        match self.pending.danger {
            Danger::Low => "Please confirm",
            Danger::Medium => "Please confirm: this changes or stops something",
            Danger::High => "Please confirm: this cannot be undone",
        }
        .to_owned()
    }

    fn handle(&mut self, input: Input, _: &mut World) -> Vec<Act> {
        let key = match input {
            Input::Paste(pasted) => {
                if matches!(self.pending.ask, Ask::Type(_)) {
                    self.answer.paste(&pasted);
                }
                return Vec::new();
            }
            Input::Key(key) => key,
        };
        if key.code == KeyCode::Esc {
            return vec![Act::Close];
        }
        if self.scroll(key.code) {
            return Vec::new();
        }
        match (&self.pending.ask, key.code) {
            (Ask::Yes, KeyCode::Char('n' | 'q')) => vec![Act::Close],
            (Ask::Yes, KeyCode::Char('c')) if key.modifiers.contains(KeyModifiers::CONTROL) => self.copy(),
            (Ask::Yes, KeyCode::Char('y')) => {
                self.answer.set("y");
                self.answered()
            }
            (Ask::Yes, KeyCode::Enter) => {
                self.mistake = Some("enter does not confirm: press y".to_owned());
                Vec::new()
            }
            (Ask::Yes, _) => Vec::new(),
            (Ask::Type(_), KeyCode::Enter) => self.answered(),
            (Ask::Type(_), KeyCode::Char('c')) if key.modifiers.contains(KeyModifiers::CONTROL) => self.copy(),
            (Ask::Type(_), _) => {
                self.answer.handle(key);
                self.mistake = None;
                Vec::new()
            }
        }
    }

    fn size(&self, _: &World) -> (u16, u16) {
        (100, (self.lines(96).len() + 6).min(60) as u16 + 2)
    }

    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let role = match self.pending.danger {
            Danger::Low => Role::Strong,
            Danger::Medium => Role::Warning,
            Danger::High => Role::Bad,
        };
        let mut y = area.y;
        let rest = |y: u16| Rect::new(area.x, y, area.width, area.bottom().saturating_sub(y + 2));
        y += painter.paragraph(rest(y), &format!("{}.", self.pending.summary), role);
        y += painter.paragraph(rest(y), &format!("In {}.", world.scope_name(&self.pending.scope)), Role::Dim);
        if !self.pending.consequence.is_empty() {
            y += painter.paragraph(rest(y), &self.pending.consequence, Role::Text);
        }
        painter.rule(Rect::new(area.x, y, area.width, 1), &vec![segment("the exact request", Role::Dim)], &Vec::new());
        let body = Rect::new(area.x, y + 1, area.width, area.bottom().saturating_sub(y + 3));
        let lines = self.lines(usize::from(area.width.saturating_sub(1)));
        let visible = usize::from(body.height);
        let offset = self.offset.min(lines.len().saturating_sub(visible));
        self.seen.set((lines.len(), visible));
        for (row, (line, role)) in lines.iter().skip(offset).take(visible).enumerate() {
            painter.put_cut(body.x, body.y + row as u16, body.width.saturating_sub(1), line, *role);
        }
        painter.scrollbar(body, offset, visible, lines.len());
        let bottom = area.bottom().saturating_sub(1);
        if let Some(mistake) = &self.mistake {
            painter.put(area.x, bottom.saturating_sub(1), area.width, mistake, Role::Bad);
        } else {
            painter.rule(Rect::new(area.x, bottom.saturating_sub(1), area.width, 1), &Vec::new(), &Vec::new());
        }
        match &self.pending.ask {
            Ask::Yes => {
                let line = vec![
                    segment("y", Role::Key),
                    segment(" do it   ", Role::Text),
                    segment("esc", Role::Key),
                    segment(" go back", Role::Text),
                ];
                painter.line(area.x, bottom, area.width, &line);
            }
            Ask::Type(wanted) => {
                let prompt = format!("To do it, type {wanted} and press enter: ");
                let used = painter.put(area.x, bottom, area.width.saturating_sub(10), &prompt, Role::Strong);
                self.answer.view(area.x + used, bottom, area.width.saturating_sub(used).min(52), true, painter);
            }
        }
    }

    fn hints(&self, _: &World) -> Segments<'static> {
        vec![
            segment("up down", Role::Key),
            segment(" scroll  ", Role::Dim),
            segment("ctrl-c", Role::Key),
            segment(" copy the aws command  ", Role::Dim),
            segment("esc", Role::Key),
            segment(" go back; nothing was sent yet", Role::Dim),
        ]
    }
}

impl Confirm {
    fn copy(&self) -> Vec<Act> {
        let commands: Vec<&str> = self.pending.requests.iter().map(|request| request.command.as_str()).collect();
        vec![Act::Copy(commands.join("\n"))]
    }
}
