//! Reading a server: collection by collection, the documents of each in the order of their `_id`.

use super::client::Client;
use super::faults::{self, fault};
use super::inventory::{self, Collection, Databases};
use super::names::{DOCUMENTS, METADATA, stem};
use super::{Seen, address_of};
use crate::domain::types::location::Part;
use crate::domain::{Consistency, PointDetails};
use crate::engine::drivers::feed::{Feed, Files};
use crate::engine::drivers::{BackupCx, Fault, Mark, PointFacts, Source};
use crate::repository::{BackupOutcome, Control, TreeSource};
use mongodb::Cursor;
use mongodb::bson::{RawDocumentBuf, doc};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Where the databases lie in a snapshot.
const ROOT: &str = "/dump";

/// How many documents come at once; a server stops at 16 MiB.
const BATCH: u32 = 10_000;

/// How many lost collections are told by name.
const NAMED: usize = 5;

/// A server that is open for a backup.
struct Open {
    feed: Feed<Documents>,
    seen: Seen,
    databases: usize,
}

/// Opens the server of a resource: what it holds is listed, and nothing is read.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let at = &cx.of.resource.location;
    let client = Client::open(&address_of(at)?, cx.of.secret.as_ref())?;
    let version = client.version()?;
    let (databases, bytes) = inventory::databases(&client, Databases(at.part(Part::Database)))?;
    let mut coming = VecDeque::new();
    for database in &databases {
        coming.extend(inventory::collections(&client, database)?);
    }
    let seen = Seen { version, size_bytes: bytes };
    let documents = Documents { client, coming, now: Now::Nothing, collections: 0, documents: 0, lost: Vec::new() };
    Ok(Box::new(Open { feed: Feed::new(ROOT, bytes, documents), seen, databases: databases.len() }))
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.feed
    }

    fn root(&self) -> &Path {
        self.feed.root()
    }

    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        let told = self.feed.into_files()?;
        if let Some(issue) = outcome.issues.first() {
            return Err(Fault::Failed(format!("{} is not in the backup: {}", issue.path.display(), issue.reason)));
        }
        let details: PointDetails = [
            Consistency::None.detail(),
            ("EngineVersion".to_owned(), self.seen.version.clone()),
            ("Databases".to_owned(), self.databases.to_string()),
            ("Collections".to_owned(), told.collections.to_string()),
            ("Documents".to_owned(), told.documents.to_string()),
        ]
        .into();
        Ok(PointFacts { lacks: lacks(&told.lost), details, mark: Some(Mark::of(&self.seen)), ..PointFacts::default() })
    }
}

/// What there is to say of collections that went away.
fn lacks(lost: &[String]) -> Option<String> {
    let more = lost.len().saturating_sub(NAMED);
    let named = lost.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!lost.is_empty()).then(|| {
        format!("Dropped or renamed while the backup ran, and stored only as far as they had been read: {named}{more}")
    })
}

/// The documents of all collections, one after the other.
struct Documents {
    client: Client,
    coming: VecDeque<Collection>,
    now: Now,
    collections: u64,
    documents: u64,
    /// What was dropped meanwhile.
    lost: Vec<String>,
}

/// What is being told.
enum Now {
    Nothing,
    /// The documents of a collection, the bytes of the last one, and how many of those were told.
    Reading {
        of: Collection,
        cursor: Box<Cursor<RawDocumentBuf>>,
        waiting: Vec<u8>,
        told: usize,
    },
    /// Documents that have been told to their end.
    Read(Collection),
    Text {
        text: Vec<u8>,
        told: usize,
    },
}

