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

use self::asked::{Asked, Goes, Item};
use self::dumping::NewFile;
use self::server::{Dump, Into};
use super::scratch::Server;
use super::source::FIRST_USER;
use super::target::DataDirectory;
use super::{PostgreSql, programs, unique};
use crate::domain::types::location::{Location, Part};
use crate::engine::drivers::child::Program;
use crate::engine::drivers::folder::{path_of, root, vacancy};
use crate::engine::drivers::psql::programs::Programs;
use crate::engine::drivers::{Fault, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target, folder};
use crate::repository::{Control, ItemPath, OpenFolder, RestoreOutcome, RestoreSize};
use serde::{Deserialize, Serialize};
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
    let whole = DataDirectory::at(data.clone(), cx.lend, cx.moment);
    Ok(Some(Box::new(Extract {
        item: asked.item,
        goes,
        whole: Box::new(whole),
        scratch,
        data,
        user,
        begun: None,
        is_resumed: false,
        is_done: false,
    })))
}

/// Where an item goes.
enum Place {
    Folder(PathBuf),
    Server(Into),
}

/// What is remembered of a restore that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Begun {
    /// Which folder it writes into.
    folder: Option<serde_json::Value>,
    /// What the new database is called until it is whole.
    temporary: Option<String>,
}

/// An item that is taken out.
struct Extract<'a> {
    item: Item,
    goes: Place,
    /// All of the recovery point, in the scratch folder.
    whole: Box<DataDirectory<'a>>,
    scratch: PathBuf,
    data: PathBuf,
    user: String,
    begun: Option<Begun>,
    is_resumed: bool,
    /// Whether an earlier attempt came to its end.
    is_done: bool,
}

impl Target for Extract<'_> {
    fn items(&self) -> &[ItemPath] {
        &[]
    }

    fn begin(&mut self, need: &RestoreSize) -> Result<Mark, Fault> {
        let begun = match &self.goes {
            Place::Folder(path) => {
                let into = vacancy::open_vacant(path, 0, &OpenFolder::free_space, &|_, _| false)?;
                Begun { folder: root::mark_of(into.identity()).read(), temporary: None }
            }
            Place::Server(into) => {
                into.refuse_taken()?;
                Begun { folder: None, temporary: Some(format!("vaultdeck_{}", unique()?)) }
            }
        };
        self.whole.begin(need)?;
        let mark = Mark::of(&begun);
        self.begun = Some(begun);
        Ok(mark)
    }

    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        let unknown = || Fault::Failed("It is not known what an earlier attempt began.".to_owned());
        let begun: Begun = before.read().ok_or_else(unknown)?;
        if let (Place::Server(into), Some(temporary)) = (&self.goes, &begun.temporary) {
            self.is_done = into.is_done(temporary)?;
            into.drop_temporary(temporary)?;
        }
        self.begun = Some(begun);
        self.is_resumed = true;
        // Of the scratch folder nothing is left.
        self.whole.begin(&RestoreSize::default()).map(drop)
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        self.whole.sink()
    }

    fn finish(self: Box<Self>, outcome: &RestoreOutcome) -> Result<Restored, Fault> {
        let Self { item, goes, whole, scratch, data, user, begun, is_resumed, is_done } = *self;
        let begun = begun.ok_or_else(|| Fault::Failed("the target was not begun".to_owned()))?;
        whole.finish(outcome)?;
        if let (Place::Server(into), true) = (&goes, is_done) {
            return Ok(restored(into.note(&item, &[])));
        }
        let programs = programs::with_server(version_of(&data)?)?;
        let failed = |why| Fault::Failed(format!("The recovery point does not start as a server: {why}"));
        let server = Server::start(&programs, &scratch, &data, &user, &Control::new())?.map_err(failed)?;
        let parts = item.parts(&server)?;
        let note = match &goes {
            Place::Folder(path) => {
                let identity = begun.folder.map(|folder| Mark::of(&folder)).as_ref().and_then(root::identity_of);
                let identity = identity.ok_or_else(|| Fault::Failed("the target was not begun".to_owned()))?;
                let folder = vacancy::open_again(path, identity)?.into_descriptor();
                let name = item.file_name();
                let file = NewFile { folder: &folder, name: &name };
                if is_resumed {
                    file.forget()?;
                }
                file.dump(&programs, &server, &item, &parts.tables)?;
                format!("{item} is in {}: pg_restore -d DATABASE takes it.", path.join(&name).display())
            }
            Place::Server(into) => {
                let unopened = |error| Fault::of_io(format_args!("{} cannot be opened", scratch.display()), &error);
                let folder = OpenFolder::open(&scratch).map_err(unopened)?.into_descriptor();
                NewFile { folder: &folder, name: DUMP }.dump(&programs, &server, &item, &parts.tables)?;
                let locale = item.locale(&server)?;
                let dump = Dump { programs: &programs, folder: &scratch, name: DUMP, parts: &parts, locale };
                let left_out = into.restore(&dump, &begun.temporary.unwrap_or_default(), is_resumed)?;
                into.note(&item, &left_out)
            }
        };
        server.stop();
        Ok(restored(note))
    }
}

/// It is no resource that anybody registered.
fn restored(note: String) -> Restored {
    Restored { notes: vec![note], is_of_no_resource: true, ..Restored::default() }
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
