//! A key with what is held beside it, and a chord of two of them: as they are pressed, and as they are written.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fmt;

/// A key with what is held beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stroke {
    code: KeyCode,
    control: bool,
    alt: bool,
}

/// The keys that have a name of their own.
const NAMED: [(&str, KeyCode); 16] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("space", KeyCode::Char(' ')),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

/// What terminals send for other keys, so that nobody can tell them apart.
const SAME: [(char, &str); 3] = [('i', "tab"), ('m', "enter"), ('[', "esc")];

impl Stroke {
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

    /// Reads `ctrl-p`, `alt-x`, `shift-tab`, `G`, `enter`, `F5`; what is none of them is told with what could be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let held = |text: &str, name: &str| text.strip_prefix(name).filter(|rest| !rest.is_empty()).map(str::to_owned);
        let (control, rest) = held(text, "ctrl-").map_or((false, text.to_owned()), |rest| (true, rest));
        let (alt, rest) = held(&rest, "alt-").map_or((false, rest.clone()), |rest| (true, rest));
        let code = code(&rest).ok_or_else(|| {
            let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            format!("{text:?} is no key: there are characters, {} and F1 to F12, with ctrl- or alt-", names.join(", "))
        })?;
        if let (true, KeyCode::Char(letter)) = (control, code) {
            if letter.is_uppercase() {
                let small = letter.to_lowercase();
                return Err(format!("terminals do not tell {text} from ctrl-{small}: write that"));
            }
            if let Some((_, same)) = SAME.iter().find(|(same, _)| *same == letter) {
                return Err(format!("terminals do not tell {text} from {same}"));
            }
        }
        if (control && !is_sent_with_control(code)) || (alt && matches!(code, KeyCode::Char('[' | 'O'))) {
            return Err(format!("terminals do not send {text}: what they send for it is another key, or begins one"));
        }
        Ok(Self { code, control, alt })
    }

    /// Whether it types a character where a text is typed.
    pub fn types(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && !self.control && !self.alt
    }
}

/// Whether terminals have something to send for a key that is held with control.
fn is_sent_with_control(code: KeyCode) -> bool {
    match code {
        KeyCode::Char(character) => matches!(character, 'a'..='z' | ' ' | '4'..='7'),
        KeyCode::Enter | KeyCode::Esc | KeyCode::Tab | KeyCode::BackTab | KeyCode::Backspace => false,
        _ => true,
    }
}

fn code(name: &str) -> Option<KeyCode> {
    if let Some((_, code)) = NAMED.iter().find(|(known, _)| *known == name) {
        return Some(*code);
    }
    let mut characters = name.chars();
    let first = characters.next()?;
    let rest = characters.as_str();
    if rest.is_empty() {
        return (!first.is_control() && first != ' ').then_some(KeyCode::Char(first));
    }
    let number = rest.parse().ok().filter(|number| (1..=12).contains(number) && matches!(first, 'F' | 'f'))?;
    Some(KeyCode::F(number))
}

impl fmt::Display for Stroke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.control { "ctrl-" } else { "" })?;
        f.write_str(if self.alt { "alt-" } else { "" })?;
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(character)) => write!(f, "{character}"),
            (None, KeyCode::F(number)) => write!(f, "F{number}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

/// What a command is bound to: a key, or two that are pressed one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keys {
    /// One key.
    One(Stroke),
    /// A chord.
    Chord(Stroke, Stroke),
}

impl Keys {
    /// Reads a key, or two with a space between them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut strokes = text.split_whitespace();
        match (strokes.next(), strokes.next(), strokes.next()) {
            (Some(only), None, _) => Stroke::parse(only).map(Self::One),
            (Some(first), Some(second), None) => Ok(Self::Chord(Stroke::parse(first)?, Stroke::parse(second)?)),
            (Some(_), Some(_), Some(_)) => Err(format!("{text:?} has more than two keys")),
            (None, ..) => {
                Err("there is no key in it: [] takes a command's keys away, \"space\" is that key".to_owned())
            }
        }
    }

    /// The one that is pressed first.
    pub fn first(self) -> Stroke {
        match self {
            Self::One(stroke) | Self::Chord(stroke, _) => stroke,
        }
    }

    /// Whether it is so, or has a key that is.
    pub fn has(self, stroke: Stroke) -> bool {
        matches!(self, Self::Chord(_, second) if second == stroke) || self.first() == stroke
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(stroke) => write!(f, "{stroke}"),
            Self::Chord(first, second) => write!(f, "{first} {second}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let plain = ["j", "G", "?", "ü", "東", "-", "F5", "shift-tab", "space", "delete"];
        let held = ["ctrl-p", "alt-x", "ctrl-alt-d", "ctrl-space", "ctrl-4", "ctrl-up", "ctrl-F5"];
        for name in plain.into_iter().chain(held) {
            assert_eq!(Stroke::parse(name).unwrap().to_string(), name);
        }
        assert_eq!(Stroke::parse("f5").unwrap().to_string(), "F5");
        assert_eq!(Keys::parse(" g   p ").unwrap().to_string(), "g p");
    }

    #[test]
    fn what_is_no_key_is_told_with_what_could_be() {
        let table = [
            ("Ctrl-p", "\"Ctrl-p\" is no key: there are characters, enter, esc, space, "),
            ("F13", "is no key"),
            ("F0", "is no key"),
            ("ctrl-", "is no key"),
            ("\u{7}", "is no key"),
            ("ctrl-P", "terminals do not tell ctrl-P from ctrl-p: write that"),
            ("ctrl-i", "terminals do not tell ctrl-i from tab"),
            ("ctrl-m", "from enter"),
            ("ctrl-/", "terminals do not send ctrl-/"),
            ("ctrl-1", "terminals do not send ctrl-1"),
            ("ctrl-.", "terminals do not send"),
            ("ctrl-enter", "terminals do not send"),
            ("ctrl-tab", "terminals do not send"),
            ("ctrl-esc", "terminals do not send"),
            ("alt-[", "terminals do not send alt-["),
            ("alt-O", "terminals do not send"),
            ("g p x", "more than two keys"),
            ("", "there is no key in it"),
            (" ", "there is no key in it"),
        ];
        for (text, said) in table {
            let told = Keys::parse(text).unwrap_err();
            assert!(told.contains(said), "{text:?}: {told}");
        }
    }

    #[test]
    fn a_character_types_and_what_is_held_with_control_does_not() {
        for (name, types) in
            [("x", true), ("space", true), ("ctrl-x", false), ("alt-x", false), ("F5", false), ("up", false)]
        {
            assert_eq!(Stroke::parse(name).unwrap().types(), types, "{name}");
        }
    }
}
