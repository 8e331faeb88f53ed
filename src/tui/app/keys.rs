//! Keys and commands: who takes them.

use super::{App, Line, Waits};
use crate::tui::actions;
use crate::tui::command::Command;
use crate::tui::dialog::Dialog;
use crate::tui::dialogs::modal::Input;
use crate::tui::explore;
use crate::tui::filter_line::FilterLine;
use crate::tui::keymap::{Bound, Stroke};
use crate::tui::msg::{Act, Effect, Tone};
use crate::tui::route::{Route, Tab};
use crate::tui::screens::beside::WIDE;
use crate::tui::screens::{self, overview};
use crate::tui::smallest::is_too_small;
use crate::tui::widgets::edit::Edit;
use crossterm::event::{KeyCode, KeyEvent};

/// The first key of a chord.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun {
    /// The key.
    pub(crate) first: Stroke,
    /// Whether what may follow is told by now.
    pub(crate) is_told: bool,
}

impl App {
    /// Whether the first key of a chord was pressed and what may follow is not told yet: as soon as no key came for a while,
    /// [`Msg::Lingered`](crate::tui::msg::Msg::Lingered) is to be told.
    pub fn is_in_chord(&self) -> bool {
        self.chord.is_some_and(|begun| !begun.is_told)
    }

    /// No key came for a while: what may follow the first one is told.
    pub(super) fn tell_chords(&mut self) {
        if let Some(begun) = &mut self.chord {
            (begun.is_told, self.dirty) = (true, true);
        }
    }

    pub(super) fn paste(&mut self, text: &str) -> Vec<Effect> {
        self.mouse.forget();
        if is_too_small(self.size) {
            return Vec::new();
        }
        if let Some(layer) = self.layers.last_mut() {
            if layer.waits.is_some() {
                return Vec::new();
            }
            let acts = layer.dialog.handle(Input::Paste(text.to_owned()), &mut self.world);
            return self.act(acts);
        }
        self.paste_line(text);
        Vec::new()
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        self.mouse.forget();
        if is_too_small(self.size) && !self.works_unseen(key) {
            return Vec::new();
        }
        let stroke = Stroke::of(key);
        let bound = self.world.keymap.bound(stroke).cloned();
        let begun = self.chord.take();
        let is_free = self.layers.is_empty() && self.line.is_none();
        // What ends a chord does that, whatever it does alone.
        if let Some(begun) = begun.filter(|_| is_free)
            && let Some(command) = self.world.keymap.chord(begun.first, stroke)
        {
            return self.command(command);
        }
        // These two must work wherever one is, but not where their key types a letter.
        if let Some(Bound::Command(command @ (Command::Redraw | Command::Suspend))) = bound
            && (is_free || !stroke.types())
        {
            return self.command(command);
        }
        if let Some(effects) = self.dialog_key(key) {
            return effects;
        }
        if self.line.is_some() {
            return self.line_key(key);
        }
        match (begun, bound) {
            (Some(begun), bound) => self.leave_chord(begun.first, stroke, bound),
            (None, Some(Bound::Command(command))) => self.command(command),
            (None, Some(Bound::Chords(_))) => {
                self.chord = Some(Begun { first: stroke, is_told: false });
                Vec::new()
            }
            (None, None) => Vec::new(),
        }
    }

    /// Whether a key does something while nothing can be drawn: it leaves, or draws again.
    fn works_unseen(&self, key: KeyEvent) -> bool {
        let stroke = Stroke::of(key);
        match self.world.keymap.bound(stroke) {
            _ if key.code == KeyCode::Esc => true,
            Some(Bound::Command(Command::Redraw | Command::Suspend | Command::Quit)) => !stroke.types(),
            _ => false,
        }
    }

    /// Gives a key to the topmost dialog, past the keymap; none where no dialog is open.
    pub(super) fn dialog_key(&mut self, key: KeyEvent) -> Option<Vec<Effect>> {
        let layer = self.layers.last_mut()?;
        let acts = match layer.waits {
            // What was typed stays; an answer that comes is for nobody.
            Some(Waits::Probe(_)) => {
                layer.waits = layer.waits.filter(|_| key.code != KeyCode::Esc);
                Vec::new()
            }
            Some(_) if key.code == KeyCode::Esc => vec![Act::Close],
            Some(_) => Vec::new(),
            None => layer.dialog.handle(Input::Key(key), &mut self.world),
        };
        Some(self.act(acts))
    }

    /// A key after the first of a chord that ends none. It does nothing, but leaving and quitting.
    fn leave_chord(&mut self, first: Stroke, second: Stroke, alone: Option<Bound>) -> Vec<Effect> {
        match alone {
            Some(Bound::Command(Command::Back)) => Vec::new(),
            Some(Bound::Command(Command::Quit)) if !second.types() => self.quit(),
            _ => {
                self.say(Tone::Plain, format!("nothing is bound to {first} {second}"));
                Vec::new()
            }
        }
    }

