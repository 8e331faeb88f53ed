//! Keys to commands: those of the table that the help is made of, and what the user's `keymap.toml` makes of them.

mod file;
mod stroke;

pub use stroke::{Keys, Stroke};

use crate::tui::command::{COMMANDS, Command};
use crate::tui::mistake::{Mistake, read_text};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

/// What a key does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// It runs a command.
    Command(Command),
    /// It begins chords: which key after it runs which command.
    Chords(Vec<(Stroke, Command)>),
}

/// A keymap that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeymapError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// What it says makes no sense.
    #[error("{}", told(path, mistakes))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong.
        mistakes: Vec<Mistake>,
    },
}

/// Each mistake on a line of its own, as far as anybody reads them.
fn told(path: &Path, mistakes: &[Mistake]) -> String {
    let lines = mistakes.iter().take(MOST_TOLD).map(|mistake| format!("{}:{mistake}", path.display()));
    let more = mistakes.len().checked_sub(MOST_TOLD + 1).map(|more| format!("and {} more", more + 1));
    lines.chain(more).collect::<Vec<_>>().join("\n")
}

/// So many mistakes are told of one file.
const MOST_TOLD: usize = 10;
/// A keymap is no longer than this, in bytes.
const LONGEST: u64 = 256 * 1024;

/// Which key does what.
#[derive(Debug)]
pub struct Keymap {
    bound: HashMap<Stroke, Bound>,
    /// For each command the names of its keys.
    names: Vec<Vec<String>>,
    /// For each command what to press or to type for it.
    told: Vec<String>,
}

impl Default for Keymap {
    /// The keys of the command table.
    fn default() -> Self {
        let pairs = COMMANDS.iter().flat_map(|info| info.keys.iter().map(|key| (*key, info.command)));
        Self::of(pairs.filter_map(|(key, command)| Some((Keys::parse(key).ok()?, command))).collect())
    }
}

impl Keymap {
    /// Reads a file; where there is none all keys are those of the command table.
    pub fn load(path: &Path) -> Result<Self, KeymapError> {
        match read_text(path, LONGEST) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(KeymapError::Unreadable { path: path.to_owned(), source }),
            Ok(text) => Self::read(&text).map_err(|mistakes| KeymapError::Wrong { path: path.to_owned(), mistakes }),
        }
    }

    /// Reads what a `keymap.toml` says. The commands that it names have the keys that it names, and no other; all others keep
    /// their own, as far as nobody else is given those. Every mistake is told.
    pub fn read(text: &str) -> Result<Self, Vec<Mistake>> {
        file::read(text).map(Self::of)
    }

    fn of(pairs: Vec<(Keys, Command)>) -> Self {
        let mut bound: HashMap<Stroke, Bound> = HashMap::new();
        let mut names = vec![Vec::new(); COMMANDS.len()];
        for (keys, command) in pairs {
            names[command as usize].push(keys.to_string());
            match keys {
                Keys::One(stroke) => {
                    bound.insert(stroke, Bound::Command(command));
                }
                Keys::Chord(first, second) => match bound.entry(first).or_insert_with(|| Bound::Chords(Vec::new())) {
                    Bound::Chords(chords) => chords.push((second, command)),
                    Bound::Command(_) => {}
                },
            }
        }
        let told = COMMANDS
            .iter()
            .zip(&names)
            .map(|(info, keys): (_, &Vec<String>)| keys.first().cloned().unwrap_or_else(|| format!(":{}", info.id)));
        Self { bound, told: told.collect(), names }
    }

    /// What a key does; none where nothing is bound to it.
    pub fn bound(&self, stroke: Stroke) -> Option<&Bound> {
        self.bound.get(&stroke)
    }

    /// The chords that a key begins: which key after it runs which command.
    pub fn chords(&self, first: Stroke) -> &[(Stroke, Command)] {
        match self.bound(first) {
            Some(Bound::Chords(chords)) => chords,
            Some(Bound::Command(_)) | None => &[],
        }
    }

    /// The command of a chord; none where the second key ends none that the first begins.
    pub fn chord(&self, first: Stroke, second: Stroke) -> Option<Command> {
        self.chords(first).iter().find(|(stroke, _)| *stroke == second).map(|(_, command)| *command)
    }

    /// The names of a command's keys, the first one the one to tell of.
    pub fn keys(&self, command: Command) -> &[String] {
        &self.names[command as usize]
    }

    /// The key to tell of; nothing where a command has none.
    pub fn key(&self, command: Command) -> &str {
        self.keys(command).first().map_or("", String::as_str)
    }

    /// What to press for a command, and where it has no key, what to type: `:pause`.
    pub fn told(&self, command: Command) -> &str {
        &self.told[command as usize]
    }

    /// A text with what to press for each command that it names: `{refresh} asks now`.
    pub fn fill(&self, text: &str) -> String {
        let mut parts = text.split('{');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (id, rest) = part.split_once('}').unwrap_or((part, ""));
            match Command::of_id(id) {
                Some(command) => filled.extend([self.told(command), rest]),
                None => filled.extend(["{", part]),
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    #[test]
    fn every_key_of_the_table_is_understood_and_belongs_to_one_command() {
        let keys: Vec<&str> = COMMANDS.iter().flat_map(|info| info.keys).copied().collect();
        assert!(keys.iter().all(|key| Keys::parse(key).is_ok()));
        assert_eq!(Keymap::default().bound.len(), keys.len());
        for info in COMMANDS {
            assert_eq!(Keymap::default().keys(info.command), info.keys, "{}", info.id);
        }
    }

    #[test]
    fn arrows_and_vim_keys_do_the_same() {
        let keymap = Keymap::default();
        let press = |code, modifiers| keymap.bound(Stroke::of(KeyEvent::new(code, modifiers)));
        assert_eq!(press(KeyCode::Char('j'), KeyModifiers::NONE), press(KeyCode::Down, KeyModifiers::NONE));
        let is = |bound: Option<&Bound>, command| bound == Some(&Bound::Command(command));
        assert!(is(press(KeyCode::Char('G'), KeyModifiers::SHIFT), Command::Bottom));
        assert!(is(press(KeyCode::Char('p'), KeyModifiers::CONTROL), Command::Palette));
        assert!(is(press(KeyCode::Tab, KeyModifiers::SHIFT), Command::PreviousTab));
    }

    #[test]
    fn a_text_tells_the_users_keys() {
        let keymap = Keymap::read("refresh = \"g r\"\npause = []\n").unwrap();
        let filled = keymap.fill("{refresh} asks now, {pause} stops; {help} and {nothing} of this: {");
        assert_eq!(filled, "g r asks now, :pause stops; ? and {nothing} of this: {");
    }
}
