//! The user's `keymap.toml`: a command's id, and the keys that it has instead of its own.

use super::stroke::{Keys, Stroke};
use crate::domain::filter::meant;
use crate::tui::command::{COMMANDS, Command};
use crate::tui::mistake::Mistake;
use std::collections::HashMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Keys that every dialog and every typed line need: they stay what they are.
const RESERVED: [(&str, Command); 3] = [("enter", Command::Open), ("esc", Command::Back), ("ctrl-c", Command::Quit)];

/// Keys by which dialogs and typed lines are moved in and edited. What runs there too takes none of them.
const EDITING: [&str; 28] = [
    "space",
    "tab",
    "shift-tab",
    "backspace",
    "delete",
    "up",
    "down",
    "left",
    "right",
    "home",
    "end",
    "pageup",
    "pagedown",
    "ctrl-a",
    "ctrl-e",
    "ctrl-g",
    "ctrl-j",
    "ctrl-k",
    "ctrl-n",
    "ctrl-p",
    "ctrl-r",
    "ctrl-s",
    "ctrl-u",
    "ctrl-w",
    "ctrl-x",
    "alt-b",
    "alt-f",
    "alt-backspace",
];

/// The commands by which every other one is reached that has no key.
const DOORS: [Command; 2] = [Command::CommandLine, Command::Palette];

/// A command's keys in the file.
struct Named {
    keys: Keys,
    command: Command,
    /// The byte at which they stand.
    at: usize,
}

/// Reads a file, and gives all keys with their commands: those that it names, and the own ones of the commands that it does
/// not, as far as it gave those to nobody else. Every mistake is told, in the order of the file.
pub(super) fn read(text: &str) -> Result<Vec<(Keys, Command)>, Vec<Mistake>> {
    let table = DeTable::parse(text).map_err(|error| vec![Mistake::of_toml(text, &error)])?;
    let mut reader = Reader { text, mistakes: Vec::new() };
    let (commands, mut named) = reader.named(table.get_ref());
    named.sort_by_key(|named| named.at);
    let named = reader.without_conflicts(named);
    if !reader.mistakes.is_empty() {
        reader.mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        return Err(reader.mistakes);
    }
    let is_taken = |keys: &Keys| named.iter().any(|named| named.keys.first() == keys.first());
    let mut all: Vec<(Keys, Command)> = named.iter().map(|named| (named.keys, named.command)).collect();
    for info in COMMANDS {
        let own = info.keys.iter().filter_map(|key| Keys::parse(key).ok());
        let keeps = |keys: &Keys| reserved(*keys).is_some() || !commands.contains(&info.command);
        all.extend(own.filter(|keys| keeps(keys) && !is_taken(keys)).map(|keys| (keys, info.command)));
    }
    if !all.iter().any(|(_, command)| DOORS.contains(command)) {
        return Err(vec![Mistake::at(text, closed_at(table.get_ref(), &named), LOCKED_OUT)]);
    }
    Ok(all)
}

/// What is said of a keymap that leaves neither of [`DOORS`] a key.
const LOCKED_OUT: &str =
    "command and palette have no key now: one of them keeps one, since what has no key is reached by them";

/// Where a file takes the last key of [`DOORS`] away: it names one of them, or gives another command its key.
fn closed_at(table: &DeTable<'_>, named: &[Named]) -> usize {
    let is_door = |id: &str| Command::of_id(id).is_some_and(|command| DOORS.contains(&command));
    let names = table.keys().filter(|id| is_door(id.get_ref())).map(|id| id.span().start);
    let own = DOORS.iter().flat_map(|door| door.info().keys).filter_map(|key| Stroke::parse(key).ok());
    let own: Vec<Stroke> = own.collect();
    let takes = named.iter().filter(|named| own.contains(&named.keys.first())).map(|named| named.at);
    names.chain(takes).max().unwrap_or_default()
}

/// Whose a key is for good.
fn reserved(keys: Keys) -> Option<(&'static str, Command)> {
    let is_in = |name: &str| Stroke::parse(name).is_ok_and(|stroke| keys.has(stroke));
    RESERVED.into_iter().find(|(name, _)| is_in(name))
}

