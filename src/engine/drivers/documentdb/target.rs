//! Restoring into a server: collections that are not there yet, in the source's server or another one.

use super::address::Address;
use super::client::Client;
use super::insert::{Documents, Uninserted, insert};
use super::inventory::{self, Collection};
use super::names::{DOCUMENTS, METADATA, stem};
use super::source::{find, refusal as unread};
use super::{address_of, id_of, metadata};
use crate::domain::Invalid;
use crate::domain::types::documentdb::{self, DocumentDbRestore, IDENTIFIER_KEY};
use crate::domain::types::keys::{SUFFIX_KEY, URL_KEY};
use crate::domain::types::location::{Location, Part};
use crate::engine::drivers::endpoint;
use crate::engine::drivers::http::temporary;
use crate::engine::drivers::{Fault, Inside, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target};
use crate::repository::{ItemPath, Node, Put, Refusal, RestoreOutcome, RestoreSize, StreamSink};
use mongodb::bson::{Bson, Document, RawDocument, doc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

/// How many collections are written at once.
const AT_ONCE: usize = 4;

/// The largest file that says what a collection is.
const LARGEST_METADATA: u64 = 64 << 20;

/// The longest name of a database, and of a database with that of a collection of it.
const LONGEST_NAME: usize = 63;
const LONGEST_NAMES: usize = 255;

/// How long nothing must come before a server is taken to be done with an earlier attempt, and how often that is waited for.
const QUIET: Duration = Duration::from_millis(500);
const ROUNDS: usize = 10;

/// The most of an `_id` that a message shows, in bytes.
const LONGEST_ID: usize = 100;

/// What is the matter of the server that makes an index, and of none that it is made on.
const OF_THE_SERVER: [&str; 2] = ["v", "ns"];

/// What a restore is to do.
pub(super) fn plan(ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = DocumentDbRestore::read(ask.metadata)?;
    documentdb::supported_by_engine(ask.metadata)?;
    let wrong = |key: &str, rule: &str| Fault::Invalid(Invalid::value(format!("Metadata.{key}"), rule));
    let of_source = ask.source.map(|source| &source.resource.location);
    let source_url = of_source.and_then(|at| at.part(Part::Url));
    let url = match (&restore.url, source_url) {
        (Some(given), _) => Address::parse(given).map_err(|rule| wrong(URL_KEY, &rule))?.to_string(),
        (None, Some(source)) => source.to_owned(),
        (None, None) => {
            return Err(wrong(
                URL_KEY,
                "must be given, since the server that was backed up is not registered any more",
            ));
        }
    };
    endpoint::stay(ask, URL_KEY, "server that was backed up", &url, source_url)?;
    let is_whole = restore.items.is_empty();
    let server = Location::of([(Part::Url, url)]);
    if restore.suffix.is_empty() && of_source.is_some_and(|at| at.part(Part::Url) == server.part(Part::Url)) {
        return Ok(RestorePlan { target: of_source.cloned().unwrap_or(server), makes: None, is_whole });
    }
    if ask.source.is_some() && restore.identifier == id_of(ask.resource_arn) {
        let rule = format!("must be a new name: {} is what was backed up, and is there still", restore.identifier);
        return Err(wrong(IDENTIFIER_KEY, &rule));
    }
    let ending = (!restore.suffix.is_empty()).then(|| format!("*{}", restore.suffix));
    let target = server.with(Part::Database, ending.as_deref());
    Ok(RestorePlan { target, makes: Some(restore.identifier), is_whole })
}

/// A server that is restored into.
struct Into<'a> {
    client: Client,
    content: &'a Inside<'a>,
    identifier: String,
    makes_new: bool,
    /// By the paths of their documents in the recovery point.
    collections: BTreeMap<ItemPath, Collection>,
    items: Vec<ItemPath>,
    is_resumed: bool,
    /// Whose documents were written, and how many they were.
    written: Mutex<BTreeMap<ItemPath, u64>>,
}

