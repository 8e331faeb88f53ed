//! Restores a recovery point: the whole or a part, where to, with metadata that is filled in and checked before
//! anything is sent.

mod metadata;
mod picture;
mod when;

use crate::client::change::StartRestore;
use crate::client::{Key, Query};
use crate::domain::types::TypeFacts;
use crate::domain::{Arn, KnownPoint, ResourceType, Time};
use crate::tui::dialogs::form_dialog::form_hints;
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::paint::{Painter, Segments};
use crate::tui::subject::Part;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::timeline::Timeline;
use crate::tui::widgets::form::{FieldError, Form};
use crate::tui::world::World;
use crate::tui::{fmt, moment};
use crossterm::event::{KeyCode, KeyEvent};
use metadata::Target;
use picture::Place;
use ratatui::layout::Rect;
use std::collections::BTreeMap;
use std::sync::Arc;
use when::{Chosen, Taken, When};

/// The field of a continuous recovery point's moment.
const MOMENT: &str = "moment";

/// The wizard.
#[derive(Debug)]
pub struct RestoreWizard {
    point: Arc<KnownPoint>,
    /// The paths that were marked when it opened.
    marked: Vec<String>,
    /// The second that was chosen when it opened.
    second: Option<Time>,
    form: Form,
    /// What the service proposes; none until it has answered.
    proposed: Option<BTreeMap<String, String>>,
    /// Whether a field was changed since: errors are told from then on.
    touched: bool,
    /// The choice of a second, of a continuous recovery point whose line of time is told.
    when: Option<When>,
    /// Whether that is what is seen, in the form's place.
    choosing: bool,
}

impl RestoreWizard {
    /// Of this part of a point.
    pub fn new(point: Arc<KnownPoint>, part: Part, world: &World) -> Self {
        let (marked, second) = match part {
            Part::Whole => (Vec::new(), None),
            Part::Paths(paths) => (paths, None),
            Part::Second(at) => (Vec::new(), Some(at)),
        };
        let mut wizard = Self {
            point,
            marked,
            second,
            form: Form::default(),
            proposed: None,
            touched: false,
            when: None,
            choosing: false,
        };
        wizard.sync(world);
        wizard
    }

    fn question(&self) -> Query {
        Query::RestoreMetadata { vault: self.point.vault(), recovery_point: self.point.arn.clone() }
    }

    fn resource_type(&self) -> &ResourceType {
        &self.point.resource_type
    }

    /// Builds the form, once the service has told what a restore starts from.
    fn load(&mut self, world: &World) {
        if self.proposed.is_some() {
            return;
        }
        let told = world.store.restore_metadata(&self.point.scope, &self.point.vault(), &self.point.arn);
        let Some(told) = told else { return };
        let proposed = told.metadata.clone();
        if world.is_engine() && metadata::is_continuous(&proposed) {
            // Its ends are told, or why they cannot be; then a field asks for the moment.
            let slot = world.store.slot(&Timeline::own_key(&self.point));
            if slot.answer.is_none() && slot.fault.is_none() {
                return;
            }
            let timeline = Timeline::of(&self.point, world);
            self.when = timeline.map(|timeline| When::new(timeline, world.zone, self.second, world.wall));
            self.choosing = self.when.is_some();
        }
        self.add_what(world.is_engine());
        let has_timeline = self.when.is_some();
        if has_timeline {
            self.form.text(MOMENT, "Moment", "").hint(MOMENT, "enter shows the line of time; so does typing one");
        }
        let target = Target { resource_type: &self.point.resource_type, engine: world.is_engine(), has_timeline };
        metadata::add_fields(&mut self.form, &target, &proposed);
        let role = self.point.role();
        self.form
            .toggle("tags", "Copy the tags", false)
            .hint("tags", "a restored resource has no tags unless asked for, so that no plan picks it up")
            .text("role", "IAM role", role.as_str())
            .hint("role", "the role that the restore runs under")
            .note("result", "", Role::Strong);
        self.proposed = Some(proposed);
        self.refresh();
    }

