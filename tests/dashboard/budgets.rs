//! What a frame may cost: counts, not clocks.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture};
use vaultdeck::domain::job::JobState;

fn many_jobs(number: u64) -> Fixture {
    let mut fixture = fixture::organization();
    fixture.backups = (0..number)
        .map(|nth| fixture::job(&fixture::home(), nth, "projects", JobState::Completed, fixture::ago(0, nth as i64)))
        .collect();
    fixture
}

fn at_160x45(fixture: Fixture) -> Driver {
    let mut driver = Driver::start(Start { size: (160, 45), fixture, ..Start::default() });
    driver.press("4").draw();
    driver
}

#[test]
fn a_cursor_move_costs_at_most_600_bytes_and_a_page_9_kilobytes() {
    let mut driver = at_160x45(many_jobs(500));
    for key in ["j", "j", "k", "j"] {
        let cost = driver.press(key).draw().last;
        assert!(cost > 0 && cost <= 600, "{key} cost {cost} bytes");
    }
    for key in ["ctrl-f", "ctrl-f", "ctrl-b"] {
        let cost = driver.press(key).draw().last;
        assert!(cost > 0 && cost <= 9 * 1024, "{key} cost {cost} bytes");
    }
}

#[test]
fn idle_costs_nothing_within_a_minute() {
    let mut driver = at_160x45(many_jobs(500));
    let before = driver.draw();
    for _ in 0..59 {
        driver.wait(1);
        if driver.app.take_dirty() {
            driver.draw();
        }
    }
    assert_eq!(driver.draw().bytes, before.bytes);
}

#[test]
fn the_same_answer_again_costs_nothing() {
    let mut driver = at_160x45(many_jobs(500));
    let before = driver.draw();
    driver.answer_again();
    assert_eq!(driver.draw().bytes, before.bytes);
}

#[test]
fn a_hundred_thousand_jobs_build_only_the_rows_in_view() {
    let mut driver = at_160x45(many_jobs(100_000));
    for key in ["j", "G", "ctrl-b", "g", "ctrl-f"] {
        driver.press(key).draw();
        let built = driver.app.rows_built();
        assert!(built > 30 && built <= 42, "{key} built {built} rows");
    }
}
