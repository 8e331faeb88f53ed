//! Drives the app with keys and answers, and reads its screen; nothing but the terminal and the network is left out.

use crate::fixture::{self, Fixture};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use vaultdeck::client::{Answer, Capabilities, CommandLine, Event, Fault, Key, Outcome, Reply};
use vaultdeck::domain::Time;
use vaultdeck::domain::extension::{AddResource, ResourceProbe};
use vaultdeck::tui::alert::Alerts;
use vaultdeck::tui::app::{App, Setup};
use vaultdeck::tui::frame;
use vaultdeck::tui::glyph::{Glyphs, UNICODE};
use vaultdeck::tui::keymap::Keymap;
use vaultdeck::tui::msg::{Effect, Msg};
use vaultdeck::tui::term::pointer::Pointer;
use vaultdeck::tui::term::writer::{Counters, FrameWriter};
use vaultdeck::tui::theme::{Depth, Themes};
use vaultdeck::tui::world::Tokens;

/// The app in a terminal of cells.
pub struct Driver {
    pub app: App,
    writer: FrameWriter<Vec<u8>>,
    fixture: Fixture,
    generation: u64,
    /// Every effect since the last [`Driver::take_effects`], but those that ask for data.
    effects: Vec<Effect>,
    /// What the app wanted last for its screen.
    wanted: Vec<Key>,
    /// A question that the world leaves unanswered.
    pub silent: Option<Key>,
}

/// How a driver is made.
pub struct Start {
    pub size: (u16, u16),
    pub theme: &'static str,
    pub themes: Themes,
    pub keymap: Keymap,
    pub glyphs: Glyphs,
    pub fixture: Fixture,
    pub capabilities: Capabilities,
    pub embedded: bool,
    pub zone: chrono_tz::Tz,
    pub alerts: Alerts,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            size: (120, 40),
            theme: "default",
            themes: Themes::built_in(Depth::True),
            keymap: Keymap::default(),
            glyphs: UNICODE,
            fixture: fixture::organization(),
            capabilities: fixture::engine(),
            embedded: true,
            zone: chrono_tz::Europe::Berlin,
            alerts: Alerts::default(),
        }
    }
}

impl Driver {
    /// An app that was just started; nothing was answered yet.
    pub fn unanswered(start: Start) -> Self {
        let mut counter = 0;
        let app = App::new(Setup {
            size: start.size,
            now: fixture::now(),
            zone: start.zone,
            theme: start.themes.choose(start.theme).unwrap(),
            themes: start.themes,
            keymap: start.keymap,
            glyphs: start.glyphs,
            place: "embedded engine".to_owned(),
            command_line: CommandLine::default(),
            embedded: start.embedded,
            capabilities: start.capabilities,
            alerts: start.alerts,
            session: "this-session".to_owned(),
            mouse: true,
            tokens: Tokens(Box::new(move || {
                counter += 1;
                format!("token-{counter}")
            })),
        });
        let writer = FrameWriter::new(Vec::new(), start.size.0, start.size.1);
        let (effects, wanted) = (Vec::new(), Vec::new());
        Self { app, writer, fixture: start.fixture, generation: 0, effects, wanted, silent: None }
    }

    /// An app to which everything was answered.
    pub fn start(start: Start) -> Self {
        let mut driver = Self::unanswered(start);
        driver.answer_all();
        driver
    }

    /// The usual one: 120 × 40, the sample organization.
    pub fn usual() -> Self {
        Self::start(Start::default())
    }

    /// Sends a message and keeps its effects.
    pub fn send(&mut self, msg: Msg) {
        let effects = self.app.update(msg);
        self.effects.extend(effects);
    }

    /// Answers what the app wants, until it wants nothing new.
    pub fn answer_all(&mut self) {
        for _ in 0..8 {
            let effects = self.app.settle();
            let mut wanted = Vec::new();
            for effect in effects {
                match effect {
                    Effect::Want { visible, hidden } => {
                        self.wanted.clone_from(&visible);
                        wanted.extend(visible.into_iter().chain(hidden));
                    }
                    other => self.effects.push(other),
                }
            }
            if wanted.is_empty() {
                return;
            }
            for key in wanted {
                if self.silent.as_ref() == Some(&key) {
                    continue;
                }
                if let Some(result) = self.fixture.answer(&key) {
                    self.reply(key, result);
                }
            }
        }
    }

