//! What becomes of a backup and a restore of a bucket whose store breaks off, changes its mind, or is gone: what is stored is
//! one object from its beginning to its end or an issue, and nothing that is there is overwritten.

use super::beside::Beside;
use super::bucket::Bucket;
use super::object::Object;
use super::unruly::{Answer, Asked, BUCKET, Unruly};
use super::{FACTS, source};
use crate::domain::{Resource, Scope, Tags};
use crate::engine::drivers::{BackupCx, Fault, PointFacts, Registered};
use crate::repository::{
    BackupOutcome, BackupRequest, ChunkerParameters, Control, LocalStorage, MasterKey, Options, Piece, Repository,
    SourceReader as _,
};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

/// More than what is taken whole when it is opened.
fn large() -> Vec<u8> {
    (0..3_u32 << 20).map(|number| (number / 251) as u8).collect()
}

/// Reads the object of the one key to its end.
fn read(store: &Unruly) -> io::Result<Vec<u8>> {
    let bucket = Bucket::new(store.client(), BUCKET.to_owned(), Beside::default());
    let mut object = Object::open(&bucket, "k", None)?.whole_if_small()?;
    let (mut all, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        match object.read(&mut buffer)? {
            Piece::Data(length) => all.extend(&buffer[..length]),
            Piece::Hole(_) | Piece::AsBefore(_) | Piece::End => return Ok(all),
        }
    }
}

#[test]
fn content_that_breaks_off_goes_on_from_that_byte_of_the_same_object() {
    let store = Unruly::that(|asked| match asked.first_byte() {
        None => Answer::object(&large(), "\"1\"").that_breaks_off_after(1 << 20),
        Some(at) => Answer::object(&large()[at..], "\"1\""),
    });
    assert!(read(&store).unwrap() == large());
    let asked = store.asked("GET");
    assert_eq!(asked.len(), 2);
    assert!(asked[1].first_byte().is_some_and(|at| at > 0 && at <= 1 << 20), "{:?}", asked[1]);
    assert_eq!(asked[1].header("if-match"), Some("\"1\""), "the store is told which object is meant");
}

/// A way to answer who asks for the rest.
type Rest = fn(usize) -> Answer;

#[test]
fn content_that_breaks_off_goes_on_in_no_other_object_and_in_no_other_place() {
    let told: [(Rest, &str); 4] = [
        (|_| Answer::error(412, "PreconditionFailed"), "it was overwritten while it was read"),
        (|at| Answer::object(&large()[at..], "\"2\""), "its content broke off: "),
        // As those do that know no ranges.
        (|_| Answer::object(&large(), "\"1\""), "its content broke off: "),
        (|at| Answer::object(&large()[at + 1..], "\"1\""), "its content broke off: "),
    ];
    for (number, (rest, why)) in told.into_iter().enumerate() {
        let store = Unruly::that(move |asked| match asked.first_byte() {
            None => Answer::object(&large(), "\"1\"").that_breaks_off_after(1 << 20),
            Some(at) => rest(at),
        });
        let refused = read(&store).expect_err("what was read is no object").to_string();
        assert!(refused.starts_with(why), "{number}: {refused}");
        assert_eq!(store.asked("GET").len(), 2, "{number}");
    }
}

#[test]
fn a_store_that_breaks_off_again_and_again_is_given_up() {
    let store = Unruly::that(|asked| {
        let rest = large()[asked.first_byte().unwrap_or_default()..].to_vec();
        Answer::object(&rest, "\"1\"").that_breaks_off_after(300_000)
    });
    assert!(read(&store).is_err());
    assert_eq!(store.asked("GET").len(), 6, "five times it goes on");
}

#[test]
fn a_small_object_that_breaks_off_is_asked_for_anew_and_then_is_an_issue() {
    for breaks in [1, 5, 6] {
        let times = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let store = Unruly::that(move |_| {
            let whole = Answer::object(b"content", "\"1\"");
            let time = times.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if time < breaks { whole.that_breaks_off_after(3) } else { whole }
        });
        let read = read(&store);
        assert_eq!(read.is_ok(), breaks <= 5, "{breaks} {read:?}");
        assert!(read.map_or(true, |content| content == b"content"), "{breaks}");
    }
}

#[test]
fn content_that_is_not_what_its_checksum_says_is_an_issue() {
    for content in [b"content".to_vec(), large()] {
        let wrong = Arc::new(content);
        let told = Arc::clone(&wrong);
        let store = Unruly::that(move |_| Answer::object(&told, "\"1\"").with("x-amz-checksum-crc32", "AAAAAA=="));
        let refused = read(&store).expect_err("it is not what it says").to_string();
        assert!(refused.starts_with("its content broke off: "), "{refused}");
    }
}

/// A repository in a folder.
pub(super) fn repository() -> (tempfile::TempDir, Arc<Repository>) {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(LocalStorage::new(folder.path().join("repository")));
    let repository = Repository::create(storage, MasterKey::generate().unwrap(), Options::default()).unwrap();
    (folder, Arc::new(repository))
}

pub(super) fn resource(store: &Unruly) -> Resource {
    let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    Resource {
        arn: FACTS.arn(&scope, BUCKET).unwrap(),
        scope,
        resource_type: FACTS.resource_type(),
        name: "bucket".to_owned(),
        location: store.location(),
        tags: Tags::new(),
    }
}

/// A whole backup, as a job makes it up to the moment from which a recovery point can be made.
pub(super) fn back_up(store: &Unruly) -> Result<(BackupOutcome, PointFacts), Fault> {
    back_up_until(store, &Control::new())
}

