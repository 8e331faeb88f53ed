//! What stands beside the rows of a list from 120 columns on: it follows the cursor when that has rested, and asks only then.

use crate::driver::{Driver, Start};
use crate::fixture;
use vaultdeck::client::{Fault, FaultKind, Key, Query};
use vaultdeck::domain::job::JobState;
use vaultdeck::tui::glyph::ASCII;
use vaultdeck::tui::msg::Msg;

const SIZES: [(u16, u16); 4] = [(60, 15), (80, 24), (120, 40), (200, 60)];

/// Every list that is no screen of its own key, with the keys that lead to it.
const LISTS: [(&str, &str); 5] = [
    ("points-of-vault", "2 j enter"),
    ("points-of-resource", "6 j j enter"),
    ("copy-jobs", "4 tab"),
    ("restore-jobs", "4 tab tab"),
    ("jobs-of-a-day", "1 F"),
];

fn of_size(size: (u16, u16)) -> Driver {
    Driver::start(Start { size, ..Start::default() })
}

/// The jobs that a screen wants to know more of.
fn asked_jobs(driver: &mut Driver) -> Vec<String> {
    let ids = driver.wants().into_iter().filter_map(|key| match key.query {
        Query::BackupJob { id } => Some(id.to_string()),
        _ => None,
    });
    ids.collect()
}

#[test]
fn every_list_with_what_stands_beside_it() {
    for size in SIZES {
        for (name, keys) in LISTS {
            let screen = of_size(size).press(keys).screen();
            insta::assert_snapshot!(format!("beside-{name}-{}x{}", size.0, size.1), screen);
        }
    }
}

#[test]
fn in_ascii_and_without_colour() {
    let start = Start { size: (120, 40), theme: "mono", glyphs: ASCII, ..Start::default() };
    let mut driver = Driver::start(start);
    for (key, name) in [("2", "vaults"), ("4", "jobs"), ("7", "findings")] {
        insta::assert_snapshot!(format!("beside-ascii-{name}-120x40"), driver.press(key).screen());
    }
}

#[test]
fn while_it_loads_and_when_it_is_denied_the_list_tells_what_it_knows() {
    let mut driver = of_size((120, 40));
    driver.press("4").press_unanswered("j j").rest_unanswered();
    insta::assert_snapshot!("beside-loading-120x40", driver.screen());
    let key = driver.wants().into_iter().find(|key| matches!(key.query, Query::BackupJob { .. })).unwrap();
    let denied = Fault::new(FaultKind::Denied, "not authorized to perform backup:DescribeBackupJob");
    driver.reply(key, Err(denied));
    insta::assert_snapshot!("beside-denied-120x40", driver.screen());
    driver.sees("denied").sees("Job id");
}

#[test]
fn of_what_no_list_tells_it_says_that_it_is_on_its_way_and_then_why_not() {
    let mut driver = of_size((120, 40));
    driver.press("7");
    let key = Key::scoped(fixture::home(), Query::Plans);
    driver.press("3");
    let plans = driver.answer_of(&key);
    let mut driver = Driver::unanswered(Start::default());
    for query in [Query::Scopes, Query::Accounts] {
        let answer = driver.answer_of(&Key::context(query.clone()));
        driver.reply(Key::context(query), answer);
    }
    driver.press_unanswered("3");
    driver.reply(key, plans);
    driver.wants();
    driver.sees("Backup plan").sees("Loading");
    let plan = driver.wants().into_iter().find(|key| matches!(key.query, Query::Plan { .. })).unwrap();
    driver.reply(plan, Err(Fault::new(FaultKind::Denied, "not authorized to perform backup:GetBackupPlan")));
    driver.sees("not authorized to perform backup:GetBackupPlan");
}

#[test]
fn a_row_that_one_only_passes_asks_for_nothing() {
    let mut driver = of_size((160, 45));
    driver.press("4");
    let first = asked_jobs(&mut driver);
    assert_eq!(first.len(), 1, "{first:?}");
    for _ in 0..5 {
        driver.press_unanswered("j");
        assert_eq!(asked_jobs(&mut driver), first);
    }
    driver.rest_unanswered();
    let then = asked_jobs(&mut driver);
    assert_eq!(then.len(), 1, "{then:?}");
    assert_ne!(then, first);
    assert!(!driver.app.is_moving());
}

