//! The feed of events: what happened is told once, in order, and nothing else is.

use crate::bench::{Bench, VAULT, rule};
use crate::harness::{Harness, MEMBER, caller, management, member};
use chrono::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use vaultdeck::domain::event::Event;
use vaultdeck::domain::policy::Template;
use vaultdeck::domain::{Lifecycle, Tags};
use vaultdeck::engine::{Caller, Engine, Error, ErrorKind, EventsRequest, NewVault};

fn ask(engine: &Engine, caller: &Caller, request: &EventsRequest) -> Result<Vec<Event>, Error> {
    Ok(engine.events(caller, request, || true)?.events)
}

fn after(after: u64) -> EventsRequest {
    EventsRequest { after: Some(after), limit: Some(1000), ..EventsRequest::default() }
}

/// All events of the feed, in pages of seven.
fn all(engine: &Engine, caller: &Caller) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut request = EventsRequest { limit: Some(7), ..EventsRequest::default() };
    loop {
        let page = engine.events(caller, &request, || true).unwrap();
        if page.events.is_empty() {
            return events;
        }
        assert!(page.events.iter().all(|event| Some(event.position) > request.after));
        request.after = Some(page.next);
        events.extend(page.events);
    }
}

/// Kind and state of events.
fn told(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| format!("{} {}", event.detail_type.as_str().replace(" State Change", ""), event.state()))
        .collect()
}

fn last(engine: &Engine, caller: &Caller) -> u64 {
    all(engine, caller).last().map_or(0, |event| event.position)
}

#[test]
fn a_job_is_told_from_its_creation_to_its_point_and_the_point_to_its_end() {
    let bench = Bench::simulated();
    let resource = bench.resource("files", &[]);
    let before = last(bench.engine(), &bench.caller);
    let job = bench.backup(&resource);
    let events = ask(bench.engine(), &bench.caller, &after(before)).unwrap();
    assert_eq!(
        told(&events),
        [
            "Backup Job CREATED",
            "Recovery Point CREATING",
            "Backup Job RUNNING",
            "Backup Job COMPLETED",
            "Recovery Point COMPLETED",
        ]
    );
    let point = job.recovery_point_arn.unwrap();
    assert_eq!(events[3].resources, [point.to_string()]);
    assert_eq!(events[3].text("backupJobId"), Some(job.id.as_str()));
    assert_eq!(events[4].text("backupVaultName"), Some(VAULT));

    let before = last(bench.engine(), &bench.caller);
    let restored = bench.restore(&point, &[]);
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &point).unwrap();
    let events = ask(bench.engine(), &bench.caller, &after(before)).unwrap();
    let expected = ["Restore Job PENDING", "Restore Job RUNNING", "Restore Job COMPLETED", "Recovery Point DELETING"];
    assert_eq!(told(&events), expected);
    assert_eq!(events[2].text("createdResourceArn"), restored.created_resource_arn.as_ref().map(|arn| arn.as_str()));
}

#[test]
fn a_plans_jobs_and_the_expiry_of_their_points_are_told_in_engine_time() {
    let bench = Bench::simulated();
    bench.resource("files", &[("backup", "yes")]);
    let plan = bench.plan(vec![rule("daily", "cron(0 5 * * ? *)", Some(1))]);
    bench.advance(Duration::days(3));
    let events = all(bench.engine(), &bench.caller);
    let of = |what: &str| events.iter().filter(|event| told(std::slice::from_ref(event)) == [what]).collect::<Vec<_>>();
    let done = of("Backup Job COMPLETED");
    assert_eq!(done.len(), 3);
    let by = &done[0].detail["createdBy"];
    assert_eq!(
        (by["backupPlanId"].as_str(), by["backupPlanRuleId"].as_str().is_some()),
        (Some(plan.id.as_str()), true)
    );
    let deleting = of("Recovery Point DELETING");
    assert!(!deleting.is_empty(), "{:?}", told(&events));
    let lived = deleting[0].time - done[0].time;
    assert!(lived >= Duration::days(1) && lived <= Duration::hours(24 + 9), "{lived}");
}

