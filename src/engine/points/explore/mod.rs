//! Looking through recovery points: what is different between two, and where something is in all of them. Lists of folders
//! are read and nothing else, some at a call.

mod changes;
mod find;

pub use find::Where;

use crate::domain::pattern::Pattern;
use crate::domain::recovery_point::RecoveryPoint;
use crate::domain::{Arn, StorageClass};
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::{Engine, points};
use crate::repository::explore::{Barren, Step};
use crate::repository::{self, FileKind, Id, ItemPath, Repository};
use parking_lot::Mutex;
use std::path::Path;
use std::time::{Duration, Instant};

/// A call reads at most so many lists of folders: the next one goes on.
const MOST_READ: usize = 20_000;

/// And it ends after so long, from where the call before left off.
const LONGEST: Duration = Duration::from_secs(10);

/// How often a list is looked for again that a collection has moved meanwhile.
const TRIES: u32 = 3;

/// A point whose data can be read.
struct Readable {
    point: RecoveryPoint,
    snapshot: Id,
    root: ItemPath,
    class: StorageClass,
}

impl Readable {
    /// The point, where the caller may read it and it has data.
    fn get(connection: &Connection, caller: &Caller, arn: &Arn) -> Result<Self> {
        let point = points::ops::to_look_into(connection, caller, arn)?;
        Self::of(connection, point)?.ok_or_else(|| Error::no_such_recovery_point(arn))
    }

    /// A point that may be read; none where it has no data yet.
    fn of(connection: &Connection, point: RecoveryPoint) -> Result<Option<Self>> {
        let Some((snapshot, source, class)) = points::rows::content(connection, &point.arn)? else { return Ok(None) };
        let Ok(snapshot) = snapshot.parse() else { return Ok(None) };
        let root = ItemPath::from_path(Path::new(&source)).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Some(Self { point, snapshot, root, class }))
    }

    fn tree(&self, repository: &Repository) -> Result<Id> {
        Ok(repository.tree_of_folder(&self.snapshot, &self.root)?)
    }
}

impl Engine {
    /// Refuses a point of which the items are no items of its snapshot, as the files in a volume are none: what is different
    /// between its segments, and what they are called, says nothing to anybody.
    fn has_items_of_its_own(&self, readable: &Readable) -> Result<()> {
        let of = &readable.point.resource_type;
        match self.driver_of(of).ok().and_then(|driver| driver.browse()) {
            None => Ok(()),
            Some(_) => Err(Error::invalid_parameter(format!(
                "Recovery points of {of} hold images: what is in those is listed folder by folder, and neither compared nor searched"
            ))),
        }
    }
}

/// How much of a call is left. Its time begins with the first item that no call before has handled: to come there again takes
/// long in a folder of millions, and each call has to come further.
struct Budget {
    until: Option<Instant>,
    found: usize,
}

impl Budget {
    fn of(found: usize) -> Self {
        Self { until: None, found }
    }

    /// Whether a walk that has handled something, read so much and found so much may go on.
    fn has(&mut self, read: usize, found: usize) -> bool {
        let now = Instant::now();
        let until = *self.until.get_or_insert(now + LONGEST);
        found < self.found && read < MOST_READ && now < until
    }
}

/// Folders without anything of the pattern that was looked for last: a search of many calls goes on with them.
#[derive(Debug, Default)]
pub struct LastBarren(Mutex<Option<(String, Barren)>>);

impl LastBarren {
    /// Those of a pattern; none are known where another was looked for since.
    fn take(&self, pattern: &Pattern) -> Barren {
        let last = self.0.lock().take();
        last.filter(|(name, _)| name == pattern.as_str()).map(|(_, barren)| barren).unwrap_or_default()
    }

    fn keep(&self, pattern: &Pattern, barren: Barren) {
        *self.0.lock() = Some((pattern.as_str().to_owned(), barren));
    }
}

/// How a walk was left.
enum Left {
    /// At its end.
    Done,
    /// Behind this item: there is more.
    Behind(Option<ItemPath>),
}

/// Whether a list was not where it should be, which a collection that moves packs can make so for a moment.
fn is_moved<T>(step: &repository::Result<Step<T>>) -> bool {
    matches!(step, Err(repository::Error::NotFound { kind: FileKind::Pack, .. }))
}

/// The token of a place: what was looked through, and the last path.
fn write_token(parts: &[&str]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(parts.join("\n"))
}

/// The parts of a token.
fn read_token<const N: usize>(token: &str) -> Result<[String; N]> {
    use base64::Engine as _;
    let bad = || Error::invalid_parameter("Invalid NextToken: it did not come from a call with these parameters");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).map_err(|_| bad())?;
    let text = String::from_utf8(bytes).map_err(|_| bad())?;
    let parts: Vec<String> = text.splitn(N, '\n').map(str::to_owned).collect();
    parts.try_into().map_err(|_| bad())
}

/// The path in a token; an empty one is none.
fn path_of(text: &str) -> Result<Option<ItemPath>> {
    let bad = |_| Error::invalid_parameter("Invalid NextToken: it did not come from a call with these parameters");
    if text.is_empty() { Ok(None) } else { ItemPath::parse(text).map(Some).map_err(bad) }
}
