//! Restore metadata: which keys each resource type takes (reference §4).
//!
//! The dashboard's wizard fills its form from [`keys_of`]; the engine reads what StartRestoreJob brings with
//! [`EfsRestore::read`], the same tables behind both. A key that begins with `vaultdeck:` is the engine's own, and no form
//! for AWS shows it.

use crate::domain::lifecycle::unsupported;
use crate::domain::restore_tables as tables;
use crate::domain::{Invalid, ResourceType};
use std::collections::BTreeMap;

/// The member that carries the keys; every refusal begins with it.
const FIELD: &str = "Metadata";

/// The key with the parts of a recovery point that are restored.
pub const ITEMS_KEY: &str = "ItemsToRestore";

/// The largest metadata in bytes, keys and values together.
pub const MAX_METADATA_BYTES: usize = 200 * 1024;

/// A key of a restore's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataKey {
    /// Its name, as AWS's documentation spells it; compared without case.
    pub name: &'static str,
    /// When it must be given.
    pub required: Required,
    /// What its value looks like.
    pub kind: ValueKind,
    /// What a form begins with where the recovery point says nothing.
    pub default: Option<&'static str>,
    /// One line for whoever fills the form.
    pub help: &'static str,
}

/// When a key must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// Always.
    Yes,
    /// Never.
    No,
    /// When `newFileSystem` is `true`.
    WhenNewFileSystem,
}

/// What a value looks like; all travel as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// `true` or `false`.
    Bool,
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// An absolute path on the engine's machine.
    Path,
    /// A moment in ISO 8601.
    Time,
    /// A JSON array of texts.
    List,
    /// A JSON object or array.
    Json,
    /// One of these.
    Choice(&'static [&'static str]),
}

/// The keys that a restore of `resource_type` takes; none for a type that this version has no table for.
pub fn keys_of(resource_type: &ResourceType) -> &'static [MetadataKey] {
    tables::keys_of(resource_type)
}

/// Whether the dashboard can check a restore of this type before it is sent.
pub fn has_table(resource_type: &ResourceType) -> bool {
    !keys_of(resource_type).is_empty()
}

/// Checks metadata against its type's table: required keys are there, and values have their kind. Keys that the table
/// does not have pass here, since AWS hands out some that no documentation names: [`unknown_keys`] finds them.
pub fn validate(resource_type: &ResourceType, metadata: &BTreeMap<String, String>) -> Result<(), Invalid> {
    let size: usize = metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > MAX_METADATA_BYTES {
        return Err(Invalid::value(FIELD, format_args!("must have at most {MAX_METADATA_BYTES} bytes, it has {size}")));
    }
    let table = keys_of(resource_type);
    for (name, value) in metadata {
        if let Some(key) = table.iter().find(|key| key.name.eq_ignore_ascii_case(name)) {
            key.check(value)?;
        }
    }
    match table.iter().find(|key| key.is_missing(metadata)) {
        None => Ok(()),
        Some(key) => Err(Invalid {
            message: format!("Metadata key {} is required for a restore of {resource_type}", key.name),
            ..Invalid::missing(field_of(key.name))
        }),
    }
}

/// The keys that a restore of this type does not have; none for a type without a table.
pub fn unknown_keys<'a>(resource_type: &ResourceType, metadata: &'a BTreeMap<String, String>) -> Vec<&'a str> {
    let table = keys_of(resource_type);
    let known = |name: &str| is_marker(name) || table.iter().any(|key| key.name.eq_ignore_ascii_case(name));
    metadata.keys().map(String::as_str).filter(|name| !table.is_empty() && !known(name)).collect()
}

fn field_of(key: &str) -> String {
    format!("{FIELD}.{key}")
}

/// A refusal that is about one key; [`key_of`] tells which.
fn refused(key: &str, rule: impl std::fmt::Display) -> Invalid {
    Invalid { field: field_of(key), ..Invalid::value(FIELD, rule) }
}

/// The key that a refusal of metadata is about; none when it is about all of them together.
pub fn key_of(invalid: &Invalid) -> Option<&str> {
    invalid.field.strip_prefix(FIELD)?.strip_prefix('.')
}

