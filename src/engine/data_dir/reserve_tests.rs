use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const MIB: u64 = 1 << 20;

/// A disk of which a test says how much others use; the reserve's own file counts as it lies there.
struct Disk {
    folder: tempfile::TempDir,
    total: u64,
    used: Arc<AtomicU64>,
}

impl Disk {
    fn new(total: u64) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), total, used: Arc::default() }
    }

    fn open(&self) -> Reserve {
        let (total, used) = (self.total, Arc::clone(&self.used));
        let free = move |root: &Path| {
            let laid = std::fs::metadata(root.join(NAME)).map_or(0, |facts| facts.blocks() * 512);
            Ok(Space { total, free: total.saturating_sub(used.load(Ordering::SeqCst) + laid) })
        };
        Reserve::on(self.folder.path(), Box::new(free))
    }

    /// Others leave so much, beside what the reserve has.
    fn leave(&self, free: u64) {
        self.used.store(self.total - free - self.laid(), Ordering::SeqCst);
    }

    /// What the file really holds.
    fn laid(&self) -> u64 {
        std::fs::metadata(self.folder.path().join(NAME)).map_or(0, |facts| facts.blocks() * 512)
    }
}

#[test]
fn the_reserve_is_sixteen_mebibytes_or_a_small_part_of_a_small_disk() {
    assert_eq!(size_on(1 << 40), 16 * MIB);
    assert_eq!(size_on(512 * MIB), 16 * MIB);
    assert_eq!(size_on(96 * MIB), 3 * MIB);
    assert_eq!(size_on(0), 0);
}

