//! Reading a server whose data directory is reachable.

use super::address::Address;
use super::arrivals::{Came, Files, TOLD};
use super::binlog::POSITION_DETAIL;
use super::programs::BACKUP;
use super::server::{self, Server};
use super::tree::Tree;
use super::{ENGINE_DETAIL, binlog, faults, place};
use crate::domain::{Consistency, PointDetails, Secret};
use crate::engine::drivers::child::{Running, Watched};
use crate::engine::drivers::{BackupCx, Fault, Mark, PointFacts, Source};
use crate::repository::{
    Arrival, Arrivals, BackupOutcome, Child, Children, Control, Estimate, SourceItem, SourceReader, TreeSource,
};
use chrono::Timelike as _;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::path::Path;
use std::time::Duration;

/// Where the server's files lie in a snapshot.
pub(super) const ROOT: &str = "/data";

/// How long nothing may come: a statement that runs long is waited for.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// What the program says last when all went well.
pub(super) const COMPLETE: &str = "completed OK!";

/// What a copy says that it is.
pub(super) const COPIED: &str = "full-backuped";

/// What every copy has: the log without which it cannot be prepared.
const LOG: &str = "ib_logfile0";

/// A server that is open for a backup.
struct Open {
    copy: Copying,
    server: Server,
    secret: Option<Secret>,
}

/// Opens the server of a resource, if it is still the one that was registered.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let (resource, secret) = (&cx.of.resource, cx.of.secret.as_ref());
    let (address, server) = server::registered(cx.of)?;
    let Some(data_dir) = resource.location.path() else {
        return Err(Fault::Failed(format!("{} has no data directory.", resource.name)));
    };
    let data_dir = place::check(data_dir, &address, &server)?;
    server::check_programs(&address, &server.version)?;
    let size_bytes = server::files(&address, secret)?;
    let program = ["--backup", "--stream=mbstream", "--parallel=1"]
        .into_iter()
        .fold(BACKUP.on_server(&address, secret)?, |program, argument| program.arg(argument))
        .arg(format!("--datadir={}", data_dir.display()))
        .arg(format!("--target-dir={}", std::env::temp_dir().display()));
    let state = State {
        coming: Some(program.start(PATIENCE)?),
        ended: None,
        came: Came { tree: Tree::new(Path::new(ROOT), Some(&data_dir)), told: BTreeMap::new() },
    };
    Ok(Box::new(Open {
        copy: Copying { address, size_bytes, state: Mutex::new(state) },
        server,
        secret: cx.of.secret.clone(),
    }))
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.copy
    }

    fn root(&self) -> &Path {
        Path::new(ROOT)
    }

    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        let State { ended, came, .. } = self.copy.state.into_inner();
        let address = &self.copy.address;
        let unfit =
            |why: &str| Fault::Failed(format!("The backup of the MariaDB server at {}: {why}.", address.place()));
        let ended = ended.ok_or_else(|| unfit("it did not come to its end"))?.finish();
        let said = ended.map_err(|fault| faults::fault(address, &fault.to_string()))?.said;
        if !said.ends_with(COMPLETE) {
            return Err(faults::fault(address, &format!("mariadb-backup did not say {COMPLETE} but {said}")));
        }
        if let Some(issue) = outcome.issues.first() {
            return Err(unfit(&format!("{} is not in it: {}", issue.path.display(), issue.reason)));
        }
        if let Some(missing) = TOLD.into_iter().chain([LOG]).find(|name| !came.tree.has(name)) {
            return Err(unfit(&format!("{missing} is not in it")));
        }
        let told = told(&came);
        let of_copy = |key: &str| told.get(key).cloned().unwrap_or_default();
        if of_copy("backup_type") != COPIED {
            return Err(unfit("it says of itself that it is no full backup"));
        }
        let mut details = details(&self.server, self.copy.size_bytes, &of_copy);
        let mut restorable_from = None;
        if details.contains_key(POSITION_DETAIL) {
            // Behind the end of the copy, in whole seconds, as its log has them.
            let standing = binlog::standing(address, self.secret.as_ref())?;
            restorable_from = standing.time.with_nanosecond(0).map(|time| time + chrono::Duration::seconds(1));
            details.extend(standing.details);
        }
        Ok(PointFacts { details, mark: Some(Mark::of(&self.server.seen)), restorable_from, ..PointFacts::default() })
    }
}

