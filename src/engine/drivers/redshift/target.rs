//! Restoring into a server: a new database, or tables of the one that was backed up that are not there.

use super::insert::{Open, Unwritten, insert};
use super::inventory;
use super::new_database::{Named, NewDatabase};
use super::rows::model::{Database, Owner, Sequence, Table, View, literal, named};
use super::session::Session;
use super::source::{DESCRIPTION, path_of};
use super::{address_of, database_of, id_of, location, rows, unique};
use crate::domain::types::keys::{SUFFIX_KEY, URL_KEY};
use crate::domain::types::location::Part;
use crate::domain::types::redshift::{self, IDENTIFIER_KEY, RedshiftRestore};
use crate::domain::{Invalid, Secret};
use crate::engine::drivers::endpoint;
use crate::engine::drivers::psql::address::Address;
use crate::engine::drivers::{Fault, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target};
use crate::repository::{ItemPath, Node, Put, Refusal, RestoreOutcome, RestoreSize, StreamSink};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::PathBuf;

/// The largest description of a database.
const LARGEST: u64 = 256 << 20;

/// What a restore is to do.
pub(super) fn plan(ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = RedshiftRestore::read(ask.metadata)?;
    redshift::supported_by_engine(ask.metadata)?;
    let wrong = |key: &str, rule: &str| Fault::Invalid(Invalid::value(format!("Metadata.{key}"), rule));
    let of_source = ask.source.map(|source| &source.resource.location);
    let is_whole = restore.items.is_empty();
    if restore.is_of_tables {
        let Some(source) = of_source else {
            return Err(wrong(
                "RestoreType",
                "TABLE_RESTORE needs the database that was backed up, which is not registered any more",
            ));
        };
        return Ok(RestorePlan { target: source.clone(), makes: None, is_whole });
    }
    let source_url = of_source.and_then(|at| at.part(Part::Url));
    let url = match (&restore.url, source_url) {
        (Some(given), _) => Address::parse(given).map_err(|rule| wrong(URL_KEY, &rule))?.to_string(),
        (None, Some(source)) => source.to_owned(),
        (None, None) => {
            return Err(wrong(
                URL_KEY,
                "must be given, since the database that was backed up is not registered any more",
            ));
        }
    };
    endpoint::stay(ask, URL_KEY, "server that was backed up", &url, source_url)?;
    if ask.source.is_some() && restore.identifier == id_of(ask.resource_arn) {
        let rule = format!("must be a new name: {} is what was backed up, and is there still", restore.identifier);
        return Err(wrong(IDENTIFIER_KEY, &rule));
    }
    Ok(RestorePlan { target: location(url, &restore.database), makes: Some(restore.identifier), is_whole })
}

/// A server that is restored into.
struct Into {
    address: Address,
    secret: Option<Secret>,
    /// The database as it is called when all is done.
    database: String,
    makes_new: bool,
    identifier: String,
    suffix: String,
    content: Database,
    /// By the paths of their rows in the recovery point.
    tables: BTreeMap<ItemPath, Table>,
    items: Vec<ItemPath>,
    begun: Option<Begun>,
    is_resumed: bool,
    /// Whether an earlier attempt did all that there was to do.
    is_done: bool,
    session: Mutex<Option<Open>>,
    /// Whose rows were written.
    written: Mutex<BTreeSet<ItemPath>>,
}

/// What is remembered of a target from one attempt to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    database: String,
    /// The database that is written into.
    working: String,
    /// What is noted at the new database, or at each table and sequence that is made in one that was there.
    note: String,
}

impl Begun {
    fn named(&self) -> Named<'_> {
        Named { working: &self.working, note: &self.note }
    }
}

/// A table or a sequence that is there and would be made.
struct Present {
    name: String,
    is_sequence: bool,
    note: String,
}

