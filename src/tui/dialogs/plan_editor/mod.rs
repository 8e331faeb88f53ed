//! Makes or changes a backup plan: its rules, when they run, how long they keep, what they protect; and what would
//! come of it, as it is typed.

mod air_gap;
mod draft;
mod preview;

use crate::client::change::{CreatePlan, SelectionRef, UpdatePlan};
use crate::client::query::PlanDetail;
use crate::client::{Feature, Key, Query};
use crate::domain::plan::{PlanDocument, Rule};
use crate::domain::plan_rules::MAX_RULES;
use crate::domain::selection::SelectionDocument;
use crate::domain::{Arn, PlanId, Scope, Tags};
use crate::tui::dialogs::create_vault::{scope_choices, scope_of};
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, form_hints, propose};
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form};
use crate::tui::widgets::picker::Choice;
use crate::tui::world::World;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use preview::Preview;
use ratatui::layout::Rect;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The columns from which on the preview stands beside the form.
const WIDE: u16 = 104;

/// The editor.
#[derive(Debug)]
pub struct PlanEditor {
    form: Form,
    scope: Option<Scope>,
    /// The plan that is changed; none makes a new one.
    editing: Option<Editing>,
    document: PlanDocument,
    /// The rule that the form shows.
    rule: usize,
    preview: Preview,
    /// The fields that were changed: only they are told what is wrong with them before all is taken.
    touched: BTreeSet<&'static str>,
}

#[derive(Debug)]
struct Editing {
    id: PlanId,
    /// The plan as it was when the form was filled.
    detail: Option<Arc<PlanDetail>>,
}

/// What the form says.
struct Reading {
    document: PlanDocument,
    /// The selection to make; none when there is none to make.
    selection: Option<SelectionDocument>,
    errors: Vec<FieldError>,
}

impl PlanEditor {
    /// A new plan.
    pub fn create(world: &World) -> Self {
        let rule = Rule { rule_name: "daily".to_owned(), ..Rule::default() };
        let mut editor = Self::new(world.default_scope().cloned(), None, world);
        editor.document.rules.push(rule);
        draft::load_rule(&mut editor.form, &editor.document.rules[0]);
        editor.form.set("keep", "35");
        editor.sync(world);
        editor
    }

    /// A plan that is there.
    pub fn edit(scope: Scope, id: PlanId, world: &World) -> Self {
        let mut editor = Self::new(Some(scope), Some(Editing { id, detail: None }), world);
        editor.sync(world);
        editor
    }

    fn new(scope: Option<Scope>, editing: Option<Editing>, world: &World) -> Self {
        let mut form = Form::default();
        let chosen = scope.as_ref().map(ToString::to_string).unwrap_or_default();
        form.text("name", "Plan name", "")
            .hint("name", "1 to 50 letters, digits, hyphens, underscores or periods")
            .pick("scope", "Account, region", scope_choices(world), &chosen);
        draft::add_rule_fields(&mut form);
        draft::add_selection_fields(&mut form, editing.is_some());
        form.hide("scope", world.scopes.len() < 2);
        if editing.is_some() {
            form.disable("name", Some("a plan's name cannot be changed"));
            form.disable("scope", Some("a plan stays where it is"));
            form.set("by", "keep");
        }
        let (document, preview, touched) = (PlanDocument::default(), Preview::default(), BTreeSet::new());
        Self { form, scope, editing, document, rule: 0, preview, touched }
    }

    /// Fills the form with the plan, once it is known.
    fn load(&mut self, world: &World) {
        let (Some(editing), Some(scope)) = (&mut self.editing, &self.scope) else { return };
        if editing.detail.is_some() {
            return;
        }
        let Some(detail) = world.store.plan(scope, &editing.id) else { return };
        editing.detail = Some(Arc::clone(detail));
        self.document = detail.plan.document.clone();
        self.form.label("name", &format!("Plan {}", self.document.backup_plan_name));
        self.form.set("name", &self.document.backup_plan_name);
        if let Some(rule) = self.document.rules.first() {
            draft::load_rule(&mut self.form, rule);
        }
    }

