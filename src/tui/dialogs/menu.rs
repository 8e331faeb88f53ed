//! The `a` menu and the palette: commands to choose, those that cannot run now with the reason.

use crate::tui::actions;
use crate::tui::bulk;
use crate::tui::command::{COMMANDS, Command};
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::{Act, Tone};
use crate::tui::paint::{Painter, Segments};
use crate::tui::several::{Marked, Several};
use crate::tui::subject::Subject;
use crate::tui::widgets::picker::{self, Choice, Picker, PickerEvent};
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;
use std::collections::BTreeSet;

/// Commands to choose from.
#[derive(Debug)]
pub struct Menu {
    title: String,
    commands: Vec<Command>,
    /// The marked rows that it was opened for, and what their list can do to them; none where it was opened for what is selected.
    marked: Option<(BTreeSet<String>, &'static [Command])>,
    picker: Picker,
}

fn choice(command: Command, subject: &Subject, world: &World) -> Choice {
    let info = command.info();
    let detail = match world.keymap.keys(command).first() {
        Some(key) => format!("{key}  {}", info.help),
        None => info.help.to_owned(),
    };
    let mut choice = Choice::new(info.id, info.title, detail);
    if command.acts() {
        choice.disabled = actions::check(command, subject, world).err();
    }
    choice
}

/// How many of the marked ones it can be done to, and why not to the others.
fn choice_of(several: &Several) -> Choice {
    let (able, all) = (several.targets.len(), several.marked);
    let reasons = several.left_out.reasons();
    let why = || reasons.iter().map(|(why, count)| format!("{count}: {why}")).collect::<Vec<_>>().join("; ");
    let detail = if reasons.is_empty() { String::new() } else { format!("{able} of {all}; not {}", why()) };
    let mut choice = Choice::new(
        several.command.info().id,
        bulk::title(several.command, if able == 0 { all } else { able }),
        detail,
    );
    if able == 0 {
        // What is so of all of them is told once.
        choice.disabled = Some(reasons.first().map_or_else(String::new, |(only, _)| match reasons.len() {
            1 => (*only).to_owned(),
            _ => why(),
        }));
    }
    choice
}

/// A command where rows are marked: what it is done to are these, and never what is selected.
fn choice_of_marked(command: Command, subject: &Subject, marked: &Marked, world: &World) -> Choice {
    let takes_rows = command.acts() && !bulk::makes_new(command);
    match marked.rows.as_slice() {
        [(_, only)] if takes_rows => choice(command, only, world),
        [_, ..] if takes_rows && bulk::takes(command) => choice_of(&bulk::of(command, marked, world)),
        [_, ..] if takes_rows => {
            let mut choice = choice(command, subject, world);
            choice.disabled = Some(bulk::only_one(marked));
            choice
        }
        _ => choice(command, subject, world),
    }
}

impl Menu {
    /// What can be done with what is selected.
    pub fn actions(subject: &Subject, world: &World) -> Self {
        let choices = subject.offers().into_iter().map(|command| (command, choice(command, subject, world)));
        Self::made("What to do".to_owned(), choices.collect(), &Marked::default())
    }

    /// What can be done with all that is marked, and to how many of them.
    pub fn several(marked: &Marked, world: &World) -> Self {
        let all = marked.rows.len();
        let also = marked.also.iter().map(|command| {
            let title = bulk::title(*command, all);
            (*command, Choice::new(command.info().id, title, world.keymap.keys(*command).join(" ")))
        });
        let offers: Vec<(Command, Choice)> = match marked.rows.as_slice() {
            [(_, only)] => {
                let acting = only.offers().into_iter().filter(|command| command.acts());
                acting.map(|command| (command, choice(command, only, world))).collect()
            }
            _ => bulk::offers(marked, world).iter().map(|several| (several.command, choice_of(several))).collect(),
        };
        let hidden = match marked.hidden {
            0 => String::new(),
            hidden => format!(", {hidden} of them out of sight by the filter"),
        };
        let name = match marked.rows.as_slice() {
            [(_, only)] => format!(": {}", bulk::name(only, world)),
            _ => String::new(),
        };
        Self::made(format!("What to do with the {all} marked{hidden}{name}"), also.chain(offers).collect(), marked)
    }

    /// Every command.
    pub fn palette(subject: &Subject, marked: &Marked, world: &World) -> Self {
        let commands = COMMANDS.iter().map(|info| info.command).filter(|command| *command != Command::Palette);
        let choices = commands.map(|command| (command, choice_of_marked(command, subject, marked, world)));
        Self::made("Find a command".to_owned(), choices.collect(), marked)
    }

    fn made(title: String, mut choices: Vec<(Command, Choice)>, marked: &Marked) -> Self {
        choices.sort_by_key(|(_, choice)| choice.disabled.is_some());
        let (commands, choices) = choices.into_iter().unzip();
        let rows = || marked.rows.iter().map(|(row, _)| row.clone()).collect();
        let marked = marked.are_any().then(|| (rows(), marked.also));
        Self { title, commands, marked, picker: Picker::new(choices, "") }
    }

    /// Runs a command on what it was opened for.
    fn run(&self, command: Command) -> Act {
        match &self.marked {
            Some((rows, also)) if command.acts() || also.contains(&command) => Act::RunMarked(command, rows.clone()),
            _ => Act::Run(command),
        }
    }
}

impl Modal for Menu {
    fn title(&self, _: &World) -> String {
        self.title.clone()
    }
    fn handle(&mut self, input: Input, _: &mut World) -> Vec<Act> {
        match input {
            Input::Paste(pasted) => {
                self.picker.paste(&pasted);
                Vec::new()
            }
            Input::Key(key) if key.code == KeyCode::Esc => vec![Act::Close],
            Input::Key(key) => match self.picker.handle(key) {
                PickerEvent::Chose(index) => match &self.picker.choices()[index].disabled {
                    Some(reason) => vec![Act::Say(Tone::Bad, reason.clone())],
                    None => vec![Act::Close, self.run(self.commands[index])],
                },
                PickerEvent::Nothing | PickerEvent::Unknown => Vec::new(),
            },
        }
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (92, self.commands.len().min(20) as u16 + 3)
    }
    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        self.picker.view("> ", area, painter);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        picker::hints("narrow", "run")
    }
}
