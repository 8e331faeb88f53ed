//! Packs: whatever happens to them, the next snapshot is whole.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use vaultdeck::repository::{BlobKind, Control, Examined, FileKind, Id, LocalSource, LocalStorage, Location};

use super::{Vault, Way, assert_nothing_new, change, name_of};
use crate::archive::watched::{Moment, Watched};
use crate::support::{restic::Restic, tree};

/// The ways in which a pack is damaged.
const WAYS: [Way; 5] = [
    ("a byte flipped", |path| change(path, |content| content[1000] ^= 1)),
    ("cut", |path| change(path, |content| content.truncate(1000))),
    ("emptied", |path| change(path, Vec::clear)),
    ("grown", |path| change(path, |content| content.extend([0; 10]))),
    ("deleted", |path| fs::remove_file(path).unwrap()),
];

#[test]
fn damage_that_nobody_noticed_makes_no_hollow_snapshot() {
    for trees in [false, true] {
        for (way, damage) in WAYS {
            for reopened in [false, true] {
                let mut vault = Vault::new();
                let (tree_pack, data_pack) = vault.packs();
                damage(if trees { &tree_pack } else { &data_pack });
                if reopened {
                    vault.reopen();
                }

                vault.backup();

                println!("{way}, trees: {trees}, reopened: {reopened}");
                vault.assert_newest_is_the_source();
                vault.reopen();
                vault.assert_newest_is_the_source();
            }
        }
    }
}

#[test]
fn only_what_is_lost_is_stored_again() {
    let mut vault = Vault::new();
    let (_, pack) = vault.packs();
    change(&pack, |content| content[1000] ^= 1);

    let second = vault.backup();

    // The lost piece may be the short last one of a file: which one lies there is chance.
    assert!((1..80_000).contains(&second.bytes_added), "{} bytes", second.bytes_added);
    assert_eq!(second.files_changed, 1, "one file needs the lost piece and is read again");
    assert_nothing_new(&vault.backup());
}

#[test]
fn what_a_restore_found_is_remembered_although_the_pack_looks_untouched() {
    let mut vault = Vault::on_rotting_medium();
    let (_, pack) = vault.packs();
    change(&pack, |content| content[1000] ^= 1);

    let (outcome, _target) = vault.restore(vault.snapshots[0]);

    assert_eq!(outcome.failed, 1, "{:?}", outcome.failures);
    let lost = vault.repository.lost_blobs();
    assert_eq!((lost.len(), lost[0].kind), (1, BlobKind::Data));
    vault.reopen();
    assert_eq!(vault.repository.lost_blobs(), lost, "the next process knows it too");
    assert!(!vault.repository.is_readable(BlobKind::Data, &lost[0].id));
    vault.backup();
    vault.assert_newest_is_the_source();
    assert_eq!(vault.repository.lost_blobs(), [], "it lies in another pack now");
}

#[test]
fn what_a_backup_found_in_the_folders_of_the_parent_is_remembered() {
    let mut vault = Vault::on_rotting_medium();
    let (pack, _) = vault.packs();
    let root = vault.repository.load_snapshot(&vault.snapshots[0]).unwrap().tree;
    let within = vault.repository.find_blob(BlobKind::Tree, &root).unwrap().offset as usize + 20;
    change(&pack, |content| content[within] ^= 1);

    let second = vault.backup();

    assert!(second.notes.iter().any(|note| note.text.contains("read again")), "{:?}", second.notes);
    vault.assert_newest_is_the_source();
}

#[test]
fn a_folder_of_the_parent_that_was_just_read_counts_only_while_its_pack_is_what_it_was() {
    let mut vault = Vault::new();
    vault.backup();
    let third = vault.backup();
    assert_eq!(third.notes, [], "nothing is wrong");
    let (pack, _) = vault.packs();
    fs::remove_file(&pack).unwrap();

    let fourth = vault.backup();

    assert!(fourth.notes.iter().any(|note| note.text.contains("read again")), "{:?}", fourth.notes);
    vault.assert_newest_is_the_source();
}

#[test]
fn what_a_check_found_is_remembered_and_its_neighbours_are_not_lost() {
    let mut vault = Vault::on_rotting_medium();
    let (_, pack) = vault.packs();
    change(&pack, |content| content[1000] ^= 1);

    assert!(vault.check().iter().any(|problem| problem.contains(&name_of(&pack))));

    vault.reopen();
    assert_eq!(vault.repository.lost_blobs().len(), 1);
    let second = vault.backup();
    assert!(second.bytes_added < 80_000, "{} bytes", second.bytes_added);
    vault.assert_newest_is_the_source();
}

