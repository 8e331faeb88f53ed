//! What becomes of objects that are asked for before they are opened: each is asked for once, few at a time, and is what it would be
//! without that, an object or an issue.

use super::ahead::{Ahead, MOST};
use super::beside::Beside;
use super::bucket::Bucket;
use super::object::Object;
use super::unruly::{Answer, BUCKET, Unruly};
use super::unruly_tests::{back_up, back_up_until, with_objects};
use crate::repository::{Control, Piece, SourceReader as _};
use parking_lot::{Condvar, Mutex};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Keys that live as long as the tests.
fn keys(count: usize) -> &'static [&'static str] {
    (0..count).map(|number| &*format!("k{number:03}").leak()).collect::<Vec<_>>().leak()
}

/// How often each object was asked for.
fn asked(store: &Unruly) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for asked in store.asked("GET").into_iter().filter(|asked| !asked.key.is_empty()) {
        *times.entry(asked.key).or_default() += 1;
    }
    times
}

/// Waits until a store was asked for so many objects.
fn wait_for(store: &Unruly, count: usize) {
    let until = Instant::now() + Duration::from_secs(60);
    while asked(store).len() < count {
        assert!(Instant::now() < until, "{} of {count} were asked for", asked(store).len());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn each_small_object_is_asked_for_once_and_many_at_a_time() {
    /// How many are asked for at the same time, and whether they were as many as are waited for.
    type Together = (Mutex<(usize, bool)>, Condvar);
    const WANTED: usize = 10;
    let together = Arc::new(Together::default());
    let seen = Arc::clone(&together);
    let store = with_objects(keys(100), move |_| {
        let (state, changed) = &*seen;
        let mut now = state.lock();
        now.0 += 1;
        let are_enough = now.0 >= WANTED;
        now.1 |= are_enough;
        changed.notify_all();
        // No answer before there are so many; in vain for some seconds only.
        changed.wait_while_for(&mut now, |now| !now.1, Duration::from_secs(20));
        now.0 -= 1;
        Answer::object(b"good", "\"1\"")
    });
    let (outcome, _) = back_up(&store).unwrap();
    assert_eq!((outcome.files_new, outcome.issues.len()), (100, 0), "{outcome:?}");
    assert!(together.0.lock().1, "fewer than {WANTED} were asked for at a time");
    assert!(asked(&store).len() == 100 && asked(&store).values().all(|times| *times == 1), "{:?}", asked(&store));
}

#[test]
fn the_fault_of_an_object_that_was_asked_for_ahead_is_its_own_issue() {
    let (large, breaks) = (vec![7_u8; 3 << 20], AtomicUsize::new(0));
    let store = with_objects(&["breaks", "breaks-once", "denied", "gone", "good", "grown", "other"], move |asked| {
        let good = Answer::object(b"good", "\"1\"");
        match asked.key.as_str() {
            "breaks" => good.that_breaks_off_after(2),
            "breaks-once" if breaks.fetch_add(1, Ordering::Relaxed) == 0 => good.that_breaks_off_after(2),
            "denied" => Answer::error(403, "AccessDenied"),
            "gone" => Answer::error(404, "NoSuchKey"),
            // Since it was listed.
            "grown" => Answer::object(&large, "\"1\""),
            _ => good,
        }
    });
    let (outcome, _) = back_up(&store).unwrap();
    let issue = |name: &str| {
        let found = outcome.issues.iter().find(|issue| issue.path.ends_with(name));
        found.unwrap_or_else(|| panic!("{name} is no issue: {:?}", outcome.issues)).reason.clone()
    };
    assert!(issue("breaks").starts_with("its content broke off: "), "{}", issue("breaks"));
    assert!(issue("denied").contains("AccessDenied"), "{}", issue("denied"));
    assert!(issue("gone").contains("it cannot be found"), "{}", issue("gone"));
    assert_eq!(outcome.issues.len(), 3, "{:?}", outcome.issues);
    assert_eq!(outcome.bytes_total, 4 + 4 + (3 << 20) + 4, "the others are stored whole");
    let times = asked(&store);
    let expected =
        [("breaks", 6), ("breaks-once", 2), ("denied", 1), ("gone", 2), ("good", 1), ("grown", 1), ("other", 1)];
    assert!(times.iter().map(|(key, times)| (key.as_str(), *times)).eq(expected), "{times:?}");
}

#[test]
fn a_fault_that_passed_before_the_object_is_opened_is_none() {
    let fails = Arc::new(AtomicUsize::new(1));
    let still = Arc::clone(&fails);
    let store = with_objects(&["k"], move |_| match still.load(Ordering::SeqCst) {
        0 => Answer::object(b"good", "\"1\""),
        _ => Answer::error(400, "RequestTimeout"),
    });
    let bucket = Bucket::new(store.client(), BUCKET.to_owned(), Beside::default());
    let came = |ahead: &Ahead| {
        ahead.expect(&bucket, "k");
        ahead.take(&bucket, "k").unwrap()
    };
    assert!(!came(&Ahead::default()).is_usable(&bucket), "it is asked for again");
    fails.store(0, Ordering::SeqCst);
    assert!(came(&Ahead::default()).is_usable(&bucket));
}

#[test]
fn content_is_not_older_than_what_stands_beside_it() {
    let store = Unruly::that(|_| Answer::object(b"good", "\"1\"").with("x-amz-tagging-count", "1"));
    let options = |name: &str| BTreeMap::from([("BackupObjectTags".to_owned(), name.to_owned())]);
    for (beside, usable) in [(Beside::default(), false), (Beside::of(&options("disabled")), true)] {
        let (bucket, ahead) = (Bucket::new(store.client(), BUCKET.to_owned(), beside), Ahead::default());
        ahead.expect(&bucket, "k");
        assert_eq!(ahead.take(&bucket, "k").unwrap().is_usable(&bucket), usable);
    }
}

#[test]
fn a_cancelled_backup_asks_for_no_more_than_was_begun() {
    let (control, begun) = (Arc::new(Control::new()), Arc::new(AtomicUsize::new(0)));
    let (cancels, count) = (Arc::clone(&control), Arc::clone(&begun));
    let store = with_objects(keys(300), move |_| {
        if count.fetch_add(1, Ordering::SeqCst) == 20 {
            cancels.cancel();
        }
        Answer::object(b"good", "\"1\"")
    });
    assert!(back_up_until(&store, &control).is_err());
    let left = begun.load(Ordering::SeqCst);
    assert!((20..200).contains(&left), "{left} objects were asked for");
    std::thread::sleep(Duration::from_millis(100));
    assert!(begun.load(Ordering::SeqCst) <= left + MOST, "nobody goes on");
}

/// The content of an object that came.
fn content(bucket: &Bucket, ahead: &Ahead, key: &str) -> Option<Vec<u8>> {
    let mut object = Object::that_came(bucket, key, ahead.take(bucket, key)?).unwrap();
    let mut buffer = vec![0; 64];
    match object.read(&mut buffer).unwrap() {
        Piece::Data(length) => Some(buffer[..length].to_vec()),
        _ => Some(Vec::new()),
    }
}

#[test]
fn so_many_are_asked_for_ahead_and_no_more_in_whatever_order_they_are_opened() {
    let store = Unruly::that(|asked| Answer::object(asked.key.as_bytes(), "\"1\""));
    let bucket = Bucket::new(store.client(), BUCKET.to_owned(), Beside::default());
    let ahead = Ahead::default();
    let keys = keys(3 * MOST);
    for key in keys {
        ahead.expect(&bucket, key);
    }
    wait_for(&store, MOST);
    std::thread::sleep(Duration::from_millis(100));
    assert!(asked(&store).keys().eq(&keys[..MOST]), "{:?}", asked(&store));

    // One whose turn has not come is left to who opens it; one that was never told too.
    assert_eq!(content(&bucket, &ahead, keys[MOST]), None);
    assert_eq!(content(&bucket, &ahead, "other"), None);
    assert_eq!(asked(&store).len(), MOST, "no place became free");
    for (number, key) in keys[..MOST].iter().enumerate().rev() {
        assert_eq!(content(&bucket, &ahead, key).unwrap(), key.as_bytes(), "{number}");
    }
    // What was opened before its turn is not asked for any more.
    wait_for(&store, 2 * MOST);
    assert!(!asked(&store).contains_key(keys[MOST]));
    assert_eq!(content(&bucket, &ahead, keys[0]), None, "each is given once");
    // Those that nobody opens go with the client.
}
