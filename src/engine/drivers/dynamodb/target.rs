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
use serde_json::{Value, json};
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
                        Err(_) if tries > 1 && self.client.describe(None).is_ok_and(|table| self.is_ours(&table)) => {
                            Ok(())
                        }
                        made => made.map(drop),
                    }
                })?;
            }
            Some(table) if self.is_resumed && self.is_ours(&table) => {}
            Some(_) => return Err(self.in_the_way()),
        }
        self.wait()
    }

    /// Whether a table was made since this restore began, when nobody else's was there, and is the one that is restored.
    fn is_ours(&self, table: &Value) -> bool {
        let since = self.begun.as_ref().map_or(i64::MAX, |begun| begun.at - SKEW_SECONDS);
        let is_since = table["CreationDateTime"].as_f64().is_some_and(|at| at as i64 >= since);
        is_since && self.description.create_table.get("KeySchema").is_some_and(|keys| *keys == table["KeySchema"])
    }

    /// Until the table and its indexes can be written.
    fn wait(&self) -> Result<(), Fault> {
        let until = Instant::now() + PATIENCE;
        loop {
            // A service may know of a table only some time after it was asked to make it.
            let table = match self.client.describe(None) {
                Err(Fault::Gone(_)) => json!({ "TableStatus": "not known yet" }),
                table => table?,
            };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::drivers::http::stand_in::{Asked, StandIn, Told};
    use std::sync::Arc;

    fn keys(name: &str) -> Value {
        json!([{ "AttributeName": name, "KeyType": "HASH" }])
    }

    /// A restore that began at the beginning of time into a service.
    fn restore(server: &StandIn) -> NewTable {
        let at = location(server.url(), "orders".to_owned());
        let made = json!({ "CreateTable": { "TableName": "source", "KeySchema": keys("id") } });
        NewTable {
            client: Client::open(&at, None, LONG).unwrap(),
            restore: DynamoDbRestore {
                table: "orders".to_owned(),
                endpoint: None,
                by_kms: false,
                kms_key: None,
                is_protected: false,
            },
            description: Description::from_file(made.to_string().as_bytes()).unwrap(),
            begun: Some(Begun { table: "orders".to_owned(), at: 0 }),
            is_resumed: false,
            items: AtomicU64::new(0),
        }
    }

    fn is_call(asked: &Asked, operation: &str) -> bool {
        asked.headers["x-amz-target"].ends_with(operation)
    }

    /// A service with this many refusals of `CreateTable` before it makes the table, and of `DescribeTable` after it.
    fn slow(throttled: u64, unknown: u64) -> StandIn {
        let (throttled, unknown) = (AtomicU64::new(throttled), AtomicU64::new(unknown));
        let made = Arc::new(AtomicU64::new(0));
        let take = |left: &AtomicU64| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        };
        let gone = || Told::of(400, r#"{"__type": "ResourceNotFoundException"}"#);
        StandIn::that(move |asked| {
            if is_call(asked, ".CreateTable") {
                if take(&throttled) {
                    return Told::of(503, "");
                }
                made.store(1, Ordering::Relaxed);
                return Told::of(200, "{}");
            }
            if made.load(Ordering::Relaxed) == 0 || take(&unknown) {
                return gone();
            }
            let table = json!({ "TableStatus": "ACTIVE", "KeySchema": keys("id"), "CreationDateTime": 1.5 });
            Told::of(200, json!({ "Table": table }).to_string())
        })
    }

    #[test]
    fn a_table_is_made_after_some_refusals_and_known_some_time_later() {
        for (throttled, unknown) in [(2, 0), (0, 2)] {
            let server = slow(throttled, unknown);
            assert_eq!(restore(&server).make(), Ok(()));
            let creates = server.asked().into_iter().filter(|asked| is_call(asked, ".CreateTable")).count();
            assert_eq!(creates as u64, throttled + 1);
        }
    }

    #[test]
    fn a_table_of_somebody_else_is_not_this_restores() {
        let restore = restore(&StandIn::that(|_| Told::of(503, "")));
        let is_ours =
            |at: f64, name: &str| restore.is_ours(&json!({ "CreationDateTime": at, "KeySchema": keys(name) }));
        assert!(is_ours(1.0, "id") && !is_ours(-1e6, "id") && !is_ours(1.0, "other"));
    }
}
