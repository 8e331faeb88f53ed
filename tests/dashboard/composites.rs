//! Composite recovery points and parent jobs in the dashboard: what is nested is told from what it is nested in, and is what is
//! restored.

use crate::driver::{Driver, Start};
use crate::fixture::{Fixture, ago, home, job, organization, point};
use vaultdeck::domain::job::{BackupJob, JobState};
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
