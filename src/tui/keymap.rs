//! Keys to commands, from the same table that the help is made of.

use crate::tui::command::{COMMANDS, Command};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::HashMap;

/// A key with what is held beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    control: bool,
    alt: bool,
}

impl Chord {
    /// What was pressed. Shift is not kept: it is in the character already.
    pub fn of(key: KeyEvent) -> Self {
        let code = match key.code {
            KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        Self {
            code,
            control: key.modifiers.contains(KeyModifiers::CONTROL),
            alt: key.modifiers.contains(KeyModifiers::ALT),
        }
    }

    /// Reads `ctrl-p`, `shift-tab`, `G`, `enter`.
    pub fn parse(text: &str) -> Option<Self> {
        let (control, rest) = text.strip_prefix("ctrl-").map_or((false, text), |rest| (true, rest));
        let code = match rest {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "space" => KeyCode::Char(' '),
            "tab" => KeyCode::Tab,
            "shift-tab" => KeyCode::BackTab,
            "backspace" => KeyCode::Backspace,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pageup" => KeyCode::PageUp,
            "pagedown" => KeyCode::PageDown,
            "F1" => KeyCode::F(1),
            one => {
                let mut characters = one.chars();
                let character = characters.next()?;
                if characters.next().is_some() {
                    return None;
                }
                KeyCode::Char(character)
            }
        };
        Some(Self { code, control, alt: false })
    }
}

/// Which key does what.
#[derive(Debug)]
pub struct Keymap {
    chords: HashMap<Chord, Command>,
}

impl Default for Keymap {
    /// The keys of the command table.
    fn default() -> Self {
        let pairs = COMMANDS.iter().flat_map(|info| info.keys.iter().map(|key| (*key, info.command)));
        Self { chords: pairs.filter_map(|(key, command)| Some((Chord::parse(key)?, command))).collect() }
    }
}

impl Keymap {
    /// The command of a key.
    pub fn command(&self, key: KeyEvent) -> Option<Command> {
        self.chords.get(&Chord::of(key)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_understood_and_belongs_to_one_command() {
        let keys: Vec<&str> = COMMANDS.iter().flat_map(|info| info.keys).copied().collect();
        assert!(keys.iter().all(|key| Chord::parse(key).is_some()));
        assert_eq!(Keymap::default().chords.len(), keys.len());
    }

    #[test]
    fn arrows_and_vim_keys_do_the_same() {
        let keymap = Keymap::default();
        let press = |code, modifiers| keymap.command(KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('j'), KeyModifiers::NONE), press(KeyCode::Down, KeyModifiers::NONE));
        assert_eq!(press(KeyCode::Char('G'), KeyModifiers::SHIFT), Some(Command::Bottom));
        assert_eq!(press(KeyCode::Char('p'), KeyModifiers::CONTROL), Some(Command::Palette));
        assert_eq!(press(KeyCode::Tab, KeyModifiers::SHIFT), Some(Command::PreviousTab));
    }
}
