//! Legal holds: what they catch, what they keep, and what becomes of it when they are released.

use crate::bench::{Bench, VAULT, assert_completed, pairs};
use crate::harness::walk;
use chrono::Duration;
use std::collections::BTreeSet;
use std::fs;
use vaultdeck::domain::legal_hold::{DateRange, HoldSelection, HoldStatus, LegalHold};
use vaultdeck::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use vaultdeck::domain::{Arn, Lifecycle, Tags};
use vaultdeck::engine::{Error, ErrorKind, NewHold, NewVault, PageRequest};

fn request(selection: HoldSelection) -> NewHold {
    let (title, description) = ("case 7".to_owned(), "an inquiry".to_owned());
    NewHold { title, description, selection, ..NewHold::default() }
}

fn create(bench: &Bench, selection: HoldSelection) -> LegalHold {
    bench.engine().create_legal_hold(&bench.caller, request(selection)).unwrap()
}

fn cancel(bench: &Bench, hold: &LegalHold) -> Result<(), Error> {
    bench.engine().cancel_legal_hold(&bench.caller, &hold.summary.id, "settled", None)
}

fn in_vault(name: &str) -> HoldSelection {
    HoldSelection { vault_names: vec![name.to_owned()], ..HoldSelection::default() }
}

fn held_by(bench: &Bench, hold: &LegalHold) -> Vec<Arn> {
    let list =
        |page: &PageRequest| bench.engine().list_recovery_points_by_legal_hold(&bench.caller, &hold.summary.id, page);
    walk(2, list).into_iter().map(|point| point.arn).collect()
}

/// A point that lives for a day.
fn short_lived(bench: &Bench, resource: &Arn) -> Arn {
    let request = vaultdeck::engine::StartBackup {
        lifecycle: Some(Lifecycle::delete_after(1)),
        ..bench.backup_request(resource)
    };
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    let job = bench.wait(&job.id);
    assert_completed(&job);
    job.recovery_point_arn.unwrap()
}

fn arns(points: &[RecoveryPoint]) -> BTreeSet<Arn> {
    points.iter().map(|point| point.arn.clone()).collect()
}

/// The files that tell of holds in the folder of the test's vault.
fn files(bench: &Bench) -> Vec<String> {
    let folder = bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}/vaultdeck/holds"));
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn delete(bench: &Bench, point: &Arn) -> Result<(), Error> {
    bench.engine().delete_recovery_point(&bench.caller, VAULT, point)
}

#[test]
fn what_is_held_outlives_its_days_is_deleted_by_nobody_and_is_gone_within_a_day_after_the_release() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let old = short_lived(&bench, &resource);
    let hold = create(&bench, HoldSelection::default());
    assert_eq!((&hold.summary.status, held_by(&bench, &hold)), (&HoldStatus::Active, vec![old.clone()]));
    let young = short_lived(&bench, &resource);

    let refused = delete(&bench, &old).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
    assert_eq!(refused.to_string(), "The recovery point cannot be deleted because it has active legal hold(s).");
    bench.advance(Duration::days(40));
    assert_eq!(arns(&bench.points()), BTreeSet::from([old.clone()]), "what was made after the hold is not held");
    assert_eq!(bench.points()[0].status, RecoveryPointStatus::Completed);
    assert_ne!(young, old);
    let restored = bench.restore(&old, &[("newFileSystem", "true")]);
    assert_eq!(restored.state.as_str(), "COMPLETED", "{:?}", restored.status_message);

    cancel(&bench, &hold).unwrap();
    bench.advance(Duration::hours(11));
    assert_eq!(bench.points().len(), 1, "who released the wrong hold has half a day");
    bench.advance(Duration::hours(13));
    assert!(bench.points().is_empty());
}

#[test]
fn a_point_under_two_holds_stays_until_the_last_is_released() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = short_lived(&bench, &resource);
    let holds = [create(&bench, HoldSelection::default()), create(&bench, in_vault(VAULT))];
    bench.advance(Duration::days(3));
    cancel(&bench, &holds[0]).unwrap();
    bench.advance(Duration::days(3));
    assert!(delete(&bench, &point).is_err());
    assert_eq!(held_by(&bench, &holds[1]), std::slice::from_ref(&point));
    cancel(&bench, &holds[1]).unwrap();
    delete(&bench, &point).unwrap();
    assert!(bench.points().is_empty());
}