#[test]
fn a_pack_that_is_brought_back_is_whole_again() {
    let mut vault = Vault::new();
    let (_, pack) = vault.packs();
    let good = fs::read(&pack).unwrap();
    change(&pack, |content| content[1000] ^= 1);
    assert!(!vault.check().is_empty());
    assert_eq!(vault.repository.lost_blobs().len(), 1);

    change(&pack, |content| content.clone_from(&good));

    let (outcome, _target) = vault.restore(vault.snapshots[0]);
    assert_eq!(outcome.failures, [], "it restores at once");
    assert_nothing_new(&vault.backup());
    assert_eq!(vault.repository.lost_blobs(), []);
    vault.reopen();
    assert_eq!(vault.check(), Vec::<String>::new());
}

#[test]
fn a_missing_pack_is_lost_as_soon_as_the_vault_is_opened() {
    let mut vault = Vault::new();
    let (_, pack) = vault.packs();
    fs::remove_file(&pack).unwrap();
    vault.reopen();
    assert!(!vault.repository.lost_blobs().is_empty());
    assert!(vault.repository.problems().iter().any(|problem| problem.what.contains(&name_of(&pack))));
}

#[test]
fn of_a_pack_that_is_too_short_only_the_end_is_lost() {
    let mut vault = Vault::new();
    let (_, pack) = vault.packs();
    let id = name_of(&pack).parse().unwrap();
    let length = fs::metadata(&pack).unwrap().len();
    change(&pack, |content| content.truncate(length as usize / 2));
    vault.reopen();
    let lost = vault.repository.lost_blobs().len();
    let all = vault.repository.index().blobs().filter(|(_, _, place)| place.pack == id).count();
    assert!(0 < lost && lost < all, "{lost} of {all}");
    let Examined::Damaged { lost: read, .. } = vault.repository.examine_pack(&id).unwrap() else {
        panic!("not damaged")
    };
    assert_eq!(read.len(), lost, "reading it says the same");
}

#[test]
fn another_program_that_removes_packs_beside_us_makes_no_hollow_snapshot() {
    let mut vault = Vault::new();
    write_and_forget(&mut vault);
    let restic = Restic::on(&vault.path());
    restic.succeed(&["unlock", "--remove-all"]);
    restic.succeed(&["forget", "--keep-last", "1", "--group-by", "", "--prune"]);
    super::write(&vault.source(), "gone and back", 99, 70_000);

    vault.backup();

    vault.assert_newest_is_the_source();
    restic.assert_whole();
}

/// A second snapshot lacks a file that the first has, and that comes back later.
fn write_and_forget(vault: &mut Vault) {
    super::write(&vault.source(), "gone and back", 99, 70_000);
    vault.backup();
    fs::remove_file(vault.source().join("gone and back")).unwrap();
    vault.backup();
}

#[test]
fn a_pack_that_goes_while_a_backup_counts_on_it_is_noticed_before_the_commit() {
    let mut vault = Vault::new();
    let (_, pack) = vault.packs();
    let hand = Mutex::new(Some(pack));
    let trouble = move |_: &Path, moment| {
        let pack = if moment == Moment::Open { hand.lock().unwrap().take() } else { None };
        pack.map_or(Ok(()), fs::remove_file)
    };
    let source = Watched::with_trouble(LocalSource::new(&vault.source()).unwrap(), Box::new(trouble));
    let request = super::request(&vault.source(), vault.snapshots.last().copied(), 1);
    // Something must be read, after all else was found to be there: then the hand comes.
    super::write(&vault.source(), "zzz", 5, 1000);

    let outcome = vault.repository.backup(&source, &request, &Control::new()).unwrap();

    vault.snapshots.push(outcome.snapshot);
    vault.assert_newest_is_the_source();
}

#[test]
fn restic_reads_the_new_snapshot_after_a_pack_is_gone() {
    let mut vault = Vault::new();
    let (_, pack) = vault.packs();
    fs::remove_file(&pack).unwrap();
    vault.reopen();
    vault.backup();
    let target = tempfile::tempdir().unwrap();
    let restored = Restic::on(&vault.path()).restore(&vault.source(), target.path());
    tree::assert_same(&vault.source(), &restored);
}

