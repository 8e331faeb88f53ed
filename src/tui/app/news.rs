//! What an answer changes.

use super::App;
use crate::client::{Answer, Event, Key, Query};
use crate::domain::Scope;
use crate::tui::msg::Effect;
use crate::tui::store::Change;

impl App {
    pub(super) fn data(&mut self, event: Event) -> Vec<Effect> {
        let answered = |key: &Key| self.world.store.slot(key).answer.is_some();
        let first = matches!(&event, Event::Answered(reply) if reply.result.is_ok() && !answered(&reply.key));
        match self.world.store.apply(event) {
            Change::Nothing => return Vec::new(),
            Change::Freshness => {}
            Change::Capabilities => self.unsynced = true,
            Change::Data(key) => {
                self.unsynced = true;
                if first {
                    self.alert.answered_first(&key);
                }
                if key.query == Query::Scopes {
                    self.scopes_changed();
                }
            }
        }
        self.dirty = true;
        Vec::new()
    }

    /// The scopes of the context are known, or are others now.
    pub(super) fn scopes_changed(&mut self) {
        if let Some(Answer::Scopes(views)) = &self.world.store.slot(&Key::context(Query::Scopes)).answer {
            self.world.scopes = views.iter().map(|view| view.scope.clone()).collect();
        }
        let world = &mut self.world;
        let chosen: Vec<Scope> = world.shown.iter().filter(|scope| world.scopes.contains(scope)).cloned().collect();
        world.narrowed = world.narrowed && !chosen.is_empty();
        world.shown = if world.narrowed { chosen } else { world.scopes.clone() };
    }

    /// Shows these scopes only; all where none is named.
    pub(super) fn narrow(&mut self, scopes: Vec<Scope>) {
        self.world.narrowed = !scopes.is_empty();
        self.world.shown = if self.world.narrowed { scopes } else { self.world.scopes.clone() };
        self.unsynced = true;
    }
}
