//! A list to choose from, narrowed by a few letters.

use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widgets::edit::Edit;
use crate::tui::zone::Spot;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::layout::Rect;

/// What a label is worth more than what stands behind it.
const LABEL: u32 = 10_000;

/// What the keys of a list do that letters narrow: what they do, and what enter does.
pub fn hints(letters: &'static str, enter: &'static str) -> Segments<'static> {
    vec![
        segment("letters", Role::Key),
        segment(format!(" {letters}  "), Role::Dim),
        segment("enter", Role::Key),
        segment(format!(" {enter}  "), Role::Dim),
        segment("esc", Role::Key),
        segment(" close", Role::Dim),
    ]
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it stands for.
    pub value: String,
    /// What is shown and searched.
    pub label: String,
    /// What stands behind it, more quietly.
    pub detail: String,
    /// Why it cannot be chosen now.
    pub disabled: Option<String>,
}

impl Choice {
    /// A choice that says what it stands for.
    pub fn new(value: impl Into<String>, label: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), detail: detail.into(), disabled: None }
    }
}

/// The choices, what was typed to narrow them, and where one is.
#[derive(Debug, Default)]
pub struct Picker {
    choices: Vec<Choice>,
    query: Edit,
    found: Vec<usize>,
    cursor: usize,
}

/// What a key did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PickerEvent {
    /// Nothing but moving or narrowing.
    Nothing,
    /// This one was chosen: its place among all choices.
    Chose(usize),
    /// The picker does not know the key.
    Unknown,
}

impl Choice {
    /// What there is to say of it: why it cannot be chosen, or what it is.
    fn said(&self) -> &str {
        self.disabled.as_ref().unwrap_or(&self.detail)
    }
}

/// So many lines tell the whole of a choice that is cut.
const WHOLE: u16 = 2;

impl Picker {
    /// A picker of these, the cursor on the one with `value`.
    pub fn new(choices: Vec<Choice>, value: &str) -> Self {
        let mut picker = Self { choices, ..Self::default() };
        picker.narrow();
        picker.cursor = picker.found.iter().position(|index| picker.choices[*index].value == value).unwrap_or(0);
        picker
    }

    /// All choices.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Takes other choices; the cursor stays on the same value.
    pub fn set(&mut self, choices: Vec<Choice>) {
        if self.choices == choices {
            return;
        }
        let value = self.current().map(|choice| choice.value.clone());
        self.choices = choices;
        self.narrow();
        let place = value.and_then(|value| self.found.iter().position(|index| self.choices[*index].value == value));
        self.cursor = place.unwrap_or(0);
    }

    /// The one under the cursor.
    pub fn current(&self) -> Option<&Choice> {
        self.found.get(self.cursor).map(|index| &self.choices[*index])
    }

    /// What was typed.
    pub fn query(&self) -> &str {
        self.query.text()
    }

    /// How many choices hold what was typed.
    pub fn found(&self) -> usize {
        self.found.len()
    }

