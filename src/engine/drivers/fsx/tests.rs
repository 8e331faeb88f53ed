//! The suite of drivers over FSx, and what is told of each kind.

use super::{FACTS, Fsx};
use crate::domain::types::fsx::FsxKind;
use crate::domain::types::location::{Location, Part};
use crate::domain::types::{Metadata, keys};
use crate::domain::{Arn, PointDetails};
use crate::engine::caller::RestoreRoots;
use crate::engine::drivers::conformance::{Folder, World as _, run};
use crate::engine::drivers::{Driver as _, Fault, ProbeCx, RestoreAsk, RestorePlan};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

#[test]
fn the_driver_of_fsx_conforms_with_volumes() {
    run(|| Folder::new(&Fsx, &[(Part::Kind, "ONTAP")]));
}

#[test]
fn what_is_proposed_for_each_kind_is_taken_as_it_stands() {
    for kind in FsxKind::ALL {
        let folder = Folder::new(&Fsx, &[(Part::Kind, kind.as_str())]);
        let beside = folder.beside().canonicalize().unwrap();
        let made = plan(&folder.resource().arn, Some(kind.as_str()), &[], &beside).unwrap();
        assert_eq!(made.target.part(Part::Kind), Some(kind.as_str()));
        assert_eq!(made.makes.unwrap().contains("/fsvol-"), kind == FsxKind::Ontap);
    }
}

/// A program that holds a folder still by copying it: it takes no other folder's place, and knows what it left.
const COPIER: &str = r#"#!/bin/sh
set -e
at=$(dirname "$0")/held-$2
case $1 in
create) cp -a "$3" "$at"; echo "$at" ;;
remove) rm -rf "$at" ;;
esac
"#;

#[test]
fn the_driver_of_fsx_conforms_on_what_a_program_holds() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("hold");
    std::fs::write(&program, COPIER).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    run(|| Folder::new(&Fsx, &[(Part::Kind, "WINDOWS"), (Part::Snapshot, program.to_str().unwrap())]));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["hold"], "nothing that was held is left");
}

#[test]
fn a_location_has_a_kind_and_one_spelling() {
    let folder = Folder::new(&Fsx, &[]);
    let probe = |kind: &str, snapshot: Option<&str>| {
        let at = Location::at_path(folder.source().to_str().unwrap());
        let at = at.with(Part::Kind, Some(kind)).with(Part::Snapshot, snapshot);
        FACTS.check_location(&at, false).unwrap();
        Fsx.probe(&ProbeCx { at: &at, secret: None, data_dir: Path::new("/nowhere") }).map(|probed| probed.location)
    };
    assert_eq!(probe("windows", None).unwrap().part(Part::Kind), Some("WINDOWS"));
    assert_eq!(probe("LUSTRE", Some("auto")).unwrap().part(Part::Snapshot), Some("auto"));
    let refused = |kind, snapshot| probe(kind, snapshot).unwrap_err().to_string();
    assert!(refused("NTFS", None).contains("must be one of LUSTRE, WINDOWS, ONTAP, OPENZFS, it is \"NTFS\""));
    assert!(refused("LUSTRE", Some("lvm")).contains("auto, none, btrfs, zfs, or a program's absolute path"));
    for way in ["btrfs", "zfs"] {
        assert!(refused("LUSTRE", Some(way)).contains("cannot be used"), "{way} on what is not");
    }
    assert!(refused("LUSTRE", Some("/no/program")).contains("no program at /no/program"));
    let without = Location::at_path("/srv");
    assert!(FACTS.check_location(&without, false).unwrap_err().message.contains("--path --kind [--snapshot]"));
}

fn plan(of: &Arn, kind: Option<&str>, changes: &[(&str, &str)], beside: &Path) -> Result<RestorePlan, Fault> {
    let details: PointDetails = kind.map(|kind| ("FileSystemType".to_owned(), kind.to_owned())).into_iter().collect();
    let mut metadata: Metadata = Fsx.proposal(of, &details);
    metadata.extend(changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    metadata.retain(|_, value| !value.is_empty());
    Fsx.plan(&RestoreAsk {
        metadata: &metadata,
        resource_arn: of,
        details: &details,
        is_continuous: false,
        source: None,
        roots: &RestoreRoots::Any,
        data_dir: Path::new("/nowhere"),
        restored: &|| Ok(beside.to_owned()),
        now: "2026-11-23T06:00:00Z".parse().unwrap(),
    })
}

#[test]
fn a_restore_makes_a_new_one_of_the_kind_that_was_backed_up() {
    let folder = Folder::new(&Fsx, &[(Part::Kind, "ONTAP")]);
    let beside = folder.beside().canonicalize().unwrap();
    let volume = folder.resource().arn;
    let made = plan(&volume, Some("ONTAP"), &[], &beside).unwrap();
    assert_eq!(made.target.part(Part::Kind), Some("ONTAP"));
    assert!(FACTS.arn(&folder.resource().scope, &made.makes.unwrap()).unwrap().resource().starts_with("volume/fs-"));
    let into = beside.join("new");
    let asked = plan(&volume, Some("ONTAP"), &[(keys::PATH_KEY, into.to_str().unwrap())], &beside).unwrap();
    assert_eq!(asked.target.path(), Some(into.as_path()));

    let refused = |kind, changes: &[(&str, &str)]| plan(&volume, kind, changes, &beside).unwrap_err().to_string();
    assert!(refused(Some("ONTAP"), &[("FileSystemType", "LUSTRE")]).contains("OntapConfiguration is not for"));
    let other = [("OntapConfiguration", ""), ("Name", ""), ("FileSystemType", "LUSTRE"), ("SubnetIds", "[]")];
    assert!(refused(Some("ONTAP"), &other).contains("FileSystemType must be ONTAP, as what was backed up"));
    assert!(refused(Some("ONTAP"), &[("FileSystemId", "fs-0")]).contains("FileSystemId must be fs-"));
    assert!(refused(Some("ONTAP"), &[("StorageCapacity", "1024")]).contains("StorageCapacity"));
    assert!(refused(Some("ONTAP"), &[("ItemsToRestore", "[\"/a\"]")]).contains("no key \"ItemsToRestore\""));
    assert!(refused(Some("ONTAP"), &[("Name", " ")]).contains("Name"));
    assert!(refused(None, &[]).contains("FileSystemType is needed"));
    let other = plan(&volume, None, &[("FileSystemType", "OPENZFS")], &beside).unwrap();
    assert_eq!(other.target.part(Part::Kind), Some("OPENZFS"), "what the point does not say, the metadata may");
}
