//! FSx file systems and volumes.

use crate::domain::lifecycle::unsupported;
use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, Json, List, Number, Path, Text};
use crate::domain::types::keys::{Asked, KeyFact, Metadata, PATH_KEY, field_of, may, refused, value};
use crate::domain::types::location::{LocationForm, Part};
use crate::domain::{Arn, Invalid};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::FSx::FileSystem", "AWS::FSx::Volume"],
    arns: &[ArnForm { service: "fsx", resource: "file-system/*" }, ArnForm { service: "fsx", resource: "volume/*/*" }],
    noun: "file system",
    tagged_as: &["fsx:file-system", "fsx:volume"],
    locations: &[LocationForm { needs: &[Part::Path, Part::Kind], may: &[Part::Snapshot], secret: false }],
    looks: &[(Part::Path, "a folder, as an absolute path on the engine's machine")],
    choices: &[(Part::Kind, &["LUSTRE", "WINDOWS", "ONTAP", "OPENZFS"])],
    restore_keys: KEYS,
    can_stop: false,
    check_restore: |metadata| FsxRestore::read(metadata).map(drop),
    outcome: Some(outcome),
    ..TypeFacts::named("FSx")
};

/// The service behind a file system or volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FsxKind {
    /// Lustre.
    Lustre,
    /// Windows File Server.
    Windows,
    /// NetApp ONTAP, whose volumes are what is backed up.
    Ontap,
    /// OpenZFS.
    OpenZfs,
}

impl FsxKind {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Lustre, Self::Windows, Self::Ontap, Self::OpenZfs];

    /// As `--kind` and FileSystemType have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lustre => "LUSTRE",
            Self::Windows => "WINDOWS",
            Self::Ontap => "ONTAP",
            Self::OpenZfs => "OPENZFS",
        }
    }

    /// The kind that a text names, whatever its case.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }

    /// The key with the settings of a new one.
    pub fn configuration(self) -> &'static str {
        match self {
            Self::Lustre => "LustreConfiguration",
            Self::Windows => "WindowsConfiguration",
            Self::Ontap => "OntapConfiguration",
            Self::OpenZfs => "OpenZFSConfiguration",
        }
    }
}

/// The key that says of which kind the file system is that was backed up.
pub const TYPE_KEY: &str = "FileSystemType";

/// The key that says which one it is.
pub const ID_KEY: &str = "FileSystemId";

/// The key with the name of a new volume.
pub const NAME_KEY: &str = "Name";

const KEYS: &[KeyFact] = &[
    may("SubnetIds", List, "subnets; required but for ONTAP").asked(Asked::ByAws),
    may("SecurityGroupIds", List, "security groups").asked(Asked::ByAws),
    may("StorageCapacity", Number, "GiB").asked(Asked::ByAws),
    may("StorageType", Choice(&["SSD", "HDD", "INTELLIGENT_TIERING"]), "the storage's type").asked(Asked::ByAws),
    may("KmsKeyId", Text, "the key").asked(Asked::ByAws),
    may("VpcId", Text, "the network").asked(Asked::ByAws),
    may("DeploymentType", Text, "the deployment's type").asked(Asked::ByAws),
    may("WeeklyMaintenanceStartTime", Text, "such as 1:05:00").asked(Asked::ByAws),
    may("DailyAutomaticBackupStartTime", Text, "such as 05:00").asked(Asked::ByAws),
    may("AutomaticBackupRetentionDays", Number, "days").or("0").asked(Asked::ByAws),
    may("CopyTagsToBackups", Bool, "whether backups get the tags").asked(Asked::ByAws),
    may("WindowsConfiguration", Json, "for Windows File Server").asked(Asked::ByAws),
    may("LustreConfiguration", Json, "for Lustre").asked(Asked::ByAws),
    may("OpenZFSConfiguration", Json, "for OpenZFS").asked(Asked::ByAws),
    may("OntapConfiguration", Json, "for ONTAP").asked(Asked::ByAws),
    may(NAME_KEY, Text, "the new volume's name, for ONTAP"),
    may(TYPE_KEY, Choice(&["LUSTRE", "WINDOWS", "ONTAP", "OPENZFS"]), "what was backed up").asked(Asked::Never),
    may(ID_KEY, Text, "what was backed up").asked(Asked::Never),
    may(PATH_KEY, Path, "the folder that becomes the root of the new one; this engine only")
        .asked(Asked::ByEngine)
        .labelled("Folder", &[]),
];

/// A restore of an FSx recovery point, read from its metadata. It always makes something new, and all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FsxRestore {
    /// Of which kind it is, where that is said.
    pub kind: Option<FsxKind>,
    /// What was backed up, where that is said.
    pub file_system_id: Option<String>,
    /// What a new volume is called.
    pub name: Option<String>,
    /// The folder that becomes the root; the engine picks one when absent.
    pub path: Option<String>,
}

