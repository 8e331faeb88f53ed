//! The app: one message after the other, and what follows from it.

mod acts;
mod keys;

use crate::client::CommandLine;
use crate::client::{Answer, Capabilities, Event, Feature, Key, Query};
use crate::domain::{Scope, Time};
use crate::tui::dialogs::modal::Modal;
use crate::tui::follow::Followed;
use crate::tui::glyph::Glyphs;
use crate::tui::keymap::Keymap;
use crate::tui::msg::{Effect, Msg, Tone};
use crate::tui::route::{History, Route, Tab};
use crate::tui::screens;
use crate::tui::screens::screen::{Nowhere, Screen};
use crate::tui::store::{Change, Store};
use crate::tui::subject::Subject;
use crate::tui::term::signals::Signal;
use crate::tui::theme::Theme;
use crate::tui::widgets::edit::Edit;
use crate::tui::world::{Tokens, World};
use chrono::{Duration, Timelike};
use crossterm::event::KeyEventKind;
use std::collections::BTreeMap;

/// How long a message stays in view.
const SHOWN_FOR: Duration = Duration::seconds(8);

/// What the app is started with.
pub struct Setup {
    /// The terminal's size.
    pub size: (u16, u16),
    /// This machine's clock.
    pub now: Time,
    /// The time zone of whoever looks.
    pub zone: chrono_tz::Tz,
    /// The looks.
    pub theme: Theme,
    /// The signs.
    pub glyphs: Glyphs,
    /// Where it is connected to, for the header.
    pub place: String,
    /// How the context is told to the `aws` command line.
    pub command_line: CommandLine,
    /// The AWS profile, if there is one.
    pub profile: Option<String>,
    /// Whether the engine lives in this process.
    pub embedded: bool,
    /// What the context can do, as far as known before anything answered.
    pub capabilities: Capabilities,
    /// Gives out idempotency tokens.
    pub tokens: Tokens,
}

/// A dialog in the stack.
#[derive(Debug)]
pub struct Layer {
    /// The dialog.
    pub dialog: Box<dyn Modal>,
    /// What it waits for.
    pub waits: Option<Waits>,
    /// Why its change was refused.
    pub refusal: Option<String>,
}

/// What a dialog waits for, by the number under which it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// That its change is made.
    Change(u64),
    /// That a service answers; nothing is made meanwhile.
    Probe(u64),
}

/// The line at the bottom that is typed into.
#[derive(Debug)]
pub enum Line {
    /// `/`.
    Filter(Edit),
    /// `:`.
    Command(Edit),
}

/// A message at the bottom.
#[derive(Debug)]
pub struct StatusMessage {
    /// How.
    pub tone: Tone,
    /// What.
    pub text: String,
    /// Until when.
    until: Time,
}

/// What comes into view is asked again when it is older than this.
const OLD: Duration = Duration::seconds(10);

/// The whole dashboard.
#[derive(Debug)]
pub struct App {
    /// What all screens and dialogs may know.
    pub world: World,
    pub(crate) size: (u16, u16),
    pub(crate) history: History,
    pages: BTreeMap<Route, Box<dyn Screen>>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) line: Option<Line>,
    pub(crate) said: Option<StatusMessage>,
    pub(crate) quitting: bool,
    keymap: Keymap,
    wanted: (Vec<Key>, Vec<Key>),
    followed: Followed,
    /// The scopes in which a followed job ended, until they are asked again.
    ended: Vec<Scope>,
    tickets: u64,
    unsynced: bool,
    dirty: bool,
}

