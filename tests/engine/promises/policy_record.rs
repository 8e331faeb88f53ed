//! An access policy is kept in the catalog and in its vault's folder: neither an older catalog nor an older folder takes it away.

use super::{OldCatalog, delete, deny, is_denied, lose_catalog, own_file, point};
use crate::bench::{Bench, VAULT};
use std::fs;
use std::path::PathBuf;
use vaultdeck::domain::Arn;
use vaultdeck::engine::{ErrorKind, NewVault};

fn put(bench: &Bench, text: &str) {
    bench.engine().put_vault_access_policy(&bench.caller, VAULT, text).unwrap();
}

fn policy(bench: &Bench) -> Option<String> {
    match bench.engine().vault_access_policy(&bench.caller, VAULT) {
        Ok((_, text)) => Some(text),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ResourceNotFound, "{error}");
            None
        }
    }
}

/// The file in the vault's folder, and its copy.
fn record(bench: &Bench) -> [PathBuf; 2] {
    ["access-policy.json", "copies/access-policy.json"].map(|name| own_file(bench, name))
}

/// Nobody deletes the point, nor changes the policy.
fn assert_kept(bench: &Bench, kept: &Arn, text: &str) {
    assert_eq!(policy(bench).as_deref(), Some(text));
    assert!(is_denied(delete(bench, kept)));
    assert!(is_denied(bench.engine().put_vault_access_policy(&bench.caller, VAULT, &deny(&["ListTags"]))));
    assert!(is_denied(bench.engine().delete_vault_access_policy(&bench.caller, VAULT)));
    assert_eq!(bench.points().len(), 1);
}

/// What nobody can change again, and what it replaced.
fn policies() -> (String, String) {
    (deny(&["DeleteRecoveryPoint", "PutBackupVaultAccessPolicy", "DeleteBackupVaultAccessPolicy"]), deny(&["ListTags"]))
}

#[test]
fn a_policy_outlives_an_older_catalog_and_its_loss() {
    let mut bench = Bench::simulated();
    let kept = point(&bench, &bench.resource("projects", &[]), None);
    let (last, first) = policies();
    let without = OldCatalog::keep(&mut bench);
    put(&bench, &first);
    let other = OldCatalog::keep(&mut bench);
    put(&bench, &last);
    assert_kept(&bench, &kept, &last);
    for older in [&other, &without] {
        older.put_back(&mut bench);
        bench.start();
        assert_kept(&bench, &kept, &last);
    }
    lose_catalog(&mut bench);
    assert_kept(&bench, &kept, &last);
}

#[test]
fn a_policy_that_was_taken_away_stays_away_whichever_of_the_two_is_put_back() {
    let mut bench = Bench::simulated();
    let old = point(&bench, &bench.resource("projects", &[]), None);
    put(&bench, &deny(&["DeleteRecoveryPoint"]));
    let with = OldCatalog::keep(&mut bench);
    let files = record(&bench).map(|path| fs::read(path).unwrap());
    bench.engine().delete_vault_access_policy(&bench.caller, VAULT).unwrap();
    for (path, content) in record(&bench).iter().zip(&files) {
        super::put(path, Some(content));
    }
    bench.restart();
    assert_eq!(policy(&bench), None, "an older file");
    with.put_back(&mut bench);
    bench.start();
    assert_eq!(policy(&bench), None, "an older catalog");
    bench.engine().delete_vault_access_policy(&bench.caller, VAULT).unwrap();
    delete(&bench, &old).unwrap();
}

#[test]
fn a_policy_outlives_the_record_in_its_vaults_folder_whatever_becomes_of_it() {
    let mut bench = Bench::simulated();
    let kept = point(&bench, &bench.resource("projects", &[]), None);
    let (last, first) = policies();
    put(&bench, &first);
    let old = record(&bench).map(|path| fs::read(path).unwrap());
    put(&bench, &last);
    for victims in [&record(&bench)[..1], &record(&bench)[1..], &record(&bench)[..]] {
        for damage in [Some(old[0].as_slice()), Some(b"{}".as_slice()), None] {
            for path in victims {
                super::put(path, damage);
            }
            assert_kept(&bench, &kept, &last);
            bench.restart();
            assert_kept(&bench, &kept, &last);
            let [file, copy] = record(&bench).map(|path| fs::read(path).unwrap());
            assert!(file == copy && file != old[0] && file != b"{}", "it is written again");
        }
    }
    // What was damaged is moved aside, and not written over. At rest, so that no repair of before is still at it.
    let aside = |bench: &Bench| fs::read_dir(own_file(bench, "damaged")).unwrap().count();
    bench.stop();
    let before = aside(&bench);
    for path in &record(&bench) {
        super::put(path, Some(b"{}".as_slice()));
    }
    bench.start();
    assert_kept(&bench, &kept, &last);
    assert_eq!(aside(&bench), before + 2);
}

#[test]
fn a_policy_that_an_older_catalog_does_not_know_is_kept_also_when_its_folder_comes_back_after_the_start() {
    let mut bench = Bench::simulated();
    let kept = point(&bench, &bench.resource("projects", &[]), None);
    let older = OldCatalog::keep(&mut bench);
    let (last, _) = policies();
    put(&bench, &last);
    older.put_back(&mut bench);
    let folder = bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}"));
    let away = bench.path("away");
    fs::rename(&folder, &away).unwrap();
    bench.start();
    assert_eq!(policy(&bench), None, "nothing tells of it");
    let put_now = || bench.engine().put_vault_access_policy(&bench.caller, VAULT, &deny(&["ListTags"]));
    assert!(put_now().is_err(), "what cannot be asked is not written over");
    fs::rename(&away, &folder).unwrap();
    assert!(is_denied(delete(&bench, &kept)), "asked before anything is deleted");
    assert!(is_denied(put_now()));
    assert_kept(&bench, &kept, &last);
}

#[test]
fn a_policy_keeps_a_vault_that_an_older_catalog_would_let_go() {
    let mut bench = Bench::simulated();
    let older = OldCatalog::keep(&mut bench);
    put(&bench, &deny(&["DeleteBackupVault"]));
    older.put_back(&mut bench);
    let folder = bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}"));
    let away = bench.path("away");
    fs::rename(&folder, &away).unwrap();
    bench.start();
    fs::rename(&away, &folder).unwrap();
    assert!(is_denied(bench.engine().delete_vault(&bench.caller, VAULT)));
    bench.engine().delete_vault_access_policy(&bench.caller, VAULT).unwrap();
    bench.engine().delete_vault(&bench.caller, VAULT).unwrap();
    bench.engine().create_vault(&bench.caller, &VAULT.parse().unwrap(), NewVault::default()).unwrap();
    assert_eq!(policy(&bench), None, "its name begins anew");
}

#[test]
fn the_policy_of_one_vault_is_not_taken_for_that_of_another() {
    let mut bench = Bench::simulated();
    put(&bench, &deny(&["ListTags"]));
    let [file, _] = record(&bench);
    bench.engine().create_vault(&bench.caller, &"other".parse().unwrap(), NewVault::default()).unwrap();
    let other = bench.path("data/vaults/123456789012/us-east-1/other/vaultdeck/access-policy.json");
    fs::copy(file, &other).unwrap();
    bench.restart();
    let told = bench.engine().vault_access_policy(&bench.caller, "other");
    assert_eq!(told.unwrap_err().kind(), ErrorKind::ResourceNotFound);
}
