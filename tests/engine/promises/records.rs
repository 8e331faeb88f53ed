//! `vault check` names each record of what protects a vault that is damaged, older or missing, and `vault repair` writes it
//! again. Until then it protects as before.

use super::{delete, deny, is_denied, own_file, point};
use crate::bench::{Bench, VAULT};
use crate::checks::check;
use std::fs;
use std::path::PathBuf;
use vaultdeck::domain::extension::{CheckKind, RepairReport, RepairRequest};
use vaultdeck::domain::vault_lock::LockRequest;
use vaultdeck::engine::{ErrorKind, NewHold};

const LOCK: LockRequest =
    LockRequest { min_retention_days: Some(7), max_retention_days: None, changeable_for_days: None };

/// A vault with a point, and with all that protects one; the files in which it is written down.
fn protected() -> (Bench, vaultdeck::domain::Arn, Vec<PathBuf>) {
    let bench = Bench::simulated();
    let kept = point(&bench, &bench.resource("projects", &[]), Some(30));
    let engine = bench.engine();
    let (title, description) = ("case 7".to_owned(), "an inquiry".to_owned());
    let hold = engine.create_legal_hold(&bench.caller, NewHold { title, description, ..NewHold::default() }).unwrap();
    engine.put_vault_lock(&bench.caller, VAULT, &LOCK).unwrap();
    engine.put_vault_access_policy(&bench.caller, VAULT, &deny(&["DeleteRecoveryPoint"])).unwrap();
    // What is due at this moment is done: nobody but the test looks at the files from here on.
    bench.advance(chrono::Duration::zero());
    let hold = format!("holds/{}.json", hold.summary.id);
    let names = ["lock.json", "copies/lock.json", "access-policy.json", "copies/access-policy.json", &hold];
    let files = names.iter().map(|name| own_file(&bench, name)).collect();
    (bench, kept, files)
}

fn repair(bench: &Bench, dry_run: bool) -> RepairReport {
    bench.engine().repair_vault(&bench.caller.scope(), &VAULT.parse().unwrap(), &RepairRequest { dry_run }).unwrap()
}

#[test]
fn a_record_that_is_damaged_or_missing_is_named_and_written_again() {
    let (bench, kept, files) = protected();
    assert_eq!(check(&bench).problems, []);
    let good: Vec<Vec<u8>> = files.iter().map(|path| fs::read(path).unwrap()).collect();
    for (number, path) in files.iter().enumerate() {
        let name = path.to_str().unwrap().rsplit_once("vaultdeck/").unwrap().1;
        for damage in [None, Some(b"{}".as_slice())] {
            super::put(path, damage);
            // One way or the other, and none of them twice.
            if number % 2 == 0 {
                let plan = repair(&bench, true);
                assert_eq!((plan.steps.len(), plan.left), (1, vec![]), "{name}");
                assert!(plan.steps[0].subject.ends_with(&format!("(vaultdeck/{name})")), "{:?}", plan.steps);
                assert_eq!(fs::read(path).ok().as_deref(), damage, "a plan changes nothing");
                let done = repair(&bench, false);
                assert!(done.steps.len() == 1 && done.steps[0].done && done.left.is_empty(), "{done:?}");
            } else {
                let report = check(&bench);
                let [problem] = &report.problems[..] else { panic!("{report:#?}") };
                assert_eq!((problem.kind, problem.repaired), (CheckKind::Protection, true), "{problem:?}");
                assert!(problem.subject.ends_with(&format!("(vaultdeck/{name})")), "{problem:?}");
            }
            assert_eq!(check(&bench).problems, [], "{name}");
            assert_eq!(fs::read(path).unwrap().len(), good[number].len(), "{name}");
        }
    }
    assert_eq!(
        fs::read_dir(own_file(&bench, "damaged")).unwrap().count(),
        files.len(),
        "what lay there was moved aside"
    );
    assert!(is_denied(delete(&bench, &kept)));
    // Each of them alone still keeps the point.
    let engine = bench.engine();
    engine.delete_vault_access_policy(&bench.caller, VAULT).unwrap();
    assert_eq!(delete(&bench, &kept).unwrap_err().kind(), ErrorKind::InvalidRequest);
    engine.delete_vault_lock(&bench.caller, VAULT).unwrap();
    let refused = delete(&bench, &kept).unwrap_err();
    assert!(refused.to_string().contains("active legal hold"), "{refused}");
}

#[test]
fn a_record_that_nobody_else_knows_is_named_and_left_where_it_is() {
    let bench = Bench::simulated();
    let kept = point(&bench, &bench.resource("projects", &[]), Some(30));
    let strangers = ["lock.json", "holds/0a0b.json"].map(|name| own_file(&bench, name));
    for path in &strangers {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"{}").unwrap();
    }
    for report in [check(&bench).problems, repair(&bench, false).left] {
        assert_eq!(report.len(), 2, "{report:#?}");
        assert!(report.iter().all(|problem| problem.kind == CheckKind::File && !problem.repaired), "{report:#?}");
    }
    assert!(strangers.iter().all(|path| fs::read(path).unwrap() == b"{}"));
    let refused = delete(&bench, &kept).unwrap_err();
    assert!(refused.to_string().contains("It cannot be told what legal holds"), "{refused}");
    assert_eq!(bench.points().len(), 1);
}

#[test]
fn what_tells_of_one_hold_is_not_taken_for_what_tells_of_another() {
    let (bench, kept, files) = protected();
    let other = own_file(&bench, "holds/00000000-0000-4000-8000-000000000000.json");
    fs::copy(files.last().unwrap(), &other).unwrap();
    let refused = delete(&bench, &kept).unwrap_err();
    assert!(refused.to_string().contains("It cannot be told what legal holds"), "{refused}");
    assert!(check(&bench).problems.iter().any(|problem| problem.subject.contains("00000000-0000")));
    fs::remove_file(other).unwrap();
    assert!(is_denied(delete(&bench, &kept)));
}

#[test]
fn a_hold_that_was_released_holds_nothing_again_when_its_record_is_put_back() {
    let mut bench = Bench::simulated();
    let kept = point(&bench, &bench.resource("projects", &[]), Some(30));
    let (title, description) = ("case 7".to_owned(), "an inquiry".to_owned());
    let request = NewHold { title, description, ..NewHold::default() };
    let hold = bench.engine().create_legal_hold(&bench.caller, request).unwrap().summary.id;
    let record = own_file(&bench, &format!("holds/{hold}.json"));
    let content = fs::read(&record).unwrap();
    bench.engine().cancel_legal_hold(&bench.caller, &hold, "settled", None).unwrap();
    assert!(!record.exists());
    super::put(&record, Some(&content));
    bench.restart();
    delete(&bench, &kept).unwrap();
}
