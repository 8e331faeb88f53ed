//! A deletion says what it blocks or strands before it is sent.

use crate::driver::Driver;
use crate::fixture;
use vaultdeck::domain::Arn;
use vaultdeck::domain::plan::CopyAction;

#[test]
fn a_vault_says_which_rules_of_plans_name_it() {
    let mut driver = Driver::usual();
    driver.fixture().vaults.push(fixture::vault(&fixture::home(), "old-vault", 0));
    driver.answer_again();
    driver.press("2 /").write("old").press("enter :").write("delete-vault").press("enter");
    driver.sees("No rule of a plan of this account and region names it.");

    let mut named = Driver::usual();
    for vault in &mut named.fixture().vaults {
        vault.recovery_points = 0;
    }
    named.answer_again();
    named.press("2 /").write("prod").press("enter :").write("delete-vault").press("enter");
    named.sees("rule names it, and its runs will fail").sees("nightly");
}

#[test]
fn a_vault_says_which_rules_only_copy_into_it() {
    let mut driver = Driver::usual();
    let home = fixture::home();
    let fixture = driver.fixture();
    fixture.vaults.push(fixture::vault(&home, "old-vault", 0));
    let destination = Arn::vault(&home, &"old-vault".parse().unwrap()).to_string();
    let copy = CopyAction { destination_backup_vault_arn: destination, lifecycle: None };
    fixture.plans[0].plan.document.rules[0].copy_actions.push(copy);
    driver.answer_again();
    driver.press("2 /").write("old").press("enter :").write("delete-vault").press("enter");
    driver.sees("1 rule names it, and its runs will fail").sees("nightly").sees_no("No rule of a plan");
}

#[test]
fn a_recovery_point_says_what_is_left_of_its_resource() {
    let mut driver = Driver::usual();
    driver.press("2 j enter g :").write("delete-recovery-point").press("enter");
    driver.sees("5 other recovery points of projects can be restored.");

    let mut last = Driver::usual();
    let points = &mut last.fixture().points;
    points.retain(|point| point.resource_name.as_deref() == Some("projects"));
    points.truncate(1);
    last.answer_again();
    last.press("2 j enter g :").write("delete-recovery-point").press("enter");
    last.sees("it is the last one of projects that can be");
}

#[test]
fn a_plan_says_which_of_its_jobs_are_under_way() {
    let mut driver = Driver::usual();
    driver.press("3 enter :").write("delete-plan").press("enter").sees("of its jobs");
}