/// The same, which may be cancelled.
pub(super) fn back_up_until(store: &Unruly, control: &Control) -> Result<(BackupOutcome, PointFacts), Fault> {
    let (_folder, repository) = repository();
    let of = Registered { resource: resource(store), mark: None, secret: Some(Unruly::secret()) };
    let source = source::open(&BackupCx {
        of: &of,
        options: &BTreeMap::new(),
        before: None,
        line: "tests",
        is_last: false,
        control,
    })?;
    let request = BackupRequest {
        paths: vec![source.root().to_owned()],
        parent: None,
        time: "2026-11-23T05:00:00Z".parse().unwrap(),
        started: SystemTime::now(),
        hostname: "bucket".to_owned(),
        username: "test".to_owned(),
        tags: Vec::new(),
        chunker: ChunkerParameters::FILES,
    };
    let prepared = repository.prepare(source.items(), &request, control);
    let prepared = prepared.map_err(|error| Fault::Failed(error.to_string()))?;
    let facts = source.finish(prepared.outcome())?;
    Ok((prepared.outcome().clone(), facts))
}

/// A store with these keys, which answers for each object as it is told.
pub(super) fn with_objects(
    keys: &'static [&'static str],
    object: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> Unruly {
    Unruly::that(move |asked| match (asked.method.as_str(), asked.key.as_str()) {
        ("GET", "") if asked.query.contains("list-type=2") => Answer::listing(keys),
        ("GET", "") => Answer::of(200, "<VersioningConfiguration/>"),
        ("HEAD", "") => Answer::of(200, ""),
        _ => object(asked),
    })
}

#[test]
fn a_bucket_that_is_gone_while_it_is_read_makes_no_recovery_point() {
    let store = with_objects(&["a", "b"], |asked| match asked.key.as_str() {
        "a" => Answer::object(b"good", "\"1\""),
        _ => Answer::error(404, "NoSuchBucket"),
    });
    let fault = back_up(&store).map(drop).unwrap_err();
    assert!(matches!(fault, Fault::Gone(_)), "{fault:?}");
}

#[test]
fn a_bucket_of_which_no_object_may_be_read_makes_no_recovery_point_and_one_that_is_missing_is_an_issue() {
    let denied = |_: &Asked| Answer::error(403, "AccessDenied");
    let fault = back_up(&with_objects(&["a", "b"], denied)).map(drop).unwrap_err();
    assert!(matches!(&fault, Fault::Denied(why) if why.starts_with("No object could be read")), "{fault:?}");
    let store = with_objects(&["a", "b"], |asked| match asked.key.as_str() {
        "a" => Answer::object(b"good", "\"1\""),
        _ => Answer::error(403, "AccessDenied"),
    });
    let (outcome, _) = back_up(&store).unwrap();
    assert_eq!(outcome.issues.len(), 1, "{:?}", outcome.issues);
}

#[test]
fn an_object_whose_tags_cannot_be_read_is_stored_and_missed_and_read_again_by_the_next_backup() {
    let store = with_objects(&["a", "b"], |asked| match (asked.key.as_str(), asked.query.contains("tagging")) {
        (_, true) => Answer::error(403, "AccessDenied"),
        ("a", _) => Answer::object(b"good", "\"1\"").with("x-amz-tagging-count", "1"),
        _ => Answer::object(b"good", "\"1\""),
    });
    let (outcome, facts) = back_up(&store).unwrap();
    assert_eq!((outcome.files_new, outcome.issues.len()), (2, 0), "{outcome:?}");
    let lacks = facts.lacks.unwrap();
    assert!(lacks.contains("of 1 objects") && lacks.contains("GetObjectTagging"), "{lacks}");
    let asked = store.asked("GET");
    let tagging: Vec<&str> =
        asked.iter().filter(|asked| asked.query.contains("tagging")).map(|asked| asked.key.as_str()).collect();
    assert_eq!(tagging, ["a"], "what tells of no tags is not asked for them");

    let bucket = Bucket::new(store.client(), BUCKET.to_owned(), Beside::default());
    let marks = ["a", "b"].map(|key| Object::open(&bucket, key, None).unwrap().state().unwrap().inode);
    assert_ne!(marks[0], marks[1], "a listing tells the same of both, and a is not what it tells");
}

#[test]
fn a_bucket_that_is_not_there_is_none_that_is_empty() {
    let store = Unruly::that(|asked| match asked.method.as_str() {
        "HEAD" => Answer::of(404, ""),
        _ => Answer::listing(&[]),
    });
    let fault = back_up(&store).map(drop).unwrap_err();
    assert!(matches!(fault, Fault::Gone(_)), "{fault:?}");
}

#[test]
fn a_key_that_cannot_be_asked_for_is_not_taken_for_another() {
    let store = with_objects(&["%FF"], |_| Answer::object(b"good", "\"1\""));
    let fault = back_up(&store).map(drop).unwrap_err();
    assert!(fault.to_string().contains("its key is not UTF-8"), "{fault}");
    assert!(store.asked("GET").iter().all(|asked| asked.key.is_empty()), "nothing else was asked for in its place");
}

#[test]
fn keys_that_come_out_of_order_are_listed_anew_and_none_is_missing() {
    let store = with_objects(&["b", "a", "c"], |_| Answer::object(b"good", "\"1\""));
    let (outcome, _) = back_up(&store).unwrap();
    assert_eq!((outcome.files_new, outcome.issues.len()), (3, 0), "{outcome:?}");
}
