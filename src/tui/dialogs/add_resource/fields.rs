//! The fields: those of the chosen type's form of location, and no others. Their ids are the members of the engine's request, so that
//! a refusal, which names its member, is told at its field.

use crate::client::{Fault, FaultKind};
use crate::domain::extension::AddResource;
use crate::domain::resource::validate_name;
use crate::domain::types::TypeFacts;
use crate::domain::types::location::{Location, LocationForm, Part};
use crate::domain::{Secret, Tags};
use crate::tui::dialogs::parse::read_tags;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form, Reader};
use crate::tui::widgets::picker::Choice;
use zeroize::Zeroizing;

pub(super) const TYPE: &str = "ResourceType";
pub(super) const NAME: &str = "Name";
const GIVEN: &str = "Location";
const KEY_ID: &str = "AccessKeyId";
const SECRET: &str = "Secret";
const TAGS: &str = "Tags";
pub(super) const SCOPE: &str = "scope";
pub(super) const FOUND: &str = "found";

/// The parts of a location as they are asked for: where it is first.
const ORDER: [Part; 10] = [
    Part::Url,
    Part::Endpoint,
    Part::Path,
    Part::Bucket,
    Part::Table,
    Part::Stack,
    Part::Database,
    Part::Kind,
    Part::Engine,
    Part::Snapshot,
];

/// All of them; [`show`] hides what the chosen type has not.
pub(super) fn form(scopes: Vec<Choice>, scope: &str) -> Form {
    let mut form = Form::default();
    form.pick(TYPE, "Type", Vec::new(), "")
        .text(NAME, "Name", "")
        .hint(NAME, "unique per account, region and type; plans and lists show it")
        .turn(GIVEN, "Given by", &[], "");
    for part in ORDER {
        match part {
            Part::Kind | Part::Engine => form.pick(part.name(), part.label(), Vec::new(), ""),
            _ => form.text(part.name(), part.label(), ""),
        };
    }
    form.text(KEY_ID, "Access key ID", "")
        .hint(KEY_ID, "optional: empty where the service asks for none")
        .hidden(SECRET, "Secret")
        .text(TAGS, "Tags", "")
        .hint(TAGS, "optional: key=value key=value; plans choose by them")
        .pick(SCOPE, "Account, region", scopes, scope)
        .note(FOUND, "", Role::Good);
    show(&mut form, None);
    form
}

/// The form of location that is chosen.
fn chosen(form: &Form, facts: &TypeFacts) -> Option<LocationForm> {
    facts.locations.get(form.value(GIVEN).parse().unwrap_or(0)).or(facts.locations.first()).copied()
}

/// Shows what the type needs, with what it looks like.
pub(super) fn show(form: &mut Form, facts: Option<&'static TypeFacts>) {
    let forms = facts.map_or(&[][..], |facts| facts.locations);
    let named = |form: &LocationForm| form.needs.iter().map(|part| part.label()).collect::<Vec<_>>().join(" and ");
    form.options(GIVEN, forms.iter().enumerate().map(|(place, form)| (place.to_string(), named(form))).collect());
    form.hide(GIVEN, forms.len() < 2);
    let location = facts.and_then(|facts| chosen(form, facts));
    for part in Part::ALL {
        let takes = location.is_some_and(|location| location.takes(part));
        form.hide(part.name(), !takes);
        let Some((facts, location)) = facts.zip(location).filter(|_| takes) else { continue };
        let is_needed = location.needs.contains(&part);
        let look = facts.look_of(part);
        form.hint(part.name(), &if is_needed { look.to_owned() } else { format!("optional: {look}") });
        let choices = facts.choices_of(part);
        if !choices.is_empty() {
            let none = (!is_needed).then(|| Choice::new("", "as its URL says", ""));
            let all = none.into_iter().chain(choices.iter().map(|choice| Choice::new(*choice, *choice, "")));
            let all: Vec<Choice> = all.collect();
            if !all.iter().any(|choice| choice.value == form.value(part.name())) {
                form.set(part.name(), "");
            }
            form.choices(part.name(), all);
        }
    }
    let secret = location.is_some_and(|location| location.secret);
    let access_key = location.is_some_and(|location| location.asks_access_key());
    form.hide(NAME, facts.is_none()).hide(TAGS, facts.is_none());
    form.hide(KEY_ID, !access_key).hide(SECRET, !secret);
    form.label(SECRET, if access_key { "Secret access key" } else { "Secret" });
    let said = "typed hidden, sealed with the engine's key, and never shown again";
    form.hint(
        SECRET,
        &if access_key { said.to_owned() } else { format!("the password; {said}; empty where none is asked for") },
    );
}

