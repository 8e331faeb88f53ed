//! A restore of an item, as the job sees it.

use super::file::NewFile;
use crate::engine::drivers::folder::{root, vacancy};
use crate::engine::drivers::unique::unique;
use crate::engine::drivers::{Fault, Mark, Restored, Sink, Target};
use crate::repository::{ItemPath, OpenFolder, RestoreOutcome, RestoreSize};
use rustix::fs::{Mode, fchmod};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where an item goes.
pub(in crate::engine::drivers) enum Place<S> {
    Folder(PathBuf),
    Server(S),
}

/// A server, and the database that is made of an item in it.
pub(in crate::engine::drivers) trait NewDatabase: Send {
    /// Refuses a name that a database has.
    fn refuse_taken(&self) -> Result<(), Fault>;

    /// Takes away what an earlier attempt began that had this id, and nothing else. It gives whether that attempt came to its end, and
    /// only its job does not know of it.
    fn clear(&self, id: &str) -> Result<bool, Fault>;

    /// What is said of the database when it is whole, before the notes of what made it.
    fn note(&self, item: &str, left_out: &[String]) -> String;
}

/// An attempt to make a database.
pub(in crate::engine::drivers) struct Attempt {
    /// What only this restore has: with it what was begun is known.
    pub(in crate::engine::drivers) id: String,
    /// Whether there was an attempt before.
    pub(in crate::engine::drivers) is_resumed: bool,
}

/// What became of an item.
#[derive(Debug, Default)]
pub(in crate::engine::drivers) struct Made {
    /// What of it was left out of a database.
    pub(in crate::engine::drivers) left_out: Vec<String>,
    /// What else is worth telling.
    pub(in crate::engine::drivers) notes: Vec<String>,
}

/// What takes an item out of a recovery point that was restored.
pub(in crate::engine::drivers) trait Taker<S>: Send {
    /// The item, for people.
    fn shown(&self) -> String;

    /// What it is called as a file.
    fn file_name(&self) -> String;

    /// What of the notes on all that was restored holds of the item too.
    fn notes_of_whole(&self, _: Vec<String>) -> Vec<String> {
        Vec::new()
    }

    /// Makes a file of it; what takes that, for people, and what else is worth telling.
    fn into_file(self: Box<Self>, file: &NewFile<'_>) -> Result<(String, Vec<String>), Fault>;

    /// Makes a database of it, that is whole or not there at all.
    fn into_server(self: Box<Self>, into: &S, attempt: &Attempt) -> Result<Made, Fault>;
}

/// What is remembered of a restore that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Begun {
    /// Which folder it writes into.
    folder: Option<serde_json::Value>,
    /// The id of what it makes in a server.
    temporary: Option<String>,
}

/// An item that is taken out.
pub(in crate::engine::drivers) struct Extract<'a, S> {
    pub(in crate::engine::drivers) goes: Place<S>,
    /// What of the recovery point is restored into the scratch folder.
    pub(in crate::engine::drivers) whole: Box<dyn Target + 'a>,
    pub(in crate::engine::drivers) taker: Box<dyn Taker<S> + 'a>,
    begun: Option<Begun>,
    is_resumed: bool,
    /// Whether an earlier attempt came to its end.
    is_done: bool,
}

impl<'a, S> Extract<'a, S> {
    /// Nothing is begun yet.
    pub(in crate::engine::drivers) fn new(
        goes: Place<S>,
        whole: Box<dyn Target + 'a>,
        taker: Box<dyn Taker<S> + 'a>,
    ) -> Self {
        Self { goes, whole, taker, begun: None, is_resumed: false, is_done: false }
    }
}

impl<S: NewDatabase> Target for Extract<'_, S> {
    fn items(&self) -> &[ItemPath] {
        self.whole.items()
    }

    fn begin(&mut self, need: &RestoreSize) -> Result<Mark, Fault> {
        let begun = match &self.goes {
            Place::Folder(path) => {
                let was_there = path.exists();
                let into = vacancy::open_vacant(path, 0, &OpenFolder::free_space, &|_, _| false)?;
                let begun = Begun { folder: root::mark_of(into.identity()).read(), temporary: None };
                if !was_there {
                    let closed = fchmod(into.into_descriptor(), Mode::RWXU).map_err(std::io::Error::from);
                    closed.map_err(|error| Fault::of_io(format_args!("{}", path.display()), &error))?;
                }
                begun
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
        if let (Place::Server(into), Some(id)) = (&self.goes, &begun.temporary) {
            self.is_done = into.clear(id)?;
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
        let Self { goes, whole, taker, begun, is_resumed, is_done } = *self;
        let unbegun = || Fault::Failed("the target was not begun".to_owned());
        let begun = begun.ok_or_else(unbegun)?;
        let shown = taker.shown();
        if let (Place::Server(into), true) = (&goes, is_done) {
            return Ok(restored(into.note(&shown, &[]), Vec::new()));
        }
        let of_whole = taker.notes_of_whole(whole.finish(outcome)?.notes);
        let (note, more) = match &goes {
            Place::Folder(path) => {
                let identity = begun.folder.map(|folder| Mark::of(&folder)).as_ref().and_then(root::identity_of);
                let folder = vacancy::open_again(path, identity.ok_or_else(unbegun)?)?.into_descriptor();
                let name = taker.file_name();
                let file = NewFile { folder: &folder, name: &name };
                if is_resumed {
                    file.forget()?;
                }
                let (takes_it, more) = taker.into_file(&file)?;
                (format!("{shown} is in {}: {takes_it} takes it.", path.join(&name).display()), more)
            }
            Place::Server(into) => {
                let attempt = Attempt { id: begun.temporary.ok_or_else(unbegun)?, is_resumed };
                let made = taker.into_server(into, &attempt)?;
                (into.note(&shown, &made.left_out), made.notes)
            }
        };
        Ok(restored(note, of_whole.into_iter().chain(more).collect()))
    }
}

/// It is no resource that anybody registered.
fn restored(note: String, more: Vec<String>) -> Restored {
    Restored { notes: std::iter::once(note).chain(more).collect(), is_of_no_resource: true, ..Restored::default() }
}
