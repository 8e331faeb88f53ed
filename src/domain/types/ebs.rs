//! EBS volumes.

use crate::domain::lifecycle::unsupported;
use crate::domain::types::efs;
use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, List, Number, Path, Text};
use crate::domain::types::keys::{
    Asked, ITEMS_KEY, KeyFact, Metadata, PATH_KEY, may, must, parse_bool, refused, value,
};
use crate::domain::types::location::{LocationForm, Part};
use crate::domain::{Arn, Invalid, Time};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    stack_types: &["AWS::EC2::Volume"],
    arns: &[ArnForm { service: "ec2", resource: "volume/*" }],
    point_id: Some(snapshot_id),
    noun: "volume",
    tagged_as: &["ec2:volume"],
    locations: LOCATIONS,
    looks: LOOKS,
    restore_keys: KEYS,
    also_restored_as: &["Storage Gateway"],
    can_go_cold: true,
    is_archived: true,
    check_restore: |metadata| read(metadata).map(drop),
    outcome: Some(outcome),
    is_tree_on_engine: true,
    refuses_tags,
    ..TypeFacts::named("EBS")
};

/// A file or device of the engine's machine, an export of an NBD server, or a unit of an iSCSI target, which may ask for a password.
pub(super) const LOCATIONS: &[LocationForm] =
    &[LocationForm::PATH, LocationForm { needs: &[Part::Url], may: &[], secret: true }];

/// What those look like.
pub(super) const LOOKS: &[(Part, &str)] = &[
    (Part::Path, "an image file or a block device of the engine's machine"),
    (
        Part::Url,
        "nbd://HOST:PORT/EXPORT, with ?bitmap=NAME where it tells what changed; or iscsi://[USER@]HOST:PORT/TARGET/LUN",
    ),
];

const KEYS: &[KeyFact] = &[
    must("availabilityZone", Text, "the zone of the new volume"),
    may("volumeType", Choice(&["gp2", "gp3", "io1", "io2", "st1", "sc1"]), "the volume's type").asked(Asked::ByAws),
    may("volumeSize", Number, "its size in GiB, if it is to be larger than what was backed up"),
    may("iops", Number, "operations per second").asked(Asked::ByAws),
    may("throughput", Number, "MiB per second").asked(Asked::ByAws),
    may("encrypted", Bool, "whether it is encrypted").asked(Asked::ByAws),
    may("kmsKeyId", Text, "the key").asked(Asked::ByAws),
    may("temporaryRestoreDays", Number, "days, of an archived snapshot").asked(Asked::ByAws),
    may("volumeId", Text, "for information").asked(Asked::Never),
    may("restoreType", Text, "for single files").asked(Asked::Never),
    may("destinationBucketName", Text, "the bucket for single files").asked(Asked::Never),
    may("pathsToRestore", List, "single files").asked(Asked::Never),
    may("encryptionType", Text, "how single files are encrypted").asked(Asked::Never),
    ITEMS,
    TO,
];

/// `snap-` and 17 hexadecimal digits, as AWS's.
pub(super) fn snapshot_id(_: &Arn, _: Time, unique: &str) -> String {
    let digits: String = unique.chars().filter(char::is_ascii_hexdigit).take(17).collect();
    format!("snap-{}", digits.to_ascii_lowercase())
}

/// Which files of the volume's file systems an engine restores; the volume itself without any.
pub(super) const ITEMS: KeyFact =
    may(ITEMS_KEY, List, "files of the volume, such as [\"/p1/etc/fstab\"]; this engine only").asked(Asked::Never);

/// Where an engine makes the volume, or puts files of it.
pub(super) const TO: KeyFact = may(
    PATH_KEY,
    Path,
    "a file that is made, or a device that is overwritten; for chosen files an empty folder; this engine only",
)
.asked(Asked::ByEngine)
.labelled("File or device", &[]);

