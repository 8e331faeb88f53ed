//! What screens and dialogs ask for, and what becomes of changes.

use super::{App, Layer, SHOWN_FOR, StatusMessage, Waits};
use crate::client::approve::{Approved, Pending};
use crate::client::{Fault, Mutation, Outcome};
use crate::domain::Scope;
use crate::domain::extension::ResourceProbe;
use crate::tui::course::Course;
use crate::tui::dialog::Dialog;
use crate::tui::dialogs;
use crate::tui::msg::{Act, Effect, Tone};
use crate::tui::route::{Route, Tab};
use crate::tui::stranded;

impl App {
    /// Does what screens and dialogs asked for.
    pub(super) fn act(&mut self, acts: Vec<Act>) -> Vec<Effect> {
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
                Act::RunMarked(command, rows) => effects.extend(self.run_on_marked(command, &rows)),
                Act::Show(dialog) => self.show(dialog),
                Act::Close => {
                    self.layers.pop();
                }
                Act::Propose(scope, mutation) => self.propose(scope, *mutation),
                Act::ProposeAll(proposal) => self.propose_all(*proposal),
                Act::CarryAll { title, notes, route, steps } => {
                    effects.extend(self.carry_all(Course::new(title, notes, route, steps)));
                }
                Act::StopCourse => effects.extend(self.stop_course()),
                Act::LeaveCourse => self.leave_course(),
                Act::Probe(request) => {
                    self.tickets += 1;
                    if let Some(layer) = self.layers.last_mut() {
                        (layer.waits, layer.refusal) = (Some(Waits::Probe(self.tickets)), None);
                    }
                    effects.push(Effect::Probe { ticket: self.tickets, request });
                }
                Act::Mute(change) => effects.push(self.mute(change)),
                Act::Carry(approved) => effects.push(self.carry(*approved)),
                Act::Say(tone, text) => self.say(tone, text),
                Act::Copy(text) => {
                    self.say(Tone::Plain, format!("copied {}", text.lines().next().unwrap_or_default()));
                    effects.push(Effect::Copy(text));
                }
                Act::Recall(name) => effects.extend(self.recall(&name, "").unwrap_or_else(|said| {
                    self.say(Tone::Bad, said);
                    Vec::new()
                })),
                Act::Theme(name) => {
                    if let Err(said) = self.choose_theme(&name) {
                        self.say(Tone::Bad, said);
                    }
                }
                Act::Refresh(keys) => {
                    self.log_read = None;
                    effects.push(Effect::Refresh(keys));
                }
                Act::Narrow(scope) => self.narrow(scope.into_iter().collect()),
                Act::Quit => effects.push(Effect::Quit),
                Act::QuitWhenIdle => {
                    self.quitting = true;
                    self.say(Tone::Plain, "quits as soon as no job runs".to_owned());
                }
            }
        }
        effects
    }

    pub(super) fn show(&mut self, dialog: Dialog) {
        self.mouse.forget();
        let mut dialog = dialogs::open(dialog, &self.world);
        dialog.sync(&self.world);
        self.layers.push(Layer { dialog, waits: None, refusal: None });
    }

    pub(super) fn say(&mut self, tone: Tone, text: String) {
        self.dirty = true;
        self.said = Some(StatusMessage { tone, text, until: self.world.wall + SHOWN_FOR });
    }

    pub(super) fn propose(&mut self, scope: Scope, mutation: Mutation) {
        let world = &self.world;
        let told = stranded::of(&scope, &mutation, world);
        match Pending::new(scope, mutation, &world.store.capabilities, &world.command_line) {
            Ok(pending) => {
                let pending = pending.telling(&told);
                if let Some(layer) = self.layers.last_mut() {
                    layer.refusal = None;
                }
                self.show(Dialog::Confirm(Box::new(pending)));
            }
            Err(reason) => self.say(Tone::Bad, reason.to_owned()),
        }
    }

    /// Sends a change that was said yes to; the dialog that is on top waits for it.
    pub(super) fn carry(&mut self, approved: Approved) -> Effect {
        let ticket = self.note_sent(&approved);
        if let Some(layer) = self.layers.last_mut() {
            layer.waits = Some(Waits::Change(ticket));
        }
        Effect::Change { ticket, approved, refreshes: true }
    }

    pub(super) fn changed(&mut self, ticket: u64, outcome: Result<Outcome, Fault>) -> Vec<Effect> {
        let Some(entry) = self.world.activity.iter_mut().find(|entry| entry.ticket == ticket) else {
            return Vec::new();
        };
        let (summary, scope) = (entry.summary.clone(), entry.scope.clone());
        entry.outcome = Some(outcome.as_ref().map(Outcome::made).map_err(|fault| fault.to_string()));
        self.unsynced = true;
        if let Some(effects) = self.course_ended(ticket, &outcome) {
            return effects;
        }
        let layer = self.layers.iter().position(|layer| layer.waits == Some(Waits::Change(ticket)));
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
                        self.layers[layer].waits = None;
                        self.layers[layer].refusal = Some(fault.to_string());
                    }
                    None => {
                        let text = format!("{summary}\n\n{fault}");
                        self.show(Dialog::Notice("It was refused", text));
                    }
                }
                vec![Effect::Bell]
            }
        }
    }

    /// Tells the dialog that waits for it; whoever closed that, or went on, is not interested any more.
    pub(super) fn probed(&mut self, ticket: u64, outcome: Result<ResourceProbe, Fault>) -> Vec<Effect> {
        let waiting = self.layers.last_mut().filter(|layer| layer.waits == Some(Waits::Probe(ticket)));
        let Some(layer) = waiting else { return Vec::new() };
        layer.waits = None;
        self.mouse.forget();
        let acts = layer.dialog.probed(outcome, &self.world);
        self.act(acts)
    }

    /// Opens what a change made, and follows it when it runs.
    pub(super) fn go_to(&mut self, made: Outcome, scope: Scope) -> Vec<Effect> {
        let (tab, route) = match made {
            // Keys have no screen of their own: a vault shows its key.
            Outcome::Done | Outcome::KmsKey(_) => return Vec::new(),
            Outcome::Vault(name) => (Tab::Vaults, Route::Vault(scope, name.into())),
            Outcome::LegalHold(_) => return self.act(vec![Act::Go(vec![Route::Tab(Tab::Vaults), Route::LegalHolds])]),
            Outcome::Resource(arn) => (Tab::Resources, Route::Resource(scope, arn)),
            Outcome::Plan(id) => (Tab::Plans, Route::Plan(scope, id)),
            Outcome::BackupJob(id) => {
                self.followed.backup(scope.clone(), id.clone());
                (Tab::Jobs, Route::BackupJob(scope, id))
            }
            Outcome::CopyJob(id) => {
                self.followed.copy(scope.clone(), id.clone());
                (Tab::Jobs, Route::CopyJob(scope, id))
            }
            Outcome::RestoreJob(id) => {
                self.followed.restore(scope.clone(), id.clone());
                (Tab::Jobs, Route::RestoreJob(scope, id))
            }
        };
        self.act(vec![Act::Go(vec![Route::Tab(tab), route])])
    }
}
