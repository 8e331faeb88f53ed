//! Reading a bucket.

use super::Seen;
use super::beside::Beside;
use super::bucket::Bucket;
use super::bucket_of;
use super::client::Client;
use super::continuous::LISTED_DETAIL;
use super::listing::Listing;
use super::store::Store;
use crate::domain::{Consistency, PointDetails, Time};
use crate::engine::drivers::{BackupCx, Fault, Mark, PointFacts, Source};
use crate::repository::{BackupOutcome, KeyTree, TreeSource};
use chrono::{Duration, SecondsFormat};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the objects lie in a snapshot.
const ROOT: &str = "/objects";

/// A bucket that is open for a backup.
struct Open {
    tree: KeyTree<Store>,
    seen: Seen,
    beside: Beside,
    /// When its listing began, by the store's clock; none of a bucket without versions.
    listed: Option<Time>,
}

/// Opens the bucket of a resource: lists it once.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let (at, secret) = (&cx.of.resource.location, cx.of.secret.as_ref());
    let name = bucket_of(at);
    let (client, beside) = (Client::open(at, secret)?, Beside::of(cx.options));
    client.look_at_bucket(name)?;
    let seen = Seen { versioning: client.versioning(name) };
    let listed = seen.has_versions().then(|| client.time());
    let tree = match tree(client, name, Listing::pages(), cx) {
        Err(Unlisted::OutOfOrder) => {
            let client = Client::open(at, secret)?;
            let sorted = Listing::sorted(&client, name, beside, cx.control)?;
            tree(client, name, sorted, cx)
        }
        listed => listed,
    };
    match tree {
        Ok(tree) => Ok(Box::new(Open { tree, seen, beside, listed })),
        Err(Unlisted::Fault(fault)) => Err(fault),
        Err(Unlisted::OutOfOrder) => Err(Fault::Failed(format!("The keys of the bucket {name} have no order."))),
    }
}

/// Why a bucket could not be listed.
enum Unlisted {
    /// The store has an order of its own.
    OutOfOrder,
    Fault(Fault),
}

fn tree(client: Client, name: &str, listing: Listing, cx: &BackupCx<'_>) -> Result<KeyTree<Store>, Unlisted> {
    let store = Store::new(Bucket::new(client, name.to_owned(), Beside::of(cx.options)), listing);
    let trouble = Arc::clone(store.bucket.trouble());
    KeyTree::new(store, PathBuf::from(ROOT), cx.control).map_err(|error| {
        if trouble.is_out_of_order() {
            return Unlisted::OutOfOrder;
        }
        let other = || Fault::of_io(format_args!("The bucket {name} cannot be listed"), &error);
        Unlisted::Fault(trouble.broken().unwrap_or_else(other))
    })
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.tree
    }

    fn root(&self) -> &Path {
        Path::new(ROOT)
    }

    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        if let Some(fault) = self.tree.store().bucket.trouble().broken() {
            return Err(fault);
        }
        let stored = outcome.files_new + outcome.files_changed + outcome.files_unmodified > outcome.issues.len() as u64;
        match outcome.issues.first() {
            Some(issue) if !stored => {
                Err(Fault::Denied(format!("No object could be read, as {}: {}", issue.path.display(), issue.reason)))
            }
            _ => Ok(PointFacts {
                lacks: self.tree.store().bucket.trouble().bare(),
                issue: None,
                details: self.details(),
                mark: Some(Mark::of(&self.seen)),
                restorable_from: self.restorable_from()?,
            }),
        }
    }
}

impl Open {
    /// What there is to say of the point.
    fn details(&self) -> PointDetails {
        let exactly = |time: Time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let listed = self.listed.map(|time| (LISTED_DETAIL.to_owned(), exactly(time)));
        [Consistency::None.detail()].into_iter().chain(self.beside.details()).chain(listed).collect()
    }

    /// From when on nothing in it is newer. A store tells times in whole seconds.
    fn restorable_from(&self) -> Result<Option<Time>, Fault> {
        if self.listed.is_none() {
            return Ok(None);
        }
        let bucket = &self.tree.store().bucket;
        bucket.client.versioning_status(&bucket.name)?;
        Ok(Some(bucket.client.time() + Duration::seconds(1)))
    }
}