#[test]
fn it_has_blocks_and_is_nobody_elses_business() {
    use std::os::unix::fs::PermissionsExt as _;
    let disk = Disk::new(1 << 30);
    let reserve = disk.open();
    assert!(disk.laid() >= 16 * MIB, "{}", disk.laid());
    let mode = std::fs::metadata(disk.folder.path().join(NAME)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(reserve.standing().laid, 16 * MIB);
    assert!(!reserve.is_in_use());
}

#[test]
fn where_blocks_cannot_be_asked_for_they_are_written() {
    let disk = Disk::new(1 << 30);
    let path = disk.folder.path().join("written");
    let mut file = File::create(&path).unwrap();
    write_blocks(&mut file, GRAIN, 4 * GRAIN).unwrap();
    let facts = std::fs::metadata(&path).unwrap();
    assert_eq!(facts.len(), 5 * GRAIN);
    assert!(facts.blocks() * 512 >= 4 * GRAIN);
    let content = std::fs::read(&path).unwrap();
    assert_ne!(content[GRAIN as usize..2 * GRAIN as usize], content[2 * GRAIN as usize..3 * GRAIN as usize]);
}

#[test]
fn a_disk_with_little_room_gives_half_of_it_and_one_with_none_gives_nothing() {
    let disk = Disk::new(1 << 30);
    disk.leave(20 * MIB);
    let reserve = disk.open();
    assert_eq!(reserve.standing().laid, 10 * MIB);
    assert!(reserve.is_in_use() && reserve.admits_backup().is_err());
    let disk = Disk::new(1 << 30);
    disk.leave(MIB);
    let reserve = disk.open();
    assert_eq!((reserve.standing().laid, disk.laid()), (0, 0));
    assert!(reserve.is_exhausted());
}

#[test]
fn a_full_disk_gets_a_slice_for_each_step_until_nothing_is_left() {
    let disk = Disk::new(1 << 30);
    let reserve = disk.open();
    disk.leave(3 * MIB);
    assert!(!reserve.ensure_step(), "there is room for a step");
    assert!(!reserve.is_in_use());
    let mut slices = 0;
    // Whatever filled the disk takes what becomes free, each time.
    loop {
        disk.leave(0);
        if !reserve.ensure_step() {
            break;
        }
        slices += 1;
        assert!(reserve.standing().free >= 2 * MIB || disk.laid() == 0, "a step finds what it may count on");
    }
    assert_eq!(slices, 4);
    assert!(reserve.is_exhausted());
}

#[test]
fn much_room_is_given_at_once_as_far_as_the_reserve_reaches() {
    let disk = Disk::new(1 << 30);
    let reserve = disk.open();
    disk.leave(0);
    reserve.ensure(9 * MIB);
    assert!(reserve.standing().free >= 9 * MIB);
    assert!(reserve.standing().laid > 0);
    reserve.ensure(100 * MIB);
    assert_eq!(reserve.standing().laid, 0);
}

#[test]
fn a_restore_onto_the_full_disk_itself_gets_at_most_half_of_it() {
    let disk = Disk::new(1 << 30);
    let device = std::fs::metadata(disk.folder.path()).unwrap().dev();
    let reserve = disk.open();
    disk.leave(0);
    assert!(!reserve.lend(device, 8 * MIB + 1));
    assert!(!reserve.lend(device + 1, MIB), "another disk has nothing of it");
    assert_eq!(reserve.standing().laid, 16 * MIB);
    assert!(reserve.lend(device, 8 * MIB));
    assert!(reserve.standing().free >= 8 * MIB && reserve.standing().laid > 0);
}

#[test]
fn a_disk_that_refuses_in_spite_of_what_it_tells_gets_a_slice_too() {
    let disk = Disk::new(1 << 30);
    let reserve = disk.open();
    reserve.refused();
    assert_eq!(reserve.standing().laid, 12 * MIB);
}

#[test]
fn it_is_laid_again_once_it_fits_and_leaves_backups_their_room() {
    let disk = Disk::new(1 << 30);
    let reserve = disk.open();
    disk.leave(0);
    reserve.ensure(16 * MIB);
    assert_eq!(disk.laid(), 0);
    disk.leave(32 * MIB - 1);
    reserve.refill();
    assert_eq!(disk.laid(), 0);
    assert!(reserve.standing().is_short());
    disk.leave(32 * MIB);
    reserve.refill();
    assert!(disk.laid() >= 16 * MIB);
    assert!(!reserve.is_in_use() && !reserve.standing().is_short());
    reserve.admits_backup().unwrap();
}

#[test]
fn what_is_left_of_it_is_found_by_the_next_process_and_made_whole_when_there_is_room() {
    let disk = Disk::new(1 << 30);
    let reserve = disk.open();
    disk.leave(0);
    reserve.ensure_step();
    drop(reserve);
    let left = disk.open().standing();
    assert_eq!((left.laid, left.size), (12 * MIB, 16 * MIB));
    disk.leave(100 * MIB);
    assert!(!disk.open().is_in_use());
}

#[test]
fn a_reserve_without_blocks_does_not_count() {
    let disk = Disk::new(1 << 30);
    File::create(disk.folder.path().join(NAME)).unwrap().set_len(16 * MIB).unwrap();
    disk.leave(20 * MIB);
    assert_eq!(disk.open().standing().laid, 0);
}

#[test]
fn packs_leave_room_also_those_that_are_written_side_by_side() {
    let disk = Disk::new(1 << 30);
    let reserve = disk.open();
    disk.leave(16 * MIB + 1000);
    reserve.claim(600).unwrap();
    let refused = reserve.claim(401).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    let told = refused.to_string();
    assert!(told.contains(disk.folder.path().to_str().unwrap()) && told.contains("16.0 MiB free"), "{told}");
    reserve.claim(400).unwrap();
    reserve.release(600);
    reserve.claim(600).unwrap();
    disk.leave(16 * MIB - 1);
    assert!(reserve.admits_backup().is_err());
    assert_eq!(reserve.standing().laid, 16 * MIB, "nothing of it is a backup's");
}

#[test]
fn what_everybody_is_told_names_no_path() {
    let disk = Disk::new(1 << 30);
    let reserve = disk.open();
    disk.leave(0);
    reserve.ensure_step();
    let told = reserve.standing().told();
    assert!(told.contains("4.0 MiB are free, and backups must leave 20.0 MiB"), "{told}");
    assert!(told.contains("in use: 12.0 MiB of 16.0 MiB are left"), "{told}");
    assert!(!told.contains('/'), "{told}");
}
