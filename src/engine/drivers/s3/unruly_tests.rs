//! What becomes of a backup and a restore of a bucket whose store breaks off, changes its mind, or is gone: what is stored is
//! one object from its beginning to its end or an issue, and nothing that is there is overwritten.

use super::bucket::Bucket;
use super::headers::Headers;
use super::object::Object;
use super::unruly::{Answer, Asked, BUCKET, Unruly};
use super::upload::{PART, Uploads};
use super::{FACTS, S3, source, target};
use crate::domain::types::keys::ENDPOINT_KEY;
use crate::domain::types::s3::Encryption;
use crate::domain::{Arn, PointDetails, Resource, Scope, Tags};
use crate::engine::caller::RestoreRoots;
use crate::engine::drivers::{
    BackupCx, Driver as _, Fault, Inside, Mark, PointFacts, Registered, RestoreAsk, RestoreCx, Sink, Target,
};
use crate::repository::{
    BackupOutcome, BackupRequest, ChunkerParameters, Control, Id, ItemPath, LocalStorage, MasterKey, Node, NodeKind,
    Options, Piece, Put, Refusal, Repository, RestoreSize, SourceReader as _,
};
use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::SystemTime;

/// More than what is taken whole when it is opened.
fn large() -> Vec<u8> {
    (0..3_u32 << 20).map(|number| (number / 251) as u8).collect()
}

