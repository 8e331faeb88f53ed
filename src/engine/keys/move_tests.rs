//! Moves of the ring on a whole engine: whatever is in the way, each secret opens, and for nobody else.

use super::house_of_tests::{
    FIRST, House, KMS_KEY, MEMBER, OTHER_KMS_KEY, Person, SECOND, close, files_in, known, options,
};
use super::opening;
use super::root::conformance::assert_told_nowhere;
use super::root::{Keeper, Kind, Unattended};
use super::{Purpose, taken_apart};
use crate::domain::Arn;
use crate::engine::Engine;
use crate::engine::error::Error;
use parking_lot::Mutex;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn kms(key: &str) -> Kind {
    Kind::Kms(key.parse().unwrap())
}

#[test]
fn every_root_moves_to_every_other_and_wraps_all() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    house.assert_wrapped_by("file");
    let second =
        |person: &Person| Person { new: Some(SECOND), kms: Arc::clone(&person.kms), ..Person::who_knows(Some(FIRST)) };
    let back =
        |person: &Person| Person { new: Some(FIRST), kms: Arc::clone(&person.kms), ..Person::who_knows(Some(SECOND)) };
    let steps = [
        (Kind::Passphrase, &person),
        (Kind::Passphrase, &second(&person)),
        (kms(KMS_KEY), &back(&person)),
        (kms(OTHER_KMS_KEY), &person),
        (Kind::File, &person),
        (kms(KMS_KEY), &person),
        (Kind::Passphrase, &person),
        (Kind::File, &person),
    ];
    for (to, person) in steps {
        house.move_to(person, &to);
        let told = house.told();
        house.assert_wrapped_by(&told.name);
        house.assert_opens(person);
        assert_eq!(house.data().join("keys/local.key").exists(), to == Kind::File, "{to}");
        assert!(!house.data().join("keys/root-move.json").exists());
    }
    house.assert_opens(&Unattended);
}

#[test]
fn who_has_the_disk_but_not_what_opens_the_root_opens_nothing() {
    for to in [Kind::Passphrase, kms(KMS_KEY)] {
        let person = Person { new: Some(FIRST), ..Person::default() };
        let house = House::of(&person);
        let old = fs::read(house.data().join("keys/local.key")).unwrap();
        let old_bytes = hex::decode(old.trim_ascii()).unwrap();
        house.move_to(&person, &to);

        // Nothing on the disk is key material in the clear: neither the old root, nor the new one, nor what they wrap.
        let new = opening::open(&house.lock(), &person, false).unwrap().held[0].secret.clone();
        let mut secrets: Vec<&[u8]> = vec![&old_bytes, new.reveal_to_tests(), FIRST.as_bytes()];
        secrets.extend(house.known.vaults.values().map(Vec::as_slice));
        secrets
            .extend([&house.known.access_key.1, &house.known.session.2, &house.known.resource.1].map(String::as_bytes));
        assert_eq!(house.telling(&secrets), Vec::<PathBuf>::new(), "{to}");
        fs::write(house.data().join("told"), hex::encode(house.known.vaults.values().next().unwrap())).unwrap();
        assert_eq!(house.telling(&secrets), [house.data().join("told")], "the search finds what there is");
        fs::remove_file(house.data().join("told")).unwrap();

        let away = Person { knows: Mutex::new(Some(SECOND)), ..Person::default() };
        away.kms.away.store(true, Ordering::SeqCst);
        for stranger in [&Unattended as &dyn Keeper, &away] {
            let refused = house.known_to(stranger).unwrap_err();
            assert!(matches!(refused, Error::RootClosed { .. }), "{to}: {refused}");
        }
        // With a copy of the old key, and the disk as it is now: the record away, the key put back.
        fs::write(house.data().join("keys/local.key"), &old).unwrap();
        fs::remove_file(house.data().join("keys/root.json")).unwrap();
        let ring = super::KeyRing::open(&house.lock(), &Unattended, false).unwrap();
        for (what, wrapped) in house.wrapped() {
            let vault: Arn = house.known.vaults.keys().next().unwrap().parse().unwrap();
            let refused = ring.unwrap(Purpose::VaultKey(&vault), &wrapped, |place| Error::Internal(place.to_owned()));
            assert!(refused.unwrap_err().to_string().contains("is not set up"), "{what}");
            let inner = taken_apart(&wrapped).1;
            for context in house.contexts() {
                let opened = super::sealing::unseal(&old_bytes, &context, inner).unwrap();
                assert!(opened.is_none(), "the old key opens {what}");
            }
        }
    }
}

