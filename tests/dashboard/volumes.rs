//! Files of a volume in the dashboard: partitions tell what they have, what cannot be shown says why, and what is marked is restored.

use crate::driver::{Driver, Start};
use crate::fixture::{Fixture, ago, home, item, organization, point};
use vaultdeck::domain::KnownPoint;
use vaultdeck::domain::extension::Item;

/// The organization with a volume of two partitions, backed up a moment ago.
fn with_volume() -> Fixture {
    let mut fixture = organization();
    let volume = KnownPoint {
        arn: "arn:aws:ec2:us-east-1::snapshot/snap-0123456789abcdef0".parse().unwrap(),
        resource_arn: "arn:aws:ec2:us-east-1:123456789012:volume/vol-0123456789abcdef0".parse().unwrap(),
        resource_type: "EBS".to_owned().into(),
        ..point(&home(), 900, "disk", ago(0, 5))
    };
    fixture.points.insert(0, volume);
    let root = fixture.items.get_mut("/").unwrap();
    let part = |name: &str, note: &str| Item { note: Some(note.to_owned()), ..item(name, "dir", 0) };
    root.items = vec![part("p1", "ext4 \"system\", 512 MiB"), part("p2", "LUKS (encrypted), 9 MiB")];
    root.missing.clear();
    fixture
}

fn driver(fixture: Fixture) -> Driver {
    Driver::start(Start { size: (120, 40), fixture, ..Start::default() })
}

#[test]
fn what_is_marked_of_a_volume_is_restored_into_a_folder() {
    let mut driver = driver(with_volume());
    driver.press("2 j enter enter").sees("p1/  ext4 \"system\", 512 MiB").sees("p2/  LUKS (encrypted), 9 MiB");
    driver.press("space a").write("restore").press("enter").sees("the 1 item marked").sees("File or device");
    driver.sees("/p1 will be restored into a new folder of the engine's").press("ctrl-s");
    driver.sees("ItemsToRestore").sees("[\\\"/p1\\\"]").sees("start-restore-job");
}

#[test]
fn a_volume_of_which_nothing_can_be_shown_says_why() {
    let mut fixture = with_volume();
    let root = fixture.items.get_mut("/").unwrap();
    root.items.clear();
    root.note = Some("The volume has XFS. Restore the volume and mount it.".to_owned());
    driver(fixture)
        .press("2 j enter enter")
        .sees("The volume has XFS. Restore the volume")
        .sees("This folder is empty.");
}
