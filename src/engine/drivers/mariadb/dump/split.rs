//! Dividing what `mariadb-dump` writes into files, as it comes.

#[cfg(test)]
mod tests;

use super::files::{Listed, of_database, of_table};
use super::{OF_DATABASE, SEQUENCES};
use std::collections::BTreeSet;
use std::io::{self, BufRead};
use std::path::PathBuf;

/// The longest line that can say what follows.
const LONGEST: u64 = 4096;

/// The most that stands before the first table of all, or of a database.
const LONGEST_HEAD: usize = 64 << 10;

/// The line around one that says what follows.
const RULE: &[u8] = b"--\n";

/// A dump that is divided.
pub(super) struct Split<R> {
    from: R,
    listed: Listed,
    /// What stands at the beginning of each file: the settings of the session, and then those of the database.
    session: Vec<u8>,
    head: Vec<u8>,
    database: Option<String>,
    /// The file that comes, which is only in the views' part what is left of a database's first one.
    now: Now,
    /// What was found so far.
    databases: BTreeSet<String>,
    found: BTreeSet<(String, Item)>,
    /// What is to be read before anything else comes.
    ready: Vec<u8>,
    at: usize,
    is_at_line: bool,
    has_ended: bool,
    next: Option<PathBuf>,
}

/// Where in the dump we are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Now {
    Session,
    Head,
    Sequences,
    Table(String),
    Routines,
    ViewsHead,
    Views,
}

/// What comes once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Sequences,
    Sequence(String),
    Table(String),
    PlaceOfView(String),
    Events,
    Routines,
    Views,
    View(String),
}

/// What a line says that comes.
enum Says {
    Database(String),
    Sequence(String),
    Table(String),
    PlaceOfView(String),
    Rows(String),
    Events,
    Routines,
    View(String),
    End,
}

impl Says {
    fn read(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?.strip_prefix("-- ")?;
        let named = |begin: &str| name(line.strip_prefix(begin)?);
        if line.starts_with("Dumping events for database ") {
            return Some(Self::Events);
        }
        if line.starts_with("Dumping routines for database ") {
            return Some(Self::Routines);
        }
        if line == "Dump completed" {
            return Some(Self::End);
        }
        named("Current Database: ")
            .map(Self::Database)
            .or_else(|| named("Table structure for table ").map(Self::Table))
            .or_else(|| named("Sequence structure for ").map(Self::Sequence))
            .or_else(|| named("Temporary table structure for view ").map(Self::PlaceOfView))
            .or_else(|| named("Dumping data for table ").map(Self::Rows))
            .or_else(|| named("Final view structure for view ").map(Self::View))
    }
}

/// A name in the quotes of the dump.
fn name(quoted: &str) -> Option<String> {
    Some(quoted.strip_prefix('`')?.strip_suffix('`')?.replace("``", "`"))
}

impl<R: BufRead> Split<R> {
    pub(super) fn new(from: R, listed: Listed) -> Self {
        Self {
            from,
            listed,
            session: Vec::new(),
            head: Vec::new(),
            database: None,
            now: Now::Session,
            databases: BTreeSet::new(),
            found: BTreeSet::new(),
            ready: Vec::new(),
            at: 0,
            is_at_line: true,
            has_ended: false,
            next: None,
        }
    }

    /// Whatever it was read from.
    pub(super) fn into_inner(self) -> R {
        self.from
    }

    /// The next file; nothing when all came that was listed.
    pub(super) fn next(&mut self) -> io::Result<Option<PathBuf>> {
        while self.next.is_none() {
            if !self.step()? {
                self.check_all()?;
                return Ok(None);
            }
        }
        Ok(self.next.take())
    }

