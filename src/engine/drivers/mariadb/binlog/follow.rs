//! Following the log of a server: at each look what has come is fetched, and what is whole of it is told.
//!
//! `mariadb-binlog` fetches the rest of each file and ends; nothing stays connected in between, and its exit status says each
//! time whether all came. A server knows nothing of who follows: it purges its log by its own settings, and what was purged before it was
//! fetched is a gap.

use super::super::address::Address;
use super::super::server::registered;
use super::super::version::Version;
use super::fetch::Fetching;
use super::groups::Unit;
use super::names::LogName;
use super::server::{self, Seen};
use super::sights::Sight;
use crate::domain::{Secret, Time};
use crate::engine::drivers::service_clock::ServiceClock;
use crate::engine::drivers::{Broken, Fault, FollowCx, Follower, LogFile, Mark, Progress};
use crate::repository::Control;
use chrono::Timelike as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// After how many bytes a look tells what has come, and leaves the rest to the next one.
const MOST: u64 = 512 << 20;

/// Up to where a log is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Place {
    /// The file in which that is.
    pub(super) file: String,
    /// Behind which byte of it; 0 where nothing of it is.
    pub(super) position: u64,
    /// When the server began that file, which tells it from another of the same name; 0 where that is not known yet.
    #[serde(default)]
    begun: u32,
    /// What ends there, which is there as long as nobody resets the log; nothing where that is not known, or too long to be read again.
    #[serde(default)]
    last: Option<Unit>,
    /// Whether the server writes no more to it.
    #[serde(default)]
    is_closed: bool,
    /// The last time at which the log was seen to end there.
    #[serde(default)]
    seen: Option<Sight>,
    /// The first two numbers of the version of the server that wrote it.
    #[serde(default)]
    version: Option<String>,
}

impl Place {
    /// Behind this byte of a file.
    pub(super) fn behind(file: &LogName, position: u64) -> Self {
        Self { file: file.to_string(), position, ..Self::default() }
    }

    /// The same, in the log of a server of this version.
    pub(super) fn of_version(self, version: Option<Version>) -> Self {
        Self { version: version.map(|version| version.to_string()).or(self.version), ..self }
    }

    /// Why what a server of this version writes cannot continue what is stored: a restore runs all of it through one.
    pub(super) fn upgrade(&self, now: Option<Version>) -> Option<String> {
        let (before, now) = (self.version.as_ref()?, now?.to_string());
        (*before != now).then(|| {
            format!("was upgraded from {before} to {now}: what is stored needs the programs of {before} to be restored")
        })
    }
}

/// A log that is followed.
pub(super) struct Following {
    address: Address,
    secret: Option<Secret>,
    server_uid: String,
    /// Where files come to.
    folder: PathBuf,
    /// Up to where it is stored.
    stored: Place,
    clock: ServiceClock,
}

/// What came at a look.
#[derive(Default)]
struct Came {
    /// Up to where files are whole.
    files: BTreeMap<String, u64>,
    bytes: u64,
    newest: Option<u32>,
}

impl Following {
    pub(super) fn begin(cx: &FollowCx<'_>) -> Result<Self, Broken> {
        let unknown = || Fault::Failed("It is not known where the log goes on.".to_owned());
        let stored: Place = cx.log.read().ok_or_else(unknown)?;
        let (address, server) = registered(cx.of)?;
        std::fs::create_dir_all(cx.spool)
            .map_err(|error| Fault::of_io(format!("The folder {} for the log", cx.spool.display()), &error))?;
        let (secret, folder) = (cx.of.secret.clone(), cx.spool.to_owned());
        let seen = stored.seen.as_ref().map(|sight| sight.before);
        let clock = ServiceClock::new(format!("the server at {}", address.place()), seen);
        Ok(Self { address, secret, server_uid: server.seen.server_uid, folder, stored, clock })
    }

    /// Fetches what came, up to the end of the log as it was seen; where that ends, and whether it is all.
    fn fetch(&self, seen: &Seen, came: &mut Came, control: &Control) -> Result<(Place, bool), Broken> {
        let fetching = Fetching { address: &self.address, secret: self.secret.as_ref(), folder: &self.folder };
        let mut at = self.stored.clone();
        loop {
            let name = parse(&at.file)?;
            let found = seen.files.iter().position(|(file, _)| *file == name);
            let Some((found, size)) = found.and_then(|found| Some((found, seen.files.get(found)?.1))) else {
                at = self.behind_purged(&at, &name, seen)?;
                continue;
            };
            let next = seen.files.get(found + 1);
            if size < at.position {
                return Err(self.gap(&format!(
                    "has {size} bytes in {name} now, and {} of it are stored: the log was reset, or the server was set back",
                    at.position
                )));
            }
            // Also where nothing came: whether it is still the same file, the file says only itself.
            if size > at.position || next.is_none() {
                let walked = fetching.fetch(&name, (at.position, at.last), next.is_some(), control)?;
                if walked.has_lost {
                    return Err(self.gap("wrote into its log that it lost changes (an incident)"));
                }
                if walked.end < at.position || at.begun != 0 && at.begun != walked.begun {
                    return Err(
                        self.gap(&format!("has another {name} now than the one that is stored: the log was reset"))
                    );
                }
                // What ends where it was stored came again, and is nothing new.
                if walked.end > at.position {
                    came.files.insert(name.to_string(), walked.end);
                    came.newest = came.newest.max(walked.newest);
                }
                came.bytes += walked.end - at.position;
                at = Place {
                    position: walked.end,
                    begun: walked.begun,
                    last: walked.units.1,
                    is_closed: walked.is_closed,
                    ..Place::behind(&name, 0)
                };
            }
            let Some((next, _)) = next else {
                let is_all = at.position >= size;
                return Ok((at, is_all));
            };
            at = Place::behind(next, 0);
            if came.bytes > MOST || control.is_cancelled() {
                return Ok((at, false));
            }
        }
    }

