//! The restore's metadata as fields, by the domain's table of its resource type.

use crate::domain::restore::{self, value};
use crate::domain::types::KeyFact;
use crate::domain::types::keys::{Asked, ITEMS_KEY, Kind, LATEST_KEY, Metadata, TIME_KEYS, key_of};
use crate::domain::{Invalid, KnownPoint, ResourceType};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form};

/// What is restored, where.
pub struct Target<'a> {
    /// The resource's type.
    pub resource_type: &'a ResourceType,
    /// Whether an engine carries it out, and not AWS.
    pub engine: bool,
    /// Whether the moment is chosen elsewhere, and no field asks for it.
    pub has_timeline: bool,
}

/// Whether a service proposes the latest moment, as it does for what was backed up continuously.
pub fn is_continuous(proposed: &Metadata) -> bool {
    value(proposed, LATEST_KEY).is_some()
}

/// The metadata for a moment; the service's own proposal is the latest one.
pub fn at_moment(metadata: &mut Metadata, resource_type: &ResourceType, moment: Option<String>) {
    let keys = resource_type.restore_keys().iter();
    let key = keys.map(|key| key.name).find(|name| TIME_KEYS.iter().any(|time| time.eq_ignore_ascii_case(name)));
    let Some((key, moment)) = key.zip(moment) else { return };
    metadata.retain(|name, _| !name.eq_ignore_ascii_case(LATEST_KEY) && !name.eq_ignore_ascii_case(key));
    metadata.insert(key.to_owned(), moment);
}

/// How many fields a type has, for the dialog's size.
pub fn shown(resource_type: &ResourceType) -> usize {
    resource_type.restore_keys().len()
}

/// Adds a field for each key of the type, with what the service proposes in it; what must be given comes first.
pub fn add_fields(form: &mut Form, target: &Target<'_>, proposed: &Metadata) {
    let table = target.resource_type.restore_keys();
    if table.is_empty() {
        form.note(
            "no table",
            "This version does not know this type's keys: the metadata goes as the service proposes it, unchecked.",
            Role::Warning,
        );
    }
    let asked = |key: &&KeyFact| match key.asked {
        Asked::Everywhere => true,
        Asked::ByAws => !target.engine,
        Asked::OfMoments => !target.has_timeline && (!target.engine || is_continuous(proposed)),
        Asked::ByEngine => target.engine,
        Asked::Never => false,
    };
    let mut offered: Vec<&KeyFact> = table.iter().filter(asked).collect();
    // Where to comes first, then what must be given, each in the table's order.
    offered.sort_by_key(|key| (key.words.is_empty(), key.asked != Asked::ByEngine, !key.required));
    for key in offered {
        let told = value(proposed, key.name).or(key.default).unwrap_or_default();
        add_field(form, key, told);
        form.hint(key.name, key.help);
    }
}

fn add_field(form: &mut Form, key: &'static KeyFact, value: &str) {
    let (name, label) = (key.name, key.label.unwrap_or(key.name));
    if !key.words.is_empty() {
        form.turn(name, label, key.words, value);
        return;
    }
    match key.kind {
        Kind::Bool if !key.required => {
            form.turn(name, label, &[("", "unset"), ("true", "yes"), ("false", "no")], value);
        }
        Kind::Bool => {
            form.toggle(name, label, value.eq_ignore_ascii_case("true"));
        }
        Kind::Choice(choices) => {
            let options: Vec<(&str, &str)> = choices.iter().map(|choice| (*choice, *choice)).collect();
            form.turn(name, label, &options, value);
        }
        _ => {
            form.text(name, label, value);
        }
    }
}

/// Shows the keys that apply beside the choices.
pub fn show_fields(form: &mut Form, resource_type: &ResourceType) {
    for key in resource_type.restore_keys().iter().filter(|key| key.when.is_some()) {
        let applies = key.applies(|name| Some(form.value(name)));
        form.hide(key.name, !applies);
    }
}

/// The metadata that the fields say, on top of what the service proposed; and what is wrong with it.
pub fn read(
    form: &Form,
    resource_type: &ResourceType,
    proposed: Metadata,
    items: &[String],
) -> (Metadata, Vec<FieldError>) {
    let mut metadata = proposed;
    let mut errors = Vec::new();
    for key in resource_type.restore_keys() {
        if !key.applies(|name| Some(form.value(name))) {
            metadata.retain(|name, _| !name.eq_ignore_ascii_case(key.name));
        }
        if !form.has(key.name) {
            continue;
        }
        metadata.retain(|name, _| !name.eq_ignore_ascii_case(key.name));
        let value = form.value(key.name).trim();
        if value.is_empty() || !form.is_enabled(key.name) {
            continue;
        }
        if let Err(invalid) = key.check(value) {
            errors.push(FieldError::new(key.name, invalid.message));
        }
        metadata.insert(key.name.to_owned(), value.to_owned());
    }
    // What a form does not ask for says what the service proposed, unless a moment was typed.
    let is_moment = |name: &String| TIME_KEYS.iter().any(|key| key.eq_ignore_ascii_case(name));
    if !form.has(LATEST_KEY) && metadata.keys().any(is_moment) {
        metadata.retain(|name, _| !name.eq_ignore_ascii_case(LATEST_KEY));
    }
    metadata.retain(|name, _| !name.eq_ignore_ascii_case(ITEMS_KEY));
    if !items.is_empty() {
        metadata.insert(ITEMS_KEY.to_owned(), serde_json::json!(items).to_string());
    }
    if errors.is_empty()
        && let Err(invalid) = restore::validate_whole(resource_type, &metadata)
    {
        errors.push(FieldError::new(field_of(resource_type, &invalid), invalid.message));
    }
    (metadata, errors)
}

