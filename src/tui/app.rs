//! The app: one message after the other, and what follows from it.

mod acts;
mod keys;
mod lines;
mod news;
mod pointer;
mod several;

use keys::Begun;
use pointer::Mouse;

use crate::client::CommandLine;
use crate::client::history::News;
use crate::client::mutes::Mutes;
use crate::client::views::Views;
use crate::client::{Capabilities, Feature, Key, Query};
use crate::domain::{Scope, Time};
use crate::tui::alert::{Alert, Alerts};
use crate::tui::dialogs::modal::Modal;
use crate::tui::filter_line::FilterLine;
use crate::tui::follow::Followed;
use crate::tui::glyph::Glyphs;
use crate::tui::keymap::Keymap;
use crate::tui::msg::{Effect, Msg, MuteChange, Tone};
use crate::tui::route::{History, Route, Tab};
use crate::tui::screens;
use crate::tui::screens::beside::WIDE;
use crate::tui::screens::screen::{Nowhere, Screen};
use crate::tui::store::Store;
use crate::tui::subject::Subject;
use crate::tui::term::signals::Signal;
use crate::tui::theme::{Theme, Themes};
use crate::tui::widgets::edit::Edit;
use crate::tui::world::{Tokens, World};
use chrono::{Duration, Timelike};
use crossterm::event::KeyEventKind;
use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// The looks that can be chosen.
    pub themes: Themes,
    /// Which key does what.
    pub keymap: Keymap,
    /// The signs.
    pub glyphs: Glyphs,
    /// Where it is connected to, for the header.
    pub place: String,
    /// How the context is told to the `aws` command line.
    pub command_line: CommandLine,
    /// Whether the engine lives in this process.
    pub embedded: bool,
    /// What the context can do, as far as known before anything answered.
    pub capabilities: Capabilities,
    /// How its user wants to be told of new findings.
    pub alerts: Alerts,
    /// Whether the terminal tells of the mouse.
    pub mouse: bool,
    /// Gives out idempotency tokens.
    pub tokens: Tokens,
    /// What tells the lines of this session in the audit log from those of others.
    pub session: String,
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
    Filter(Box<FilterLine>),
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

