//! The restore's metadata as fields, by the domain's table of its resource type.

use crate::domain::KnownPoint;
use crate::domain::restore::{self, EfsRestore, ITEMS_KEY, MetadataKey, Required, ValueKind};
use crate::domain::restore_tables::PATH_KEY;
use crate::domain::{Invalid, ResourceType};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widgets::form::{FieldError, Form};
use std::collections::BTreeMap;

/// The keys that other fields of the wizard stand for.
const OWN: [&str; 2] = ["ItemsToRestore", "file-system-id"];

/// What AWS has and an engine does not carry out; its forms do not ask for it.
const AWS_ONLY: [&str; 5] = ["Encrypted", "PerformanceMode", "KmsKeyId", "singleAzFilesystem", "availabilityZoneName"];

/// What is restored, where.
pub struct Target<'a> {
    /// The resource's type.
    pub resource_type: &'a ResourceType,
    /// Whether an engine carries it out, and not AWS.
    pub engine: bool,
}

/// How many fields a type has, for the dialog's size.
pub fn shown(resource_type: &ResourceType) -> usize {
    restore::keys_of(resource_type).len()
}

/// Adds a field for each key of the type, with what the service proposes in it; what must be given comes first.
pub fn add_fields(form: &mut Form, target: &Target<'_>, proposed: &BTreeMap<String, String>) {
    let table = restore::keys_of(target.resource_type);
    if table.is_empty() {
        form.note(
            "no table",
            "This version does not know this type's keys: the metadata goes as the service proposes it, unchecked.",
            Role::Warning,
        );
    }
    let ours = |key: &MetadataKey| key.name.starts_with("vaultdeck:");
    let foreign = |key: &MetadataKey| if target.engine { AWS_ONLY.contains(&key.name) } else { ours(key) };
    let mut offered: Vec<&MetadataKey> = table.iter().filter(|key| !OWN.contains(&key.name) && !foreign(key)).collect();
    // Where to comes first, then what must be given, each in the table's order.
    offered.sort_by_key(|key| (key.name != "newFileSystem", !ours(key), key.required == Required::No));
    for key in offered {
        let told = restore::value(proposed, key.name).or(key.default).unwrap_or_default();
        add_field(form, key, told);
        form.hint(key.name, key.help);
    }
}

fn add_field(form: &mut Form, key: &'static MetadataKey, value: &str) {
    match (key.name, key.kind) {
        ("newFileSystem", _) => {
            let options = [("true", "a new file system"), ("false", "a folder of its own in the source")];
            form.turn(key.name, "Into", &options, value);
        }
        (PATH_KEY, _) => {
            form.text(key.name, "Folder", value);
        }
        (name, ValueKind::Bool) if key.required == Required::No => {
            form.turn(name, name, &[("", "unset"), ("true", "yes"), ("false", "no")], value);
        }
        (name, ValueKind::Bool) => {
            form.toggle(name, name, value.eq_ignore_ascii_case("true"));
        }
        (name, ValueKind::Choice(choices)) => {
            let options: Vec<(&str, &str)> = choices.iter().map(|choice| (*choice, *choice)).collect();
            form.turn(name, name, &options, value);
        }
        (name, _) => {
            form.text(name, name, value);
        }
    }
}

/// Shows the keys that the choice of the target needs.
pub fn show_fields(form: &mut Form, resource_type: &ResourceType) {
    if *resource_type != ResourceType::Efs {
        return;
    }
    let into_source = form.value("newFileSystem") == "false";
    for key in restore::keys_of(resource_type) {
        let for_new = key.required == Required::WhenNewFileSystem || key.name == PATH_KEY;
        let details = AWS_ONLY.contains(&key.name);
        if for_new || details {
            form.hide(key.name, into_source);
        }
    }
}

