//! Shows of which events a vault notifies which topic, and changes that.

use crate::client::change::{DeleteNotifications, PutNotifications};
use crate::client::{Key, Query};
use crate::domain::notification::{VaultEvent, VaultNotifications};
use crate::domain::vault::Vault;
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form};
use crate::tui::world::World;
use std::sync::Arc;

/// What can be notified of.
const WHAT: [(&str, &str); 5] = [
    ("failures", "what failed or expired"),
    ("ends", "every end of a job"),
    ("all", "all that happens"),
    ("choose", "name the events"),
    ("nothing", "nothing"),
];

/// What failed or expired. There is none of its own for restores or copies that expire: they do not.
const FAILURES: [VaultEvent; 4] = [
    VaultEvent::BackupJobFailed,
    VaultEvent::BackupJobExpired,
    VaultEvent::RestoreJobFailed,
    VaultEvent::CopyJobFailed,
];

/// Every end.
const ENDS: [VaultEvent; 4] = [
    VaultEvent::BackupJobCompleted,
    VaultEvent::RestoreJobCompleted,
    VaultEvent::CopyJobSuccessful,
    VaultEvent::CopyJobFailed,
];

/// The form.
#[derive(Debug)]
pub struct NotificationsEditor {
    vault: Arc<Vault>,
    /// What the vault notifies of now, once it is known.
    now: Option<Arc<Option<VaultNotifications>>>,
    form: Form,
}

impl NotificationsEditor {
    /// Of this vault.
    pub fn new(vault: Arc<Vault>, world: &World) -> Self {
        let mut form = Form::default();
        form.note("now-head", "Now", Role::Title)
            .note("now", "It is being looked up…", Role::Text)
            .turn("what", "From now on", &WHAT, "failures")
            .text("topic", "Topic", &format!("arn:aws:sns:{}:{}:", vault.scope.region, vault.scope.account))
            .hint("topic", "a standard topic of SNS, of the same account")
            .text("events", "Events", "")
            .hint("events", "AWS's names, with spaces between them, such as BACKUP_JOB_FAILED")
            .note("effect", "", Role::Strong);
        let mut editor = Self { vault, now: None, form };
        editor.sync(world);
        editor
    }

    fn key(&self) -> Key {
        Key::scoped(self.vault.scope.clone(), Query::Notifications { vault: self.vault.name.clone() })
    }

    /// What the form says; none where nobody is to be told.
    fn wanted(&self) -> Result<Option<VaultNotifications>, FieldError> {
        let names = |events: &[VaultEvent]| events.iter().map(ToString::to_string).collect::<Vec<_>>();
        let events = match self.form.value("what") {
            "nothing" => return Ok(None),
            "failures" => names(&FAILURES),
            "ends" => names(&ENDS),
            "all" => names(&VaultEvent::ALL.iter().copied().filter(|event| event.ever_comes()).collect::<Vec<_>>()),
            _ => self.form.value("events").split_whitespace().map(str::to_owned).collect(),
        };
        let read = VaultNotifications::new(&self.vault.scope.account, self.form.value("topic").trim(), &events);
        read.map(Some).map_err(|invalid| {
            let field = if invalid.field == "SNSTopicArn" { "topic" } else { "events" };
            FieldError::new(field, invalid.message)
        })
    }

    fn tell(&mut self) {
        let what = self.form.value("what").to_owned();
        self.form.hide("events", what != "choose").hide("topic", what == "nothing");
        let effect = match self.wanted() {
            Ok(Some(wanted)) => told(&wanted),
            Ok(None) => "Nobody would be told.".to_owned(),
            Err(_) => String::new(),
        };
        self.form.label("effect", &effect);
    }
}

fn told(notifications: &VaultNotifications) -> String {
    let events: Vec<&str> = notifications.events.iter().map(|event| event.as_str()).collect();
    format!("{} is told of {}", notifications.topic.last_part(), events.join(", "))
}

impl FormDialog for NotificationsEditor {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        format!("Notifications of {}", self.vault.name)
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        vec![self.key()]
    }
    fn sync(&mut self, world: &World) {
        let known = world.store.notifications(&self.vault.scope, &self.vault.name);
        if let (None, Some(known)) = (&self.now, known) {
            self.now = Some(Arc::clone(known));
            let now = match known.as_ref() {
                None => "It notifies nobody.".to_owned(),
                Some(notifications) => {
                    let names: Vec<&str> = notifications.events.iter().map(|event| event.as_str()).collect();
                    self.form.set("topic", notifications.topic.as_str());
                    self.form.set("events", &names.join(" "));
                    self.form.set("what", "choose");
                    told(notifications)
                }
            };
            self.form.label("now", &now);
        }
        self.tell();
    }
    fn changed(&mut self, _: &World) {
        self.form.show_errors(&[]);
        self.tell();
    }
    fn submit(&mut self, _: &mut World) -> Result<Submitted, Vec<FieldError>> {
        if self.now.is_none() {
            return Err(Vec::new());
        }
        let (scope, vault) = (self.vault.scope.clone(), self.vault.name.clone());
        let has_any = self.now.as_ref().is_some_and(|now| now.is_some());
        match self.wanted().map_err(|error| vec![error])? {
            Some(notifications) => Ok(propose(scope, PutNotifications { vault, notifications })),
            None if has_any => Ok(propose(scope, DeleteNotifications { vault })),
            None => Err(vec![FieldError::new("what", "it notifies nobody now")]),
        }
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (96, 12)
    }
}
