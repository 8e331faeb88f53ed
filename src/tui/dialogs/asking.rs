//! The part of a dialog that asks for a yes: lines to scroll in, what has to be answered, and what is typed.

use crate::client::approve::NotApproved;
use crate::client::{Ask, Danger};
use crate::tui::dialogs::modal::Input;
use crate::tui::dialogs::scrolled::Scrolled;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::theme::Role;
use crate::tui::widgets::edit::Edit;
use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::layout::Rect;

/// What is asked, and how far the answer is.
#[derive(Debug)]
pub struct Asking {
    danger: Danger,
    ask: Ask,
    answer: Edit,
    mistake: Option<String>,
    scrolled: Scrolled,
}

/// What a key did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing but scrolling or typing.
    Nothing,
    /// It is to be closed.
    Close,
    /// The commands are to be copied.
    Copy,
    /// This was answered.
    Given(String),
}

/// The lines below the body that ask.
const FOOT: u16 = 2;

impl Asking {
    /// Asks this, by how much harm it can do.
    pub fn new(danger: Danger, ask: Ask) -> Self {
        Self { danger, ask, answer: Edit::default(), mistake: None, scrolled: Scrolled::default() }
    }

    /// What stands in the frame.
    pub fn title(&self) -> &'static str {
        match self.danger {
            Danger::Low => "Please confirm",
            Danger::Medium => "Please confirm: this changes or stops something",
            Danger::High => "Please confirm: this cannot be undone",
        }
    }

    /// How what it does is told.
    pub fn role(&self) -> Role {
        match self.danger {
            Danger::Low => Role::Strong,
            Danger::Medium => Role::Warning,
            Danger::High => Role::Bad,
        }
    }

    /// It was not the answer.
    pub fn refuse(&mut self, refused: &NotApproved) {
        self.mistake = Some(refused.to_string());
    }

    /// Takes a key or a paste.
    pub fn handle(&mut self, input: Input) -> Answer {
        let key = match input {
            Input::Paste(pasted) => {
                if matches!(self.ask, Ask::Type(_)) {
                    self.answer.paste(&pasted);
                }
                return Answer::Nothing;
            }
            Input::Key(key) => key,
        };
        if key.code == KeyCode::Esc {
            return Answer::Close;
        }
        if self.scrolled.handle(key.code) {
            return Answer::Nothing;
        }
        match (&self.ask, key.code) {
            (_, KeyCode::Char('c')) if key.modifiers.contains(KeyModifiers::CONTROL) => Answer::Copy,
            (Ask::Yes, KeyCode::Char('n' | 'q')) => Answer::Close,
            (Ask::Yes, KeyCode::Char('y')) => Answer::Given("y".to_owned()),
            (Ask::Yes, KeyCode::Enter) => {
                self.mistake = Some("enter does not confirm: press y".to_owned());
                Answer::Nothing
            }
            (Ask::Yes, _) => Answer::Nothing,
            (Ask::Type(_), KeyCode::Enter) => Answer::Given(self.answer.text().to_owned()),
            (Ask::Type(_), _) => {
                self.answer.handle(key);
                self.mistake = None;
                Answer::Nothing
            }
        }
    }

    /// Draws the lines that fit, and below them what is asked.
    pub fn view(&self, lines: &[(String, Role)], area: Rect, painter: &mut Painter<'_>) {
        let body = Rect::new(area.x, area.y, area.width, area.height.saturating_sub(FOOT));
        self.scrolled.view(lines, body, painter);
        let bottom = area.bottom().saturating_sub(1);
        if let Some(mistake) = &self.mistake {
            painter.put(area.x, bottom.saturating_sub(1), area.width, mistake, Role::Bad);
        } else {
            painter.rule(Rect::new(area.x, bottom.saturating_sub(1), area.width, 1), &Vec::new(), &Vec::new());
        }
        match &self.ask {
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
}

/// What the keys do.
pub fn hints(copies: &'static str) -> Segments<'static> {
    vec![
        segment("up down", Role::Key),
        segment(" scroll  ", Role::Dim),
        segment("ctrl-c", Role::Key),
        segment(copies, Role::Dim),
        segment("esc", Role::Key),
        segment(" go back; nothing was sent yet", Role::Dim),
    ]
}
