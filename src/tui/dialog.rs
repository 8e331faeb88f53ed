//! The dialogs, as data: which one is shown, and of what. [`crate::tui::dialogs::open`] makes them.

use crate::client::approve::Pending;
use crate::client::query::Place;
use crate::domain::legal_hold::HoldSummary;
use crate::domain::vault::Vault;
use crate::domain::{Arn, KnownPoint, PlanId, Scope};
use crate::tui::proposal::Asked;
use crate::tui::several::{Marked, Several};
use crate::tui::subject::{Part, Subject};
use std::sync::Arc;

/// A dialog to show.
#[derive(Debug)]
pub enum Dialog {
    /// What can be done with what is selected.
    Actions(Subject),
    /// What can be done with all that is marked.
    SeveralActions(Marked),
    /// What else has to be said before something is done to several.
    Several(Box<Several>),
    /// Several changes that wait for one answer.
    ConfirmAll(Box<Asked>),
    /// How far several changes have come.
    Course,
    /// Every command, to find one: what can be done with what is selected, or with all that is marked.
    Palette(Subject, Marked),
    /// Every command with its keys, and why it cannot run now.
    Help(Subject),
    /// Which account and region are shown.
    Scopes,
    /// What lists were saved under a name.
    Views,
    /// How it can look.
    Themes,
    /// What becomes of so many jobs when this process ends.
    Quit(usize),
    /// Asks for the name of what is to be found in all recovery points of a resource or a vault.
    Find(Scope, Place),
    /// Mutes findings.
    Mute {
        /// The findings' keys.
        keys: Vec<String>,
        /// What they are about.
        name: String,
    },
    /// By what rule a finding was found and what to do about it; the help is one key further.
    Rule(Box<Rule>),
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

/// What is told of a finding when somebody asks what it is.
#[derive(Debug)]
pub struct Rule {
    /// One word, and what it is about: `FAILED web`.
    pub title: String,
    /// By what rule it was found, in one sentence.
    pub rule: &'static str,
    /// What was found.
    pub detail: String,
    /// What it means and what to do about it.
    pub remedy: &'static str,
    /// What the actions and the help are about.
    pub subject: Subject,
}