impl Documents {
    /// A document more; `false` when there is none.
    fn advance(&mut self, stop: &Control) -> Result<bool, Fault> {
        let Now::Reading { of, cursor, waiting, told } = &mut self.now else { return Ok(false) };
        waiting.clear();
        *told = 0;
        let advanced = self.client.wait("getMore", Some(stop), cursor.advance())?;
        if matches!(advanced, Ok(true)) {
            waiting.extend_from_slice(cursor.current().as_bytes());
            self.documents += 1;
            return Ok(true);
        }
        let of = of.clone();
        match advanced {
            // Its collection may have gone: that is asked for at the end of each.
            Err(error) if !faults::is_cursor_lost(&error) || inventory::is_there(&self.client, &of)? => {
                return Err(refusal(&self.client, &of, &error));
            }
            _ => {}
        }
        if !inventory::is_there(&self.client, &of)? {
            self.lost.push(of.shown());
        }
        self.now = Now::Read(of);
        Ok(false)
    }

    /// The file that says what a collection is.
    fn describe(&mut self, of: &Collection) -> Result<PathBuf, Fault> {
        let text = of.metadata.to_json();
        let text = text.map_err(|why| Fault::Failed(format!("What {} is cannot be written: {why}", of.shown())))?;
        self.now = Now::Text { text, told: 0 };
        self.collections += 1;
        Ok(path_of(of, METADATA))
    }
}

/// All documents of a collection, in the order in which they lie in a recovery point.
pub(super) fn find(client: &Client, of: &Collection, stop: Option<&Control>) -> Result<Cursor<RawDocumentBuf>, Fault> {
    let collection = client.database(&of.database).collection::<RawDocumentBuf>(&of.metadata.name);
    let find = collection.find(doc! {}).batch_size(BATCH);
    // Those have an order that is theirs; all others come so that a document lies beside the same ones each time.
    let natural = of.metadata.is_capped() || of.metadata.is_timeseries();
    let find = if natural { find } else { find.sort(doc! { "_id": 1 }) };
    let found = client.wait("find", stop, find.into_future())?;
    found.map_err(|error| refusal(client, of, &error))
}

/// What it means that documents of a collection do not come.
pub(super) fn refusal(client: &Client, of: &Collection, error: &mongodb::error::Error) -> Fault {
    fault(client.address(), &format!("find in {}", of.shown()), error)
}

fn path_of(of: &Collection, ending: &str) -> PathBuf {
    Path::new(&of.database).join(format!("{}{ending}", stem(&of.metadata.name)))
}

impl Files for Documents {
    fn next(&mut self, stop: &Control) -> Result<Option<PathBuf>, Fault> {
        if let Now::Read(of) = std::mem::replace(&mut self.now, Now::Nothing) {
            return self.describe(&of).map(Some);
        }
        let Some(of) = self.coming.pop_front() else { return Ok(None) };
        if of.metadata.is_view() {
            return self.describe(&of).map(Some);
        }
        let cursor = find(&self.client, &of, Some(stop))?;
        let path = path_of(&of, DOCUMENTS);
        self.now = Now::Reading { of, cursor: Box::new(cursor), waiting: Vec::new(), told: 0 };
        Ok(Some(path))
    }

    fn read(&mut self, buffer: &mut [u8], stop: &Control) -> Result<usize, Fault> {
        let mut written = 0;
        while written < buffer.len() {
            let (from, told) = match &mut self.now {
                Now::Reading { waiting, told, .. } => (waiting.as_slice(), told),
                Now::Text { text, told } => (text.as_slice(), told),
                Now::Nothing | Now::Read(_) => break,
            };
            let length = (from.len() - *told).min(buffer.len() - written);
            buffer[written..written + length].copy_from_slice(&from[*told..*told + length]);
            *told += length;
            written += length;
            if length == 0 && !self.advance(stop)? {
                break;
            }
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_away_is_told_by_name() {
        let lost: Vec<String> = (1..=6).map(|number| format!("shop.c{number}")).collect();
        assert_eq!(lacks(&[]), None);
        assert!(lacks(&lost[..2]).unwrap().ends_with(": shop.c1, shop.c2"));
        assert!(lacks(&lost).unwrap().ends_with("shop.c5 and 1 more"));
    }
}
