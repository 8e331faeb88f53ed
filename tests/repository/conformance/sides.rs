//! Files that the program keeps beside the repository's own.

use vaultdeck::repository::{Error, Storage};

use super::each;

fn listed(storage: &dyn Storage, folder: &str) -> Vec<String> {
    let mut names = storage.list_side(folder).unwrap().unwrap_or_default();
    names.sort();
    names
}

#[test]
fn a_side_file_is_written_read_and_replaced() {
    each(|name, storage| {
        for side in ["key.json", "integrity", "copies/config", "points/5f0c.json"] {
            assert_eq!(storage.read_side(side).unwrap(), None, "{name} {side}");
            for content in [&b"first"[..], b"", b"the third, longer than the others"] {
                storage.write_side(side, content).unwrap();
                assert_eq!(storage.read_side(side).unwrap().unwrap(), content, "{name} {side}");
            }
        }
        assert_eq!(listed(storage, "points"), ["5f0c.json"], "{name}");
        assert_eq!(listed(storage, "copies"), ["config"], "{name}");
        assert_eq!(storage.list_side("nothing").unwrap(), None, "{name}");
    });
}

#[test]
fn many_side_files_are_written_and_removed_together() {
    each(|name, storage| {
        let files: Vec<(String, Vec<u8>)> =
            (10..80).map(|number| (format!("points/{number}.json"), vec![number; usize::from(number)])).collect();
        storage.write_side_all(&[]).unwrap();
        storage.remove_side_all(&[]).unwrap();
        storage.write_side_all(&files).unwrap();
        storage.write_side_all(&files[..5]).unwrap();
        assert_eq!(listed(storage, "points").len(), 70, "{name}");
        for (side, content) in &files {
            assert_eq!(&storage.read_side(side).unwrap().unwrap(), content, "{name} {side}");
        }
        let names: Vec<String> = files.iter().map(|(side, _)| side.clone()).collect();
        storage.remove_side_all(&names[..1]).unwrap();
        storage.remove_side_all(&names[..40]).unwrap();
        assert_eq!(listed(storage, "points").len(), 30, "{name}");
        assert_eq!(storage.read_side(&names[0]).unwrap(), None, "{name}");
        storage.remove_side_all(&names).unwrap();
        assert!(listed(storage, "points").is_empty(), "{name}");
    });
}

#[test]
fn a_side_file_that_is_set_aside_is_found_by_the_name_that_is_told_and_never_written_over() {
    each(|name, storage| {
        assert_eq!(storage.set_side_aside("key.json").unwrap(), None, "{name}");
        let mut told = Vec::new();
        for content in [&b"one"[..], b"two", b"three"] {
            storage.write_side("key.json", content).unwrap();
            let aside = storage.set_side_aside("key.json").unwrap().unwrap();
            assert_eq!(storage.read_side("key.json").unwrap(), None, "{name}");
            told.push((aside, content));
        }
        for (aside, content) in &told {
            assert_eq!(&storage.read_side(aside).unwrap().unwrap(), content, "{name} {aside}");
        }
        assert_eq!(listed(storage, "damaged").len(), 3, "{name}");
        storage.remove_side_all(&told.into_iter().map(|(aside, _)| aside).collect::<Vec<_>>()).unwrap();
        assert!(listed(storage, "damaged").is_empty(), "{name}");
    });
}

#[test]
fn a_name_that_leads_out_of_the_side_files_is_refused_by_every_call() {
    let hostile = [
        "",
        "/",
        "/etc/passwd",
        ".",
        "..",
        "../config",
        "points/../../config",
        "points//x",
        "points/",
        "/x",
        ".x",
        "a\\b",
        "a\0b",
    ];
    each(|name, storage| {
        storage.write_config(b"config").unwrap();
        storage.write_side("points/a.json", b"a").unwrap();
        for side in hostile {
            let named = || side.to_owned();
            let refused = [
                storage.read_side(side).map(drop),
                storage.write_side(side, b"x"),
                storage.write_side_all(&[("points/b.json".to_owned(), b"b".to_vec()), (named(), b"x".to_vec())]),
                storage.remove_side_all(&["points/a.json".to_owned(), named()]),
                storage.set_side_aside(side).map(drop),
                storage.list_side(side).map(drop),
                storage.prepare_side(side),
            ];
            for (number, outcome) in refused.into_iter().enumerate() {
                assert!(matches!(outcome, Err(Error::Invalid(_))), "{name} {side:?} {number}: {outcome:?}");
            }
        }
        assert_eq!(listed(storage, "points"), ["a.json"], "{name}: nothing of what was refused was begun");
        assert_eq!(storage.read_config().unwrap().unwrap(), b"config", "{name}");
    });
}