/// The pieces of files in a pack, in their order, with where each lies.
fn pieces(vault: &Vault, pack: &Path) -> Vec<(Id, Location)> {
    let id = name_of(pack).parse().unwrap();
    let index = vault.repository.index();
    let mut found: Vec<(Id, Location)> = index
        .blobs()
        .filter(|(kind, _, place)| *kind == BlobKind::Data && place.pack == id)
        .map(|(_, blob, place)| (blob, place))
        .collect();
    found.sort_by_key(|(_, place)| place.offset);
    assert!(found.len() >= 3, "{found:?}");
    found
}

fn rot(pack: &Path, place: &Location) {
    change(pack, |content| content[place.offset as usize + place.length as usize / 2] ^= 1);
}

#[test]
fn what_reading_one_piece_or_a_whole_pack_found_is_known_to_a_process_that_opens_the_vault_beside() {
    for whole in [false, true] {
        let mut vault = Vault::on_rotting_medium();
        let (_, pack) = vault.packs();
        let (piece, place) = pieces(&vault, &pack)[1];
        rot(&pack, &place);
        if whole {
            let found = vault.repository.examine_pack(&place.pack).unwrap();
            assert!(matches!(found, Examined::Damaged { ref lost, .. } if lost.len() == 1), "{found:?}");
        } else {
            vault.repository.load_blob(BlobKind::Data, &piece).unwrap_err();
        }
        // Nothing has ended yet that would write down what it knows.
        vault.look();
        let lost: Vec<Id> = vault.repository.lost_blobs().into_iter().map(|lost| lost.id).collect();
        assert_eq!(lost, [piece], "whole: {whole}");
    }
}

#[test]
fn what_rots_unseen_is_not_carried_from_a_damaged_pack_into_a_new_one() {
    let mut vault = Vault::on_rotting_medium();
    let (_, pack) = vault.packs();
    let pieces = pieces(&vault, &pack);
    rot(&pack, &pieces[0].1);
    assert!(!vault.check().is_empty());
    let (unseen, place) = pieces[2];
    rot(&pack, &place);

    // What is known to be lost is stored again, and what is good in its pack moves to a new one.
    vault.backup();

    assert!(vault.repository.is_readable(BlobKind::Data, &pieces[0].0));
    let places = vault.repository.index().find_all(BlobKind::Data, &unseen);
    assert!(places.iter().all(|found| found.pack == place.pack), "{places:?}");
}

#[test]
fn a_copy_in_a_pack_that_somebody_touched_is_no_reason_to_let_go_of_a_good_piece() {
    let mut vault = Vault::new();
    let (_, pack) = vault.packs();
    let pieces = pieces(&vault, &pack);
    rot(&pack, &pieces[0].1);
    assert!(!vault.check().is_empty());
    let (good, _) = pieces[2];
    let content = vault.repository.load_blob(BlobKind::Data, &good).unwrap();
    let mut copies = vault.repository.store_copies().unwrap();
    copies.add(BlobKind::Data, good, &content).unwrap();
    let copy = copies.finish().unwrap()[0];
    let copy = LocalStorage::new(vault.path()).path(FileKind::Pack, &copy);
    change(&copy, |content| content[100] ^= 1);

    vault.backup();

    vault.assert_newest_is_the_source();
    vault.reopen();
    vault.assert_newest_is_the_source();
}

#[test]
fn a_pack_that_the_disk_did_not_give_once_is_read_again_before_anything_counts_on_it() {
    let mut vault = Vault::on_rotting_medium();
    let (_, pack) = vault.packs();
    let (piece, place) = pieces(&vault, &pack)[1];
    // Reading a folder fails as a bad disk does: nothing is said of what lies there.
    let away = vault.folder.path().join("away");
    fs::rename(&pack, &away).unwrap();
    fs::create_dir(&pack).unwrap();
    vault.repository.load_blob(BlobKind::Data, &piece).unwrap_err();
    fs::remove_dir(&pack).unwrap();
    fs::rename(&away, &pack).unwrap();
    assert_eq!(vault.repository.lost_blobs(), [], "it may be well again");
    rot(&pack, &place);

    vault.backup();

    vault.assert_newest_is_the_source();
}
