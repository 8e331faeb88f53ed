//! Following the log of a cluster: `pg_receivewal` fetches it into a folder, and what is whole of it is told from there.
//!
//! The server keeps the log by a replication slot of the recovery point's own, from before the first base on. `pg_receivewal` goes
//! on where its folder ends: an empty file of the segment before the first that is wanted makes it begin there, whatever the
//! slot and the version of the server. A segment leaves the folder when all of it is stored.

use super::address::Address;
use super::faults;
use super::programs;
use super::server::{self, Identity, Kept, Session, on_server};
use super::wal::{Wal, Walked, parse_place, shown};
use crate::domain::types::location::Part;
use crate::domain::{PointDetails, Time};
use crate::engine::drivers::child::Running;
use crate::engine::drivers::service_clock::ServiceClock;
use crate::engine::drivers::{Broken, Continuous, Fault, FollowCx, Follower, LogFile, Mark, Progress, Registered};
use crate::repository::Control;
use chrono::Duration as Span;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long before a server's clock everything is surely in the log that it had written then: a transaction takes the time of its
/// end a moment before its end is written.
const MARGIN: Span = Span::seconds(3);

/// How long it is waited for what the server has written already.
const WAIT: Duration = Duration::from_secs(5);

/// How often it is looked meanwhile.
const GLANCE: Duration = Duration::from_millis(200);

/// The program may do nothing for as long as nothing is written.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// How often a slot is asked to go that a connection still holds.
const TRIES: u32 = 20;

/// How the names end under which segments are held while they are stored.
const HELD: &str = "held";

/// Where a log lies in a data directory.
pub(super) const FOLDER: &str = "pg_wal";

/// Up to where a log is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Place {
    system_identifier: String,
    timeline: u32,
    /// As PostgreSQL writes it.
    lsn: String,
    /// Whether all of the segment that it lies in is stored; then the next one is the first to be fetched.
    #[serde(default)]
    is_behind_segment: bool,
    /// The latest time that the server told.
    #[serde(default)]
    seen: Option<Time>,
}

/// The log of clusters.
pub(super) struct Log;

impl Continuous for Log {
    fn hold(&self, of: &Registered, name: &str) -> Result<(), Fault> {
        let (_, mut session) = connect(of)?;
        session.keep_log(name)?;
        session.close();
        Ok(())
    }

    fn release(&self, of: &Registered, name: &str) -> Result<(), Fault> {
        let (address, mut session) = connect(of)?;
        for _ in 0..TRIES {
            if session.release_log(name)? {
                session.close();
                return Ok(());
            }
            std::thread::sleep(GLANCE);
        }
        let place = address.place();
        Err(Fault::Temporary {
            why: format!("The replication slot {name} of the PostgreSQL server at {place} is still in use"),
            after: Span::minutes(1),
        })
    }

    fn behind(&self, base: &PointDetails) -> Result<Mark, Fault> {
        let told = |name: &str| base.get(name).cloned();
        let place = (|| {
            Some(Place {
                system_identifier: told("SystemIdentifier")?,
                timeline: told("Timeline")?.parse().ok()?,
                lsn: told("EndLsn")?,
                is_behind_segment: true,
                seen: None,
            })
        })();
        place
            .map(|place| Mark::of(&place))
            .ok_or_else(|| Fault::Failed("The base does not say where it ends.".to_owned()))
    }

    fn log_folder(&self) -> &'static str {
        FOLDER
    }

    fn follow(&self, cx: &FollowCx<'_>) -> Result<Box<dyn Follower>, Broken> {
        Ok(Box::new(Following::begin(cx)?))
    }
}

/// The address of a cluster, and a session there.
fn connect(of: &Registered) -> Result<(Address, Session), Fault> {
    let address = address_of(of)?;
    let installed = programs::installed()?;
    let session = Session::connect(server::newest(&installed)?, &address, of.secret.as_ref())?;
    Ok((address, session))
}

fn address_of(of: &Registered) -> Result<Address, Fault> {
    let url = of.resource.location.part(Part::Url);
    let url = url.ok_or_else(|| Fault::Failed(format!("{} is no server.", of.resource.name)))?;
    Address::parse(url).map_err(|rule| Fault::Failed(format!("The URL {rule}.")))
}

