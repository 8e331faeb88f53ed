//! The `a` menu and the palette: commands to choose, those that cannot run now with the reason.

use crate::tui::actions;
use crate::tui::command::{COMMANDS, Command};
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::{Act, Tone};
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::subject::Subject;
use crate::tui::theme::Role;
use crate::tui::widgets::picker::{Choice, Picker, PickerEvent};
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

/// Commands to choose from.
#[derive(Debug)]
pub struct Menu {
    title: &'static str,
    commands: Vec<Command>,
    picker: Picker,
}

fn choice(command: Command, subject: &Subject, world: &World) -> Choice {
    let info = command.info();
    let detail = match info.keys.first() {
        Some(key) => format!("{key}  {}", info.help),
        None => info.help.to_owned(),
    };
    let mut choice = Choice::new(info.id, info.title, detail);
    if command.acts() {
        choice.disabled = actions::check(command, subject, world).err();
    }
    choice
}

impl Menu {
    /// What can be done with what is selected.
    pub fn actions(subject: &Subject, world: &World) -> Self {
        Self::of("What to do", subject.offers(), subject, world)
    }

    /// Every command.
    pub fn palette(subject: &Subject, world: &World) -> Self {
        let commands = COMMANDS.iter().map(|info| info.command).filter(|command| *command != Command::Palette);
        Self::of("Find a command", commands.collect(), subject, world)
    }

    fn of(title: &'static str, commands: Vec<Command>, subject: &Subject, world: &World) -> Self {
        let mut choices: Vec<(Command, Choice)> =
            commands.into_iter().map(|command| (command, choice(command, subject, world))).collect();
        choices.sort_by_key(|(_, choice)| choice.disabled.is_some());
        let (commands, choices) = choices.into_iter().unzip();
        Self { title, commands, picker: Picker::new(choices, "") }
    }
}

impl Modal for Menu {
    fn title(&self, _: &World) -> String {
        self.title.to_owned()
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
                    None => vec![Act::Close, Act::Run(self.commands[index])],
                },
                PickerEvent::Nothing | PickerEvent::Unknown => Vec::new(),
            },
        }
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (92, self.commands.len().min(20) as u16 + 1)
    }
    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        self.picker.view("> ", area, painter);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        vec![
            segment("letters", Role::Key),
            segment(" narrow  ", Role::Dim),
            segment("enter", Role::Key),
            segment(" run  ", Role::Dim),
            segment("esc", Role::Key),
            segment(" close", Role::Dim),
        ]
    }
}
