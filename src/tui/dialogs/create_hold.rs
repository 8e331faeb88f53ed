//! Makes a legal hold, and says what it would catch while it is written.

use crate::client::change::CreateHold as Change;
use crate::client::{Key, Query};
use crate::domain::legal_hold::{
    DateRange, HoldSelection, as_far, parse_begin, parse_end, validate_description, validate_title,
};
use crate::domain::{Arn, KnownPoint, Scope, Time};
use crate::tui::dialogs::create_vault::{scope_choices, scope_of};
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::dialogs::parse::read_tags;
use crate::tui::subject::Subject;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;
use crate::tui::{fmt, holds, text};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The form.
#[derive(Debug)]
pub struct CreateHold {
    form: Form,
}

impl CreateHold {
    /// Filled in with what is selected: a vault, a resource, or the resource and vault of a recovery point.
    pub fn new(subject: &Subject, world: &World) -> Self {
        let (scope, vault, resource) = match subject {
            Subject::Vault(vault) => (Some(&vault.scope), vault.name.clone(), String::new()),
            Subject::VaultName(scope, name) => (Some(scope), name.clone(), String::new()),
            Subject::Resource(scope, arn) => (Some(scope), String::new(), arn.to_string()),
            Subject::Point(point, _) | Subject::Path(point, ..) => {
                (Some(&point.scope), point.vault_name.clone(), point.resource_arn.to_string())
            }
            _ => (None, String::new(), String::new()),
        };
        let scope = scope.or_else(|| world.default_scope()).map(ToString::to_string).unwrap_or_default();
        let mut form = Form::default();
        form.text("title", "Title", "")
            .text("description", "What it is for", "")
            .pick("scope", "Account, region", scope_choices(world), &scope)
            .hide("scope", world.scopes.len() < 2)
            .pick("vault", "Only in vault", chosen(&vault, "every vault"), &vault)
            .pick("resource", "Only of", chosen(&resource, "every resource"), &resource)
            .text("from", "Created from", "")
            .hint("from", "optional: 2026-01-31, or 2026-01-31T12:00:00Z")
            .text("to", "Created until", "")
            .hint("to", "optional; a day counts to its end")
            .text("tags", "Tags", "")
            .hint("tags", "optional: key=value key=value")
            .note("effect", "", Role::Strong);
        Self { form }
    }

    fn scope(&self, world: &World) -> Option<Scope> {
        scope_of(self.form.value("scope"), world)
    }

    /// The dates: both, or none.
    fn range(&self, now: Time) -> Result<Option<DateRange>, Vec<FieldError>> {
        let mut fields = Reader::new(&self.form);
        let given = |text: &str| !text.trim().is_empty();
        let (from, to) = (self.form.value("from"), self.form.value("to"));
        if !given(from) && !given(to) {
            return Ok(None);
        }
        let from_date = fields.read("from", |text| if given(text) { parse_begin(text) } else { Ok(Time::UNIX_EPOCH) });
        let to_date =
            fields.read("to", |text| if given(text) { parse_end(text).map(|at| as_far(at, now)) } else { Ok(now) });
        if from_date.zip(to_date).is_some_and(|(from, to)| from > to) {
            fields.wrong("to", "it lies before the beginning");
        }
        fields.finish(from_date.zip(to_date).map(|(from_date, to_date)| Some(DateRange { from_date, to_date })))
    }

    fn selection(&self, now: Time) -> Result<HoldSelection, Vec<FieldError>> {
        let named = |id: &str| Some(self.form.value(id).to_owned()).filter(|name| !name.is_empty());
        Ok(HoldSelection {
            vault_names: named("vault").into_iter().collect(),
            resource_identifiers: named("resource").into_iter().collect(),
            date_range: self.range(now)?,
        })
    }

    /// The vaults that would be looked into.
    fn vaults(&self, world: &World) -> Vec<String> {
        let only = self.form.value("vault");
        let vaults = self.scope(world).and_then(|scope| world.store.vaults(&scope));
        let vaults = vaults.into_iter().flat_map(|vaults| vaults.iter()).filter(|vault| vault.recovery_points > 0);
        vaults.map(|vault| vault.name.clone()).filter(|name| only.is_empty() || name == only).collect()
    }