/// The field at which a refusal can be mended: the one of the key that it is about.
fn field_of(resource_type: &ResourceType, invalid: &Invalid) -> &'static str {
    match key_of(invalid) {
        Some(ITEMS_KEY) => "path",
        Some(name) => resource_type.restore_keys().iter().find(|key| key.name == name).map_or("role", |key| key.name),
        None => "role",
    }
}

/// What will be there afterwards, in words.
pub fn outcome(metadata: &Metadata, point: &KnownPoint, items: &[String]) -> String {
    let what = match items {
        [] => "everything".to_owned(),
        [one] => one.clone(),
        many => text::count(many.len(), "item", "items"),
    };
    match point.resource_type.facts().and_then(|facts| facts.outcome) {
        Some(outcome) => outcome(metadata, &what),
        None => format!("Makes a new {} resource; the source is not touched.", point.resource_type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types;
    use crate::domain::types::keys::PATH_KEY;
    use std::collections::BTreeMap;

    fn form(proposed: &[(&str, &str)]) -> (Form, BTreeMap<String, String>) {
        let proposed: BTreeMap<_, _> = proposed.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut form = Form::default();
        let resource_type = &types::efs::FACTS.resource_type();
        add_fields(&mut form, &Target { resource_type, engine: true, has_timeline: false }, &proposed);
        show_fields(&mut form, &types::efs::FACTS.resource_type());
        (form, proposed)
    }

    const PROPOSED: &[(&str, &str)] = &[
        ("file-system-id", "fs-1"),
        ("newFileSystem", "true"),
        ("Encrypted", "true"),
        ("PerformanceMode", "generalPurpose"),
        ("CreationToken", "token"),
    ];

    #[test]
    fn what_the_service_proposes_goes_back_unchanged() {
        let (form, proposed) = form(PROPOSED);
        let (metadata, mistakes) = read(&form, &types::efs::FACTS.resource_type(), proposed.clone(), &[]);
        assert_eq!((metadata, mistakes), (proposed, Vec::new()));
    }

    #[test]
    fn marked_items_and_a_folder_are_added() {
        let (mut form, proposed) = form(PROPOSED);
        form.set(PATH_KEY, "/srv/back");
        let (metadata, mistakes) = read(&form, &types::efs::FACTS.resource_type(), proposed, &["/a b".to_owned()]);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(metadata["ItemsToRestore"], r#"["/a b"]"#);
        assert_eq!(metadata[PATH_KEY], "/srv/back");
    }

    #[test]
    fn a_restore_into_the_source_sends_nothing_of_a_new_file_system() {
        let (mut form, proposed) = form(PROPOSED);
        form.set(PATH_KEY, "/srv/back");
        form.set("newFileSystem", "false");
        show_fields(&mut form, &types::efs::FACTS.resource_type());
        let (metadata, mistakes) = read(&form, &types::efs::FACTS.resource_type(), proposed, &[]);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(metadata.keys().map(String::as_str).collect::<Vec<_>>(), ["file-system-id", "newFileSystem"]);
    }

    #[test]
    fn a_continuous_point_is_asked_for_a_moment_and_the_latest_is_taken_where_none_is_typed() {
        let rds = types::rds::FACTS.resource_type();
        let of = |proposed: &[(&str, &str)]| {
            let proposed: Metadata = proposed.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let mut form = Form::default();
            add_fields(&mut form, &Target { resource_type: &rds, engine: true, has_timeline: false }, &proposed);
            (form, proposed)
        };
        assert!(!of(&[("DBInstanceIdentifier", "a")]).0.has("RestoreTime"));
        let (mut form, proposed) = of(&[("DBInstanceIdentifier", "a"), (LATEST_KEY, "true")]);
        assert_eq!(read(&form, &rds, proposed.clone(), &[]).0, proposed);
        form.set("RestoreTime", "2026-11-26T10:30:00Z");
        let (metadata, mistakes) = read(&form, &rds, proposed, &[]);
        assert!(mistakes.is_empty() && !metadata.contains_key(LATEST_KEY), "{mistakes:?} {metadata:?}");
        assert_eq!(metadata["RestoreTime"], "2026-11-26T10:30:00Z");
    }

    #[test]
    fn a_mistake_is_told_at_its_field() {
        let (mut form, proposed) = form(PROPOSED);
        form.set(PATH_KEY, "not absolute");
        let (_, mistakes) = read(&form, &types::efs::FACTS.resource_type(), proposed.clone(), &[]);
        assert_eq!(mistakes[0].field, PATH_KEY);
        form.set(PATH_KEY, "");
        form.set("CreationToken", "");
        let (_, mistakes) = read(&form, &types::efs::FACTS.resource_type(), proposed, &["../up".to_owned()]);
        assert_eq!(mistakes.len(), 1);
    }

    #[test]
    fn what_is_wrong_with_a_path_to_restore_is_told_where_it_is_typed() {
        let (form, proposed) = form(PROPOSED);
        let (_, errors) = read(&form, &types::efs::FACTS.resource_type(), proposed, &["../up".to_owned()]);
        assert_eq!(errors.iter().map(|error| error.field).collect::<Vec<_>>(), ["path"]);
    }
}