#[test]
fn a_key_is_answered_by_the_next_frame_and_the_detail_follows_when_the_cursor_rests() {
    let mut driver = of_size((160, 45));
    driver.press("4");
    driver.sees("▌ ◌ CREATED").sees("Backup job · scratch");
    driver.press_unanswered("j");
    driver.sees("▌ ▸ RUNNING").sees("Backup job · scratch");
    driver.rest_unanswered();
    driver.sees("▌ ▸ RUNNING").sees("Backup job · media");
    // Back on the row that it tells of, there is nothing to wait for.
    driver.press_unanswered("j k");
    assert!(!driver.app.is_moving());
}

#[test]
fn what_follows_costs_at_most_4_kilobytes_and_a_passed_row_600_bytes() {
    let mut driver = of_size((160, 45));
    driver.press("4").draw();
    for key in ["j", "j", "j", "k"] {
        let passed = driver.press_unanswered(key).draw().last;
        assert!(passed > 0 && passed <= 600, "{key} cost {passed} bytes");
        let followed = driver.rest().draw().last;
        assert!(followed > 0 && followed <= 4 * 1024, "after {key} the detail cost {followed} bytes");
    }
    assert_eq!(driver.rest().draw().last, 0);
}

#[test]
fn news_never_takes_the_detail_from_the_row_that_the_cursor_is_on() {
    let mut driver = of_size((160, 45));
    driver.press("4 j").sees("Backup job · media");
    let newer = fixture::job(&fixture::home(), 99, "brand-new", JobState::Created, fixture::ago(0, 0));
    driver.fixture().backups.push(newer);
    driver.answer_again();
    driver.sees("brand-new").sees("▌ ▸ RUNNING").sees("Backup job · media");
    // Where nobody chose a row, the newest is the one that is told of.
    let mut driver = of_size((160, 45));
    driver.press("4");
    let newer = fixture::job(&fixture::home(), 99, "brand-new", JobState::Created, fixture::ago(0, 0));
    driver.fixture().backups.push(newer);
    driver.answer_again();
    driver.sees("Backup job · brand-new");
}

#[test]
fn it_is_put_away_and_back_for_the_whole_session_and_asks_nothing_meanwhile() {
    let mut driver = of_size((120, 40));
    driver.press("4").sees("Backup job · scratch");
    driver.press("d").sees_no("Backup job · scratch");
    assert_eq!(asked_jobs(&mut driver), Vec::<String>::new());
    driver.press("2").sees_no("Vault · Default");
    driver.press("4 j").sees_no("Backup job · media");
    driver.press("d").sees("Backup job · media");
    driver.press("2").sees("Vault · Default");
}

#[test]
fn below_120_columns_enter_opens_it_and_so_it_does_above() {
    let mut driver = of_size((119, 40));
    driver.press("4 j").sees_no("Backup job · ");
    assert_eq!(asked_jobs(&mut driver), Vec::<String>::new());
    driver.press("d").sees("from 120 columns on").press("enter").sees("Into vault").sees("Job id");
    let mut wide = of_size((120, 40));
    wide.press("4 j enter").sees("Jobs › backup").sees("Job id");
    // It comes with the room, and goes with it.
    let mut driver = of_size((119, 40));
    driver.press("4");
    driver.send(Msg::Resize(120, 40));
    driver.answer_all();
    assert_eq!(asked_jobs(&mut driver).len(), 1);
    driver.send(Msg::Resize(100, 40));
    assert_eq!(asked_jobs(&mut driver), Vec::<String>::new());
}

#[test]
fn nothing_stands_beside_a_list_without_rows_and_a_filter_without_any_takes_it_away() {
    let mut driver = Driver::start(Start { fixture: fixture::empty(), ..Start::default() });
    driver.press("4").sees("No backup job yet.").sees_no("Backup job · ");
    let mut driver = of_size((120, 40));
    driver.press("4 /").write("zzz").sees("No row passes the filter.").sees_no("Backup job · ");
    driver.press("esc").sees("Backup job · scratch");
}

#[test]
fn what_is_long_has_the_room_and_ids_come_last() {
    let mut driver = of_size((160, 45));
    driver.press("7");
    let screen = driver.screen();
    let row = screen.lines().find(|line| line.contains("EXPIRED")).unwrap();
    assert!(row.contains("Backup job expired before it"), "{screen}");
    of_size((120, 40)).press("4").sees("The path /srv/web does");
}

