//! The copy wizard: what would be refused or fail is said at its field before anything is sent, what cannot be known is said too,
//! and what is sent is what was shown.

use crate::driver::{Driver, Start};
use crate::fixture::{self, Fixture, ago, frankfurt, home, organization, staging, vault};
use vaultdeck::client::query::rows;
use vaultdeck::client::{Answer, Capabilities, Fault, FaultKind, Key, Outcome, Query};
use vaultdeck::domain::job::JobState;
use vaultdeck::domain::recovery_point::RecoveryPointStatus;
use vaultdeck::domain::{Arn, Known, Lifecycle};
use vaultdeck::tui::msg::Effect;

const SIZES: [((u16, u16), &str); 4] =
    [((80, 24), "80x24"), ((60, 15), "60x15"), ((120, 40), "120x40"), ((160, 45), "160x45")];

const LETS_PRODUCTION_IN: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"FromProduction","Effect":"Allow",
    "Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"backup:CopyIntoBackupVault","Resource":"*"}]}"#;

const LETS_THE_ORGANIZATION_IN: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Ours","Effect":"Allow",
    "Principal":"*","Action":"backup:CopyIntoBackupVault","Resource":"*",
    "Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}]}"#;

const NOBODY_COPIES: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"NoCopies","Effect":"Deny",
    "Principal":"*","Action":["backup:CopyIntoBackupVault","backup:CopyFromBackupVault"],"Resource":"*"}]}"#;

/// The wizard for the newest point of `prod-vault`, which is kept for 35 days.
fn wizard(fixture: Fixture) -> Driver {
    open(Driver::start(Start { size: (120, 40), fixture, ..Start::default() }))
}

fn open(mut driver: Driver) -> Driver {
    driver.press("2 j enter a").write("copy into").press("enter");
    driver
}

/// The organization with the setting and a vault `copies` in the other account.
fn with_copies(enabled: &str, policy: Option<&str>) -> Fixture {
    let mut fixture = organization();
    fixture.settings.insert("isCrossAccountBackupEnabled".to_owned(), enabled.to_owned());
    fixture.vaults.push(vault(&staging(), "copies", 0));
    fixture.policies.extend(policy.map(|policy| ("copies".to_owned(), policy.to_owned())));
    fixture
}

/// Chooses the vault `copies`.
fn into_copies(fixture: Fixture) -> Driver {
    let mut driver = wizard(fixture);
    driver.press("enter").write("copies").press("enter");
    driver
}

fn is_refused(driver: &mut Driver) {
    driver.press("ctrl-s").sees("Copy into another vault").sees_no("the exact request");
}

#[test]
fn the_dialog() {
    for (size, suffix) in SIZES {
        let mut same = open(Driver::start(Start { size, ..Start::default() }));
        insta::assert_snapshot!(format!("copy-{suffix}"), same.screen());
        same.press("ctrl-s");
        insta::assert_snapshot!(format!("copy-confirm-{suffix}"), same.screen());
        let mut refused = open(Driver::start(Start { size, fixture: with_copies("false", None), ..Start::default() }));
        refused.press("enter").write("copies").press("enter");
        insta::assert_snapshot!(format!("copy-refused-{suffix}"), refused.screen());
        let mut chosen = open(Driver::start(Start { size, ..Start::default() }));
        chosen.press("enter");
        insta::assert_snapshot!(format!("copy-vaults-{suffix}"), chosen.screen());
    }
}

#[test]
fn vaults_of_all_accounts_and_regions_are_offered_but_not_the_points_own() {
    let mut driver = wizard(with_copies("true", None));
    driver.press("enter").sees("archive-vault in production/eu-central-1").sees("copies in staging/us-east-1");
    driver.sees("another: type its ARN").sees_no("prod-vault in production/us-east-1");
}

#[test]
fn what_was_shown_is_sent_and_the_copy_is_followed() {
    let mut driver = wizard(organization());
    driver
        .sees("It would be deleted in 34d")
        .press("tab")
        .write("90")
        .sees("It would be deleted in 89d")
        .press("ctrl-s");
    driver.sees("StartCopyJob").sees("\"SourceBackupVaultName\": \"prod-vault\"").sees("\"DeleteAfterDays\": 90");
    driver.sees("arn:aws:backup:eu-central-1:123456789012:backup-vault:archive-vault");
    driver.take_effects();
    driver.press("y");
    let sent = driver.take_effects();
    assert!(sent.iter().any(|effect| matches!(effect, Effect::Change { .. })), "{sent:?}");
    driver.changed(Ok(Outcome::CopyJob("dddddddd-0000-4000-8000-000000000001".parse().unwrap())));
    driver.sees_no("Copy into another vault");
}

