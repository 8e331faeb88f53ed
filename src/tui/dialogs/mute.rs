//! Mutes findings: why, and until when.

use crate::domain::Time;
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, plain_hints};
use crate::tui::moment;
use crate::tui::msg::{Act, MuteChange};
use crate::tui::paint::Segments;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::world::World;
use chrono::Duration;

/// Nobody writes more than that about one finding.
const LONGEST_NOTE: usize = 400;

/// The form.
#[derive(Debug)]
pub struct MuteFinding {
    keys: Vec<String>,
    name: String,
    form: Form,
}

impl MuteFinding {
    /// The form for findings, by their keys and what they are about.
    pub fn new(keys: Vec<String>, name: String) -> Self {
        let mut form = Form::default();
        form.text("note", "Why", "")
            .hint("note", "whoever looks next reads it")
            .text("until", "Until", "1d")
            .hint("until", "8h, 3d, 2026-12-01, 2026-12-01 08:00; for good when empty")
            .note(
                "what",
                if keys.len() > 1 {
                    "They are told no more until then, here and by `vaultdeck findings`, and stay at the end of the list."
                } else {
                    "It is told no more until then, here and by `vaultdeck findings`, and stays at the end of the list."
                },
                Role::Dim,
            );
        Self { keys, name, form }
    }

    fn read(&self, world: &World) -> Result<MuteChange, Vec<FieldError>> {
        let mut fields = Reader::new(&self.form);
        let note = fields.read("note", |text| match text.trim() {
            "" => Err("say why, in a few words".to_owned()),
            long if long.chars().count() > LONGEST_NOTE => Err(format!("at most {LONGEST_NOTE} characters")),
            note => Ok(note.to_owned()),
        });
        let until = fields.read("until", |text| until(text.trim(), world));
        let whole = || Some(MuteChange::Mute { keys: self.keys.clone(), note: note?, until: until?, now: world.wall });
        fields.finish(whole())
    }
}

/// Reads a span from now, a moment in the zone of whoever types, or nothing.
fn until(text: &str, world: &World) -> Result<Option<Time>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let now = world.wall;
    let at = match span(text) {
        Some(span) => now.checked_add_signed(span).ok_or_else(|| "that is too far away".to_owned())?,
        None => moment::parse(text, world.zone, now)?,
    };
    if at <= now { Err("that is over already".to_owned()) } else { Ok(Some(at)) }
}

/// `8h`, `3d`.
fn span(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok()?;
    match unit {
        "m" => Duration::try_minutes(number),
        "h" => Duration::try_hours(number),
        "d" => Duration::try_days(number),
        _ => None,
    }
}

impl FormDialog for MuteFinding {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        format!("Mute: {}", self.name)
    }
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        Ok(vec![Act::Close, Act::Mute(self.read(world)?)])
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (84, 5)
    }
    fn hints(&self) -> Segments<'static> {
        plain_hints()
    }
}
