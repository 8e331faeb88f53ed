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
    let begun = Instant::now();
    while bench.engine().status().unwrap().deliveries[0].waiting == 0 {
        assert!(begun.elapsed().as_secs() < 30);
        std::thread::sleep(Duration::from_millis(5));
    }
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
    let begun = Instant::now();
    while bench.engine().status().unwrap().deliveries[0].waiting == 0 {
        assert!(begun.elapsed().as_secs() < 30);
        std::thread::sleep(Duration::from_millis(5));
    }
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