#[test]
fn plans_vaults_and_settings_are_told_when_they_change_and_refused_changes_never() {
    let (harness, caller) = (Harness::new(), management());
    let engine = &harness.engine;
    let before = last(engine, &caller);
    engine.create_vault(&caller, &"vault".parse().unwrap(), NewVault::default()).unwrap();
    engine.put_vault_access_policy(&caller, "vault", &Template::DenyDeletes.text()).unwrap();
    engine.delete_vault_access_policy(&caller, "vault").unwrap();
    engine.delete_vault_access_policy(&caller, "vault").unwrap();
    let plan = engine.create_plan(&caller, crate::harness::plan("p", &["r"]), Tags::new(), None).unwrap();
    let plan = engine.update_plan(&caller, &plan.id, crate::harness::plan("p", &["r", "s"])).unwrap();
    engine.delete_plan(&caller, &plan.id).unwrap();
    let off = BTreeMap::from([("EFS".to_owned(), false), ("S3".to_owned(), true)]);
    engine.update_region_settings(&caller, off.clone(), BTreeMap::new()).unwrap();
    engine.update_region_settings(&caller, off, BTreeMap::new()).unwrap();
    engine.delete_vault(&caller, "vault").unwrap();

    let refused = [
        engine.create_vault(&caller, &"Default".parse().unwrap(), NewVault::default()).err(),
        engine.delete_vault(&caller, "Default").err(),
        engine.delete_plan(&caller, &plan.id).err(),
    ];
    assert!(refused.iter().all(Option::is_some));

    let events = ask(engine, &caller, &after(before)).unwrap();
    assert_eq!(
        told(&events),
        [
            "Backup Vault CREATED",
            "Backup Vault MODIFIED",
            "Backup Vault MODIFIED",
            "Backup Plan CREATED",
            "Backup Plan MODIFIED",
            "Backup Plan DELETED",
            "Region Setting MODIFIED",
            "Backup Vault DELETED",
        ]
    );
    assert_eq!(events[4].text("versionId"), Some(plan.version_id.as_str()));
    let changed = &events[6].detail["ResourceTypeOptInPreference"];
    assert_eq!(changed, &serde_json::json!({ "EFS": false }), "only what changed");
}

#[test]
fn an_account_sees_its_own_region_and_the_management_account_everything() {
    let harness = Harness::with_member();
    let engine = &harness.engine;
    for (who, name) in [(management(), "ours"), (member(), "mine"), (caller(MEMBER, "eu-west-1"), "far")] {
        engine.create_vault(&who, &name.parse().unwrap(), NewVault::default()).unwrap();
    }
    let vaults = |who: &Caller, request: &EventsRequest| -> Vec<String> {
        let events = ask(engine, who, request).unwrap();
        let names = events.iter().filter_map(|event| event.text("backupVaultName"));
        names.filter(|name| *name != "Default").map(str::to_owned).collect()
    };
    let everything = EventsRequest::default();
    assert_eq!(vaults(&management(), &everything), ["ours", "mine", "far"]);
    assert_eq!(vaults(&member(), &everything), ["mine"]);
    let of = |account: Option<&str>, region: Option<&str>| EventsRequest {
        account: account.map(|id| id.parse().unwrap()),
        region: region.map(|name| name.parse().unwrap()),
        ..EventsRequest::default()
    };
    assert_eq!(vaults(&management(), &of(Some(MEMBER), None)), ["mine", "far"]);
    assert_eq!(vaults(&management(), &of(None, Some("eu-west-1"))), ["far"]);
    for foreign in [of(Some(crate::harness::MANAGEMENT), None), of(None, Some("eu-west-1"))] {
        assert_eq!(ask(engine, &member(), &foreign).unwrap_err().kind(), ErrorKind::AccessDenied);
    }
}

#[test]
fn an_event_has_the_same_id_and_place_whenever_it_is_read() {
    let mut bench = Bench::simulated();
    bench.backup(&bench.resource("files", &[]));
    let first = all(bench.engine(), &bench.caller);
    bench.restart();
    let again = all(bench.engine(), &bench.caller);
    assert_eq!(first, again[..first.len()]);
    let ids: std::collections::BTreeSet<&str> = again.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids.len(), again.len());
}

