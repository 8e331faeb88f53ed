//! The fetcher against a scripted service, on paused time: what is asked when, and what is told.

use super::*;
use crate::client::Query;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use std::collections::VecDeque;

/// A service that answers by script, after a delay, and remembers when it was asked what.
struct Script {
    delay: Duration,
    start: Instant,
    calls: Mutex<Vec<(Key, f64, bool)>>,
    answers: Mutex<VecDeque<Result<Answer, Fault>>>,
    at_once: Mutex<(usize, usize)>,
}

impl Script {
    fn new(delay: Duration) -> Arc<Self> {
        Arc::new(Self {
            delay,
            start: Instant::now(),
            calls: Mutex::default(),
            answers: Mutex::default(),
            at_once: Mutex::default(),
        })
    }

    fn then(&self, answer: Result<Answer, Fault>) {
        self.answers.lock().push_back(answer);
    }

    /// The seconds at which `key` was asked.
    fn asked(&self, key: &Key) -> Vec<f64> {
        self.calls.lock().iter().filter(|call| call.0 == *key).map(|call| call.1).collect()
    }

    /// Whether each call of `key` asked for changes only.
    fn changes(&self, key: &Key) -> Vec<bool> {
        self.calls.lock().iter().filter(|call| call.0 == *key).map(|call| call.2).collect()
    }
}

impl Asker for Script {
    fn ask(self: Arc<Self>, question: Question) -> BoxFuture<'static, Result<Answer, Fault>> {
        let at = self.start.elapsed().as_secs_f64();
        self.calls.lock().push((question.key.clone(), at, !question.whole));
        Box::pin(async move {
            {
                let mut at_once = self.at_once.lock();
                at_once.0 += 1;
                at_once.1 = at_once.1.max(at_once.0);
            }
            tokio::time::sleep(self.delay).await;
            self.at_once.lock().0 -= 1;
            let scripted = self.answers.lock().pop_front();
            scripted.unwrap_or_else(|| Ok(Answer::Vaults(crate::client::query::rows([]))))
        })
    }
}

struct Desk {
    script: Arc<Script>,
    fetcher: Fetcher,
    events: mpsc::UnboundedReceiver<Event>,
    capabilities: watch::Sender<Capabilities>,
}

fn desk(engine: bool, delay: Duration) -> Desk {
    let script = Script::new(delay);
    let engine = engine.then(|| "1.0.0".to_owned());
    let capabilities = watch::Sender::new(Capabilities { engine, ..Capabilities::default() });
    let (sender, events) = mpsc::unbounded_channel();
    let fetcher = Fetcher::with(script.clone(), capabilities.subscribe(), sender, 42);
    Desk { script, fetcher, events, capabilities }
}

impl Desk {
    async fn pass(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }

    /// The replies so far.
    fn replies(&mut self) -> Vec<Reply> {
        let mut replies = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if let Event::Answered(reply) = event {
                replies.push(reply);
            }
        }
        replies
    }
}

fn vaults() -> Key {
    let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    Key::scoped(scope, Query::Vaults)
}

fn throttled() -> Fault {
    Fault::new(FaultKind::Throttled, "slow down")
}

const CALL: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn a_wanted_key_is_asked_at_once_and_again_when_its_answer_is_old() {
    let mut desk = desk(true, CALL);
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(40.0).await;
    let asked = desk.script.asked(&vaults());
    assert_eq!(asked.iter().map(|at| at.round()).collect::<Vec<_>>(), [0.0, 15.0, 30.0]);
    let replies = desk.replies();
    assert_eq!(replies.len(), 3);
    assert!(replies.windows(2).all(|pair| pair[0].generation < pair[1].generation));
}