#[test]
fn a_hold_that_is_made_anew_in_time_keeps_what_was_released_by_mistake() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    short_lived(&bench, &resource);
    let hold = create(&bench, HoldSelection::default());
    bench.advance(Duration::days(3));
    cancel(&bench, &hold).unwrap();
    bench.advance(Duration::hours(6));
    let again = create(&bench, HoldSelection::default());
    bench.advance(Duration::days(3));
    assert_eq!(held_by(&bench, &again).len(), 1);
}

#[test]
fn vaults_resources_and_dates_must_all_fit() {
    let bench = Bench::simulated();
    bench.engine().create_vault(&bench.caller, &"other".parse().unwrap(), NewVault::default()).unwrap();
    let resources = [bench.resource("one", &[]), bench.resource("two", &[])];
    let first = bench.backup(&resources[0]).recovery_point_arn.unwrap();
    let between = bench.advance(Duration::hours(1));
    bench.advance(Duration::hours(1));
    let second = bench.backup(&resources[1]).recovery_point_arn.unwrap();
    let now = bench.engine().now();
    let of =
        |resource: &str| HoldSelection { resource_identifiers: vec![resource.to_owned()], ..HoldSelection::default() };
    let from = |from_date| HoldSelection {
        date_range: Some(DateRange { from_date, to_date: now }),
        ..HoldSelection::default()
    };
    for (selection, caught) in [
        (HoldSelection::default(), vec![&first, &second]),
        (in_vault("other"), vec![]),
        (of(resources[0].as_str()), vec![&first]),
        (of("EFS"), vec![&first, &second]),
        (of("S3"), vec![]),
        (from(between), vec![&second]),
        (HoldSelection { vault_names: vec!["other".to_owned()], ..of("EFS") }, vec![]),
        (HoldSelection { vault_names: vec![VAULT.to_owned()], ..from(between) }, vec![&second]),
    ] {
        let hold = create(&bench, selection.clone());
        let expected: BTreeSet<Arn> = caught.into_iter().cloned().collect();
        assert_eq!(held_by(&bench, &hold).into_iter().collect::<BTreeSet<_>>(), expected, "{selection:?}");
        cancel(&bench, &hold).unwrap();
    }
}

#[test]
fn what_is_wrong_is_named_and_changes_nothing() {
    let bench = Bench::simulated();
    let now = bench.engine().now();
    let range = |from_date, to_date| HoldSelection {
        date_range: Some(DateRange { from_date, to_date }),
        ..HoldSelection::default()
    };
    let hour = Duration::hours(1);
    let titled = |title: &str| NewHold { title: title.to_owned(), ..request(HoldSelection::default()) };
    for (request, kind, named) in [
        (titled(""), ErrorKind::MissingParameterValue, "Title is required"),
        (titled(&"x".repeat(257)), ErrorKind::InvalidParameterValue, "Invalid Title: at most 256"),
        (request(range(now, now - hour)), ErrorKind::InvalidParameterValue, "DateRange: FromDate"),
        (request(range(now, now + hour)), ErrorKind::InvalidParameterValue, "must not be in the future"),
        (request(in_vault("nowhere")), ErrorKind::InvalidParameterValue, "VaultNames: Backup vault \"nowhere\""),
        (request(in_vault("no name")), ErrorKind::InvalidParameterValue, "VaultNames: Backup vault \"no name\""),
        (NewHold { tags: pairs(&[("aws:x", "1")]), ..titled("t") }, ErrorKind::InvalidParameterValue, "Invalid Tags"),
    ] {
        let refused = bench.engine().create_legal_hold(&bench.caller, request).unwrap_err();
        assert_eq!(refused.kind(), kind, "{refused}");
        assert!(refused.to_string().contains(named), "{refused}");
    }
    let list = |page: &PageRequest| bench.engine().list_legal_holds(&bench.caller, page);
    assert!(walk(10, list).is_empty());

    let hold = create(&bench, HoldSelection::default());
    let cancel = |id: &str, why: &str, days| bench.engine().cancel_legal_hold(&bench.caller, id, why, days);
    let id = hold.summary.id.as_str();
    for (refused, kind, named) in [
        (cancel(id, " ", None), ErrorKind::MissingParameterValue, "CancelDescription is required"),
        (cancel(id, "why", Some(0)), ErrorKind::InvalidParameterValue, "Invalid RetainRecordInDays"),
        (cancel(id, "why", Some(36_501)), ErrorKind::InvalidParameterValue, "Invalid RetainRecordInDays"),
        (cancel("none", "why", None), ErrorKind::ResourceNotFound, "Legal hold none does not exist."),
    ] {
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind(), kind, "{refused}");
        assert!(refused.to_string().contains(named), "{refused}");
    }
    assert_eq!(list(&PageRequest::default()).unwrap().items, [hold]);
}

