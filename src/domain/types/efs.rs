//! EFS file systems.

use crate::domain::Invalid;
use crate::domain::lifecycle::unsupported;
use crate::domain::types::facts::{ArnForm, Into, Once, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, List, Path, Text};
use crate::domain::types::keys::{
    Asked, ITEMS_KEY, KeyFact, Metadata, PATH_KEY, may, must, parse_bool, refused, value,
};
use crate::domain::types::location::{LocationForm, Part};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::EFS::FileSystem"],
    arns: &[ArnForm { service: "elasticfilesystem", resource: "file-system/*" }],
    noun: "file system",
    tagged_as: &["elasticfilesystem:file-system"],
    locations: &[LocationForm::FOLDER],
    looks: &[(Part::Path, "a folder, as an absolute path on the engine's machine")],
    restore_keys: KEYS,
    into: Some(Into {
        new: NEW_KEY,
        warning: "It writes into the source, into a folder aws-backup-restore_<time>; nothing there is overwritten.",
        once: Some(Once { key: TOKEN_KEY, words: "creation token", error: "FileSystemAlreadyExists" }),
    }),
    can_go_cold: true,
    has_management_preference: true,
    is_tree: true,
    check_restore: |metadata| EfsRestore::read(metadata).map(drop),
    refuses_tags: |metadata| {
        let whole =
            makes_new(metadata) && value(metadata, ITEMS_KEY).is_none_or(|items| matches!(items.trim(), "" | "[]"));
        (!whole).then_some("is possible only for a whole restore into a new file system")
    },
    outcome: Some(outcome),
    is_fully_managed: true,
    ..TypeFacts::named("EFS")
};

/// The key that says whether a new file system is made.
const NEW_KEY: &str = "newFileSystem";

/// The key whose text makes one file system only.
const TOKEN_KEY: &str = "CreationToken";

const KEYS: &[KeyFact] = &[
    must("file-system-id", Text, "the file system that was backed up").asked(Asked::Never),
    must(NEW_KEY, Bool, "true: a new file system; false: a folder of its own in the source")
        .or("true")
        .labelled("Into", &[("true", "a new file system"), ("false", "a folder of its own in the source")]),
    must("Encrypted", Bool, "whether the new file system is encrypted")
        .or("true")
        .when(NEW_KEY, "true")
        .asked(Asked::ByAws),
    must("PerformanceMode", Choice(&["generalPurpose", "maxIO"]), "the new file system's performance mode")
        .or("generalPurpose")
        .when(NEW_KEY, "true")
        .asked(Asked::ByAws),
    must(TOKEN_KEY, Text, "any text; the same token makes one file system only").when(NEW_KEY, "true"),
    may("KmsKeyId", Text, "the new file system's key; needs Encrypted=true").when(NEW_KEY, "true").asked(Asked::ByAws),
    may(ITEMS_KEY, List, "paths from the root, such as [\"/docs\"]; all when empty").asked(Asked::Never),
    may("singleAzFilesystem", Bool, "whether the new file system lives in one zone")
        .when(NEW_KEY, "true")
        .asked(Asked::ByAws),
    may("availabilityZoneName", Text, "that zone").when(NEW_KEY, "true").asked(Asked::ByAws),
    may(PATH_KEY, Path, "the folder that becomes the new file system's root; this engine only")
        .when(NEW_KEY, "true")
        .asked(Asked::ByEngine)
        .labelled("Folder", &[]),
];

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
    },
    /// Into a folder of its own in the file system that was backed up.
    SourceFileSystem,
}

impl EfsRestore {
    /// Reads and checks the metadata of a restore of EFS.
    pub fn read(metadata: &Metadata) -> Result<Self, Invalid> {
        FACTS.refuse_unknown_keys(metadata)?;
        FACTS.check_keys(metadata)?;
        let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
        let new = makes_new(metadata);
        let path = get(PATH_KEY).map(str::to_owned);
        if path.is_some() && !new {
            return Err(refused(PATH_KEY, format_args!("{PATH_KEY} needs {NEW_KEY}=true")));
        }
        if get("KmsKeyId").is_some() && get("Encrypted").and_then(parse_bool) != Some(true) {
            return Err(refused("Encrypted", "KmsKeyId needs Encrypted=true"));
        }
        let target = if new { EfsTarget::NewFileSystem { path } } else { EfsTarget::SourceFileSystem };
        let file_system_id = get("file-system-id").unwrap_or_default().to_owned();
        let items = get(ITEMS_KEY).map(parse_items).transpose()?.unwrap_or_default();
        Ok(Self { file_system_id, target, items })
    }
}

/// Refuses by name what AWS would do to a new file system and an engine does not: a folder of the host is made, and nothing
/// may be accepted that is not done.
pub fn supported_by_engine(metadata: &Metadata) -> Result<(), Invalid> {
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

fn makes_new(metadata: &Metadata) -> bool {
    value(metadata, NEW_KEY).and_then(parse_bool) == Some(true)
}

/// A JSON array of paths from the root.
pub(super) fn parse_items(text: &str) -> Result<Vec<String>, Invalid> {
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

fn outcome(metadata: &Metadata, what: &str) -> String {
    if value(metadata, NEW_KEY) == Some("false") {
        return format!(
            "{what} will be written into a new folder aws-backup-restore_<time> in the source; nothing there is overwritten."
        );
    }
    match value(metadata, PATH_KEY) {
        None => format!("{what} will be written into a new file system; the source is not touched."),
        Some(folder) => {
            format!("{what} will be written into {folder}, which must be empty or absent; the source is not touched.")
        }
    }
}
