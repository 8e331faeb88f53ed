//! The rules by which a log is made and read, on histories that are known.

use super::as_of::Merge;
use super::changes::{Look, changes_of, is_removal};
use super::coming::{Coming, Wanted};
use super::log::{Change, Entry, ended, name_at, name_behind};
use super::versions::{Unlisted, Version, Versions};
use crate::domain::Time;
use crate::engine::drivers::s3::beside::Beside;
use crate::engine::drivers::s3::bucket::Bucket;
use crate::engine::drivers::s3::unruly::{Answer, BUCKET, Unruly};
use crate::engine::drivers::{Broken, Elsewhere as _, Fault};
use crate::repository::{Control, ItemPath, Piece, ReadElsewhere as _, Timestamp};
use proptest::prelude::*;

fn at(second: i64) -> Time {
    chrono::DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn version(id: &str, second: i64) -> Version {
    let (key, id) = ("k".to_owned(), id.to_owned());
    Version { key, id, modified: at(second), is_marker: false, size: 1, is_latest: false }
}

fn marker(id: &str, second: i64) -> Version {
    Version { is_marker: true, size: 0, ..version(id, second) }
}

/// What two lists tell that were begun at 100 and at 120: what happened, to which version, and when.
fn told(before: &[Version], now: &[Version]) -> Vec<(Change, String, i64)> {
    let entries = changes_of(before, now, Look { since: at(100), at: at(120) });
    entries
        .into_iter()
        .map(|entry| (entry.change, entry.version_id.clone().unwrap_or_default(), second(&entry)))
        .collect()
}

fn second(entry: &Entry) -> i64 {
    (entry.at() - at(0)).num_seconds()
}

#[test]
fn what_came_counts_from_the_time_that_it_bears_the_oldest_first() {
    let before = [version("1", 50)];
    let now = [version("4", 107), marker("3", 107), version("2", 99), version("1", 50)];
    let expected = [(Change::Put, "2", 99), (Change::DeleteMarker, "3", 107), (Change::Put, "4", 107)];
    assert_eq!(told(&before, &now), expected.map(|(change, id, at)| (change, id.to_owned(), at)));
    assert_eq!(told(&now, &now), []);
}

/// As an upload in parts that took long, which bears the time at which it was begun.
#[test]
fn what_the_listing_before_should_have_shown_counts_from_that_on() {
    let now = [version("2", 60), version("1", 50)];
    assert_eq!(told(&[version("1", 50)], &now), [(Change::Put, "2".to_owned(), 100)]);
    // Below what was there it never was what a reader got.
    assert_eq!(told(&[version("1", 70)], &[version("1", 70), version("2", 60)]), []);
}

/// SeaweedFS writes a version first, and then that it is the newest one.
#[test]
fn what_was_listed_before_it_was_the_newest_counts_from_the_time_that_it_bears() {
    let (old, new) = (version("1", 50), version("2", 99));
    let between = [old.clone(), new.clone()];
    assert_eq!(told(std::slice::from_ref(&old), &between), []);
    let both = [new.clone(), old.clone()];
    assert_eq!(told(&between, &both), [(Change::Put, "2".to_owned(), 99)]);
    let more = [marker("3", 107), new.clone(), old.clone()];
    assert_eq!(told(&between, &more), [(Change::Put, "2".to_owned(), 99), (Change::DeleteMarker, "3".to_owned(), 107)]);
    // Another one that is not the newest yet does not come before that.
    let next = [new.clone(), marker("3", 117), old.clone()];
    assert_eq!(told(&between, &next), [(Change::Put, "2".to_owned(), 99)]);
    let risen = [marker("3", 117), new.clone(), old.clone()];
    assert_eq!(told(&next, &risen), [(Change::DeleteMarker, "3".to_owned(), 117)]);
    // It is nothing that a listing may have missed, so the store is not asked.
    let entries = changes_of(&between, &both, Look { since: at(100), at: at(120) });
    assert!(!is_removal(&between, &both, &entries));
    // The other way round the store has lost which one is the newest, or a listing only missed it.
    assert_eq!(told(&both, &between), [(Change::Put, "1".to_owned(), 120)]);
    let entries = changes_of(&both, &between, Look { since: at(100), at: at(120) });
    assert!(is_removal(&both, &between, &entries));
}

#[test]
fn what_was_known_and_passed_over_is_not_told_when_another_one_comes() {
    // Of one second a store that tells markers behind all versions tells the object first, where neither is the newest.
    let before = [marker("2", 107), version("1", 107)];
    let now = [version("3", 115), version("1", 107), marker("2", 107)];
    assert_eq!(told(&before, &now), [(Change::Put, "3".to_owned(), 115)]);
    // The store ended before it made it the newest one.
    let before = [version("1", 50), version("2", 80)];
    let now = [version("3", 110), version("2", 80), version("1", 50)];
    assert_eq!(told(&before, &now), [(Change::Put, "3".to_owned(), 110)]);
}

/// As an upload in parts that bears the time at which it was begun, and was completed after others came.
#[test]
fn what_came_below_one_that_bears_an_earlier_time_is_not_lost() {
    let now = [version("4", 60), marker("3", 105), version("2", 102), version("1", 50)];
    let expected = [(Change::Put, "2", 102), (Change::DeleteMarker, "3", 105), (Change::Put, "4", 100)];
    assert_eq!(told(&[version("1", 50)], &now), expected.map(|(change, id, at)| (change, id.to_owned(), at)));
    let now = [version("3", 101), version("2", 107), version("1", 50)];
    let expected = [(Change::Put, "2", 107), (Change::Put, "3", 101)];
    assert_eq!(told(&[version("1", 50)], &now), expected.map(|(change, id, at)| (change, id.to_owned(), at)));
}

#[test]
fn what_somebody_removes_for_good_is_gone_from_the_listing_on_that_shows_it() {
    let (old, new) = (version("1", 50), version("2", 60));
    let both = [new.clone(), old.clone()];
    let again = [(Change::Put, "1".to_owned(), 120)];
    assert_eq!(told(&both, std::slice::from_ref(&old)), again);
    // A delete marker that is taken away brings back what was below it.
    assert_eq!(told(&[marker("3", 60), old.clone()], std::slice::from_ref(&old)), again);
    assert_eq!(told(&both, &[]), [(Change::Removed, String::new(), 120)]);
    // What a lifecycle rule removes nobody could read any more.
    assert_eq!(told(&both, std::slice::from_ref(&new)), []);
    assert_eq!(told(&[marker("3", 60)], &[]), []);
    let removed = changes_of(&both, &[], Look { since: at(100), at: at(120) });
    assert!(is_removal(&both, &[], &removed));
    let came = changes_of(std::slice::from_ref(&old), &both, Look { since: at(100), at: at(120) });
    assert!(!is_removal(std::slice::from_ref(&old), &both, &came));
}

#[test]
fn an_object_from_before_the_bucket_kept_versions_is_one_of_them() {
    let null = version("null", 10);
    assert_eq!(told(std::slice::from_ref(&null), std::slice::from_ref(&null)), []);
    // Another one has the same id.
    let other = version("null", 110);
    assert_eq!(told(std::slice::from_ref(&null), &[other]), [(Change::Put, "null".to_owned(), 110)]);
}

/// Where the content of `k` lies as of a second, nowhere of one that was deleted; nothing where the log has no say.
fn as_of(entries: &[Entry], second: i64) -> Option<String> {
    let mut merge = Merge::new(at(second));
    for entry in entries {
        let content = (entry.change == Change::Put).then(|| entry.version_id.clone().unwrap());
        merge.add(Entry { content, ..entry.clone() }, &ItemPath::root());
    }
    let found = merge.finish().remove("k")?;
    Some(found.map_or_else(String::new, |place| place.to_string().trim_start_matches('/').to_owned()))
}

#[test]
fn a_moment_has_the_last_entry_that_counts_by_then() {
    let entries = [
        Entry::of(&version("1", 5), None),
        Entry::of(&marker("2", 5), None),
        Entry::of(&version("3", 9), None),
        Entry::removed("k", at(12)),
    ];
    assert_eq!(as_of(&entries, 4), None);
    assert_eq!(as_of(&entries, 5), Some(String::new()));
    assert_eq!(as_of(&entries, 9), Some("3".to_owned()));
    assert_eq!(as_of(&entries, 11), Some("3".to_owned()));
    assert_eq!(as_of(&entries, 12), Some(String::new()));
}

#[test]
fn what_is_told_later_counts_no_earlier_than_what_was_told_before() {
    // A store's machines do not agree about the time to the second.
    let entries = [Entry::of(&version("1", 9), None), Entry::of(&version("2", 8), None)];
    assert_eq!(as_of(&entries, 8), None);
    assert_eq!(as_of(&entries, 9), Some("2".to_owned()));
    // Stored, and not known to be: it is told once more.
    let again = [&entries[..], &entries[..]].concat();
    assert_eq!(as_of(&again, 9), Some("2".to_owned()));
}

#[test]
fn pieces_are_named_after_the_end_of_their_listing_and_names_only_grow() {
    let time = "2026-11-26T22:18:12Z".parse().unwrap();
    let first = name_behind("", time);
    assert_eq!((first.as_str(), ended(&first)), ("2026-11-26T22/18-12-0001", Some(time)));
    assert_eq!(name_behind(&first, time), "2026-11-26T22/18-12-0002");
    assert_eq!(name_behind(&first, time - chrono::Duration::hours(1)), "2026-11-26T22/18-12-0002");
    assert_eq!(name_behind(&first, time + chrono::Duration::hours(2)), "2026-11-27T00/18-12-0001");
    // What was listed to its end in the second in which a base began may lack what that lacks.
    assert!(name_at(time) < first && name_at(time + chrono::Duration::seconds(1)) > first);
    assert_eq!(ended("entries"), None);
}

/// A bucket with one key, to which something happens in each second of a minute.
#[derive(Debug, Clone, Copy)]
enum Act {
    Put,
    Delete,
    Nothing,
}

proptest! {
    /// Whatever is written, and whenever it is listed, also between a version and that it is the newest: each second is as it was.
    #[test]
    fn each_second_of_a_history_is_what_it_was(
        acts in proptest::collection::vec(prop_oneof![Just(Act::Put), Just(Act::Delete), Just(Act::Nothing)], 1..60),
        listings in proptest::collection::btree_set(0..60_i64, 1..12),
        rising in proptest::collection::btree_set(0..60_i64, 0..60),
    ) {
        let mut versions: Vec<Version> = Vec::new();
        let (mut known, mut since, mut log) = (Vec::new(), at(-10), Vec::new());
        let mut states = Vec::new();
        for (second, act) in (0_i64..).zip(&acts) {
            match act {
                Act::Put => versions.insert(0, version(&second.to_string(), second)),
                Act::Delete => versions.insert(0, marker(&second.to_string(), second)),
                Act::Nothing => {}
            }
            let newest = versions.first();
            states.push(newest.map(|newest| if newest.is_marker { String::new() } else { newest.id.clone() }));
            if listings.contains(&second) {
                let look = Look { since, at: at(second) };
                let mut versions = versions.clone();
                let rises = rising.contains(&second) && versions.len() > 1 && versions[0].modified == at(second);
                if rises {
                    versions.swap(0, 1);
                }
                log.extend(changes_of(&known, &versions, look));
                (known, since) = (versions.clone(), at(second));
                // No listing tells its own last seconds.
                for (past, state) in (0_i64..second + i64::from(!rises)).zip(&states) {
                    prop_assert_eq!(&as_of(&log, past), state, "{} seen at {}", past, second);
                }
            }
        }
    }
}

fn listing(elements: &str, more: &str) -> Answer {
    Answer::of(200, format!("<ListVersionsResult>{elements}{more}</ListVersionsResult>"))
}

fn element(name: &str, key: &str, id: &str, second: u32, is_latest: bool) -> String {
    format!(
        "<{name}><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{is_latest}</IsLatest>\
         <LastModified>2026-11-26T05:00:{second:02}Z</LastModified><Size>1</Size></{name}>"
    )
}

fn listed(store: &Unruly, is_sorted: bool) -> Result<Vec<(String, Vec<String>)>, Unlisted> {
    let (client, control) = (store.client(), Control::new());
    let mut versions = if is_sorted {
        Versions::sorted(&client, BUCKET, &control)?
    } else {
        Versions::listed(&client, BUCKET, &control)
    };
    let mut all = Vec::new();
    while let Some(group) = versions.next_key()? {
        all.push((group[0].key.clone(), group.into_iter().map(|version| version.id).collect()));
    }
    Ok(all)
}

/// The elements of two pages.
fn in_pages(first: String, second: String) -> Unruly {
    Unruly::that(move |asked| {
        if asked.query.contains("key-marker=a%2Bb") {
            return listing(&second, "<IsTruncated>false</IsTruncated>");
        }
        let more =
            "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextKeyMarker>a%2Bb</NextKeyMarker>";
        listing(&first, more)
    })
}

fn owned(expected: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    let texts = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    expected.iter().map(|(key, ids)| ((*key).to_owned(), texts(ids))).collect()
}

#[test]
fn versions_of_one_second_come_in_the_order_in_which_the_store_tells_them() {
    let first = element("Version", "a%2Bb", "4", 7, true) + &element("DeleteMarker", "a%2Bb", "3", 7, false);
    let second = element("Version", "a+b", "2", 7, false) + &element("Version", "c", "1", 3, true);
    // The second page is of a store that does not write keys as it was asked to.
    let store = in_pages(first, second);
    assert_eq!(listed(&store, false).unwrap(), owned(&[("a+b", &["4", "3", "2"]), ("c", &["1"])]));
}

#[test]
fn a_store_that_tells_delete_markers_behind_all_versions_is_put_in_order_by_times() {
    let store = Unruly::that(|_| {
        let versions = element("Version", "a", "3", 9, false) + &element("Version", "a", "1", 5, false);
        let markers = element("DeleteMarker", "a", "4", 9, true) + &element("DeleteMarker", "a", "2", 7, false);
        listing(&(versions + &element("Version", "b", "5", 1, true) + &markers), "")
    });
    assert_eq!(listed(&store, false).unwrap(), owned(&[("a", &["4", "3", "2", "1"]), ("b", &["5"])]));
}

#[test]
fn a_store_with_an_order_of_its_own_is_listed_whole() {
    let first = element("Version", "b", "1", 7, true);
    let store = in_pages(first, element("Version", "a", "2", 7, true));
    assert!(matches!(listed(&store, false), Err(Unlisted::OutOfOrder)));
    assert_eq!(listed(&store, true).unwrap(), owned(&[("a", &["2"]), ("b", &["1"])]));
}

#[test]
fn a_listing_that_comes_no_further_is_no_end() {
    let store = Unruly::that(|_| {
        let more = "<IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>";
        listing(&element("Version", "a", "1", 7, true), more)
    });
    let Err(Unlisted::Fault(fault)) = listed(&store, false) else { panic!("it ended") };
    assert!(fault.to_string().contains("comes no further"), "{fault}");
    let store = Unruly::that(|_| listing("", "<IsTruncated>true</IsTruncated>"));
    assert!(matches!(listed(&store, false), Err(Unlisted::Fault(_))));
}

/// What comes of a version for which a store answers so: the attributes of its file, and why nothing can be stored.
fn read(answer: impl Fn() -> Answer + Send + Sync + 'static) -> (Option<Vec<String>>, Option<Broken>) {
    read_of(answer, "")
}

/// The same, where the store lists these elements.
fn read_of(
    answer: impl Fn() -> Answer + Send + Sync + 'static,
    elements: &str,
) -> (Option<Vec<String>>, Option<Broken>) {
    let elements = elements.to_owned();
    let store =
        Unruly::that(move |asked| if asked.query.contains("prefix=k") { listing(&elements, "") } else { answer() });
    let mut coming = Coming::of(Bucket::new(store.client(), BUCKET.to_owned(), Beside::default()));
    let wanted = Wanted { key: "k".to_owned(), id: "v".to_owned(), size: 4, modified: Timestamp::new(0, 0) };
    coming.want([("piece/000001".into(), wanted)].into());
    assert_eq!(coming.files()[0].1.node.size, 4);
    let attributes = coming.open("piece/000001".as_ref()).ok().map(|mut reader| {
        while !matches!(reader.read(&mut [0; 16]).unwrap(), Piece::End) {}
        let attributes = reader.attributes().unwrap();
        attributes.into_iter().map(|attribute| attribute.name.replace("user.s3.", "")).collect()
    });
    assert!(
        store.asked("GET").iter().all(|asked| asked.query.contains("versionId=v") || asked.query.contains("prefix=k")),
        "no other version is asked for"
    );
    (attributes, coming.broken())
}

#[test]
fn a_version_that_cannot_be_read_is_a_gap_or_trouble_or_is_told_in_the_log() {
    let (attributes, broken) = read(|| Answer::object(b"good", "\"1\"").with("x-amz-version-id", "v"));
    assert_eq!((attributes, broken), (Some(["etag", "version-id"].map(str::to_owned).to_vec()), None));
    // It was removed since it was listed.
    let others = element("Version", "k", "w", 7, true) + &element("Version", "kv", "v", 7, true);
    for elements in ["", &others] {
        let (attributes, broken) = read_of(|| Answer::error(404, "NoSuchVersion"), elements);
        assert_eq!((attributes, broken), (Some(vec!["unread".to_owned()]), None), "{elements}");
    }
    // It is there still, whatever the store says once.
    let elements = others + &element("Version", "k", "v", 6, false);
    let (attributes, broken) = read_of(|| Answer::error(404, "NoSuchKey"), &elements);
    assert!(attributes.is_none() && matches!(&broken, Some(Broken::For(Fault::Failed(_)))), "{broken:?}");
    let (_, broken) = read(|| Answer::error(404, "NoSuchBucket"));
    assert!(matches!(broken, Some(Broken::Gap(_))), "{broken:?}");
    // Rights come back, and the versions are there still.
    let (_, broken) = read(|| Answer::error(403, "AccessDenied"));
    assert!(matches!(broken, Some(Broken::For(Fault::Denied(_)))), "{broken:?}");
    let (attributes, broken) = read(|| Answer::error(403, "InvalidObjectState"));
    assert_eq!((attributes, broken), (Some(vec!["unread".to_owned()]), None));
}
