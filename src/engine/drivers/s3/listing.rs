//! The keys of a bucket, page by page, in the order of their bytes.
//!
//! Where a listing goes on in the middle, it goes on from the page that holds the place, by the token that led there before:
//! stores differ in what `start-after` skips, and a key that is skipped would be missing without anybody noticing. A store
//! whose listing is not in the order of bytes is listed to its end and sorted in memory.

use super::beside::Beside;
use super::bucket::Bucket;
use super::client::Client;
use crate::engine::drivers::Fault;
use crate::repository::{Control, Id, KeyItem, Node, SourceItem, Timestamp};
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_smithy_types::DateTime;
use parking_lot::Mutex;
use percent_encoding::percent_decode;
use std::collections::BTreeMap;
use std::io;

/// How many keys a page has.
const PAGE: i32 = 1000;

/// A key as a listing tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) key: Vec<u8>,
    size: u64,
    modified: Timestamp,
    /// See [`mark_of`].
    mark: u64,
}

impl Listed {
    /// The file that is stored for it.
    pub(super) fn into_item(self) -> KeyItem {
        let node = Node {
            permissions: 0o644,
            size: self.size,
            modified: self.modified,
            accessed: self.modified,
            changed: self.modified,
            inode: self.mark,
            ..Node::default()
        };
        KeyItem { key: self.key, item: SourceItem { node, attributes_when_opened: true, ..SourceItem::default() } }
    }
}

/// What stands for an ETag as a file's number: another one means other content, though size and time are the same. So does more, or
/// less, that is stored beside the content.
pub(super) fn mark_of(etag: Option<&str>, beside: Beside) -> u64 {
    let hash = Id::of(format!("{}{}", etag.unwrap_or_default(), beside.flavour()).as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(first)
}

/// A time as both listings and answers tell it: these to the second only.
pub(super) fn second_of(time: Option<&DateTime>) -> Timestamp {
    Timestamp::new(time.map_or(0, DateTime::secs), 0)
}

/// How a bucket is listed.
pub(super) enum Listing {
    /// As the store lists it: by the first key of each page that was seen, the token that leads to it.
    Pages(Mutex<BTreeMap<Vec<u8>, String>>),
    /// Whole, in order.
    Sorted(Vec<Listed>),
}

impl Listing {
    pub(super) fn pages() -> Self {
        Self::Pages(Mutex::default())
    }

    /// The whole listing of a store that has an order of its own.
    pub(super) fn sorted(client: &Client, bucket: &str, beside: Beside, control: &Control) -> Result<Self, Fault> {
        let (mut all, mut token) = (Vec::new(), None);
        loop {
            if control.is_cancelled() {
                return Err(Fault::of_io("The bucket cannot be listed", &io::ErrorKind::Interrupted.into()));
            }
            let page = client.list_page(bucket, None, token, PAGE)?;
            token = next_token(&page)?;
            all.extend(page.contents.unwrap_or_default().iter().filter_map(|object| read(object, beside)));
            if token.is_none() {
                break;
            }
        }
        all.sort_unstable_by(|left: &Listed, right| left.key.cmp(&right.key));
        all.dedup_by(|left, right| left.key == right.key);
        Ok(Self::Sorted(all))
    }
}

/// Goes through the pages of a bucket from a key on.
pub(super) struct Pages<'a> {
    bucket: &'a Bucket,
    known: &'a Mutex<BTreeMap<Vec<u8>, String>>,
    from: Vec<u8>,
    token: Option<String>,
    page: std::vec::IntoIter<Listed>,
    is_last: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn new(bucket: &'a Bucket, known: &'a Mutex<BTreeMap<Vec<u8>, String>>, from: &[u8]) -> Self {
        let token = known.lock().range(..=from.to_vec()).next_back().map(|(_, token)| token.clone());
        Self { bucket, known, from: from.to_vec(), token, page: Vec::new().into_iter(), is_last: false }
    }

    fn turn(&mut self) -> Result<(), Fault> {
        let token = self.token.take();
        let page = self.bucket.client.list_page(&self.bucket.name, None, token.clone(), PAGE)?;
        self.token = next_token(&page)?;
        self.is_last = self.token.is_none();
        let contents = page.contents.unwrap_or_default();
        let keys: Vec<Listed> = contents.iter().filter_map(|object| read(object, self.bucket.beside)).collect();
        if let (Some(first), Some(token)) = (keys.first(), token) {
            self.known.lock().insert(first.key.clone(), token);
        }
        self.page = keys.into_iter();
        Ok(())
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Listed, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.page.next() {
                Some(listed) if listed.key < self.from => {}
                Some(listed) => return Some(Ok(listed)),
                None if self.is_last => return None,
                None => {
                    if let Err(fault) = self.turn() {
                        self.is_last = true;
                        return Some(Err(fault));
                    }
                }
            }
        }
    }
}

