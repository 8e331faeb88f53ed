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
    sized(fixture, (120, 40))
}

fn sized(fixture: Fixture, size: (u16, u16)) -> Driver {
    Driver::start(Start { size, fixture, ..Start::default() })
}

/// All the words of the screen, whatever line they are in.
fn words(driver: &mut Driver) -> String {
    driver.screen().split_whitespace().collect::<Vec<_>>().join(" ")
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
fn a_volume_of_which_nothing_can_be_shown_says_why_in_whole_sentences() {
    let why =
        "The volume has XFS. Single files come only out of ext2, ext3, ext4 and NTFS: restore the volume and mount it.";
    for size in [(80, 24), (120, 40)] {
        let mut fixture = with_volume();
        let root = fixture.items.get_mut("/").unwrap();
        root.items.clear();
        root.note = Some(why.to_owned());
        let mut driver = sized(fixture, size);
        driver.press("2 j enter enter").sees("Its files cannot be listed").sees_no("This folder is empty");
        assert!(words(&mut driver).contains(why), "{}", driver.screen());
        // And so do the facts of the recovery point.
        driver.press("tab").sees("Files");
        assert!(words(&mut driver).contains(why), "{}", driver.screen());
    }
}

#[test]
fn what_an_item_has_no_room_to_say_stands_below_the_list() {
    let mut fixture = with_volume();
    let why = "its list of attributes leads to what is not its own, and nothing of it can be restored: it is damaged";
    let root = fixture.items.get_mut("/").unwrap();
    root.items.push(Item { note: Some(why.to_owned()), ..item("spoilt", "other", 0) });
    let mut driver = sized(fixture, (80, 24));
    driver.press("2 j enter enter");
    assert!(!words(&mut driver).contains(why));
    driver.press("G");
    assert!(words(&mut driver).contains(&format!("spoilt: {why}")), "{}", driver.screen());
}
