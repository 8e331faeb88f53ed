//! What a filter does to the rest of a list: its cursor, its title, what is done with its rows, and what it says of states.

use crate::driver::{Driver, Start};
use crate::filters::{count, many};
use crate::fixture;
use vaultdeck::client::views::{View, ViewsFile};
use vaultdeck::domain::Known;
use vaultdeck::domain::job::JobState;
use vaultdeck::tui::msg::{Effect, Msg};

fn large(number: u64) -> Driver {
    Driver::start(Start { size: (160, 45), fixture: many(number), ..Start::default() })
}

/// The id of the selected row.
fn selected(driver: &mut Driver) -> String {
    driver.press_unanswered("y");
    match driver.take_effects().pop() {
        Some(Effect::Copy(id)) => id,
        other => panic!("no id was copied: {other:?}"),
    }
}

/// How many rows pass.
fn rows(driver: &Driver) -> usize {
    driver.app.page().table().unwrap().len()
}

fn is_told_once(driver: &Driver, title: &str) -> bool {
    driver.app.page().table().unwrap().once().iter().any(|once| once.title == title)
}

#[test]
fn the_cursor_comes_back_to_its_row_through_filters_that_hide_it() {
    let mut driver = Driver::usual();
    driver.press("4 j j j");
    let chosen = selected(&mut driver);
    driver.press("/").write("state:completed").press("enter");
    assert_eq!(selected(&mut driver), chosen, "`state` alone lets no row pass on the way");
    driver.press("/").write(" !projects !mail !archive").sees("No row passes").press("esc");
    assert_eq!(selected(&mut driver), chosen);
    driver.press("/").write("state:failed").press("enter");
    assert_ne!(selected(&mut driver), chosen);
    driver.press("enter esc esc");
    assert_ne!(selected(&mut driver), chosen, "a row that was opened is the one to stay on");
}

#[test]
fn what_all_rows_say_is_told_of_the_rows_that_are_shown() {
    let mut driver = large(12_000);
    driver.press("4").press("/").write("state:failed").press("enter");
    assert!(is_told_once(&driver, "vault"));
    *driver.fixture() = many(12_000);
    driver.fixture().backups[1_000].vault_name = "other-vault".to_owned();
    driver.answer_again();
    driver.app.settle();
    assert!(driver.app.is_filtering() && is_told_once(&driver, "vault"), "the rows are those from before");
    driver.rest();
    assert!(!is_told_once(&driver, "vault"));
}

#[test]
fn while_the_first_rows_are_looked_at_nobody_says_that_there_is_none() {
    let start = Start { size: (160, 45), fixture: many(12_000), ..Start::default() };
    let mut driver = Driver::unanswered(start);
    driver.press_unanswered("4 / f a i l e d enter").answer_all();
    assert!(driver.app.is_filtering());
    driver.sees("Filtering").sees_no("No backup job").rest().sees("12 of 12,000");
}

#[test]
fn what_is_done_at_once_is_done_with_a_row_that_passes() {
    let mut driver = large(40_000);
    driver.press("4").press_unanswered("/ 3 9 0 0 0");
    assert!(driver.app.is_filtering());
    driver.press_unanswered("enter");
    assert!(!driver.app.is_filtering(), "enter keeps the filter: all rows were looked at");
    assert!(selected(&mut driver).ends_with("39000"));
    driver.press("esc").press(":").write("jobs 28000").press_unanswered("enter");
    assert!(driver.app.is_filtering());
    assert!(selected(&mut driver).ends_with("28000"));
}

#[test]
fn rows_are_looked_at_behind_a_detail_in_full() {
    let mut driver = large(12_000);
    driver.press("4").press("/").write("state:failed").press("enter D");
    *driver.fixture() = many(20_000);
    driver.answer_again();
    driver.app.settle();
    assert!(driver.app.is_filtering());
    driver.rest();
    assert!(!driver.app.is_filtering());
    driver.press_unanswered("D").sees("20 of 20,000");
}