    /// Where the log goes on behind a file that the server purged: where all of it is stored, with the next one.
    fn behind_purged(&self, at: &Place, name: &LogName, seen: &Seen) -> Result<Place, Broken> {
        let number = |file: &LogName| file.number_in(name);
        let next = number(name).map(|number| number + 1);
        match seen.files.iter().find(|(file, _)| at.is_closed && number(file) == next) {
            Some((next, _)) => Ok(Place::behind(next, 0)),
            None => Err(self.gap(&format!(
                "does not have {name} any more, in which what is stored of its log ends: it was purged before it was fetched, or the log \
                 was reset; raise binlog_expire_logs_seconds (expire_logs_days before version 10.6)"
            ))),
        }
    }

    fn gap(&self, what: &str) -> Broken {
        Broken::Gap(format!("the server at {} {what}", self.address.place()))
    }

    /// Notes when what of a file was there; how large what is noted is by now.
    fn note(&self, file: &str, seen: &Sight) -> Result<LogFile, Broken> {
        let name = parse(file)?.times();
        let from = self.folder.join(&name);
        let line = seen.line();
        let written: io::Result<u64> = (|| {
            let mut file = OpenOptions::new().append(true).create(true).open(&from)?;
            file.write_all(line.as_bytes())?;
            file.sync_data()?;
            Ok(file.metadata()?.len())
        })();
        let size = written.map_err(|error| Fault::of_io(format_args!("The times of the log in {name}"), &error))?;
        Ok(LogFile { name, from, length: size, size })
    }
}

impl Follower for Following {
    fn look(&mut self, control: &Control) -> Result<Progress, Broken> {
        let seen = server::look(&self.address, self.secret.as_ref())?;
        if seen.server_uid != self.server_uid {
            let place = self.address.place();
            return Err(Fault::Failed(format!("At {place} is another server than a moment ago.")).into());
        }
        if let Some(why) = self.stored.upgrade(seen.version) {
            return Err(self.gap(&why));
        }
        self.clock.look(seen.before)?;
        let mut came = Came::default();
        let (at, is_all) = self.fetch(&seen, &mut came, control)?;
        let mut at = at.of_version(seen.version);
        let (before, after) = (seen.before, seen.after);
        let size = seen.files.last().map(|(_, size)| *size).filter(|_| is_all);
        at.seen = size.map(|position| Sight { position, before, after });
        let mut files = BTreeMap::new();
        for (name, end) in &came.files {
            let file = LogFile { name: name.clone(), from: self.folder.join(name), length: *end, size: *end };
            files.insert(name.clone(), file);
        }
        if !files.is_empty() {
            let both = [(&self.stored.file, &self.stored.seen), (&at.file, &at.seen)];
            for (file, sight) in both.into_iter().filter_map(|(file, sight)| Some((file, sight.as_ref()?))) {
                let noted = self.note(file, sight)?;
                files.insert(noted.name.clone(), noted);
            }
        }
        let newest = came.newest.and_then(|newest| Time::from_timestamp(i64::from(newest), 0));
        Ok(Progress {
            files: files.into_values().collect(),
            log: Mark::of(&at),
            latest: at.seen.as_ref().map(|_| before.with_nanosecond(0).unwrap_or(before)),
            newest_change: newest.map(|newest| newest.min(after)),
        })
    }

    fn kept(&mut self, progress: &Progress) {
        let Some(place) = progress.log.read::<Place>() else { return };
        if let (Some(current), Ok(entries)) = (LogName::parse(&place.file), std::fs::read_dir(&self.folder)) {
            let is_old = |name: LogName| name.number_in(&current) < current.number_in(&current);
            let old =
                entries.flatten().filter(|entry| LogName::about(entry.file_name().as_bytes()).is_some_and(is_old));
            old.for_each(|entry| drop(std::fs::remove_file(entry.path())));
        }
        self.stored = place;
    }
}

fn parse(file: &str) -> Result<LogName, Fault> {
    LogName::parse(file).ok_or_else(|| Fault::Failed(format!("{file:?} is no name of a binary log.")))
}
