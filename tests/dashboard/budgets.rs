//! What a frame may cost: counts, not clocks.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture};
use vaultdeck::domain::extension::Items;
use vaultdeck::domain::job::JobState;
use vaultdeck::tui::world::Activity;

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
        // What stands beside the rows follows when the cursor has rested, and is counted apart.
        let cost = driver.press_unanswered(key).draw().last;
        assert!(cost > 0 && cost <= 600, "{key} cost {cost} bytes");
    }
    for key in ["ctrl-f", "ctrl-f", "ctrl-b"] {
        let cost = driver.press_unanswered(key).draw().last;
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

/// So many of everything.
fn many_of_all(number: u64) -> Fixture {
    let home = fixture::home();
    let at = |nth: u64| fixture::ago(0, nth as i64);
    let mut fixture = fixture::organization();
    fixture.backups =
        (0..number).map(|nth| fixture::job(&home, nth, "projects", JobState::Failed, at(nth % 1000))).collect();
    fixture.restores = (0..number).map(|nth| fixture::restore(&home, nth, JobState::Completed, at(nth))).collect();
    fixture.copies = (0..number).map(|nth| fixture::copy(&home, nth, JobState::Completed, at(nth))).collect();
    fixture.points = (0..number).map(|nth| fixture::point(&home, nth, "projects", at(nth))).collect();
    fixture.vaults = (0..number).map(|nth| fixture::vault(&home, &format!("vault-{nth}"), 1)).collect();
    fixture.vaults[0] = fixture::vault(&home, "prod-vault", number as i64);
    fixture.plans = (0..number.min(300))
        .map(|nth| fixture::plan(&home, &format!("11111111-1111-4111-8111-{nth:012}"), &format!("plan-{nth}"), true))
        .collect();
    fixture.accounts = (0..number).map(|nth| fixture::account(&format!("{nth:012}"), "many", false)).collect();
    fixture.resources = (0..number).map(|nth| fixture::resource(&home, &format!("resource-{nth}"), &[])).collect();
    for (nth, (_, resource)) in fixture.resources.iter_mut().enumerate() {
        resource.arn = fixture::file_system(&home, nth as u64);
    }
    for protected in &mut fixture.protected {
        protected.arn = fixture::file_system(&home, 0);
    }
    let resource = fixture::file_system(&home, 0);
    fixture.points.iter_mut().for_each(|point| point.resource_arn = resource.clone());
    let items = (0..number).map(|nth| fixture::item(&format!("file-{nth}"), "file", nth)).collect();
    fixture.items.insert(
        "/".to_owned(),
        Items {
            items,
            missing: Vec::new(),
            lost: Vec::new(),
            bases: Vec::new(),
            note: None,
            next_token: None,
            details: vaultdeck::domain::PointDetails::new(),
        },
    );
    fixture
}

#[test]
fn every_list_builds_only_the_rows_in_view() {
    let places = [
        ("vaults", "2"),
        ("points of a vault", "2 enter"),
        ("files of a point", "2 enter enter"),
        ("plans", "3"),
        ("backup jobs", "4"),
        ("copy jobs", "4 tab"),
        ("restore jobs", "4 tab tab"),
        ("accounts", "5"),
        ("resources", "6"),
        ("points of a resource", "6 enter"),
        ("findings", "7"),
        ("activity", "8"),
    ];
    let mut world = many_of_all(3_000);
    world.scopes = vec![fixture::home()];
    for (name, keys) in places {
        let mut driver = Driver::start(Start { size: (160, 45), fixture: world.clone(), ..Start::default() });
        driver.app.world.activity = (0..3_000)
            .map(|ticket| Activity {
                ticket,
                at: fixture::now(),
                scope: fixture::home(),
                summary: format!("change {ticket}"),
                operations: "CreateBackupVault".to_owned(),
                outcome: None,
            })
            .collect();
        driver.press(keys).draw();
        for key in ["j", "G", "ctrl-b", "g", "ctrl-f", "s", "/ 1 enter"] {
            driver.press(key).draw();
            let built = driver.app.rows_built();
            assert!(built > 20 && built <= 42, "{name}: {key} built {built} rows:\n{}", driver.screen());
        }
    }
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
