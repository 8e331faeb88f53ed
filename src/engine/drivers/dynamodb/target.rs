//! Restoring into a new table.

use super::batch::Batch;
use super::client::Client;
use super::faults::already_there;
use super::source::{DESCRIPTION, ITEMS};
use super::table::Description;
use super::{endpoint_of, item, location, table_of};
use crate::domain::types::dynamodb::{self, DynamoDbRestore};
use crate::domain::types::keys::ENDPOINT_KEY;
use crate::engine::drivers::http::{LONG, patiently};
use crate::engine::drivers::{
    Fault, Inside, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target, endpoint,
};
use crate::repository::{ItemPath, Node, Put, Refusal, RestoreOutcome, RestoreSize, StreamSink};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How many files are written at once.
const AT_ONCE: usize = 4;
/// The largest description: a table has at most 25 indexes and 50 tags.
const LARGEST_DESCRIPTION: u64 = 1 << 20;
/// How long a new table may take until it can be written.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(500);
/// How far the clocks of a service and of this machine can be apart: signatures are not taken beyond.
const SKEW_SECONDS: i64 = 15 * 60;

/// What a restore of a table is to do.
pub(super) fn plan(ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = DynamoDbRestore::read(ask.metadata)?;
    let of_source = ask.source.map(|source| endpoint_of(&source.resource.location));
    let endpoint = endpoint::of_restore(ask, ENDPOINT_KEY, restore.endpoint.as_deref(), of_source)?;
    let makes = Some(restore.table.clone());
    Ok(RestorePlan { target: location(endpoint, restore.table), makes, is_whole: true })
}

/// Opens nothing yet but the client.
pub(super) fn open<'a>(cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
    Ok(Box::new(NewTable {
        client: Client::open(cx.target, cx.secret, LONG)?,
        restore: DynamoDbRestore {
            table: table_of(cx.target).to_owned(),
            ..dynamodb::DynamoDbRestore::read(cx.metadata)?
        },
        description: description(cx.content)?,
        begun: None,
        is_resumed: false,
        items: AtomicU64::new(0),
    }))
}

fn description(content: &Inside<'_>) -> Result<Description, Fault> {
    let path = ItemPath::root().join(DESCRIPTION.as_bytes());
    let text = content.read(&path, LARGEST_DESCRIPTION)?;
    Description::from_file(&text.ok_or_else(|| Fault::Failed("The recovery point has no table.json.".to_owned()))?)
}

/// A table that is made.
struct NewTable {
    client: Client,
    restore: DynamoDbRestore,
    description: Description,
    begun: Option<Begun>,
    /// Whether an earlier attempt may have written something.
    is_resumed: bool,
    /// How many items were written.
    items: AtomicU64,
}

/// What is remembered of a target from one attempt to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    table: String,
    /// When, in seconds of the wall clock.
    at: i64,
}

impl NewTable {
    fn in_the_way(&self) -> Fault {
        Fault::Failed(already_there(self.client.table(), &self.client.place().endpoint))
    }

    /// Makes the table, unless an earlier attempt did, and waits until it can be written.
    fn make(&self) -> Result<(), Fault> {
        let there = match self.client.describe(None) {
            Ok(table) => Some(table),
            Err(Fault::Gone(_)) => None,
            Err(fault) => return Err(fault),
        };
        match there {
            None => {
                let input = self.description.restored(&self.restore);
                let mut tries = 0;
                patiently(LONG, None, || {
                    tries += 1;
                    match self.client.call_once("CreateTable", &input, None) {
                        // The answer of the attempt before may have been lost on its way.
                        Err(_) if tries > 1 && self.is_ours(&self.client.describe(None)?) => Ok(()),
                        made => made.map(drop),
                    }
                })?;
            }
            Some(table) if self.is_resumed && self.is_ours(&table) => {}
            Some(_) => return Err(self.in_the_way()),
        }
        self.wait()
    }