impl FsxRestore {
    /// Reads and checks the metadata of a restore of FSx.
    pub fn read(metadata: &Metadata) -> Result<Self, Invalid> {
        FACTS.refuse_unknown_keys(metadata)?;
        FACTS.check_keys(metadata)?;
        let get = |name: &str| value(metadata, name).filter(|text| !text.is_empty());
        let said = get(TYPE_KEY).and_then(FsxKind::named);
        let kind = FsxKind::ALL.into_iter().find(|kind| get(kind.configuration()).is_some()).or(said);
        if let (Some(said), Some(kind)) = (said, kind)
            && said != kind
        {
            let key = kind.configuration();
            return Err(refused(key, format_args!("{key} is not for {TYPE_KEY} {}", said.as_str())));
        }
        let need = |key: &str, of: &str| match get(key) {
            Some(_) => Ok(()),
            None => Err(Invalid {
                message: format!("Metadata key {key} is required for a restore of FSx{of}"),
                ..Invalid::missing(field_of(key))
            }),
        };
        if kind == Some(FsxKind::Ontap) {
            need(NAME_KEY, " ONTAP")?;
        } else {
            need("SubnetIds", "")?;
            if get(NAME_KEY).is_some() {
                return Err(refused(NAME_KEY, "only a volume of ONTAP is given a Name"));
            }
        }
        let name = get(NAME_KEY).map(str::to_owned);
        let owned = |key: &str| get(key).map(str::to_owned);
        Ok(Self { kind, file_system_id: owned(ID_KEY), name, path: owned(PATH_KEY) })
    }
}

/// Metadata with which an engine restores what was backed up into a new folder: AWS's keys, and nothing in them that a folder does
/// not have.
pub fn engine_proposal(of: &Arn, kind: Option<FsxKind>) -> Metadata {
    let id = file_system_id(of);
    let mut metadata = vec![(ID_KEY, id.to_owned())];
    metadata.extend(kind.map(|kind| (TYPE_KEY, kind.as_str().to_owned())));
    match kind {
        Some(FsxKind::Ontap) => metadata.push((NAME_KEY, format!("{id}-restored"))),
        _ => metadata.push(("SubnetIds", "[]".to_owned())),
    }
    metadata.extend(kind.map(|kind| (kind.configuration(), "{}".to_owned())));
    metadata.push(("AutomaticBackupRetentionDays", "0".to_owned()));
    metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Refuses by name what AWS would do to a new file system and an engine does not: a folder of the host is made, and nothing
/// may be accepted that is not done.
pub fn supported_by_engine(metadata: &Metadata) -> Result<(), Invalid> {
    let done = [TYPE_KEY, ID_KEY, NAME_KEY, PATH_KEY];
    for key in KEYS.iter().filter(|key| !done.contains(&key.name)) {
        let asks = match value(metadata, key.name).map(str::trim) {
            None | Some("" | "[]" | "{}") => false,
            Some("0") => key.name != "AutomaticBackupRetentionDays",
            Some(_) => true,
        };
        if asks {
            return Err(unsupported(key.name));
        }
    }
    Ok(())
}

/// `fs-…` of a file system's or a volume's ARN.
pub fn file_system_id(arn: &Arn) -> &str {
    arn.resource().split('/').nth(1).unwrap_or_else(|| arn.resource())
}

fn outcome(metadata: &Metadata, what: &str) -> String {
    match value(metadata, PATH_KEY) {
        None => format!("{what} will be written into a new file system; the source is not touched."),
        Some(folder) => {
            format!("{what} will be written into {folder}, which must be empty or absent; the source is not touched.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(pairs: &[(&str, &str)]) -> Metadata {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    const FILE_SYSTEM: &str = "arn:aws:fsx:us-east-1:123456789012:file-system/fs-1";
    const VOLUME: &str = "arn:aws:fsx:us-east-1:123456789012:volume/fs-1/fsvol-2";

    #[test]
    fn what_an_engine_proposes_it_takes_for_each_kind() {
        assert!(FsxKind::ALL.into_iter().map(FsxKind::as_str).eq(FACTS.choices_of(Part::Kind).iter().copied()));
        for kind in FsxKind::ALL {
            let of = if kind == FsxKind::Ontap { VOLUME } else { FILE_SYSTEM };
            let proposed = engine_proposal(&of.parse().unwrap(), Some(kind));
            let read = FsxRestore::read(&proposed).unwrap();
            assert_eq!((read.kind, read.file_system_id.as_deref()), (Some(kind), Some("fs-1")), "{kind:?}");
            assert_eq!(supported_by_engine(&proposed), Ok(()));
        }
    }

    #[test]
    fn each_kind_needs_what_aws_needs() {
        let refused = |pairs: &[(&str, &str)]| FsxRestore::read(&metadata(pairs)).unwrap_err().message;
        assert_eq!(refused(&[]), "Metadata key SubnetIds is required for a restore of FSx");
        assert!(refused(&[("FileSystemType", "WINDOWS")]).contains("SubnetIds is required"));
        assert_eq!(
            refused(&[("OntapConfiguration", "{}")]),
            "Metadata key Name is required for a restore of FSx ONTAP"
        );
        let mixed = [("FileSystemType", "LUSTRE"), ("WindowsConfiguration", "{}"), ("SubnetIds", "[]")];
        assert!(refused(&mixed).contains("WindowsConfiguration is not for FileSystemType LUSTRE"));
        assert!(refused(&[("SubnetIds", "[]"), ("Name", "v")]).contains("only a volume of ONTAP"));
        assert!(refused(&[("SubnetIds", "[]"), ("ItemsToRestore", "[\"/a\"]")]).contains("no key \"ItemsToRestore\""));
        assert!(refused(&[("SubnetIds", "subnet-1")]).contains("a JSON array"));
    }

    #[test]
    fn what_a_folder_does_not_have_is_refused_by_name() {
        for (key, value) in [
            ("SubnetIds", "[\"subnet-1\"]"),
            ("StorageCapacity", "32"),
            ("StorageCapacity", "0"),
            ("KmsKeyId", "alias/x"),
            ("AutomaticBackupRetentionDays", "7"),
            ("WindowsConfiguration", "{\"ThroughputCapacity\":\"32\"}"),
        ] {
            let refused = supported_by_engine(&metadata(&[(key, value)])).unwrap_err().message;
            assert!(refused.contains(key), "{refused}");
        }
    }
}