/// What a key's value is, whatever the case of its name.
pub fn value<'a>(metadata: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// AWS's own marker of a request: any value, without effect.
fn is_marker(name: &str) -> bool {
    name.eq_ignore_ascii_case("aws:backup:request-id")
}

impl MetadataKey {
    /// Checks that `value` has this key's kind.
    pub fn check(&self, value: &str) -> Result<(), Invalid> {
        let fits = match self.kind {
            ValueKind::Bool => parse_bool(value).is_some(),
            ValueKind::Text => true,
            ValueKind::Number => value.parse::<i64>().is_ok(),
            ValueKind::Path => value.starts_with('/') && !value.contains('\0'),
            ValueKind::Time => chrono::DateTime::parse_from_rfc3339(value).is_ok(),
            ValueKind::List => serde_json::from_str::<Vec<String>>(value).is_ok(),
            ValueKind::Json => {
                serde_json::from_str::<serde_json::Value>(value).is_ok_and(|json| json.is_object() || json.is_array())
            }
            ValueKind::Choice(choices) => choices.contains(&value),
        };
        if fits {
            return Ok(());
        }
        Err(refused(self.name, format_args!("{} must be {}, it is {value:?}", self.name, self.kind)))
    }

    fn is_missing(&self, metadata: &BTreeMap<String, String>) -> bool {
        let needed = match self.required {
            Required::Yes => true,
            Required::No => false,
            Required::WhenNewFileSystem => value(metadata, "newFileSystem").and_then(parse_bool) == Some(true),
        };
        needed && value(metadata, self.name).is_none_or(str::is_empty)
    }
}

impl std::fmt::Display for ValueKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool => f.write_str("true or false"),
            Self::Text => f.write_str("text"),
            Self::Number => f.write_str("a whole number"),
            Self::Path => f.write_str("an absolute path"),
            Self::Time => f.write_str("a time such as 2026-11-23T05:00:00Z"),
            Self::List => f.write_str("a JSON array of texts"),
            Self::Json => f.write_str("a JSON object or array"),
            Self::Choice(choices) => f.write_str(&choices.join(" or ")),
        }
    }
}

/// A restore of an EFS recovery point, read from its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EfsRestore {
    /// The file system that was backed up.
    pub file_system_id: String,
    /// Where to.
    pub target: EfsTarget,
    /// Paths from the resource's root, each with a leading slash; all of it when empty. Bytes that are not UTF-8 are
    /// written as `\xNN`.
    pub items: Vec<String>,
}

/// Where an EFS recovery point is restored to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EfsTarget {
    /// Into a new file system.
    NewFileSystem {
        /// The folder that becomes its root; the engine picks one when absent.
        path: Option<String>,
        /// The name that the new resource gets from its token.
        creation_token: String,
    },
    /// Into a folder of its own in the file system that was backed up.
    SourceFileSystem,
}

impl EfsRestore {
    /// Reads and checks the metadata of a restore of EFS.
    pub fn read(metadata: &BTreeMap<String, String>) -> Result<Self, Invalid> {
        if let Some(name) = unknown_keys(&ResourceType::Efs, metadata).first() {
            return Err(refused(name, format_args!("a restore of EFS has no key {name:?}")));
        }
        validate(&ResourceType::Efs, metadata)?;
        let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
        let new = get("newFileSystem").and_then(parse_bool) == Some(true);
        let path = get(tables::PATH_KEY).map(str::to_owned);
        if path.is_some() && !new {
            return Err(refused(tables::PATH_KEY, format_args!("{} needs newFileSystem=true", tables::PATH_KEY)));
        }
        if get("KmsKeyId").is_some() && get("Encrypted").and_then(parse_bool) != Some(true) {
            return Err(refused("Encrypted", "KmsKeyId needs Encrypted=true"));
        }
        let target = if new {
            EfsTarget::NewFileSystem { path, creation_token: get("CreationToken").unwrap_or_default().to_owned() }
        } else {
            EfsTarget::SourceFileSystem
        };
        let file_system_id = get("file-system-id").unwrap_or_default().to_owned();
        let items = get("ItemsToRestore").map(parse_items).transpose()?.unwrap_or_default();
        Ok(Self { file_system_id, target, items })
    }
}

