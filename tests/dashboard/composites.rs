//! Composite recovery points and parent jobs in the dashboard: what is nested is told from what it is nested in, and is what is
//! restored.

use crate::driver::{Driver, Start};
use crate::fixture::{Fixture, ago, copy, home, job, organization, point};
use vaultdeck::domain::job::{BackupJob, CopyJob, JobState};
use vaultdeck::domain::{Arn, KnownPoint, Nesting};

/// The organization with a stack of one table, backed up a moment ago.
fn with_stack() -> Fixture {
    let mut fixture = organization();
    let stack: Arn = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/0a1b".parse().unwrap();
    let composite = Arn::recovery_point(&home(), "composite:0a1b");
    let parent = BackupJob {
        is_parent: true,
        state: JobState::Partial,
        recovery_point_arn: Some(composite.clone()),
        resource_arn: stack.clone(),
        resource_type: "CloudFormation".to_owned().into(),
        ..job(&home(), 900, "shop", JobState::Completed, ago(0, 5))
    };
    let child = BackupJob {
        parent_job_id: Some(parent.id.clone()),
        status_message: Some("There is no table orders.".to_owned()),
        ..job(&home(), 901, "orders", JobState::Failed, ago(0, 6))
    };
    let whole = KnownPoint {
        arn: composite.clone(),
        nesting: Nesting::Parent,
        resource_arn: stack,
        resource_type: "CloudFormation".to_owned().into(),
        ..point(&home(), 900, "shop", ago(0, 5))
    };
    let nesting = Nesting::Child { parent: composite, member: Some("Orders".to_owned()) };
    let nested = KnownPoint { nesting, ..point(&home(), 901, "orders", ago(0, 6)) };
    let copied = CopyJob {
        is_parent: true,
        source_recovery_point_arn: Some(whole.arn.clone()),
        resource_arn: Some(whole.resource_arn.clone()),
        resource_name: Some("shop".to_owned()),
        resource_type: "CloudFormation".to_owned().into(),
        ..copy(&home(), 910, JobState::Partial, ago(0, 4))
    };
    let copied_child = CopyJob {
        parent_job_id: Some(copied.id.clone()),
        member: Some("Orders".to_owned()),
        resource_name: Some("orders".to_owned()),
        status_message: Some("The vault lets nothing in.".to_owned()),
        ..copy(&home(), 911, JobState::Failed, ago(0, 4))
    };
    fixture.copies.splice(0..0, [copied, copied_child]);
    fixture.backups.splice(0..0, [parent, child]);
    fixture.points.splice(0..0, [whole, nested]);
    fixture
}

fn driver() -> Driver {
    Driver::start(Start { size: (160, 45), fixture: with_stack(), ..Start::default() })
}

#[test]
fn a_parent_job_is_told_from_its_children_and_shows_them() {
    let mut driver = driver();
    driver.press("4").sees("shop (composite)").sees("orders (nested)");
    driver.press("/").write("shop").press("enter").sees_no("orders (nested)");
    driver.press("enter").sees("Child jobs").sees("There is no table orders.");
}

#[test]
fn a_composite_point_shows_what_is_nested_in_it_and_is_not_restored_as_a_whole() {
    let mut driver = driver();
    driver.press("2 j enter").sees("shop (composite)").sees("orders (nested)");
    driver.press("/").write("composite").press("enter").press("enter");
    driver.sees("Nested recovery points").sees("Orders").sees("bbbbbbbb-0000-4000-8000-000000000901");
    driver.press(":").write("restore").press("enter").sees("not restored as a whole");
}

#[test]
fn a_copy_of_a_composite_is_told_from_its_children_and_shows_them_and_the_point_shows_it() {
    let mut driver = driver();
    driver.press("4 tab").sees("Copy jobs").sees("shop (composite)").sees("orders (nested)");
    driver.press("/").write("910").press("enter").press("enter");
    driver.sees("Child jobs").sees("The vault lets nothing in.");
    let mut driver = self::driver();
    driver.press("2 j enter").press("/").write("composite").press("enter").press("enter");
    driver.sees("Copied to").sees("archive-vault").sees("in part");
    driver.press("a").write("copy into").press("enter").sees("with all that is nested in it");
}

#[test]
fn a_nested_point_is_taken_out_of_its_composite_after_a_preview_and_no_other_is() {
    let mut driver = driver();
    driver.press("2 j enter").press("/").write("orders").press("enter").press("a").write("take out").press("enter");
    driver.sees("out of its composite one").sees("PARTIAL from then on");
    let mut driver = self::driver();
    driver.press("2 j enter").press("/").write("composite").press("enter");
    driver.press(":").write("disassociate").press("enter").sees("nested in no composite");
}
