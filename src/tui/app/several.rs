//! Several changes that were said yes to once: they are sent a few at a time, whatever else is done meanwhile.

use super::App;
use crate::client::approve::{Approved, Batch, Pending};
use crate::client::mutes::Mutes;
use crate::client::{Fault, Outcome};
use crate::tui::actions;
use crate::tui::bulk;
use crate::tui::command::Command;
use crate::tui::course::Course;
use crate::tui::dialog::Dialog;
use crate::tui::msg::{Act, Effect, MuteChange, Tone};
use crate::tui::proposal::{Asked, Proposal};
use crate::tui::several::Marked;
use crate::tui::subject::Subject;
use crate::tui::text::count;
use crate::tui::world::Activity;
use std::collections::BTreeSet;

impl App {
    /// Shows what several changes would do, and asks once.
    pub(super) fn propose_all(&mut self, proposal: Proposal) {
        if let Some(course) = self.world.course.as_ref().filter(|course| !course.is_over()) {
            let under_way = count(course.under_way(), "change is", "changes are");
            return self.say(Tone::Bad, format!("{under_way} still under way: {}", course.title));
        }
        let world = &self.world;
        let pending = proposal.changes.iter().map(|change| {
            let (scope, mutation) = (change.scope.clone(), change.mutation.clone());
            Pending::new(scope, mutation, &world.store.capabilities, &world.command_line)
        });
        match pending.collect::<Result<Vec<_>, _>>().map(Batch::of) {
            Ok(Some(batch)) => self.show(Dialog::ConfirmAll(Box::new(Asked { batch, proposal }))),
            Ok(None) => self.say(Tone::Bad, proposal.left_out.why_none()),
            Err(reason) => self.say(Tone::Bad, reason.to_owned()),
        }
    }

    /// Begins with changes that were said yes to. What asked for them is done; how far they come is shown in its place.
    pub(super) fn carry_all(&mut self, course: Course) -> Vec<Effect> {
        self.layers.clear();
        self.world.course = Some(course);
        self.course_shown = true;
        self.show(Dialog::Course);
        self.send_some()
    }

    /// Sends as many as may be under way.
    fn send_some(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(approved) = self.world.course.as_mut().and_then(|course| course.send(self.tickets + 1)) {
            let ticket = self.note_sent(&approved);
            effects.push(Effect::Change { ticket, approved, refreshes: false });
        }
        effects
    }

    /// Writes down that a change is sent, and gives it its number.
    pub(super) fn note_sent(&mut self, approved: &Approved) -> u64 {
        self.tickets += 1;
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
        self.tickets
    }

    /// A change ended: what follows where it is one of several; none where it is not.
    pub(super) fn course_ended(&mut self, ticket: u64, outcome: &Result<Outcome, Fault>) -> Option<Vec<Effect>> {
        let course = self.world.course.as_mut()?;
        let rows = course.ended(ticket, outcome.as_ref().map(drop))?;
        if let Some(page) = course.route.as_ref().and_then(|route| self.pages.get_mut(route)) {
            page.unmark(&rows);
        }
        let mut effects = self.send_some();
        effects.extend(self.end_course());
        Some(effects)
    }

    /// Where the last one has ended: asks for all that they may have changed.
    fn end_course(&mut self) -> Vec<Effect> {
        let Some(course) = self.world.course.as_ref().filter(|course| course.is_over()) else { return Vec::new() };
        let mut effects: Vec<Effect> = course.touched().cloned().map(Effect::RefreshScope).collect();
        effects.push(Effect::Refresh(self.wanted.0.iter().chain(&self.wanted.1).cloned().collect()));
        if course.failed() > 0 {
            effects.push(Effect::Bell);
        }
        if !self.course_shown {
            self.say_course();
        }
        effects
    }

    /// Nobody looks at them any more: says in one line how they ended, and forgets them.
    fn say_course(&mut self) {
        let Some(course) = self.world.course.take() else { return };
        let tone = if course.failed() > 0 { Tone::Bad } else { Tone::Good };
        let unsent = if course.waiting() > 0 { format!(", {} not sent", course.waiting()) } else { String::new() };
        let said = format!("{}: {} done, {} failed{unsent}", course.title, course.done(), course.failed());
        self.say(tone, said);
    }

