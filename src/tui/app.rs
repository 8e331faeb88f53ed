//! The app: one message after the other, and what follows from it.

use crate::client::approve::{Approved, CommandLine, Pending};
use crate::client::{Answer, Event, Fault, Feature, Key, Mutation, Query};
use crate::domain::{Scope, Time};
use crate::tui::actions::{self, Subject};
use crate::tui::command::Command;
use crate::tui::dialogs::help::Help;
use crate::tui::dialogs::menu::Menu;
use crate::tui::dialogs::notice::Notice;
use crate::tui::dialogs::quit::Quit;
use crate::tui::dialogs::scopes::Scopes;
use crate::tui::dialogs::{Dialog, Input};
use crate::tui::follow::Followed;
use crate::tui::glyph::Glyphs;
use crate::tui::keymap::Keymap;
use crate::tui::msg::{Act, Effect, Made, Msg, Tone};
use crate::tui::route::{History, Route, Tab};
use crate::tui::screens::{Page, Screen};
use crate::tui::store::{Change, Store};
use crate::tui::term::signals::Signal;
use crate::tui::theme::Theme;
use crate::tui::widgets::edit::Edit;
use crate::tui::world::{Activity, Tokens, World};
use chrono::{Duration, Timelike};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use std::collections::BTreeMap;

/// How long something said stays in view.
const SAID: Duration = Duration::seconds(8);

/// What the app is started with.
pub struct Setup {
    /// The terminal's size.
    pub size: (u16, u16),
    /// This machine's clock.
    pub now: Time,
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
    /// Gives out idempotency tokens.
    pub tokens: Tokens,
}

/// A dialog in the stack.
#[derive(Debug)]
pub struct Layer {
    /// The dialog.
    pub dialog: Dialog,
    /// The change that it waits for.
    pub sending: Option<u64>,
    /// Why its change was refused.
    pub refusal: Option<String>,
}

/// The line at the bottom that is typed into.
#[derive(Debug)]
pub enum Line {
    /// `/`.
    Filter(Edit),
    /// `:`.
    Command(Edit),
}

/// Something said at the bottom.
#[derive(Debug)]
pub struct Said {
    /// How.
    pub tone: Tone,
    /// What.
    pub text: String,
    /// Until when.
    until: Time,
}

/// The whole dashboard.
#[derive(Debug)]
pub struct App {
    /// What all screens and dialogs may know.
    pub world: World,
    pub(crate) size: (u16, u16),
    pub(crate) history: History,
    pages: BTreeMap<Route, Page>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) line: Option<Line>,
    pub(crate) said: Option<Said>,
    pub(crate) quitting: bool,
    keymap: Keymap,
    wanted: (Vec<Key>, Vec<Key>),
    followed: Followed,
    tickets: u64,
    unsynced: bool,
    dirty: bool,
}

impl App {
    /// The dashboard, on its overview, with nothing known yet.
    pub fn new(setup: Setup) -> Self {
        let world = World {
            store: Store::default(),
            wall: setup.now,
            scopes: Vec::new(),
            shown: Vec::new(),
            narrowed: false,
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
        let pages = BTreeMap::from([(history.here().clone(), Page::of(history.here()))]);
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
            Msg::Signal(Signal::Terminate | Signal::HangUp) => vec![Effect::Quit],
            Msg::Signal(_) => Vec::new(),
        }
    }