/// Reads the object of the one key to its end.
fn read(store: &Unruly) -> io::Result<Vec<u8>> {
    let bucket = Bucket::new(store.client(), BUCKET.to_owned());
    let mut object = Object::open(&bucket, "k")?.whole_if_small()?;
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
fn repository() -> (tempfile::TempDir, Repository) {
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(LocalStorage::new(folder.path().join("repository")));
    let repository = Repository::create(storage, MasterKey::generate().unwrap(), Options::default()).unwrap();
    (folder, repository)
}

fn resource(store: &Unruly) -> Resource {
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
fn back_up(store: &Unruly) -> Result<(BackupOutcome, PointFacts), Fault> {
    let (_folder, repository) = repository();
    let of = Registered { resource: resource(store), mark: None, secret: Some(Unruly::secret()) };
    let control = Control::new();
    let source = source::open(&BackupCx { of: &of, before: None, control: &control })?;
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
    let prepared = repository.prepare(source.items(), &request, &control).unwrap();
    let facts = source.finish(prepared.outcome())?;
    Ok((prepared.outcome().clone(), facts))
}

/// A store with these keys, which answers for each object as it is told.
fn with_objects(keys: &'static [&'static str], object: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Unruly {
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

/// A store in which every key has an object since a moment ago: it was not there when it was looked for.
fn in_use() -> Unruly {
    Unruly::that(|asked| {
        let is_free = asked.header("if-none-match") != Some("*");
        match asked.method.as_str() {
            "HEAD" => Answer::of(404, ""),
            "POST" if asked.query.contains("uploads") => {
                let id = "<UploadId>u</UploadId>";
                Answer::of(200, format!("<InitiateMultipartUploadResult>{id}</InitiateMultipartUploadResult>"))
            }
            "PUT" if asked.query.contains("partNumber") => Answer::of(200, "").with("etag", "\"p\""),
            "PUT" | "POST" if is_free => {
                Answer::of(200, "<CompleteMultipartUploadResult><ETag>\"2\"</ETag></CompleteMultipartUploadResult>")
            }
            "PUT" | "POST" => Answer::error(412, "PreconditionFailed"),
            _ => Answer::of(204, ""),
        }
    })
}

fn put(store: &Unruly, size: u64) -> Result<Put, Refusal> {
    let client = store.client();
    let uploads = Uploads { client: &client, bucket: BUCKET, encryption: &Encryption::AsTheBucket, keeps: true };
    uploads.put("k", &Headers::default(), size, &mut io::repeat(7).take(size))
}

#[test]
fn what_somebody_made_meanwhile_is_not_overwritten_and_leaves_no_parts() {
    for size in [10, PART + 1] {
        let store = in_use();
        assert_eq!(put(&store, size).unwrap(), Put::Left, "{size}");
        let aborted = store.asked("DELETE");
        assert_eq!(aborted.len(), usize::from(size > PART), "{size}");
        assert!(aborted.iter().all(|asked| asked.query.contains("uploadId=u")), "{aborted:?}");
    }
}

#[test]
fn an_upload_that_comes_to_no_end_leaves_no_parts() {
    let store = Unruly::that(|asked| match asked.method.as_str() {
        "POST" => {
            Answer::of(200, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
        }
        "PUT" => Answer::error(400, "InvalidRequest"),
        _ => Answer::of(204, ""),
    });
    assert!(matches!(put(&store, PART + 1), Err(Refusal::Item(_))));
    assert_eq!(store.asked("DELETE").len(), 1);
}

/// A restore into the bucket, as far as a test takes it.
fn with_target<T>(store: &Unruly, makes_new: bool, use_it: impl FnOnce(&mut dyn Target) -> T) -> T {
    let (_folder, repository) = repository();
    let (arn, root) = (resource(store).arn, ItemPath::root());
    let (location, secret) = (store.location(), Unruly::secret());
    let cx = RestoreCx {
        metadata: &S3.proposal(&arn, &PointDetails::new()),
        target: &location,
        resource_arn: &arn,
        source: None,
        secret: Some(&secret),
        content: &Inside { repository: &repository, snapshot: Id::of(b"none"), root: &root },
        makes_new,
        lend: &|_, _| false,
    };
    let mut target = target::open(&cx).unwrap();
    use_it(target.as_mut())
}

fn begun(bucket: &str) -> Mark {
    Mark::of(&serde_json::json!({ "bucket": bucket, "at": chrono::Utc::now().timestamp() }))
}

fn put_item(target: &mut dyn Target, size: u64) -> Put {
    let path = ItemPath::of_names([b"range".to_vec(), b"k".to_vec()].into_iter());
    let node = Node { size, kind: NodeKind::File, ..Node::default() };
    match target.sink().unwrap() {
        Sink::InOrder(sink) => sink.put(&path, &node, &mut io::repeat(7).take(size)).unwrap(),
        Sink::Folder(_) => panic!("a bucket is no folder"),
    }
}

#[test]
fn of_an_object_that_is_there_nothing_is_sent() {
    let store = Unruly::that(|asked| match asked.method.as_str() {
        "HEAD" => Answer::of(200, ""),
        _ => Answer::error(412, "PreconditionFailed"),
    });
    let put = with_target(&store, false, |target| {
        target.begin(&RestoreSize::default()).unwrap();
        put_item(target, 10)
    });
    assert_eq!(put, Put::Left);
    assert!(store.asked("PUT").is_empty());
}

#[test]
fn a_bucket_that_is_there_is_not_made_anew_and_another_ones_restore_is_not_gone_on_with() {
    let store = Unruly::that(|_| Answer::of(200, ""));
    let begun_anew = with_target(&store, true, |target| target.begin(&RestoreSize::default()).map(drop));
    let fault = begun_anew.unwrap_err();
    assert!(fault.to_string().contains("exists already"), "{fault}");
    let fault = with_target(&store, true, |target| target.resume(&begun("another"))).unwrap_err();
    assert!(fault.to_string().contains("was not begun by this job"), "{fault}");
    with_target(&store, true, |target| target.resume(&begun(BUCKET))).unwrap();
    assert!(store.asked("PUT").is_empty());
}

#[test]
fn a_later_attempt_takes_away_the_parts_of_its_own_uploads_alone() {
    let now = chrono::Utc::now();
    let store = Unruly::that(move |asked| match asked.method.as_str() {
        "GET" if asked.query.contains("uploads") => {
            let upload = |key: &str, id: &str, minutes: i64| {
                let at = (now + chrono::Duration::minutes(minutes)).format("%Y-%m-%dT%H:%M:%SZ");
                format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{at}</Initiated></Upload>")
            };
            let uploads = upload("k", "own", 1) + &upload("k2", "another-key", 1) + &upload("k", "earlier", -60);
            Answer::of(200, format!("<ListMultipartUploadsResult>{uploads}</ListMultipartUploadsResult>"))
        }
        "HEAD" if asked.key.is_empty() => Answer::of(200, ""),
        "HEAD" => Answer::of(404, ""),
        "POST" if asked.query.contains("uploads") => {
            Answer::of(200, "<InitiateMultipartUploadResult><UploadId>new</UploadId></InitiateMultipartUploadResult>")
        }
        "POST" => Answer::of(200, "<CompleteMultipartUploadResult><ETag>\"2\"</ETag></CompleteMultipartUploadResult>"),
        "PUT" => Answer::of(200, "").with("etag", "\"p\""),
        _ => Answer::of(204, ""),
    });
    let put = with_target(&store, false, |target| {
        target.resume(&begun(BUCKET)).unwrap();
        put_item(target, PART + 1)
    });
    assert_eq!(put, Put::Written);
    let aborted: Vec<Asked> = store.asked("DELETE");
    assert_eq!(aborted.len(), 1, "{aborted:?}");
    assert!(aborted[0].query.contains("uploadId=own"), "{aborted:?}");
}

#[test]
fn over_the_network_a_restore_goes_to_no_other_endpoint_than_that_of_its_source() {
    let (here, elsewhere) = (Unruly::that(|_| Answer::of(200, "")), Unruly::that(|_| Answer::of(200, "")));
    let of = Registered { resource: resource(&here), mark: None, secret: None };
    let plan = |endpoint: &Unruly, roots: RestoreRoots, source: Option<&Registered>| {
        let arn: &Arn = &of.resource.arn;
        let mut metadata = S3.proposal(arn, &PointDetails::new());
        let endpoint = super::endpoint_of(&endpoint.location()).to_owned();
        metadata.insert(ENDPOINT_KEY.to_owned(), endpoint);
        S3.plan(&RestoreAsk {
            metadata: &metadata,
            resource_arn: arn,
            details: &PointDetails::new(),
            source,
            roots: &roots,
            data_dir: std::path::Path::new("/nowhere"),
            restored: &|| Err(Fault::Failed("no folder is asked for".to_owned())),
            now: "2026-11-23T05:00:00Z".parse().unwrap(),
        })
    };
    let below = || RestoreRoots::Below(Vec::new());
    plan(&here, below(), Some(&of)).unwrap();
    plan(&elsewhere, RestoreRoots::Any, Some(&of)).unwrap();
    for source in [Some(&of), None] {
        let refused = plan(&elsewhere, below(), source).unwrap_err();
        assert!(matches!(&refused, Fault::Invalid(invalid) if invalid.field.contains(ENDPOINT_KEY)), "{refused:?}");
    }
}
