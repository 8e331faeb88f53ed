//! Notifications: who is told what, in which order, and what becomes of it when a target is dead or the engine ends.

use crate::bench::{Bench, VAULT};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vaultdeck::domain::event::DetailType;
use vaultdeck::engine::notifications::target::{Letter, Pattern, Takes, Target};
use vaultdeck::engine::{EventsRequest, NewVault};

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:backups";

/// What a target was told, and whether it takes anything now.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<(Vec<String>, bool)>>);

impl Told {
    fn set_dead(&self, dead: bool) {
        self.0.lock().1 = dead;
    }

    fn letters(&self) -> Vec<String> {
        self.0.lock().0.clone()
    }

    fn target(&self, name: &str, takes: Takes) -> Target {
        let this = self.clone();
        let send = Box::new(move |letter: &Letter<'_>| {
            let mut inner = this.0.lock();
            if inner.1 {
                return Err("nobody is there".to_owned());
            }
            inner.0.push(match letter {
                Letter::Event(event) => format!("{} {}", event.position, event.state()),
                Letter::Topic(topic, message) => format!("{topic} {}", message.text),
            });
            Ok(())
        });
        Target { name: name.to_owned(), takes, send }
    }

    /// Waits until something is so of what was told.
    fn until(&self, what: &str, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let letters = self.letters();
            if is_so(&letters) {
                return letters;
            }
            assert!(begun.elapsed().as_secs() < 30, "{what}: {letters:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn put(bench: &Bench, events: &[&str]) {
    let events: Vec<String> = events.iter().map(|text| (*text).to_owned()).collect();
    bench.engine().put_vault_notifications(&bench.caller, VAULT, TOPIC, &events).unwrap();
}

/// Waits until so many events wait for the only target.
fn until_waiting(bench: &Bench, count: u64) {
    let begun = Instant::now();
    while bench.engine().status().unwrap().deliveries[0].waiting < count {
        assert!(begun.elapsed().as_secs() < 30, "nothing waits");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn states(states: &[&str]) -> Takes {
    Takes::Events(Pattern {
        detail_types: vec![DetailType::BackupJob],
        states: states.iter().map(|state| (*state).to_owned()).collect(),
        vaults: Vec::new(),
    })
}

#[test]
fn a_vault_tells_its_topic_what_was_asked_for_in_order_and_no_other_vaults_events() {
    let bench = Bench::simulated();
    let resource = bench.resource("files", &[]);
    bench.backup(&resource);
    let told = Told::default();
    bench.engine().start_deliveries(vec![told.target("topics", Takes::Topics)]).unwrap();
    put(&bench, &["BACKUP_JOB_STARTED", "BACKUP_JOB_COMPLETED"]);
    let other = "other-vault".parse().unwrap();
    bench.engine().create_vault(&bench.caller, &other, NewVault::default()).unwrap();
    let mut elsewhere = bench.backup_request(&resource);
    elsewhere.vault_name = other.to_string();
    let foreign = bench.engine().start_backup_job(&bench.caller, elsewhere).unwrap();
    bench.wait(&foreign.id);

    let jobs: Vec<String> = (0..5).map(|_| bench.backup(&resource).id.to_string()).collect();
    let letters = told.until("ten messages", |letters| letters.len() >= 10);
    let expected: Vec<String> =
        jobs.iter().flat_map(|id| [format!("started|{id}"), format!("completed|{id}")]).collect();
    let short = |letter: &String| {
        let what = if letter.contains("was started") { "started" } else { "completed" };
        format!("{what}|{}", letter.rsplit(' ').next().unwrap())
    };
    assert_eq!(letters.iter().map(short).collect::<Vec<_>>(), expected);
    assert!(letters.iter().all(|letter| letter.starts_with(TOPIC)));
}

#[test]
fn a_dead_target_holds_up_nobody_and_is_told_everything_in_order_once_it_lives() {
    let bench = Bench::simulated();
    let (dead, living) = (Told::default(), Told::default());
    dead.set_dead(true);
    let targets = vec![dead.target("dead", states(&["COMPLETED"])), living.target("living", states(&["COMPLETED"]))];
    bench.engine().start_deliveries(targets).unwrap();
    let resource = bench.resource("files", &[]);
    (0..25).for_each(|_| drop(bench.backup(&resource)));
    let delivered = living.until("the living one is told", |letters| letters.len() == 25);

    let begun = Instant::now();
    while bench.engine().health().problems.iter().all(|problem| problem.code != "NotificationsUndelivered") {
        assert!(begun.elapsed().as_secs() < 30, "health does not tell");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(bench.engine().health().healthy, "it is a warning: backups go on");
    let status = bench.engine().status().unwrap().deliveries;
    let of = |name: &str| status.iter().find(|status| status.target == name).unwrap();
    assert_eq!((of("dead").waiting, of("dead").last_error.as_deref()), (25, Some("nobody is there")));
    assert!(of("dead").oldest.is_some());
    assert_eq!((of("living").waiting, of("living").failures), (0, 0));

    dead.set_dead(false);
    assert_eq!(dead.until("the dead one is told", |letters| letters.len() >= 25), delivered);
    let problems = bench.engine().health().problems;
    assert!(problems.iter().all(|problem| problem.code != "NotificationsUndelivered"), "{problems:?}");
}

#[test]
fn what_was_not_delivered_when_the_engine_ended_is_delivered_by_the_next_one() {
    let mut bench = Bench::simulated();
    let told = Told::default();
    told.set_dead(true);
    bench.engine().start_deliveries(vec![told.target("hook", states(&["COMPLETED"]))]).unwrap();
    let resource = bench.resource("files", &[]);
    (0..3).for_each(|_| drop(bench.backup(&resource)));
    bench.stop();
    bench.start();
    // What happens before the targets are told of is not missed either.
    bench.backup(&resource);
    told.set_dead(false);
    bench.engine().start_deliveries(vec![told.target("hook", states(&["COMPLETED"]))]).unwrap();
    let letters = told.until("all four are told", |letters| letters.len() >= 4);
    let once: BTreeSet<&String> = letters.iter().collect();
    assert_eq!((letters.len(), once.len()), (4, 4), "{letters:?}");
}

#[test]
fn who_takes_notifications_away_is_not_told_what_waited() {
    let bench = Bench::simulated();
    let told = Told::default();
    told.set_dead(true);
    bench.engine().start_deliveries(vec![told.target("topics", Takes::Topics)]).unwrap();
    put(&bench, &["BACKUP_JOB_COMPLETED"]);
    let resource = bench.resource("files", &[]);
    bench.backup(&resource);
    until_waiting(&bench, 1);
    bench.engine().delete_vault_notifications(&bench.caller, VAULT).unwrap();
    assert_eq!(bench.engine().status().unwrap().deliveries[0].waiting, 0);
    told.set_dead(false);
    put(&bench, &["BACKUP_JOB_COMPLETED"]);
    let second = bench.backup(&resource);
    let letters = told.until("only the second", |letters| !letters.is_empty());
    assert!(letters.iter().all(|letter| letter.contains(second.id.as_str())), "{letters:?}");
}

#[test]
fn what_somebody_waits_for_outlives_its_days() {
    let bench = Bench::simulated();
    let told = Told::default();
    told.set_dead(true);
    bench.engine().start_deliveries(vec![told.target("hook", states(&["COMPLETED"]))]).unwrap();
    bench.backup(&bench.resource("files", &[]));
    until_waiting(&bench, 1);
    bench.advance(chrono::Duration::days(40));
    let kept = bench.engine().events(&bench.caller, &EventsRequest::default(), || true).unwrap().events;
    assert!(kept.iter().any(|event| event.detail_type == DetailType::BackupJob && event.state() == "COMPLETED"));
    told.set_dead(false);
    told.until("it is told after all", |letters| letters.len() == 1);
}

#[test]
fn vaults_that_notify_where_the_config_names_no_way_to_sns_are_told_of() {
    let bench = Bench::simulated();
    bench.engine().start_deliveries(Vec::new()).unwrap();
    let told = || bench.engine().health().problems.iter().any(|problem| problem.code == "NotificationsWithoutTopics");
    assert!(!told());
    put(&bench, &["BACKUP_JOB_FAILED"]);
    assert!(told());
    bench.engine().delete_vault_notifications(&bench.caller, VAULT).unwrap();
    assert!(!told());
}

#[test]
fn what_nobody_has_looked_at_yet_outlives_its_days_before_the_targets_are_told() {
    let mut bench = Bench::simulated();
    let told = Told::default();
    bench.engine().start_deliveries(vec![told.target("hook", states(&["COMPLETED"]))]).unwrap();
    bench.stop();
    bench.start();
    let resource = bench.resource("files", &[]);
    (0..3).for_each(|_| drop(bench.backup(&resource)));
    bench.advance(chrono::Duration::days(40));
    bench.engine().start_deliveries(vec![told.target("hook", states(&["COMPLETED"]))]).unwrap();
    told.until("all three are told", |letters| letters.len() == 3);
}

#[test]
fn a_vault_that_is_made_again_tells_its_topic_nothing_of_the_one_before() {
    let bench = Bench::simulated();
    let told = Told::default();
    told.set_dead(true);
    bench.engine().start_deliveries(vec![told.target("topics", Takes::Topics)]).unwrap();
    let name = "short-lived".parse().unwrap();
    let resource = bench.resource("files", &[]);
    let (engine, caller) = (bench.engine(), &bench.caller);
    let backup = || {
        engine.create_vault(caller, &name, NewVault::default()).unwrap();
        let events = ["BACKUP_JOB_COMPLETED".to_owned()];
        engine.put_vault_notifications(caller, name.as_str(), TOPIC, &events).unwrap();
        let mut request = bench.backup_request(&resource);
        request.vault_name = name.to_string();
        let id = engine.start_backup_job(caller, request).unwrap().id;
        bench.wait(&id)
    };
    let first = backup();
    until_waiting(&bench, 1);
    engine.delete_recovery_point(caller, name.as_str(), &first.recovery_point_arn.unwrap()).unwrap();
    engine.delete_vault(caller, name.as_str()).unwrap();
    let second = backup();
    told.set_dead(false);
    let letters = told.until("only the second", |letters| !letters.is_empty());
    assert!(letters.iter().all(|letter| letter.contains(second.id.as_str())), "{letters:?}");
}

#[test]
fn a_topic_that_is_put_while_another_is_told_gets_nothing_that_was_for_that() {
    const OTHER: &str = "arn:aws:sns:us-east-1:123456789012:other";
    let bench = Bench::simulated();
    let told = Told::default();
    told.set_dead(true);
    let mut target = told.target("topics", Takes::Topics);
    let (engine, caller) = (Arc::downgrade(bench.engine()), bench.caller.clone());
    let deliver = target.send;
    target.send = Box::new(move |letter| {
        deliver(letter)?;
        let engine = engine.upgrade().ok_or("the engine is gone")?;
        if matches!(letter, Letter::Topic(topic, _) if topic.as_str() == TOPIC) {
            engine.delete_vault_notifications(&caller, VAULT).unwrap();
            engine.put_vault_notifications(&caller, VAULT, OTHER, &["BACKUP_JOB_COMPLETED".to_owned()]).unwrap();
        }
        Ok(())
    });
    bench.engine().start_deliveries(vec![target]).unwrap();
    put(&bench, &["BACKUP_JOB_COMPLETED"]);
    let resource = bench.resource("files", &[]);
    let jobs = [bench.backup(&resource), bench.backup(&resource)];
    until_waiting(&bench, 2);
    told.set_dead(false);
    let begun = Instant::now();
    // Between the one and the other there is none.
    let is_other =
        || bench.engine().vault_notifications(&bench.caller, VAULT).is_ok_and(|(_, told)| told.topic.as_str() == OTHER);
    while !is_other() {
        assert!(begun.elapsed().as_secs() < 30, "the first is not told");
        std::thread::sleep(Duration::from_millis(5));
    }
    let third = bench.backup(&resource);
    let letters =
        told.until("the third is told", |letters| letters.iter().any(|told| told.contains(third.id.as_str())));
    let expected = [(TOPIC, &jobs[0].id), (OTHER, &third.id)];
    assert_eq!(letters.len(), expected.len(), "{letters:?}");
    for (letter, (topic, id)) in letters.iter().zip(expected) {
        assert!(letter.starts_with(&format!("{topic} ")) && letter.contains(id.as_str()), "{letters:?}");
    }
}

#[test]
fn failures_between_which_something_was_taken_are_not_in_a_row() {
    let bench = Bench::simulated();
    let engine = Arc::downgrade(bench.engine());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::clone(&seen);
    // Every second letter is refused. What is told of the failures so far is read before each.
    let send = Box::new(move |_: &Letter<'_>| {
        let engine = engine.upgrade().ok_or("the engine is gone")?;
        let mut calls = calls.lock();
        calls.push(engine.status().map_err(|error| error.to_string())?.deliveries[0].failures);
        if calls.len().is_multiple_of(2) { Err("not now".to_owned()) } else { Ok(()) }
    });
    let target = Target { name: "hook".to_owned(), takes: states(&["COMPLETED"]), send };
    let resource = bench.resource("files", &[]);
    bench.engine().start_deliveries(vec![target]).unwrap();
    (0..4).for_each(|_| drop(bench.backup(&resource)));
    let begun = Instant::now();
    while seen.lock().len() < 7 {
        assert!(begun.elapsed().as_secs() < 60);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(seen.lock().iter().all(|failures| *failures <= 1), "{:?}", seen.lock());
}