#[test]
fn the_same_token_gives_the_same_hold_and_fifty_are_enough() {
    let bench = Bench::simulated();
    let with_token = |title: &str| NewHold {
        idempotency_token: Some("t".to_owned()),
        title: title.to_owned(),
        ..request(HoldSelection::default())
    };
    let make = |request| bench.engine().create_legal_hold(&bench.caller, request);
    let first = make(with_token("one")).unwrap();
    assert_eq!(make(with_token("one")).unwrap(), first);
    assert!(make(with_token("two")).unwrap_err().to_string().contains("IdempotencyToken"));
    for _ in 1..50 {
        create(&bench, HoldSelection::default());
    }
    let refused = make(request(HoldSelection::default())).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::LimitExceeded);
    cancel(&bench, &first).unwrap();
    create(&bench, HoldSelection::default());
    let list = |page: &PageRequest| bench.engine().list_legal_holds(&bench.caller, page);
    assert_eq!(walk(7, list).len(), 51);
}

#[test]
fn the_record_of_a_released_hold_is_kept_for_its_days() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    bench.backup(&resource);
    let hold = create(&bench, HoldSelection::default());
    let released = bench.engine().now();
    bench.engine().cancel_legal_hold(&bench.caller, &hold.summary.id, "settled", Some(10)).unwrap();
    let get = || bench.engine().get_legal_hold(&bench.caller, &hold.summary.id);
    let record = get().unwrap();
    assert_eq!(record.summary.status, HoldStatus::Canceled);
    assert_eq!(record.summary.cancelled, Some(released));
    assert_eq!(record.cancel_description.as_deref(), Some("settled"));
    assert_eq!(record.retain_record_until, Some(released + Duration::days(10)));
    assert!(held_by(&bench, &hold).is_empty());
    let again = cancel(&bench, &hold).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::InvalidResourceState);
    bench.advance(Duration::days(9));
    assert!(get().is_ok());
    bench.advance(Duration::days(3));
    assert_eq!(get().unwrap_err().kind(), ErrorKind::ResourceNotFound);
}

#[test]
fn a_hold_has_tags_and_is_found_by_them() {
    let bench = Bench::simulated();
    let tags: Tags = pairs(&[("case", "7")]);
    let hold = bench
        .engine()
        .create_legal_hold(&bench.caller, NewHold { tags: tags.clone(), ..request(HoldSelection::default()) })
        .unwrap();
    let arn = &hold.summary.arn;
    assert_eq!(arn.as_str(), format!("arn:aws:backup:us-east-1:123456789012:legal-hold:{}", hold.summary.id));
    bench.engine().tag_resource(&bench.caller, arn, pairs(&[("court", "EU")])).unwrap();
    let listed = walk(1, |page| bench.engine().list_tags(&bench.caller, arn, page));
    assert_eq!(listed, [("case".to_owned(), "7".to_owned()), ("court".to_owned(), "EU".to_owned())]);
}

#[test]
fn a_hold_that_the_catalog_has_lost_comes_back_with_its_vault_before_anything_expires() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = short_lived(&bench, &resource);
    let catalog = bench.path("data/catalog.sqlite");
    bench.stop();
    let older = fs::read(&catalog).unwrap();
    bench.start();
    let hold = create(&bench, HoldSelection::default());
    assert_eq!(files(&bench), [format!("{}.json", hold.summary.id)]);
    bench.stop();

    // Somebody puts the catalog of before the hold in its place.
    fs::write(&catalog, older).unwrap();
    bench.start();
    let back = bench.engine().get_legal_hold(&bench.caller, &hold.summary.id).unwrap();
    assert_eq!(back, hold);
    assert!(delete(&bench, &point).unwrap_err().to_string().contains("legal hold"));
    bench.advance(Duration::days(5));
    assert_eq!(held_by(&bench, &hold), std::slice::from_ref(&point));
    cancel(&bench, &hold).unwrap();
    assert_eq!(files(&bench), Vec::<String>::new());
    bench.restart();
    bench.advance(Duration::days(1));
    assert!(bench.points().is_empty(), "a release is for good");
}