    /// Carries a command out.
    pub fn command(&mut self, command: Command) -> Vec<Effect> {
        if command.takes_row() {
            self.finish_filtering();
        }
        let (page, world) = self.page_mut();
        if let Some(acts) = page.handle(command, world) {
            return self.act(acts);
        }
        if let Some(tab) = Tab::of(command) {
            return self.act(vec![Act::Go(vec![Route::Tab(tab)])]);
        }
        let acts = match command {
            Command::LegalHolds => vec![Act::Go(vec![Route::Tab(Tab::Vaults), Route::LegalHolds])],
            Command::New => self.make_new(),
            Command::Views => vec![Act::Show(Dialog::Views)],
            Command::Theme => vec![Act::Show(Dialog::Themes)],
            // What it needs is typed behind it.
            command if command.is_told() => {
                self.line = Some(Line::Command(Edit::new(&format!("{} ", command.info().id))));
                Vec::new()
            }
            Command::BackupJobs | Command::CopyJobs | Command::RestoreJobs => {
                let mut effects = self.act(vec![Act::Go(vec![Route::Tab(Tab::Jobs)])]);
                effects.extend(self.command(command));
                return effects;
            }
            Command::Left => return self.command(Command::Back),
            Command::Right => return self.command(Command::Open),
            command if overview::leads(command) && *self.history.here() != Route::Tab(Tab::Overview) => {
                let mut effects = self.act(vec![Act::Go(vec![Route::Tab(Tab::Overview)])]);
                effects.extend(self.command(command));
                return effects;
            }
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
                if let Some(table) = self.page().table() {
                    let line = FilterLine::new(table.filter_text(), self.page(), &self.world);
                    self.line = Some(Line::Filter(Box::new(line)));
                }
                Vec::new()
            }
            Command::CommandLine => {
                self.line = Some(Line::Command(Edit::default()));
                Vec::new()
            }
            Command::Actions => vec![Act::Show(self.actions())],
            Command::Palette => vec![Act::Show(Dialog::Palette(self.subject(), self.marked_here()))],
            Command::Help => vec![Act::Show(Dialog::Help(self.subject()))],
            Command::Scopes => vec![Act::Show(Dialog::Scopes)],
            Command::Refresh => vec![Act::Refresh(self.wanted.0.clone())],
            Command::CopyId => self.subject().id().map(Act::Copy).into_iter().collect(),
            Command::CopyArn => self.subject().arn().map(Act::Copy).into_iter().collect(),
            Command::Pause => {
                self.world.paused = !self.world.paused;
                return vec![Effect::Pause(self.world.paused)];
            }
            Command::DetailPane => self.turn_detail_pane(),
            Command::PaneWider | Command::PaneNarrower => self.widen(command == Command::PaneWider),
            Command::Mouse => return self.turn_mouse(),
            Command::DetailFull => {
                vec![Act::Say(Tone::Plain, "nothing that is selected here has a detail of its own".to_owned())]
            }
            Command::Compare => explore::compare(&self.subject(), &self.page().marked(&self.world), &self.world),
            Command::Points => explore::points(&self.subject()),
            Command::Find => explore::find(&self.subject(), &self.world),
            Command::Mute => vec![Act::Say(Tone::Plain, self.world.keymap.fill("select a finding first ({findings})"))],
            Command::Redraw => return vec![Effect::Redraw],
            Command::Suspend => return vec![Effect::Suspend],
            Command::Quit => return self.quit(),
            other if other.acts() => match self.start_on_marked(other) {
                Some(acts) => acts,
                None => {
                    let subject = self.subject();
                    actions::start(other, &subject, &mut self.world)
                }
            },
            _ => Vec::new(),
        };
        self.act(acts)
    }

    /// Shows or puts away the detail beside lists; where there is no room for it, says so.
    fn turn_detail_pane(&mut self) -> Vec<Act> {
        if self.size.0 < WIDE {
            let said = format!(
                "the detail is beside lists from {WIDE} columns on: {} shows it here",
                self.world.keymap.told(Command::DetailFull)
            );
            return vec![Act::Say(Tone::Plain, said)];
        }
        self.detail_pane = !self.detail_pane;
        self.place_beside();
        Vec::new()
    }

    /// The dialog that makes what the open list lists.
    fn make_new(&mut self) -> Vec<Act> {
        let command = match self.history.here() {
            Route::Tab(Tab::Resources) => Command::AddResource,
            Route::Tab(Tab::Vaults) => Command::CreateVault,
            Route::Tab(Tab::Plans) => Command::CreatePlan,
            Route::LegalHolds => Command::CreateHold,
            _ => {
                return vec![Act::Say(
                    Tone::Plain,
                    self.world.keymap.fill("nothing new is made on this screen: {actions} lists what can be done"),
                )];
            }
        };
        actions::start(command, &self.subject(), &mut self.world)
    }

    /// One step out: the filter first, then the place.
    pub(super) fn back(&mut self) {
        let (page, world) = self.page_mut();
        if !page.unfilter(world) && self.history.up() {
            self.arrive();
        }
    }

    pub(super) fn quit(&mut self) -> Vec<Effect> {
        if self.holds_back() {
            return Vec::new();
        }
        let running = self.running();
        if self.world.embedded && running > 0 && !self.quitting {
            return self.act(vec![Act::Show(Dialog::Quit(running))]);
        }
        vec![Effect::Quit]
    }

    /// A place was come to: its screen takes in what is known, and places that nothing remembers are dropped.
    pub(super) fn arrive(&mut self) {
        let route = self.history.here().clone();
        self.pages.entry(route).or_insert_with_key(screens::open);
        let history = &self.history;
        self.pages.retain(|route, _| matches!(route, Route::Tab(_)) || history.remembers(route));
        self.line = None;
        self.unsynced = true;
        self.sync();
    }
}
