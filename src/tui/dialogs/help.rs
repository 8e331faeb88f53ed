//! The help: every command with its keys, searched by letters, run by enter.

use crate::domain::day::DayState;
use crate::tui::actions;
use crate::tui::command::{COMMANDS, Command};
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::{Act, Tone};
use crate::tui::paint::{Painter, Segments};
use crate::tui::screens::status;
use crate::tui::subject::Subject;
use crate::tui::theme::Role;
use crate::tui::widgets::edit::Edit;
use crate::tui::widgets::picker;
use crate::tui::world::World;
use crate::tui::zone::Spot;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

/// The help.
#[derive(Debug)]
pub struct Help {
    query: Edit,
    cursor: usize,
    /// Why each command cannot run now.
    reasons: Vec<Option<String>>,
    /// The keys of each command.
    keys: Vec<String>,
}

/// A line of the help: a heading, a command, or a sign with what it means.
enum Row {
    Heading(&'static str),
    Command(Command),
    Sign(DayState, &'static str),
}

/// What the signs of the days mean, in one sentence each.
const SIGNS: [(DayState, &str); 8] = [
    (DayState::Failed, "A backup job of that day failed, or is partial: no whole backup came of it."),
    (DayState::Expired, "A job did not start in its start window, or was not done in its completion window."),
    (DayState::Missing, "A plan was due and made no job: a role that cannot be assumed, a type that is not opted in."),
    (DayState::Issues, "A backup completed, but not everything could be read; what is there can be restored."),
    (DayState::Stopped, "Somebody stopped a job of that day."),
    (DayState::Running, "A job of that day waits or runs."),
    (DayState::Good, "All that was due was backed up."),
    (DayState::NoneDue, "Nothing was due and nothing was made. Of a blank day nothing is known: nobody looked."),
];

impl Help {
    /// The help, with what can be done with what is selected.
    pub fn new(subject: &Subject, world: &World) -> Self {
        let reasons = COMMANDS
            .iter()
            .map(|info| if info.command.acts() { actions::check(info.command, subject, world).err() } else { None });
        let keys = COMMANDS.iter().map(|info| world.keymap.keys(info.command).join(" "));
        Self { query: Edit::default(), cursor: 0, reasons: reasons.collect(), keys: keys.collect() }
    }

    fn found(&self) -> Vec<Command> {
        let needles: Vec<String> = self.query.text().split_whitespace().map(str::to_lowercase).collect();
        let mut found: Vec<Command> = COMMANDS
            .iter()
            .filter(|info| {
                let words = format!("{} {} {} {}", info.id, info.title, info.help, self.keys[info.command as usize])
                    .to_lowercase();
                needles.iter().all(|needle| words.contains(needle.as_str()))
            })
            .map(|info| info.command)
            .collect();
        found.sort_by_key(|command| command.info().group);
        found
    }

    fn rows(&self, found: &[Command]) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut group = None;
        for command in found {
            if group != Some(command.info().group) {
                group = Some(command.info().group);
                rows.push(Row::Heading(command.info().group.title()));
            }
            rows.push(Row::Command(*command));
        }
        let words = self.query.text().to_lowercase();
        let has = |state: DayState, said: &str| {
            let text = format!("days signs {} {said}", state.word()).to_lowercase();
            words.split_whitespace().all(|word| text.contains(word))
        };
        let signs: Vec<Row> = SIGNS
            .iter()
            .filter(|(state, said)| has(*state, said))
            .map(|(state, said)| Row::Sign(*state, said))
            .collect();
        if !signs.is_empty() {
            rows.push(Row::Heading("The signs of the days"));
            rows.extend(signs);
        }
        rows
    }
}

/// On more columns than this most of what is said of commands is seen whole.
const COMFORTABLE: u16 = 80;

/// So many lines tell the whole of what is said of a command.
const WHOLE: u16 = 2;

impl Modal for Help {
    fn title(&self, _: &World) -> String {
        "Help".to_owned()
    }
    fn handle(&mut self, input: Input, _: &mut World) -> Vec<Act> {
        let key = match input {
            Input::Paste(pasted) => {
                self.query.paste(&pasted);
                self.cursor = 0;
                return Vec::new();
            }
            Input::Key(key) => key,
        };
        let found = self.found();
        // Behind the last command the signs are scrolled to.
        let last = self.rows(&found).iter().filter(|row| !matches!(row, Row::Heading(_))).count().saturating_sub(1);
        match key.code {
            KeyCode::Esc => return vec![Act::Close],
            KeyCode::Char('?') if self.query.text().is_empty() => return vec![Act::Close],
            KeyCode::Down | KeyCode::Tab => self.cursor = (self.cursor + 1).min(last),
            KeyCode::Up | KeyCode::BackTab => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::PageDown => self.cursor = (self.cursor + 10).min(last),
            KeyCode::PageUp => self.cursor = self.cursor.saturating_sub(10),
            KeyCode::Enter => {
                if let Some(command) = found.get(self.cursor) {
                    return match &self.reasons[*command as usize] {
                        Some(reason) => vec![Act::Say(Tone::Bad, reason.clone())],
                        None => vec![Act::Close, Act::Run(*command)],
                    };
                }
            }
            _ => {
                if self.query.handle(key) {
                    self.cursor = 0;
                }
            }
        }
        Vec::new()
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (110, 60)
    }
    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        let used = painter.put(area.x, area.y, area.width, "search: ", Role::Dim);
        self.query.view(area.x + used, area.y, area.width.saturating_sub(used).min(40), true, painter);
        let found = self.found();
        let rows = self.rows(&found);
        let body = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
        let chosen = found.get(self.cursor);
        let body = self.view_whole(chosen.copied(), body, painter);
        let visible = usize::from(body.height);
        let at = match chosen {
            Some(chosen) => rows.iter().position(|row| matches!(row, Row::Command(command) if command == chosen)),
            None => rows
                .iter()
                .enumerate()
                .filter(|(_, row)| !matches!(row, Row::Heading(_)))
                .nth(self.cursor)
                .map(|(at, _)| at),
        };
        let at = at.unwrap_or(0);
        let offset = (at + 2).saturating_sub(visible).min(rows.len().saturating_sub(visible));
        if rows.is_empty() {
            painter.put(body.x, body.y, body.width, "nothing holds these words", Role::Dim);
        }
        for (line, row) in rows.iter().skip(offset).take(visible).enumerate() {
            let y = body.y + line as u16;
            match row {
                Row::Heading(title) => {
                    painter.put(body.x, y, body.width, title, Role::Title);
                }
                Row::Sign(state, said) => {
                    painter.put(body.x + 2, y, 1, painter.glyphs.days[*state as usize], status::of_day(*state));
                    painter.put(body.x + 4, y, 12, state.word(), Role::Text);
                    painter.put(body.x + 17, y, body.width.saturating_sub(18), said, Role::Dim);
                }
                Row::Command(command) => {
                    let place = found.iter().position(|found| found == command).unwrap_or(self.cursor);
                    let further = place as isize - self.cursor as isize;
                    painter.zone(Rect::new(body.x, y, body.width, 1), Spot::Choice(further));
                    self.view_command(*command, offset + line == at, body, y, painter);
                }
            }
        }
        painter.scrollbar(body, offset, visible, rows.len());
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        picker::hints("search", "run it")
    }
}