#[test]
fn a_move_that_was_only_begun_opens_with_either_root_and_ends_with_the_new_one() {
    for to in [Kind::Passphrase, kms(KMS_KEY)] {
        let person = Person { new: Some(FIRST), ..Person::default() };
        let house = House::of(&person);
        house.begin(&person, &to).unwrap();
        assert_eq!(house.told().moving_from.as_deref(), Some("keys/local.key"));
        for _ in 0..2 {
            // The old root alone, and what is made meanwhile is wrapped by the new one.
            let away = Person::default();
            away.kms.away.store(true, Ordering::SeqCst);
            house.assert_opens(&away);
            let engine = house.open(&away).unwrap();
            let wrapped = engine.keys.wrap(Purpose::AccessKey("a"), b"new").unwrap();
            assert_eq!(taken_apart(&wrapped).0, house.told().name.as_bytes());
            let problems = engine.health().problems;
            assert!(problems.iter().any(|problem| problem.code == "KeyRootMoves"), "{problems:?}");
            close(engine);
            assert!(house.told().moving_from.is_some(), "it waits for the new root");
        }
        house.assert_opens(&person);
        assert_eq!(house.told().moving_from, None);
        house.assert_wrapped_by(&house.told().name);
        assert!(!house.data().join("keys/local.key").exists());
        assert!(matches!(house.known_to(&Unattended).unwrap_err(), Error::RootClosed { .. }));
    }
}

#[test]
fn a_move_that_was_only_noted_leaves_the_old_root_and_what_it_noted_goes() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    house.begin(&person, &Kind::Passphrase).unwrap();
    // As a crash between the two files leaves it.
    fs::remove_file(house.data().join("keys/root.json")).unwrap();
    assert_eq!(house.told().kind, "file");
    house.assert_opens(&Unattended);
    assert!(!house.data().join("keys/root-move.json").exists());
    assert!(house.data().join("keys/local.key").exists());
    house.assert_wrapped_by("file");
}

#[test]
fn half_of_all_wrapped_anew_opens_with_either_root() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    house.begin(&person, &Kind::Passphrase).unwrap();
    let engine = house.open(&Person::default()).unwrap();
    engine.keys.rewrap_customer_keys().unwrap();
    close(engine);
    let names: std::collections::BTreeSet<_> =
        house.wrapped().iter().map(|(_, wrapped)| taken_apart(wrapped).0.to_vec()).collect();
    assert_eq!(names.len(), 2, "some by the old, some by the new");
    house.assert_opens(&Unattended);
    house.assert_opens(&person);
    house.assert_wrapped_by(&house.told().name);
}

#[test]
fn whoever_forgets_the_new_passphrase_before_the_move_has_ended_goes_back_or_on_to_another() {
    let forgotten = Person { new: Some(FIRST), ..Person::default() };
    for to in [Kind::File, Kind::Passphrase, kms(KMS_KEY)] {
        let house = House::of(&Person::default());
        house.begin(&forgotten, &Kind::Passphrase).unwrap();
        // What is new is wrapped by the root that nobody can open any more.
        close(house.open(&Unattended).unwrap());
        let person = Person { new: Some(SECOND), ..Person::default() };
        let engine = house.open(&Unattended).unwrap();
        engine.keys.rewrap_customer_keys().unwrap();
        close(engine);
        house.begin(&person, &to).unwrap();
        house.assert_opens(&Unattended);
        house.assert_opens(&person);
        house.assert_wrapped_by(&house.told().name);
        assert_eq!(house.told().moving_from, None, "{to}");
        house.assert_opens(&person);
    }
}