/// What is remembered of a target from one attempt to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    server: String,
    /// Those that were not there when it began: whatever is there of them later is this restore's.
    collections: BTreeSet<String>,
}

/// Opens the client and reads what is to be made.
pub(super) fn open<'a>(cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
    let restore = DocumentDbRestore::read(cx.metadata)?;
    let client = Client::open(&address_of(cx.target)?, cx.secret)?;
    // As it was decided, whatever is proposed by now.
    let ending = cx.target.part(Part::Database).filter(|_| cx.makes_new);
    let suffix = ending.and_then(|ending| ending.strip_prefix('*')).unwrap_or_default();
    let all = collections_in(cx.content, suffix)?;
    let mut chosen = BTreeSet::new();
    for item in &restore.items {
        let found: Vec<&ItemPath> = all.keys().filter(|path| is_meant(item, path, &all[*path])).collect();
        if found.is_empty() {
            return Err(Fault::Failed(format!("There are no collections that match {item:?} in the recovery point.")));
        }
        chosen.extend(found.into_iter().cloned());
    }
    let (mut items, mut collections) = (Vec::new(), all);
    if !restore.items.is_empty() {
        collections.retain(|path, _| chosen.contains(path));
        let has_documents = |path: &&ItemPath| !collections[*path].metadata.is_view();
        items = collections.keys().filter(has_documents).cloned().collect();
        // Views alone have no documents, and no items would stand for all of them.
        let described = |path: &ItemPath| described_at(path);
        items.extend(collections.keys().filter_map(described));
    }
    check_names(collections.values())?;
    let identifier = restore.identifier;
    let makes_new = cx.makes_new;
    Ok(Box::new(Into {
        client,
        content: cx.content,
        identifier,
        makes_new,
        collections,
        items,
        is_resumed: false,
        written: Mutex::default(),
    }))
}

/// Where the description of a collection lies, by where its documents do.
fn described_at(documents: &ItemPath) -> Option<ItemPath> {
    let [database, file] = documents.components() else { return None };
    let stem = file.strip_suffix(DOCUMENTS.as_bytes())?;
    Some(ItemPath::root().join(database).join(&[stem, METADATA.as_bytes()].concat()))
}

/// Whether an item is this collection, its database, or one of its files.
fn is_meant(item: &str, documents: &ItemPath, collection: &Collection) -> bool {
    let [database, _] = documents.components() else { return false };
    let item = item.strip_prefix('/').unwrap_or(item);
    let Some((of, rest)) = item.split_once('/') else { return item.as_bytes() == database };
    let stem = stem(&collection.metadata.name);
    let names = [collection.metadata.name.clone(), format!("{stem}{DOCUMENTS}"), format!("{stem}{METADATA}")];
    of.as_bytes() == database && (rest.is_empty() || names.iter().any(|name| name == rest))
}

/// What lies in a recovery point, for databases with this behind their names.
fn collections_in(content: &Inside<'_>, suffix: &str) -> Result<BTreeMap<ItemPath, Collection>, Fault> {
    let mut found = BTreeMap::new();
    for name in content.names(&ItemPath::root())? {
        let folder = ItemPath::root().join(&name);
        let database = format!("{}{suffix}", String::from_utf8_lossy(&name));
        for file in content.names(&folder)? {
            let Some(stem) = file.strip_suffix(METADATA.as_bytes()) else { continue };
            let described = content.read(&folder.join(&file), LARGEST_METADATA)?.unwrap_or_default();
            let metadata = metadata::Metadata::from_json(&described);
            let metadata =
                metadata.map_err(|why| Fault::Failed(format!("{} cannot be read: {why}", folder.join(&file))))?;
            let collection = Collection { database: database.clone(), metadata };
            found.insert(folder.join(&[stem, DOCUMENTS.as_bytes()].concat()), collection);
        }
    }
    Ok(found)
}