impl App {
    /// The dashboard, on its overview, with nothing known yet.
    pub fn new(setup: Setup) -> Self {
        let world = World {
            store: Store::with(setup.capabilities),
            wall: setup.now,
            scopes: Vec::new(),
            shown: Vec::new(),
            narrowed: false,
            zone: setup.zone,
            theme: setup.theme,
            glyphs: setup.glyphs,
            place: setup.place,
            command_line: setup.command_line,
            profile: setup.profile,
            embedded: setup.embedded,
            paused: false,
            activity: Vec::new(),
            tokens: setup.tokens,
        };
        let history = History::default();
        let pages = BTreeMap::from([(history.here().clone(), screens::open(history.here()))]);
        Self {
            world,
            size: setup.size,
            history,
            pages,
            layers: Vec::new(),
            line: None,
            said: None,
            quitting: false,
            keymap: Keymap::default(),
            wanted: (Vec::new(), Vec::new()),
            followed: Followed::default(),
            ended: Vec::new(),
            tickets: 0,
            unsynced: true,
            dirty: true,
        }
    }

    /// Takes a message, and says what is to be done about it.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
            Msg::Key(key) => {
                self.dirty = true;
                self.sync();
                self.key(key)
            }
            Msg::Paste(text) => {
                self.dirty = true;
                self.paste(&text)
            }
            Msg::Resize(width, height) => {
                self.dirty = true;
                self.size = (width, height);
                Vec::new()
            }
            Msg::Tick(now) => {
                self.tick(now);
                Vec::new()
            }
            Msg::Data(event) => self.data(*event),
            Msg::Changed { ticket, outcome } => {
                self.dirty = true;
                self.changed(ticket, outcome)
            }
            Msg::Probed { ticket, outcome } => {
                self.dirty = true;
                self.probed(ticket, outcome)
            }
            Msg::Signal(Signal::Terminate | Signal::HangUp) => vec![Effect::Quit],
            Msg::Signal(_) => Vec::new(),
        }
    }

    /// Brings the screen up to what is known, and asks for what it needs; to be called before a frame is drawn.
    pub fn settle(&mut self) -> Vec<Effect> {
        self.sync();
        let mut effects: Vec<Effect> = self.ended.drain(..).map(Effect::RefreshScope).collect();
        if !effects.is_empty() {
            effects.push(Effect::Bell);
        }
        let mut visible = vec![Key::context(Query::Scopes), Key::context(Query::Accounts)];
        if self.world.store.capabilities.allows(Feature::Status).is_ok() {
            visible.push(Key::context(Query::Status));
        } else if self.world.store.capabilities.allows(Feature::Health).is_ok() {
            visible.push(Key::context(Query::Health));
        }
        visible.extend(self.page().keys(&self.world));
        for layer in &self.layers {
            visible.extend(layer.dialog.keys(&self.world));
        }
        visible.extend(self.followed.keys());
        let mut hidden: Vec<Key> = self
            .history
            .trail()
            .iter()
            .filter_map(|route| self.pages.get(route))
            .flat_map(|page| page.keys(&self.world))
            .collect();
        if let Some(overview) = self.pages.get(&Route::Tab(Tab::Overview)) {
            hidden.extend(overview.keys(&self.world));
        }
        visible.sort();
        visible.dedup();
        hidden.sort();
        hidden.dedup();
        hidden.retain(|key| visible.binary_search(key).is_err());
        let old = self.world.wall - OLD;
        let is_old = |key: &&Key| self.world.store.slot(key).at.is_some_and(|at| at < old);
        let come = visible.iter().filter(|key| self.wanted.0.binary_search(key).is_err());
        let again: Vec<Key> = come.filter(is_old).cloned().collect();
        if self.wanted != (visible.clone(), hidden.clone()) {
            self.wanted = (visible.clone(), hidden.clone());
            effects.push(Effect::Want { visible, hidden });
        }
        if !again.is_empty() && !self.world.paused {
            effects.push(Effect::Refresh(again));
        }
        if self.quitting && self.running() == 0 {
            effects.push(Effect::Quit);
        }
        effects
    }

    /// Whether something changed since this was last asked.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// When the clock must be told next, though nothing else happens.
    pub fn next_tick(&self) -> Time {
        let minute = self.world.wall + Duration::seconds(60 - i64::from(self.world.wall.second()));
        let said = self.said.as_ref().map(|said| said.until);
        let dialogs = self.layers.iter().filter_map(|layer| layer.dialog.wakes(&self.world));
        said.into_iter().chain(dialogs).fold(minute, Time::min)
    }

    /// The screen that is open.
    pub fn page(&self) -> &dyn Screen {
        match self.pages.get(self.history.here()) {
            Some(page) => page.as_ref(),
            None => &NO_PAGE,
        }
    }

    fn page_mut(&mut self) -> (&mut dyn Screen, &World) {
        let route = self.history.here().clone();
        let page = self.pages.entry(route).or_insert_with_key(screens::open);
        (page.as_mut(), &self.world)
    }

    fn sync(&mut self) {
        if !std::mem::take(&mut self.unsynced) {
            return;
        }
        let (page, world) = self.page_mut();
        page.sync(world);
        for layer in &mut self.layers {
            layer.dialog.sync(&self.world);
        }
        for (scope, tone, text) in self.followed.ended(&self.world) {
            self.say(tone, text);
            self.ended.push(scope);
        }
    }

    fn tick(&mut self, now: Time) {
        let minute = |time: Time| time.timestamp().div_euclid(60);
        self.dirty |= minute(now) != minute(self.world.wall);
        self.unsynced |= minute(now) != minute(self.world.wall);
        self.world.wall = now;
        if self.said.as_ref().is_some_and(|said| said.until <= now) {
            self.said = None;
            self.dirty = true;
        }
    }

    fn data(&mut self, event: Event) -> Vec<Effect> {
        match self.world.store.apply(event) {
            Change::Nothing => return Vec::new(),
            Change::Freshness => {}
            Change::Capabilities => self.unsynced = true,
            Change::Data(key) => {
                self.unsynced = true;
                if key.query == Query::Scopes {
                    self.scopes_changed();
                }
            }
        }
        self.dirty = true;
        Vec::new()
    }

    /// The scopes of the context are known, or are others now.
    fn scopes_changed(&mut self) {
        if let Some(Answer::Scopes(views)) = &self.world.store.slot(&Key::context(Query::Scopes)).answer {
            self.world.scopes = views.iter().map(|view| view.scope.clone()).collect();
        }
        let world = &mut self.world;
        let chosen = world.shown.first().filter(|scope| world.narrowed && world.scopes.contains(scope)).cloned();
        world.narrowed = chosen.is_some();
        world.shown = chosen.map_or_else(|| world.scopes.clone(), |scope| vec![scope]);
    }

    fn narrow(&mut self, scope: Option<Scope>) {
        self.world.narrowed = scope.is_some();
        self.world.shown = scope.map_or_else(|| self.world.scopes.clone(), |scope| vec![scope]);
        self.unsynced = true;
    }

    /// How many jobs have not ended, as far as known.
    pub fn running(&self) -> usize {
        let store = &self.world.store;
        let lists = self.world.scopes.iter().map(|scope| {
            // A list may be older than what was said of one job since; one that has ended does not begin again.
            let backups = store.backup_jobs(scope).into_iter().flat_map(|jobs| jobs.iter()).filter(|job| {
                !job.state.is_final() && store.backup_job(scope, &job.id).is_none_or(|known| !known.state.is_final())
            });
            let restores = store.restore_jobs(scope).into_iter().flat_map(|jobs| jobs.iter()).filter(|job| {
                !job.state.is_final() && store.restore_job(scope, &job.id).is_none_or(|known| !known.state.is_final())
            });
            backups.count() + restores.count()
        });
        lists.sum()
    }

    /// How many rows the list of the open screen built for the last frame.
    pub fn rows_built(&self) -> usize {
        self.page().built()
    }

    /// The way here, in words.
    pub fn crumbs(&self) -> Vec<String> {
        let pages = self.history.trail().iter().filter_map(|route| self.pages.get(route));
        pages.map(|page| page.crumb(&self.world)).collect()
    }

    fn subject(&self) -> Subject {
        self.page().subject(&self.world)
    }
}

/// Stands in for a page that is not there; every place that is come to has one, so it is never seen.
static NO_PAGE: Nowhere = Nowhere;