/// Refuses by name what AWS would do to a new file system and an engine does not: a folder of the host is made, and nothing
/// may be accepted that is not done.
pub fn supported_by_engine(metadata: &BTreeMap<String, String>) -> Result<(), Invalid> {
    let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
    if let Some(name) =
        ["singleAzFilesystem", "availabilityZoneName", "KmsKeyId"].into_iter().find(|key| get(key).is_some())
    {
        return Err(unsupported(name));
    }
    if get("Encrypted").and_then(parse_bool) == Some(true) {
        return Err(unsupported("Encrypted=true"));
    }
    match get("PerformanceMode") {
        None | Some("generalPurpose") => Ok(()),
        Some(mode) => Err(unsupported(&format!("PerformanceMode={mode}"))),
    }
}

/// `ItemsToRestore`: a JSON array of paths from the root.
fn parse_items(text: &str) -> Result<Vec<String>, Invalid> {
    let items: Vec<String> =
        serde_json::from_str(text).map_err(|_| refused(ITEMS_KEY, "ItemsToRestore must be a JSON array of paths"))?;
    for item in &items {
        let climbs = item.split('/').any(|part| part == ".." || part == ".");
        if !item.starts_with('/') || climbs || item.contains('\0') {
            return Err(refused(
                ITEMS_KEY,
                format_args!("{item:?} in ItemsToRestore must be a path from the root, such as /docs/a.txt"),
            ));
        }
    }
    Ok(items)
}

fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::InvalidKind;

    fn metadata(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn new_file_system() -> BTreeMap<String, String> {
        metadata(&[
            ("file-system-id", "fs-1"),
            ("newFileSystem", "true"),
            ("Encrypted", "false"),
            ("PerformanceMode", "generalPurpose"),
            ("CreationToken", "token"),
        ])
    }

    fn with(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut all = new_file_system();
        all.extend(metadata(pairs));
        all
    }

    #[test]
    fn a_new_file_system_needs_its_five_keys() {
        let restore = EfsRestore::read(&new_file_system()).unwrap();
        assert_eq!(restore.target, EfsTarget::NewFileSystem { path: None, creation_token: "token".to_owned() });
        for key in new_file_system().keys() {
            let mut short = new_file_system();
            short.remove(key);
            if key == "newFileSystem" {
                assert!(EfsRestore::read(&short).unwrap_err().message.contains("newFileSystem"));
                continue;
            }
            let refused = EfsRestore::read(&short).unwrap_err();
            assert_eq!(refused.kind, InvalidKind::Missing);
            assert_eq!(refused.message, format!("Metadata key {key} is required for a restore of EFS"));
        }
    }

    #[test]
    fn the_source_needs_only_its_id() {
        let restore = EfsRestore::read(&metadata(&[("file-system-id", "fs-1"), ("newFileSystem", "false")])).unwrap();
        assert_eq!((restore.target, restore.items), (EfsTarget::SourceFileSystem, vec![]));
    }

    #[test]
    fn a_refusal_carries_the_key_that_it_is_about() {
        let key = |metadata| EfsRestore::read(&metadata).map_err(|refused| key_of(&refused).map(str::to_owned));
        let about = |key: &str| Err(Some(key.to_owned()));
        assert_eq!(key(with(&[("PerformanceMode", "fast")])), about("PerformanceMode"));
        assert_eq!(key(with(&[("CreationToken", "")])), about("CreationToken"));
        assert_eq!(key(with(&[("vpcId", "vpc-1")])), about("vpcId"));
        assert_eq!(key(with(&[("ItemsToRestore", r#"["/../etc"]"#)])), about(ITEMS_KEY));
        assert_eq!(key(with(&[("CreationToken", &"x".repeat(MAX_METADATA_BYTES))])), Err(None));
    }

    #[test]
    fn keys_are_compared_without_case() {
        let odd = metadata(&[("FILE-SYSTEM-ID", "fs-1"), ("newfilesystem", "False")]);
        assert_eq!(EfsRestore::read(&odd).unwrap().file_system_id, "fs-1");
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let refused = EfsRestore::read(&with(&[("vpcId", "vpc-1")])).unwrap_err();
        assert_eq!(refused.message, "Invalid Metadata: a restore of EFS has no key \"vpcId\"");
        assert!(EfsRestore::read(&with(&[("aws:backup:request-id", "any")])).is_ok());
    }

    #[test]
    fn what_an_engine_does_not_do_to_a_folder_is_refused_by_name() {
        assert_eq!(supported_by_engine(&new_file_system()), Ok(()));
        for (key, value, named) in [
            ("singleAzFilesystem", "true", "singleAzFilesystem"),
            ("availabilityZoneName", "us-east-1a", "availabilityZoneName"),
            ("KmsKeyId", "nonsense", "KmsKeyId"),
            ("encrypted", "True", "Encrypted=true"),
            ("PerformanceMode", "maxIO", "PerformanceMode=maxIO"),
        ] {
            let mut metadata = new_file_system();
            metadata.retain(|name, _| !name.eq_ignore_ascii_case(key));
            metadata.insert(key.to_owned(), value.to_owned());
            assert!(EfsRestore::read(&metadata).is_ok() || key == "KmsKeyId", "AWS takes {key}");
            let refused = supported_by_engine(&metadata).unwrap_err();
            assert_eq!(refused.message, format!("{named} is not supported by this engine yet"));
        }
    }

    #[test]
    fn what_aws_adds_to_its_metadata_passes_and_is_told() {
        let rds = metadata(&[("DBInstanceIdentifier", "db"), ("Mystery", "x")]);
        assert_eq!(validate(&ResourceType::Rds, &rds), Ok(()));
        assert_eq!(unknown_keys(&ResourceType::Rds, &rds), ["Mystery"]);
    }

    #[test]
    fn values_have_their_kind() {
        let table = [
            ("newFileSystem", "yes", "true or false"),
            ("PerformanceMode", "fast", "generalPurpose or maxIO"),
            ("ItemsToRestore", "/a", "a JSON array of texts"),
            ("vaultdeck:path", "relative", "an absolute path"),
        ];
        for (key, value, rule) in table {
            let refused = EfsRestore::read(&with(&[(key, value)])).unwrap_err();
            assert!(refused.message.contains(key) && refused.message.contains(rule), "{}", refused.message);
        }
    }

    #[test]
    fn a_path_needs_a_new_file_system_and_a_key_needs_encryption() {
        let path = EfsRestore::read(&with(&[("vaultdeck:path", "/srv/back")])).unwrap();
        assert!(matches!(path.target, EfsTarget::NewFileSystem { path: Some(path), .. } if path == "/srv/back"));
        let into_source = metadata(&[("file-system-id", "fs-1"), ("newFileSystem", "false"), ("vaultdeck:path", "/x")]);
        assert!(EfsRestore::read(&into_source).unwrap_err().message.contains("newFileSystem=true"));
        assert!(EfsRestore::read(&with(&[("KmsKeyId", "k")])).unwrap_err().message.contains("Encrypted=true"));
    }

    #[test]
    fn items_are_paths_from_the_root_that_do_not_climb() {
        let restore = EfsRestore::read(&with(&[("ItemsToRestore", r#"["/a b/\\xff","/docs"]"#)])).unwrap();
        assert_eq!(restore.items, ["/a b/\\xff", "/docs"]);
        for items in [r#"["docs"]"#, r#"["/../etc"]"#, r#"["/a/./b"]"#, r#"["/a\u0000"]"#, "[1]"] {
            assert!(EfsRestore::read(&with(&[("ItemsToRestore", items)])).is_err(), "{items}");
        }
    }

    #[test]
    fn too_large_metadata_is_refused() {
        let huge = "x".repeat(MAX_METADATA_BYTES);
        assert!(EfsRestore::read(&with(&[("CreationToken", &huge)])).unwrap_err().message.contains("bytes"));
    }

    #[test]
    fn every_table_is_sound() {
        for resource_type in ResourceType::KNOWN {
            let table = keys_of(&resource_type);
            assert!(has_table(&resource_type), "{resource_type}");
            for (index, key) in table.iter().enumerate() {
                let twice = table[..index].iter().any(|other| other.name.eq_ignore_ascii_case(key.name));
                assert!(!twice, "{resource_type} {}", key.name);
                assert!(!key.help.is_empty() && !key.help.ends_with('.'), "{resource_type} {}", key.name);
                if let Some(default) = key.default {
                    assert_eq!(key.check(default), Ok(()), "{resource_type} {}", key.name);
                }
            }
        }
    }
}
