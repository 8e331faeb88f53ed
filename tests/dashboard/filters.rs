//! The filter of every list: what is read as it is typed, what is said and offered, and what it costs.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture};
use vaultdeck::domain::job::JobState;

/// The rows of the list on the screen: `12` or `3 of 12`, as its title says.
pub fn count(driver: &mut Driver, title: &str) -> String {
    let screen = driver.screen();
    let line = screen.lines().find(|line| line.contains(title)).expect(title).to_owned();
    let after = line.split_once(title).map(|(_, after)| after.trim_start_matches([' ', '·'])).unwrap_or_default();
    after.split(['─', '/', '·']).next().unwrap_or_default().trim().to_owned()
}

fn jobs() -> Driver {
    let mut driver = Driver::usual();
    driver.press("4");
    driver
}

#[test]
fn a_filter_is_read_with_every_key_and_what_is_not_understood_is_left_out() {
    let mut driver = jobs();
    let all = count(&mut driver, "Backup jobs");
    driver.press("/").write("state:failed");
    let failed = count(&mut driver, "Backup jobs");
    assert!(failed.ends_with(&format!(" of {all}")) && !failed.starts_with("0 "), "{failed}");
    driver.write(" stat:x").sees("no field is called stat (state?)").sees("Fields: age, state,");
    assert_eq!(count(&mut driver, "Backup jobs"), failed, "the list is as it was before the error");
    driver.press("enter").sees("no field is called stat");
    for _ in 0.." stat:x".len() {
        driver.press("backspace");
    }
    driver.sees_no("no field is called").press("enter").sees("/state:failed");
    driver.press("esc").sees_no("/state:failed");
    assert_eq!(count(&mut driver, "Backup jobs"), all);
}

#[test]
fn a_half_typed_value_is_offered_and_leaves_the_rows() {
    let mut driver = jobs();
    let all = count(&mut driver, "Backup jobs");
    driver.press("/").sees("age<  state:  created<");
    driver.write("sta").sees("state:").press("tab").sees("completed  failed");
    assert_eq!(count(&mut driver, "Backup jobs"), all);
    driver.write("f").press("tab").sees("/state:failed");
    driver.write(",exp").press("tab").sees("/state:failed,expired");
    driver.write(" account:").press("tab").press("tab").press("shift-tab");
    let screen = driver.screen();
    let typed = screen.lines().last().unwrap();
    assert!(typed.contains("account:") && !typed.contains("account: "), "an account is put in: {typed}");
}

#[test]
fn every_list_has_fields_of_its_own_that_its_columns_name() {
    let lists = [
        ("2", "points>", "Vaults"),
        ("2 j enter", "status:", "Recovery points"),
        ("3", "plan:", "Backup plans"),
        ("4", "took>", "Backup jobs"),
        ("4 tab", "from:", "Copy jobs"),
        ("4 tab tab", "restored:", "Restore jobs"),
        ("5", "unit:", "Accounts"),
        ("6", "protected:", "Resources"),
        ("7", "what:", "Findings"),
        ("8", "result:", "Activity"),
    ];
    let mut filled = 0;
    for (keys, field, title) in lists {
        let mut driver = Driver::start(Start { size: (160, 45), ..Start::default() });
        driver.press(keys).press("/").sees(field).sees(title);
        driver.write("nonsense:1").sees("no field is called nonsense. Fields: ").press("esc");
        let rows = driver.app.page().table().unwrap().len();
        driver.press("/").write("zzz !zzz");
        if rows > 0 {
            driver.sees("No row passes the filter.").sees("zzz: 0 rows pass");
        }
        driver.press("esc");
        assert_eq!(driver.app.page().table().unwrap().len(), rows, "esc shows all rows of {title}");
        filled += usize::from(rows > 0);
    }
    assert!(filled > 6, "hardly any list has rows");
}