/// Refuses names that are too long with what is behind them now.
fn check_names<'a>(collections: impl Iterator<Item = &'a Collection>) -> Result<(), Invalid> {
    for collection in collections {
        for (name, most) in [(collection.database.clone(), LONGEST_NAME), (collection.shown(), LONGEST_NAMES)] {
            if name.len() > most {
                let rule = format!("makes {name} of a name, which can have at most {most} bytes");
                return Err(Invalid::value(format!("Metadata.{SUFFIX_KEY}"), rule));
            }
        }
    }
    Ok(())
}

impl Into<'_> {
    fn names(&self) -> BTreeSet<String> {
        self.collections.values().map(Collection::shown).collect()
    }

    /// Those of what is to be made that are there.
    fn present(&self) -> Result<Vec<(&ItemPath, &Collection)>, Fault> {
        let databases: BTreeSet<&str> = self.collections.values().map(|of| of.database.as_str()).collect();
        let mut there = BTreeSet::new();
        for database in databases {
            let names = inventory::collection_names(&self.client, database)?;
            there.extend(names.into_iter().map(|name| format!("{database}.{name}")));
        }
        Ok(self.collections.iter().filter(|(_, of)| there.contains(&of.shown())).collect())
    }

    fn make(&self, collection: &Collection) -> Result<(), Fault> {
        let mut command = doc! { "create": &collection.metadata.name };
        command.extend(collection.metadata.options.clone());
        self.client.command(&collection.database, command).map(drop)
    }

    /// Refuses a collection with a document that the recovery point does not hold: somebody else made it since, or wrote into it.
    fn look_whose_it_is(&self, path: &ItemPath, collection: &Collection) -> Result<(), Fault> {
        // Measurements have no order of their own to be compared in.
        if collection.metadata.is_view() || collection.metadata.is_timeseries() {
            return Ok(());
        }
        let held = self.content.open(path)?;
        let held = held.ok_or_else(|| Fault::Failed(format!("The recovery point lacks {path}.")))?;
        let mut cursor = find(&self.client, collection, None)?;
        let there = || match self.client.wait("getMore", None, cursor.advance())? {
            Ok(true) => Ok(Some(cursor.current().as_bytes().to_vec())),
            Ok(false) => Ok(None),
            Err(error) => Err(unread(&self.client, collection, &error)),
        };
        let Some(strange) = first_strange(there, &mut Documents(held))? else { return Ok(()) };
        Err(Fault::Failed(format!(
            "{} has a document{} that the recovery point does not hold: somebody else wrote into it since this job began. Drop it \
             and restore again.",
            collection.shown(),
            id_shown(&strange)
        )))
    }

    /// Drops what an earlier attempt made, until nothing of it comes any more: the server may be busy still with what the engine
    /// asked for before it was killed, and makes a collection anew that it inserts into.
    fn take_away(&self, present: &[(&ItemPath, &Collection)]) -> Result<(), Fault> {
        let mut there: Vec<&Collection> = present.iter().map(|(_, collection)| *collection).collect();
        for _ in 0..ROUNDS {
            for collection in &there {
                self.client.command(&collection.database, doc! { "drop": &collection.metadata.name })?;
            }
            std::thread::sleep(QUIET);
            there = self.present()?.into_iter().map(|(_, collection)| collection).collect();
            if there.is_empty() {
                return Ok(());
            }
        }
        Err(temporary(format!(
            "The server at {} still writes for an engine that was stopped",
            self.client.address().place()
        )))
    }

    /// Begins again where there is more than was written: a server may do what an engine asked for that was killed after this
    /// attempt took away what the one before had made, and measurements have no `_id` by which it would refuse them.
    fn refuse_latecomers(&self, written: &BTreeMap<ItemPath, u64>) -> Result<(), Fault> {
        for (path, documents) in written {
            let Some(collection) = self.collections.get(path) else { continue };
            let there = inventory::count(&self.client, collection)?;
            if there > *documents {
                return Err(temporary(format!(
                    "{} has {there} documents, {documents} of them by this attempt: what an earlier one wrote came late",
                    collection.shown()
                )));
            }
        }
        Ok(())
    }

    /// Makes its indexes but that of `_id`, which it has; why the server makes one of them not.
    fn make_indexes(&self, collection: &Collection) -> Result<Vec<String>, Fault> {
        let own = |index: &&Document| index.get_str("name").is_ok_and(|name| name != "_id_");
        let mut refused = Vec::new();
        for index in collection.metadata.indexes.iter().filter(own) {
            let index: Document =
                index.clone().into_iter().filter(|(key, _)| !OF_THE_SERVER.contains(&key.as_str())).collect();
            let name = index.get_str("name").unwrap_or("?").to_owned();
            let command = doc! { "createIndexes": &collection.metadata.name, "indexes": [Bson::Document(index)] };
            let made = self.client.command(&collection.database, command).map(drop);
            refused.extend(refusal(made, || format!("The index {name} of {}", collection.shown()))?);
        }
        Ok(refused)
    }
}

