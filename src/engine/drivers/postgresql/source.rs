//! Reading a cluster.

use super::address::Address;
use super::manifest::Manifest;
use super::programs;
use super::server::{self, Server, Session, on_server};
use super::tar::{Kind, Tar};
use super::tree::Tree;
use super::{Seen, faults};
use crate::domain::types::location::Part;
use crate::domain::{Consistency, PointDetails};
use crate::engine::drivers::child::{Running, Watched};
use crate::engine::drivers::sight::databases;
use crate::engine::drivers::{BackupCx, Fault, Mark, PointFacts, Source};
use crate::repository::{
    Arrival, Arrivals, BackupOutcome, Child, Children, Control, Cut, Estimate, SourceItem, SourceReader, TreeSource,
};
use parking_lot::Mutex;
use std::io::{self, BufReader};
use std::path::Path;
use std::time::Duration;

/// Where the cluster's files lie in a snapshot.
pub(super) const ROOT: &str = "/data";

/// The detail with the name of the user whom the cluster was made with: who may do everything in what is restored of it.
pub(super) const FIRST_USER: &str = "FirstUser";

/// What says which files there are and which log they need.
pub(super) const MANIFEST: &str = "backup_manifest";

/// The most that a manifest may have: some 150 bytes a file.
const LARGEST_MANIFEST: usize = 512 << 20;

/// How files are cut: in eight pages.
const CUT: Cut = Cut::Fixed(64 << 10);

/// How long nothing may come: a checkpoint comes before the first byte.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// A cluster that is open for a backup.
struct Open {
    stream: Stream,
    server: Server,
    seen: Seen,
    /// Keeps the log until the last byte has come.
    session: Session,
}

/// Opens the cluster of a resource, if it is still the one that was registered.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let (resource, secret) = (&cx.of.resource, cx.of.secret.as_ref());
    let Some(url) = resource.location.part(Part::Url) else {
        return Err(Fault::Failed(format!(
            "{name} was restored to {at} and is no server yet: start one there (pg_ctl start) and register that, with vaultdeck resource \
             remove {name} and vaultdeck resource add {kind} {name} --url postgresql://USER@HOST:PORT.",
            name = resource.name,
            at = resource.location,
            kind = resource.resource_type,
        )));
    };
    let address = Address::parse(url).map_err(|rule| Fault::Failed(format!("The URL {rule}.")))?;
    let installed = programs::installed()?;
    let newest = server::newest(&installed)?;
    let mut session = Session::connect(newest, &address, secret)?;
    let server = session.look()?;
    let programs = programs::for_server(&installed, server.major)?;
    let system_identifier = server::identify(newest, &address, secret)?.system_identifier;
    let known: Option<Seen> = cx.of.mark.as_ref().and_then(Mark::read);
    if let Some(known) = known.filter(|known| known.system_identifier != system_identifier) {
        return Err(Fault::Failed(format!(
            "At {place} is another database cluster (system identifier {system_identifier}) than when {name} was registered or last \
             backed up ({known}). If this is right, register it again: vaultdeck resource add {kind} {name} --url {url}",
            place = address.place(),
            name = resource.name,
            known = known.system_identifier,
            kind = resource.resource_type,
        )));
    }
    session.hold_log()?;
    let arguments = ["-D", "-", "-F", "tar", "-X", "fetch", "-c", "fast", "-l", "vaultdeck", "-w"];
    let program = arguments.iter().fold(programs.pg_basebackup()?, |program, argument| program.arg(argument));
    let running = on_server(program, &address, secret).start(PATIENCE)?;
    let seen = Seen {
        system_identifier,
        version: server.version.clone(),
        size_bytes: server.size_bytes,
        wal_level: server.wal_level.clone(),
    };
    let stream = Stream {
        address,
        size_bytes: server.size_bytes,
        state: Mutex::new(State {
            coming: Some(running),
            came: None,
            broke_off: None,
            tree: Tree::new(Path::new(ROOT)),
            manifest: Vec::new(),
        }),
    };
    Ok(Box::new(Open { stream, server, seen, session }))
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.stream
    }

    fn root(&self) -> &Path {
        Path::new(ROOT)
    }

    fn fault(&self) -> Option<Fault> {
        self.stream.state.lock().broke_off.clone()
    }

    fn finish(mut self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        // Behind the end of the backup, whose log is in it.
        let restorable_from = Some(self.session.time()?);
        let first_user = self.session.first_user()?;
        let databases = databases(&self.session.sizes()?);
        let State { came, tree, manifest, .. } = self.stream.state.into_inner();
        let address = &self.stream.address;
        let unfit =
            |why: &str| Fault::Failed(format!("The backup of the PostgreSQL server at {}: {why}.", address.place()));
        let ended = came.ok_or_else(|| unfit("it did not come to its end"))?.finish();
        let said = ended.map_err(|fault| faults::fault(address, &fault.to_string()))?.said;
        if faults::tells_an_error(&said) {
            return Err(faults::fault(address, &said));
        }
        if let Some(issue) = outcome.issues.first() {
            return Err(unfit(&format!("{} is not in it: {}", issue.path.display(), issue.reason)));
        }
        let manifest = Manifest::read(&manifest).map_err(|why| unfit(&why))?;
        manifest.check(&tree).map_err(|why| unfit(&why))?;
        self.session.close();
        let mut details = details(&self.server, &self.seen, &manifest);
        details.extend(databases);
        details.extend((!first_user.is_empty()).then(|| (FIRST_USER.to_owned(), first_user)));
        Ok(PointFacts { details, mark: Some(Mark::of(&self.seen)), restorable_from, ..PointFacts::default() })
    }
}

