//! The dialogs, as data: which one is shown, and of what. [`crate::tui::dialogs::open`] makes them.

use crate::client::approve::Pending;
use crate::domain::legal_hold::HoldSummary;
use crate::domain::vault::Vault;
use crate::domain::{Arn, KnownPoint, PlanId, Scope};
use crate::tui::subject::{Part, Subject};
use std::sync::Arc;

/// A dialog to show.
#[derive(Debug)]
pub enum Dialog {
    /// What can be done with what is selected.
    Actions(Subject),
    /// Every command, to find one.
    Palette(Subject),
    /// Every command with its keys, and why it cannot run now.
    Help(Subject),
    /// Which account and region are shown.
    Scopes,
    /// What becomes of so many jobs when this process ends.
    Quit(usize),
    /// A text to read, with its title.
    Notice(&'static str, String),
    /// A change that waits for a yes.
    Confirm(Box<Pending>),
    /// Makes a vault.
    CreateVault,
    /// Registers a resource.
    AddResource,
    /// Puts a legal hold on recovery points; the subject fills in on which.
    CreateHold(Subject),
    /// Releases a legal hold.
    CancelHold(Arc<HoldSummary>),
    /// Makes a plan.
    CreatePlan,
    /// Changes a plan.
    EditPlan(Scope, PlanId),
    /// Backs a resource up now; the subject fills in what it is or where it goes.
    Backup(Subject),
    /// Restores a recovery point, or a part of it.
    Restore(Arc<KnownPoint>, Part),
    /// Copies a recovery point into another vault.
    Copy(Arc<KnownPoint>),
    /// Changes how long a recovery point is kept.
    Lifecycle(Arc<KnownPoint>),
    /// Shows and changes the access policy of a vault.
    AccessPolicy(Arc<Vault>),
    /// Puts a lock on a vault, or takes it off.
    VaultLock(Arc<Vault>),
    /// Shows and changes with whom a vault is shared.
    ShareVault(Arc<Vault>),
    /// Shows and changes what a vault notifies of.
    Notifications(Arc<Vault>),
    /// Says who can do what to a vault.
    WhoCan(Arc<Vault>),
    /// Shows and changes the tags of something.
    Tags(Scope, Arn),
}