/// The first document that is there and not among those of a file, both in one order. One that is there twice is among them: of two
/// inserts at one time a server may take both.
fn first_strange<R: Read>(
    mut there: impl FnMut() -> Result<Option<Vec<u8>>, Fault>,
    held: &mut Documents<R>,
) -> Result<Option<Vec<u8>>, Fault> {
    let mut last = None;
    while let Some(document) = there()? {
        if last.as_ref() == Some(&document) {
            continue;
        }
        loop {
            let next = held.next().map_err(|error| Fault::of_io("The recovery point cannot be read", &error))?;
            match next {
                None => return Ok(Some(document)),
                Some(next) if next == document => break,
                Some(_) => {}
            }
        }
        last = Some(document);
    }
    Ok(None)
}

/// The `_id` of a document, as far as it is short.
fn id_shown(document: &[u8]) -> String {
    let id = RawDocument::from_bytes(document).ok().and_then(|document| document.get("_id").ok().flatten());
    let id = id.and_then(|id| Bson::try_from(id).ok()).map(|id| id.to_string()).filter(|id| id.len() <= LONGEST_ID);
    id.map_or_else(String::new, |id| format!(" (_id: {id})"))
}

/// Why a server refuses what it cannot make. One that is away, or lets a user do too little, refuses nothing: the restore is not done.
fn refusal(made: Result<(), Fault>, what: impl Fn() -> String) -> Result<Option<String>, Fault> {
    match made {
        Ok(()) => Ok(None),
        Err(fault @ (Fault::Temporary { .. } | Fault::Denied(_))) => Err(fault),
        Err(fault) => Ok(Some(format!("{} was not made: {fault}.", what()))),
    }
}