    /// What it would catch of what is known; none while something is not known yet.
    fn caught<'a>(&self, selection: &HoldSelection, world: &'a World) -> Option<Vec<&'a Arc<KnownPoint>>> {
        let scope = self.scope(world)?;
        world.store.vaults(&scope)?;
        let mut caught = Vec::new();
        for vault in self.vaults(world) {
            let points = world.store.points(&scope, &vault.into())?.iter();
            let held = points.filter(|point| holds::can_be_held(point) && selection.catches(&holds::candidate(point)));
            caught.extend(held);
        }
        Some(caught)
    }

    /// Offers the vaults and resources of the scope, and says what would be caught.
    fn tell(&mut self, world: &World) {
        if let Some(scope) = self.scope(world) {
            let vaults = world.store.vaults(&scope).into_iter().flat_map(|vaults| vaults.iter());
            let vaults = vaults.map(|vault| Choice::new(vault.name.clone(), vault.name.clone(), ""));
            self.form.choices("vault", with_all("every vault", vaults));
            let resources = world.store.protected(&scope).into_iter().flat_map(|resources| resources.iter());
            let resources = resources.map(|resource| {
                let name = resource.name.clone().unwrap_or_else(|| resource.arn.last_part().to_owned());
                Choice::new(resource.arn.to_string(), name, resource.resource_type.as_str())
            });
            self.form.choices("resource", with_all("every resource", resources));
        }
        let effect = match self.selection(world.now()) {
            Err(errors) => {
                self.form.show_errors(&errors);
                String::new()
            }
            Ok(selection) => match self.caught(&selection, world) {
                None => "What it would catch is being looked up…".to_owned(),
                Some(points) => told(&points),
            },
        };
        self.form.label("effect", &effect);
    }
}

fn chosen(value: &str, all: &str) -> Vec<Choice> {
    let known = (!value.is_empty()).then(|| Choice::new(value, value, ""));
    with_all(all, known)
}

fn with_all(all: &str, choices: impl IntoIterator<Item = Choice>) -> Vec<Choice> {
    std::iter::once(Choice::new("", all, "")).chain(choices).collect()
}

/// How many, of how many resources, and how old.
fn told(points: &[&Arc<KnownPoint>]) -> String {
    let resources: BTreeSet<&Arn> = points.iter().map(|point| &point.resource_arn).collect();
    let created = || points.iter().map(|point| point.created);
    match (created().min(), created().max()) {
        (Some(oldest), Some(newest)) => format!(
            "It would be on {} of {}: the oldest of {}, the newest of {}.",
            text::count(points.len(), "recovery point", "recovery points"),
            text::count(resources.len(), "resource", "resources"),
            fmt::exact(oldest),
            fmt::exact(newest),
        ),
        _ => "It would catch nothing: no recovery point that is there now fits.".to_owned(),
    }
}

impl FormDialog for CreateHold {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        "Create a legal hold".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let Some(scope) = self.scope(world) else { return Vec::new() };
        let points = self.vaults(world).into_iter().map(|vault| Query::RecoveryPoints { vault: vault.into() });
        let all = [Query::Vaults, Query::ProtectedResources].into_iter().chain(points);
        all.map(|query| Key::scoped(scope.clone(), query)).collect()
    }
    fn sync(&mut self, world: &World) {
        self.tell(world);
    }
    fn changed(&mut self, world: &World) {
        self.form.show_errors(&[]);
        if !matches!(self.form.focused(), "title" | "description" | "tags") {
            self.tell(world);
        } else if let Err(errors) = self.selection(world.now()) {
            self.form.show_errors(&errors);
        }
    }
    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let selection = self.selection(world.now())?;
        let mut fields = Reader::new(&self.form);
        let title = fields.read("title", |text| validate_title(text).map(|()| text.trim().to_owned()));
        let description = fields
            .read("description", |text| validate_description("Description", text).map(|()| text.trim().to_owned()));
        let tags = fields.read("tags", |text| read_tags("Tags", text));
        let scope = self.scope(world);
        let whole =
            || Some(propose(scope?, Change { title: title?, description: description?, selection, tags: tags? }));
        fields.finish(whole())
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (84, 13)
    }
}
