//! The dialogs: one file each, all behind [`Modal`]. The topmost one gets every key.
//!
//! A dialog that changes something ends in [`crate::tui::msg::Act::Propose`]: the app prepares the change and shows [`confirm::Confirm`]
//! above it. When the answer is right, the dialog below stays, says that it sends, and closes when the change was made; when
//! it was refused, the refusal is shown in it and nothing that was typed is lost.

pub mod backup;
pub mod confirm;
pub mod create_vault;
pub mod help;
pub mod lifecycle;
pub mod menu;
pub mod notice;
pub mod plan_editor;
pub mod quit;
pub mod restore;
pub mod scopes;
pub mod tags;

use crate::client::Key;
use crate::client::approve::Pending;
use crate::domain::KnownPoint;
use crate::domain::{Arn, PlanId, Scope};
use crate::tui::actions::Subject;
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments};
use crate::tui::world::World;
use crossterm::event::KeyEvent;
use ratatui::layout::Rect;
use std::sync::Arc;

/// What comes to a dialog.
#[derive(Debug)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// A pasted text.
    Paste(String),
}

/// What every dialog can do.
pub trait Modal {
    /// What stands in its frame.
    fn title(&self, world: &World) -> String;
    /// What it needs to know, beside what the screen below shows.
    fn keys(&self, _world: &World) -> Vec<Key> {
        Vec::new()
    }
    /// Takes new data in, and once when it opens.
    fn sync(&mut self, _world: &World) {}
    /// Takes a key or a paste.
    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act>;
    /// How large it wants to be; it gets less on a small screen.
    fn size(&self, world: &World) -> (u16, u16);
    /// Draws what is inside its frame.
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>);
    /// What its keys do, for the last line of the screen.
    fn hints(&self, world: &World) -> Segments<'static>;
}

/// Writes the enum of all dialogs, and hands each call to the one that it is.
macro_rules! dialogs {
    ($($variant:ident($type:ty)),+ $(,)?) => {
        /// A dialog with its state.
        #[derive(Debug)]
        pub enum Dialog { $(#[doc = stringify!($variant)] $variant($type)),+ }

        impl Dialog {
            /// The dialog itself.
            pub fn modal(&self) -> &dyn Modal {
                match self { $(Self::$variant(dialog) => dialog),+ }
            }

            /// The dialog itself, to change.
            pub fn modal_mut(&mut self) -> &mut dyn Modal {
                match self { $(Self::$variant(dialog) => dialog),+ }
            }
        }
    };
}
dialogs! {
    Backup(backup::Backup),
    Confirm(confirm::Confirm),
    CreateVault(create_vault::CreateVault),
    Help(help::Help),
    Lifecycle(lifecycle::LifecycleEditor),
    Menu(menu::Menu),
    Notice(notice::Notice),
    PlanEditor(plan_editor::PlanEditor),
    Quit(quit::Quit),
    Restore(restore::RestoreWizard),
    Scopes(scopes::Scopes),
    Tags(tags::TagsEditor),
}

impl Dialog {
    /// Makes a vault.
    pub fn create_vault(world: &World) -> Self {
        Self::CreateVault(create_vault::CreateVault::new(world))
    }

    /// Makes a plan.
    pub fn create_plan(world: &World) -> Self {
        Self::PlanEditor(plan_editor::PlanEditor::create(world))
    }

    /// Changes a plan.
    pub fn edit_plan(scope: Scope, id: PlanId, world: &World) -> Self {
        Self::PlanEditor(plan_editor::PlanEditor::edit(scope, id, world))
    }

    /// Backs a resource up now; the subject fills in what it is or where it goes.
    pub fn back_up(subject: &Subject, world: &World) -> Self {
        Self::Backup(backup::Backup::new(subject, world))
    }

    /// Restores a recovery point, or the given paths of it.
    pub fn restore(point: Arc<KnownPoint>, items: Vec<String>, world: &World) -> Self {
        Self::Restore(restore::RestoreWizard::new(point, items, world))
    }

    /// Changes how long a recovery point is kept.
    pub fn lifecycle(point: Arc<KnownPoint>, world: &World) -> Self {
        Self::Lifecycle(lifecycle::LifecycleEditor::new(point, world))
    }

    /// Shows and changes tags.
    pub fn tags(scope: Scope, arn: Arn, world: &World) -> Self {
        Self::Tags(tags::TagsEditor::new(scope, arn, world))
    }

    /// Asks for a yes to a change.
    pub fn confirm(pending: Pending) -> Self {
        Self::Confirm(confirm::Confirm::new(pending))
    }
}

/// Reads a number of days; nothing means for ever.
pub(crate) fn parse_days(text: &str) -> Result<Option<i64>, String> {
    match text.trim() {
        "" | "-1" => Ok(None),
        days => days.parse().map(Some).map_err(|_| "a number of days, or nothing".to_owned()),
    }
}

/// Reads a window: `90`, `90m`, `8h`, `7d`.
pub(crate) fn parse_minutes(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let (number, unit) = match text.char_indices().last() {
        Some((at, 'm')) => (&text[..at], 1),
        Some((at, 'h')) => (&text[..at], 60),
        Some((at, 'd')) => (&text[..at], 1_440),
        _ => (text, 1),
    };
    let number = number.trim().parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    number.ok_or_else(|| "minutes, or 8h, or 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_as_people_write_them() {
        assert_eq!(["90", "90m", "8h", " 7d "].map(parse_minutes), [Ok(90), Ok(90), Ok(480), Ok(10_080)]);
        assert!(
            parse_minutes("soon").is_err()
                && parse_minutes("").is_err()
                && parse_minutes("99999999999999999d").is_err()
        );
    }
}