#[test]
fn going_back_to_a_key_file_keeps_the_secret_of_the_key_file_before_it() {
    let first = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&Person::default());
    let engine = house.open(&Unattended).unwrap();
    let wrapped = engine.keys.wrap(Purpose::AccessKey("a"), b"of an older catalog").unwrap();
    close(engine);
    house.move_to(&first, &Kind::Passphrase);
    house.move_to(&first, &Kind::File);
    let second = Person { new: Some(SECOND), ..Person::default() };
    house.begin(&second, &Kind::Passphrase).unwrap();
    house.begin(&second, &Kind::File).unwrap();
    let engine = house.open(&Unattended).unwrap();
    let lost = |root: &str| Error::Internal(root.to_owned());
    let opened = engine.keys.unwrap(Purpose::AccessKey("a"), &wrapped, lost).unwrap();
    assert_eq!(opened.as_slice(), b"of an older catalog");
    close(engine);
}

#[test]
fn a_wrong_passphrase_is_told_and_changes_nothing() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    house.move_to(&person, &Kind::Passphrase);
    let before = house.bytes();
    let wrong = Person { new: Some(FIRST), ..Person::who_knows(Some(SECOND)) };
    for refused in [house.known_to(&wrong).unwrap_err(), house.begin(&wrong, &Kind::File).unwrap_err()] {
        let text = refused.to_string();
        assert!(text.contains("the passphrase does not open") && !refused.is_temporary(), "{text}");
        assert_told_nowhere(&format!("{text} {refused:?}"), Some(SECOND.as_bytes()));
    }
    let unknown = house.known_to(&Unattended).unwrap_err().to_string();
    assert!(unknown.contains("none was given") && unknown.contains("--passphrase-file"), "{unknown}");
    assert_eq!(house.bytes(), before);
    house.assert_opens(&person);
}

#[test]
fn a_new_passphrase_that_is_too_short_and_a_kms_that_is_away_begin_no_move() {
    let house = House::of(&Person::default());
    let before = house.bytes();
    let hasty = Person { new: Some("short"), ..Person::default() };
    assert!(house.begin(&hasty, &Kind::Passphrase).unwrap_err().to_string().contains("at least 12 characters"));
    assert!(house.begin(&Person::default(), &Kind::Passphrase).unwrap_err().to_string().contains("none was given"));
    hasty.kms.away.store(true, Ordering::SeqCst);
    let refused = house.begin(&hasty, &kms(KMS_KEY)).unwrap_err();
    assert!(refused.is_temporary() && refused.to_string().contains("does not answer"), "{refused}");
    let again = house.begin(&hasty, &Kind::File).unwrap_err().to_string();
    assert!(again.contains("is keys/local.key already"), "{again}");
    assert_eq!(house.bytes(), before);
}

#[test]
fn kms_is_asked_at_the_start_alone() {
    let person = Person { wanted: Some(kms(KMS_KEY)), ..Person::default() };
    let house = House::of(&person);
    let engine = house.open(&person).unwrap();
    person.kms.away.store(true, Ordering::SeqCst);
    assert_eq!(known(&engine, &house.known).unwrap(), house.known, "a running engine needs it no more");
    close(engine);
    let refused = house.known_to(&person).unwrap_err();
    assert!(refused.is_temporary() && refused.to_string().contains("try again when it can be reached"), "{refused}");
    person.kms.away.store(false, Ordering::SeqCst);
    house.assert_opens(&person);
}