/// Reads what is to be made; connects to nothing.
pub(super) fn open<'a>(cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
    let restore = RedshiftRestore::read(cx.metadata)?;
    let described = cx.content.read(&ItemPath::root().join(DESCRIPTION.as_bytes()), LARGEST)?.unwrap_or_default();
    let content: Database = serde_json::from_slice(&described)
        .map_err(|error| Fault::Failed(format!("{DESCRIPTION} of the recovery point cannot be read: {error}")))?;
    let mut tables = BTreeMap::new();
    for table in &content.tables {
        let path = path_of(table).iter().fold(ItemPath::root(), |path, name| path.join(name.as_bytes()));
        tables.insert(path, table.clone());
    }
    let mut items = Vec::new();
    for item in &restore.items {
        let before = items.len();
        items.extend(tables.iter().filter(|(path, table)| is_meant(item, path, table)).map(|(path, _)| path.clone()));
        if items.len() == before {
            return Err(Fault::Failed(format!("There are no tables that match {item:?} in the recovery point.")));
        }
    }
    if !items.is_empty() {
        tables.retain(|path, _| items.contains(path));
    }
    Ok(Box::new(Into {
        address: address_of(cx.target)?,
        secret: cx.secret.cloned(),
        database: database_of(cx.target).to_owned(),
        makes_new: cx.makes_new,
        identifier: restore.identifier,
        suffix: restore.suffix,
        content,
        tables,
        items,
        begun: None,
        is_resumed: false,
        is_done: false,
        session: Mutex::new(None),
        written: Mutex::default(),
    }))
}

/// Whether an item is this table, its schema, or its file.
fn is_meant(item: &str, path: &ItemPath, table: &Table) -> bool {
    let shown = path.to_string();
    let item = item.trim_start_matches('/');
    item == format!("{}/{}", table.schema, table.name) || item == format!("{}/", table.schema) || item == &shown[1..]
}