/// What there is to say of the point.
fn details(server: &Server, seen: &Seen, manifest: &Manifest) -> PointDetails {
    let of_server = [
        Consistency::Transaction.detail(),
        ("EngineVersion".to_owned(), server.version.clone()),
        ("DatabaseBytes".to_owned(), server.size_bytes.to_string()),
        ("SystemIdentifier".to_owned(), seen.system_identifier.clone()),
    ];
    let of_log = manifest.range().map(|range| {
        [
            ("Timeline".to_owned(), range.timeline.to_string()),
            ("StartLsn".to_owned(), range.start.clone()),
            ("EndLsn".to_owned(), range.end.clone()),
        ]
    });
    of_server.into_iter().chain(of_log.into_iter().flatten()).collect()
}

/// The archive that comes, and the tree of what came.
struct Stream {
    address: Address,
    size_bytes: u64,
    state: Mutex<State>,
}

struct State {
    /// The program whose archive is not read yet.
    coming: Option<Running>,
    /// The program whose archive came to its end.
    came: Option<Running>,
    /// Why the archive came to no end.
    broke_off: Option<Fault>,
    tree: Tree,
    manifest: Vec<u8>,
}

impl TreeSource for Stream {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        self.state.lock().tree.item(path)
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        let children = self.state.lock().tree.children(folder)?;
        Ok(Box::new(children.into_iter().map(|(name, node)| {
            Ok(Child { name, item: Some(SourceItem { node, cut: CUT, ..SourceItem::default() }) })
        })))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        Err(io::Error::other(format!("{} came only once and cannot be read again", path.display())))
    }

    fn arrivals<'a>(&'a self, control: &'a Control) -> Option<Box<dyn Arrivals + 'a>> {
        let running = self.state.lock().coming.take();
        let tar = running.map(|running| Tar::new(BufReader::with_capacity(64 << 10, running.watched_by(control))));
        Some(Box::new(Coming { stream: self, tar, keeps: false }))
    }

    fn estimate(&self, _: &Path, _: &Control) -> Option<Estimate> {
        Some(Estimate { files: 0, bytes: self.size_bytes })
    }
}

/// An archive that is read.
struct Coming<'a> {
    stream: &'a Stream,
    tar: Option<Tar<BufReader<Watched<'a>>>>,
    /// Whether the file that came last is the manifest.
    keeps: bool,
}

impl Coming<'_> {
    fn ended() -> io::Error {
        io::Error::other("a backup of a server can be read only once")
    }

    /// Why the archive broke off: what the program said last tells more than that it did.
    fn why(&mut self, error: io::Error) -> io::Error {
        let Some(tar) = self.tar.take() else { return error };
        let fault = match tar.into_inner().into_inner().into_inner().finish() {
            Ok(ended) if ended.said.is_empty() => return error,
            Ok(ended) => faults::fault(&self.stream.address, &ended.said),
            Err(fault) => faults::fault(&self.stream.address, &fault.to_string()),
        };
        let denied = matches!(fault, Fault::Denied(_));
        let kind = if denied { io::ErrorKind::PermissionDenied } else { io::ErrorKind::Other };
        let error = io::Error::new(kind, fault.to_string());
        self.stream.state.lock().broke_off = Some(fault);
        error
    }
}

impl Arrivals for Coming<'_> {
    fn next(&mut self) -> io::Result<Option<Arrival>> {
        loop {
            let tar = self.tar.as_mut().ok_or_else(Self::ended)?;
            let entry = match tar.next() {
                Ok(Some(entry)) => entry,
                Ok(None) => {
                    let running = self.tar.take().map(|tar| tar.into_inner().into_inner().into_inner());
                    self.stream.state.lock().came = running;
                    return Ok(None);
                }
                Err(error) => return Err(self.why(error)),
            };
            let path = self.stream.state.lock().tree.add(&entry)?;
            if entry.kind == Kind::File {
                self.keeps = path == Path::new(ROOT).join(MANIFEST);
                return Ok(Some(Arrival { path, cut: CUT }));
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let tar = self.tar.as_mut().ok_or_else(Self::ended)?;
        let read = tar.read(buffer).map_err(|error| self.why(error))?;
        if self.keeps {
            let mut state = self.stream.state.lock();
            if state.manifest.len() + read > LARGEST_MANIFEST {
                return Err(io::Error::other("its backup_manifest is too large"));
            }
            state.manifest.extend_from_slice(&buffer[..read]);
        }
        Ok(read)
    }
}