    /// The fields that say what is restored; only file trees can be restored in part.
    fn add_what(&mut self, on_engine: bool) {
        if !self.resource_type().is_tree(on_engine) {
            return;
        }
        let marked = format!("the {} marked", text::count(self.marked.len(), "item", "items"));
        let mut options = vec![("whole", "everything"), ("path", "one path")];
        if !self.marked.is_empty() {
            options.insert(0, ("marked", marked.as_str()));
        }
        let first = options[0].0;
        self.form
            .turn("what", "Restore", &options, first)
            .text("path", "Path", "/")
            .hint("path", "from the root, as the files of the point are listed; or mark files there with space");
    }

    /// The paths to restore; none means everything.
    fn items(&self) -> Vec<String> {
        match self.form.value("what") {
            "marked" => self.marked.clone(),
            "path" => vec![self.form.value("path").to_owned()],
            _ => Vec::new(),
        }
    }

    fn read(&self) -> (BTreeMap<String, String>, Vec<FieldError>) {
        let proposed = self.proposed.clone().unwrap_or_default();
        let (mut metadata, mut errors) = metadata::read(&self.form, self.resource_type(), proposed, &self.items());
        if let Some(when) = &self.when {
            let moment = match when.chosen() {
                Chosen::Latest => None,
                Chosen::At(at) => Some(moment::iso(at)),
            };
            metadata::at_moment(&mut metadata, self.resource_type(), moment);
            errors.extend(when.refusal().map(|wrong| FieldError::new(MOMENT, wrong)));
        }
        (metadata, errors)
    }

    /// Takes a key of the line of time.
    fn choose(&mut self, key: KeyEvent) -> bool {
        let Some(when) = &mut self.when else { return false };
        match when.handle(key) {
            Taken::Here => true,
            Taken::Done => {
                self.choosing = false;
                self.form.focus(MOMENT);
                self.form.handle(KeyEvent::from(KeyCode::Down));
                self.refresh();
                true
            }
            // Nothing was filled in yet that could be lost.
            Taken::Left if !self.touched => false,
            Taken::Left => {
                self.choosing = false;
                true
            }
            // What is none of its keys may be one of the form's, which is asked for then.
            Taken::Unknown => {
                self.choosing = false;
                self.refresh();
                false
            }
        }
    }

    /// Shows the fields that the choices need, what would come of them, and what is wrong.
    fn refresh(&mut self) {
        if self.proposed.is_none() {
            return;
        }
        if let Some(when) = &self.when {
            self.form.set(MOMENT, &when.told());
        }
        let path = self.form.value("what") == "path";
        self.form.hide("path", !path);
        metadata::show_fields(&mut self.form, &self.point.resource_type);
        let (metadata, errors) = self.read();
        let refuses_tags = |facts: &TypeFacts| (facts.refuses_tags)(&metadata).is_some();
        self.form.hide("tags", self.resource_type().facts().is_some_and(refuses_tags));
        let outcome = metadata::outcome(&metadata, &self.point, &self.items());
        self.form.label("result", &outcome);
        if self.touched {
            self.form.show_errors(&errors);
        }
    }

    fn heading(&self, world: &World) -> String {
        let name = self.point.resource_name.clone().unwrap_or_else(|| self.point.resource_arn.to_string());
        format!(
            "{} {name}, backed up {} ({}), {}, in vault {}",
            self.resource_type(),
            fmt::exact(self.point.created),
            fmt::relative(world.now(), self.point.created),
            fmt::maybe_bytes(self.point.size_bytes),
            self.point.vault_name
        )
    }
}

