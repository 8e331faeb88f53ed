//! Puts a lock on a vault, or takes it off: says in plain words what becomes impossible and from when, which rules of plans
//! would fail, and which recovery points would be kept for ever.

use crate::client::change::{DeleteVaultLock, PutVaultLock};
use crate::client::text::listed;
use crate::client::{Key, Query};
use crate::domain::plan::Rule;
use crate::domain::vault::Vault;
use crate::domain::vault_lock::{LockMode, LockRequest, MIN_COOLING_OFF_DAYS};
use crate::domain::{Known, Lifecycle, Retention, copies};
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form};
use crate::tui::world::World;
use crate::tui::{fmt, text};
use std::sync::Arc;

/// What can be done with it.
const WAYS: [(&str, &str); 3] =
    [("governance", "governance: it can be taken off"), ("compliance", "compliance: it cannot"), ("remove", "no lock")];

/// How many rules or points are named before they are only counted.
const NAMED: usize = 3;

/// The form.
#[derive(Debug)]
pub struct VaultLockEditor {
    vault: Arc<Vault>,
    form: Form,
}

impl VaultLockEditor {
    /// Of this vault.
    pub fn new(vault: Arc<Vault>, world: &World) -> Self {
        let days = |days: Option<i64>| days.map(|days| days.to_string()).unwrap_or_default();
        let lock = vault.lock.unwrap_or_default();
        let way = if lock.lock_date.is_some() { "compliance" } else { "governance" };
        let mut form = Form::default();
        form.note("now", &now(&vault, world), Role::Dim)
            .turn("do", "From now on", &WAYS, way)
            .text("min", "Keep at least days", &days(lock.min_retention_days))
            .hint("min", "jobs that keep theirs for less fail; empty for any")
            .text("max", "Keep at most days", &days(lock.max_retention_days))
            .hint("max", "jobs that keep theirs for longer, or for ever, fail; empty for any")
            .text("changeable", "Changeable for days", &MIN_COOLING_OFF_DAYS.to_string())
            .hint("changeable", "3 at least: so long you can still change your mind")
            .note("effect", "", Role::Text)
            .note("final", "", Role::Bad)
            .note("rules", "", Role::Warning)
            .note("forever", "", Role::Warning);
        let mut editor = Self { vault, form };
        editor.sync(world);
        editor
    }