#[test]
fn a_finding_tells_what_it_is_about_with_the_words_of_that_things_own_screen() {
    let mut driver = of_size((160, 45));
    driver.press("7");
    driver
        .sees("Finding · web")
        .sees("Message")
        .sees("The path /srv/web does not exist")
        .sees("Into vault")
        .sees("Job id");
}

#[test]
fn a_vault_tells_of_its_lock_its_policy_and_its_newest_points() {
    let mut driver = of_size((160, 45));
    driver.press("2 j");
    driver.sees("Vault · prod-vault").sees("Lock").sees("none: who may delete, can").sees("Access policy");
    driver.sees("Newest recovery points").sees("none yet: vaultdeck vault");
}

#[test]
fn one_key_shows_the_sheet_in_full_to_scroll_in_at_any_width() {
    for size in [(60, 15), (80, 24), (120, 40)] {
        let mut driver = of_size(size);
        driver.press("2 j D").sees("Vault · prod-vault").sees("Recovery points").sees_no("archive-vault");
        // Ids are at the end.
        driver.press("G").sees("ARN");
        driver.press("g j").press("esc").sees("▌ prod-vault").sees("archive-vault");
        driver.press("D").sees_no("archive-vault").press("D").sees("archive-vault");
    }
    // It is of the row that is selected, and enter opens that still.
    let mut driver = of_size((80, 24));
    driver.press("4 j D").sees("Backup job · media");
    assert_eq!(asked_jobs(&mut driver).len(), 1);
    driver.press("enter").sees("Jobs › backup");
}

#[test]
fn what_does_not_fit_says_the_key_that_shows_it() {
    let mut driver = of_size((120, 24));
    driver.press("4").sees("lines more: D").press("D").sees("Backup job · scratch").press("G").sees("Job id");
}

#[test]
fn where_no_row_has_a_detail_no_key_of_it_is_offered() {
    let mut driver = of_size((120, 40));
    driver.press("2").sees("d detail").press("j enter enter").sees_no("d detail");
    driver.press("D").sees("nothing that is selected here has a detail");
    let mut driver = of_size((80, 24));
    driver.press("2").sees("D detail").press("D").sees_no("D detail");
    let mut driver = Driver::start(Start { fixture: fixture::empty(), ..Start::default() });
    driver.press("4 D").sees("there is no more to tell");
}

#[test]
fn what_has_not_followed_the_cursor_yet_has_a_dim_title() {
    let mut driver = of_size((160, 45));
    driver.press("4");
    let title = |driver: &mut Driver| {
        let buffer = driver.buffer();
        let cells: Vec<_> = (0..buffer.area.width).map(|x| buffer[(x, 3)].clone()).collect();
        let line: String = cells.iter().map(|cell| cell.symbol()).collect();
        let before = line[..line.find("Backup job · ").unwrap_or_else(|| panic!("{line}"))].chars().count();
        cells[before].style()
    };
    let told = title(&mut driver);
    driver.press_unanswered("j");
    assert_ne!(title(&mut driver), told);
    driver.rest_unanswered();
    assert_eq!(title(&mut driver), told);
}

#[test]
fn of_a_point_the_state_is_told_that_came_last() {
    use vaultdeck::domain::recovery_point::RecoveryPointStatus;
    let mut driver = of_size((160, 45));
    driver.press("2 j enter").sees("Recovery point · ").sees_no("EXPIRED");
    driver.fixture().points.iter_mut().for_each(|point| point.status = RecoveryPointStatus::Expired);
    driver.wait(5);
    let key = Key::scoped(fixture::home(), Query::RecoveryPoints { vault: "prod-vault".to_owned().into() });
    let listed = driver.answer_of(&key);
    driver.reply(key, listed);
    driver.wants();
    let screen = driver.screen();
    let status = screen.lines().find(|line| line.contains("│ Status")).unwrap_or_else(|| panic!("{screen}"));
    assert!(status.contains("EXPIRED"), "{screen}");
}

#[test]
fn a_dialog_stays_open_while_the_room_comes_and_goes() {
    let mut driver = of_size((119, 40));
    driver.press("4 j a").sees("Copy the id");
    for (width, jobs) in [(120, 1), (119, 0), (120, 1)] {
        driver.send(Msg::Resize(width, 40));
        driver.answer_all();
        driver.sees("Copy the id");
        assert_eq!(asked_jobs(&mut driver).len(), jobs, "at {width} columns");
    }
    driver.press("esc").sees_no("Copy the id");
}