    /// Answers one key.
    pub fn reply(&mut self, key: Key, result: Result<Answer, Fault>) {
        self.reply_at(key, result, self.app.world.wall);
    }

    /// Answers one key with data of a given age.
    pub fn reply_at(&mut self, key: Key, result: Result<Answer, Fault>, at: Time) {
        self.generation += 1;
        let next_try = result.as_ref().err().map(|_| at + chrono::Duration::seconds(30));
        let reply = Reply { key, generation: self.generation, at, result, next_try };
        self.send(Msg::Data(Box::new(Event::Answered(reply))));
    }

    /// What the world answers to a key that it knows.
    pub fn answer_of(&self, key: &Key) -> Result<Answer, Fault> {
        self.fixture.answer(key).expect("the fixture answers this key")
    }

    /// The world that answers.
    pub fn fixture(&mut self) -> &mut Fixture {
        &mut self.fixture
    }

    /// Presses keys, each by its name in the help, with spaces between them: `3 enter ctrl-p`; then no key comes for a moment.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split(' ').filter(|key| !key.is_empty()) {
            self.send(Msg::Key(key_of(key)));
            self.answer_all();
        }
        self.rest()
    }

    /// No key comes for a moment: what stands beside a list follows its cursor, and what it asks for is answered.
    pub fn rest(&mut self) -> &mut Self {
        self.rest_unanswered();
        self.answer_all();
        self
    }

    /// The same, and nothing is answered yet.
    pub fn rest_unanswered(&mut self) -> &mut Self {
        while self.app.is_filtering() {
            self.send(Msg::Step);
        }
        if self.app.is_moving() {
            self.send(Msg::Rested);
        }
        self
    }

    /// No key comes for a while after the first one of a chord.
    pub fn linger(&mut self) -> &mut Self {
        assert!(self.app.is_in_chord(), "no chord was begun");
        self.send(Msg::Lingered);
        self
    }

    /// What the app wants to know now, on the screen: what its last settling asked for.
    pub fn wants(&mut self) -> Vec<Key> {
        let effects = self.app.settle();
        for effect in effects {
            match effect {
                Effect::Want { visible, .. } => self.wanted = visible,
                other => self.effects.push(other),
            }
        }
        self.wanted.clone()
    }

    /// Presses keys before anything is answered that they ask for.
    pub fn press_unanswered(&mut self, keys: &str) -> &mut Self {
        for key in keys.split(' ').filter(|key| !key.is_empty()) {
            self.send(Msg::Key(key_of(key)));
        }
        self
    }

    /// Types a text, letter by letter.
    pub fn write(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            self.send(Msg::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
        }
        self.answer_all();
        self.rest()
    }

    /// A change that was sent ended.
    pub fn changed(&mut self, outcome: Result<Outcome, Fault>) -> &mut Self {
        let ticket = self.app.world.activity.last().map_or(0, |entry| entry.ticket);
        self.send(Msg::Changed { ticket, outcome });
        self.answer_all();
        self
    }

    /// What a dialog wanted to know of a resource is known.
    pub fn probed(&mut self, outcome: Result<ResourceProbe, Fault>) -> &mut Self {
        let asked = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Probe { ticket, .. } => Some(*ticket),
            _ => None,
        });
        self.send(Msg::Probed { ticket: asked.expect("something was asked"), outcome });
        self.answer_all();
        self
    }

    /// What a service was asked about last.
    pub fn asked_last(&self) -> Option<AddResource> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Probe { request, .. } => Some((**request).clone()),
            _ => None,
        })
    }

    /// Where a text is on the screen: its first column and its row.
    pub fn place_of(&mut self, text: &str) -> (u16, u16) {
        let screen = self.screen();
        let found = screen.lines().enumerate().find_map(|(y, line)| Some((line.split_once(text)?.0, y)));
        let (before, y) = found.unwrap_or_else(|| panic!("{text:?} is not on this screen:\n{screen}"));
        (vaultdeck::tui::text::width(before) as u16, y as u16)
    }

    /// Presses the mouse's button on a text, once, or a second time.
    pub fn click(&mut self, text: &str, again: bool) -> &mut Self {
        let (x, y) = self.place_of(text);
        self.click_at(x, y, again)
    }

    /// The same at a place.
    pub fn click_at(&mut self, x: u16, y: u16, again: bool) -> &mut Self {
        self.draw();
        self.send(Msg::Pointer(Pointer::Pressed { x, y, again }));
        self.send(Msg::Pointer(Pointer::Released));
        self.answer_all();
        self.rest()
    }

    /// Turns the wheel over a text.
    pub fn wheel(&mut self, text: &str, down: bool) -> &mut Self {
        let (x, y) = self.place_of(text);
        self.send(Msg::Pointer(Pointer::Wheel { x, y, down }));
        self
    }

    /// Lets the clock go on.
    pub fn wait(&mut self, seconds: i64) -> &mut Self {
        let now = self.app.world.wall + chrono::Duration::seconds(seconds);
        self.send(Msg::Tick(now));
        self.answer_all();
        self
    }

    /// Draws a frame and tells what it cost.
    pub fn draw(&mut self) -> Counters {
        let app = &self.app;
        self.writer.draw(|area, buffer| frame::view(app, area, buffer)).unwrap();
        self.writer.counters()
    }

    /// What the terminal shows, line by line, without trailing spaces.
    pub fn screen(&mut self) -> String {
        self.draw();
        let buffer = self.writer.shown();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..buffer.area.width {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                let symbol = buffer[(x, y)].symbol();
                skip = vaultdeck::tui::text::width(symbol).saturating_sub(1);
                line.push_str(symbol);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// The frame's cells.
    pub fn buffer(&mut self) -> ratatui::buffer::Buffer {
        self.draw();
        self.writer.shown().clone()
    }

    /// All bytes that were written so far.
    pub fn bytes(self) -> Vec<u8> {
        self.writer.into_inner()
    }

    /// Asserts that the screen shows a text.
    pub fn sees(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        assert!(screen.contains(text), "{text:?} is not on this screen:\n{screen}");
        self
    }

    /// Asserts that it does not.
    pub fn sees_no(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        assert!(!screen.contains(text), "{text:?} is on this screen:\n{screen}");
        self
    }

    /// The effects since this was last asked, but those that ask for data.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}

/// A key by its name in the help.
pub fn key_of(name: &str) -> KeyEvent {
    let (modifiers, rest) = match name.strip_prefix("ctrl-") {
        Some(rest) => (KeyModifiers::CONTROL, rest),
        None => (KeyModifiers::NONE, name),
    };
    let code = match rest {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "shift-tab" => KeyCode::BackTab,
        "space" => KeyCode::Char(' '),
        "backspace" => KeyCode::Backspace,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        one => KeyCode::Char(one.chars().next().filter(|_| one.chars().count() == 1).expect("a key's name")),
    };
    KeyEvent::new(code, modifiers)
}

impl Driver {
    /// Answers all that was ever answered once more, as the world is now.
    pub fn answer_again(&mut self) {
        let scopes = self.fixture.scopes.clone();
        use vaultdeck::client::Query;
        for scope in scopes {
            let mut queries = vec![
                Query::Vaults,
                Query::Plans,
                Query::BackupJobs,
                Query::RestoreJobs,
                Query::CopyJobs,
                Query::Resources,
                Query::ProtectedResources,
            ];
            queries.extend(self.fixture.plans.iter().map(|detail| Query::Plan { id: detail.plan.id.clone() }));
            for query in queries {
                let key = Key::scoped(scope.clone(), query);
                if let Some(result) = self.fixture.answer(&key) {
                    self.reply(key, result);
                }
            }
        }
        self.answer_all();
    }
}