    /// The lock that the form says; none where it is taken off.
    fn read(&self) -> Result<Option<LockRequest>, FieldError> {
        let days = |field: &'static str| match self.form.value(field).trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| FieldError::new(field, "it must be a number of days")),
        };
        let request = match self.form.value("do") {
            "remove" => return Ok(None),
            "compliance" => {
                let changeable = days("changeable")?;
                let changeable = changeable.ok_or_else(|| FieldError::new("changeable", "say for how many days"))?;
                LockRequest {
                    min_retention_days: days("min")?,
                    max_retention_days: days("max")?,
                    changeable_for_days: Some(changeable),
                }
            }
            _ => LockRequest {
                min_retention_days: days("min")?,
                max_retention_days: days("max")?,
                changeable_for_days: None,
            },
        };
        let field = |member: &str| match member {
            "MinRetentionDays" => "min",
            "MaxRetentionDays" => "max",
            _ => "changeable",
        };
        request.validate().map_err(|invalid| FieldError::new(field(&invalid.field), invalid.message))?;
        Ok(Some(request))
    }

    /// What it would mean.
    fn tell(&mut self, world: &World) {
        let way = self.form.value("do").to_owned();
        let off = way == "remove";
        self.form.hide("min", off).hide("max", off).hide("changeable", way != "compliance");
        let read = self.read();
        let errors: Vec<FieldError> = read.as_ref().err().cloned().into_iter().collect();
        self.form.show_errors(&errors);
        let Ok(Some(request)) = read else {
            let effect = if off { "Recovery points can be deleted again." } else { "" };
            self.form.label("effect", effect).label("final", "").label("rules", "").label("forever", "");
            return;
        };
        let count = fmt::grouped(u64::try_from(self.vault.recovery_points).unwrap_or_default());
        let effect = format!(
            "At once: nobody deletes any of the {count} recovery points or changes how long they are kept. They go when \
             their life is over."
        );
        let last = request.at(world.now()).lock_date.map_or_else(String::new, |date| {
            format!(
                "From {} on, {}, nobody can take the lock off: not you, not an administrator, not AWS.",
                fmt::exact(date),
                fmt::relative(world.now(), date)
            )
        });
        let (rules, forever) = (self.failing_rules(&request, world), self.kept_for_ever(world));
        self.form.label("effect", &effect).label("final", &last).label("rules", &rules).label("forever", &forever);
    }

    /// Which rules of the plans of this account and region would fail into this vault.
    fn failing_rules(&self, request: &LockRequest, world: &World) -> String {
        let scope = &self.vault.scope;
        let lock = request.at(world.now());
        let plans = world.store.plans(scope).map(|plans| plans.to_vec()).unwrap_or_default();
        let (mut failing, mut unknown) = (Vec::new(), 0);
        for summary in &plans {
            let Some(detail) = world.store.plan(scope, &summary.id) else {
                unknown += 1;
                continue;
            };
            let document = &detail.plan.document;
            for rule in &document.rules {
                let kept = self.kept(rule).filter(|(_, retention)| !lock.admits(*retention));
                failing.extend(kept.map(|(how, retention)| {
                    format!("{}/{} ({how}{retention})", document.backup_plan_name, rule.rule_name)
                }));
            }
        }
        let mut said = Vec::new();
        if !failing.is_empty() {
            let verb = if failing.len() == 1 { "This rule would fail" } else { "These rules would fail" };
            said.push(format!("{verb} with it: {}.", listed(&failing, NAMED)));
        }
        if unknown > 0 {
            said.push(format!("What {} asks is not known yet.", text::count(unknown, "plan", "plans")));
        }
        said.join(" ")
    }

    /// How long what a rule backs up or copies into this vault would be kept.
    fn kept<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = (&'static str, Retention)> + 'a {
        let backup =
            rule.writes_into(&self.vault.scope, &self.vault.name).then(|| ("", Retention::of(rule.lifecycle.as_ref())));
        let copies = rule
            .copies_into(&self.vault.scope, &self.vault.name)
            .map(|copy| ("copy, ", Retention::of(copies::lifecycle(copy.lifecycle, rule.lifecycle).as_ref())));
        backup.into_iter().chain(copies)
    }

    /// Which recovery points have no end, and could never be deleted any more.
    fn kept_for_ever(&self, world: &World) -> String {
        let Some(points) = world.store.points(&self.vault.scope, &self.vault.named()) else { return String::new() };
        let endless = |lifecycle: &Option<Lifecycle>| Retention::of(lifecycle.as_ref()) == Retention::Forever;
        let kept: Vec<String> = points
            .iter()
            .filter(|point| matches!(&point.lifecycle, Known::Known(lifecycle) if endless(lifecycle)))
            .map(|point| point.resource_name.clone().unwrap_or_else(|| point.resource_arn.last_part().to_owned()))
            .collect();
        if kept.is_empty() {
            return String::new();
        }
        let count = text::count(kept.len(), "recovery point", "recovery points");
        format!("{count} without an end would be kept for ever: {}.", listed(&kept, NAMED))
    }
}

/// How the vault stands now.
fn now(vault: &Vault, world: &World) -> String {
    match vault.lock.map(|lock| (lock, lock.mode(world.now()))) {
        None => "It has no lock: whoever may delete recovery points deletes them.".to_owned(),
        Some((lock, LockMode::Governance)) => format!("It has a lock in governance mode; retention: {lock}."),
        Some((lock, LockMode::CoolingOff(date))) => {
            format!("It has a lock that is final {}; retention: {lock}.", fmt::relative(world.now(), date))
        }
        Some((lock, LockMode::Compliance(date))) => {
            format!("Its lock is final since {}; retention: {lock}.", fmt::exact(date))
        }
    }
}

impl FormDialog for VaultLockEditor {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        format!("Vault Lock of {}", self.vault.name)
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let scope = &self.vault.scope;
        let plans = world.store.plans(scope).map(|plans| plans.to_vec()).unwrap_or_default();
        let details = plans.into_iter().map(|plan| Query::Plan { id: plan.id.clone() });
        let of_vault = [Query::Plans, Query::RecoveryPoints { vault: self.vault.named() }];
        of_vault.into_iter().chain(details).map(|query| Key::scoped(scope.clone(), query)).collect()
    }
    fn sync(&mut self, world: &World) {
        self.tell(world);
    }
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let (scope, vault) = (self.vault.scope.clone(), self.vault.name.clone());
        let locked = self.vault.lock.map(|lock| lock.mode(world.now()));
        match self.read().map_err(|error| vec![error])? {
            Some(lock) => Ok(propose(scope, PutVaultLock { vault, lock })),
            None if locked.is_some() => Ok(propose(scope, DeleteVaultLock { vault })),
            None => Err(vec![FieldError::new("do", "it has none")]),
        }
    }
    fn changed(&mut self, world: &World) {
        self.tell(world);
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (96, 17)
    }
}
