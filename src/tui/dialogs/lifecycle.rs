//! Changes how long a recovery point is kept.

use crate::client::change::UpdateLifecycle;
use crate::client::{Answer, Feature, Key, Query};
use crate::domain::{Known, KnownPoint, Lifecycle, ResourceType, Time};
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::dialogs::parse::parse_days;
use crate::tui::fmt;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form};
use crate::tui::world::World;
use std::sync::Arc;

/// The form.
#[derive(Debug)]
pub struct LifecycleEditor {
    point: Arc<KnownPoint>,
    /// How long it is kept now; the form is filled in when that is known.
    was: Known<Option<Lifecycle>>,
    form: Form,
}

impl LifecycleEditor {
    /// Of this point.
    pub fn new(point: Arc<KnownPoint>, world: &World) -> Self {
        let mut form = Form::default();
        let resource_type = &point.resource_type;
        let stays_warm = format!("AWS Backup cannot move recovery points of {resource_type} to cold storage");
        let by_point = match (resource_type.can_go_cold(), point.is_cold().known()) {
            (false, _) => Err(stays_warm.as_str()),
            (true, Some(true)) => Err("it was moved to cold storage: that day cannot be changed any more"),
            (true, _) => Ok(()),
        };
        let created = format!("{} was created {}.", point.arn.last_part().to_owned(), fmt::exact(point.created));
        form.note("of", &created, Role::Dim)
            .text("keep", "Keep for days", "")
            .hint("keep", "counted from its creation; empty keeps it for ever")
            .text("cold", "Cold after days", "")
            .hint("cold", "then it must be kept at least 90 days longer")
            .disable("cold", world.store.capabilities.allows(Feature::ColdStorage).and(by_point).err())
            .note("effect", "", Role::Text);
        let mut editor = Self { point, was: Known::Unknown, form };
        editor.sync(world);
        editor
    }

    fn question(&self) -> Query {
        Query::RecoveryPoint { vault: self.point.vault(), recovery_point: self.point.arn.clone() }
    }

    /// What the list told, else what DescribeRecoveryPoint tells.
    fn told(&self, world: &World) -> Known<Option<Lifecycle>> {
        if self.point.lifecycle.is_known() {
            return self.point.lifecycle;
        }
        match &world.store.slot(&Key::scoped(self.point.scope.clone(), self.question())).answer {
            Some(Answer::RecoveryPoint(point)) => point.lifecycle,
            _ => Known::Unknown,
        }
    }

    fn read(&self) -> Result<Lifecycle, FieldError> {
        let keep = parse_days(self.form.value("keep")).map_err(|text| FieldError::new("keep", text))?;
        let cold = parse_days(self.form.value("cold")).map_err(|text| FieldError::new("cold", text))?;
        let Known::Known(was) = self.was else {
            return Err(FieldError::new("keep", "how long it is kept now is not known yet"));
        };
        let was = was.unwrap_or_default();
        let lifecycle = Lifecycle {
            move_to_cold_storage_after_days: if self.form.is_enabled("cold") {
                cold
            } else {
                was.move_to_cold_storage_after_days
            },
            delete_after_days: Some(keep.unwrap_or(-1)),
            opt_in_to_archive_for_supported_resources: opting_in(&self.point.resource_type, cold)
                .or(was.opt_in_to_archive_for_supported_resources),
        };
        match lifecycle.validate() {
            Ok(()) => Ok(lifecycle),
            Err(invalid) => Err(FieldError::new("keep", invalid.message)),
        }
    }

    /// What it would mean.
    fn tell(&mut self, world: &World) {
        let effect = match self.read() {
            Err(error) => {
                self.form.show_errors(&[error]);
                String::new()
            }
            Ok(lifecycle) => {
                self.form.show_errors(&[]);
                effect_of(&lifecycle, &self.point, world.now())
            }
        };
        self.form.label("effect", &effect);
    }
}

/// Whoever gives a point of a type that is archived by choice a day for cold storage chooses it.
pub fn opting_in(resource_type: &ResourceType, cold: Option<i64>) -> Option<bool> {
    (resource_type.is_archived() && cold.is_some()).then_some(true)
}

/// Whether a lifecycle would end the life of a point at once.
pub fn ends_now(lifecycle: &Lifecycle, point: &KnownPoint, now: Time) -> bool {
    let acts = lifecycle.acts_on(point.resource_type.goes_cold_by(lifecycle), point.created);
    acts.delete_at.is_some_and(|at| at <= now)
}

/// The change that gives a point a lifecycle.
pub fn update(lifecycle: Lifecycle, point: &KnownPoint, now: Time) -> UpdateLifecycle {
    let (vault, recovery_point) = (point.vault_name.clone(), point.arn.clone());
    UpdateLifecycle { vault, recovery_point, lifecycle, ends: ends_now(&lifecycle, point, now) }
}

/// What a lifecycle would do to a point, or to a copy of it, which counts from the same day.
pub fn effect_of(lifecycle: &Lifecycle, point: &KnownPoint, now: Time) -> String {
    let acts = lifecycle.acts_on(point.resource_type.goes_cold_by(lifecycle), point.created);
    let stays = point.is_cold().known() == Some(true);
    let moves = match acts.move_to_cold_storage_at.filter(|_| !stays) {
        Some(at) => format!("It would move to cold storage {}, {}. ", fmt::relative(now, at), fmt::exact(at)),
        None => String::new(),
    };
    let ends = match acts.delete_at {
        None => "It would be kept for ever.".to_owned(),
        Some(at) if at <= now => "Its life would be over already: it is deleted within 8 hours.".to_owned(),
        Some(at) => format!("It would be deleted {}, {}.", fmt::relative(now, at), fmt::exact(at)),
    };
    moves + &ends
}

impl FormDialog for LifecycleEditor {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        "How long it is kept".to_owned()
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        if self.point.lifecycle.is_known() {
            return Vec::new();
        }
        vec![Key::scoped(self.point.scope.clone(), self.question())]
    }
    fn sync(&mut self, world: &World) {
        if let (Known::Unknown, Known::Known(lifecycle)) = (self.was, self.told(world)) {
            let days = |days: Option<i64>| days.map(|days| days.to_string()).unwrap_or_default();
            self.was = Known::Known(lifecycle);
            let lifecycle = lifecycle.unwrap_or_default();
            self.form.set("keep", &days(lifecycle.delete_days()));
            self.form.set("cold", &days(lifecycle.cold_days()));
        }
        self.tell(world);
    }
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let lifecycle = self.read().map_err(|error| vec![error])?;
        Ok(propose(self.point.scope.clone(), update(lifecycle, &self.point, world.now())))
    }
    fn changed(&mut self, world: &World) {
        self.tell(world);
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (84, 8)
    }
}
