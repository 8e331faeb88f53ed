//! Screen 5: accounts × regions. Read the snapshots; each kind of cell is in them.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture};
use vaultdeck::client::{Fault, FaultKind};
use vaultdeck::domain::Scope;
use vaultdeck::domain::job::JobState;
use vaultdeck::tui::glyph::ASCII;

const TOKYO: &str = "ap-northeast-1";

/// Five accounts: one that is well, one with troubles and policies, one that lets nobody in, one that does not answer, and one
/// for which there is no role.
fn organization() -> Fixture {
    let mut fixture = fixture::organization();
    let (home, staging) = (fixture::home(), fixture::staging());
    let account = |id: &str, name: &str| fixture::account(id, name, false);
    fixture.accounts.extend([
        account("333333333333", "locked"),
        account("444444444444", "remote"),
        account("555555555555", "foreign"),
    ]);
    let elsewhere = |id: &str| fixture::scope(id, "us-east-1");
    fixture.scopes.extend([
        fixture::scope("123456789012", TOKYO),
        elsewhere("333333333333"),
        elsewhere("444444444444"),
    ]);
    let of_policy = |id: &str, name: &str| fixture::plan(&staging, id, name, true);
    fixture.plans.extend([of_policy("orgs/abc-1", "org-daily"), of_policy("orgs/abc-2", "org-monthly")]);
    fixture.resources = vec![
        fixture::resource(&home, "projects", &[]),
        fixture::resource(&home, "uploads", &[]),
        fixture::resource(&staging, "web", &[]),
    ];
    for (number, scope, name, state) in [
        (901, &home, "projects", JobState::Completed),
        (902, &staging, "web", JobState::Failed),
        (903, &staging, "queue", JobState::Completed),
    ] {
        fixture.backups.push(fixture::job(scope, number, name, state, fixture::ago(0, 30)));
    }
    let denied = Fault::new(
        FaultKind::Denied,
        "arn:aws:iam::333333333333:role/OrganizationAccountAccessRole could not be assumed",
    );
    let away = Fault::new(FaultKind::Network, "connection refused");
    fixture.faults = vec![(elsewhere("333333333333"), denied), (elsewhere("444444444444"), away)];
    fixture
}

fn start(size: (u16, u16)) -> Driver {
    let mut driver = Driver::start(Start { size, fixture: organization(), ..Start::default() });
    driver.press("5");
    driver
}

#[test]
fn each_account_in_each_region_has_a_cell() {
    for size in [(60, 15), (80, 24), (120, 40), (160, 45)] {
        insta::assert_snapshot!(format!("accounts-{}x{}", size.0, size.1), start(size).screen());
    }
}

#[test]
fn the_grid_is_told_in_ascii_and_without_colour() {
    let start = Start { size: (80, 24), fixture: organization(), theme: "mono", glyphs: ASCII, ..Start::default() };
    let screen = Driver::start(start).press("5").screen();
    assert!(screen.is_ascii(), "{screen}");
    insta::assert_snapshot!("accounts-ascii-80x24", screen);
}

/// The line of an account.
fn line(driver: &mut Driver, name: &str) -> String {
    let screen = driver.screen();
    screen.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name} is not on\n{screen}")).to_owned()
}

/// Puts the cursor on the row of an account.
fn choose<'a>(driver: &'a mut Driver, name: &str) -> &'a mut Driver {
    driver.press("g");
    for _ in 0..10 {
        if line(driver, name).starts_with('▌') {
            break;
        }
        driver.press("j");
    }
    driver
}

#[test]
fn a_cell_says_how_it_goes_what_is_protected_and_which_policies_are_in_force_or_why_it_is_blind() {
    let mut driver = start((120, 40));
    // Below the grid, as on a narrower screen.
    driver.press("d");
    assert!(line(&mut driver, "staging").contains("✗ "), "its last job of web failed");
    assert!(line(&mut driver, "staging").contains(" 2p"), "two plans are made by policies");
    assert!(line(&mut driver, "staging").contains("not asked"));
    assert!(line(&mut driver, "locked").contains("! no entry"));
    assert!(line(&mut driver, "remote").contains("! no answer"));
    assert!(line(&mut driver, "foreign").contains("! no role"));
    choose(&mut driver, "staging");
    driver.sees("Workloads/staging in us-east-1").sees("did not complete the last time").sees("web failed");
    driver.sees("2 policy-made plans are in force: org-daily, org-monthly");
    choose(&mut driver, "locked").sees("could not be assumed");
    choose(&mut driver, "foreign").sees("No role is named with which to enter foreign.").sees("member_role");
    choose(&mut driver, "remote").sees("connection refused").sees("r asks now");
}

#[test]
fn tab_goes_from_region_to_region_and_enter_opens_the_jobs_of_the_cell() {
    let mut driver = start((80, 24));
    choose(&mut driver, "staging").sees("in us-east-1");
    driver.press("tab").sees("in eu-central-1").sees("eu-central-1 is not asked of staging.");
    driver.press("enter").sees("eu-central-1 is not asked of staging.");
    driver.press("tab").sees(&format!("in {TOKYO}"));
    driver.press("tab").sees("in us-east-1");
    driver.press("shift-tab").sees(&format!("in {TOKYO}")).press("tab enter");
    assert!(driver.app.world.narrowed);
    assert_eq!(driver.app.world.shown, [fixture::staging()]);
    driver.sees("Backup jobs");
}

#[test]
fn more_regions_than_fit_move_with_the_chosen_one() {
    let mut fixture = organization();
    let regions = ["eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "sa-east-1", "ca-central-1"];
    fixture.scopes.extend(regions.map(|region| Scope::new("123456789012".parse().unwrap(), region.parse().unwrap())));
    let mut driver = Driver::start(Start { size: (80, 24), fixture, ..Start::default() });
    let screen = driver.press("5").screen();
    assert!(screen.contains("us-east-1") && !screen.contains("ca-central-1"), "{screen}");
    driver.press("shift-tab");
    let screen = driver.screen();
    let heading = screen.lines().find(|line| line.contains("ACCOUNT")).unwrap();
    assert!(heading.contains("ca-central-1") && !heading.contains("us-east-1"), "{screen}");
    insta::assert_snapshot!("accounts-many-regions-80x24", screen);
}

#[test]
fn only_accounts_with_a_problem_are_shown_when_that_is_asked() {
    let mut driver = start((120, 40));
    driver.press("f");
    let screen = driver.screen();
    for name in ["staging", "locked", "remote", "foreign"] {
        assert!(screen.lines().any(|line| line.contains(name)), "{name} is not on\n{screen}");
    }
}