    /// The next bytes of the file that came last; 0 at its end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.next.is_some() {
                return Ok(0);
            }
            if self.at < self.ready.len() {
                break;
            }
            if !self.step()? {
                return Ok(0);
            }
        }
        let length = buffer.len().min(self.ready.len() - self.at);
        buffer[..length].copy_from_slice(&self.ready[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }

    /// Takes the next line, or the next piece of a long one; false at the end.
    fn step(&mut self) -> io::Result<bool> {
        let Some(piece) = self.piece()? else { return Ok(false) };
        if !(self.is_at_line && piece == RULE) {
            self.is_at_line = piece.ends_with(b"\n");
            if self.is_at_line && Says::read(&piece).is_some_and(|says| matches!(says, Says::End)) {
                self.has_ended = true;
            }
            self.put(&piece)?;
            return Ok(true);
        }
        let mut line = self.piece()?.unwrap_or_default();
        while line == RULE {
            self.put(RULE)?;
            line = self.piece()?.unwrap_or_default();
        }
        self.is_at_line = line.ends_with(b"\n");
        if let Some(says) = Says::read(&line) {
            self.turn(says)?;
        }
        self.put(RULE)?;
        self.put(&line)?;
        Ok(true)
    }

    fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut piece = Vec::new();
        let read = io::Read::take(&mut self.from, LONGEST).read_until(b'\n', &mut piece)?;
        Ok((read > 0).then_some(piece))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let to = match self.now {
            Now::Session => &mut self.session,
            Now::Head | Now::ViewsHead => &mut self.head,
            Now::Sequences | Now::Table(_) | Now::Routines | Now::Views => {
                if self.at == self.ready.len() {
                    self.ready.clear();
                    self.at = 0;
                }
                self.ready.extend_from_slice(bytes);
                return Ok(());
            }
        };
        if to.len() + bytes.len() > LONGEST_HEAD {
            return Err(broken("it does not begin as a dump does"));
        }
        to.extend_from_slice(bytes);
        Ok(())
    }

    /// Goes where a line leads, if it may.
    fn turn(&mut self, says: Says) -> io::Result<()> {
        let in_tables = matches!(self.now, Now::Head | Now::Sequences | Now::Table(_));
        match says {
            Says::Database(name) => self.begin_database(name),
            Says::Sequence(name) if matches!(self.now, Now::Head | Now::Sequences) => {
                if self.now == Now::Head {
                    self.begin(Item::Sequences, |_| true, Now::Sequences)?;
                }
                let is_listed = self.listed().is_some_and(|database| database.sequences.contains(&name));
                if is_listed { self.once(Item::Sequence(name)) } else { Err(unlisted(&name)) }
            }
            Says::Table(name) if in_tables => {
                let item = Item::Table(name.clone());
                self.begin(item, |database| database.tables.contains(&name), Now::Table(name.clone()))
            }
            Says::PlaceOfView(name) if in_tables => {
                let item = Item::PlaceOfView(name.clone());
                self.begin(item, |database| database.views.contains(&name), Now::Table(name.clone()))
            }
            Says::Rows(name) if self.now == Now::Table(name.clone()) => Ok(()),
            Says::Events if in_tables => self.begin(Item::Events, |_| true, Now::Routines),
            Says::Routines if self.now == Now::Routines => self.once(Item::Routines),
            Says::View(name) if matches!(self.now, Now::ViewsHead | Now::Views) => {
                if self.now == Now::ViewsHead {
                    self.begin(Item::Views, |_| true, Now::Views)?;
                }
                let is_listed = self.listed().is_some_and(|database| database.views.contains(&name));
                if is_listed { self.once(Item::View(name)) } else { Err(unlisted(&name)) }
            }
            Says::End => Ok(()),
            Says::Sequence(name)
            | Says::Table(name)
            | Says::PlaceOfView(name)
            | Says::Rows(name)
            | Says::View(name) => Err(broken(&format!("{name} comes where it should not"))),
            Says::Events | Says::Routines => Err(broken("routines come where they should not")),
        }
    }

    fn listed(&self) -> Option<&super::files::Database> {
        self.listed.0.get(self.database.as_ref()?)
    }

    fn begin_database(&mut self, name: String) -> io::Result<()> {
        if !self.listed.0.contains_key(&name) {
            return Err(unlisted(&name));
        }
        let whole = |database: &String| self.found.contains(&(database.clone(), Item::Routines));
        if self.database.as_ref().is_some_and(|before| !whole(before)) {
            return Err(broken(&format!("{name} comes where it should not")));
        }
        let has_begun = self.databases.contains(&name);
        // The views come when all else of all databases has.
        if has_begun && self.listed.0.keys().any(|database| !self.databases.contains(database)) {
            return Err(broken(&format!("{name} comes twice")));
        }
        self.databases.insert(name.clone());
        self.database = Some(name);
        self.head.clear();
        self.now = if has_begun { Now::ViewsHead } else { Now::Head };
        Ok(())
    }

    /// Begins a file.
    fn begin(&mut self, item: Item, is_listed: impl Fn(&super::files::Database) -> bool, now: Now) -> io::Result<()> {
        let Some(database) = self.database.clone() else { return Err(broken("it names no database")) };
        let path = match (&now, &item) {
            (Now::Table(name), _) => of_table(&database, name),
            (_, Item::Sequences) => of_database(&database, SEQUENCES),
            (_, Item::Events) => of_database(&database, OF_DATABASE[0]),
            _ => of_database(&database, OF_DATABASE[1]),
        };
        if !self.listed().is_some_and(is_listed) {
            return Err(unlisted(&path.display().to_string()));
        }
        self.once(item)?;
        self.now = now;
        self.next = Some(path);
        let head = [self.session.as_slice(), self.head.as_slice()].concat();
        self.put(&head)
    }

    fn once(&mut self, item: Item) -> io::Result<()> {
        let database = self.database.clone().unwrap_or_default();
        if self.found.insert((database, item.clone())) { Ok(()) } else { Err(broken(&format!("{item:?} comes twice"))) }
    }

    /// Whether all came that was listed.
    fn check_all(&self) -> io::Result<()> {
        if !self.has_ended {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (name, database) in &self.listed.0 {
            let has = |item: Item| self.found.contains(&(name.clone(), item));
            let tables = database.tables.iter().find(|table| !has(Item::Table((*table).clone())));
            let sequences = database.sequences.iter().find(|sequence| !has(Item::Sequence((*sequence).clone())));
            let views = database.views.iter().find(|view| !has(Item::View((*view).clone())));
            if let Some(missing) = tables.or(sequences).or(views) {
                return Err(broken(&format!("{name}.{missing} is not in it: it was removed meanwhile")));
            }
            if !has(Item::Routines) {
                return Err(broken(&format!("the routines of {name} are not in it")));
            }
        }
        Ok(())
    }
}

fn unlisted(name: &str) -> io::Error {
    broken(&format!("{name} was not there when it began: it was made meanwhile"))
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the dump of mariadb-dump cannot be divided: {what}"))
}
