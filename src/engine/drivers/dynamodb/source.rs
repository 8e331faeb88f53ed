//! Reading a table.

use super::client::{Client, Page};
use super::files::Gathered;
use super::item::{KeyNames, line};
use super::table::Description;
use crate::domain::Consistency;
use crate::engine::drivers::feed::{Feed, Files};
use crate::engine::drivers::http::LONG;
use crate::engine::drivers::{BackupCx, Fault, PointFacts, Source};
use crate::repository::{BackupOutcome, Control, TreeSource};
use serde_json::Value;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Where a table lies in a snapshot.
const ROOT: &str = "/table";

/// What says what the table is.
pub(super) const DESCRIPTION: &str = "table.json";

/// The folder of its items.
pub(super) const ITEMS: &str = "items";

/// A table that is open for a backup.
struct Open(Feed<Table>);

/// The table while it is read.
struct Table {
    client: Client,
    names: KeyNames,
    /// What tells this table from a later one of the same name.
    identity: Value,
    /// What it is, until that is written.
    description: Option<Vec<u8>>,
    /// Where the next page begins.
    next: Next,
    page: std::vec::IntoIter<serde_json::Map<String, Value>>,
    gathered: Gathered,
    /// What is left to be read of the file that came last.
    content: std::io::Cursor<Vec<u8>>,
    files: u64,
    items: u64,
}

enum Next {
    First,
    After(Value),
    None,
}

/// Opens the table of a resource.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let client = Client::open(&cx.of.resource.location, cx.of.secret.as_ref(), LONG)?;
    let stop = Some(cx.control);
    let told = client.describe(stop)?;
    if matches!(told["TableStatus"].as_str(), Some("CREATING" | "DELETING" | "ARCHIVED")) {
        let (table, endpoint) = (client.table(), &client.place().endpoint);
        let status = told["TableStatus"].as_str().unwrap_or_default();
        return Err(Fault::Failed(format!("The table {table} at {endpoint} cannot be read while it is {status}.")));
    }
    let description = Description::of(&told, &client, stop)?.to_file()?;
    let expected = told["TableSizeBytes"].as_u64().unwrap_or_default();
    let table = Table {
        names: KeyNames::of(&told)?,
        identity: identity(&told),
        client,
        description: Some(description),
        next: Next::First,
        page: Vec::new().into_iter(),
        gathered: Gathered::default(),
        content: std::io::Cursor::default(),
        files: 0,
        items: 0,
    };
    Ok(Box::new(Open(Feed::new(ROOT, expected, table))))
}

/// Another one means another table, whatever its name.
fn identity(told: &Value) -> Value {
    [&told["TableId"], &told["CreationDateTime"], &told["KeySchema"]].into_iter().cloned().collect()
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.0
    }

    fn root(&self) -> &Path {
        self.0.root()
    }

    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        let table = self.0.into_files()?;
        if let Some(issue) = outcome.issues.first() {
            return Err(Fault::Failed(format!("{} is not in the backup: {}", issue.path.display(), issue.reason)));
        }
        if identity(&table.client.describe(None)?) != table.identity {
            let (name, endpoint) = (table.client.table(), &table.client.place().endpoint);
            return Err(Fault::Failed(format!(
                "The table {name} at {endpoint} was deleted and made anew while it was read: start the backup again."
            )));
        }
        let details = [Consistency::None.detail(), ("Items".to_owned(), table.items.to_string())].into();
        Ok(PointFacts { details, ..PointFacts::default() })
    }
}

impl Table {
    /// Makes the next page the one that is read; whether there was one.
    fn turn(&mut self, stop: &Control) -> Result<bool, Fault> {
        let from = match &self.next {
            Next::First => None,
            Next::After(key) => Some(key),
            Next::None => return Ok(false),
        };
        let Page { items, next, .. } = self.client.scan(from, Some(stop))?;
        self.page = items.into_iter();
        self.next = next.map_or(Next::None, Next::After);
        Ok(true)
    }

    /// The content of the next file of items.
    fn gather(&mut self, stop: &Control) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            match self.page.next() {
                Some(item) => {
                    self.items += 1;
                    if let Some(content) = self.gathered.add(line(item, &self.names)?) {
                        return Ok(Some(content));
                    }
                }
                None if self.turn(stop)? => {}
                None if self.gathered.is_empty() => return Ok(None),
                None => return Ok(Some(self.gathered.take())),
            }
        }
    }
}

impl Files for Table {
    fn next(&mut self, stop: &Control) -> Result<Option<PathBuf>, Fault> {
        if let Some(description) = self.description.take() {
            self.content = std::io::Cursor::new(description);
            return Ok(Some(DESCRIPTION.into()));
        }
        let Some(content) = self.gather(stop)? else { return Ok(None) };
        self.content = std::io::Cursor::new(content);
        self.files += 1;
        Ok(Some(Path::new(ITEMS).join(format!("{:04}.jsonl", self.files - 1))))
    }

    fn read(&mut self, buffer: &mut [u8], _: &Control) -> Result<usize, Fault> {
        self.content.read(buffer).map_err(|error| Fault::of_io("An item cannot be read", &error))
    }
}