#[tokio::test(start_paused = true)]
async fn wanting_twice_asks_once() {
    let desk = desk(true, CALL);
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(1.0).await;
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(1.0).await;
    assert_eq!(desk.script.asked(&vaults()).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hidden_key_is_asked_four_times_less_often_and_at_once_when_shown_again() {
    let desk = desk(true, CALL);
    desk.fetcher.want(vaults(), Visibility::Hidden);
    desk.pass(50.0).await;
    assert_eq!(desk.script.asked(&vaults()).len(), 1);
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(1.0).await;
    assert_eq!(desk.script.asked(&vaults()).len(), 2, "its answer is older than a shown one may be");
}

#[tokio::test(start_paused = true)]
async fn one_call_is_in_flight_and_one_waits_however_often_it_is_refreshed() {
    let desk = desk(true, Duration::from_secs(1));
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(0.5).await;
    for _ in 0..10 {
        desk.fetcher.refresh(vaults());
    }
    desk.pass(5.0).await;
    assert_eq!(desk.script.asked(&vaults()).len(), 2);
    assert_eq!(desk.script.at_once.lock().1, 1);
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_for_ever_and_never_later_than_the_cap() {
    let mut desk = desk(true, CALL);
    for _ in 0..200 {
        desk.script.then(Err(throttled()));
    }
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(1800.0).await;
    let asked = desk.script.asked(&vaults());
    assert!(asked.len() > 30, "asked {} times in half an hour", asked.len());
    for pair in asked.windows(2) {
        assert!(pair[1] - pair[0] <= 60.5, "{} s between two tries", pair[1] - pair[0]);
    }
    assert!(desk.replies().iter().all(|reply| reply.result.is_err() && reply.next_try.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_success_ends_backing_off() {
    let desk = desk(true, CALL);
    for _ in 0..6 {
        desk.script.then(Err(throttled()));
    }
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(600.0).await;
    let asked = desk.script.asked(&vaults());
    let last = asked[asked.len() - 1] - asked[asked.len() - 2];
    assert!((15.0..15.5).contains(&last), "{last} s between the last two");
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_neither_asked_nor_answered() {
    let mut desk = desk(true, Duration::from_secs(1));
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(0.5).await;
    desk.fetcher.forget(&vaults());
    desk.pass(60.0).await;
    assert_eq!(desk.script.asked(&vaults()).len(), 1);
    assert_eq!(desk.replies(), []);
}

#[tokio::test(start_paused = true)]
async fn wanted_anew_after_forgetting_the_generation_still_grows() {
    let mut desk = desk(true, CALL);
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(1.0).await;
    let first = desk.replies()[0].generation;
    desk.fetcher.forget(&vaults());
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(1.0).await;
    assert!(desk.replies()[0].generation > first);
}

#[tokio::test(start_paused = true)]
async fn the_same_answer_is_the_same_allocation() {
    let mut desk = desk(true, CALL);
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(20.0).await;
    let replies = desk.replies();
    let rows: Vec<_> = replies
        .iter()
        .map(|reply| match &reply.result {
            Ok(Answer::Vaults(rows)) => rows.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(Arc::ptr_eq(&rows[0], &rows[1]));
}

#[tokio::test(start_paused = true)]
async fn while_paused_only_a_refresh_asks() {
    let desk = desk(true, CALL);
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(1.0).await;
    desk.fetcher.pause(true);
    desk.pass(100.0).await;
    assert_eq!(desk.script.asked(&vaults()).len(), 1);
    desk.fetcher.refresh(vaults());
    desk.pass(1.0).await;
    assert_eq!(desk.script.asked(&vaults()).len(), 2);
    desk.fetcher.pause(false);
    desk.pass(16.0).await;
    assert_eq!(desk.script.asked(&vaults()).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn changes_are_asked_for_until_it_is_time_for_the_whole_again() {
    let desk = desk(true, CALL);
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(620.0).await;
    let changes = desk.script.changes(&vaults());
    assert!(!changes[0], "the first call reads all");
    assert!(changes[1..30].iter().all(|changes| *changes));
    assert!(changes[30..].iter().any(|changes| !changes), "after ten minutes all is read again");
}

#[tokio::test(start_paused = true)]
async fn on_aws_everything_is_asked_less_often_until_an_engine_shows_itself() {
    let mut desk = desk(false, CALL);
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(100.0).await;
    assert_eq!(desk.script.asked(&vaults()).len(), 1);
    let known = Capabilities { engine: Some("1.0.0".to_owned()), control: false, write: true };
    desk.capabilities.send_replace(known.clone());
    desk.pass(1.0).await;
    let mut told = Vec::new();
    while let Ok(event) = desk.events.try_recv() {
        told.push(event);
    }
    assert!(told.contains(&Event::Capabilities(known)));
    desk.fetcher.refresh(vaults());
    desk.pass(20.0).await;
    assert_eq!(desk.script.asked(&vaults()).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_mutation_refreshes_its_scope_and_no_other() {
    let desk = desk(true, CALL);
    let other = Key::scoped(Scope::new("999999999999".parse().unwrap(), "us-east-1".parse().unwrap()), Query::Vaults);
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.fetcher.want(other.clone(), Visibility::Shown);
    desk.pass(1.0).await;
    desk.fetcher.refresh_scope(vaults().scope.as_ref().unwrap());
    desk.pass(1.0).await;
    assert_eq!(desk.script.asked(&vaults()).len(), 2);
    assert_eq!(desk.script.asked(&other).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_so_many_calls_are_under_way_at_once() {
    let desk = desk(true, Duration::from_secs(1));
    for account in 0..200 {
        let scope = Scope::new(format!("{account:012}").parse().unwrap(), "us-east-1".parse().unwrap());
        desk.fetcher.want(Key::scoped(scope, Query::Vaults), Visibility::Shown);
    }
    desk.pass(10.0).await;
    assert_eq!(desk.script.at_once.lock().1, AT_ONCE);
    assert!(desk.script.calls.lock().len() >= 200);
}

#[tokio::test(start_paused = true)]
async fn what_lost_its_connection_is_asked_again_as_soon_as_anything_answers() {
    let desk = desk(false, CALL);
    let lost = || Err(Fault::new(FaultKind::Network, "connection refused"));
    for _ in 0..12 {
        desk.script.then(lost());
    }
    let plans = Key { query: Query::Plans, ..vaults() };
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.fetcher.want(plans.clone(), Visibility::Shown);
    // Both have failed some times; the script is used up and whoever is asked next gets an answer.
    while desk.script.calls.lock().len() < 13 {
        desk.pass(0.1).await;
    }
    desk.pass(0.5).await;
    let last = |key: &Key| desk.script.asked(key).last().copied().unwrap();
    assert!((last(&vaults()) - last(&plans)).abs() < 0.5, "{} and {}", last(&vaults()), last(&plans));
}

#[tokio::test(start_paused = true)]
async fn an_engine_out_of_reach_is_tried_every_few_seconds() {
    let desk = desk(true, CALL);
    for _ in 0..100 {
        desk.script.then(Err(Fault::new(FaultKind::Network, "connection refused")));
    }
    desk.fetcher.want(vaults(), Visibility::Shown);
    desk.pass(120.0).await;
    let asked = desk.script.asked(&vaults());
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] < 5.5), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_context_can_do_is_told_first() {
    let mut desk = desk(true, CALL);
    desk.fetcher.want(vaults(), Visibility::Shown);
    let Some(Event::Capabilities(capabilities)) = desk.events.recv().await else { panic!("something else came first") };
    assert_eq!(capabilities.engine.as_deref(), Some("1.0.0"));
}