impl FormDialog for RestoreWizard {
    fn form(&self) -> &Form {
        &self.form
    }

    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }

    fn title(&self, _: &World) -> String {
        "Restore a recovery point".to_owned()
    }

    fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys = vec![Key::scoped(self.point.scope.clone(), self.question())];
        if world.is_engine() && self.point.resource_type.facts().is_some_and(|facts| facts.can_be_continuous) {
            keys.extend(Timeline::keys(&self.point, world));
        }
        let looked_into = self.when.as_ref().filter(|_| self.choosing).and_then(|when| when.looked_into(world.wall));
        keys.extend(looked_into.map(|at| {
            let query = Query::Sight { recovery_point: self.point.arn.clone(), at };
            Key::scoped(self.point.scope.clone(), query)
        }));
        keys
    }

    fn wakes(&self, world: &World) -> Option<Time> {
        self.when.as_ref().filter(|_| self.choosing)?.rests_at(world.wall)
    }

    fn own_paste(&mut self, pasted: &str) -> bool {
        let Some(when) = self.when.as_mut().filter(|_| self.choosing || self.form.focused() == MOMENT) else {
            return false;
        };
        when.paste(pasted);
        self.choosing = true;
        true
    }

    fn own_key(&mut self, key: KeyEvent, world: &World) -> bool {
        if self.choosing {
            let is_taken = self.choose(key);
            if let Some(when) = &mut self.when {
                when.moved(world.wall);
            }
            return is_taken;
        }
        let opens = matches!(key.code, KeyCode::Enter | KeyCode::Char(_)) && key.modifiers.is_empty();
        if self.when.is_none() || self.form.focused() != MOMENT || !opens {
            // The text of the moment is the line's.
            let edits = matches!(key.code, KeyCode::Backspace | KeyCode::Delete);
            return self.when.is_some() && self.form.focused() == MOMENT && edits;
        }
        (self.choosing, self.touched) = (true, true);
        if let Some(when) = &mut self.when {
            when.moved(world.wall);
        }
        if matches!(key.code, KeyCode::Char(digit) if digit.is_ascii_digit()) { self.choose(key) } else { true }
    }

    fn hints(&self) -> Segments<'static> {
        match self.when.as_ref().filter(|_| self.choosing) {
            Some(when) => picture::hints(when),
            None => form_hints(),
        }
    }

    fn sync(&mut self, world: &World) {
        self.load(world);
        if let (Some(when), Some(timeline)) = (&mut self.when, Timeline::of(&self.point, world)) {
            when.sync(timeline);
        }
        self.refresh();
    }

    fn submit(&mut self, world: &mut World) -> Result<Submitted, Vec<FieldError>> {
        let Some(proposed) = &self.proposed else { return Err(Vec::new()) };
        let (mut metadata, mut errors) = self.read();
        let proposed = proposed.get("CreationToken");
        if let Some(token) = metadata.get_mut("CreationToken").filter(|token| Some(&**token) == proposed) {
            // What was proposed may have been used by an earlier restore from this dashboard already.
            *token = (world.tokens.0)();
        }
        let role: Option<Arn> = self.form.value("role").trim().parse().ok();
        if role.is_none() {
            errors.push(FieldError::new("role", "must be the ARN of a role"));
        }
        if !errors.is_empty() {
            self.touched = true;
            return Err(errors);
        }
        let restore = StartRestore {
            recovery_point: self.point.arn.clone(),
            metadata,
            role,
            resource_type: Some(self.resource_type().clone()),
            copy_source_tags: self.form.is_on("tags") && self.form.is_enabled("tags"),
            idempotency_token: (world.tokens.0)(),
        };
        Ok(propose(self.point.scope.clone(), restore))
    }

    fn changed(&mut self, _: &World) {
        self.touched = true;
        self.refresh();
    }

    fn size(&self, _: &World) -> (u16, u16) {
        // The line of time and what an engine asks beside it need as much.
        if self.when.is_some() {
            return (110, 18);
        }
        let fields = metadata::shown(self.resource_type());
        (110, (fields as u16 + 8).clamp(14, 40))
    }

    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let used = painter.paragraph(area, &self.heading(world), Role::Strong) + 1;
        let rest = Rect::new(area.x, area.y + used, area.width, area.height.saturating_sub(used));
        if let Some(when) = self.when.as_ref().filter(|_| self.choosing) {
            picture::view(when, &Place { world, point: &self.point }, rest, painter);
            return;
        }
        if self.proposed.is_some() {
            self.form.view(rest, painter);
            return;
        }
        let slot = world.store.slot(&Key::scoped(self.point.scope.clone(), self.question()));
        match &slot.fault {
            Some(fault) => painter.paragraph(rest, &fault.to_string(), Role::Bad),
            None => painter.paragraph(rest, "Asking what a restore of it starts from…", Role::Dim),
        };
    }
}
