//! A line of text that is typed.

use crate::tui::paint::Painter;
use crate::tui::text;
use crate::tui::theme::Role;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

/// The text with its cursor.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    input: Input,
}

impl Edit {
    /// A line that holds a text already, the cursor behind it.
    pub fn new(text: &str) -> Self {
        Self { input: Input::new(text.to_owned()) }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Replaces all of it.
    pub fn set(&mut self, text: &str) {
        self.input = Input::new(text.to_owned());
    }

    /// Replaces all of it; the cursor stands at a place in bytes.
    pub fn put(&mut self, text: &str, cursor: usize) {
        let before = text.get(..cursor).unwrap_or(text).chars().count();
        self.input = Input::new(text.to_owned()).with_cursor(before);
    }

    /// Where the cursor stands, in bytes.
    pub fn cursor(&self) -> usize {
        self.text().chars().take(self.input.cursor()).map(char::len_utf8).sum()
    }

    /// Takes a key; false when it does not edit.
    pub fn handle(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let request = match key.code {
            KeyCode::Char('a') if control => InputRequest::GoToStart,
            KeyCode::Char('e') if control => InputRequest::GoToEnd,
            KeyCode::Char('u') if control => InputRequest::DeleteLine,
            KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
            KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
            KeyCode::Char('b') if alt => InputRequest::GoToPrevWord,
            KeyCode::Char('f') if alt => InputRequest::GoToNextWord,
            KeyCode::Char(character) if !control && !alt => InputRequest::InsertChar(character),
            KeyCode::Backspace if alt => InputRequest::DeletePrevWord,
            KeyCode::Backspace => InputRequest::DeletePrevChar,
            KeyCode::Delete => InputRequest::DeleteNextChar,
            KeyCode::Left => InputRequest::GoToPrevChar,
            KeyCode::Right => InputRequest::GoToNextChar,
            KeyCode::Home => InputRequest::GoToStart,
            KeyCode::End => InputRequest::GoToEnd,
            _ => return false,
        };
        self.input.handle(request);
        true
    }

    /// Takes a pasted text, as one line.
    pub fn paste(&mut self, pasted: &str) {
        for character in pasted.trim_end_matches(['\n', '\r']).chars().filter(|c| !c.is_control()) {
            self.input.handle(InputRequest::InsertChar(character));
        }
    }

    /// Draws it into one row; the cursor is shown when it has the keys.
    pub fn view(&self, x: u16, y: u16, columns: u16, focused: bool, painter: &mut Painter<'_>) {
        let columns = columns.max(2);
        if !focused {
            let shown = if self.text().is_empty() { " " } else { self.text() };
            painter.put_elided(x, y, columns, shown, Role::Field, text::Elide::Middle);
            return;
        }
        let room = usize::from(columns) - 1;
        let scroll = self.input.visual_scroll(room);
        let mut skipped = 0;
        let visible: String = self
            .input
            .value()
            .chars()
            .skip_while(|character| {
                let skip = skipped < scroll;
                skipped += text::width(character.encode_utf8(&mut [0; 4]));
                skip
            })
            .collect();
        let padded = format!("{visible:<room$} ");
        painter.put_cut(x, y, columns, &padded, Role::Field);
        let at = (self.input.visual_cursor().saturating_sub(scroll)).min(room) as u16;
        painter.style(ratatui::layout::Rect::new(x + at, y, 1, 1), Role::Focus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_pasting_and_deleting() {
        let mut edit = Edit::new("ab");
        for code in [KeyCode::Char('c'), KeyCode::Left, KeyCode::Backspace] {
            assert!(edit.handle(KeyEvent::new(code, KeyModifiers::NONE)));
        }
        assert_eq!(edit.text(), "ac");
        edit.paste("x\ny\x1b\n");
        assert_eq!(edit.text(), "axyc");
        assert!(!edit.handle(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE)));
    }
}