impl Target for Into<'_> {
    fn items(&self) -> &[ItemPath] {
        &self.items
    }

    /// Looks only: what is there already is left alone, all of it.
    fn begin(&mut self, _: &RestoreSize) -> Result<Mark, Fault> {
        let present: Vec<String> = self.present()?.into_iter().map(|(_, of)| of.shown()).collect();
        if let Some(first) = present.first() {
            let more = if present.len() > 1 { format!(" and {} more", present.len() - 1) } else { String::new() };
            return Err(Fault::Failed(format!(
                "The server at {} has {first}{more} already, and nothing was written: drop it, choose others, or give another \
                 {SUFFIX_KEY}.",
                self.client.address().place()
            )));
        }
        Ok(Mark::of(&Begun { server: self.client.address().place(), collections: self.names() }))
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        let begun = before.read::<Begun>();
        let ours = begun.is_some_and(|begun| {
            begun.server == self.client.address().place() && self.names().is_subset(&begun.collections)
        });
        if !ours {
            let place = self.client.address().place();
            return Err(Fault::Failed(format!(
                "What is to be restored into the server at {place} was not begun by this job."
            )));
        }
        self.is_resumed = true;
        Ok(())
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        if self.is_resumed {
            let present = self.present()?;
            present.iter().try_for_each(|(path, of)| self.look_whose_it_is(path, of))?;
            self.take_away(&present)?;
        }
        self.collections.values().filter(|of| !of.metadata.is_view()).try_for_each(|of| self.make(of))?;
        Ok(Sink::InOrder(self))
    }

    /// Indexes after the documents, which is faster; views last, for they may be of views.
    fn finish(self: Box<Self>, outcome: &RestoreOutcome) -> Result<Restored, Fault> {
        let written = self.written.lock().clone();
        let mut unwritten =
            self.collections.iter().filter(|(path, of)| !of.metadata.is_view() && !written.contains_key(*path));
        if let Some((path, _)) = unwritten.next().filter(|_| outcome.failed == 0) {
            return Err(Fault::Failed(format!(
                "The recovery point has no documents of a collection that it describes, {path}."
            )));
        }
        if self.is_resumed {
            self.refuse_latecomers(&written)?;
        }
        let (views, others): (Vec<_>, Vec<_>) = self.collections.values().partition(|of| of.metadata.is_view());
        let mut notes = Vec::new();
        for collection in others {
            notes.extend(self.make_indexes(collection)?);
        }
        for view in views {
            notes.extend(refusal(self.make(view), || format!("The view {}", view.shown()))?);
        }
        let name = self.makes_new.then(|| self.identifier.clone());
        Ok(Restored { notes, name, shares_secret: self.makes_new, ..Restored::default() })
    }
}

impl StreamSink for Into<'_> {
    fn place(&self) -> PathBuf {
        PathBuf::from(self.client.address().place())
    }

    fn put(&self, path: &ItemPath, _: &Node, content: &mut dyn Read) -> Result<Put, Refusal> {
        let Some(collection) = self.collections.get(path) else {
            // A description, which was read before.
            io::copy(content, &mut io::sink())?;
            return Ok(Put::Written);
        };
        match insert(&self.client, &collection.database, &collection.metadata.name, content) {
            Ok(documents) => {
                self.written.lock().insert(path.clone(), documents);
                Ok(Put::Written)
            }
            Err(Uninserted::Unread(error)) => Err(Refusal::Item(error.to_string())),
            Err(Uninserted::Refused(fault @ (Fault::Temporary { .. } | Fault::Denied(_)))) => {
                Err(Refusal::All(fault.into_io()))
            }
            Err(Uninserted::Refused(fault)) => Err(Refusal::Item(fault.to_string())),
        }
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_attempt_wrote_is_a_part_of_what_is_restored() {
        let document = |number: i32| {
            let mut bytes = b"\x0c\0\0\0\x10a\0\0\0\0\0\0".to_vec();
            bytes[7..11].copy_from_slice(&number.to_le_bytes());
            bytes
        };
        let held = [1, 2, 3].map(document).concat();
        for (numbers, strange) in
            [(vec![], None), (vec![1, 2], None), (vec![1, 3, 3], None), (vec![1, 4], Some(4)), (vec![0], Some(0))]
        {
            let mut there = numbers.iter().map(|number| document(*number));
            let found = first_strange(|| Ok(there.next()), &mut Documents(held.as_slice()));
            assert_eq!(found, Ok(strange.map(document)), "{numbers:?}");
        }
        let away = || Err(temporary("away".to_owned()));
        assert_eq!(first_strange(away, &mut Documents(held.as_slice())), away());
    }

    #[test]
    fn what_a_server_cannot_make_is_told_and_one_that_is_away_ends_the_restore() {
        let told = |made| refusal(made, || "The index x of a.b".to_owned());
        assert_eq!(told(Ok(())), Ok(None));
        let note = "The index x of a.b was not made: unknown type.";
        assert_eq!(told(Err(Fault::Failed("unknown type".to_owned()))), Ok(Some(note.to_owned())));
        for fault in [temporary("away".to_owned()), Fault::Denied("no right".to_owned())] {
            assert_eq!(told(Err(fault.clone())), Err(fault));
        }
    }
}