impl Help {
    /// Where what is said of commands is cut there is room below for all that is said of the chosen one; what is left above is
    /// given back.
    fn view_whole(&self, chosen: Option<Command>, body: Rect, painter: &mut Painter<'_>) -> Rect {
        if body.width > COMFORTABLE || body.height < WHOLE + 6 {
            return body;
        }
        let above = Rect { height: body.height - WHOLE, ..body };
        if let Some(command) = chosen {
            let info = command.info();
            let said = self.reasons[command as usize].as_deref().unwrap_or(info.help);
            let place = Rect::new(body.x + 2, above.bottom(), body.width.saturating_sub(3), WHOLE);
            painter.paragraph(place, &format!("{}: {said}", info.title.trim_end_matches('…')), Role::Text);
        }
        above
    }

    fn view_command(&self, command: Command, selected: bool, area: Rect, y: u16, painter: &mut Painter<'_>) {
        let info = command.info();
        let reason = &self.reasons[command as usize];
        let (text, quiet, key) = match (selected, reason) {
            (true, _) => (Role::Selected, Role::Selected, Role::Selected),
            (false, Some(_)) => (Role::Disabled, Role::Disabled, Role::Disabled),
            (false, None) => (Role::Text, Role::Dim, Role::Key),
        };
        if selected {
            painter.style(Rect::new(area.x, y, area.width, 1), Role::Selected);
            painter.put(area.x, y, 1, painter.glyphs.cursor, text);
        }
        let keys = &self.keys[command as usize];
        let keys = if keys.is_empty() { &format!(":{}", info.id) } else { keys };
        let (keys_width, title_width) = if area.width > COMFORTABLE { (24, 28) } else { (18, 22) };
        painter.put(area.x + 2, y, keys_width, keys, key);
        painter.put(area.x + 3 + keys_width, y, title_width, info.title, text);
        let x = area.x + 4 + keys_width + title_width;
        let said = reason.as_deref().unwrap_or(info.help);
        painter.put(x, y, area.right().saturating_sub(x + 1), said, quiet);
    }
}
