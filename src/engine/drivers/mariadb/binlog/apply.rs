//! Bringing a restored data directory to a moment, by the log that lies in it.

use super::super::programs::{BINLOG, CLIENT, SERVER};
use super::super::version::Version;
use super::super::{faults, rows};
use super::FOLDER;
use super::events::{Events, FIRST};
use super::groups::walk;
use super::names::LogName;
use super::scratch::Scratch;
use super::server::ZONE_DETAIL;
use super::sights::Sights;
use crate::domain::{PointDetails, Time};
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::{Running, User};
use chrono::{DateTime, SecondsFormat, Timelike as _};
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// In which file of a copy stands where the log goes on: a name, a position and the last transaction, divided by tabs.
const POSITION: &str = "xtrabackup_binlog_info";

/// Positions of a log that its programs know.
const FARTHEST: u64 = u32::MAX as u64;

/// Refuses a restore to a moment where a program for it is missing, or is of another version than the server that was backed up.
pub(in crate::engine::drivers::mariadb) fn check_programs(version: Option<&str>) -> Result<(), Fault> {
    BINLOG.program()?;
    CLIENT.program()?;
    let installed = SERVER.version()?;
    match version.and_then(Version::of) {
        Some(needed) if needed != installed => Err(Fault::Unsupported {
            found: format!("mariadbd {installed}, to bring a recovery point of MariaDB {needed} to a moment,"),
            needs: format!("mariadbd {needed}"),
        }),
        _ => Ok(()),
    }
}

/// What of a log is to be applied.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    /// The files, in their order.
    files: Vec<PathBuf>,
    /// Where it begins in the first of them.
    start: u64,
    /// Where it ends in the last of them, if not with that.
    stop: Option<u64>,
    /// How many transactions that are.
    groups: u64,
}

/// Applies the log in a data directory up to a moment, and removes it there. `inside` leads to the same folder, whatever became of its path.
/// The folder belongs to `worker`. It gives what is worth telling.
pub(in crate::engine::drivers::mariadb) fn apply(
    (data, inside): (&Path, &Path),
    worker: Option<User>,
    moment: Time,
    details: &PointDetails,
) -> Result<Vec<String>, Fault> {
    let until = moment.with_nanosecond(0).unwrap_or(moment);
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidData => Fault::Failed(error.to_string()),
        _ => Fault::of_io(format_args!("The log in {} cannot be applied", data.display()), &error),
    };
    let mut range = range(inside, until).map_err(failed)?;
    let mut notes = Vec::new();
    if range.groups > 0 {
        for file in &mut range.files {
            *file = Path::new(FOLDER).join(file.file_name().unwrap_or_default());
        }
        let scratch = Scratch::start(data, worker, details)?;
        notes.extend(scratch.root_note());
        notes.extend(zone_note(&scratch, details)?);
        let reader = scratch.reader(&range.files, range.start, range.stop)?;
        pour(reader, scratch.listener()?)?;
        scratch.finish()?;
    }
    match std::fs::remove_dir_all(inside.join(FOLDER)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let shown = until.to_rfc3339_opts(SecondsFormat::Secs, true);
    let groups = range.groups;
    notes.insert(0, format!("It is as of {shown}: {groups} transactions of the log were applied."));
    Ok(notes)
}

/// The server that wrote the log may have meant other times by the same words.
fn zone_note(scratch: &Scratch, details: &PointDetails) -> Result<Option<String>, Fault> {
    let Some(theirs) = details.get(ZONE_DETAIL) else { return Ok(None) };
    let ours = scratch.ask(rows::ZONE)?;
    Ok((ours != *theirs).then(|| {
        format!(
            "The log was applied in the time zone {ours}, and was written in {theirs}: what statements made of the local time in it \
             may differ."
        )
    }))
}