#[test]
fn what_is_older_than_thirty_days_is_forgotten_and_who_asks_for_it_is_told() {
    let bench = Bench::simulated();
    bench.backup(&bench.resource("files", &[]));
    let old = all(bench.engine(), &bench.caller);
    bench.advance(Duration::days(20));
    assert_eq!(all(bench.engine(), &bench.caller), old);
    bench.advance(Duration::days(12));

    let kept = all(bench.engine(), &bench.caller);
    assert_eq!(kept, old[old.len() - 1..], "only the newest, so that its position is not given again");
    let error = ask(bench.engine(), &bench.caller, &after(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResourceNotFound);
    let oldest = kept[0].position;
    assert!(error.to_string().contains(&format!("up to {} are not kept", oldest - 1)), "{error}");
    assert_eq!(ask(bench.engine(), &bench.caller, &after(oldest - 1)).unwrap(), kept);

    bench.engine().create_vault(&bench.caller, &"new".parse().unwrap(), NewVault::default()).unwrap();
    assert_eq!(ask(bench.engine(), &bench.caller, &after(oldest)).unwrap()[0].position, oldest + 1);
}

#[test]
fn a_position_behind_the_end_and_numbers_out_of_bounds_are_refused_by_name() {
    let (harness, caller) = (Harness::new(), management());
    let end = last(&harness.engine, &caller);
    assert_eq!(ask(&harness.engine, &caller, &after(end)).unwrap(), []);
    let number = |limit, wait| EventsRequest { limit, wait, ..EventsRequest::default() };
    let cases = [
        (after(end + 1), "Invalid after"),
        (number(Some(0), None), "limit"),
        (number(Some(1001), None), "limit"),
        (number(None, Some(21)), "wait"),
        (number(None, Some(-1)), "wait"),
    ];
    for (request, word) in cases {
        let error = ask(&harness.engine, &caller, &request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParameterValue, "{request:?}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn who_waits_is_answered_as_soon_as_something_happens() {
    let (harness, caller) = (Harness::new(), management());
    let request = EventsRequest { wait: Some(20), ..after(last(&harness.engine, &caller)) };
    let begun = Instant::now();
    let waiting = {
        let (engine, caller) = (Arc::clone(&harness.engine), caller.clone());
        std::thread::spawn(move || ask(&engine, &caller, &request).unwrap())
    };
    // Nobody can see from outside that it waits: should it not yet, the test proves less, and never fails.
    std::thread::sleep(std::time::Duration::from_millis(50));
    harness.vault("new");
    assert_eq!(told(&waiting.join().unwrap()), ["Backup Vault CREATED"]);
    assert!(begun.elapsed().as_secs() < 15, "it was answered before its time");
}

#[test]
fn who_waits_lets_go_when_the_engine_stops_or_nobody_wants_to_know() {
    let (harness, caller) = (Harness::new(), management());
    let request = EventsRequest { wait: Some(20), ..after(last(&harness.engine, &caller)) };
    let begun = Instant::now();
    assert!(harness.engine.events(&caller, &request, || false).unwrap().events.is_empty());
    assert!(begun.elapsed().as_secs() < 15);
    let waiting = {
        let engine = Arc::clone(&harness.engine);
        std::thread::spawn(move || ask(&engine, &caller, &request).unwrap())
    };
    assert!(harness.engine.shutdown(std::time::Duration::from_secs(10)));
    assert_eq!(waiting.join().unwrap(), []);
    assert!(begun.elapsed().as_secs() < 15);
}

#[test]
fn a_longer_life_is_in_the_next_event_of_a_point() {
    let bench = Bench::simulated();
    let job = bench.backup(&bench.resource("files", &[]));
    let point = job.recovery_point_arn.unwrap();
    let lifecycle = Lifecycle::delete_after(90);
    bench.engine().update_recovery_point_lifecycle(&bench.caller, VAULT, &point, lifecycle).unwrap();
    bench.engine().delete_recovery_point(&bench.caller, VAULT, &point).unwrap();
    let events = all(bench.engine(), &bench.caller);
    assert_eq!(events.last().unwrap().detail["lifecycle"], serde_json::json!({ "deleteAfterDays": 90 }));
}

#[test]
fn a_move_to_cold_storage_is_told_once_with_where_the_point_lies_now() {
    let bench = Bench::simulated();
    let mut request = bench.backup_request(&bench.resource("files", &[]));
    let days = |cold, delete| Lifecycle {
        move_to_cold_storage_after_days: Some(cold),
        delete_after_days: Some(delete),
        ..Lifecycle::default()
    };
    request.lifecycle = Some(days(10, 100));
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    let point = bench.wait(&job.id).recovery_point_arn.unwrap();
    let before = last(bench.engine(), &bench.caller);
    bench.advance(Duration::days(20));
    let events = ask(bench.engine(), &bench.caller, &after(before)).unwrap();
    assert_eq!(told(&events), ["Recovery Point COMPLETED"]);
    let event = &events[0];
    assert_eq!(event.resources, [point.to_string()]);
    assert_eq!((&event.detail["storageClass"], &event.detail["status"]), (&"COLD".into(), &"COMPLETED".into()));
}

#[test]
fn notifications_that_are_not_there_are_taken_away_without_a_word() {
    let bench = Bench::simulated();
    let (engine, caller) = (bench.engine(), &bench.caller);
    engine
        .put_vault_notifications(
            caller,
            VAULT,
            "arn:aws:sns:us-east-1:123456789012:t",
            &["BACKUP_JOB_FAILED".to_owned()],
        )
        .unwrap();
    let before = last(engine, caller);
    (0..2).for_each(|_| engine.delete_vault_notifications(caller, VAULT).unwrap());
    assert_eq!(told(&ask(engine, caller, &after(before)).unwrap()), ["Backup Vault MODIFIED"]);
}
