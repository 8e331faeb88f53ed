//! Checking: whatever is wrong is found, named, and comes with what to do.

use std::fs;
use std::path::Path;

use vaultdeck::repository::{CheckOutcome, Control, Id};

use crate::support::restic::Restic;
use crate::support::{damage, files, newest, open, tree};

fn repository_of_restic(folder: &Path) -> Restic {
    let source = folder.join("source");
    fs::create_dir(&source).unwrap();
    tree::everything(&source);
    let restic = Restic::init(&folder.join("repository"));
    restic.backup(&source);
    fs::write(source.join("one more"), tree::noise(99, 3 << 20)).unwrap();
    restic.backup(&source);
    restic
}

fn check(folder: &Path, read_data: bool) -> CheckOutcome {
    open(&folder.join("repository")).check(read_data, &Control::new()).unwrap()
}

fn largest(folder: &Path, kind: &str) -> std::path::PathBuf {
    files(&folder.join("repository"), kind).into_iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}

fn name_of(path: &Path) -> Id {
    path.file_name().unwrap().to_str().unwrap().parse().unwrap()
}

#[test]
fn a_whole_repository_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    repository_of_restic(folder.path());

    let outcome = check(folder.path(), true);

    assert!(outcome.is_whole(), "{:?}", outcome.problems);
    assert_eq!((outcome.snapshots, outcome.affected.len(), outcome.notes.len()), (2, 0, 0));
    let stored: u64 =
        files(&folder.path().join("repository"), "data").iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert_eq!(outcome.bytes_read, stored, "every byte was read");
    assert!(outcome.trees > 5 && outcome.blobs > 300);
}

#[test]
fn any_changed_byte_of_a_pack_is_found_when_the_data_is_read() {
    let folder = tempfile::tempdir().unwrap();
    repository_of_restic(folder.path());
    let pack = largest(folder.path(), "data");
    let whole = fs::read(&pack).unwrap();

    for at in [0, whole.len() / 3, whole.len() / 2, whole.len() - 100, whole.len() - 1] {
        damage(&pack, |content| content[at] ^= 0x10);
        let outcome = check(folder.path(), true);
        assert!(!outcome.is_whole(), "byte {at}");
        assert!(
            outcome.problems.iter().any(|problem| problem.what.contains(&name_of(&pack).to_hex())),
            "{:?}",
            outcome.problems
        );
        damage(&pack, |content| content.clone_from(&whole));
    }
    assert_eq!(check(folder.path(), true).problems, []);
}

#[test]
fn a_bad_blob_names_the_snapshots_and_files_that_need_it() {
    let folder = tempfile::tempdir().unwrap();
    repository_of_restic(folder.path());
    damage(&largest(folder.path(), "data"), |content| content[1000] ^= 1);

    let outcome = check(folder.path(), true);

    assert!(outcome.affected.contains(&newest(&open(&folder.path().join("repository")))));
    assert!(outcome.problems.iter().any(|problem| problem.what.contains("in folder")), "{:?}", outcome.problems);
    assert!(outcome.problems.iter().all(|problem| !problem.advice.is_empty()));
}

#[test]
fn a_missing_or_shortened_pack_is_found_without_reading_data() {
    for shortened in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        repository_of_restic(folder.path());
        let pack = largest(folder.path(), "data");
        if shortened {
            damage(&pack, |content| content.truncate(1000));
        } else {
            fs::remove_file(&pack).unwrap();
        }

        let outcome = check(folder.path(), false);

        assert!(
            outcome.problems.iter().any(|problem| problem.what == format!("pack {}", name_of(&pack))),
            "{:?}",
            outcome.problems
        );
        assert!(!outcome.affected.is_empty());
    }
}

#[test]
fn a_damaged_snapshot_is_named_and_the_other_stays_whole() {
    let folder = tempfile::tempdir().unwrap();
    repository_of_restic(folder.path());
    let snapshot = files(&folder.path().join("repository"), "snapshots").remove(0);
    damage(&snapshot, |content| content[20] ^= 1);

    let outcome = check(folder.path(), false);

    assert_eq!(outcome.affected.into_iter().collect::<Vec<_>>(), [name_of(&snapshot)]);
    assert_eq!(outcome.problem_count, 1, "{:?}", outcome.problems);
}

#[test]
fn a_pack_that_no_index_names_is_a_note_and_no_problem() {
    let folder = tempfile::tempdir().unwrap();
    repository_of_restic(folder.path());
    let repository = folder.path().join("repository");
    let pack = largest(folder.path(), "data");
    // As after a crash: a pack of another repository with the same key does not matter here, any file with an id's name does.
    let stray = Id::of(b"stray");
    fs::copy(&pack, repository.join("data/00").join(stray.to_hex())).unwrap();

    let outcome = check(folder.path(), false);

    assert!(outcome.is_whole(), "{:?}", outcome.problems);
    assert!(outcome.notes.iter().any(|note| note.contains(&stray.to_hex())), "{:?}", outcome.notes);
}
