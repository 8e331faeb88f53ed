use super::*;
use crate::engine::catalog::{Catalog, state};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.sqlite");
    Place { _folder: folder, path }
}

fn day(number: i64) -> Time {
    crate::engine::catalog::sample::at(number * 24)
}

fn note(catalog: &Catalog, value: &str) {
    catalog.write(|tx| state::set(tx, "a", value)).unwrap();
}

fn noted(path: &Path) -> Option<String> {
    Catalog::open(path).unwrap().read(|c| state::get(c, "a")).unwrap()
}

fn damage(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[0xA5; 2048], 4096 * 2).unwrap();
}

#[test]
fn a_copy_of_a_live_catalog_is_private_one_file_and_holds_what_was_committed() {
    let place = place();
    let catalog = Catalog::open(&place.path).unwrap();
    note(&catalog, "1");
    let copy = make(&place.path, day(0)).unwrap();
    note(&catalog, "2");
    assert_eq!(fs::metadata(&copy.path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(folder(&place.path)).unwrap().permissions().mode() & 0o777, 0o700);
    let files: Vec<_> = fs::read_dir(folder(&place.path)).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(files, std::slice::from_ref(&copy.path));
    let header = fs::read(&copy.path).unwrap();
    assert_eq!(&header[18..20], [1, 1], "it needs no log beside it");
    assert_eq!(noted(&copy.path).as_deref(), Some("1"));
}

#[test]
fn seven_are_kept_and_a_clock_that_was_wrong_does_not_choose_which() {
    let place = place();
    let catalog = Catalog::open(&place.path).unwrap();
    for number in 0..10 {
        note(&catalog, &number.to_string());
        // The third was made while the clock was a year ahead.
        make(&place.path, if number == 2 { day(365) } else { day(number) }).unwrap();
    }
    let numbers: Vec<u64> = list(&place.path).unwrap().iter().map(|copy| copy.number).collect();
    assert_eq!(numbers, [4, 5, 6, 7, 8, 9, 10]);
    drop(catalog);
    put_back(&place.path, None, day(11)).unwrap();
    assert_eq!(noted(&place.path).as_deref(), Some("9"));
}

#[test]
fn a_damaged_catalog_is_not_copied_and_no_copy_goes_for_it() {
    let place = place();
    let catalog = Catalog::open(&place.path).unwrap();
    for number in 0..7 {
        note(&catalog, &number.to_string());
        make(&place.path, day(number)).unwrap();
    }
    drop(catalog);
    let before = list(&place.path).unwrap();
    damage(&place.path);
    assert!(make(&place.path, day(8)).is_err());
    assert_eq!(list(&place.path).unwrap(), before);
    assert_eq!(fs::read_dir(folder(&place.path)).unwrap().count(), 7, "nothing half made is left");
}

#[test]
fn a_damaged_catalog_names_the_newest_good_copy_and_the_command_which_works_and_keeps_the_damaged_one() {
    let place = place();
    let catalog = Catalog::open(&place.path).unwrap();
    note(&catalog, "good");
    let good = make(&place.path, day(0)).unwrap();
    note(&catalog, "newer");
    let bad = make(&place.path, day(1)).unwrap();
    drop(catalog);
    damage(&bad.path);
    damage(&place.path);
    let damaged = fs::read(&place.path).unwrap();
    let Err(error @ Error::Damaged { .. }) = Catalog::open(&place.path) else { panic!("opened") };
    let command = format!("vaultdeck catalog restore {} --data-dir ", good.name());
    assert!(error.to_string().contains(&command), "{error}");
    let done = put_back(&place.path, Some(Path::new(&good.name())), day(2)).unwrap();
    assert_eq!(done.from, good.path);
    assert_eq!(fs::read(done.aside.unwrap().join("catalog.sqlite")).unwrap(), damaged);
    assert_eq!(noted(&place.path).as_deref(), Some("good"));
    assert_eq!(fs::metadata(&place.path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_log_of_the_catalog_before_is_not_played_into_the_one_put_back() {
    let place = place();
    let catalog = Catalog::open(&place.path).unwrap();
    note(&catalog, "1");
    make(&place.path, day(0)).unwrap();
    note(&catalog, "2");
    // As after a kill: the log is there, and holds what the file does not.
    let log = beside(&place.path, "-wal");
    let kept = fs::read(&log).unwrap();
    drop(catalog);
    fs::write(&log, &kept).unwrap();
    let done = put_back(&place.path, None, day(1)).unwrap();
    assert_eq!(noted(&place.path).as_deref(), Some("1"));
    assert_eq!(fs::read(done.aside.unwrap().join("catalog.sqlite-wal")).unwrap(), kept);
}

#[test]
fn without_a_good_copy_the_way_is_a_rescan() {
    let place = place();
    let catalog = Catalog::open(&place.path).unwrap();
    note(&catalog, "1");
    drop(catalog);
    damage(&place.path);
    let Err(error) = Catalog::open(&place.path) else { panic!("opened") };
    assert!(error.to_string().contains("vaultdeck vault rescan --all --data-dir "), "{error}");
    assert!(put_back(&place.path, None, day(1)).is_err());
    assert!(place.path.exists(), "nothing was moved for nothing");
}

#[test]
fn only_a_catalog_that_this_program_can_read_is_put_back() {
    let place = place();
    drop(Catalog::open(&place.path).unwrap());
    let copy = make(&place.path, day(0)).unwrap();
    let connection = Connection::open(&copy.path).unwrap();
    connection.pragma_update(None, "user_version", migrations::ALL.len() as i64 + 1).unwrap();
    drop(connection);
    let by_name = PathBuf::from(copy.name());
    assert!(matches!(put_back(&place.path, Some(&by_name), day(1)), Err(Error::Newer { .. })));
    let other = place.path.with_file_name("other.sqlite");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(put_back(&place.path, Some(&other), day(1)).is_err());
    assert!(put_back(&place.path, Some(Path::new("000009-nothing")), day(1)).is_err());
    Catalog::open(&place.path).unwrap();
}

#[test]
fn a_catalog_is_copied_before_its_schema_changes() {
    let place = place();
    let connection = Connection::open(&place.path).unwrap();
    connection.execute_batch(migrations::ALL[0]).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    drop(connection);
    drop(Catalog::open(&place.path).unwrap());
    let copies = list(&place.path).unwrap();
    assert_eq!(copies.len(), usize::from(migrations::ALL.len() > 1));
    for copy in copies {
        assert_eq!(migrations::version(&Connection::open(&copy.path).unwrap()).unwrap(), 1);
    }
    drop(Catalog::open(&place.path).unwrap());
    assert!(list(&place.path).unwrap().len() <= 1, "an unchanged schema needs no copy");
}

#[test]
fn a_copy_is_due_a_day_after_the_newest_whatever_the_clock_did() {
    let place = place();
    drop(Catalog::open(&place.path).unwrap());
    let now = Utc::now();
    assert!(!is_due(&place.path, now).unwrap(), "a catalog that was just made");
    assert!(is_due(&place.path, now + chrono::Duration::hours(1)).unwrap());
    make(&place.path, now).unwrap();
    assert!(!is_due(&place.path, now + chrono::Duration::hours(23)).unwrap());
    assert!(is_due(&place.path, now + chrono::Duration::hours(24)).unwrap());
    assert!(is_due(&place.path, now - chrono::Duration::days(300)).unwrap(), "that copy was made by a wrong clock");
}

#[test]
fn a_path_is_quoted_for_the_shell() {
    assert_eq!(quoted(Path::new("/srv/a-b_c.d")), "/srv/a-b_c.d");
    assert_eq!(quoted(Path::new("/srv/a b'c")), r"'/srv/a b'\''c'");
}
