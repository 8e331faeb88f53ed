//! What is the same for every way to hold a folder still; the file systems' own ways are tried on real ones in `tests/e2e`.

use super::{Held, Way};
use crate::domain::types::location::{Location, Part};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A program with this text.
fn program(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("program");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn nothing_is_taken_where_nothing_is_asked_for_or_to_be_had() {
    for way in [None, Some("none"), Some("auto")] {
        let way = Way::of(&Location::at_path("/proc").with(Part::Snapshot, way)).unwrap();
        let Held { taken, lacks } = way.take(Path::new("/proc"), "fs-1").unwrap();
        assert!(taken.is_none() && lacks.is_none(), "{way:?}");
    }
}

#[test]
fn what_a_program_holds_goes_however_the_reading_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (log, held) = (folder.path().join("log"), folder.path().join("held"));
    std::fs::create_dir(&held).unwrap();
    let text = format!("echo \"$*\" >> {}; [ $1 = remove ] || echo {}", log.display(), held.display());
    let way = Way::Program(program(folder.path(), &text));
    let calls = || std::fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let begun = ["remove fs-1 /srv/a", "create fs-1 /srv/a"];

    let taken = way.take(Path::new("/srv/a"), "fs-1").unwrap().taken.unwrap();
    assert_eq!((taken.folder(), calls()), (held.canonicalize().unwrap().as_path(), begun.map(str::to_owned).to_vec()));
    drop(taken);
    assert_eq!(calls().last().unwrap(), "remove fs-1 /srv/a", "a backup that failed");

    way.take(Path::new("/srv/a"), "fs-1").unwrap().taken.unwrap().remove().unwrap();
    assert_eq!(calls().len(), 6, "one that did not");
}

#[test]
fn a_program_that_makes_no_sense_is_refused_and_what_it_may_have_made_goes() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    for (does, told) in [
        ("echo relative", "must write one line, the absolute path"),
        ("echo /; echo /", "must write one line, the absolute path"),
        (":", "must write one line, the absolute path"),
        ("echo /no/where", "/no/where"),
        ("echo /etc/passwd", "is no folder"),
        ("echo out of space >&2; exit 7", "program failed (exit status: 7): out of space"),
    ] {
        let text = format!("echo $1 >> {}; [ $1 = remove ] || {{ {does}; }}", log.display());
        let fault = match Way::Program(program(folder.path(), &text)).take(Path::new("/srv/a"), "fs-1") {
            Ok(_) => panic!("{does} was taken"),
            Err(fault) => fault.to_string(),
        };
        assert!(fault.contains(told), "{does}: {fault}");
        let calls = std::fs::read_to_string(&log).unwrap();
        assert!(calls.ends_with("remove\ncreate\nremove\n"), "{calls}");
    }
}
