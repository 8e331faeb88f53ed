//! Shows exactly what several changes would do, all in one view, and asks once by the worst of them.

use crate::client::approve::{Approved, approve_all};
use crate::tui::course::Step;
use crate::tui::dialogs::asking::{self, Answer, Asking};
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::{Act, Tone};
use crate::tui::paint::{Painter, Segments};
use crate::tui::proposal::{Asked, Proposed};
use crate::tui::term::clipboard;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// So many places, and so many reasons why something is left out, are told one by one.
const NAMED: usize = 6;

/// Several changes that wait for one answer.
#[derive(Debug)]
pub struct ConfirmAll {
    asked: Asked,
    asking: Asking,
    /// The lines that tell of all of it, and the width they were made for.
    lines: RefCell<(usize, Lines)>,
}

type Lines = Vec<(String, Role)>;

impl ConfirmAll {
    /// Asks for these changes.
    pub fn new(asked: Asked) -> Self {
        let asking = Asking::new(asked.batch.danger, asked.batch.ask.clone());
        Self { asked, asking, lines: RefCell::default() }
    }

    /// What is to be known of all of them, then each with its requests.
    fn made(&self, width: usize, world: &World) -> Lines {
        let mut lines = Lines::new();
        let put = |lines: &mut Lines, text: &str, role: Role| {
            lines.extend(text::wrap(&text::harmless(text), width).into_iter().map(|line| (line, role)));
        };
        let proposal = &self.asked.proposal;
        match proposal.marked {
            (_, 0) => {}
            (marked, hidden) => {
                put(
                    &mut lines,
                    &format!("{marked} are marked, {hidden} of them out of sight by the filter."),
                    Role::Warning,
                );
            }
        }
        let reasons = proposal.left_out.reasons();
        for (why, count) in reasons.iter().take(NAMED) {
            put(&mut lines, &format!("Left out: {count}, {why}."), Role::Warning);
        }
        if reasons.len() > NAMED {
            let rest: usize = reasons.iter().skip(NAMED).map(|(_, count)| count).sum();
            put(&mut lines, &format!("And {rest} more are left out."), Role::Warning);
        }
        for place in self.places(world) {
            put(&mut lines, &place, Role::Dim);
        }
        for consequence in self.consequences() {
            put(&mut lines, consequence, Role::Text);
        }
        for note in &proposal.notes {
            put(&mut lines, note, Role::Strong);
        }
        let all = proposal.changes.len();
        for (nth, (of, pending)) in self.asked.changes().enumerate() {
            lines.push((String::new(), Role::Text));
            put(&mut lines, &format!("{} of {all}: {}", nth + 1, of.name), Role::Title);
            if !of.told.is_empty() {
                put(&mut lines, &of.told, Role::Text);
            }
            for request in &pending.requests {
                put(&mut lines, &request.command, Role::Accent);
            }
        }
        lines
    }

    /// How many there are where.
    fn places(&self, world: &World) -> Vec<String> {
        let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
        for change in &self.asked.proposal.changes {
            *counts.entry((world.scope_name(&change.scope), &change.place)).or_default() += 1;
        }
        let told = |((scope, place), count): (&(String, &str), &usize)| match *place {
            "" => format!("{count} in {scope}"),
            place => format!("{count} in {place} of {scope}"),
        };
        let mut places: Vec<String> = counts.iter().take(NAMED).map(told).collect();
        if counts.len() > NAMED {
            let rest: usize = counts.values().skip(NAMED).sum();
            places.push(format!("{rest} in {} more places", counts.len() - NAMED));
        }
        places
    }

    /// What they mean, each once.
    fn consequences(&self) -> Vec<&str> {
        let mut told: Vec<&str> = Vec::new();
        for pending in self.asked.batch.changes() {
            if !pending.consequence.is_empty() && !told.contains(&pending.consequence.as_str()) && told.len() < NAMED {
                told.push(&pending.consequence);
            }
        }
        told
    }

    fn copy(&self) -> Vec<Act> {
        let requests = || self.asked.batch.changes().iter().flat_map(|pending| &pending.requests);
        let commands: Vec<&str> = requests().map(|request| request.command.as_str()).collect();
        let (text, count) = (commands.join("\n"), text::count(commands.len(), "command", "commands"));
        if !clipboard::fits(&text) {
            return vec![Act::Say(Tone::Bad, format!("{count} are too much for the clipboard"))];
        }
        vec![Act::Copy(text), Act::Say(Tone::Plain, format!("copied {count}"))]
    }

    fn answered(&mut self, answer: &str) -> Vec<Act> {
        match approve_all(self.asked.batch.clone(), answer) {
            Ok(approved) => {
                let proposal = &self.asked.proposal;
                let changes = proposal.changes.iter().zip(approved);
                let step = |(of, approved): (&Proposed, Approved)| Step {
                    rows: of.rows.clone(),
                    name: of.name.clone(),
                    approved,
                };
                let steps = changes.map(step).collect();
                let (title, notes) = (proposal.title.clone(), proposal.notes.clone());
                let route = proposal.route.clone();
                vec![Act::CarryAll { title, notes, route, steps }]
            }
            Err(refused) => {
                self.asking.refuse(&refused);
                Vec::new()
            }
        }
    }
}

impl Modal for ConfirmAll {
    fn title(&self, _: &World) -> String {
        self.asking.title().to_owned()
    }
    fn handle(&mut self, input: Input, _: &mut World) -> Vec<Act> {
        match self.asking.handle(input) {
            Answer::Nothing => Vec::new(),
            Answer::Close => vec![Act::Close],
            Answer::Copy => self.copy(),
            Answer::Given(answer) => self.answered(&answer),
        }
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (100, (self.asked.proposal.changes.len() * 4 + 12).min(60) as u16)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let rest = Rect::new(area.x, area.y, area.width, area.height.saturating_sub(2));
        let used = painter.paragraph(rest, &format!("{}.", self.asked.proposal.title), self.asking.role());
        let width = usize::from(area.width.saturating_sub(1));
        // As long as nothing but the cursor moves they stay as they are.
        if self.lines.borrow().0 != width {
            *self.lines.borrow_mut() = (width, self.made(width, world));
        }
        let below = Rect::new(area.x, area.y + used, area.width, area.height.saturating_sub(used));
        self.asking.view(&self.lines.borrow().1, below, painter);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        asking::hints(" copy the aws commands  ")
    }
}