/// A log that is followed.
struct Following {
    address: Address,
    session: Session,
    receiver: Option<Running>,
    wal: Wal,
    system_identifier: String,
    slot: String,
    /// Up to where it is stored.
    stored: u64,
    /// Up to where the server's log went at which time, until that has come.
    awaited: Option<(Time, u64)>,
    clock: ServiceClock,
}

impl Following {
    fn begin(cx: &FollowCx<'_>) -> Result<Self, Broken> {
        let place: Place =
            cx.log.read().ok_or_else(|| Fault::Failed("It is not known where the log goes on.".to_owned()))?;
        let stored = parse_place(&place.lsn);
        let stored = stored.ok_or_else(|| Fault::Failed(format!("{} is no place of a log.", place.lsn)))?;
        let (address, secret) = (address_of(cx.of)?, cx.of.secret.as_ref());
        let installed = programs::installed()?;
        let newest = server::newest(&installed)?;
        let mut session = Session::connect(newest, &address, secret)?;
        let look = session.look()?;
        let identity = server::identify(newest, &address, secret)?;
        refuse_another(&address, &place, &identity)?;
        refuse_lost(&address, cx.hold, session.kept_log(cx.hold)?.as_ref())?;
        let segment_size = session.segment_size()?;
        let wal = Wal { folder: cx.spool.to_owned(), timeline: place.timeline, segment_size };
        refuse_set_back(&address, stored, session.written()?.1)?;
        let first = first_of(&wal, stored, place.is_behind_segment);
        prepare(&wal, first)
            .map_err(|error| Fault::of_io(format!("The folder {} for the log", cx.spool.display()), &error))?;
        let programs = programs::for_server(&installed, look.major)?;
        let arguments = ["--slot", cx.hold, "--no-loop", "-w", "-s", "5", "-D"];
        let program = arguments.iter().fold(programs.pg_receivewal()?, |program, argument| program.arg(argument));
        let receiver = on_server(program.arg(cx.spool), &address, secret).start(PATIENCE)?;
        let clock = ServiceClock::new(format!("the server at {}", address.place()), place.seen);
        Ok(Self {
            address,
            session,
            receiver: Some(receiver),
            wal,
            system_identifier: place.system_identifier,
            slot: cx.hold.to_owned(),
            stored: if place.is_behind_segment { first } else { stored },
            awaited: None,
            clock,
        })
    }

    /// Why the program ended.
    fn why(&mut self) -> Broken {
        let ended = self.receiver.take().map(Running::finish);
        let said = match ended {
            Some(Ok(ended)) => format!("pg_receivewal ended: {}", ended.said),
            Some(Err(fault)) => fault.to_string(),
            None => "pg_receivewal has ended".to_owned(),
        };
        broken(&self.address, &said)
    }

    /// Up to where the server's log goes by now, and its time.
    fn ask(&mut self) -> Result<(Time, u64), Broken> {
        let kept = self.session.kept_log(&self.slot)?;
        refuse_lost(&self.address, &self.slot, kept.as_ref())?;
        let (time, written) = self.session.written()?;
        self.clock.look(time)?;
        Ok((time, written))
    }