    /// Brings the screen up to what is known, and asks for what it needs; to be called before a frame is drawn.
    pub fn settle(&mut self) -> Vec<Effect> {
        self.sync();
        let mut effects = Vec::new();
        let mut visible = vec![Key::context(Query::Scopes), Key::context(Query::Accounts)];
        if self.world.store.capabilities.allows(Feature::Status).is_ok() {
            visible.push(Key::context(Query::Status));
        }
        visible.extend(self.page().keys(&self.world));
        for layer in &self.layers {
            visible.extend(layer.dialog.modal().keys(&self.world));
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
        if self.wanted != (visible.clone(), hidden.clone()) {
            self.wanted = (visible.clone(), hidden.clone());
            effects.push(Effect::Want { visible, hidden });
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
        self.said.as_ref().map_or(minute, |said| said.until.min(minute))
    }

    /// The screen that is open.
    pub fn page(&self) -> &dyn Screen {
        match self.pages.get(self.history.here()) {
            Some(page) => &**page,
            None => &NO_PAGE,
        }
    }

    fn page_mut(&mut self) -> (&mut dyn Screen, &World) {
        let route = self.history.here().clone();
        let page = self.pages.entry(route).or_insert_with_key(Page::of);
        (page.screen_mut(), &self.world)
    }

    fn sync(&mut self) {
        if !std::mem::take(&mut self.unsynced) {
            return;
        }
        let (page, world) = self.page_mut();
        page.sync(world);
        for layer in &mut self.layers {
            layer.dialog.modal_mut().sync(&self.world);
        }
        for news in self.followed.ended(&self.world) {
            self.say(news.0, news.1);
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
            let backups =
                store.backup_jobs(scope).map_or(0, |jobs| jobs.iter().filter(|job| !job.state.is_final()).count());
            let restores =
                store.restore_jobs(scope).map_or(0, |jobs| jobs.iter().filter(|job| !job.state.is_final()).count());
            backups + restores
        });
        lists.sum()
    }

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        if let Some(layer) = self.layers.last_mut() {
            if layer.sending.is_some() {
                return Vec::new();
            }
            let acts = layer.dialog.modal_mut().handle(Input::Paste(text.to_owned()), &mut self.world);
            return self.act(acts);
        }
        match &mut self.line {
            Some(Line::Filter(edit)) => {
                edit.paste(text);
                let filter = edit.text().to_owned();
                self.page_mut().0.filter(&filter);
            }
            Some(Line::Command(edit)) => edit.paste(text),
            None => {}
        }
        Vec::new()
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let command = self.keymap.command(key);
        if matches!(command, Some(Command::Redraw | Command::Suspend)) {
            return self.run(command);
        }
        if let Some(layer) = self.layers.last_mut() {
            if layer.sending.is_some() {
                let close = if key.code == KeyCode::Esc { vec![Act::Close] } else { Vec::new() };
                return self.act(close);
            }
            let acts = layer.dialog.modal_mut().handle(Input::Key(key), &mut self.world);
            return self.act(acts);
        }
        if self.line.is_some() {
            return self.line_key(key);
        }
        self.run(command)
    }

    fn run(&mut self, command: Option<Command>) -> Vec<Effect> {
        match command {
            Some(command) => self.command(command),
            None => Vec::new(),
        }
    }