#[test]
fn where_no_row_passes_it_is_said_which_term_lets_none_pass() {
    let mut driver = jobs();
    driver.press("/").write("state:failed size>900TiB").press("enter");
    driver.sees("No row passes the filter.").sees("size>900TiB: 0 rows pass");
}

#[test]
fn accounts_are_known_by_name_and_by_id() {
    let mut driver = jobs();
    driver.press("/").write("account:");
    let offered = driver.screen();
    let offered = offered.lines().rev().nth(1).unwrap().trim().to_owned();
    let name = offered.split_whitespace().next().unwrap().to_owned();
    driver.write(&name);
    let named = count(&mut driver, "Backup jobs");
    assert!(named.contains(" of ") && !named.starts_with('0'), "{name}: {named}");
}

pub fn many(number: u64) -> Fixture {
    let mut fixture = fixture::organization();
    let state = |nth| if nth % 1_000 == 0 { JobState::Failed } else { JobState::Completed };
    fixture.backups = (0..number)
        .map(|nth| fixture::job(&fixture::home(), nth, "projects", state(nth), fixture::ago(0, nth as i64)))
        .collect();
    fixture
}

#[test]
fn of_many_rows_a_key_looks_only_at_some_and_the_rest_follows() {
    let mut driver = Driver::start(Start { size: (160, 45), fixture: many(40_000), ..Start::default() });
    driver.press("4");
    assert!(!driver.app.is_filtering());
    driver.press_unanswered("/ f a i l e d");
    assert!(driver.app.is_filtering(), "more than a frame's work is not done in the way of a key");
    driver.sees("40,000").sees("filtering");
    driver.rest().sees("40 of 40,000").sees_no("filtering");
    assert!(driver.app.rows_built() <= 42);
    driver.press("j");
    assert!(!driver.app.is_filtering(), "a cursor that moves filters nothing");
}

#[test]
fn new_rows_are_shown_when_all_of_them_were_looked_at() {
    let mut driver = Driver::start(Start { size: (160, 45), fixture: many(12_000), ..Start::default() });
    driver.press("4").press("/").write("state:failed").press("enter").sees("12 of 12,000");
    *driver.fixture() = many(20_000);
    driver.answer_again();
    driver.app.settle();
    driver.sees("12 of 12,000");
    driver.rest().sees("20 of 20,000");
}

#[test]
fn a_command_opens_a_list_with_its_filter_and_an_at_sign_says_whose() {
    let mut driver = Driver::usual();
    driver.press(":").write("jobs state:failed").press("enter").sees("/state:failed").sees("Backup jobs");
    driver.press(":").write("jobs stat:failed").press("enter").sees("no field is called stat");
    let region = driver.app.world.scopes[0].region.to_string();
    let account = driver.app.world.account(&driver.app.world.scopes[0].account.clone());
    let all = driver.app.world.scopes.len();
    driver.press(":").write(&format!("jobs state:completed @{account} @{region}")).press("enter");
    assert_eq!(driver.app.world.shown, driver.app.world.scopes[..1]);
    driver.sees("/state:completed");
    driver.press(":").write("vaults @all").press("enter");
    assert_eq!(driver.app.world.shown.len(), all);
    driver.press(":").write(&format!("vaults @{region}")).press("enter");
    assert!(driver.app.world.shown.iter().all(|scope| scope.region.to_string() == region));
    driver.press(":").write("vaults @nowhere").press("enter").sees("no account or region is called nowhere");
    driver.press(":").write("create-vault x").press("enter").sees("create-vault takes nothing behind it");
}

#[test]
fn what_is_typed_after_a_colon_is_completed() {
    let mut driver = Driver::usual();
    driver
        .press(":")
        .write("jo")
        .press("tab")
        .write(" sta")
        .press("tab")
        .write("fai")
        .press("tab")
        .sees(":jobs state:failed");
    driver.write(" @eu").press("tab").sees("@eu-central-1");
}