    /// Offers what there is in the scope.
    fn offer(&mut self, world: &World) {
        for (field, feature) in [("cold", Feature::ColdStorage), ("continuous", Feature::ContinuousBackup)] {
            self.form.disable(field, world.store.capabilities.allows(feature).err());
        }
        let Some(scope) = self.scope.clone() else { return };
        if let Some(vaults) = world.store.vaults(&scope) {
            let detail = |count: i64| format!("{count} recovery points");
            let standard = vaults.iter().filter(|v| v.vault_type.is_standard());
            let choices = standard.map(|v| Choice::new(v.name.clone(), v.name.clone(), detail(v.recovery_points)));
            self.form.choices("vault", choices.collect());
            air_gap::offer(&mut self.form, vaults, world.is_engine());
        }
        if let Some(resources) = world.store.resources(&scope) {
            let mut choices = vec![Choice::new(" ", "choose", "")];
            choices.extend(resources.iter().map(|resource| {
                let name = resource.name.clone().known().unwrap_or_else(|| resource.arn.last_part().to_owned());
                Choice::new(resource.arn.as_str(), name, resource.resource_type.to_string())
            }));
            self.form.choices("add", choices);
        }
        if self.form.value("role").is_empty() {
            self.form.set("role", Arn::default_role(&scope.account).as_str());
        }
    }

    /// Takes the fields back into the document and works everything out again.
    fn refresh(&mut self, world: &World) {
        let total = self.document.rules.len();
        let heading = if total > 1 { format!("Rule {} of {total}", self.rule + 1) } else { "Rule".to_owned() };
        self.form.label("rule heading", &heading);
        draft::show_frequency_fields(&mut self.form);
        draft::show_selection_fields(&mut self.form);
        let reading = self.read(world);
        if let Some(scope) = self.scope.clone() {
            let selections = self.effective_selections(reading.selection.as_ref());
            self.preview = Preview::new(&reading.document, &selections, &scope, world);
        }
        let mut told = reading.errors;
        told.retain(|error| self.touched.contains(error.field));
        self.form.show_errors(&told);
    }

    /// The selections that would be in force.
    fn effective_selections(&self, new: Option<&SelectionDocument>) -> Vec<SelectionDocument> {
        match (new, self.form.value("by"), self.kept_selections()) {
            (None, "keep", Some(kept)) => kept.iter().map(|selection| selection.document.clone()).collect(),
            (new, _, _) => new.into_iter().cloned().collect(),
        }
    }

    fn kept_selections(&self) -> Option<&[crate::domain::selection::Selection]> {
        self.editing.as_ref()?.detail.as_ref()?.selections.as_deref().ok()
    }

    fn read(&self, world: &World) -> Reading {
        let mut errors = Vec::new();
        let mut document = self.document.clone();
        if self.editing.is_none() {
            self.form.value("name").trim().clone_into(&mut document.backup_plan_name);
        }
        if let Some(base) = self.document.rules.get(self.rule) {
            document.rules[self.rule] = draft::read_rule(&self.form, base, &mut errors);
        }
        let selection = draft::read_selection(&self.form, &document.backup_plan_name, &mut errors);
        let targets = || self.scope.as_ref().map_or(Ok(()), |scope| document.validate_targets(scope));
        if let Err(invalid) = document.validate().and_then(|()| targets()) {
            let field = draft::field_of(&invalid);
            // The presets make their own expression: what is wrong with it is wrong with the frequency.
            let hidden = field == "cron" && self.form.value("frequency") != "Cron";
            errors.push(FieldError::new(if hidden { "frequency" } else { field }, invalid.message));
        }
        let vaults = self.scope.as_ref().and_then(|scope| world.store.vaults(scope));
        errors.extend(vaults.and_then(|vaults| air_gap::refusal(&document, vaults)));
        if let (Some(selection), Some(scope), true) = (&selection, &self.scope, errors.is_empty())
            && let Err(invalid) = selection.validate(&scope.region)
        {
            let missing = if self.form.value("by") == "tag" { "tags" } else { "arns" };
            let field = draft::field_of(&invalid);
            errors.push(FieldError::new(if field == "role" { "role" } else { missing }, invalid.message));
        }
        Reading { document, selection, errors }
    }

    /// Shows another rule in the form.
    fn show_rule(&mut self, rule: usize, world: &World) {
        self.document = self.read(world).document;
        self.rule = rule.min(self.document.rules.len().saturating_sub(1));
        if let Some(rule) = self.document.rules.get(self.rule) {
            draft::load_rule(&mut self.form, rule);
        }
        self.form.focus("rule");
        self.refresh(world);
    }

    fn add_rule(&mut self, world: &World) {
        self.document = self.read(world).document;
        if self.document.rules.len() >= MAX_RULES {
            return;
        }
        let vault = self.form.value("vault").to_owned();
        let name = format!("rule-{}", self.document.rules.len() + 1);
        self.document.rules.push(Rule { rule_name: name, target_backup_vault_name: vault, ..Rule::default() });
        let last = self.document.rules.len() - 1;
        self.rule = last;
        draft::load_rule(&mut self.form, &self.document.rules[last]);
        self.form.focus("rule");
        self.refresh(world);
    }