/// A restore of a recovery point of a volume, read from its metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VolumeRestore {
    /// The file or device that becomes the volume; the engine picks a file when absent. For chosen files the folder that they go
    /// into.
    pub path: Option<String>,
    /// The files that are restored instead of the volume, by their paths in it.
    pub items: Vec<String>,
    /// The size of the new volume in bytes, with the key that says it; that of what was backed up when absent.
    pub size: Option<(&'static str, u64)>,
}

/// Reads and checks the metadata of a restore of EBS.
pub fn read(metadata: &Metadata) -> Result<VolumeRestore, Invalid> {
    FACTS.refuse_unknown_keys(metadata)?;
    FACTS.check_keys(metadata)?;
    let size = size(metadata, "volumeSize", 1 << 30)?;
    VolumeRestore { path: path(metadata), items: items(metadata)?, size }.checked()
}

impl VolumeRestore {
    /// Files have no size of a volume.
    pub(super) fn checked(self) -> Result<Self, Invalid> {
        match self.size {
            Some((key, _)) if !self.items.is_empty() => {
                Err(refused(key, format_args!("{key} is of a new volume, and {ITEMS_KEY} makes none")))
            }
            _ => Ok(self),
        }
    }
}

pub(super) fn items(metadata: &Metadata) -> Result<Vec<String>, Invalid> {
    let given = value(metadata, ITEMS_KEY).filter(|text| !text.is_empty());
    given.map(efs::parse_items).transpose().map(Option::unwrap_or_default)
}

/// Files get no tags.
pub(super) fn refuses_tags(metadata: &Metadata) -> Option<&'static str> {
    let has_items = items(metadata).is_ok_and(|items| !items.is_empty());
    has_items.then_some("is possible only for a restore of the volume, not of files")
}

