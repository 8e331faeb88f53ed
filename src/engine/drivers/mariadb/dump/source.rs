//! Reading a server by statements.

use super::asked;
use super::files::Listed;
use super::split::Split;
use super::{FORM, ROOT, USERS};
use crate::domain::{Consistency, PointDetails, Secret};
use crate::engine::drivers::child::{Running, Watched};
use crate::engine::drivers::mariadb::address::Address;
use crate::engine::drivers::mariadb::programs::DUMP;
use crate::engine::drivers::mariadb::server::{self, Server};
use crate::engine::drivers::mariadb::tree::Tree;
use crate::engine::drivers::mariadb::{ENGINE_DETAIL, faults};
use crate::engine::drivers::{BackupCx, Fault, Mark, PointFacts, Source};
use crate::repository::{
    Arrival, Arrivals, BackupOutcome, Child, Children, Control, Cut, Estimate, SourceItem, SourceReader, TreeSource,
};
use parking_lot::Mutex;
use std::io::{self, BufReader, Read as _};
use std::path::Path;
use std::time::Duration;

/// How long nothing may come.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// What each dump ends with.
const END: &[u8] = b"-- Dump completed\n";

/// A server that is open for a backup.
struct Open {
    dump: Dump,
    server: Server,
    is_of_one_moment: bool,
    lacks: Vec<String>,
}

/// Opens the server of a resource, if it is still the one that was registered.
pub(in crate::engine::drivers::mariadb) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let (address, server) = server::registered(cx.of)?;
    super::check(&address, cx.of.secret.as_ref())?;
    let asked = asked::ask(&address, cx.of.secret.as_ref(), &server.version)?;
    let state = State { tree: Tree::new(Path::new(ROOT), None), is_whole: false };
    let dump = Dump {
        address,
        secret: cx.of.secret.clone(),
        listed: asked.listed,
        has_history: asked.has_history,
        size_bytes: asked.size_bytes,
        state: Mutex::new(state),
    };
    Ok(Box::new(Open { dump, server, is_of_one_moment: asked.is_of_one_moment, lacks: asked.lacks }))
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.dump
    }

    fn root(&self) -> &Path {
        Path::new(ROOT)
    }

    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        let place = self.dump.address.place();
        let unfit = |why: &str| Fault::Failed(format!("The dump of the MariaDB server at {place}: {why}."));
        if !self.dump.state.lock().is_whole {
            return Err(unfit("it did not come to its end"));
        }
        if let Some(issue) = outcome.issues.first() {
            return Err(unfit(&format!("{} is not in it: {}", issue.path.display(), issue.reason)));
        }
        let consistency = if self.is_of_one_moment { Consistency::Transaction } else { Consistency::None };
        let details = [
            consistency.detail(),
            (ENGINE_DETAIL.0.to_owned(), ENGINE_DETAIL.1.to_owned()),
            (FORM.0.to_owned(), FORM.1.to_owned()),
            ("EngineVersion".to_owned(), self.server.version.clone()),
            ("DatabaseBytes".to_owned(), self.dump.size_bytes.to_string()),
        ];
        let details = PointDetails::from(details);
        let lacks = (!self.lacks.is_empty()).then(|| self.lacks.join(" "));
        Ok(PointFacts { lacks, details, mark: Some(Mark::of(&self.server.seen)), ..PointFacts::default() })
    }
}

/// The dump that comes, and what came of it.
struct Dump {
    address: Address,
    secret: Option<Secret>,
    listed: Listed,
    has_history: bool,
    size_bytes: u64,
    state: Mutex<State>,
}

struct State {
    tree: Tree,
    /// Whether all came, and the programs ended well.
    is_whole: bool,
}

impl Dump {
    /// Of all databases, in one transaction.
    fn start_databases<'a>(&self, control: &'a Control) -> Result<Watched<'a>, Fault> {
        let arguments = ["--single-transaction", "--quick", "--hex-blob", "--routines", "--events", "--triggers"];
        // Rows that share a statement with others would move from one to the next with each change before them.
        let arguments = arguments.into_iter().chain(["--skip-extended-insert", "--no-autocommit"]);
        // With a lock on a table no default of it is looked up in a sequence.
        let arguments = arguments.chain(["--skip-add-locks"]).chain(self.has_history.then_some("--dump-history"));
        let names = self.listed.0.keys().map(String::as_str);
        self.start(arguments.chain(["--skip-dump-date", "--max-allowed-packet=1G", "--databases", "--"]).chain(names))
            .map(|running| running.watched_by(control))
    }

    /// Of the users, which may be there already where it is run.
    fn start_users<'a>(&self, control: &'a Control) -> Result<Watched<'a>, Fault> {
        let arguments = ["--system=users", "--insert-ignore", "--skip-dump-date"];
        self.start(arguments.into_iter()).map(|running| running.watched_by(control))
    }

    fn start<'a>(&self, arguments: impl Iterator<Item = &'a str>) -> Result<Running, Fault> {
        let program = DUMP.on_server(&self.address, self.secret.as_ref())?;
        arguments.fold(program, |program, argument| program.arg(argument)).start(PATIENCE)
    }

    fn failed(&self, fault: &Fault) -> io::Error {
        faults::fault(&self.address, &fault.to_string()).into_io()
    }
}

