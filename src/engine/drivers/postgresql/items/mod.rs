//! One database, or one table, out of a recovery point: all of it is restored into a scratch folder, a scratch server recovers it, and
//! `pg_dump` takes out what was asked for. It becomes a file of `pg_dump` in a folder, or a new database of a server that is there.
//!
//! A new database has a name that nobody else uses until all of it is there, and its own from then on: one that is half restored is never
//! taken for one that is whole.

mod asked;
mod dumping;
mod list;
mod rows;
mod server;

use self::asked::{Asked, Goes, Item, Parts};
use self::dumping::dump;
use self::server::{Dump, Into};
use super::scratch::Server;
use super::source::FIRST_USER;
use super::target::DataDirectory;
use super::{PostgreSql, programs};
use crate::domain::types::location::{Location, Part};
use crate::engine::drivers::child::Program;
use crate::engine::drivers::folder::path_of;
use crate::engine::drivers::item::file::NewFile;
use crate::engine::drivers::item::target::{Attempt, Extract, Made, Place, Taker};
use crate::engine::drivers::psql::programs::Programs;
use crate::engine::drivers::{Fault, RestoreAsk, RestoreCx, RestorePlan, Target, folder};
use crate::repository::{Control, OpenFolder};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a dump may do nothing.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// What a dump is called in a scratch folder.
const DUMP: &str = "item.dump";

/// What a restore of an item is to do; nothing where it is one of all of the recovery point.
pub(super) fn plan(driver: &PostgreSql, ask: &RestoreAsk<'_>) -> Result<Option<RestorePlan>, Fault> {
    let Some(asked) = Asked::read(driver, ask.metadata)? else { return Ok(None) };
    programs::with_server(major_of(ask.details.get("EngineVersion").map(String::as_str).unwrap_or_default())?)?;
    let target = match &asked.goes {
        Goes::IntoFolder(path) => folder::target::new_folder(ask, Some(path), "")?,
        Goes::IntoServer { address, .. } => {
            asked::stay(ask, address)?;
            Location::of([(Part::Url, address.to_string())])
        }
    };
    Ok(Some(RestorePlan { target, makes: None, is_whole: false }))
}

/// Opens nothing yet; nothing where all of the recovery point is restored.
pub(super) fn open<'a>(driver: &PostgreSql, cx: &RestoreCx<'a>) -> Result<Option<Box<dyn Target + 'a>>, Fault> {
    let Some(asked) = Asked::read(driver, cx.metadata)? else { return Ok(None) };
    let goes = match asked.goes {
        Goes::IntoFolder(_) => Place::Folder(path_of(cx.target)?.to_owned()),
        Goes::IntoServer { address, database } => Place::Server(Into::new(address, cx.secret.cloned(), database)),
    };
    let scratch = (cx.scratch)()?;
    let data = scratch.join("restored");
    let user = cx.details.get(FIRST_USER).map_or("postgres", String::as_str).to_owned();
    let whole = Box::new(DataDirectory::at(data.clone(), cx.lend, cx.moment));
    Ok(Some(Box::new(Extract::new(goes, whole, Box::new(Taken { item: asked.item, scratch, data, user })))))
}

/// An item of a cluster that was restored.
struct Taken {
    item: Item,
    scratch: PathBuf,
    data: PathBuf,
    user: String,
}

impl Taken {
    /// The cluster as a server, and what the item is made of in it.
    fn serve(&self) -> Result<(Programs, Server, Parts), Fault> {
        let programs = programs::with_server(version_of(&self.data)?)?;
        let failed = |why| Fault::Failed(format!("The recovery point does not start as a server: {why}"));
        let server = Server::start(&programs, &self.scratch, &self.data, &self.user, &Control::new())?;
        let server = server.map_err(failed)?;
        let parts = self.item.parts(&server)?;
        Ok((programs, server, parts))
    }
}

impl Taker<Into> for Taken {
    fn shown(&self) -> String {
        self.item.to_string()
    }

    fn file_name(&self) -> String {
        self.item.file_name()
    }

    fn into_file(self: Box<Self>, file: &NewFile<'_>) -> Result<(String, Vec<String>), Fault> {
        let (programs, server, parts) = self.serve()?;
        dump(file, &programs, &server, &self.item, &parts.tables)?;
        server.stop();
        Ok(("pg_restore -d DATABASE".to_owned(), Vec::new()))
    }

    fn into_server(self: Box<Self>, into: &Into, attempt: &Attempt) -> Result<Made, Fault> {
        let (programs, server, parts) = self.serve()?;
        let unopened = |error| Fault::of_io(format_args!("{} cannot be opened", self.scratch.display()), &error);
        let folder = OpenFolder::open(&self.scratch).map_err(unopened)?.into_descriptor();
        dump(&NewFile { folder: &folder, name: DUMP }, &programs, &server, &self.item, &parts.tables)?;
        let locale = self.item.locale(&server)?;
        let dump = Dump { programs: &programs, folder: &self.scratch, name: DUMP, parts: &parts, locale };
        let left_out = into.restore(&dump, attempt)?;
        server.stop();
        Ok(Made { left_out, ..Made::default() })
    }
}

fn needed(programs: &Programs, name: &str) -> Result<Program, Fault> {
    let missing = |_| Fault::Failed(format!("{name} of PostgreSQL {} is needed on this machine.", programs.major()));
    programs.server(name).map_err(missing)
}

/// The version that a data directory says.
fn version_of(data: &Path) -> Result<u32, Fault> {
    let unread = |error| Fault::of_io(format_args!("PG_VERSION of {} cannot be read", data.display()), &error);
    major_of(&std::fs::read_to_string(data.join("PG_VERSION")).map_err(unread)?)
}

fn major_of(version: &str) -> Result<u32, Fault> {
    let digits = version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    let unknown = || Fault::Failed("The recovery point does not say of which version of PostgreSQL it is.".to_owned());
    digits.parse().map_err(|_| unknown())
}