/// What a copy says of itself: lines as `binlog_pos = filename 'x', position '1'`.
fn told(came: &Came) -> BTreeMap<String, String> {
    let text = |content: &Vec<u8>| String::from_utf8_lossy(content).into_owned();
    let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let pair = |line: String| line.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
    came.told.values().map(text).flat_map(lines).filter_map(pair).collect()
}

/// What there is to say of the point.
fn details(server: &Server, size_bytes: u64, of_copy: &impl Fn(&str) -> String) -> PointDetails {
    let all = [
        Consistency::Transaction.detail(),
        (ENGINE_DETAIL.0.to_owned(), ENGINE_DETAIL.1.to_owned()),
        ("EngineVersion".to_owned(), server.version.clone()),
        ("DatabaseBytes".to_owned(), size_bytes.to_string()),
        ("PageBytes".to_owned(), server.page_size.to_string()),
        ("EndLsn".to_owned(), of_copy("last_lsn")),
        (POSITION_DETAIL.to_owned(), of_copy("binlog_pos")),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// The copy that comes, and what came of it.
struct Copying {
    address: Address,
    size_bytes: u64,
    state: Mutex<State>,
}

struct State {
    /// The program whose stream is not read yet.
    coming: Option<Running>,
    /// The program whose stream came to its end.
    ended: Option<Running>,
    came: Came,
}

impl TreeSource for Copying {
    fn item(&self, path: &Path) -> io::Result<SourceItem> {
        self.state.lock().came.tree.item(path)
    }

    fn children(&self, folder: &Path) -> io::Result<Children<'_>> {
        let children = self.state.lock().came.tree.children(folder)?;
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
        let running = self.state.lock().coming.take();
        let files = running.map(|running| Files::new(BufReader::with_capacity(64 << 10, running.watched_by(control))));
        Some(Box::new(Coming { copy: self, files }))
    }

    fn estimate(&self, _: &Path, _: &Control) -> Option<Estimate> {
        Some(Estimate { files: 0, bytes: self.size_bytes })
    }
}

/// A stream that is read.
struct Coming<'a> {
    copy: &'a Copying,
    files: Option<Files<BufReader<Watched<'a>>>>,
}

impl Coming<'_> {
    fn over() -> io::Error {
        io::Error::other("a backup of a server can be read only once")
    }

    fn take_running(&mut self) -> Option<Running> {
        self.files.take().map(|files| files.into_inner().into_inner().into_inner())
    }

    /// Why the stream broke off: what the program said last tells more than that it did.
    fn why(&mut self, error: io::Error) -> io::Error {
        let Some(running) = self.take_running() else { return error };
        let fault = match running.finish() {
            Ok(ended) if ended.said.ends_with(COMPLETE) => return error,
            Ok(ended) => faults::fault(&self.copy.address, &format!("{error}; {}", ended.said)),
            Err(fault) => faults::fault(&self.copy.address, &fault.to_string()),
        };
        fault.into_io()
    }
}

impl Arrivals for Coming<'_> {
    fn next(&mut self) -> io::Result<Option<Arrival>> {
        let files = self.files.as_mut().ok_or_else(Self::over)?;
        let next = files.next(&mut self.copy.state.lock().came);
        match next {
            Ok(None) => {
                let running = self.take_running();
                self.copy.state.lock().ended = running;
                Ok(None)
            }
            Ok(next) => Ok(next),
            Err(error) => Err(self.why(error)),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let files = self.files.as_mut().ok_or_else(Self::over)?;
        let read = files.read(buffer, &mut self.copy.state.lock().came);
        read.map_err(|error| self.why(error))
    }
}