/// The metadata that the fields say, on top of what the service proposed; and what is wrong with it.
pub fn read(
    form: &Form,
    resource_type: &ResourceType,
    proposed: BTreeMap<String, String>,
    items: &[String],
) -> (BTreeMap<String, String>, Vec<FieldError>) {
    let mut metadata = proposed;
    let mut errors = Vec::new();
    if form.value("newFileSystem") == "false" {
        let of_new = |name: &str| {
            let mut table = restore::keys_of(resource_type).iter();
            table.any(|key| key.required == Required::WhenNewFileSystem && key.name.eq_ignore_ascii_case(name))
        };
        metadata.retain(|name, _| !of_new(name));
    }
    for key in restore::keys_of(resource_type) {
        if OWN.contains(&key.name) || !form.has(key.name) {
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
    metadata.retain(|name, _| !name.eq_ignore_ascii_case("ItemsToRestore"));
    if !items.is_empty() {
        metadata.insert("ItemsToRestore".to_owned(), serde_json::json!(items).to_string());
    }
    if errors.is_empty()
        && let Err(invalid) = check(resource_type, &metadata)
    {
        errors.push(FieldError::new(field_of(resource_type, &invalid), invalid.message));
    }
    (metadata, errors)
}

fn check(resource_type: &ResourceType, metadata: &BTreeMap<String, String>) -> Result<(), Invalid> {
    restore::validate(resource_type, metadata)?;
    let engine_can_read =
        *resource_type == ResourceType::Efs && restore::unknown_keys(resource_type, metadata).is_empty();
    if engine_can_read { EfsRestore::read(metadata).map(|_| ()) } else { Ok(()) }
}

/// The field at which a refusal can be mended: the one of the key that it is about.
fn field_of(resource_type: &ResourceType, invalid: &Invalid) -> &'static str {
    match restore::key_of(invalid) {
        Some(ITEMS_KEY) => "path",
        Some(name) => {
            restore::keys_of(resource_type).iter().find(|key| key.name == name).map_or("role", |key| key.name)
        }
        None => "role",
    }
}

/// What will be there afterwards, in words.
pub fn outcome(form: &Form, point: &KnownPoint, items: &[String]) -> String {
    if point.resource_type != ResourceType::Efs {
        return format!("Makes a new {} resource; the source is not touched.", point.resource_type);
    }
    let what = match items {
        [] => "everything".to_owned(),
        [one] => one.clone(),
        many => text::count(many.len(), "item", "items"),
    };
    if form.value("newFileSystem") == "false" {
        return format!(
            "{what} will be written into a new folder aws-backup-restore_<time> in the source; nothing there is overwritten."
        );
    }
    match form.value(PATH_KEY).trim() {
        "" => format!("{what} will be written into a new file system; the source is not touched."),
        folder => {
            format!("{what} will be written into {folder}, which must be empty or absent; the source is not touched.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(proposed: &[(&str, &str)]) -> (Form, BTreeMap<String, String>) {
        let proposed: BTreeMap<_, _> = proposed.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut form = Form::default();
        add_fields(&mut form, &Target { resource_type: &ResourceType::Efs, engine: true }, &proposed);
        show_fields(&mut form, &ResourceType::Efs);
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
        let (metadata, mistakes) = read(&form, &ResourceType::Efs, proposed.clone(), &[]);
        assert_eq!((metadata, mistakes), (proposed, Vec::new()));
    }

    #[test]
    fn marked_items_and_a_folder_are_added() {
        let (mut form, proposed) = form(PROPOSED);
        form.set(PATH_KEY, "/srv/back");
        let (metadata, mistakes) = read(&form, &ResourceType::Efs, proposed, &["/a b".to_owned()]);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(metadata["ItemsToRestore"], r#"["/a b"]"#);
        assert_eq!(metadata[PATH_KEY], "/srv/back");
    }

    #[test]
    fn a_restore_into_the_source_sends_nothing_of_a_new_file_system() {
        let (mut form, proposed) = form(PROPOSED);
        form.set(PATH_KEY, "/srv/back");
        form.set("newFileSystem", "false");
        show_fields(&mut form, &ResourceType::Efs);
        let (metadata, mistakes) = read(&form, &ResourceType::Efs, proposed, &[]);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(metadata.keys().map(String::as_str).collect::<Vec<_>>(), ["file-system-id", "newFileSystem"]);
    }

    #[test]
    fn a_mistake_is_told_at_its_field() {
        let (mut form, proposed) = form(PROPOSED);
        form.set(PATH_KEY, "not absolute");
        let (_, mistakes) = read(&form, &ResourceType::Efs, proposed.clone(), &[]);
        assert_eq!(mistakes[0].field, PATH_KEY);
        form.set(PATH_KEY, "");
        form.set("CreationToken", "");
        let (_, mistakes) = read(&form, &ResourceType::Efs, proposed, &["../up".to_owned()]);
        assert_eq!(mistakes.len(), 1);
    }

    #[test]
    fn what_is_wrong_with_a_path_to_restore_is_told_where_it_is_typed() {
        let (form, proposed) = form(PROPOSED);
        let (_, errors) = read(&form, &ResourceType::Efs, proposed, &["../up".to_owned()]);
        assert_eq!(errors.iter().map(|error| error.field).collect::<Vec<_>>(), ["path"]);
    }
}
