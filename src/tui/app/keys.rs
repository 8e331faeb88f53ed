//! Keys and commands: who takes them.

use super::{App, Line, Waits};
use crate::tui::actions;
use crate::tui::command::Command;
use crate::tui::dialog::Dialog;
use crate::tui::dialogs::modal::Input;
use crate::tui::msg::{Act, Effect, Tone};
use crate::tui::route::{Route, Tab};
use crate::tui::screens::beside::WIDE;
use crate::tui::screens::{self, overview};
use crate::tui::widgets::edit::Edit;
use crossterm::event::{KeyCode, KeyEvent};

impl App {
    pub(super) fn paste(&mut self, text: &str) -> Vec<Effect> {
        if let Some(layer) = self.layers.last_mut() {
            if layer.waits.is_some() {
                return Vec::new();
            }
            let acts = layer.dialog.handle(Input::Paste(text.to_owned()), &mut self.world);
            return self.act(acts);
        }
        match &mut self.line {
            Some(Line::Filter(edit)) => {
                edit.paste(text);
                let filter = edit.text().to_owned();
                let (page, world) = self.page_mut();
                page.filter(&filter, world);
            }
            Some(Line::Command(edit)) => edit.paste(text),
            None => {}
        }
        Vec::new()
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let command = self.keymap.command(key);
        if matches!(command, Some(Command::Redraw | Command::Suspend)) {
            return self.run(command);
        }
        if let Some(layer) = self.layers.last_mut() {
            if matches!(layer.waits, Some(Waits::Probe(_))) {
                // What was typed stays; an answer that comes is for nobody.
                layer.waits = layer.waits.filter(|_| key.code != KeyCode::Esc);
                return Vec::new();
            }
            if layer.waits.is_some() {
                let close = if key.code == KeyCode::Esc { vec![Act::Close] } else { Vec::new() };
                return self.act(close);
            }
            let acts = layer.dialog.handle(Input::Key(key), &mut self.world);
            return self.act(acts);
        }
        if self.line.is_some() {
            return self.line_key(key);
        }
        self.run(command)
    }

    pub(super) fn run(&mut self, command: Option<Command>) -> Vec<Effect> {
        match command {
            Some(command) => self.command(command),
            None => Vec::new(),
        }
    }

    pub(super) fn line_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(line) = &mut self.line else { return Vec::new() };
        match (line, key.code) {
            (Line::Filter(_), KeyCode::Enter) => self.line = None,
            (Line::Filter(_), KeyCode::Esc) => {
                self.line = None;
                let (page, world) = self.page_mut();
                page.filter("", world);
            }
            (Line::Filter(_), KeyCode::Down | KeyCode::Up) => {
                let command = if key.code == KeyCode::Down { Command::Down } else { Command::Up };
                let (page, world) = self.page_mut();
                page.handle(command, world);
            }
            (Line::Filter(edit), _) => {
                edit.handle(key);
                let filter = edit.text().to_owned();
                let (page, world) = self.page_mut();
                page.filter(&filter, world);
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
        if let Some(tab) = Tab::of(command) {
            return self.act(vec![Act::Go(vec![Route::Tab(tab)])]);
        }
        let acts = match command {
            Command::LegalHolds => vec![Act::Go(vec![Route::Tab(Tab::Vaults), Route::LegalHolds])],
            Command::New => self.make_new(),
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
                    self.line = Some(Line::Filter(Edit::new(table.filter_text())));
                }
                Vec::new()
            }
            Command::CommandLine => {
                self.line = Some(Line::Command(Edit::default()));
                Vec::new()
            }
            Command::Actions => vec![Act::Show(Dialog::Actions(self.subject()))],
            Command::Palette => vec![Act::Show(Dialog::Palette(self.subject()))],
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
            Command::DetailFull => {
                vec![Act::Say(Tone::Plain, "nothing that is selected here has a detail of its own".to_owned())]
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

    /// Shows or puts away the detail beside lists; where there is no room for it, says so.
    fn turn_detail_pane(&mut self) -> Vec<Act> {
        if self.size.0 < WIDE {
            let said = format!("the detail is beside lists from {WIDE} columns on: D shows it here");
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
                    "nothing new is made on this screen: a lists what can be done".to_owned(),
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
