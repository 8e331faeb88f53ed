//! Access policies in the dashboard: who can delete, templates, what would change, what cannot be taken back.

use crate::driver::{Driver, Start};
use crate::fixture::{Fixture, aws};
use vaultdeck::client::Capabilities;
use vaultdeck::domain::policy::Template;

const SIZES: [((u16, u16), &str); 4] =
    [((80, 24), "80x24"), ((60, 15), "60x15"), ((120, 40), "120x40"), ((160, 45), "160x45")];

/// The vaults, `prod-vault` with a policy.
fn with_policy() -> Fixture {
    let mut fixture = crate::fixture::organization();
    for vault in &fixture.vaults {
        fixture.policies.insert(vault.name.clone(), Template::DenyDeletes.text());
    }
    fixture
}

#[test]
fn the_dialogs() {
    for (size, suffix) in SIZES {
        let start = || Driver::start(Start { size, ..Start::default() });
        let mut who = start();
        who.press("2 j a").write("who can").press("enter");
        insta::assert_snapshot!(format!("policy-who-can-{suffix}"), who.screen());
        let mut none = start();
        none.press("2 j a").write("access policy").press("enter");
        insta::assert_snapshot!(format!("policy-none-{suffix}"), none.screen());
        let mut one = Driver::start(Start { size, fixture: with_policy(), ..Start::default() });
        one.press("2 j a").write("access policy").press("enter");
        insta::assert_snapshot!(format!("policy-edit-{suffix}"), one.screen());
        one.press("left left left").press("right").press("ctrl-s");
        insta::assert_snapshot!(format!("policy-confirm-{suffix}"), one.screen());
    }
}

#[test]
fn who_can_comes_first_and_who_cannot_for_the_same_reason_stands_together() {
    let mut driver = Driver::usual();
    driver.press("2 j a").write("who can").press("enter").sees("arn:aws:iam::210987654321:user/vaultdeck and 1 more");
    let screen = driver.screen();
    assert!(screen.find("yes").unwrap() < screen.find("no ").unwrap(), "{screen}");
    driver.press("right").sees("backup:UpdateRecoveryPointLifecycle 2 of 9").press("left left").sees("9 of 9");
}

#[test]
fn a_template_is_shown_in_words_before_it_is_put() {
    let mut driver = Driver::usual();
    driver.press("2 j a").write("access policy").press("enter");
    driver.sees("It has no policy").sees("+ Nobody can DeleteBackupVault, DeleteRecoveryPoint or");
    driver.press("right").sees("only one role deletes").sees("unless aws:PrincipalArn is");
    driver.press("right").sees("an organization's id begins with o-");
    driver.press("tab").write("o-a1b2c3d4e5").sees("+ anybody can CopyIntoBackupVault");
    driver.press("ctrl-s").sees("PutBackupVaultAccessPolicy").sees("aws:PrincipalOrgID is o-a1b2c3d4e5");
}

#[test]
fn the_organization_that_may_copy_in_is_ones_own_unless_another_is_written() {
    let mut fixture = crate::fixture::organization();
    fixture.organization = Some("o-a1b2c3d4e5".to_owned());
    let mut driver = Driver::start(Start { fixture, ..Start::default() });
    driver.press("2 j a").write("access policy").press("enter right right").sees("+ anybody can CopyIntoBackupVault");
    driver.sees("o-a1b2c3d4e5").press("tab ctrl-u").sees("an organization's id begins with o-");
}

#[test]
fn a_policy_that_nobody_could_change_again_is_said_to_be_one_and_wants_the_vaults_name() {
    let mut driver = Driver::start(Start { size: (120, 40), ..Start::default() });
    driver.press("2 j a").write("access policy").press("enter right right right tab");
    driver.write(
        r#"{"Statement":{"Effect":"Deny","Principal":"*","Resource":"*","Action":["backup:PutBackupVaultAccessPolicy","backup:DeleteBackupVaultAccessPolicy"]}}"#,
    );
    driver.sees("Nobody could ever change or remove this policy again.");
    driver.press("ctrl-s").sees("Nobody will ever be able to change or remove this policy again.").sees("prod-vault");
}

#[test]
fn what_is_wrong_with_a_policy_is_said_at_its_field() {
    let mut driver = Driver::usual();
    driver.press("2 j a").write("access policy").press("enter right right right tab");
    driver.write(r#"{"Statement":{"Effect":"Deny","Principal":"*","Resource":"*","Action":"backup:*"}}"#);
    driver.sees("wildcards are not supported");
}

#[test]
fn on_aws_the_policy_itself_is_looked_at_and_what_is_not_known_is_said() {
    let capabilities = Capabilities { write: false, ..aws() };
    let mut driver = Driver::start(Start {
        size: (120, 40),
        fixture: with_policy(),
        capabilities,
        embedded: false,
        ..Start::default()
    });
    driver.press("2 j a").write("who can").press("enter").sees("Who can delete recovery points from prod-vault?");
    driver
        .sees("anybody else of account")
        .sees("statement \"DenyDeletes\" denies it")
        .sees("locks and holds say is not known here");
}

#[test]
fn nothing_is_put_over_a_policy_that_is_not_known_yet() {
    // Where nothing stands beside the list and asks before.
    let mut driver = Driver::start(Start { size: (110, 40), ..Start::default() });
    driver.press("2 j a").write("access policy").press_unanswered("enter ctrl-s");
    driver.sees_no("PutBackupVaultAccessPolicy").sees("Access policy of prod-vault");
    driver.press("ctrl-s").sees_no("PutBackupVaultAccessPolicy").press("ctrl-s").sees("PutBackupVaultAccessPolicy");
}