/// While it is in view, the audit log is read again when it was read so long ago: other sessions write into it.
const LOG_OLD: Duration = Duration::seconds(5);

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
    /// The first key of a chord, until the next one comes.
    pub(crate) chord: Option<Begun>,
    /// Whether the detail is to stand beside lists, where there is room.
    detail_pane: bool,
    wanted: (Vec<Key>, Vec<Key>),
    followed: Followed,
    alert: Alert,
    /// What new findings ask of the terminal.
    alarms: Vec<Effect>,
    /// The scopes in which a followed job ended, until they are asked again.
    ended: Vec<Scope>,
    tickets: u64,
    /// When the audit log was read last; none when it is to be read now.
    log_read: Option<Time>,
    mouse: Mouse,
    /// Whether somebody looks at how far several changes have come.
    course_shown: bool,
    /// The findings of the open list that are marked and are to be muted or to speak again, and the screen they are on.
    muting: Option<(Route, MuteChange)>,
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
            themes: setup.themes,
            keymap: setup.keymap,
            glyphs: setup.glyphs,
            place: setup.place,
            command_line: setup.command_line,
            embedded: setup.embedded,
            beside: setup.size.0 >= WIDE,
            beside_width: None,
            paused: false,
            activity: Vec::new(),
            logged: Ok(Arc::default()),
            session: setup.session,
            course: None,
            mutes: Mutes::default(),
            views: Views::default(),
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
            chord: None,
            detail_pane: true,
            wanted: (Vec::new(), Vec::new()),
            followed: Followed::default(),
            alert: Alert::new(setup.alerts),
            alarms: Vec::new(),
            ended: Vec::new(),
            tickets: 0,
            log_read: None,
            mouse: Mouse::new(setup.mouse),
            course_shown: false,
            muting: None,
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
            Msg::Pointer(pointer) => {
                self.dirty = true;
                self.sync();
                self.pointer(pointer)
            }
            Msg::Paste(text) => {
                self.dirty = true;
                self.chord = None;
                self.paste(&text)
            }
            Msg::Resize(width, height) => {
                self.dirty = true;
                self.size = (width, height);
                self.place_beside();
                Vec::new()
            }
            Msg::Tick(now) => {
                self.tick(now);
                Vec::new()
            }
            Msg::Rested => {
                self.dirty = true;
                let (page, world) = self.page_mut();
                page.rest(world);
                Vec::new()
            }
            Msg::Lingered => {
                self.tell_chords();
                Vec::new()
            }
            Msg::Step => {
                self.step();
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
            Msg::Muted(outcome) => {
                (self.dirty, self.unsynced) = (true, true);
                self.muted(outcome);
                Vec::new()
            }
            Msg::Logged(outcome) => {
                if outcome != self.world.logged {
                    (self.dirty, self.unsynced) = (true, true);
                    if let Err(why) = &outcome {
                        self.say(Tone::Bad, why.clone());
                    }
                    self.world.logged = outcome;
                }
                Vec::new()
            }
            Msg::Past(News::Past(scope, past)) => {
                (self.dirty, self.unsynced) = (true, true);
                self.world.store.remember(scope, past);
                Vec::new()
            }
            Msg::Past(News::Trouble(why)) => {
                self.say(Tone::Bad, why);
                Vec::new()
            }
            Msg::Exported(outcome) => {
                match outcome {
                    Ok(said) => self.say(Tone::Good, said),
                    Err(why) => self.say(Tone::Bad, why),
                }
                Vec::new()
            }
            Msg::Views(outcome) => {
                self.dirty = true;
                match outcome {
                    Ok(views) => self.world.views = views,
                    Err(why) => self.say(Tone::Bad, why),
                }
                Vec::new()
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
        effects.append(&mut self.alarms);
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
        let is_old = self.log_read.is_none_or(|at| self.world.wall - at >= LOG_OLD);
        if is_old && *self.history.here() == Route::Tab(Tab::Activity) {
            self.log_read = Some(self.world.wall);
            effects.push(Effect::ReadLog);
        }
        if self.quitting && self.running() == 0 && !self.is_changing() {
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
        if !self.layers.is_empty() {
            self.mouse.forget();
        }
        let (page, world) = self.page_mut();
        page.sync(world);
        for layer in &mut self.layers {
            layer.dialog.sync(&self.world);
        }
        self.alarms.extend(self.alert.look(&self.world));
        for (scope, tone, text) in self.followed.ended(&self.world) {
            self.say(tone, text);
            self.ended.push(scope);
        }
    }

    fn tick(&mut self, now: Time) {
        let minute = |time: Time| time.timestamp().div_euclid(60);
        self.dirty |= minute(now) != minute(self.world.wall);
        self.unsynced |= minute(now) != minute(self.world.wall);
        // What waited for its time shows something else from then on.
        self.dirty |= self.layers.iter().filter_map(|layer| layer.dialog.wakes(&self.world)).any(|at| at <= now);
        self.world.wall = now;
        if self.said.as_ref().is_some_and(|said| said.until <= now) {
            self.said = None;
            self.dirty = true;
        }
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

    /// Whether the cursor went to another row and what stands beside the rows has not followed yet: as soon as no key came for
    /// a moment, [`Msg::Rested`] is to be told.
    pub fn is_moving(&self) -> bool {
        self.page().is_moving()
    }

    /// Whether the open list has rows that its filter has still to look at: [`Msg::Step`] is to be told until it has not, and
    /// whatever else happens comes before.
    pub fn is_filtering(&self) -> bool {
        self.page().is_filtering()
    }

    /// Looks at some more rows of the open list.
    fn step(&mut self) {
        let (page, world) = self.page_mut();
        if !page.step(world) {
            // The rows are others now, and so may be the selected one.
            page.rest(world);
            self.dirty = true;
        }
    }

    /// Looks at all of them before something is done with the selected one: it must be the one that passes.
    fn finish_filtering(&mut self) {
        while self.is_filtering() {
            self.step();
        }
    }

    /// Says whether the detail stands beside lists: there is room, and nobody put it away.
    pub(crate) fn place_beside(&mut self) {
        self.world.beside = self.detail_pane && self.size.0 >= WIDE;
        self.unsynced = true;
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
