//! Asks what shall become of the jobs that run in this process when it ends.

use crate::client::approve::{Pending, approve};
use crate::client::change::StopBackup;
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widgets::picker::{Choice, Picker, PickerEvent};
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;

/// The question.
#[derive(Debug)]
pub struct Quit {
    running: usize,
    picker: Picker,
}

impl Quit {
    /// Asks about this many jobs.
    pub fn new(running: usize) -> Self {
        let choices = vec![
            Choice::new("leave", "Leave them to resume", "they go on where they were at the next start"),
            Choice::new("wait", "Wait until they are done", "the dashboard stays, then quits by itself"),
            Choice::new(
                "stop",
                "Stop the backups",
                "they end without a recovery point; restores resume at the next start",
            ),
            Choice::new("stay", "Stay here", ""),
        ];
        Self { running, picker: Picker::new(choices, "leave") }
    }
}

/// Every backup job that has not ended yet, of all scopes.
pub fn stop_all(world: &World) -> Vec<Act> {
    let jobs = world.scopes.iter().filter_map(|scope| world.store.backup_jobs(scope)).flat_map(|jobs| jobs.iter());
    jobs.filter(|job| !job.state.is_final())
        .filter_map(|job| {
            let stop = StopBackup { id: job.id.clone() };
            let capabilities = &world.store.capabilities;
            let pending = Pending::new(job.scope.clone(), stop, capabilities, &world.command_line).ok()?;
            Some(Act::Carry(Box::new(approve(pending, "y").ok()?)))
        })
        .collect()
}

impl Modal for Quit {
    fn title(&self, _: &World) -> String {
        "Quit".to_owned()
    }
    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act> {
        let Input::Key(key) = input else { return Vec::new() };
        if key.code == KeyCode::Esc {
            return vec![Act::Close];
        }
        let PickerEvent::Chose(index) = self.picker.handle(key) else { return Vec::new() };
        match self.picker.choices()[index].value.as_str() {
            "leave" => vec![Act::Quit],
            "wait" => vec![Act::Close, Act::QuitWhenIdle],
            "stop" => {
                let mut acts = vec![Act::Close];
                acts.extend(stop_all(world));
                acts.push(Act::QuitWhenIdle);
                acts
            }
            _ => vec![Act::Close],
        }
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (84, 6)
    }
    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        let jobs = text::count(self.running, "job runs", "jobs run");
        let said = format!("{jobs} in this process. Nothing is lost either way.");
        let used = painter.paragraph(area, &said, Role::Text);
        let rest = Rect::new(area.x, area.y + used, area.width, area.height.saturating_sub(used));
        self.picker.view("> ", rest, painter);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        vec![
            segment("up down", Role::Key),
            segment(" choose  ", Role::Dim),
            segment("enter", Role::Key),
            segment(" do it  ", Role::Dim),
            segment("esc", Role::Key),
            segment(" stay", Role::Dim),
        ]
    }
}