/// Has a client run what a program writes, to the end of both.
fn pour(mut reader: Running, mut client: Running) -> Result<(), Fault> {
    client.discard_output().map_err(|error| Fault::of_io("No thread can be started", &error))?;
    let mut buffer = vec![0; 64 << 10];
    let (mut read, mut poured) = (Ok(0), Ok(()));
    while poured.is_ok() {
        read = reader.read(&mut buffer);
        match read {
            Ok(1..) => poured = client.pour(&buffer[..*read.as_ref().unwrap_or(&0)]),
            _ => break,
        }
    }
    let cannot =
        |what: &str, said: &str| Fault::Failed(format!("The log cannot be applied; {what}: {}", faults::told(said)));
    if poured.is_err() {
        // Why it did not take all is told best by its end.
        drop(reader);
        client.finish().map_err(|fault| cannot("the client stopped", &fault.to_string()))?;
        return Err(cannot("the client stopped", "it ended well before it had read all"));
    }
    read.map_err(|error| cannot("it cannot be read", &error.to_string()))?;
    reader.finish().map_err(|fault| cannot("it cannot be read", &fault.to_string()))?;
    client.finish().map_err(|fault| cannot("the client stopped", &fault.to_string()))?;
    Ok(())
}

/// What of the log in a data directory comes before a moment.
fn range(data: &Path, until: Time) -> io::Result<Range> {
    let (first, start) = base(&std::fs::read_to_string(data.join(POSITION))?)?;
    let (logs, sights) = logs(&data.join(FOLDER), &first)?;
    let mut range = Range { files: Vec::new(), start, stop: None, groups: 0 };
    for (number, path) in logs {
        let mut events = Events::from(BufReader::new(File::open(&path)?), FIRST)?;
        let (mut end, mut is_over, mut groups) = (None, false, 0);
        let is_first = range.files.is_empty();
        walk(&mut events, |group| {
            if is_over || is_first && group.start < start {
                return;
            }
            let told = DateTime::from_timestamp(i64::from(group.time), 0).unwrap_or_default();
            is_over = sights.judge(number, (group.start, group.end), told) >= until;
            if !is_over {
                (end, groups) = (Some(group.end), groups + 1);
            }
        })?;
        if is_over && end.is_none() {
            break;
        }
        range.files.push(path);
        range.groups += groups;
        if is_over {
            range.stop = end;
            break;
        }
    }
    if [Some(start), range.stop].into_iter().flatten().any(|place| place > FARTHEST) {
        return Err(broken("a file of it is too large for the programs that read it".to_owned()));
    }
    Ok(range)
}

/// Where the log goes on behind a copy.
fn base(told: &str) -> io::Result<(LogName, u64)> {
    let mut parts = told.trim_end().split('\t');
    let place = LogName::parse(parts.next().unwrap_or_default()).zip(parts.next().and_then(|text| text.parse().ok()));
    place.ok_or_else(|| broken(format!("{POSITION} does not say where it goes on")))
}

/// The files of a log from one on, with their numbers; and what was seen of them.
fn logs(folder: &Path, first: &LogName) -> io::Result<(Vec<(u64, PathBuf)>, Sights)> {
    let (mut files, mut sights) = (Vec::new(), Sights::default());
    let entries = match std::fs::read_dir(folder) {
        // Nothing came behind the base.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((files, sights)),
        entries => entries?,
    };
    for entry in entries {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        let about = LogName::about(name.as_bytes()).and_then(|about| Some((about.number_in(first)?, about)));
        let (number, about) = about.ok_or_else(|| broken(format!("{} does not belong to it", path.display())))?;
        if Some(number) < first.number_in(first) {
            continue;
        }
        if name.as_bytes() == about.times().as_bytes() {
            sights.add(number, &std::fs::read_to_string(&path)?);
        } else {
            files.push((number, path));
        }
    }
    files.sort();
    let begins = files.first().is_none_or(|(number, _)| Some(*number) == first.number_in(first));
    if let Some(pair) = files.windows(2).find(|pair| pair[0].0 + 1 != pair[1].0).filter(|_| begins) {
        return Err(broken(format!("the file behind {} is missing", pair[0].1.display())));
    }
    if !begins {
        return Err(broken(format!("{first} is missing")));
    }
    Ok((files, sights))
}

fn broken(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("The log in the recovery point cannot be applied: {what}."))
}
