//! What this machine remembers of jobs goes on where AWS's lists end: the days, what is usual, since when something fails.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture, ago};
use std::sync::Arc;
use vaultdeck::client::Query;
use vaultdeck::client::history::{News, Past};
use vaultdeck::domain::Scope;
use vaultdeck::domain::day::DayState;
use vaultdeck::domain::job::{BackupJob, JobState};
use vaultdeck::tui::glyph::UNICODE;
use vaultdeck::tui::msg::Msg;

/// The job of a night, so many days ago.
fn night(number: u64, name: &str, state: JobState, days: i64) -> BackupJob {
    let mut job = fixture::job(&fixture::home(), number, name, state, ago(2 + 24 * days, 0));
    if job.state == JobState::Failed {
        job.status_message = Some("The path /srv/ledger does not exist".to_owned());
    }
    job
}

/// AWS, which lists thirty nights of a ledger that fails, and of a wiki that does not.
fn aws() -> Fixture {
    let mut fixture = fixture::organization();
    fixture.backups.retain(|job| job.scope != fixture::home());
    for days in 0..30 {
        let number = 1_000 + days as u64;
        fixture.backups.push(night(number, "ledger", JobState::Failed, days));
        fixture.backups.push(night(number + 100, "wiki", JobState::Completed, days));
    }
    fixture.backups.sort_by_key(|job| std::cmp::Reverse(job.created));
    for name in ["ledger", "wiki"] {
        fixture.resources.push(fixture::resource(&fixture::home(), name, &[("env", "prod")]));
    }
    fixture
}

fn start(size: (u16, u16), fixture: Fixture) -> Driver {
    Driver::start(Start { size, fixture, capabilities: fixture::aws(), embedded: false, ..Start::default() })
}

fn remember(driver: &mut Driver, scope: Scope, mut jobs: Vec<BackupJob>) {
    jobs.sort_by_key(|job| std::cmp::Reverse(job.created));
    let jobs = jobs.into_iter().map(Arc::new).collect();
    let past = Past { whole_since: Some(ago(24 * 60, 0)), jobs };
    driver.send(Msg::Past(News::Past(scope, Arc::new(past))));
    driver.answer_all();
}

/// Twenty more nights of the ledger: it fails since 45 days.
fn more_nights() -> Vec<BackupJob> {
    let state = |days| if days < 45 { JobState::Failed } else { JobState::Completed };
    (30..50).map(|days| night(2_000 + days as u64, "ledger", state(days), days)).collect()
}

#[test]
fn the_wall_shows_the_days_that_aws_does_not_list_any_more() {
    let mut driver = start((200, 50), aws());
    let [bad, good] = [DayState::Failed, DayState::Good].map(|state| UNICODE.days[state as usize]);
    let cells = |driver: &mut Driver| {
        let screen = driver.screen();
        let line = screen.lines().find(|line| line.contains("ledger") && line.matches(bad).count() > 9);
        let line = line.unwrap_or_default();
        (line.matches(bad).count(), line.matches(good).count())
    };
    assert_eq!(cells(&mut driver), (30, 0));
    remember(&mut driver, fixture::home(), more_nights());
    assert_eq!(cells(&mut driver), (45, 5));
    // Forty nights back the cursor says what lies there, and its jobs open.
    driver.press("tab tab").press(&"left ".repeat(40)).sees("1 job, 1 failed: The path /srv/ledger does not exist");
    driver.press("enter").sees("Backup jobs of ledger").sees("/srv/ledger");
    driver.press("enter").sees("this machine, which saw it: the service keeps jobs for 30 days");
    driver.sees_no("for ever");
    let asked = driver.wants().iter().any(|key| matches!(&key.query, Query::BackupJob { .. }));
    assert!(!asked, "the service is not asked for what it has forgotten");
}

#[test]
fn of_days_on_which_nobody_looked_nothing_is_said() {
    let mut driver = start((200, 50), aws());
    driver.press("tab tab").press(&"left ".repeat(40)).sees("not known: nobody looked then");
    driver.press(&"right ".repeat(20)).sees("1 job, 1 failed");
    // Each job of two months was seen: of that day there was none.
    remember(&mut driver, fixture::home(), Vec::new());
    driver.press(&"left ".repeat(20)).sees(": none due").sees_no("nobody looked");
}

#[test]
fn since_when_something_fails_goes_further_back_than_aws_lists() {
    let mut driver = start((160, 50), aws());
    driver.sees("failing for 29d");
    remember(&mut driver, fixture::home(), more_nights());
    driver.sees("failing for 44d");
}

#[test]
fn what_is_usual_is_known_of_a_job_that_runs_once_a_month() {
    let mut fixture = fixture::organization();
    fixture.backups.retain(|job| job.scope != fixture::home());
    let mut running = fixture::job(&fixture::home(), 1, "archive", JobState::Running, ago(1, 0));
    running.initiated = Some(ago(1, 0));
    fixture.backups.insert(0, running);
    let mut driver = start((160, 50), fixture);
    driver.sees("archive").sees_no("left");
    let took = |number: u64, months: i64| {
        let mut job = night(number, "archive", JobState::Completed, 31 * months);
        job.initiated = Some(job.created);
        job.completed = Some(job.created + chrono::Duration::hours(3));
        job
    };
    remember(&mut driver, fixture::home(), vec![took(10, 1), took(11, 2), took(12, 3)]);
    driver.sees("1h, ~2h left");
}

#[test]
fn what_aws_tells_now_counts_whatever_is_remembered() {
    let mut driver = start((160, 50), aws());
    remember(&mut driver, fixture::home(), Vec::new());
    let before = driver.screen();
    // Of the time that AWS lists, and of a job that it lists otherwise.
    let contrary = vec![
        night(1_000, "ledger", JobState::Completed, 0),
        night(3_000, "wiki", JobState::Failed, 3),
        night(3_001, "nobody", JobState::Failed, 40),
    ];
    remember(&mut driver, fixture::home(), contrary);
    assert_eq!(driver.screen(), before);
}

#[test]
fn of_a_history_that_cannot_be_used_is_told_and_all_else_goes_on() {
    let mut driver = start((160, 50), aws());
    let why = "the history of jobs /home/ada/.local/state/vaultdeck/history.sqlite is damaged: file is not a database";
    driver.send(Msg::Past(News::Trouble(why.to_owned())));
    driver.sees("the history of jobs /home/ada").sees("ledger");
    driver.press("4").sees("Backup jobs");
    driver.wait(20).sees_no("the history of jobs");
}