    fn line_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(line) = &mut self.line else { return Vec::new() };
        match (line, key.code) {
            (Line::Filter(_), KeyCode::Enter) => self.line = None,
            (Line::Filter(_), KeyCode::Esc) => {
                self.line = None;
                self.page_mut().0.filter("");
            }
            (Line::Filter(_), KeyCode::Down | KeyCode::Up) => {
                let command = if key.code == KeyCode::Down { Command::Down } else { Command::Up };
                let (page, world) = self.page_mut();
                page.handle(command, world);
            }
            (Line::Filter(edit), _) => {
                edit.handle(key);
                let filter = edit.text().to_owned();
                self.page_mut().0.filter(&filter);
            }
            (Line::Command(_), KeyCode::Esc) => self.line = None,
            (Line::Command(edit), KeyCode::Backspace) if edit.text().is_empty() => self.line = None,
            (Line::Command(edit), KeyCode::Enter) => {
                let typed = edit.text().to_owned();
                self.line = None;
                return match Command::parse(&typed) {
                    Ok(command) => self.command(command),
                    Err(_) if typed.trim().is_empty() => Vec::new(),
                    Err(said) => {
                        self.say(Tone::Bad, said);
                        Vec::new()
                    }
                };
            }
            (Line::Command(edit), KeyCode::Tab) => {
                let typed = edit.text().trim().to_owned();
                let mut ids =
                    crate::tui::command::COMMANDS.iter().map(|info| info.id).filter(|id| id.starts_with(&typed));
                if let (Some(id), false) = (ids.next(), typed.is_empty()) {
                    edit.set(id);
                }
            }
            (Line::Command(edit), _) => {
                edit.handle(key);
            }
        }
        Vec::new()
    }

    /// Carries a command out.
    pub fn command(&mut self, command: Command) -> Vec<Effect> {
        let (page, world) = self.page_mut();
        if let Some(acts) = page.handle(command, world) {
            return self.act(acts);
        }
        let tab = |tab| vec![Act::Go(vec![Route::Tab(tab)])];
        let acts = match command {
            Command::Overview => tab(Tab::Overview),
            Command::Vaults => tab(Tab::Vaults),
            Command::Plans => tab(Tab::Plans),
            Command::Jobs => tab(Tab::Jobs),
            Command::Accounts => tab(Tab::Accounts),
            Command::Resources => tab(Tab::Resources),
            Command::Findings => tab(Tab::Findings),
            Command::Activity => tab(Tab::Activity),
            Command::Back => {
                self.back();
                Vec::new()
            }
            Command::HistoryBack | Command::HistoryForward => {
                let moved = if command == Command::HistoryBack { self.history.back() } else { self.history.forward() };
                if moved {
                    self.arrive();
                }
                Vec::new()
            }
            Command::Filter => {
                if let Some(text) = self.page().filter_text() {
                    self.line = Some(Line::Filter(Edit::new(text)));
                }
                Vec::new()
            }
            Command::CommandLine => {
                self.line = Some(Line::Command(Edit::default()));
                Vec::new()
            }
            Command::Actions => vec![Act::Show(Box::new(Dialog::Menu(Menu::actions(&self.subject(), &self.world))))],
            Command::Palette => vec![Act::Show(Box::new(Dialog::Menu(Menu::palette(&self.subject(), &self.world))))],
            Command::Help => vec![Act::Show(Box::new(Dialog::Help(Help::new(&self.subject(), &self.world))))],
            Command::Scopes => vec![Act::Show(Box::new(Dialog::Scopes(Scopes::new(&self.world))))],
            Command::Refresh => vec![Act::Refresh(self.wanted.0.clone())],
            Command::CopyId => self.subject().id().map(Act::Copy).into_iter().collect(),
            Command::CopyArn => self.subject().arn().map(Act::Copy).into_iter().collect(),
            Command::Pause => {
                self.world.paused = !self.world.paused;
                return vec![Effect::Pause(self.world.paused)];
            }
            Command::Redraw => return vec![Effect::Redraw],
            Command::Suspend => return vec![Effect::Suspend],
            Command::Quit => return self.quit(),
            other if other.acts() => {
                let subject = self.subject();
                actions::start(other, &subject, &mut self.world)
            }
            _ => Vec::new(),
        };
        self.act(acts)
    }

    /// How many rows the list of the open screen built for the last frame.
    pub fn rows_built(&self) -> usize {
        self.page().rows_built()
    }

    /// The way here, in words.
    pub fn crumbs(&self) -> Vec<String> {
        let pages = self.history.trail().iter().filter_map(|route| self.pages.get(route));
        pages.map(|page| page.crumb(&self.world)).collect()
    }

    fn subject(&self) -> Subject {
        self.page().subject(&self.world)
    }

    /// One step out: the filter first, then the place.
    fn back(&mut self) {
        if !self.page_mut().0.unfilter() && self.history.up() {
            self.arrive();
        }
    }

    fn quit(&mut self) -> Vec<Effect> {
        let running = self.running();
        if self.world.embedded && running > 0 && !self.quitting {
            return self.act(vec![Act::Show(Box::new(Dialog::Quit(Quit::new(running))))]);
        }
        vec![Effect::Quit]
    }

    /// A place was come to: its screen takes in what is known, and places that nothing remembers are dropped.
    fn arrive(&mut self) {
        let route = self.history.here().clone();
        self.pages.entry(route).or_insert_with_key(Page::of);
        let history = &self.history;
        self.pages.retain(|route, _| matches!(route, Route::Tab(_)) || history.remembers(route));
        self.line = None;
        self.unsynced = true;
        self.sync();
    }

    /// Does what screens and dialogs asked for.
    fn act(&mut self, acts: Vec<Act>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for act in acts {
            match act {
                Act::Open(route) => {
                    self.history.open(route);
                    self.arrive();
                }
                Act::Go(trail) => {
                    self.history.go(trail);
                    self.arrive();
                }
                Act::Run(command) => effects.extend(self.command(command)),
                Act::Show(dialog) => self.show(*dialog),
                Act::Close => {
                    self.layers.pop();
                }
                Act::Propose(scope, mutation) => self.propose(scope, *mutation),
                Act::Carry(approved) => effects.push(self.carry(*approved)),
                Act::Say(tone, text) => self.say(tone, text),
                Act::Copy(text) => {
                    self.say(Tone::Plain, format!("copied {}", text.lines().next().unwrap_or_default()));
                    effects.push(Effect::Copy(text));
                }
                Act::Refresh(keys) => effects.push(Effect::Refresh(keys)),
                Act::Narrow(scope) => self.narrow(scope),
                Act::Quit => effects.push(Effect::Quit),
                Act::QuitWhenIdle => {
                    self.quitting = true;
                    self.say(Tone::Plain, "quits as soon as no job runs".to_owned());
                }
            }
        }
        effects
    }

    fn show(&mut self, mut dialog: Dialog) {
        dialog.modal_mut().sync(&self.world);
        self.layers.push(Layer { dialog, sending: None, refusal: None });
    }

    fn say(&mut self, tone: Tone, text: String) {
        self.dirty = true;
        self.said = Some(Said { tone, text, until: self.world.wall + SAID });
    }

    fn propose(&mut self, scope: Scope, mutation: Mutation) {
        let world = &self.world;
        match Pending::new(scope, mutation, &world.store.capabilities, &world.command_line) {
            Ok(pending) => {
                if let Some(layer) = self.layers.last_mut() {
                    layer.refusal = None;
                }
                self.show(Dialog::confirm(pending));
            }
            Err(reason) => self.say(Tone::Bad, reason.to_owned()),
        }
    }

    /// Sends a change that was said yes to; the dialog that asked closes, the one below it waits.
    fn carry(&mut self, approved: Approved) -> Effect {
        self.tickets += 1;
        if matches!(self.layers.last(), Some(Layer { dialog: Dialog::Confirm(_), .. })) {
            self.layers.pop();
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.sending = Some(self.tickets);
        }
        let pending = approved.pending();
        let operations: Vec<&str> = pending.requests.iter().map(|request| request.operation).collect();
        self.world.activity.push(Activity {
            ticket: self.tickets,
            at: self.world.wall,
            scope: pending.scope.clone(),
            summary: pending.summary.clone(),
            operations: operations.join(", "),
            outcome: None,
        });
        self.unsynced = true;
        Effect::Change { ticket: self.tickets, approved }
    }

    fn changed(&mut self, ticket: u64, outcome: Result<Made, Fault>) -> Vec<Effect> {
        let Some(entry) = self.world.activity.iter_mut().find(|entry| entry.ticket == ticket) else {
            return Vec::new();
        };
        let (summary, scope) = (entry.summary.clone(), entry.scope.clone());
        entry.outcome = Some(outcome.as_ref().map(describe).map_err(|fault| fault.to_string()));
        self.unsynced = true;
        let layer = self.layers.iter().position(|layer| layer.sending == Some(ticket));
        match outcome {
            Ok(made) => {
                if let Some(layer) = layer {
                    self.layers.truncate(layer);
                }
                self.say(Tone::Good, format!("{summary}: done"));
                let mut effects = vec![Effect::Refresh(self.wanted.0.iter().chain(&self.wanted.1).cloned().collect())];
                effects.extend(self.go_to(made, scope));
                effects
            }
            Err(fault) => {
                match layer {
                    Some(layer) => {
                        self.layers[layer].sending = None;
                        self.layers[layer].refusal = Some(fault.to_string());
                    }
                    None => {
                        let text = format!("{summary}\n\n{fault}");
                        self.show(Dialog::Notice(Notice::new("It was refused", text)));
                    }
                }
                vec![Effect::Bell]
            }
        }
    }

    /// Opens what a change made, and follows it when it runs.
    fn go_to(&mut self, made: Made, scope: Scope) -> Vec<Effect> {
        let (tab, route) = match made {
            Made::Nothing => return Vec::new(),
            Made::Vault(name) => (Tab::Vaults, Route::Vault(scope, name)),
            Made::Plan(id) => (Tab::Plans, Route::Plan(scope, id)),
            Made::BackupJob(id) => {
                self.followed.backup(scope.clone(), id.clone());
                (Tab::Jobs, Route::BackupJob(scope, id))
            }
            Made::RestoreJob(id) => {
                self.followed.restore(scope.clone(), id.clone());
                (Tab::Jobs, Route::RestoreJob(scope, id))
            }
        };
        self.act(vec![Act::Go(vec![Route::Tab(tab), route])])
    }
}

/// What a change made, for the list of changes.
fn describe(made: &Made) -> String {
    match made {
        Made::Vault(name) => format!("vault {name}"),
        Made::Plan(id) => format!("plan {id}"),
        Made::BackupJob(id) => format!("backup job {id}"),
        Made::RestoreJob(id) => format!("restore job {id}"),
        Made::Nothing => String::new(),
    }
}

/// Stands in for a page that is not there; every place that is come to has one, so it is never seen.
static NO_PAGE: crate::tui::screens::findings::Findings = crate::tui::screens::findings::Findings::EMPTY;
