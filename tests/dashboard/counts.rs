//! CloudWatch's counts stand for the days of an account that AWS's lists do not reach; without them nothing else is another.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture, ago};
use vaultdeck::client::{Event, Fault, FaultKind, Query};
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::metric::JobCounts;
use vaultdeck::tui::msg::Msg;

/// Two months in which every night 11 jobs completed, and 40 nights ago one failed beside.
fn counts() -> JobCounts {
    let hour = |days: i64| ago(2 + 24 * days, 0);
    let nights = (1..60).rev().map(|days| (hour(days), JobState::Completed, 11));
    let mut ended: Vec<_> = nights.collect();
    ended.insert(20, (hour(40), JobState::Failed, 1));
    JobCounts { since: hour(60), ended }
}

fn aws(told: impl Fn() -> Result<JobCounts, Fault>) -> Fixture {
    let mut fixture = fixture::organization();
    fixture.counts = [(fixture::home(), told()), (fixture::staging(), told())].into();
    let home = fixture::home();
    fixture.scopes.retain(|scope| *scope == home || *scope == fixture::staging());
    fixture
}

/// AWS, once it is known to be AWS; the cursor is on the days of accounts.
fn start(fixture: Fixture) -> Driver {
    let start = Start { size: (200, 50), fixture, capabilities: fixture::aws(), embedded: false, ..Start::default() };
    let mut driver = Driver::start(start);
    driver.send(Msg::Data(Box::new(Event::Capabilities(fixture::aws()))));
    driver.answer_all();
    driver.press("tab tab t").sees("Days · 2 accounts");
    driver
}

fn back(driver: &mut Driver, days: usize) -> &mut Driver {
    driver.press(&"left ".repeat(days))
}

#[test]
fn days_that_the_lists_do_not_reach_are_told_by_cloudwatchs_counts() {
    let mut driver = start(aws(|| Ok(counts())));
    assert!(driver.wants().iter().any(|key| key.query == Query::JobCounts));
    back(&mut driver, 40).sees("12 jobs ended, 1 failed, 11 ok, as CloudWatch counts");
    back(&mut driver, 5).sees("11 jobs ended, 11 ok, as CloudWatch counts");
    // Of what is listed, the list is what counts.
    driver.press(&"right ".repeat(40)).sees_no("CloudWatch");
    // Resources are nothing that CloudWatch counts.
    driver.press("t t").sees("resources");
    back(&mut driver, 35).sees("not known: nobody looked then").sees_no("CloudWatch");
}

#[test]
fn where_cloudwatch_tells_nothing_one_word_says_why_and_nothing_else_is_another() {
    let denied = || Err(Fault::new(FaultKind::Denied, "not authorized to perform cloudwatch:GetMetricData"));
    let mut driver = start(aws(denied));
    let mut without = start(aws(|| Ok(JobCounts { since: fixture::now(), ended: Vec::new() })));
    assert_eq!(driver.screen(), without.screen(), "neither a finding nor a mark");
    back(&mut driver, 40).sees("not known: nobody looked then; CloudWatch: access denied");
    back(&mut without, 40).sees("not known: nobody looked then").sees_no("CloudWatch");
}

#[test]
fn an_engine_lists_all_its_jobs_and_is_not_asked() {
    let mut driver = Driver::usual();
    driver.press("tab tab t").sees("Days · 2 accounts");
    assert!(!driver.wants().iter().any(|key| key.query == Query::JobCounts));
}
