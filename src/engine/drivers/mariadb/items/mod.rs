//! One database, or one table, out of a recovery point: of a copy of the files all is restored into a scratch folder and prepared, a scratch
//! server starts on it, and `mariadb-dump` takes out what was asked for; of a dump, only its files are restored. It becomes a
//! file of statements in a folder, or a new database of a server that is there.
//!
//! Views, routines, triggers and events come with a database, and belong to whom they belonged: as whom something runs is not for a
//! restore to widen. A table comes with what is in it; where it becomes a database, foreign keys and triggers stay out, which lead to
//! what is not there.

mod asked;
mod dumped;
mod rows;
mod served;
mod server;
mod text;

use self::asked::{Asked, Goes, Item};
use self::server::{Into, Statements};
use self::text::Change;
use super::programs::{CLIENT, DUMP};
use super::{ENGINE_DETAIL, MariaDb, binlog, dump, proof, target};
use crate::domain::types::location::{Location, Part};
use crate::engine::drivers::folder::path_of;
use crate::engine::drivers::item::asked::refuse_without_item;
use crate::engine::drivers::item::file::NewFile;
use crate::engine::drivers::item::target::{Attempt, Extract, Made, Place, Taker};
use crate::engine::drivers::{Fault, RestoreAsk, RestoreCx, RestorePlan, Target, folder};

/// What is restored into a scratch folder is called so there.
const RESTORED: &str = "restored";

/// What a restore of an item is to do; nothing where it is one of all of the recovery point.
pub(super) fn plan(driver: &MariaDb, ask: &RestoreAsk<'_>) -> Result<Option<RestorePlan>, Fault> {
    let is_dump = dump::is_dump(ask.details);
    let Some(asked) = Asked::read(driver, ask.metadata)? else {
        // A dump goes into a server as a whole too.
        return if is_dump { Ok(None) } else { refuse_without_item(ask.metadata, "MariaDB").map(|()| None) };
    };
    if !is_dump {
        let version = ask.details.get("EngineVersion").map(String::as_str);
        target::check_programs(version)?;
        proof::check_server(ask.details)?;
        DUMP.program()?;
        CLIENT.program()?;
        if ask.is_continuous {
            binlog::check_programs(version)?;
        }
    }
    let target = match &asked.goes {
        Goes::IntoFolder(path) => {
            folder::target::new_folder(ask, Some(path), "")?.with(Part::Engine, Some(ENGINE_DETAIL.1))
        }
        Goes::IntoServer { address, .. } => {
            asked::stay(ask, address)?;
            CLIENT.program()?;
            Location::of([(Part::Url, address.to_string())])
        }
    };
    Ok(Some(RestorePlan { target, makes: None, is_whole: false }))
}

/// Opens nothing yet; nothing where all of the recovery point is restored.
pub(super) fn open<'a>(driver: &MariaDb, cx: &RestoreCx<'a>) -> Result<Option<Box<dyn Target + 'a>>, Fault> {
    let Some(asked) = Asked::read(driver, cx.metadata)? else { return Ok(None) };
    let goes = match asked.goes {
        Goes::IntoFolder(_) => Place::Folder(path_of(cx.target)?.to_owned()),
        Goes::IntoServer { address, database } => Place::Server(Into::new(address, cx.secret.cloned(), database)),
    };
    let item = asked.item;
    Ok(Some(Box::new(if dump::holds(cx.content)? {
        let files = dumped::wanted(&item, cx.content)?;
        let data = (cx.scratch)()?.join(RESTORED);
        let whole = Box::new(folder::target::some_at(data.clone(), files.clone(), cx.lend));
        Extract::new(goes, whole, Box::new(Taken { item, from: dumped::Files { data, files } }))
    } else {
        let data = (cx.scratch)()?.join(RESTORED);
        let whole = Box::new(target::DataDirectory::at(data.clone(), cx));
        Extract::new(goes, whole, Box::new(Taken { item, from: served::Data(data) }))
    })))
}

/// An item of what was restored.
struct Taken<F> {
    item: Item,
    from: F,
}

/// Where an item is taken from.
trait Origin: Send {
    /// Opens it.
    fn open<'a>(&'a self, item: &'a Item) -> Result<Box<dyn Statements + 'a>, Fault>;
}

impl<F: Origin> Taker<Into> for Taken<F> {
    fn shown(&self) -> String {
        self.item.to_string()
    }

    fn file_name(&self) -> String {
        self.item.file_name()
    }

    fn notes_of_whole(&self, notes: Vec<String>) -> Vec<String> {
        notes
    }

    fn into_file(self: Box<Self>, file: &NewFile<'_>) -> Result<(String, Vec<String>), Fault> {
        let statements = self.from.open(&self.item)?;
        let change = Change { database: &self.item.database, has_head: false, disables: false };
        file.write(|into| statements.write(change, into))?;
        Ok(("mariadb DATABASE".to_owned(), statements.notes()))
    }

    fn into_server(self: Box<Self>, into: &Into, attempt: &Attempt) -> Result<Made, Fault> {
        let statements = self.from.open(&self.item)?;
        into.restore(&self.item, &*statements, attempt)
    }
}