    /// Waits a while for what the server had written.
    fn await_written(&mut self, written: u64, control: &Control) -> Result<Walked, Broken> {
        let until = Instant::now() + WAIT;
        loop {
            let ended = self.receiver.as_mut().is_none_or(|receiver| receiver.has_ended());
            let walked = self.wal.walk(self.stored);
            let walked = walked.map_err(|error| Fault::of_io("The log that came cannot be read", &error))?;
            if walked.covers(written) || Instant::now() > until || control.is_cancelled() {
                return Ok(walked);
            }
            if ended {
                return Err(self.why());
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// The file of a segment under a name that it keeps until it is stored: the program renames one that becomes whole.
    fn held(&self, start: u64, name: &str) -> std::io::Result<PathBuf> {
        let link = self.wal.folder.join(name).with_extension(HELD);
        for _ in 0..2 {
            let Some(file) = self.wal.file_of(start) else { break };
            let _ = std::fs::remove_file(&link);
            match std::fs::hard_link(file, &link) {
                // It was renamed between the two.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                linked => return linked.map(|()| link),
            }
        }
        Err(std::io::ErrorKind::NotFound.into())
    }

    /// The files that have something new up to a place.
    fn files(&self, end: u64) -> Result<Vec<LogFile>, Fault> {
        let size = self.wal.segment_size;
        let mut files = Vec::new();
        let mut start = self.wal.segment_start(self.stored);
        while start < end {
            let name = self.wal.segment_name(start);
            let from = self
                .held(start, &name)
                .map_err(|error| Fault::of_io(format!("The segment {name} of the log"), &error))?;
            files.push(LogFile { name, from, length: (end - start).min(size), size });
            start += size;
        }
        Ok(files)
    }
}

impl Follower for Following {
    fn look(&mut self, control: &Control) -> Result<Progress, Broken> {
        let (time, written) = match self.awaited.take() {
            Some(awaited) => {
                self.session.write_log()?;
                awaited
            }
            None => self.ask()?,
        };
        let walked = self.await_written(written, control)?;
        let covers = walked.covers(written);
        if !covers {
            self.awaited = Some((time, written));
        }
        let files = if walked.end > self.stored { self.files(walked.end)? } else { Vec::new() };
        let place = Place {
            system_identifier: self.system_identifier.clone(),
            timeline: self.wal.timeline,
            lsn: shown(walked.end),
            is_behind_segment: false,
            seen: self.clock.newest(),
        };
        let latest = covers.then(|| time - MARGIN);
        Ok(Progress { files, log: Mark::of(&place), latest, newest_change: walked.newest })
    }

    fn kept(&mut self, progress: &Progress) {
        let place = progress.log.read::<Place>().and_then(|place| parse_place(&place.lsn));
        let Some(end) = place else { return };
        progress.files.iter().for_each(|file| drop(std::fs::remove_file(&file.from)));
        // What is not removed now is at the next start.
        let old = progress.files.iter().filter(|file| file.name < self.wal.segment_name(end));
        old.for_each(|file| drop(std::fs::remove_file(self.wal.folder.join(&file.name))));
        self.stored = end;
    }
}

/// Refuses another cluster, and one that was restored or promoted since.
fn refuse_another(address: &Address, place: &Place, identity: &Identity) -> Result<(), Broken> {
    let at = address.place();
    if identity.system_identifier != place.system_identifier {
        return Err(Broken::Gap(format!(
            "at {at} is another database cluster (system identifier {}) than the one that is followed ({})",
            identity.system_identifier, place.system_identifier
        )));
    }
    if identity.timeline != place.timeline {
        return Err(Broken::Gap(format!(
            "the server at {at} is on timeline {} now, and the log that is stored ends on timeline {}: it was restored or \
             promoted since",
            identity.timeline, place.timeline
        )));
    }
    Ok(())
}

/// Refuses a server that goes on from before what is stored, as a virtual machine does that was set back: at the same places it
/// writes another log.
fn refuse_set_back(address: &Address, stored: u64, written: u64) -> Result<(), Broken> {
    if written >= stored {
        return Ok(());
    }
    Err(Broken::Gap(format!(
        "the log of the server at {} ends at {} now, and what is stored of it at {}: it was set back since",
        address.place(),
        shown(written),
        shown(stored)
    )))
}

/// The first segment that is to be fetched. What ends where a segment begins has nothing of that one.
fn first_of(wal: &Wal, stored: u64, is_behind_segment: bool) -> u64 {
    if is_behind_segment {
        wal.segment_start(stored.saturating_sub(1)) + wal.segment_size
    } else {
        wal.segment_start(stored)
    }
}

/// Refuses a log that the server does not keep any more.
fn refuse_lost(address: &Address, slot: &str, kept: Option<&Kept>) -> Result<(), Broken> {
    let at = address.place();
    match kept {
        None => Err(Broken::Gap(format!("the replication slot {slot} is not on the server at {at} any more"))),
        Some(Kept { is_lost: true }) => Err(Broken::Gap(format!(
            "the server at {at} threw log away that the replication slot {slot} needs; raise max_slot_wal_keep_size"
        ))),
        Some(_) => Ok(()),
    }
}

/// What the words of `pg_receivewal` mean.
fn broken(address: &Address, said: &str) -> Broken {
    let lost = said.contains("has already been removed")
        || said.contains("replication slot") && said.contains("does not exist")
        || said.contains("can no longer get changes");
    if lost { Broken::Gap(said.to_owned()) } else { Broken::For(faults::fault(address, said)) }
}

/// Makes the program begin with the segment at `first`: what is behind it in the folder stays if nothing is missing between.
///
/// What is shorter than a segment goes: the program fills a new file with zeros before it writes into it, and refuses for ever to
/// go on with one that a kill or a full disk left half filled.
fn prepare(wal: &Wal, first: u64) -> std::io::Result<()> {
    std::fs::create_dir_all(&wal.folder)?;
    let before = wal.segment_name(first.saturating_sub(1));
    let wanted = wal.segment_name(first);
    for entry in std::fs::read_dir(&wal.folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_half_made = entry.metadata()?.len() != wal.segment_size;
        if *name < *wanted || name.ends_with(HELD) || is_half_made {
            std::fs::remove_file(entry.path())?;
        }
    }
    if wal.file_of(first).is_none() {
        // Whatever lies behind a gap is fetched again.
        for entry in std::fs::read_dir(&wal.folder)? {
            std::fs::remove_file(entry?.path())?;
        }
    }
    empty_segment(&wal.folder.join(before), wal.segment_size)
}

/// A segment that was fetched, as far as the program looks.
fn empty_segment(path: &Path, size: u64) -> std::io::Result<()> {
    File::create(path)?.set_len(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: u64 = 16 << 20;

    #[test]
    fn behind_a_base_the_log_goes_on_with_the_segment_after_its_last_byte() {
        let wal = Wal { folder: PathBuf::new(), timeline: 1, segment_size: SEGMENT };
        assert_eq!(first_of(&wal, 3 * SEGMENT + 8, true), 4 * SEGMENT);
        assert_eq!(first_of(&wal, 3 * SEGMENT, true), 3 * SEGMENT);
        assert_eq!(first_of(&wal, 3 * SEGMENT + 8, false), 3 * SEGMENT);
        assert_eq!(first_of(&wal, 3 * SEGMENT, false), 3 * SEGMENT);
    }

    #[test]
    fn what_is_half_made_is_fetched_again_and_what_is_whole_stays() {
        let folder = tempfile::tempdir().unwrap();
        let wal = Wal { folder: folder.path().to_owned(), timeline: 1, segment_size: SEGMENT };
        let path = |segment: u64| folder.path().join(wal.segment_name(segment * SEGMENT));
        let names = || {
            let entries = std::fs::read_dir(folder.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            names.sort();
            names
        };
        empty_segment(&path(3), SEGMENT).unwrap();
        empty_segment(&path(4).with_extension("partial"), 3 << 20).unwrap();
        prepare(&wal, 3 * SEGMENT).unwrap();
        assert_eq!(names(), [path(2), path(3)]);

        // Where the first is half made, what follows is fetched again too.
        empty_segment(&path(3), 3 << 20).unwrap();
        empty_segment(&path(4).with_extension("partial"), SEGMENT).unwrap();
        prepare(&wal, 3 * SEGMENT).unwrap();
        assert_eq!(names(), [path(2)]);
    }

    #[test]
    fn a_server_that_was_set_back_behind_what_is_stored_is_refused() {
        let address = Address::parse("postgresql://me@db").unwrap();
        let place = |text| parse_place(text).unwrap();
        assert_eq!(refuse_set_back(&address, place("1/8"), place("1/8")), Ok(()));
        let Err(Broken::Gap(why)) = refuse_set_back(&address, place("1/8"), place("0/FFFFFFF8")) else { panic!() };
        assert!(why.contains("db:5432") && why.contains("0/FFFFFFF8") && why.contains("1/8"), "{why}");
    }
}