/// Tells each key of a bucket that begins so, in whatever order the store has.
pub(super) fn each_key(client: &Client, bucket: &str, prefix: &str, mut tell: impl FnMut(&[u8])) -> Result<(), Fault> {
    let (prefix, mut token) = (Some(prefix).filter(|prefix| !prefix.is_empty()), None);
    loop {
        let page = client.list_page(bucket, prefix, token, PAGE)?;
        token = next_token(&page)?;
        let keys = page.contents.iter().flatten().filter_map(|object| object.key());
        keys.for_each(|key| tell(&decode(key)));
        if token.is_none() {
            return Ok(());
        }
    }
}

/// Where the next page is; nothing after the last. A store that knows the older listing alone breaks off and tells no token:
/// what comes after is not to be missing in silence.
fn next_token(page: &ListObjectsV2Output) -> Result<Option<String>, Fault> {
    match (page.is_truncated, &page.next_continuation_token) {
        (Some(false), _) | (None, None) => Ok(None),
        (_, Some(token)) => Ok(Some(token.clone())),
        (Some(true), None) => Err(Fault::Unsupported {
            found: "A store that breaks a listing off without telling how it goes on".to_owned(),
            needs: "one with ListObjectsV2".to_owned(),
        }),
    }
}

fn read(object: &aws_sdk_s3::types::Object, beside: Beside) -> Option<Listed> {
    Some(Listed {
        key: decode(object.key()?),
        size: u64::try_from(object.size().unwrap_or_default()).unwrap_or_default(),
        modified: second_of(object.last_modified()),
        mark: mark_of(object.e_tag(), beside),
    })
}

/// A key as a URL-encoded listing writes it, where a plus is a space.
pub(super) fn decode(key: &str) -> Vec<u8> {
    let spaced: Vec<u8> = key.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }).collect();
    percent_decode(&spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_key_is_read_as_it_is() {
        for (listed, key) in [
            ("a%2Bb+c%20d", &b"a+b c d"[..]),
            ("%252F", b"%2F"),
            ("..//%0A", b"..//\n"),
            ("%C3%BC%FF", b"\xc3\xbc\xff"),
            ("100%", b"100%"),
        ] {
            assert_eq!(decode(listed), key);
        }
    }

    #[test]
    fn a_listing_that_breaks_off_without_a_token_is_no_whole_one() {
        let page = |truncated: bool, token: Option<&str>| {
            ListObjectsV2Output::builder()
                .is_truncated(truncated)
                .set_next_continuation_token(token.map(str::to_owned))
                .build()
        };
        assert_eq!(next_token(&page(true, Some("t"))), Ok(Some("t".to_owned())));
        assert_eq!(next_token(&page(false, None)), Ok(None));
        assert!(matches!(next_token(&page(true, None)), Err(Fault::Unsupported { .. })));
        assert_eq!(
            next_token(&ListObjectsV2Output::builder().next_continuation_token("t").build()),
            Ok(Some("t".to_owned()))
        );
    }

    #[test]
    fn another_etag_is_another_file() {
        let (usual, acls) = (Beside::default(), Beside::of(&[("BackupACLs".to_owned(), "enabled".to_owned())].into()));
        assert_ne!(mark_of(Some("\"a\""), usual), mark_of(Some("\"b\""), usual));
        assert_eq!(mark_of(Some("\"a\""), usual), mark_of(Some("\"a\""), usual));
        assert_ne!(
            mark_of(Some("\"a\""), usual),
            mark_of(Some("\"a\""), acls),
            "what was stored without them is read again"
        );
    }
}
