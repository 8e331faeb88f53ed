//! Shows a vault's access policy in plain words, and puts another in its place.

use crate::client::change::{DeleteAccessPolicy, PutAccessPolicy};
use crate::client::{Key, Query};
use crate::domain::Arn;
use crate::domain::policy::{Policy, Template, difference};
use crate::domain::vault::Vault;
use crate::tui::dialogs::form_dialog::{FormDialog, Submitted, propose};
use crate::tui::paint::Painter;
use crate::tui::screens::pane;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form};
use crate::tui::world::World;
use ratatui::layout::Rect;
use std::sync::Arc;

/// What can be done with it.
const WAYS: [(&str, &str); 5] = [
    ("deny", "nobody deletes"),
    ("glass", "only one role deletes"),
    ("copies", "the organization copies in"),
    ("edit", "write it"),
    ("remove", "take it away"),
];

/// The form.
#[derive(Debug)]
pub struct AccessPolicyEditor {
    vault: Arc<Vault>,
    /// The text that the vault has now, once it is known.
    now: Option<Arc<Option<String>>>,
    /// Whether the organization's id was put in: once, so that it can be wiped out.
    has_organization: bool,
    form: Form,
}

impl AccessPolicyEditor {
    /// Of this vault.
    pub fn new(vault: Arc<Vault>, world: &World) -> Self {
        let role = Arn::role(&vault.scope.account, "BreakGlass");
        let mut form = Form::default();
        form.note("now-head", "Now", Role::Title)
            .note("now", "", Role::Text)
            .turn("do", "From now on", &WAYS, "deny")
            .text("role", "Role", role.as_str())
            .hint("role", "the role that is entered in an emergency; it must be there already")
            .text("organization", "Organization", "")
            .hint("organization", "its id, such as o-a1b2c3d4e5")
            .text("policy", "Policy", "")
            .hint("policy", "JSON in one line; paste a longer one")
            .note("then-head", "What would change", Role::Title)
            .note("effect", "", Role::Text)
            .note("warning", "", Role::Bad);
        let mut editor = Self { vault, now: None, has_organization: false, form };
        editor.sync(world);
        editor
    }

    fn key(&self) -> Key {
        Key::scoped(self.vault.scope.clone(), Query::AccessPolicy { vault: self.vault.name.clone() })
    }

    /// The policy that the form says; none where it is taken away.
    fn wanted(&self) -> Result<Option<(String, Policy)>, FieldError> {
        let value = |field| self.form.value(field).trim().to_owned();
        let (field, text) = match self.form.value("do") {
            "remove" => return Ok(None),
            "deny" => ("do", Template::DenyDeletes.text()),
            "glass" => {
                if value("role").parse::<Arn>().is_err() {
                    return Err(FieldError::new("role", "it must be the ARN of a role"));
                }
                ("role", Template::BreakGlass { role: value("role") }.text())
            }
            "copies" => {
                if !value("organization").starts_with("o-") {
                    return Err(FieldError::new("organization", "an organization's id begins with o-"));
                }
                ("organization", Template::CopiesFromOrganization { organization: value("organization") }.text())
            }
            _ => ("policy", value("policy")),
        };
        let policy = Policy::parse(&text).map_err(|invalid| FieldError::new(field, invalid.message))?;
        Ok(Some((text, policy)))
    }

    fn words(text: Option<&String>) -> Vec<String> {
        match text.map(|text| Policy::parse(text)) {
            None => Vec::new(),
            Some(Ok(policy)) => policy.in_words(),
            Some(Err(invalid)) => vec![format!("It cannot be read here: {invalid}")],
        }
    }

