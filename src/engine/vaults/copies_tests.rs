use super::*;
use crate::repository::LocalStorage;
use serde_json::{Value, json};
use std::fs;

const NAME: &str = "x.json";

/// Says `"Good": VALUE` in version 1, or is of a newer version.
fn good(place: &str, content: &[u8]) -> Result<String> {
    let damaged = |what: String| Error::Damaged { what, advice: String::new() };
    let value: Value = serde_json::from_slice(content).map_err(|e| damaged(e.to_string()))?;
    if value["Version"] != 1 {
        return Err(Error::Newer { what: place.to_owned(), found: 2, known: 1 });
    }
    value["Good"].as_str().map(ToOwned::to_owned).ok_or_else(|| damaged("not good".to_owned()))
}

fn content(value: &str, version: u32) -> Vec<u8> {
    prove(unproven(value, version))
}

fn unproven(value: &str, version: u32) -> Vec<u8> {
    serde_json::to_vec(&json!({ "Good": value, "Version": version })).unwrap()
}

fn vault(file: &[u8], copy: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("vaultdeck/copies")).unwrap();
    fs::write(folder.path().join("vaultdeck").join(NAME), file).unwrap();
    fs::write(folder.path().join("vaultdeck/copies").join(NAME), copy).unwrap();
    folder
}

fn files(folder: &tempfile::TempDir) -> LocalStorage {
    LocalStorage::new(folder.path())
}

#[test]
fn either_of_a_pair_is_enough_and_the_other_is_written_again() {
    for victim in ["vaultdeck/x.json", "vaultdeck/copies/x.json"] {
        for damage in [None, Some(&b""[..]), Some(b"garbage")] {
            let folder = vault(&content("a", 1), &content("a", 1));
            let path = folder.path().join(victim);
            match damage {
                None => fs::remove_file(&path).unwrap(),
                Some(content) => fs::write(&path, content).unwrap(),
            }
            let pair = read(&files(&folder), NAME, good).unwrap();
            assert_eq!(pair.value, "a", "{victim} {damage:?}");
            let mend = pair.mend.expect("it is to be written again");
            assert!(mend.problem.is_some(), "{victim} {damage:?}");
            mend.carry_out(&files(&folder)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content("a", 1));
            assert!(read(&files(&folder), NAME, good).unwrap().mend.is_none());
            let aside = fs::read_dir(folder.path().join("vaultdeck/damaged")).unwrap().count();
            assert_eq!(aside, usize::from(damage.is_some()), "nothing is deleted");
        }
    }
}

#[test]
fn whichever_bit_of_either_flips_the_pair_says_what_was_written() {
    let whole = content("value", 1);
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            for (folder, victim) in
                [(vault(&flipped, &whole), "vaultdeck/x.json"), (vault(&whole, &flipped), "vaultdeck/copies/x.json")]
            {
                let pair = read(&files(&folder), NAME, good).unwrap_or_else(|e| panic!("{victim} {at} {bit}: {e}"));
                assert_eq!(pair.value, "value", "{victim} {at} {bit}");
                let mend = pair.mend.unwrap();
                assert_eq!(mend.names, [victim.strip_prefix("vaultdeck/").unwrap()], "{at} {bit}");
                assert!(mend.problem.is_some() && mend.content == whole, "{victim} {at} {bit}");
            }
        }
    }
}

#[test]
fn without_both_the_files_own_fault_is_told_and_a_newer_file_is_no_damage() {
    let folder = vault(&content("a", 2), &content("a", 1));
    assert!(matches!(read(&files(&folder), NAME, good), Err(Error::Newer { .. })));
    let folder = vault(b"bad", b"bad");
    assert!(matches!(read(&files(&folder), NAME, good), Err(Error::Damaged { .. })));
    let folder = vault(&unproven("a", 2), &unproven("a", 2));
    assert!(matches!(read(&files(&folder), NAME, good), Err(Error::Newer { .. })));
}

#[test]
fn a_vault_of_before_gets_its_copies_and_hashes_without_a_word() {
    let folder = vault(&unproven("a", 1), b"");
    fs::remove_dir_all(folder.path().join("vaultdeck/copies")).unwrap();
    for left in [1, 0] {
        let mend = read(&files(&folder), NAME, good).unwrap().mend.unwrap();
        assert_eq!(mend.problem, None);
        mend.carry_out(&files(&folder)).unwrap();
        assert_eq!(read(&files(&folder), NAME, good).unwrap().mend.is_some(), left == 1);
    }
    assert_eq!(candidates(&files(&folder), NAME), vec![content("a", 1); 2]);
}
