//! The data directory: who holds it, what is refused, what is said of damage.

use crate::harness::{Harness, management, options, whole};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use vaultdeck::engine::data_dir::live_engine;
use vaultdeck::engine::{Engine, Error};

#[test]
fn a_fresh_directory_has_the_first_account_its_vault_and_its_role() {
    let harness = Harness::new();
    let accounts = harness.engine.accounts().unwrap().accounts;
    assert_eq!(accounts.len(), 1);
    assert_eq!((accounts[0].account_id.as_str(), accounts[0].management), ("123456789012", true));
    let vaults = harness.engine.list_vaults(&management(), None, &whole()).unwrap().items;
    assert_eq!(vaults.iter().map(|vault| vault.name.as_str()).collect::<Vec<_>>(), ["Default"]);
    assert_eq!(
        harness.engine.roles().unwrap().role_arns,
        ["arn:aws:iam::123456789012:role/service-role/AWSBackupDefaultServiceRole"]
    );
    assert_eq!(harness.engine.status().unwrap().regions, ["us-east-1"]);
}

#[test]
fn what_was_made_is_there_after_a_restart() {
    let harness = Harness::new();
    harness.vault("kept");
    let data = harness.folder.path().join("data");
    let organization = harness.engine.organization().unwrap();
    let _folder = harness.close();
    let engine = Engine::open(options(data)).unwrap();
    assert_eq!(engine.describe_vault(&management(), "kept").unwrap().name, "kept");
    assert_eq!(engine.organization().unwrap(), organization);
}

#[test]
fn a_second_engine_is_told_who_holds_the_directory() {
    let harness = Harness::new();
    let data = harness.folder.path().join("data");
    harness.engine.announce(Some("http://127.0.0.1:1".to_owned()), Some("/run/it.sock".into())).unwrap();
    let Err(Error::Held { pid, socket }) = Engine::open(options(data.clone())) else { panic!("not held") };
    assert_eq!(pid, Some(std::process::id()));
    assert_eq!(socket, Some("/run/it.sock".into()));
    assert_eq!(live_engine(&data).unwrap().url.as_deref(), Some("http://127.0.0.1:1"));
    let _folder = harness.close();
    assert_eq!(live_engine(&data), None);
    assert!(!data.join("engine.json").exists());
}

#[test]
fn secrets_and_the_catalog_are_for_the_owner_alone() {
    let harness = Harness::new();
    let data = harness.folder.path().join("data");
    for (path, mode) in [("", 0o700), ("keys", 0o700), ("keys/local.key", 0o600), ("catalog.sqlite", 0o600)] {
        let actual = fs::metadata(data.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(actual, mode, "{path:?}");
    }
}

#[test]
fn a_catalog_that_was_lost_is_not_made_anew_over_the_vaults() {
    let harness = Harness::new();
    let data = harness.folder.path().join("data");
    let _folder = harness.close();
    for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
        let _ = fs::remove_file(data.join(name));
    }
    let Err(Error::Damaged { what, advice }) = Engine::open(options(data.clone())) else { panic!("opened") };
    assert!(what.contains("missing or empty") && what.contains("vaults"), "{what}");
    assert!(advice.contains("restic") && advice.contains("Nothing was deleted"), "{advice}");
    assert!(!data.join("catalog.sqlite").exists());
}

#[test]
fn a_damaged_catalog_is_told_of_and_nothing_is_deleted() {
    let harness = Harness::new();
    let data = harness.folder.path().join("data");
    // Only at rest is the log in the catalog's file.
    let _folder = harness.close();
    let catalog = data.join("catalog.sqlite");
    let length = fs::metadata(&catalog).unwrap().len();
    fs::OpenOptions::new().write(true).open(&catalog).unwrap().set_len(length - 5000).unwrap();
    let before = fs::read(&catalog).unwrap();
    let Err(Error::Damaged { what, advice }) = Engine::open(options(data.clone())) else { panic!("opened") };
    assert!(what.contains("catalog.sqlite is damaged"), "{what}");
    assert!(advice.contains("recovery key"), "{advice}");
    assert_eq!(fs::read(&catalog).unwrap(), before);
    assert!(data.join("vaults/123456789012/us-east-1/Default").is_dir());
}

#[test]
fn a_catalog_of_a_newer_version_is_refused() {
    let harness = Harness::new();
    let data = harness.folder.path().join("data");
    let _folder = harness.close();
    let connection = rusqlite::Connection::open(data.join("catalog.sqlite")).unwrap();
    connection.pragma_update(None, "user_version", 1000).unwrap();
    drop(connection);
    let Err(error) = Engine::open(options(data)) else { panic!("opened") };
    assert!(matches!(error, Error::Newer { found: 1000, .. }), "{error}");
    assert!(error.to_string().contains("Nothing was changed"), "{error}");
}