#[test]
fn a_value_is_compared_without_the_sign_before_it() {
    let mut driver = Driver::usual();
    driver.press("6 /").write("protected:yes").press("enter");
    let some = rows(&driver);
    driver.press("esc /").write("protected=yes").press("enter");
    assert_eq!(rows(&driver), some);
    driver.press("esc");
    assert!(some > 0 && some < rows(&driver), "{some}");
}

#[test]
fn recovery_points_that_no_plan_made_have_no_plan() {
    let mut fixture = fixture::organization();
    fixture.points[0].created_by = Known::Known(None);
    fixture.points[1].created_by = Known::Unknown;
    let mut driver = Driver::start(Start { fixture, ..Start::default() });
    for (filter, rows) in [("plan=\"\"", 2), ("plan:demand", 1), ("plan=nightly", 10), ("plan!=\"\"", 10)] {
        driver.press("2 g j enter /").write(filter).press("enter");
        assert_eq!(self::rows(&driver), rows, "{filter}");
        driver.press("esc");
    }
}

#[test]
fn states_are_filtered_by_the_words_that_are_shown_and_by_those_that_nobody_knew() {
    let mut fixture = fixture::organization();
    fixture.backups[3].state = JobState::Other("HIBERNATED".to_owned());
    fixture.points[1].status_message = Some("Damaged: 1 item cannot be restored: /a".to_owned());
    let mut driver = Driver::start(Start { fixture, ..Start::default() });
    driver.press("4");
    for filter in ["state:issues", "state=issues", "state:hibernated", "state=Hibernated"] {
        driver.press("/").write(filter).press("enter");
        assert!(count(&mut driver, "Backup jobs").starts_with("1 of "), "{filter}");
        driver.press("esc");
    }
    driver.press("/").write("state:nonsense").sees("no state is nonsense").press("esc");
    driver.press("2 g j enter /").write("status=damaged").press("enter");
    assert_eq!(rows(&driver), 1);
}

#[test]
fn a_view_takes_no_name_from_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = ViewsFile::new(folder.path().join("views.json"));
    for name in ["job", "resource"] {
        file.save(name, View { list: "vaults".to_owned(), filter: "default".to_owned(), ..View::default() }).unwrap();
    }
    let mut driver = Driver::usual();
    driver.send(Msg::Views(file.read().map_err(|error| error.to_string())));
    driver.press(":").write("job").press("enter").sees("Backup jobs");
    driver.press(":").write("resource add").press("enter").sees_no("/default").press("esc");
    for name in ["job", "resource"] {
        driver.press(":").write(&format!("save-view {name}")).press("enter").sees("is a command, or the start of one");
    }
}

#[test]
fn a_line_that_cannot_be_read_does_nothing() {
    let mut driver = Driver::usual();
    let (all, crumbs) = (driver.app.world.shown.clone(), driver.app.crumbs());
    for line in ["jobs stat:x @staging", "copy-jobs state:completed stat:x @staging", "jobs state:failed @nowhere"] {
        driver.press(":").write(line).press("enter").sees("is called");
        assert_eq!((&driver.app.world.shown, driver.app.crumbs()), (&all, crumbs.clone()), "{line}");
    }
    driver.press(":").write("overview @staging").press("enter").sees_no("can be filtered");
    assert_eq!(driver.app.world.shown, [fixture::staging()]);
    driver.press(":").write("jobs @all").press("enter");
    assert_eq!(driver.app.world.shown, all);
}

#[test]
fn accounts_with_spaces_in_their_names_are_quoted_behind_an_at_sign() {
    let mut fixture = fixture::organization();
    fixture.accounts[1].name = "my own".to_owned();
    let mut driver = Driver::start(Start { fixture, ..Start::default() });
    driver.press(":").write("jobs @my").press("tab").sees(":jobs @\"my own\"").press("enter");
    assert_eq!(driver.app.world.shown, [fixture::staging()]);
}
