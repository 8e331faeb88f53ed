//! The shares of a vault are kept in the catalog and in the vault's folder: neither an older catalog nor an older folder takes one
//! away, nor brings one back.

use super::{OldCatalog, lose_catalog};
use crate::bench::Bench;
use crate::harness::{MEMBER, caller, whole};
use std::fs;
use std::path::PathBuf;
use vaultdeck::domain::air_gap::RetentionBounds;
use vaultdeck::domain::extension::{AddAccount, CheckKind};
use vaultdeck::domain::sharing::ResourceShare;
use vaultdeck::domain::{Arn, Lifecycle};
use vaultdeck::engine::sharing::{NewShare, ShareOwner, SharesFilter};
use vaultdeck::engine::vaults::ops::VaultAt;
use vaultdeck::engine::{NewVault, StartBackup};

const SAFE: &str = "safe";
const OTHER: &str = "other";
const THIRD: &str = "333333333333";

/// The air-gapped vaults `safe`, with a point, and `other`, and two more accounts.
fn bench() -> Bench {
    let bench = Bench::simulated();
    for (id, name) in [(MEMBER, "recovery"), (THIRD, "third")] {
        let account = AddAccount { account_id: Some(id.to_owned()), name: name.to_owned(), email: None };
        bench.engine().add_account(account).unwrap();
    }
    let bounds = RetentionBounds { min_days: 7, max_days: 30 };
    for name in [SAFE, OTHER] {
        let new = NewVault::default();
        bench.engine().create_air_gapped_vault(&bench.caller, &name.parse().unwrap(), bounds, &new).unwrap();
    }
    let request = StartBackup {
        air_gapped_vault: Some(vault(&bench, SAFE)),
        lifecycle: Some(Lifecycle::delete_after(10)),
        ..bench.backup_request(&bench.resource("projects", &[]))
    };
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    crate::bench::assert_completed(&bench.wait(&job.id));
    bench
}

fn vault(bench: &Bench, name: &str) -> Arn {
    Arn::vault(&bench.caller.scope(), &name.parse().unwrap())
}

fn share(bench: &Bench, vaults: &[&str], with: &[&str]) -> ResourceShare {
    let request = NewShare {
        name: "recovery".to_owned(),
        vaults: vaults.iter().map(|name| vault(bench, name)).collect(),
        principals: with.iter().map(ToString::to_string).collect(),
        client_token: None,
    };
    bench.engine().create_resource_share(&bench.caller, &request).unwrap()
}

/// Whether an account sees a vault.
fn sees(bench: &Bench, account: &str, name: &str) -> bool {
    let at = VaultAt { account: Some(&bench.caller.account), name };
    bench.engine().describe_vault(&caller(account, "us-east-1"), at).is_ok()
}

fn assert_seen_by(bench: &Bench, name: &str, accounts: &[&str]) {
    for account in [MEMBER, THIRD] {
        assert_eq!(sees(bench, account, name), accounts.contains(&account), "{account} sees {name}");
    }
}

/// The file in a vault's folder, and its copy.
fn record(bench: &Bench, name: &str) -> [PathBuf; 2] {
    ["shares.json", "copies/shares.json"]
        .map(|file| bench.path(&format!("data/vaults/123456789012/us-east-1/{name}/vaultdeck/{file}")))
}

#[test]
fn a_share_outlives_an_older_catalog_and_its_loss() {
    let mut bench = bench();
    let without = OldCatalog::keep(&mut bench);
    let made = share(&bench, &[SAFE], &[MEMBER]);
    let narrower = OldCatalog::keep(&mut bench);
    bench.engine().associate_resource_share(&bench.caller, &made.arn, &[], &[THIRD.to_owned()]).unwrap();
    for older in [&narrower, &without] {
        older.put_back(&mut bench);
        bench.start();
        assert_seen_by(&bench, SAFE, &[MEMBER, THIRD]);
        assert_seen_by(&bench, OTHER, &[]);
    }
    lose_catalog(&mut bench);
    assert_seen_by(&bench, SAFE, &[MEMBER, THIRD]);
    let shares = bench.engine().resource_shares(&bench.caller, ShareOwner::Caller, &SharesFilter::default(), &whole());
    let shares = shares.unwrap().items;
    assert_eq!((shares.len(), &shares[0].arn, &shares[0].name), (1, &made.arn, &made.name));
    assert_eq!(shares[0].created, made.created);
    // It is changed as before.
    bench.engine().delete_resource_share(&bench.caller, &made.arn).unwrap();
    assert_seen_by(&bench, SAFE, &[]);
}