    /// What would change, and what cannot be taken back.
    fn tell(&mut self) {
        let way = self.form.value("do").to_owned();
        self.form.hide("role", way != "glass").hide("organization", way != "copies").hide("policy", way != "edit");
        let was = Self::words(self.now.as_ref().and_then(|now| now.as_ref().as_ref()));
        let (will, warning) = match self.wanted() {
            Err(error) => {
                self.form.show_errors(&[error]);
                self.form.label("effect", "").label("warning", "");
                return;
            }
            Ok(None) => (Vec::new(), ""),
            Ok(Some((_, policy))) if policy.is_final(&self.vault.arn) => {
                (policy.in_words(), "Nobody could ever change or remove this policy again.")
            }
            Ok(Some((_, policy))) if way == "glass" => {
                (policy.in_words(), "Where nobody can enter that role, nobody can take this back.")
            }
            Ok(Some((_, policy))) => (policy.in_words(), ""),
        };
        self.form.show_errors(&[]);
        self.form.label("effect", &difference(&was, &will)).label("warning", warning);
    }
}

/// The same JSON without the white space between its parts, for a field of one line.
fn in_one_line(text: &str) -> String {
    let (mut line, mut quoted, mut escaped) = (String::with_capacity(text.len()), false, false);
    for character in text.chars() {
        if quoted || !character.is_ascii_whitespace() {
            line.push(character);
        }
        quoted ^= character == '"' && !escaped;
        escaped = quoted && character == '\\' && !escaped;
    }
    line
}

impl FormDialog for AccessPolicyEditor {
    fn form(&self) -> &Form {
        &self.form
    }
    fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }
    fn title(&self, _: &World) -> String {
        format!("Access policy of {}", self.vault.name)
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        vec![self.key(), Key::context(Query::Organization)]
    }
    fn sync(&mut self, world: &World) {
        if let (false, Some(id)) = (self.has_organization, world.store.organization()) {
            self.has_organization = true;
            if self.form.value("organization").is_empty() {
                self.form.set("organization", id);
            }
        }
        let told = world.store.access_policy(&self.vault.scope, &self.vault.name);
        if let (None, Some(told)) = (&self.now, told) {
            self.now = Some(Arc::clone(told));
            if let Some(text) = told.as_ref() {
                self.form.set("policy", &in_one_line(text));
                self.form.set("do", "edit");
            }
            let words = Self::words(told.as_ref().as_ref());
            let now = if words.is_empty() {
                "It has no policy: who is of the account may do what their own policies allow.".to_owned()
            } else {
                words.join("\n")
            };
            self.form.label("now", &now);
        }
        self.tell();
    }
    fn submit(&mut self, _: &mut World) -> Result<Submitted, Vec<FieldError>> {
        if self.now.is_none() {
            return Err(Vec::new());
        }
        let (scope, name) = (self.vault.scope.clone(), self.vault.name.clone());
        let has_one = self.now.as_ref().is_some_and(|now| now.is_some());
        match self.wanted().map_err(|error| vec![error])? {
            Some((policy, _)) => Ok(propose(scope, PutAccessPolicy { vault: self.vault.arn.clone(), policy })),
            None if has_one => Ok(propose(scope, DeleteAccessPolicy { vault: name })),
            None => Err(vec![FieldError::new("do", "it has none")]),
        }
    }
    fn changed(&mut self, _: &World) {
        self.tell();
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (96, 18)
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        if self.now.is_none() {
            pane::view_nothing(&world.store.freshness(&[self.key()]), &[], world, area, painter);
            return;
        }
        self.form.view(area, painter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_in_one_line_loses_only_the_white_space_between_its_parts() {
        let text = "{ \"a b\" :\n [ \"c \\\" d\" , \"\\\\\" ,\t1 ] }";
        assert_eq!(in_one_line(text), r#"{"a b":["c \" d","\\",1]}"#);
    }

    #[test]
    fn a_difference_names_what_goes_what_stays_and_what_comes() {
        let lines = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(difference(&lines(&["a", "b"]), &lines(&["b", "c"])), "- a\n  b\n+ c");
        assert_eq!(difference(&[], &[]), "Nothing changes.");
    }
}