/// The request that the fields say, without its account and region; or what is wrong at which of them.
pub(super) fn read(form: &Form, facts: Option<&'static TypeFacts>) -> Result<AddResource, Vec<FieldError>> {
    let Some((facts, location)) = facts.and_then(|facts| Some((facts, chosen(form, facts)?))) else {
        return Err(vec![FieldError::new(TYPE, "choose what it is: enter lists what this engine backs up")]);
    };
    let mut fields = Reader::new(form);
    let name = fields.read(NAME, |name| validate_name(name).map(|()| name.to_owned()));
    let mut parts = Vec::new();
    for part in Part::ALL.into_iter().filter(|part| location.takes(*part)) {
        let value = form.value(part.name()).trim();
        if !value.is_empty() {
            parts.push((part, value.to_owned()));
        } else if location.needs.contains(&part) {
            fields.wrong(part.name(), format!("{} is required: {}", part.label(), facts.look_of(part)));
        }
    }
    let secret = secret(form, location, &mut fields);
    let tags: Option<Tags> = fields.read(TAGS, |text| read_tags(TAGS, text));
    let location = Location::of(parts);
    let whole = || {
        Some(AddResource {
            resource_type: facts.name.to_owned(),
            name: name?,
            location,
            secret,
            tags: tags?,
            account_id: None,
            region: None,
        })
    };
    fields.finish(whole())
}

/// The secret as the engine takes it: what was typed, or an access key as an object.
fn secret(form: &Form, location: LocationForm, fields: &mut Reader<'_>) -> Option<Secret> {
    let typed = form.secret(SECRET).filter(|_| location.secret);
    if let Some(Err(invalid)) = typed.as_ref().map(Secret::check) {
        fields.wrong(SECRET, invalid.message);
    }
    if !location.asks_access_key() {
        return typed;
    }
    let id = form.value(KEY_ID).trim();
    match typed {
        None if id.is_empty() => None,
        None => {
            fields.wrong(SECRET, "the secret access key of this access key is required");
            None
        }
        Some(_) if id.is_empty() => {
            fields.wrong(KEY_ID, "the id of this access key is required");
            None
        }
        Some(typed) => {
            let quoted = |text: &str| Zeroizing::new(serde_json::Value::from(text).to_string());
            let (id, key) = (quoted(id), quoted(typed.reveal()));
            Some(Secret::new(format!("{{\"AccessKeyId\":{},\"SecretAccessKey\":{}}}", *id, *key)))
        }
    }
}

/// The field that a refusal is about: the one that it names, the secret where rights are missing, or where the data lies.
pub(super) fn of_refusal(form: &Form, fault: &Fault) -> &'static str {
    let parts = Part::ALL.map(Part::name);
    let all = [TYPE, NAME, SECRET, TAGS, KEY_ID].into_iter().chain(parts).filter(|field| form.is_enabled(field));
    let message = fault.message.as_str();
    let is_named = |field: &&str| {
        let rest = message.strip_prefix("Invalid ").unwrap_or(message).strip_prefix(field);
        rest.is_some_and(|rest| rest.starts_with(':') || rest.starts_with(" is required"))
    };
    if let Some(field) = all.clone().find(is_named) {
        return field;
    }
    if fault.code.as_deref() == Some("AlreadyExistsException") {
        return NAME;
    }
    if fault.kind == FaultKind::Denied && form.is_enabled(SECRET) {
        return SECRET;
    }
    let places = [Part::Url, Part::Endpoint, Part::Path].map(Part::name);
    places.into_iter().find(|field| form.is_enabled(field)).unwrap_or(TYPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_location_is_asked_for_once() {
        let mut asked = ORDER;
        asked.sort();
        assert_eq!(asked, Part::ALL);
    }
}