#[test]
fn whoever_was_shut_out_stays_out_whichever_of_the_two_is_put_back() {
    let mut bench = bench();
    let made = share(&bench, &[SAFE], &[MEMBER, THIRD]);
    let wide = OldCatalog::keep(&mut bench);
    let files = record(&bench, SAFE).map(|path| fs::read(path).unwrap());
    bench.engine().disassociate_resource_share(&bench.caller, &made.arn, &[], &[THIRD.to_owned()]).unwrap();
    for (path, content) in record(&bench, SAFE).iter().zip(&files) {
        super::put(path, Some(content));
    }
    bench.restart();
    assert_seen_by(&bench, SAFE, &[MEMBER]);
    wide.put_back(&mut bench);
    bench.start();
    assert_seen_by(&bench, SAFE, &[MEMBER]);
    bench.engine().delete_resource_share(&bench.caller, &made.arn).unwrap();
    wide.put_back(&mut bench);
    bench.start();
    assert_seen_by(&bench, SAFE, &[]);
}

#[test]
fn of_two_vaults_in_a_share_each_tells_of_itself_and_the_later_of_whom_it_lets_in() {
    // Whichever of the two is looked at first.
    for behind in [SAFE, OTHER] {
        let mut bench = bench();
        let older = OldCatalog::keep(&mut bench);
        let made = share(&bench, &[SAFE, OTHER], &[MEMBER]);
        let old = record(&bench, behind).map(|path| fs::read(path).unwrap());
        bench.engine().associate_resource_share(&bench.caller, &made.arn, &[], &[THIRD.to_owned()]).unwrap();
        bench.engine().disassociate_resource_share(&bench.caller, &made.arn, &[], &[MEMBER.to_owned()]).unwrap();
        // The folder of one of them, and the catalog, are older.
        for (path, content) in record(&bench, behind).iter().zip(&old) {
            super::put(path, Some(content));
        }
        older.put_back(&mut bench);
        bench.start();
        assert_seen_by(&bench, SAFE, &[THIRD]);
        assert_seen_by(&bench, OTHER, &[THIRD]);
    }
}

#[test]
fn the_record_in_the_folder_is_written_again_whatever_becomes_of_it_and_a_check_names_it() {
    let bench = bench();
    share(&bench, &[SAFE], &[MEMBER]);
    // What is due at this moment is done: nobody but the test looks at the files from here on.
    bench.advance(chrono::Duration::zero());
    for victims in [&record(&bench, SAFE)[..1], &record(&bench, SAFE)[1..], &record(&bench, SAFE)[..]] {
        for damage in [Some(b"{}".as_slice()), None] {
            for path in victims {
                super::put(path, damage);
            }
            let report = bench.engine().check_vault(&bench.caller.scope(), &SAFE.parse().unwrap()).unwrap();
            assert_eq!(report.problems.len(), victims.len(), "{:?}", report.problems);
            for problem in &report.problems {
                assert_eq!((problem.kind, problem.repaired), (CheckKind::Protection, true), "{problem:?}");
                assert!(problem.subject.contains("the record of the vault's shares"), "{problem:?}");
            }
            assert_seen_by(&bench, SAFE, &[MEMBER]);
            let [file, copy] = record(&bench, SAFE).map(|path| fs::read(path).unwrap());
            assert!(file == copy && file != b"{}", "it is written again");
        }
    }
    assert!(record(&bench, OTHER).iter().all(|path| !path.exists()), "what was never shared has no record");
}

#[test]
fn a_catalog_of_before_the_records_has_its_shares_written_into_the_folders() {
    let mut bench = bench();
    share(&bench, &[SAFE], &[MEMBER]);
    for path in record(&bench, SAFE) {
        fs::remove_file(path).unwrap();
    }
    bench.restart();
    assert!(record(&bench, SAFE).iter().all(|path| path.exists()));
    lose_catalog(&mut bench);
    assert_seen_by(&bench, SAFE, &[MEMBER]);
}