#[test]
fn fields_left_empty_send_no_lifecycle() {
    wizard(organization()).press("ctrl-s").sees("StartCopyJob").sees_no("Lifecycle");
}

#[test]
fn a_retention_outside_of_the_destinations_lock_is_refused_at_its_field() {
    let mut driver = wizard(organization());
    driver.press("tab").write("3").sees("the vault's lock lets in 7+ days; this copy would be kept: 3 days");
    is_refused(&mut driver);
    driver.press("backspace").write("7").sees_no("the vault's lock lets in").press("ctrl-s").sees("StartCopyJob");
}

#[test]
fn the_sources_own_retention_is_held_against_the_lock_too() {
    let mut fixture = organization();
    for point in &mut fixture.points {
        point.lifecycle = Known::Known(Some(Lifecycle::delete_after(2)));
    }
    let mut driver = wizard(fixture);
    driver.sees("this copy would be kept: 2 days");
    is_refused(&mut driver);
}

#[test]
fn to_another_account_the_setting_must_be_on_and_the_policy_must_allow_it() {
    let off = "copies to another account are off";
    let mut driver = into_copies(with_copies("false", None));
    driver.sees(off).sees("the vault has no access policy");
    is_refused(&mut driver);
    let mut driver = into_copies(with_copies("false", Some(LETS_PRODUCTION_IN)));
    driver.sees(off).sees_no("access policy");
    is_refused(&mut driver);
    let mut driver = into_copies(with_copies("true", Some(NOBODY_COPIES)));
    driver.sees_no(off).sees("statement \"NoCopies\" denies it");
    is_refused(&mut driver);
    let mut driver = into_copies(with_copies("true", Some(LETS_PRODUCTION_IN)));
    driver.sees_no(off).sees_no("access policy").press("ctrl-s").sees("StartCopyJob");
}

#[test]
fn what_a_policy_asks_that_is_not_known_here_is_a_note_and_stops_nothing() {
    let mut driver = into_copies(with_copies("true", Some(LETS_THE_ORGANIZATION_IN)));
    driver.sees("statement \"Ours\" decides it by").sees("aws:PrincipalOrgID, which is not known here");
    driver.press("ctrl-s").sees("StartCopyJob");
}

#[test]
fn a_policy_that_asks_for_the_organization_is_judged_where_that_is_known() {
    let mut fixture = with_copies("true", Some(LETS_THE_ORGANIZATION_IN));
    fixture.organization = Some("o-a1b2c3d4e5".to_owned());
    into_copies(fixture).sees_no("access policy").press("ctrl-s").sees("StartCopyJob");
    let mut fixture = with_copies("true", Some(LETS_THE_ORGANIZATION_IN));
    fixture.organization = Some("o-another00".to_owned());
    let mut driver = into_copies(fixture);
    driver.sees("does not let the job's role do");
    is_refused(&mut driver);
}

#[test]
fn what_another_account_does_not_tell_is_a_note_and_stops_nothing() {
    let mut fixture = with_copies("true", None);
    fixture.settings.clear();
    fixture.faults.push((staging(), Fault::new(FaultKind::Denied, "not authorized")));
    let mut driver = wizard(fixture);
    let arn = Arn::vault(&staging(), &"copies".parse().unwrap());
    driver.press("enter").write("type its").press("enter").write(arn.as_str());
    driver.sees("Whether there is such a vault").sees("Whether the vault's access policy lets account production in");
    driver.sees("Whether the organization allows copies to another account");
    driver.press("ctrl-s").sees("StartCopyJob").sees(arn.as_str());
}

#[test]
fn a_vault_that_is_typed_is_judged_as_one_that_is_chosen() {
    let mut driver = wizard(organization());
    driver.press("enter").write("type its").press("enter").sees("type the ARN of the vault");
    driver.write("arn:aws:s3:::bucket").sees("\"arn:aws:s3:::bucket\" is not the ARN of").press("ctrl-u");
    driver.write("arn:aws:backup:us-east-1:123456789012:backup-vault:prod-vault").sees("that is the vault it lies in");
    is_refused(&mut driver);
    driver.press("ctrl-u").write("arn:aws:backup:us-east-1:123456789012:backup-vault:nowhere");
    driver.sees("there is no vault nowhere in production/us-east-1");
    is_refused(&mut driver);
    driver.press("ctrl-u").write("arn:aws:backup:us-east-1:310987654321:backup-vault:Default");
    driver.sees("account 310987654321 is none of this organization");
    is_refused(&mut driver);
}