#[test]
fn a_new_data_directory_gets_the_root_that_is_wanted_and_no_key_file() {
    for wanted in [Kind::Passphrase, kms(KMS_KEY)] {
        let person = Person { wanted: Some(wanted.clone()), ..Person::who_knows(Some(FIRST)) };
        let house = House::of(&person);
        assert!(!house.data().join("keys/local.key").exists());
        house.assert_wrapped_by(&house.told().name);
        house.assert_opens(&person);
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(house.data().join("keys/root.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let nobody = Person { wanted: Some(Kind::Passphrase), ..Person::default() };
    let folder = tempfile::tempdir().unwrap();
    let refused = Engine::open_under(options(folder.path()), &nobody).err().unwrap().to_string();
    assert!(refused.contains("a new passphrase is needed"), "{refused}");
    assert!(files_in(&folder.path().join("keys")).is_empty(), "nothing is made instead");
}

#[test]
fn another_root_than_the_one_that_is_wanted_is_refused_with_both_ways_out() {
    let house = House::of(&Person::default());
    let wants = |wanted: Kind| Person { wanted: Some(wanted), ..Person::who_knows(Some(FIRST)) };
    for wanted in [Kind::Passphrase, kms(KMS_KEY)] {
        let refused = house.known_to(&wants(wanted)).unwrap_err().to_string();
        assert!(refused.contains("keys/local.key") && refused.contains("vaultdeck key root move"), "{refused}");
    }
    house.assert_opens(&wants(Kind::File));
    let person = Person::default();
    house.move_to(&person, &kms(KMS_KEY));
    let alias = kms("arn:aws:kms:eu-central-1:123456789012:alias/backup");
    let with = |wanted: Kind| Person { wanted: Some(wanted), kms: Arc::clone(&person.kms), ..Person::default() };
    house.assert_opens(&with(kms(KMS_KEY)));
    house.assert_opens(&with(alias));
    for wanted in [Kind::File, kms(OTHER_KMS_KEY)] {
        assert!(matches!(house.known_to(&with(wanted)).unwrap_err(), Error::RootClosed { .. }));
    }
}

#[test]
fn what_an_older_copy_of_a_vaults_folder_and_of_the_catalog_hold_still_opens() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    let key = house.data().join("vaults/123456789012/us-east-1/Default/vaultdeck/key.json");
    let (old_key, old_catalog) = (fs::read(&key).unwrap(), fs::read(house.data().join("catalog.sqlite")).unwrap());
    house.move_to(&person, &Kind::Passphrase);
    house.move_to(&person, &kms(KMS_KEY));
    fs::write(&key, old_key).unwrap();
    for more in ["catalog.sqlite-wal", "catalog.sqlite-shm"] {
        let _ = fs::remove_file(house.data().join(more));
    }
    fs::write(house.data().join("catalog.sqlite"), old_catalog).unwrap();
    house.assert_opens(&person);
}

#[test]
fn a_damaged_record_is_told_of_and_kept() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    house.move_to(&person, &Kind::Passphrase);
    let record = house.data().join("keys/root.json");
    let whole = fs::read_to_string(&record).unwrap();
    for damage in [whole[..whole.len() / 2].to_owned(), whole.replace("passphrase\"", "pastphrase\""), String::new()] {
        fs::write(&record, &damage).unwrap();
        let refused = house.known_to(&person).unwrap_err();
        assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
        assert_eq!(fs::read_to_string(&record).unwrap(), damage);
    }
    fs::write(&record, whole.replacen("\"Version\": 1", "\"Version\": 2", 1)).unwrap();
    assert!(matches!(house.known_to(&person).unwrap_err(), Error::Newer { .. }));
    fs::remove_file(&record).unwrap();
    let lost = house.known_to(&person).unwrap_err().to_string();
    assert!(lost.contains("keys/root.json"), "{lost}");
    fs::write(&record, whole).unwrap();
    house.assert_opens(&person);
}

#[test]
fn a_vault_whose_key_is_damaged_keeps_no_other_from_moving() {
    let person = Person { new: Some(FIRST), ..Person::default() };
    let house = House::of(&person);
    let member = house.data().join(format!("vaults/{MEMBER}/us-east-1/Default/vaultdeck"));
    let (key, copy) = (fs::read(member.join("key.json")).unwrap(), fs::read(member.join("copies/key.json")).unwrap());
    fs::write(member.join("key.json"), "{}").unwrap();
    fs::write(member.join("copies/key.json"), "{}").unwrap();
    house.begin(&person, &Kind::Passphrase).unwrap();
    close(house.open(&person).unwrap());
    assert_eq!(house.told().moving_from, None);
    // Put back as it was before the move: the new root keeps the secret of the one before.
    fs::write(member.join("key.json"), key).unwrap();
    fs::write(member.join("copies/key.json"), copy).unwrap();
    house.assert_opens(&person);
}
