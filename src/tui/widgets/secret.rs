//! A secret that is typed: seen as dots, never as text, and wiped when it is dropped.

use crate::domain::Secret;
use crate::tui::paint::Painter;
use crate::tui::theme::Role;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use zeroize::Zeroizing;

/// What is typed, without a way to see it: a cursor in the middle would be of no use.
#[derive(Default)]
pub struct SecretEdit {
    text: Zeroizing<String>,
}

impl std::fmt::Debug for SecretEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretEdit")
    }
}

impl SecretEdit {
    /// What was typed; none where nothing was.
    pub fn secret(&self) -> Option<Secret> {
        (!self.text.is_empty()).then(|| Secret::new(self.text.as_str().to_owned()))
    }

    /// Takes a key; false when it does not edit.
    pub fn handle(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('u' | 'w' | 'k') if control => self.text = Zeroizing::default(),
            KeyCode::Char(character) if !control && !alt => self.push(character),
            KeyCode::Backspace => drop(self.text.pop()),
            _ => return false,
        }
        true
    }

    /// Takes a pasted text, without the line end behind it.
    pub fn paste(&mut self, pasted: &str) {
        pasted.trim_end_matches(['\n', '\r']).chars().for_each(|character| self.push(character));
    }

    /// A text that grows by itself would leave what it held before in memory.
    fn push(&mut self, character: char) {
        if self.text.capacity() < self.text.len() + character.len_utf8() {
            let mut larger = Zeroizing::new(String::with_capacity(2 * self.text.len() + 256));
            larger.push_str(&self.text);
            self.text = larger;
        }
        self.text.push(character);
    }

    /// Draws a dot for each character into one row.
    pub fn view(&self, x: u16, y: u16, columns: u16, focused: bool, painter: &mut Painter<'_>) {
        let room = usize::from(columns.max(2)) - 1;
        let dots = self.text.chars().count().min(room);
        let padded = format!("{:<room$} ", painter.glyphs.mark.repeat(dots));
        painter.put_cut(x, y, columns, if focused { &padded } else { padded.trim_end() }, Role::Field);
        if focused {
            painter.style(Rect::new(x + dots as u16, y, 1, 1), Role::Focus);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_typed_pasted_and_taken_back_and_shown_to_nobody() {
        let mut edit = SecretEdit::default();
        assert!(edit.secret().is_none());
        edit.paste("hunter2 \u{e9}\n");
        assert!(edit.handle(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE)));
        assert!(!edit.handle(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE)));
        assert_eq!((edit.secret().unwrap().reveal(), format!("{edit:?}").as_str()), ("hunter2 ", "SecretEdit"));
        edit.paste(&"x".repeat(1000));
        assert_eq!(edit.secret().unwrap().reveal().len(), 1008);
        edit.handle(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
        assert!(edit.secret().is_none());
    }
}