    /// Sends no further one.
    pub(super) fn stop_course(&mut self) -> Vec<Effect> {
        if let Some(course) = &mut self.world.course {
            course.stop();
        }
        self.end_course()
    }

    /// Closes the view of how far they have come. What is under way goes on.
    pub(super) fn leave_course(&mut self) {
        self.layers.pop();
        self.course_shown = false;
        if self.world.course.as_ref().is_some_and(Course::is_over) {
            self.say_course();
        }
    }

    /// Mutes findings or lets them speak again. Where they are the marked ones, their marks go once that is done.
    pub(super) fn mute(&mut self, change: MuteChange) -> Effect {
        let marked = self.page().marked(&self.world).are_any();
        self.muting = marked.then(|| (self.history.here().clone(), change.clone()));
        Effect::Mute(change)
    }

    /// What is muted is known, or why it cannot be known or changed. It may have been asked for before the last change.
    pub(super) fn muted(&mut self, outcome: Result<Mutes, String>) {
        let mutes = match outcome {
            Ok(mutes) => mutes,
            Err(why) => {
                self.muting = None;
                return self.say(Tone::Bad, why);
            }
        };
        let is_muted = |key: &String| mutes.of(key, self.world.wall).is_some();
        let is_done = self.muting.as_ref().is_some_and(|(_, change)| match change {
            MuteChange::Mute { keys, .. } => keys.iter().all(is_muted),
            MuteChange::Unmute { keys, .. } => !keys.iter().any(is_muted),
        });
        self.world.mutes = mutes;
        if is_done
            && let Some((route, _)) = self.muting.take()
            && let Some(page) = self.pages.get_mut(&route)
        {
            page.handle(Command::ClearMarks, &self.world);
        }
    }

    /// What is marked on the open screen.
    pub(super) fn marked_here(&self) -> Marked {
        Marked { route: Some(self.history.here().clone()), ..self.page().marked(&self.world) }
    }

    /// The menu of what can be done: with all that is marked where anything is, else with what is selected.
    pub(super) fn actions(&self) -> Dialog {
        let marked = self.marked_here();
        if marked.are_any() { Dialog::SeveralActions(marked) } else { Dialog::Actions(self.subject()) }
    }

    /// What a command does to what is marked; none where it is done to what is selected.
    pub(super) fn start_on_marked(&mut self, command: Command) -> Option<Vec<Act>> {
        let marked = self.marked_here();
        self.start_on(command, &marked)
    }

    fn start_on(&mut self, command: Command, marked: &Marked) -> Option<Vec<Act>> {
        if !marked.are_any() || bulk::makes_new(command) {
            return None;
        }
        Some(match marked.rows.as_slice() {
            [(_, only)] => actions::start(command, only, &mut self.world),
            _ if bulk::takes(command) => bulk::start(command, marked, &mut self.world),
            _ => vec![Act::Say(Tone::Bad, bulk::only_one(marked))],
        })
    }

    /// A command was chosen of what can be done to these rows, which were marked then: it is never done to what is selected.
    pub(super) fn run_on_marked(&mut self, command: Command, rows: &BTreeSet<String>) -> Vec<Effect> {
        let mut marked = self.marked_here();
        marked.rows.retain(|(row, _)| rows.contains(row));
        if !marked.are_any() {
            self.say(Tone::Bad, "what was marked is not there any more".to_owned());
            return Vec::new();
        }
        if !command.acts() {
            return self.command(command);
        }
        let acts = match self.start_on(command, &marked) {
            Some(acts) => acts,
            None => actions::start(command, &Subject::Nothing, &mut self.world),
        };
        self.act(acts)
    }

    /// Whether changes that were said yes to are on their way still.
    pub(super) fn is_changing(&self) -> bool {
        self.world.course.as_ref().is_some_and(|course| !course.is_over())
    }

    /// Says once, before all of it is left, that changes are under way; as long as that is in view it is left at once.
    pub(super) fn holds_back(&mut self) -> bool {
        let Some(course) = self.world.course.as_ref().filter(|course| !course.is_over()) else { return false };
        let under_way = count(course.under_way(), "change is", "changes are");
        let said = format!("{under_way} under way, and nobody is told how they end: quit again to leave");
        let is_told = self.said.as_ref().is_some_and(|message| message.text == said);
        if !is_told {
            self.say(Tone::Bad, said);
        }
        !is_told
    }
}
