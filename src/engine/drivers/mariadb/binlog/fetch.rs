//! Fetching what a file of a server's log has from a place on, into the file of the same name and the same content in a folder.

use super::super::address::Address;
use super::super::faults;
use super::super::programs::BINLOG;
use super::events::{Events, FIRST};
use super::groups::{Unit, Walked, walk};
use super::names::LogName;
use crate::domain::Secret;
use crate::engine::drivers::{Broken, Fault};
use crate::repository::Control;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the rest of one file may take.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// Where a file lies that comes.
const COMING: &str = "coming";

/// What a server says of a log that it does not have any more.
const LOST: [&str; 3] =
    ["Could not find first log file name", "start replication from impossible position", "Could not find GTID state"];

/// What a server says of a file behind whose end it stopped without having written its last event whole.
const TORN: &str = "binlog truncated in the middle of event";

/// A folder into which a log is fetched.
pub(super) struct Fetching<'a> {
    pub(super) address: &'a Address,
    pub(super) secret: Option<&'a Secret>,
    pub(super) folder: &'a Path,
}

impl Fetching<'_> {
    /// Where a file of the log lies here.
    pub(super) fn path(&self, name: &LogName) -> PathBuf {
        self.folder.join(name.to_string())
    }

    /// Fetches what a file has behind a place up to which the one here has it; all of it where that has less. A torn end counts only in
    /// a file to which the server writes no more. `is_over` says whether this is such a one. `last` is what ends at the place, and comes
    /// again: where something else does, it is another file of the same name, however much it looks like the one before.
    pub(super) fn fetch(
        &self,
        name: &LogName,
        (place, last): (u64, Option<Unit>),
        is_over: bool,
        control: &Control,
    ) -> Result<Walked, Broken> {
        let from = last.map_or(place, |last| last.start);
        let kept = |error: io::Error| Fault::of_io(format_args!("The log in {}", self.folder.display()), &error);
        let own = self.path(name);
        let has = std::fs::metadata(&own).map_or(0, |found| found.len());
        let from = if has < place || from < FIRST { FIRST } else { from };
        let coming = self.folder.join(COMING);
        let _ = std::fs::remove_dir_all(&coming);
        std::fs::create_dir_all(&coming).map_err(kept)?;
        self.run(name, from, is_over, control)?;
        let came = coming.join(name.to_string());
        let read = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidData => Broken::For(Fault::Failed(format!(
                "What came of {name} from the MariaDB server at {} cannot be used: {error}.",
                self.address.place()
            ))),
            _ => Broken::For(kept(error)),
        };
        let mut events = Events::from(BufReader::new(File::open(&came).map_err(kept)?), from).map_err(read)?;
        let walked = walk(&mut events, |_| ()).map_err(read)?;
        if let Some(last) = last.filter(|last| from == last.start && !is_still(*last, &walked)) {
            let at = last.start;
            return Err(Broken::Gap(format!(
                "the server at {} has another {name} now than the one that is stored, from its byte {at} on: the log was reset",
                self.address.place()
            )));
        }
        add(&own, from, &came, &walked).map_err(kept)?;
        let _ = std::fs::remove_dir_all(&coming);
        Ok(Walked { end: walked.end.max(if from > FIRST { place } else { 0 }), ..walked })
    }

    fn run(&self, name: &LogName, from: u64, is_over: bool, control: &Control) -> Result<(), Broken> {
        let program = BINLOG
            .on_server(self.address, self.secret)?
            .arg("--read-from-remote-server")
            .arg("--raw")
            .arg(format!("--start-position={from}"))
            .arg(format!("--result-file={}/", self.folder.join(COMING).display()))
            .arg(name.to_string());
        let mut running = program.start(PATIENCE)?;
        let waited = running.wait_unless(&|| control.is_cancelled());
        if control.is_cancelled() {
            return Err(Broken::For(Fault::Failed("It was stopped.".to_owned())));
        }
        let ended = running.finish().map(drop);
        let Err(fault) = waited.map_err(|error| Fault::of_io("mariadb-binlog", &error)).and(ended) else {
            return Ok(());
        };
        let said = fault.to_string();
        if is_over && said.contains(TORN) {
            return Ok(());
        }
        if LOST.iter().any(|words| said.contains(words)) {
            let place = self.address.place();
            return Err(Broken::Gap(format!("the server at {place} does not have {name} as it was any more: {said}")));
        }
        Err(Broken::For(faults::fault(self.address, &said)))
    }
}

/// Whether what came begins with a unit that was there before.
pub(super) fn is_still(last: Unit, walked: &Walked) -> bool {
    walked.units.0 == Some(last)
}

/// Writes what came of whole groups into a file, from a place on.
fn add(own: &Path, from: u64, came: &Path, walked: &Walked) -> io::Result<()> {
    let whole = from <= FIRST;
    let mut into = OpenOptions::new().write(true).create(true).truncate(whole).open(own)?;
    let skipped = if whole { 0 } else { walked.first };
    into.set_len(if whole { 0 } else { from })?;
    into.seek(SeekFrom::End(0))?;
    let mut came = File::open(came)?;
    came.seek(SeekFrom::Start(skipped))?;
    io::copy(&mut came.take(walked.read.saturating_sub(skipped)), &mut into)?;
    into.sync_data()
}