pub(super) fn path(metadata: &Metadata) -> Option<String> {
    value(metadata, PATH_KEY).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A size in units of so many bytes.
pub(super) fn size(metadata: &Metadata, key: &'static str, unit: u64) -> Result<Option<(&'static str, u64)>, Invalid> {
    let Some(text) = value(metadata, key).filter(|text| !text.is_empty()) else { return Ok(None) };
    let bytes = text.parse::<u64>().ok().and_then(|count| count.checked_mul(unit)).filter(|bytes| *bytes > 0);
    let bytes = bytes.ok_or_else(|| refused(key, format_args!("{key} must be a size above 0, it is {text:?}")))?;
    Ok(Some((key, bytes)))
}

/// Refuses by name what AWS would do for a new volume and an engine does not: a file of the host is made, or a device written,
/// and nothing may be accepted that is not done.
pub fn supported_by_engine(metadata: &Metadata) -> Result<(), Invalid> {
    let given = |name: &&str| value(metadata, name).is_some_and(|text| !text.is_empty());
    for name in ["restoreType", "destinationBucketName", "pathsToRestore", "encryptionType"] {
        if given(&name) {
            let rule = "this engine has no bucket for single files: name them with ItemsToRestore, and a folder with vaultdeck:path";
            return Err(refused(name, format_args!("{name}: {rule}")));
        }
    }
    if let Some(name) = ["iops", "throughput", "kmsKeyId", "temporaryRestoreDays"].into_iter().find(given) {
        return Err(unsupported(name));
    }
    if value(metadata, "encrypted").and_then(parse_bool) == Some(true) {
        return Err(unsupported("encrypted=true"));
    }
    match value(metadata, "volumeType") {
        None | Some("" | "gp2" | "gp3") => Ok(()),
        Some(kind) => Err(unsupported(&format!("volumeType={kind}"))),
    }
}

pub(super) fn outcome(metadata: &Metadata, what: &str) -> String {
    if items(metadata).is_ok_and(|items| !items.is_empty()) {
        let own = || "a new folder of the engine's".to_owned();
        let folder = path(metadata).map_or_else(own, |folder| format!("{folder}, which must be empty or absent"));
        return format!("{what} will be restored into {folder}; the source is not touched.");
    }
    match path(metadata) {
        None => format!("{what} will be written into a new volume; the source is not touched."),
        Some(place) if place.starts_with("/dev/") => {
            format!("{what} will be written onto the device {place}, which nobody may use and which is overwritten.")
        }
        Some(file) => format!("{what} will be written into the new file {file}; the source is not touched."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::keys::key_of;

    fn metadata(pairs: &[(&str, &str)]) -> Metadata {
        let zone = [("availabilityZone", "us-east-1a")];
        zone.iter().chain(pairs).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_restore_says_where_the_volume_is_made_and_how_large() {
        assert_eq!(read(&metadata(&[])).unwrap(), VolumeRestore::default());
        let restore = read(&metadata(&[("VaultDeck:Path", "/srv/v.img"), ("volumesize", "3")])).unwrap();
        assert_eq!((restore.path.as_deref(), restore.size), (Some("/srv/v.img"), Some(("volumeSize", 3 << 30))));
        for (key, wrong) in [
            ("volumeSize", "0"),
            ("volumeSize", "-1"),
            ("volumeSize", "99999999999999"),
            ("vaultdeck:path", "relative"),
            ("volumeSpeed", "1"),
        ] {
            assert_eq!(key_of(&read(&metadata(&[(key, wrong)])).unwrap_err()), Some(key), "{key} {wrong}");
        }
        assert!(read(&Metadata::new()).unwrap_err().message.contains("availabilityZone is required"));
    }

    #[test]
    fn chosen_files_go_into_a_folder_and_make_no_volume() {
        let items = ("itemstorestore", r#"["/p1/etc", "/p2/a b"]"#);
        let restore = read(&metadata(&[items, ("vaultdeck:path", "/srv/out")])).unwrap();
        assert_eq!(
            (restore.items, restore.path.as_deref()),
            (vec!["/p1/etc".to_owned(), "/p2/a b".to_owned()], Some("/srv/out"))
        );
        assert!(refuses_tags(&metadata(&[items])).is_some() && refuses_tags(&metadata(&[])).is_none());
        assert!(outcome(&metadata(&[items]), "2 items").contains("into a new folder of the engine's; the source"));
        let given = outcome(&metadata(&[items, ("vaultdeck:path", "/srv/out")]), "2 items");
        assert!(given.contains("into /srv/out, which must be empty or absent; the source"), "{given}");
        for wrong in [r#"["etc"]"#, r#"["/../etc"]"#, "/etc"] {
            assert_eq!(
                key_of(&read(&metadata(&[("ItemsToRestore", wrong)])).unwrap_err()),
                Some("ItemsToRestore"),
                "{wrong}"
            );
        }
        let sized = read(&metadata(&[items, ("volumeSize", "3")])).unwrap_err();
        assert_eq!(key_of(&sized), Some("volumeSize"));
    }

    #[test]
    fn what_an_engine_does_not_do_is_refused_by_name() {
        for fine in [&[("volumeType", "gp3"), ("encrypted", "false")][..], &[("volumeId", "vol-1")]] {
            assert_eq!(supported_by_engine(&metadata(fine)), Ok(()));
        }
        for (key, value) in [
            ("volumeType", "io2"),
            ("iops", "3000"),
            ("throughput", "125"),
            ("encrypted", "true"),
            ("kmsKeyId", "alias/aws/ebs"),
            ("temporaryRestoreDays", "1"),
            ("restoreType", "FILE"),
            ("destinationBucketName", "b"),
            ("pathsToRestore", "[\"/etc\"]"),
        ] {
            assert!(read(&metadata(&[(key, value)])).is_ok(), "AWS takes {key}");
            assert!(supported_by_engine(&metadata(&[(key, value)])).unwrap_err().message.contains(key), "{key}");
        }
    }
}
