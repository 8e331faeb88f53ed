//! What becomes of a restore into a bucket whose store refuses, forgets, or has other things in it: nothing that is there is
//! overwritten, nothing that was begun is left, and nothing that the store lost is called restored.

use super::headers::{ACL, Headers, attribute};
use super::in_flight::InFlight;
use super::unruly::{Answer, Asked, BUCKET, Unruly};
use super::unruly_tests::{repository, resource};
use super::upload::{PART, Uploads};
use super::{S3, target};
use crate::domain::types::keys::ENDPOINT_KEY;
use crate::domain::types::s3::Encryption;
use crate::domain::{Arn, PointDetails};
use crate::engine::caller::RestoreRoots;
use crate::engine::drivers::{
    Driver as _, Fault, Inside, Mark, Registered, RestoreAsk, RestoreCx, Restored, Sink, Target,
};
use crate::repository::{Id, ItemPath, Node, NodeKind, Put, Refusal, Repository, RestoreOutcome, RestoreSize};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::sync::Arc;

/// A store in which every key is in use, as its conditions say; whether there is an object of it is another question.
fn in_use(is_object: bool) -> Unruly {
    Unruly::that(move |asked| {
        let is_free = asked.header("if-none-match") != Some("*");
        match asked.method.as_str() {
            "HEAD" => Answer::of(if is_object { 200 } else { 404 }, ""),
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
    let uploads = Uploads {
        client: &client,
        bucket: BUCKET,
        encryption: &Encryption::AsTheBucket,
        keeps: true,
        in_flight: &InFlight::default(),
    };
    uploads.put("k", &Headers::default(), size, &mut io::repeat(7).take(size))
}

#[test]
fn what_somebody_made_meanwhile_is_not_overwritten_and_leaves_no_parts() {
    for size in [10, PART + 1] {
        let store = in_use(true);
        assert_eq!(put(&store, size).unwrap(), Put::Left, "{size}");
        let aborted = store.asked("DELETE");
        assert_eq!(aborted.len(), usize::from(size > PART), "{size}");
        assert!(aborted.iter().all(|asked| asked.query.contains("uploadId=u")), "{aborted:?}");
    }
}

#[test]
fn a_key_that_is_only_the_folder_of_others_is_not_taken_for_an_object_that_is_there() {
    for size in [10, PART + 1] {
        let store = in_use(false);
        assert_eq!(put(&store, size).unwrap(), Put::Written, "{size}");
        assert!(store.asked("DELETE").is_empty(), "{size}");
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
fn with_target<T>(
    repository: &Arc<Repository>,
    store: &Unruly,
    makes_new: bool,
    use_it: impl FnOnce(Box<dyn Target + '_>) -> T,
) -> T {
    with_keys(repository, store, makes_new, &[], use_it)
}

/// The same, with more in its metadata.
fn with_keys<T>(
    repository: &Arc<Repository>,
    store: &Unruly,
    makes_new: bool,
    keys: &[(&str, &str)],
    use_it: impl FnOnce(Box<dyn Target + '_>) -> T,
) -> T {
    let (arn, root) = (resource(store).arn, ItemPath::root());
    let (location, secret) = (store.location(), Unruly::secret());
    let mut metadata = S3.proposal(&arn, &PointDetails::new());
    metadata.extend(keys.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let cx = RestoreCx {
        scratch: &|| Err(Fault::Failed("none".to_owned())),
        metadata: &metadata,
        target: &location,
        resource_arn: &arn,
        details: &PointDetails::new(),
        source: None,
        secret: Some(&secret),
        content: &Inside { repository, snapshot: Id::of(b"none"), root: &root },
        makes_new,
        moment: None,
        lend: &|_, _| false,
    };
    use_it(target::open(&cx).unwrap())
}

fn begun(bucket: &str) -> Mark {
    Mark::of(&serde_json::json!({ "bucket": bucket, "at": chrono::Utc::now().timestamp() }))
}

fn put_item(target: &mut dyn Target, key: &str, size: u64) -> Put {
    let path = ItemPath::of_names([b"range".to_vec(), key.as_bytes().to_vec()].into_iter());
    let node = Node { size, kind: NodeKind::File, ..Node::default() };
    match target.sink().unwrap() {
        Sink::InOrder(sink) => sink.put(&path, &node, &mut io::repeat(7).take(size)).unwrap(),
        Sink::Folder(_) | Sink::Own(_) => panic!("a bucket is no folder"),
    }
}

#[test]
fn of_an_object_that_is_there_nothing_is_sent() {
    let store = Unruly::that(|asked| match asked.method.as_str() {
        "HEAD" => Answer::of(200, ""),
        _ => Answer::error(412, "PreconditionFailed"),
    });
    let put = with_target(&repository().1, &store, false, |mut target| {
        target.begin(&RestoreSize::default()).unwrap();
        put_item(target.as_mut(), "k", 10)
    });
    assert_eq!(put, Put::Left);
    assert!(store.asked("PUT").is_empty());
}

#[test]
fn a_bucket_that_is_there_is_not_made_anew_and_another_ones_restore_is_not_gone_on_with() {
    let store = Unruly::that(|_| Answer::of(200, ""));
    let begun_anew =
        with_target(&repository().1, &store, true, |mut target| target.begin(&RestoreSize::default()).map(drop));
    let fault = begun_anew.unwrap_err();
    assert!(fault.to_string().contains("exists already"), "{fault}");
    let fault = with_target(&repository().1, &store, true, |mut target| target.resume(&begun("another"))).unwrap_err();
    assert!(fault.to_string().contains("was not begun by this job"), "{fault}");
    with_target(&repository().1, &store, true, |mut target| target.resume(&begun(BUCKET))).unwrap();
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
    let put = with_target(&repository().1, &store, false, |mut target| {
        target.resume(&begun(BUCKET)).unwrap();
        put_item(target.as_mut(), "k", PART + 1)
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
            is_continuous: false,
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

/// A store that says that it took each object, and keeps the objects of these keys only.
fn keeping(kept: &'static [&'static str]) -> Unruly {
    let has = Mutex::new(BTreeSet::new());
    Unruly::that(move |asked| match asked.method.as_str() {
        "PUT" => {
            if kept.contains(&asked.key.as_str()) {
                has.lock().insert(asked.key.clone());
            }
            Answer::of(200, "").with("etag", "\"1\"")
        }
        "HEAD" if asked.key.is_empty() || has.lock().contains(&asked.key) => Answer::of(200, ""),
        "HEAD" => Answer::of(404, ""),
        _ => {
            let prefix = asked.query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap_or_default();
            let has = has.lock();
            Answer::listing(&has.iter().filter(|key| key.starts_with(prefix)).map(String::as_str).collect::<Vec<_>>())
        }
    })
}

/// Restores two objects.
fn restore_two(store: &Unruly, resumes: bool) -> Result<Restored, Fault> {
    let (_folder, repository) = repository();
    with_target(&repository, store, false, |mut target| {
        if resumes {
            target.resume(&begun(BUCKET))?;
        } else {
            drop(target.begin(&RestoreSize::default())?);
        }
        for key in ["k", "k1"] {
            put_item(target.as_mut(), key, 10);
        }
        target.finish(&RestoreOutcome::default())
    })
}

#[test]
fn what_the_store_took_and_lost_is_looked_for_and_written_by_the_next_attempt() {
    let store = keeping(&["k"]);
    let fault = restore_two(&store, false).unwrap_err();
    let Fault::Temporary { why, .. } = &fault else { panic!("it is tried again: {fault:?}") };
    assert!(why.contains("took 2 objects") && why.contains("1 of them"), "{why}");
    let listed = store.asked("GET");
    assert!(
        listed.iter().all(|asked| asked.query.contains("prefix=k")),
        "what else is there is not listed: {listed:?}"
    );
    // What is there is not sent again, and what still gets lost is still missed.
    assert!(matches!(restore_two(&store, true), Err(Fault::Temporary { .. })));
    assert_eq!(store.asked("PUT").iter().filter(|asked| asked.key == "k").count(), 1);
    restore_two(&keeping(&["k", "k1"]), false).unwrap();
}

#[test]
fn an_object_that_an_earlier_attempt_wrote_gets_its_access_list_too() {
    let store = Unruly::that(|asked| match asked.method.as_str() {
        "HEAD" | "PUT" => Answer::of(200, ""),
        _ => Answer::of(200, "<ListMultipartUploadsResult/>"),
    });
    let acl = r#"{"Owner":"o","Grants":[{"Permission":"READ","Type":"CanonicalUser","ID":"reader"}]}"#;
    let node = Node { kind: NodeKind::File, extended_attributes: vec![attribute(ACL, acl)], ..Node::default() };
    let path = ItemPath::of_names([b"range".to_vec(), b"k".to_vec()].into_iter());
    let put = with_keys(&repository().1, &store, true, &[("RestoreACLs", "true")], |mut target| {
        target.resume(&begun(BUCKET)).unwrap();
        let Sink::InOrder(sink) = target.sink().unwrap() else { panic!("a bucket is no folder") };
        sink.put(&path, &node, &mut io::empty()).unwrap()
    });
    assert_eq!(put, Put::Left);
    let asked = store.asked("PUT");
    assert!(asked.len() == 1 && asked[0].query.starts_with("acl"), "{asked:?}");
}