struct Reader<'t> {
    text: &'t str,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn wrong(&mut self, at: usize, what: impl Into<String>) {
        self.mistakes.push(Mistake::at(self.text, at, what));
    }

    fn line_of(&self, at: usize) -> usize {
        Mistake::at(self.text, at, "").line
    }

    /// The commands that the file names, and the keys that it gives them.
    fn named(&mut self, table: &DeTable<'_>) -> (Vec<Command>, Vec<Named>) {
        let (mut commands, mut named) = (Vec::new(), Vec::new());
        for (id, value) in table {
            let Some(command) = Command::of_id(id.get_ref()) else {
                let meant = meant(id.get_ref(), COMMANDS.iter().map(|info| info.id));
                let what = format!("there is no command {:?}{meant}; ? in the dashboard lists them all", id.get_ref());
                self.wrong(id.span().start, what);
                continue;
            };
            commands.push(command);
            for (keys, at) in self.texts(value) {
                match Keys::parse(&keys) {
                    Ok(keys) => named.push(Named { keys, command, at }),
                    Err(what) => self.wrong(at, what),
                }
            }
        }
        (commands, named)
    }

    /// A text or a list of them, each with its place.
    fn texts(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(String, usize)> {
        match value.get_ref() {
            DeValue::String(text) => vec![(text.to_string(), value.span().start)],
            DeValue::Array(values) => values.iter().filter_map(|value| self.text_in_list(value)).collect(),
            _ => {
                self.wrong(value.span().start, "keys are a text, a list of texts, or [] for none");
                Vec::new()
            }
        }
    }

    fn text_in_list(&mut self, value: &Spanned<DeValue<'_>>) -> Option<(String, usize)> {
        let text = value.get_ref().as_str().map(|text| (text.to_owned(), value.span().start));
        if text.is_none() {
            self.wrong(value.span().start, "a list of keys has texts only");
        }
        text
    }

    /// What can be done as it is written; each conflict is told where the later of the two stands.
    fn without_conflicts(&mut self, named: Vec<Named>) -> Vec<Named> {
        let mut kept: Vec<Named> = Vec::new();
        let mut firsts: HashMap<Stroke, usize> = HashMap::new();
        for new in named {
            if let Some(what) = self.conflict(&new, &kept, &firsts) {
                self.wrong(new.at, what);
                continue;
            }
            firsts.entry(new.keys.first()).or_insert(kept.len());
            kept.push(new);
        }
        kept
    }

    fn conflict(&self, new: &Named, kept: &[Named], firsts: &HashMap<Stroke, usize>) -> Option<String> {
        let keys = new.keys;
        if let Some((name, whose)) = reserved(keys)
            && (whose != new.command || matches!(keys, Keys::Chord(..)))
        {
            let whose = whose.info().id;
            return Some(format!("{name} is always {whose}'s: dialogs and typed lines need it"));
        }
        if new.command.acts() && matches!(keys, Keys::One(_)) {
            let id = new.command.info().id;
            return Some(format!("{id} leads to a change: it takes a chord of two keys, such as \"x {keys}\""));
        }
        if matches!(new.command, Command::Redraw | Command::Suspend)
            && let Keys::One(stroke) = keys
            && EDITING.iter().any(|name| Stroke::parse(name).is_ok_and(|editing| editing == stroke))
        {
            let id = new.command.info().id;
            return Some(format!(
                "{id} works in dialogs and typed lines too: it takes no key that they use, as {keys} is"
            ));
        }
        let same = kept.iter().find(|old| old.keys == keys);
        if let Some(old) = same {
            return Some(format!("{keys} is {}'s already, by line {}", old.command.info().id, self.line_of(old.at)));
        }
        let old = &kept[*firsts.get(&keys.first())?];
        match (old.keys, keys) {
            (Keys::Chord(..), Keys::Chord(..)) => None,
            _ => {
                let line = self.line_of(old.at);
                Some(format!(
                    "{keys} and {} of line {line} ({}) begin alike: a key alone, or chords",
                    old.keys,
                    old.command.info().id
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        read(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn mistakes_are_told_with_line_and_column_and_what_could_stand_there() {
        let table = [
            ("pauze = \"z\"", "1:1: there is no command \"pauze\" (pause?); ? in the dashboard lists them all"),
            ("\npause = \"Ctrl-z\"", "2:9: \"Ctrl-z\" is no key: there are characters, enter, "),
            ("pause = 3", "1:9: keys are a text, a list of texts, or [] for none"),
            ("pause = [\"z\", 3]", "1:15: a list of keys has texts only"),
            ("pause = \"z\"\nrefresh = \"z\"", "2:11: z is pause's already, by line 1"),
            ("refresh = \"z\"\npause = [\"x\", \"z\"]", "2:15: z is refresh's already, by line 1"),
            ("pause = [\"z\", \"z\"]", "1:15: z is pause's already, by line 1"),
            ("top = \"g\"\nplans = \"g p\"", "2:9: g p and g of line 1 (top) begin alike: a key alone, or chords"),
            ("plans = \"g p\"\ntop = \"g\"", "2:7: g and g p of line 1 (plans) begin alike: a key alone, or chords"),
            ("pause = \"esc\"", "1:9: esc is always back's: dialogs and typed lines need it"),
            ("pause = \"enter\"", "1:9: enter is always open's"),
            ("pause = \"ctrl-c\"", "1:9: ctrl-c is always quit's"),
            ("back = \"g esc\"", "1:8: esc is always back's"),
            (
                "delete-vault = \"D\"",
                "1:16: delete-vault leads to a change: it takes a chord of two keys, such as \"x D\"",
            ),
            (
                "redraw = \"backspace\"",
                "1:10: redraw works in dialogs and typed lines too: it takes no key that they use, as backspace is",
            ),
            ("suspend = [\"F5\", \"ctrl-s\"]", "1:18: suspend works in dialogs and typed lines too"),
            ("command = []\npalette = []", "2:1: command and palette have no key now: one of them keeps one"),
            ("pause = \":\"\npalette = []\nrefresh = \"r\"", "2:1: command and palette have no key now"),
            ("palette = []\npause = \":\"", "2:9: command and palette have no key now"),
            ("pause = \"z\"\npause = \"x\"", "2:1: duplicate key"),
            ("pause = ", "1:9: "),
            ("[pause]\nkey = \"z\"", "1:1: keys are a text"),
        ];
        for (text, said) in table {
            let told = mistakes(text);
            assert!(told.len() == 1 && told[0].starts_with(said), "{text}: {told:?}");
        }
    }

    #[test]
    fn all_mistakes_are_told_in_the_order_of_the_file() {
        let told = mistakes("refresh = \"z\"\nnope = \"x\"\npause = \"z\"\nquit = \"enter\"\n");
        let lines: Vec<&str> = told.iter().filter_map(|told| told.split(':').next()).collect();
        assert_eq!(lines, ["2", "3", "4"], "{told:?}");
    }

    #[test]
    fn keys_are_taken_from_whoever_has_them_by_default_and_those_of_dialogs_from_nobody() {
        let keys_of = |text: &str, command: Command| -> Vec<String> {
            let all = read(text).unwrap();
            all.iter().filter(|(_, of)| *of == command).map(|(keys, _)| keys.to_string()).collect()
        };
        let text = "refresh = \"p\"\nplans = \"g p\"\nquit = []\nback = \"h\"\ndelete-vault = \"x d\"\nopen = [\"o\", \"enter\"]\n";
        let table: [(Command, &[&str]); 9] = [
            (Command::Refresh, &["p"]),
            (Command::Pause, &[]),
            (Command::Plans, &["g p"]),
            (Command::Top, &["home"]),
            (Command::Quit, &["ctrl-c"]),
            (Command::Back, &["h", "esc"]),
            (Command::Left, &["left"]),
            (Command::DeleteVault, &["x d"]),
            (Command::Open, &["o", "enter"]),
        ];
        for (command, keys) in table {
            assert_eq!(keys_of(text, command), keys, "{command:?}");
        }
        assert_eq!(read("").unwrap().len(), COMMANDS.iter().map(|info| info.keys.len()).sum::<usize>());
    }
}
