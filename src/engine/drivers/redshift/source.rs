//! Reading a database: all of it in one transaction of one session.

use super::inventory::{self, Found};
use super::rows::model::{Database, Table, View, script};
use super::session::Session;
use super::{Seen, address_of, database_of, rows};
use crate::domain::{Consistency, PointDetails};
use crate::engine::drivers::dump::{Dump, Teller, refusal};
use crate::engine::drivers::{BackupCx, Fault, Mark, PointFacts, Source};
use crate::repository::{BackupOutcome, Control, TreeSource};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

/// Where the database lies in a snapshot.
const ROOT: &str = "/dump";

/// What says of the database what its rows do not, for a restore, and for `psql` before and after the rows.
pub(super) const DESCRIPTION: &str = "database.json";
const BEFORE: &str = "schema.sql";
const AFTER: &str = "schema-after.sql";

/// What a name can hold and that of a file cannot.
const UNFIT: &AsciiSet = &CONTROLS.add(b'/').add(b'%');

/// A database that is open for a backup.
struct Open {
    dump: Dump<Told>,
    seen: Seen,
    tables: usize,
    lacks: Option<String>,
}

/// Opens the database of a resource: its tables are held, and listed as of the moment that their rows will be of.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let at = &cx.of.resource.location;
    let mut session = Session::connect(&address_of(at)?, database_of(at), cx.of.secret.as_ref())?;
    let (server, Found { database, others }) = inventory::find(&mut session)?;
    let seen = inventory::identify(&mut session, server)?;
    let known: Option<Seen> = cx.of.mark.as_ref().and_then(Mark::read);
    if known.is_some_and(|known| seen.is_other(&known)) {
        let resource = &cx.of.resource;
        return Err(Fault::Failed(format!(
            "The server at {place} has another database {database} than when {name} was registered or last backed up. If this is right, \
             register it again: vaultdeck resource add {kind} {name}",
            place = session.address().place(),
            database = database_of(at),
            name = resource.name,
            kind = resource.resource_type,
        )));
    }
    let tables = database.tables.len();
    let told = Told { session, coming: coming(&database)?, now: Now::Nothing };
    let dump = Dump::new(Path::new(ROOT), told, 0, chrono::Utc::now());
    let lacks = inventory::left_out(&others);
    Ok(Box::new(Open { dump, seen, tables, lacks }))
}

/// The files of a database.
fn coming(database: &Database) -> Result<VecDeque<File>, Fault> {
    let description = serde_json::to_vec_pretty(database).map_err(|error| Fault::Failed(error.to_string()))?;
    let views = database.views.iter().map(View::create);
    let texts = [
        (DESCRIPTION, description),
        (BEFORE, script(database.before()).into_bytes()),
        (AFTER, script(database.after().into_iter().chain(views)).into_bytes()),
    ];
    let texts = texts.into_iter().map(|(name, text)| File::Text(name, text));
    Ok(texts.chain(database.tables.iter().cloned().map(File::Rows)).collect())
}

/// The path of a table's rows.
pub(super) fn path_of(table: &Table) -> [String; 2] {
    [file_name(&table.schema), format!("{}.csv", file_name(&table.name))]
}

fn file_name(name: &str) -> String {
    let plain = utf8_percent_encode(name, UNFIT).to_string();
    plain.strip_prefix('.').map_or(plain.clone(), |rest| format!("%2E{rest}"))
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.dump
    }

    fn root(&self) -> &Path {
        self.dump.root()
    }

    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        let told = self.dump.into_teller();
        let mut told = told.ok_or_else(|| Fault::Failed("The backup did not come to its end.".to_owned()))?;
        if let Some(issue) = outcome.issues.first() {
            return Err(Fault::Failed(format!("{} is not in the backup: {}", issue.path.display(), issue.reason)));
        }
        told.session.order(rows::COMMIT)?;
        told.session.close();
        let details: PointDetails = [
            Consistency::Transaction.detail(),
            ("EngineVersion".to_owned(), self.seen.version.clone()),
            ("Tables".to_owned(), self.tables.to_string()),
        ]
        .into();
        Ok(PointFacts { lacks: self.lacks, details, mark: Some(Mark::of(&self.seen)), ..PointFacts::default() })
    }
}

/// A file that comes.
enum File {
    Text(&'static str, Vec<u8>),
    Rows(Table),
}

/// The files of a database, one after the other.
struct Told {
    session: Session,
    coming: VecDeque<File>,
    now: Now,
}

/// What is being told.
enum Now {
    Nothing,
    /// A text, how much of it was told, and whether rows come behind it.
    Text {
        text: Vec<u8>,
        told: usize,
        rows: bool,
    },
    Rows,
}

impl Teller for Told {
    fn next(&mut self, _: &Control) -> io::Result<Option<PathBuf>> {
        Ok(match self.coming.pop_front() {
            None => None,
            Some(File::Text(name, text)) => {
                self.now = Now::Text { text, told: 0, rows: false };
                Some(PathBuf::from(name))
            }
            Some(File::Rows(table)) => {
                self.session.stream(&table.select()).map_err(|fault| refusal(&fault))?;
                self.now = Now::Text { text: table.head().into_bytes(), told: 0, rows: true };
                Some(path_of(&table).iter().collect())
            }
        })
    }

    fn read(&mut self, buffer: &mut [u8], stop: &Control) -> io::Result<usize> {
        if let Now::Text { text, told, rows } = &mut self.now {
            let length = (text.len() - *told).min(buffer.len());
            buffer[..length].copy_from_slice(&text[*told..*told + length]);
            *told += length;
            if length > 0 {
                return Ok(length);
            }
            self.now = if *rows { Now::Rows } else { Now::Nothing };
        }
        match self.now {
            Now::Rows => self.session.read(buffer, Some(stop)).map_err(|fault| refusal(&fault)),
            _ => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_table_is_one_of_a_file() {
        for (name, file) in
            [("orders", "orders"), ("a b\"é", "a b\"%C3%A9"), ("..", "%2E."), (".", "%2E"), ("a/b%", "a%2Fb%25")]
        {
            assert_eq!(file_name(name), file);
        }
    }
}