impl TreeSource for Dump {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        self.state.lock().tree.item(path)
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        let children = self.state.lock().tree.children(folder)?;
        Ok(Box::new(
            children
                .into_iter()
                .map(|(name, node)| Ok(Child { name, item: Some(SourceItem { node, ..SourceItem::default() }) })),
        ))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        Err(io::Error::other(format!("{} came only once and cannot be read again", path.display())))
    }

    fn arrivals<'a>(&'a self, control: &'a Control) -> Option<Box<dyn Arrivals + 'a>> {
        Some(Box::new(Coming {
            dump: self,
            control,
            from: Origin::Nothing,
            path: Path::new(ROOT).join(USERS),
            read: 0,
            last: Vec::new(),
        }))
    }

    fn estimate(&self, _: &Path, _: &Control) -> Option<Estimate> {
        Some(Estimate { files: 0, bytes: self.size_bytes })
    }
}

/// A dump that is read.
struct Coming<'a> {
    dump: &'a Dump,
    control: &'a Control,
    from: Origin<'a>,
    /// The file that came last, and how much of it.
    path: std::path::PathBuf,
    read: u64,
    /// The last bytes of the users' file.
    last: Vec<u8>,
}

/// Which program is read.
enum Origin<'a> {
    Nothing,
    Databases(Box<Split<BufReader<Watched<'a>>>>),
    Users(Watched<'a>),
    End,
}

impl Coming<'_> {
    fn begin(&mut self, relative: &Path) -> io::Result<Arrival> {
        self.path = self.dump.state.lock().tree.begin(relative)?;
        self.read = 0;
        Ok(Arrival::whole(self.path.clone(), Cut::AsRequested))
    }

    /// What a program said that ended too early tells more than that it did.
    fn why(&mut self, error: io::Error) -> io::Error {
        let running = match std::mem::replace(&mut self.from, Origin::End) {
            Origin::Databases(split) => split.into_inner().into_inner().into_inner(),
            Origin::Users(watched) => watched.into_inner(),
            Origin::Nothing | Origin::End => return error,
        };
        // What it wrote was wrong: then it is not waited for.
        if error.kind() != io::ErrorKind::UnexpectedEof && error.kind() != io::ErrorKind::TimedOut {
            return error;
        }
        running.finish().map_or_else(|fault| self.dump.failed(&fault), |_| error)
    }

    fn ended(&self, running: Running) -> io::Result<()> {
        running.finish().map(drop).map_err(|fault| self.dump.failed(&fault))
    }
}

impl Arrivals for Coming<'_> {
    fn next(&mut self) -> io::Result<Option<Arrival>> {
        if matches!(self.from, Origin::Nothing) {
            if self.dump.listed.0.is_empty() {
                return self.begin_users().map(Some);
            }
            let watched = self.dump.start_databases(self.control).map_err(|fault| self.dump.failed(&fault))?;
            let from = BufReader::with_capacity(64 << 10, watched);
            self.from = Origin::Databases(Box::new(Split::new(from, self.dump.listed.clone())));
        }
        match &mut self.from {
            Origin::Databases(split) => match split.next() {
                Ok(Some(path)) => self.begin(&path).map(Some),
                Ok(None) => {
                    if let Origin::Databases(split) = std::mem::replace(&mut self.from, Origin::End) {
                        self.ended(split.into_inner().into_inner().into_inner())?;
                    }
                    self.begin_users().map(Some)
                }
                Err(error) => Err(self.why(error)),
            },
            Origin::Users(_) => {
                if let Origin::Users(watched) = std::mem::replace(&mut self.from, Origin::End) {
                    self.ended(watched.into_inner())?;
                }
                if !self.last.ends_with(END) {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.dump.state.lock().is_whole = true;
                Ok(None)
            }
            Origin::Nothing | Origin::End => Err(io::Error::other("a backup of a server can be read only once")),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.from {
            Origin::Databases(split) => split.read(buffer),
            Origin::Users(watched) => watched.read(buffer),
            Origin::Nothing | Origin::End => Ok(0),
        };
        let read = read.map_err(|error| self.why(error))?;
        if matches!(self.from, Origin::Users(_)) {
            self.last.extend_from_slice(&buffer[..read]);
            let surplus = self.last.len().saturating_sub(END.len());
            self.last.drain(..surplus);
        }
        self.read += read as u64;
        self.dump.state.lock().tree.end(&self.path, self.read);
        Ok(read)
    }
}

impl Coming<'_> {
    fn begin_users(&mut self) -> io::Result<Arrival> {
        let watched = self.dump.start_users(self.control).map_err(|fault| self.dump.failed(&fault))?;
        self.from = Origin::Users(watched);
        self.begin(Path::new(USERS))
    }
}