impl Into {
    fn new_database(&self) -> NewDatabase<'_> {
        NewDatabase { address: &self.address, secret: self.secret.as_ref(), name: &self.database }
    }

    fn inside(&self) -> Result<Open, Fault> {
        let working = self.begun.as_ref().map_or(&self.database, |begun| &begun.working);
        let mut session = Session::connect(&self.address, working, self.secret.as_ref())?;
        let is_redshift = inventory::look(&mut session)?.is_redshift;
        Ok(Open { session, is_redshift })
    }

    fn new_name(&self, table: &Table) -> String {
        format!("{}{}", table.name, self.suffix)
    }

    fn new_named(&self, table: &Table) -> String {
        named(&table.schema, &self.new_name(table))
    }

    /// What is there and would be made.
    fn present(&self, session: &mut Session) -> Result<Vec<Present>, Fault> {
        let owned = self.owned();
        let sequences = owned.iter().filter(|of| !of.is_internal).map(Sequence::named);
        let made: BTreeSet<String> = self.tables.values().map(|table| self.new_named(table)).chain(sequences).collect();
        let mut present = Vec::new();
        for row in session.ask(&rows::notes())? {
            let [schema, name, kind, note] = row
                .try_into()
                .map_err(|_| Fault::Failed(format!("What is in the database {} cannot be read.", self.database)))?;
            let name = named(&schema, &name);
            if made.contains(&name) {
                present.push(Present { name, is_sequence: kind == "S", note });
            }
        }
        Ok(present)
    }

    /// Takes away what an earlier attempt made, if nothing else is there: what others made meanwhile bears no note of this job.
    fn clear(&self, session: &mut Session, begun: &Begun) -> Result<(), Fault> {
        let present = self.present(session)?;
        if let Some(other) = present.iter().find(|of| of.note != begun.note) {
            return Err(self.occupied(&other.name));
        }
        let names = |is_sequence: bool| -> Vec<&str> {
            present.iter().filter(|of| of.is_sequence == is_sequence).map(|of| of.name.as_str()).collect()
        };
        let (tables, sequences) = (names(false), names(true));
        if !tables.is_empty() {
            session.order(&rows::drop_tables(&tables.join(", ")))?;
        }
        if !sequences.is_empty() {
            session.order(&rows::drop_sequences(&sequences.join(", ")))?;
        }
        Ok(())
    }

    /// The server would cut a longer one, and rows would go into what is called so.
    fn check_names(&self, is_redshift: bool) -> Result<(), Fault> {
        let most = if is_redshift { 127 } else { 63 };
        let names = self.tables.values().map(|table| self.new_name(table));
        let long = names.filter(|_| !self.suffix.is_empty()).find(|name| name.len() > most);
        long.map_or(Ok(()), |name| {
            let rule = format!("makes {name} of a name, which can have at most {most} bytes");
            Err(Invalid::value(format!("Metadata.{SUFFIX_KEY}"), rule).into())
        })
    }

    fn occupied(&self, name: &str) -> Fault {
        Fault::Failed(format!(
            "The database {} has {name} already, and nothing was written: drop it, or give a {SUFFIX_KEY}.",
            self.database
        ))
    }

    /// What is made before the rows, each with a note of whose it is where the database was there.
    fn before(&self, begun: &Begun) -> Vec<String> {
        if self.makes_new {
            let chosen = Database { tables: self.tables.values().cloned().collect(), ..self.content.clone() };
            return chosen.before();
        }
        let schemas = self.tables.values().map(|table| table.schema.clone()).collect();
        let schemas = Database { schemas, ..Database::default() }.before();
        let note = literal(&begun.note, false);
        let owned = self.owned();
        let sequences = owned.iter().filter_map(|sequence| {
            Some(format!("{}; {}", sequence.create()?, rows::note("SEQUENCE", &sequence.named(), &note)))
        });
        let tables = self.tables.values().map(|table| {
            let made = table.create(&self.new_name(table));
            format!("{made}; {}", rows::note("TABLE", &self.new_named(table), &note))
        });
        schemas.into_iter().chain(sequences).chain(tables).collect()
    }

    /// Sequences that went with tables that are made again under their names.
    fn owned(&self) -> Vec<Sequence> {
        let with =
            |owner: &Owner| self.tables.values().any(|table| owner.schema == table.schema && owner.table == table.name);
        let all = self.content.sequences.iter().filter(|_| self.suffix.is_empty());
        all.filter(|sequence| sequence.owner.as_ref().is_some_and(with)).cloned().collect()
    }

    /// What is made after them.
    fn after(&self) -> Vec<String> {
        let tables = self.tables.values().cloned().collect();
        if self.makes_new {
            let views = self.content.views.iter().filter(|_| self.items.is_empty()).map(View::create);
            return Database { tables, ..self.content.clone() }.after().into_iter().chain(views).collect();
        }
        if !self.suffix.is_empty() {
            return self.tables.values().flat_map(|table| table.check(&self.new_name(table))).collect();
        }
        Database { schemas: Vec::new(), sequences: self.owned(), tables, views: Vec::new() }.after()
    }
}

impl Into {
    /// Makes what comes after the rows, and what was refused again as long as something of it succeeds: a view may be older than what
    /// it is made of by now. What the server does not make then is told.
    fn make(&self, statements: Vec<String>) -> Result<Vec<String>, Fault> {
        let mut open = self.session.lock().take().map(|open| open.session);
        let mut left = statements;
        loop {
            let (before, mut refused) = (left.len(), Vec::new());
            for statement in std::mem::take(&mut left) {
                let mut session = match open.take() {
                    Some(session) => session,
                    None => self.inside()?.session,
                };
                // What is checked can change settings.
                match session.carry_out(&statement).and_then(|()| session.order(rows::SETTINGS)) {
                    Ok(()) => open = Some(session),
                    Err(fault @ Fault::Temporary { .. }) => return Err(fault),
                    Err(fault) => refused.push((statement, fault)),
                }
            }
            if refused.is_empty() || refused.len() == before {
                if let Some(session) = open {
                    session.close();
                }
                let told = |(statement, fault): (String, Fault)| {
                    let what: String = statement.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
                    format!("Not made ({what} …): {fault}.")
                };
                return Ok(refused.into_iter().map(told).collect());
            }
            left = refused.into_iter().map(|(statement, _)| statement).collect();
        }
    }
}

impl Target for Into {
    fn items(&self) -> &[ItemPath] {
        &self.items
    }

