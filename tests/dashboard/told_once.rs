//! A column that says the same in every row moves into the list's title, once all rows are in.

use crate::driver::{Driver, Start};
use crate::fixture;
use vaultdeck::client::{Key, Query};
use vaultdeck::domain::job::JobState;

fn narrow() -> Driver {
    Driver::start(Start { size: (110, 40), ..Start::default() })
}

/// The line above the column's titles.
fn title(driver: &mut Driver, of: &str) -> String {
    let screen = driver.screen();
    screen.lines().find(|line| line.contains(of)).unwrap_or_default().to_owned()
}

/// The columns' titles.
fn heading(driver: &mut Driver) -> String {
    let screen = driver.screen();
    let lines: Vec<&str> = screen.lines().collect();
    let at = lines.iter().position(|line| line.contains("old ─") || line.contains("loading ─")).unwrap();
    lines[at + 1].to_owned()
}

#[test]
fn what_every_row_says_stands_in_the_title_and_in_no_column() {
    let mut driver = narrow();
    driver.press("4");
    let said = title(&mut driver, "Backup jobs");
    assert!(said.contains("Backup jobs · 22 · type EFS · vault prod-vault · plan nightly"), "{said}");
    assert!(said.contains("<1m old"), "{said}");
    let columns = heading(&mut driver);
    assert!(!columns.contains("TYPE") && !columns.contains("VAULT") && columns.contains("ACCOUNT"), "{columns}");
    // One job of another vault, and the column is back.
    let mut other = fixture::job(&fixture::home(), 98, "odd", JobState::Completed, fixture::ago(0, 1));
    "elsewhere".clone_into(&mut other.vault_name);
    driver.fixture().backups.push(other);
    driver.answer_again();
    let said = title(&mut driver, "Backup jobs");
    assert!(!said.contains("vault") && said.contains("type EFS"), "{said}");
    assert!(heading(&mut driver).contains("VAULT"));
}

#[test]
fn it_is_so_in_every_list() {
    let mut world = fixture::organization();
    world.scopes = vec![fixture::home(), fixture::staging()];
    world.plans.retain(|detail| detail.plan.scope == fixture::home());
    for (keys, of, said) in [
        ("4 tab tab", "─ Restore jobs", "account production"),
        ("6", "─ Resources", "type EFS"),
        ("2 j enter", "─ Recovery points", "type EFS"),
        ("2 j enter", "─ Recovery points", "storage warm"),
        ("6 j j enter", "─ Recovery points", "vault prod-vault"),
    ] {
        let mut driver = Driver::start(Start { size: (110, 40), fixture: world.clone(), ..Start::default() });
        driver.press(keys);
        let line = title(&mut driver, of);
        assert!(line.contains(said), "{keys}: {line}");
    }
}

#[test]
fn one_row_alone_keeps_its_columns_and_so_does_a_filter_that_leaves_one_kind() {
    let mut driver = narrow();
    driver.fixture().backups.truncate(1);
    driver.answer_again();
    driver.press("4");
    assert!(heading(&mut driver).contains("VAULT"));
    let mut driver = narrow();
    driver.press("2 /").write("123456789012").press("enter");
    assert!(heading(&mut driver).contains("ACCOUNT"), "a filter moves no column");
}

#[test]
fn while_rows_come_in_no_column_comes_and_goes() {
    let mut driver = Driver::unanswered(Start { size: (110, 40), ..Start::default() });
    for query in [Query::Scopes, Query::Accounts] {
        let answer = driver.answer_of(&Key::context(query.clone()));
        driver.reply(Key::context(query), answer);
    }
    driver.press_unanswered("4");
    let scopes = driver.fixture().scopes.clone();
    let mut seen = Vec::new();
    for scope in &scopes {
        let key = Key::scoped(scope.clone(), Query::BackupJobs);
        let answer = driver.answer_of(&key);
        driver.reply(key, answer);
        driver.wants();
        seen.push(heading(&mut driver).contains("VAULT"));
    }
    // They move when the last scope has answered, once, and another answer changes nothing.
    assert_eq!(seen, [true, true, false]);
    driver.answer_again();
    assert!(!heading(&mut driver).contains("VAULT"));
}

#[test]
fn it_is_decided_when_data_change_and_costs_one_look_a_row_and_column() {
    let mut driver = narrow();
    driver.fixture().backups = (0..5_000)
        .map(|nth| fixture::job(&fixture::home(), nth, "projects", JobState::Completed, fixture::ago(0, nth as i64)))
        .collect();
    driver.answer_again();
    driver.press("4");
    let compared = |driver: &Driver| driver.app.page().table().unwrap().compared();
    let cost = compared(&driver);
    // Seven columns can move there; account and region say more than that only one of them has jobs.
    assert!(cost > 0 && cost <= 6 * 5_000, "{cost}");
    // Where rows differ, the second row says so.
    let mut other = fixture::job(&fixture::home(), 9_999, "odd", JobState::Completed, fixture::ago(0, 0));
    "elsewhere".clone_into(&mut other.vault_name);
    driver.fixture().backups.push(other);
    driver.answer_again();
    assert!(compared(&driver) < cost, "{}", compared(&driver));
}

#[test]
fn the_title_keeps_how_fresh_it_is_on_the_narrowest_screen() {
    let mut driver = Driver::start(Start { size: (60, 15), ..Start::default() });
    driver.press("2 j enter");
    let said = title(&mut driver, "Recovery points");
    assert!(said.contains("<1m old"), "{said}");
}