#[test]
fn a_point_that_comes_back_after_its_catalog_was_lost_is_held_from_that_moment() {
    let mut bench = Bench::simulated();
    let catalog = bench.path("data/catalog.sqlite");
    let resource = bench.resource("projects", &[]);
    bench.stop();
    let older = fs::read(&catalog).unwrap();
    bench.start();
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let hold = create(&bench, in_vault(VAULT));
    bench.stop();
    // A catalog that knows neither the point nor the hold.
    fs::write(&catalog, older).unwrap();
    bench.start();
    bench.engine().rescan(None).unwrap();
    assert_eq!(held_by(&bench, &hold), std::slice::from_ref(&point));
    assert!(delete(&bench, &point).unwrap_err().to_string().contains("legal hold"));
}

#[test]
fn what_tells_of_a_hold_in_a_vault_is_written_again_when_it_is_gone() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    bench.backup(&resource);
    let hold = create(&bench, HoldSelection::default());
    let expected = [format!("{}.json", hold.summary.id)];
    assert_eq!(files(&bench), expected);
    let folder = bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}/vaultdeck/holds"));
    bench.stop();
    fs::remove_dir_all(folder).unwrap();
    bench.start();
    assert_eq!(files(&bench), expected);
}

#[test]
fn a_hold_that_an_older_catalog_does_not_know_holds_also_when_its_folder_comes_back_after_the_start() {
    let mut bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let point = bench.backup(&resource).recovery_point_arn.unwrap();
    let catalog = bench.path("data/catalog.sqlite");
    bench.stop();
    let older = fs::read(&catalog).unwrap();
    bench.start();
    let hold = create(&bench, HoldSelection::default());
    let (folder, away) = (bench.path(&format!("data/vaults/123456789012/us-east-1/{VAULT}")), bench.path("away"));
    let without_folder = |bench: &mut Bench| {
        bench.stop();
        fs::write(&catalog, &older).unwrap();
        fs::rename(&folder, &away).unwrap();
        bench.start();
        assert!(bench.engine().get_legal_hold(&bench.caller, &hold.summary.id).is_err(), "nothing tells of it");
        fs::rename(&away, &folder).unwrap();
    };
    without_folder(&mut bench);
    assert!(delete(&bench, &point).unwrap_err().to_string().contains("legal hold"), "asked before it is deleted");
    assert_eq!(held_by(&bench, &hold), std::slice::from_ref(&point));

    without_folder(&mut bench);
    bench.advance(Duration::days(2));
    assert_eq!(held_by(&bench, &hold), std::slice::from_ref(&point), "the upkeep looks for it too");

    fs::write(folder.join("vaultdeck/holds/0000.json"), b"{}").unwrap();
    cancel(&bench, &hold).unwrap();
    let refused = delete(&bench, &point).unwrap_err().to_string();
    assert!(refused.contains("It cannot be told what legal holds"), "{refused}");
    fs::remove_file(folder.join("vaultdeck/holds/0000.json")).unwrap();
    delete(&bench, &point).unwrap();
}

#[test]
fn what_is_released_after_a_jump_of_the_clock_in_which_it_fell_due_stays_until_there_is_a_newer_one() {
    let bench = Bench::on_fake_clocks();
    let resource = bench.resource("projects", &[]);
    let point = short_lived(&bench, &resource);
    let hold = create(&bench, HoldSelection::default());
    bench.clocks().set_wall(Duration::days(10));
    bench.engine().settle_now().unwrap();
    let pass = |hours: usize| {
        for _ in 0..hours {
            bench.clocks().pass(Duration::minutes(61));
            bench.engine().settle_now().unwrap();
        }
    };
    pass(1);
    cancel(&bench, &hold).unwrap();
    pass(30);
    assert_eq!(arns(&bench.points()), BTreeSet::from([point.clone()]), "nobody said that its days are over");
    bench.backup(&resource);
    pass(1);
    assert!(!arns(&bench.points()).contains(&point));
}