    /// Whether a table was made since this restore began: nobody else's was there then.
    fn is_ours(&self, table: &Value) -> bool {
        let since = self.begun.as_ref().map_or(i64::MAX, |begun| begun.at - SKEW_SECONDS);
        table["CreationDateTime"].as_f64().is_some_and(|at| at as i64 >= since)
    }

    /// Until the table and its indexes can be written.
    fn wait(&self) -> Result<(), Fault> {
        let until = Instant::now() + PATIENCE;
        loop {
            let table = self.client.describe(None)?;
            let indexes = table["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
            let statuses = std::iter::once(&table["TableStatus"]).chain(indexes.map(|index| &index["IndexStatus"]));
            if statuses.into_iter().all(|status| status.is_null() || status == "ACTIVE") {
                return Ok(());
            }
            if Instant::now() > until {
                let minutes = PATIENCE.as_secs() / 60;
                return Err(Fault::Failed(format!(
                    "The new table {} is {} and not ACTIVE after {minutes} minutes.",
                    self.client.table(),
                    table["TableStatus"].as_str().unwrap_or_default()
                )));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Writes the items of a file.
    fn write(&self, content: &mut dyn Read) -> Result<(), Refusal> {
        let no_item = |why: String| Refusal::Item(why);
        let mut batch = Batch::new(&self.client);
        let mut content = BufReader::with_capacity(1 << 20, content);
        let mut line = Vec::new();
        let refused = |fault: Fault| match fault {
            // One item need not be like the others.
            Fault::Failed(why) => Refusal::Item(why),
            fault => Refusal::All(fault.into_io()),
        };
        while content.read_until(b'\n', &mut line)? > 0 {
            if line.pop() != Some(b'\n') {
                return Err(no_item("its last line is cut off".to_owned()));
            }
            batch.add(item::read(&line).map_err(no_item)?, line.len()).map_err(refused)?;
            self.items.fetch_add(1, Ordering::Relaxed);
            line.clear();
        }
        batch.write().map_err(refused)
    }
}

impl Target for NewTable {
    fn items(&self) -> &[ItemPath] {
        &[]
    }

    /// Looks only: the table is made when it is known who makes it.
    fn begin(&mut self, _: &RestoreSize) -> Result<Mark, Fault> {
        match self.client.describe(None) {
            Err(Fault::Gone(_)) => {}
            Ok(_) => return Err(self.in_the_way()),
            Err(fault) => return Err(fault),
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        let begun = Begun { table: self.restore.table.clone(), at: now };
        let mark = Mark::of(&begun);
        self.begun = Some(begun);
        Ok(mark)
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        let begun = before.read::<Begun>().filter(|begun| begun.table == self.restore.table);
        let other = || Fault::Failed(format!("The table {} was not begun by this job.", self.restore.table));
        self.begun = Some(begun.ok_or_else(other)?);
        self.is_resumed = true;
        Ok(())
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        self.make()?;
        Ok(Sink::InOrder(self))
    }

    /// Counts what arrived.
    fn finish(self: Box<Self>, outcome: &RestoreOutcome) -> Result<Restored, Fault> {
        let (written, found) = (self.items.load(Ordering::Relaxed), self.client.count()?);
        if outcome.failures.is_empty() && written != found {
            return Err(Fault::Failed(format!(
                "{written} items were written into the table {}, and it has {found}.",
                self.client.table()
            )));
        }
        Ok(Restored { notes: self.description.left_out(), shares_secret: true, ..Restored::default() })
    }
}

impl StreamSink for NewTable {
    fn place(&self) -> PathBuf {
        PathBuf::from(self.client.table())
    }

    fn put(&self, path: &ItemPath, node: &Node, content: &mut dyn Read) -> Result<Put, Refusal> {
        match path.components().iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice() {
            _ if !node.is_file() => {}
            [name] if *name == DESCRIPTION.as_bytes() => {
                // It was read before the table was made.
                io::copy(content, &mut io::sink())?;
            }
            [folder, _] if *folder == ITEMS.as_bytes() => self.write(content)?,
            _ => return Err(Refusal::Item("it is no part of a table".to_owned())),
        }
        Ok(Put::Written)
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }
}
