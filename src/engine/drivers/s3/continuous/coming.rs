//! Versions that are read while they are stored.

use super::versions::Versions;
use crate::engine::drivers::s3::bucket::Bucket;
use crate::engine::drivers::s3::headers::{UNREAD, attribute};
use crate::engine::drivers::s3::object::Object;
use crate::engine::drivers::{Broken, Elsewhere, Fault};
use crate::repository::{
    ExtendedAttribute, FileState, Node, Piece, ReadElsewhere, SourceItem, SourceReader, Timestamp,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// What is said of a version that is gone for good.
const REMOVED: &str = "it was removed from the bucket before it could be read";

/// A version whose content is to be stored.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
}

/// The versions of a piece of the log.
pub(super) struct Coming {
    pub(super) bucket: Bucket,
    wanted: BTreeMap<PathBuf, Wanted>,
    broken: Mutex<Option<Broken>>,
}

impl Coming {
    /// Nothing is wanted yet.
    pub(super) fn of(bucket: Bucket) -> Self {
        Self { bucket, wanted: BTreeMap::new(), broken: Mutex::default() }
    }

    /// These are wanted now, by the names of their files in the log.
    pub(super) fn want(&mut self, wanted: BTreeMap<PathBuf, Wanted>) {
        self.wanted = wanted;
    }

    /// What the refusal of one version means: for all of them, or for this one, whose reason the log tells then.
    fn judge(&self, wanted: &Wanted, error: io::Error) -> io::Result<Unread> {
        let key = &wanted.key;
        let broken = match self.bucket.trouble().broken() {
            Some(Fault::Gone(why)) => Some(Broken::Gap(why)),
            Some(fault) => Some(Broken::For(fault)),
            None => match error.kind() {
                io::ErrorKind::NotFound => match self.is_listed(wanted) {
                    Ok(true) => Some(Broken::For(Fault::Failed(format!(
                        "The version {} of the object {key:?} is listed and not given out: {error}.",
                        wanted.id
                    )))),
                    Ok(false) => return Ok(self.unread(wanted, REMOVED.to_owned())),
                    Err(Fault::Gone(why)) => Some(Broken::Gap(why)),
                    Err(fault) => Some(Broken::For(fault)),
                },
                io::ErrorKind::PermissionDenied => {
                    Some(Broken::For(Fault::Denied(format!("The object {key:?}: {error}"))))
                }
                _ => None,
            },
        };
        match broken {
            Some(broken) => {
                self.broken.lock().get_or_insert(broken);
                Err(error)
            }
            None => Ok(self.unread(wanted, error.to_string())),
        }
    }

    /// Whether a version is in the bucket still, which one that a store refuses once may be.
    fn is_listed(&self, wanted: &Wanted) -> Result<bool, Fault> {
        Versions::has(&self.bucket.client, &self.bucket.name, &wanted.key, &wanted.id)
    }

    fn unread(&self, wanted: &Wanted, reason: String) -> Unread {
        let (bucket, key) = (&self.bucket.name, &wanted.key);
        tracing::warn!(%bucket, %key, %reason, "a version of an object cannot be read, which the log tells in its place");
        Unread { reason, modified: wanted.modified }
    }
}

impl ReadElsewhere for Coming {
    fn open(&self, name: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        let wanted = self.wanted.get(name).ok_or(io::ErrorKind::NotFound)?;
        let opened = Object::open(&self.bucket, &wanted.key, Some(&wanted.id));
        match opened.and_then(Object::whole_if_small) {
            Ok(object) => Ok(Box::new(object)),
            Err(error) => Ok(Box::new(self.judge(wanted, error)?)),
        }
    }
}

impl Elsewhere for Coming {
    fn files(&self) -> Vec<(PathBuf, SourceItem)> {
        let item = |(name, wanted): (&PathBuf, &Wanted)| {
            let node = Node {
                permissions: 0o600,
                size: wanted.size,
                modified: wanted.modified,
                accessed: wanted.modified,
                changed: wanted.modified,
                ..Node::default()
            };
            (name.clone(), SourceItem { node, attributes_when_opened: true, ..SourceItem::default() })
        };
        self.wanted.iter().map(item).collect()
    }

    fn broken(&self) -> Option<Broken> {
        let seen = self.broken.lock().clone();
        seen.or_else(|| self.bucket.trouble().broken().map(Broken::For))
    }
}

/// A version that its store does not give out: it lies in an archive, or is encrypted with a key that is not here.
struct Unread {
    reason: String,
    modified: Timestamp,
}

impl SourceReader for Unread {
    fn state(&mut self) -> io::Result<FileState> {
        Ok(FileState { size: 0, modified: self.modified, changed: self.modified, inode: 0 })
    }

    fn read(&mut self, _: &mut [u8]) -> io::Result<Piece> {
        Ok(Piece::End)
    }

    fn attributes(&mut self) -> Option<Vec<ExtendedAttribute>> {
        Some(vec![attribute(UNREAD, &self.reason)])
    }
}