#[test]
fn the_policy_of_the_points_own_vault_may_keep_it_in() {
    let mut fixture = organization();
    fixture.policies.insert("prod-vault".to_owned(), NOBODY_COPIES.to_owned());
    let mut driver = wizard(fixture);
    driver
        .sees("the access policy of the vault it lies in does not let")
        .sees("backup:CopyFromBackupVault: statement \"NoCopies\"");
    is_refused(&mut driver);
}

#[test]
fn a_point_that_is_cold_or_not_whole_cannot_be_copied_and_says_why_in_the_menu() {
    let mut cold = organization();
    for point in &mut cold.points {
        point.storage_class = Known::Known(Some("COLD".to_owned()));
    }
    let mut driver = Driver::start(Start { fixture: cold, ..Start::default() });
    driver.press("2 j enter a").write("copy into").sees("it is in cold storage, from which nothing is copied");
    driver.press("enter").sees_no("Keep for days");
    let mut creating = organization();
    for point in &mut creating.points {
        point.status = RecoveryPointStatus::Creating;
    }
    let mut driver = Driver::start(Start { fixture: creating, ..Start::default() });
    driver.press("2 j enter a").write("copy into").sees("a recovery point that is CREATING cannot be copied");
}

#[test]
fn a_role_of_another_account_and_days_that_are_none_are_refused_at_their_fields() {
    let mut driver = wizard(organization());
    driver.press("tab").write("0").sees("DeleteAfterDays cannot be less than 1");
    driver.press("ctrl-u").write("x").sees("a number of days");
    driver.press("ctrl-u tab tab ctrl-u").write("arn:aws:iam::210987654321:role/r");
    driver.sees("a role of the recovery point's own account");
    is_refused(&mut driver);
}

#[test]
fn on_aws_it_is_told_that_the_key_must_be_shared() {
    let capabilities = Capabilities { write: true, ..fixture::aws() };
    let fixture = with_copies("true", Some(LETS_PRODUCTION_IN));
    let start = Start { size: (120, 40), fixture, capabilities, embedded: false, ..Start::default() };
    let mut driver = open(Driver::start(start));
    driver.sees_no("may use the key").press("enter").write("copies").press("enter").sees("may use the key");
}

#[test]
fn the_vault_stays_that_was_chosen_when_more_vaults_come_to_be_known() {
    let mut driver = wizard(organization());
    driver.sees("archive-vault in production/eu-central-1").press("tab").write("9");
    let mut vaults = vec![vault(&frankfurt(), "a-newer-one", 0)];
    vaults.extend(organization().vaults.into_iter().filter(|vault| vault.scope == frankfurt()));
    driver.reply(Key::scoped(frankfurt(), Query::Vaults), Ok(Answer::Vaults(rows(vaults))));
    driver.answer_all();
    driver.sees("archive-vault in production/eu-central-1").sees_no("a-newer-one");
}

#[test]
fn a_point_tells_where_it_was_copied_to() {
    let mut fixture = organization();
    let source = fixture.points[0].arn.clone();
    for (number, state) in [(1, JobState::Completed), (2, JobState::Failed)] {
        let mut job = fixture::copy(&home(), number, state, ago(number as i64, 0));
        let vault = if number == 1 { "archive-vault" } else { "never-there" };
        job.destination_vault_arn = Some(Arn::vault(&frankfurt(), &vault.parse().unwrap()));
        job.source_recovery_point_arn = Some(source.clone());
        fixture.copies.push(job);
    }
    let mut driver = Driver::start(Start { fixture, ..Start::default() });
    driver.press("2 j enter enter tab").sees("Copied to").sees("archive-vault in production/eu-central-1, 2026-11-23");
    driver.sees_no("never-there");
}

#[test]
fn what_comes_to_be_known_of_the_point_while_the_form_is_open_counts() {
    let mut fixture = organization();
    for point in &mut fixture.points {
        point.status = RecoveryPointStatus::Partial;
    }
    let mut driver = wizard(fixture);
    driver.sees("It is PARTIAL: a copy lacks what it lacks.");
    let mut point = organization().points[0].clone();
    point.storage_class = Known::Known(Some("COLD".to_owned()));
    let query = Query::RecoveryPoint { vault: point.vault(), recovery_point: point.arn.clone() };
    driver.reply(Key::scoped(home(), query), Ok(Answer::RecoveryPoint(std::sync::Arc::new(point))));
    driver.answer_all();
    driver.sees("it is in cold storage, from which nothing is copied");
    is_refused(&mut driver);
}