    fn narrow(&mut self) {
        self.cursor = 0;
        if self.query.text().trim().is_empty() {
            self.found = (0..self.choices.len()).collect();
            return;
        }
        let pattern = Pattern::parse(self.query.text(), CaseMatching::Smart, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, bool, usize)> = self
            .choices
            .iter()
            .enumerate()
            .filter_map(|(index, choice)| {
                let label = pattern.score(Utf32Str::new(&choice.label, &mut buffer), &mut matcher);
                let score = label.map(|score| score + LABEL).or_else(|| {
                    let all = format!("{} {}", choice.label, choice.detail);
                    pattern.score(Utf32Str::new(&all, &mut buffer), &mut matcher)
                })?;
                Some((score, choice.disabled.is_none(), index))
            })
            .collect();
        scored.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then(a.2.cmp(&b.2)));
        self.found = scored.into_iter().map(|(_, _, index)| index).collect();
    }

    /// Takes a key.
    pub fn handle(&mut self, key: KeyEvent) -> PickerEvent {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let last = self.found.len().saturating_sub(1);
        match key.code {
            KeyCode::Down | KeyCode::Tab => self.cursor = (self.cursor + 1).min(last),
            KeyCode::Up | KeyCode::BackTab => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Char('n' | 'j') if control => self.cursor = (self.cursor + 1).min(last),
            KeyCode::Char('p' | 'k') if control => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::PageDown => self.cursor = (self.cursor + 10).min(last),
            KeyCode::PageUp => self.cursor = self.cursor.saturating_sub(10),
            KeyCode::Enter => {
                return self.found.get(self.cursor).map_or(PickerEvent::Nothing, |index| PickerEvent::Chose(*index));
            }
            _ => {
                if !self.query.handle(key) {
                    return PickerEvent::Unknown;
                }
                self.narrow();
            }
        }
        PickerEvent::Nothing
    }

    /// Takes a pasted text into what narrows.
    pub fn paste(&mut self, pasted: &str) {
        self.query.paste(pasted);
        self.narrow();
    }

    /// Draws the line that narrows, and below it what is left.
    pub fn view(&self, prompt: &str, area: Rect, painter: &mut Painter<'_>) {
        if area.height < 2 {
            return;
        }
        let used = painter.put(area.x, area.y, area.width, prompt, Role::Dim);
        self.query.view(area.x + used, area.y, area.width.saturating_sub(used), true, painter);
        let body = Rect::new(area.x, area.y + 1, area.width, area.height - 1);
        if self.found.is_empty() {
            painter.put(body.x, body.y, body.width, "nothing holds these letters", Role::Dim);
        }
        let widest = self.choices.iter().map(|choice| text::width(&choice.label)).max().unwrap_or(0) as u16;
        let label = widest.min(body.width.saturating_sub(2) * 2 / 3);
        let body = self.view_whole(label, body, painter);
        let visible = usize::from(body.height);
        let offset = (self.cursor + 1).saturating_sub(visible);
        for (row, index) in self.found.iter().skip(offset).take(visible).enumerate() {
            let choice = &self.choices[*index];
            let y = body.y + row as u16;
            let selected = offset + row == self.cursor;
            let further = (offset + row) as isize - self.cursor as isize;
            painter.zone(Rect::new(body.x, y, body.width, 1), Spot::Choice(further));
            let (role, quiet) = match (selected, &choice.disabled) {
                (true, _) => (Role::Selected, Role::Selected),
                (false, Some(_)) => (Role::Disabled, Role::Disabled),
                (false, None) => (Role::Text, Role::Dim),
            };
            if selected {
                painter.style(Rect::new(body.x, y, body.width, 1), Role::Selected);
                painter.put(body.x, y, 1, painter.glyphs.cursor, role);
            }
            painter.put(body.x + 2, y, label, &choice.label, role);
            let x = body.x + 2 + label + 2;
            painter.put(x, y, body.right().saturating_sub(x + 1), choice.said(), quiet);
        }
        painter.scrollbar(body, offset, visible, self.found.len());
    }

    /// Where something is cut there is room below for all that is said of the chosen one; what is left above is given back.
    fn view_whole(&self, label: u16, body: Rect, painter: &mut Painter<'_>) -> Rect {
        let room = usize::from(body.width.saturating_sub(label + 5));
        let is_cut =
            |choice: &Choice| text::width(&choice.label) > usize::from(label) || text::width(choice.said()) > room;
        if body.height < WHOLE + (self.found.len() as u16).clamp(1, 6) || !self.choices.iter().any(is_cut) {
            return body;
        }
        let above = Rect { height: body.height - WHOLE, ..body };
        if let Some(choice) = self.current() {
            let whole = if text::width(&choice.label) > usize::from(label) {
                format!("{}: {}", choice.label, choice.said())
            } else {
                choice.said().to_owned()
            };
            painter.paragraph(
                Rect::new(body.x + 2, above.bottom(), body.width.saturating_sub(3), WHOLE),
                &whole,
                Role::Text,
            );
        }
        above
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(picker: &mut Picker, letters: &str) {
        for letter in letters.chars() {
            picker.handle(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE));
        }
    }

    #[test]
    fn a_few_letters_find_a_choice() {
        let choices = ["Create a vault", "Create a backup plan", "Delete the vault"];
        let mut picker = Picker::new(choices.iter().map(|label| Choice::new(*label, *label, "")).collect(), "");
        typed(&mut picker, "crpl");
        assert_eq!(picker.current().unwrap().label, "Create a backup plan");
        assert_eq!(picker.handle(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)), PickerEvent::Chose(1));
        typed(&mut picker, "zzz");
        assert_eq!(picker.handle(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)), PickerEvent::Nothing);
    }
}