    fn remove_rule(&mut self, world: &World) {
        if self.document.rules.len() > 1 {
            self.document.rules.remove(self.rule);
            self.rule = self.rule.min(self.document.rules.len() - 1);
            draft::load_rule(&mut self.form, &self.document.rules[self.rule]);
            self.refresh(world);
        }
    }
}

impl FormDialog for PlanEditor {
    fn form(&self) -> &Form {
        &self.form
    }

    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }

    fn title(&self, _: &World) -> String {
        match &self.editing {
            None => "Create a backup plan".to_owned(),
            Some(_) => format!("Change the backup plan {}", self.document.backup_plan_name),
        }
    }

    fn keys(&self, _: &World) -> Vec<Key> {
        let Some(scope) = &self.scope else { return Vec::new() };
        let mut queries = vec![Query::Vaults, Query::Resources, Query::RegionSettings];
        queries.extend(self.editing.as_ref().map(|editing| Query::Plan { id: editing.id.clone() }));
        queries.into_iter().map(|query| Key::scoped(scope.clone(), query)).collect()
    }

    fn sync(&mut self, world: &World) {
        self.load(world);
        self.offer(world);
        self.refresh(world);
    }

    fn own_key(&mut self, key: KeyEvent, world: &World) -> bool {
        if !key.modifiers.contains(KeyModifiers::CONTROL) || self.form.is_picking() {
            return false;
        }
        match key.code {
            KeyCode::Char('n') => self.add_rule(world),
            KeyCode::Char('x') => self.remove_rule(world),
            KeyCode::Char('r') => {
                let next = (self.rule + 1) % self.document.rules.len().max(1);
                self.show_rule(next, world);
            }
            _ => return false,
        }
        true
    }

    fn changed(&mut self, world: &World) {
        self.touched.insert(self.form.focused());
        if self.editing.is_none() {
            let scope = scope_of(self.form.value("scope"), world);
            if scope.is_some() && scope != self.scope {
                self.scope = scope;
                self.form.set("role", "");
                self.form.set("vault", "");
                self.form.set("gap", "");
                self.offer(world);
            }
        }
        let added = self.form.value("add").trim().to_owned();
        if !added.is_empty() {
            let arns = format!("{} {added}", self.form.value("arns").trim());
            self.form.set("arns", arns.trim());
            self.form.set("add", " ");
        }
        self.refresh(world);
    }

    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let Reading { document, selection, errors } = self.read(world);
        if !errors.is_empty() {
            return Err(errors);
        }
        let scope = self.scope.clone().ok_or_else(Vec::new)?;
        let create: Vec<SelectionDocument> = selection.into_iter().collect();
        let Some(Editing { id, .. }) = &self.editing else {
            return Ok(propose(scope, CreatePlan { document, selections: create, tags: Tags::new() }));
        };
        let keep = self.form.value("by") == "keep";
        let old = if keep { &[] } else { self.kept_selections().unwrap_or(&[]) };
        let delete = old.iter().map(|selection| SelectionRef {
            id: selection.id.clone(),
            name: selection.document.selection_name.clone(),
        });
        Ok(propose(scope, UpdatePlan { id: id.clone(), document, delete: delete.collect(), create }))
    }

    fn size(&self, _: &World) -> (u16, u16) {
        (150, 26)
    }

    fn view(&self, _: &World, area: Rect, painter: &mut Painter<'_>) {
        if self.editing.as_ref().is_some_and(|editing| editing.detail.is_none()) {
            painter.paragraph(area, "Reading the plan…", Role::Dim);
            return;
        }
        if area.width >= WIDE {
            let right = (area.width * 2 / 5).min(60);
            let left = Rect::new(area.x, area.y, area.width - right - 2, area.height);
            self.form.view(left, painter);
            self.preview.view(Rect::new(area.right() - right, area.y, right, area.height), painter);
            return;
        }
        let below = if area.height >= 32 { 13 } else { 1 };
        let form = Rect::new(area.x, area.y, area.width, area.height.saturating_sub(below + 1));
        self.form.view(form, painter);
        let rest = Rect::new(area.x, form.bottom() + 1, area.width, below);
        if below > 1 {
            self.preview.view(rest, painter);
        } else {
            painter.put(rest.x, rest.y, rest.width, &self.preview.summary(), Role::Strong);
        }
    }

    fn hints(&self) -> Segments<'static> {
        let mut hints = form_hints();
        let more = [("ctrl-n", " add a rule"), ("ctrl-r", " next rule"), ("ctrl-x", " remove rule")];
        for (key, meaning) in more.iter().take(if self.document.rules.len() > 1 { 3 } else { 1 }) {
            hints.push(segment("  ", Role::Dim));
            hints.push(segment(*key, Role::Key));
            hints.push(segment(*meaning, Role::Dim));
        }
        hints
    }
}