    /// Looks only: what is there already is left alone.
    fn begin(&mut self, _: &RestoreSize) -> Result<Mark, Fault> {
        if self.makes_new {
            self.new_database().refuse_taken()?;
        } else {
            let Open { session: mut inside, is_redshift } = self.inside()?;
            self.check_names(is_redshift)?;
            if let Some(first) = self.present(&mut inside)?.first() {
                return Err(self.occupied(&first.name));
            }
            inside.close();
        }
        let database = self.database.clone();
        let working = if self.makes_new { format!("vaultdeck_restore_{}", unique()?) } else { database.clone() };
        let begun = Begun { database, working, note: format!("{}{}", rows::NOTE, unique()?) };
        let mark = Mark::of(&begun);
        self.begun = Some(begun);
        Ok(mark)
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        let begun = before.read::<Begun>().filter(|begun| begun.database == self.database);
        let other = || Fault::Failed(format!("The database {} was not begun by this job.", self.database));
        self.begun = Some(begun.ok_or_else(other)?);
        self.is_resumed = true;
        Ok(())
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        let begun = self.begun.clone().ok_or_else(|| Fault::Failed("the target was not begun".to_owned()))?;
        if self.makes_new && self.is_resumed && self.new_database().is_done(begun.named())? {
            self.is_done = true;
            return Ok(Sink::InOrder(self));
        }
        if self.makes_new {
            self.new_database().make(begun.named(), self.is_resumed)?;
        }
        let mut open = self.inside()?;
        if self.is_resumed && !self.makes_new {
            self.clear(&mut open.session, &begun)?;
        }
        for statement in self.before(&begun) {
            open.session.carry_out(&statement)?;
        }
        *self.session.lock() = Some(open);
        Ok(Sink::InOrder(self))
    }

    /// What comes after the rows is tried one by one, and what the server does not make is told.
    fn finish(self: Box<Self>, outcome: &RestoreOutcome) -> Result<Restored, Fault> {
        let name = self.makes_new.then(|| self.identifier.clone());
        if self.is_done {
            let notes = vec![
                "All of it was there when the restore went on, but for what was left out and is not told any more."
                    .to_owned(),
            ];
            return Ok(Restored { notes, name, shares_secret: true, ..Restored::default() });
        }
        let written = self.written.lock().clone();
        if let Some(path) = self.tables.keys().find(|path| !written.contains(*path)).filter(|_| outcome.failed == 0) {
            return Err(Fault::Failed(format!("The recovery point has no rows of a table that it describes, {path}.")));
        }
        let mut notes = self.make(self.after())?;
        if !self.makes_new && !self.suffix.is_empty() {
            notes.push(
                "Indexes, references and the names of rules stayed with the tables that were backed up.".to_owned(),
            );
        }
        if let Some(begun) = self.begun.as_ref().filter(|_| self.makes_new) {
            self.new_database().name(begun.named())?;
        }
        Ok(Restored { notes, name, shares_secret: self.makes_new, ..Restored::default() })
    }
}

impl StreamSink for Into {
    fn place(&self) -> PathBuf {
        PathBuf::from(format!("{}/{}", self.address.place(), self.database))
    }

    fn put(&self, path: &ItemPath, _: &Node, content: &mut dyn Read) -> Result<Put, Refusal> {
        let Some(table) = self.tables.get(path).filter(|_| !self.is_done) else {
            // A description, which was read before, or what is there already.
            io::copy(content, &mut io::sink())?;
            return Ok(Put::Written);
        };
        let mut held = self.session.lock();
        let Some(open) = held.as_mut() else {
            return Err(Refusal::All(io::Error::other("the session has ended")));
        };
        match insert(open, table, &self.new_named(table), content) {
            Ok(()) => {
                self.written.lock().insert(path.clone());
                Ok(Put::Written)
            }
            Err(Unwritten::Unread(error)) => Err(Refusal::Item(error.to_string())),
            Err(Unwritten::Session(fault)) => Err(Refusal::All(fault.into_io())),
        }
    }
}
