//! The mouse: it does what keys do as well, on what is drawn where it points.

use super::{App, Line};
use crate::tui::command::Command;
use crate::tui::msg::{Act, Effect, Tone};
use crate::tui::screens::beside;
use crate::tui::term::pointer::Pointer;
use crate::tui::zone::{Asked, Spot, Zones};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::cell::{Cell, RefCell};

/// So many rows go by at a turn of the wheel.
const WHEEL: isize = 3;
/// So many columns the detail beside a list grows by at a key.
const STEP: u16 = 4;

/// What is known of the mouse.
#[derive(Debug)]
pub(super) struct Mouse {
    /// What the last frame shows where.
    zones: RefCell<Zones>,
    /// Whether anything was handled since: what stands in a dialog may be elsewhere by now.
    is_stale: Cell<bool>,
    /// Whether the divider is held.
    dragging: bool,
    /// What was clicked last.
    clicked: Option<Spot>,
    /// Whether the terminal tells of it.
    is_on: bool,
}

impl Mouse {
    /// Nothing was clicked yet.
    pub(super) fn new(is_on: bool) -> Self {
        Self { zones: RefCell::default(), is_stale: Cell::new(false), dragging: false, clicked: None, is_on }
    }

    /// Something else happened: no choice is clicked before it is drawn, and no next click is the second one of the last.
    pub(super) fn forget(&mut self) {
        self.clicked = None;
        self.is_stale.set(true);
    }
}

impl App {
    /// A frame was drawn: this stands where.
    pub(crate) fn drew(&self, zones: Zones) {
        self.mouse.zones.replace(zones);
        self.mouse.is_stale.set(false);
    }

    pub(super) fn pointer(&mut self, pointer: Pointer) -> Vec<Effect> {
        match pointer {
            Pointer::Pressed { x, y, again } => {
                let effects = self.press(x, y, again);
                self.mouse.is_stale.set(true);
                effects
            }
            Pointer::Wheel { x, y, down } => {
                let effects = self.wheel(x, y, down);
                self.mouse.forget();
                effects
            }
            Pointer::Dragged(x) => {
                if self.mouse.dragging {
                    self.set_beside(self.size.0.saturating_sub(x));
                }
                Vec::new()
            }
            Pointer::Released => {
                self.mouse.dragging = false;
                Vec::new()
            }
        }
    }

    fn met(&self, x: u16, y: u16) -> Option<(Spot, u16)> {
        self.mouse.zones.borrow().at(x, y).map(|(spot, across)| (spot.clone(), across))
    }

    fn press(&mut self, x: u16, y: u16, again: bool) -> Vec<Effect> {
        self.chord = None;
        self.mouse.dragging = false;
        let before = self.mouse.clicked.take();
        let Some((spot, across)) = self.met(x, y) else { return Vec::new() };
        if !self.layers.is_empty() {
            return self.press_choice(&spot, again && before == Some(Spot::Choice(0)));
        }
        match (&spot, &self.line) {
            (_, Some(Line::Command(_))) | (Spot::Run(_), Some(_)) => Vec::new(),
            (Spot::Run(command), None) => self.command(*command),
            (Spot::Divider, _) => {
                self.mouse.dragging = true;
                Vec::new()
            }
            (Spot::Row(_) | Spot::Days { .. }, line) => {
                let opens = again && line.is_none() && before.as_ref() == Some(&spot);
                let (page, world) = self.page_mut();
                if page.pointed(&spot, Asked::Select, across, world) {
                    self.mouse.clicked = Some(spot);
                    return if opens { self.command(Command::Open) } else { Vec::new() };
                }
                Vec::new()
            }
            (Spot::Choice(_) | Spot::Cover, _) => Vec::new(),
        }
    }

    /// A choice of the topmost dialog: the cursor goes there by the keys that it knows, and the second click takes it. How far
    /// that is was told by the last frame, so that nothing is done when anything happened since.
    fn press_choice(&mut self, spot: &Spot, takes: bool) -> Vec<Effect> {
        let Spot::Choice(further) = spot else { return Vec::new() };
        if self.mouse.is_stale.get() {
            return Vec::new();
        }
        if takes && *further == 0 {
            return self.type_key(KeyCode::Enter);
        }
        let code = if *further < 0 { KeyCode::Up } else { KeyCode::Down };
        let effects = (0..further.unsigned_abs()).flat_map(|_| self.type_key(code)).collect();
        self.mouse.clicked = Some(Spot::Choice(0));
        effects
    }

    fn type_key(&mut self, code: KeyCode) -> Vec<Effect> {
        self.dialog_key(KeyEvent::new(code, KeyModifiers::NONE)).unwrap_or_default()
    }

    fn wheel(&mut self, x: u16, y: u16, down: bool) -> Vec<Effect> {
        let met = self.met(x, y);
        if !self.layers.is_empty() {
            let code = if down { KeyCode::Down } else { KeyCode::Up };
            let turns = matches!(met, Some((Spot::Choice(_), _))) && !self.mouse.is_stale.get();
            return if turns { self.type_key(code) } else { Vec::new() };
        }
        let by = if down { WHEEL } else { -WHEEL };
        let (page, world) = self.page_mut();
        match met {
            Some((spot @ (Spot::Row(_) | Spot::Days { .. }), across)) => {
                page.pointed(&spot, Asked::Scroll(by), across, world);
            }
            _ if page.is_text() => {
                let command = if down { Command::Down } else { Command::Up };
                for _ in 0..WHEEL {
                    page.handle(command, world);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// Makes the detail beside lists so wide, as far as both have room.
    fn set_beside(&mut self, width: u16) {
        self.world.beside_width = Some(beside::width_of(self.size.0, Some(width)));
    }

    /// Makes it wider or narrower by a step.
    pub(super) fn widen(&mut self, wider: bool) -> Vec<Act> {
        if !self.world.beside {
            let said = self.world.keymap.fill("no detail stands beside the list: {detail-pane} shows it");
            return vec![Act::Say(Tone::Plain, said)];
        }
        let width = beside::width_of(self.size.0, self.world.beside_width);
        self.set_beside(if wider { width + STEP } else { width.saturating_sub(STEP) });
        Vec::new()
    }

    /// Lets the terminal tell of the mouse, or gives it back.
    pub(super) fn turn_mouse(&mut self) -> Vec<Effect> {
        self.mouse.is_on = !self.mouse.is_on;
        let said = if self.mouse.is_on {
            "clicks and the wheel are the dashboard's again; with shift they are the terminal's"
        } else {
            "the mouse is the terminal's: it selects text; :mouse takes it back"
        };
        self.say(Tone::Plain, said.to_owned());
        vec![Effect::Mouse(self.mouse.is_on)]
    }
}
