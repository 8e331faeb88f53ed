//! The dialogs: one file each, all behind [`modal::Modal`]. The topmost one gets every key.
//!
//! A dialog that changes something is a [`form_dialog::FormDialog`] and ends in [`Act::Propose`](crate::tui::msg::Act::Propose): the app prepares the change and
//! shows [`confirm::Confirm`] above it. When the answer is right, the dialog below stays, says that it sends, and closes when
//! the change was made; when it was refused, the refusal is shown in it and nothing that was typed is lost.

pub mod access_policy;
pub mod add_resource;
mod asking;
pub mod backup;
pub mod cancel_hold;
pub mod confirm;
mod confirm_all;
pub mod copy;
mod course;
pub mod create_hold;
pub mod create_vault;
pub mod find;
pub mod form_dialog;
pub mod help;
pub mod lifecycle;
pub mod menu;
pub mod modal;
pub mod mute;
pub mod notice;
pub mod notifications;
pub mod parse;
pub mod plan_editor;
pub mod quit;
pub mod restore;
mod rule;
pub mod scopes;
mod scrolled;
mod several;
mod share_vault;
pub mod tags;
mod themes;
pub mod vault_lock;
pub mod views;
pub mod who_can;

use crate::tui::dialog::Dialog;
use crate::tui::world::World;
use modal::Modal;
use plan_editor::PlanEditor;

/// Makes a dialog from what is known now.
pub fn open(dialog: Dialog, world: &World) -> Box<dyn Modal> {
    match dialog {
        Dialog::Actions(subject) => Box::new(menu::Menu::actions(&subject, world)),
        Dialog::SeveralActions(marked) => Box::new(menu::Menu::several(&marked, world)),
        Dialog::Several(several) => several::open(*several, world),
        Dialog::ConfirmAll(asked) => Box::new(confirm_all::ConfirmAll::new(*asked)),
        Dialog::Course => Box::new(course::CourseView::default()),
        Dialog::Palette(subject, marked) => Box::new(menu::Menu::palette(&subject, &marked, world)),
        Dialog::Help(subject) => Box::new(help::Help::new(&subject, world)),
        Dialog::Scopes => Box::new(scopes::Scopes::new(world)),
        Dialog::Views => Box::new(views::SavedViews::new(world)),
        Dialog::Themes => Box::new(themes::ThemeChoice::new(world)),
        Dialog::Quit(running) => Box::new(quit::Quit::new(running)),
        Dialog::Find(scope, place) => Box::new(find::Find::new(scope, place)),
        Dialog::Mute { keys, name } => Box::new(mute::MuteFinding::new(keys, name)),
        Dialog::Rule(told) => Box::new(rule::RuleOfFinding::new(*told)),
        Dialog::Notice(title, text) => Box::new(notice::Notice::new(title, text)),
        Dialog::Confirm(pending) => Box::new(confirm::Confirm::new(*pending)),
        Dialog::CreateVault => Box::new(create_vault::CreateVault::new(world)),
        Dialog::AddResource => Box::new(add_resource::AddResource::new(world)),
        Dialog::CreateHold(subject) => Box::new(create_hold::CreateHold::new(&subject, world)),
        Dialog::CancelHold(hold) => Box::new(cancel_hold::CancelHold::new(hold, world)),
        Dialog::CreatePlan => Box::new(PlanEditor::create(world)),
        Dialog::EditPlan(scope, id) => Box::new(PlanEditor::edit(scope, id, world)),
        Dialog::Backup(subject) => Box::new(backup::Backup::new(&subject, world)),
        Dialog::Restore(point, part) => Box::new(restore::RestoreWizard::new(point, part, world)),
        Dialog::Copy(point) => Box::new(copy::CopyWizard::new(point, world)),
        Dialog::Lifecycle(point) => Box::new(lifecycle::LifecycleEditor::new(point, world)),
        Dialog::AccessPolicy(vault) => Box::new(access_policy::AccessPolicyEditor::new(vault, world)),
        Dialog::VaultLock(vault) => Box::new(vault_lock::VaultLockEditor::new(vault, world)),
        Dialog::ShareVault(vault) => Box::new(share_vault::ShareEditor::new(vault, world)),
        Dialog::Notifications(vault) => Box::new(notifications::NotificationsEditor::new(vault, world)),
        Dialog::WhoCan(vault) => Box::new(who_can::WhoCan::new(vault)),
        Dialog::Tags(scope, arn) => Box::new(tags::TagsEditor::new(scope, arn)),
    }
}
