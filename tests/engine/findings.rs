//! New findings become events, each once, whoever looks how often and whatever restarts in between.

use crate::bench::Bench;
use vaultdeck::domain::Scope;
use vaultdeck::domain::event::{DetailType, Event};
use vaultdeck::domain::finding::{Finding, FindingKind, Severity, Subject};
use vaultdeck::engine::EventsRequest;
use vaultdeck::engine::findings::Seen;
use vaultdeck::engine::notifications::target::Pattern;

fn finding(bench: &Bench, name: &str) -> Finding {
    let arn = format!("arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/{name}");
    Finding {
        severity: Severity::Warning,
        kind: FindingKind::Unprotected,
        scope: bench.caller.scope(),
        subject: Subject::Resource(arn.parse().unwrap()),
        at: "2026-11-23T05:00:00Z".parse().unwrap(),
        title: format!("No plan selects it: {name}"),
        detail: "why".to_owned(),
        recovered: false,
        identity: arn,
        occasion: None,
    }
}

/// Somebody has looked at all of it, and this speaks.
fn note(bench: &Bench, speaking: &[&Finding]) -> usize {
    note_seen(bench, speaking, &[], Some(&[]))
}

fn note_seen(bench: &Bench, speaking: &[&Finding], muted: &[&Finding], unread: Option<&[Scope]>) -> usize {
    bench.engine().note_findings(&Seen { speaking, muted, unread }).unwrap()
}

fn told(bench: &Bench) -> Vec<Event> {
    let page = bench.engine().events(&bench.caller, &EventsRequest::default(), || true).unwrap();
    page.events.into_iter().filter(|event| event.detail_type == DetailType::Finding).collect()
}

#[test]
fn a_finding_is_one_event_however_often_it_is_found_and_another_when_it_comes_back() {
    let mut bench = Bench::simulated();
    let (one, two) = (finding(&bench, "one"), finding(&bench, "two"));
    assert_eq!(note(&bench, &[&one]), 1);
    assert_eq!(note(&bench, &[&one, &two]), 1);
    bench.restart();
    assert_eq!(note(&bench, &[&one, &two]), 0);
    let titles: Vec<String> = told(&bench).iter().map(|event| event.subject().to_owned()).collect();
    assert_eq!(titles, ["No plan selects it: one", "No plan selects it: two"]);
    assert_eq!(note(&bench, &[&two]), 0, "one is over");
    assert_eq!(note(&bench, &[&one, &two]), 1);
    let event = told(&bench).pop().unwrap();
    assert_eq!((event.source.as_str(), event.state()), ("vaultdeck", "WARNING"));
    assert_eq!(event.text("kind"), Some("unprotected"));
    assert_eq!(event.text("key"), Some(one.key().as_str()));
    assert_eq!(event.resources, [one.subject.as_str()]);
}

#[test]
fn nothing_is_written_where_nothing_is_new() {
    let bench = Bench::simulated();
    let one = finding(&bench, "one");
    note(&bench, &[&one]);
    let before = bench.engine().commits();
    note(&bench, &[&one]);
    assert_eq!(bench.engine().commits(), before);
}

#[test]
fn what_is_muted_is_told_once_it_speaks_and_what_was_told_is_not_told_again_for_being_muted_meanwhile() {
    let bench = Bench::simulated();
    let one = finding(&bench, "one");
    assert_eq!(note_seen(&bench, &[], &[&one], Some(&[])), 0);
    assert_eq!(note(&bench, &[&one]), 1);
    assert_eq!(note_seen(&bench, &[], &[&one], Some(&[])), 0);
    assert_eq!(note(&bench, &[&one]), 0);
}

#[test]
fn of_a_place_that_did_not_answer_nothing_is_over() {
    let bench = Bench::simulated();
    let one = finding(&bench, "one");
    note(&bench, &[&one]);
    assert_eq!(note_seen(&bench, &[], &[], Some(&[bench.caller.scope()])), 0);
    assert_eq!(note_seen(&bench, &[], &[], None), 0);
    assert_eq!(note(&bench, &[&one]), 0, "it was there all along");
}

#[test]
fn what_was_found_in_a_place_that_is_not_there_any_more_is_over() {
    let bench = Bench::simulated();
    let left = Scope { region: "eu-central-1".parse().unwrap(), ..bench.caller.scope() };
    let one = Finding { scope: left, ..finding(&bench, "one") };
    note(&bench, &[&one]);
    assert_eq!(note(&bench, &[]), 0, "nobody told of that place, and nobody failed to");
    assert_eq!(note(&bench, &[&one]), 1);
}

#[test]
fn another_rule_that_fails_and_another_restore_are_news_while_older_ones_are_open() {
    let bench = Bench::simulated();
    let of = |occasion: &str| Finding { occasion: Some(occasion.to_owned()), ..finding(&bench, "one") };
    let (nightly, weekly) = (of("nightly"), of("weekly"));
    assert_eq!(nightly.key(), weekly.key(), "muted together");
    assert_eq!(note(&bench, &[&nightly]), 1);
    assert_eq!(note(&bench, &[&nightly, &nightly, &weekly]), 1);
    assert_eq!(note(&bench, &[&weekly]), 0, "the first is over");
    assert_eq!(note(&bench, &[&nightly, &weekly]), 1);
    let keys: Vec<String> = told(&bench).iter().filter_map(|event| event.text("key").map(str::to_owned)).collect();
    assert_eq!(keys, [nightly.telling_key(), weekly.telling_key(), nightly.telling_key()]);
}

#[test]
fn who_takes_all_events_takes_no_findings_and_who_names_them_takes_them() {
    let bench = Bench::simulated();
    note(&bench, &[&finding(&bench, "one")]);
    let event = told(&bench).pop().unwrap();
    assert!(!Pattern::default().takes(&event));
    let named = |states: &[&str]| Pattern {
        detail_types: vec![DetailType::Finding],
        states: states.iter().map(|state| (*state).to_owned()).collect(),
        vaults: Vec::new(),
    };
    assert!(named(&[]).takes(&event) && named(&["WARNING"]).takes(&event) && !named(&["CRITICAL"]).takes(&event));
}
