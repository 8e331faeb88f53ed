//! A server that is asked: what it is, whether it can be backed up, and to keep its log meanwhile.

use super::address::Address;
use super::programs::{self, Programs};
use super::trace::Traces;
use super::wal::parse_place;
use super::{Seen, faults, rows, unique};
use crate::domain::{Secret, Time};
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Running;
pub(super) use crate::engine::drivers::psql::on_server;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::time::Duration;

/// The oldest version whose backups have a manifest, as the first two digits of `server_version_num`.
const OLDEST: u32 = 13;

/// The first version that can tell which pages changed.
const WITH_SUMMARIES: u32 = 17;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What stands between the columns of a row, and after the rows of an answer.
const COLUMN: char = '\u{1f}';
const END: &str = "\u{1e}end";

/// What a server of which a backup can be made is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) version: String,
    pub(super) major: u32,
    pub(super) wal_level: String,
    pub(super) size_bytes: u64,
    /// How the files of its relations are divided.
    pub(super) division: Division,
    /// Whether pages have checksums, in its own word.
    pub(super) checksums: String,
    /// Whether it notes which pages its log changes, so that only these need be read.
    pub(super) tells_changes: bool,
}

/// How the files of a server's relations are divided, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Division {
    /// Of a page.
    pub(super) page: u64,
    /// Of the largest file.
    pub(super) segment: u64,
}

/// A session of `psql`, which ends when this is dropped or the engine ends.
pub(super) struct Session {
    address: Address,
    running: Option<BufReader<Running>>,
}

/// For what a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Questions,
    /// The commands of the replication protocol, for which servers have rules of their own.
    Replication,
}

/// Everything that `resource add` wants to know.
pub(super) fn probe(address: &Address, secret: Option<&Secret>) -> Result<Seen, Fault> {
    let installed = programs::installed()?;
    let newest = newest(&installed)?;
    let mut session = Session::open(newest, address, secret, Purpose::Questions)?;
    let server = session.look()?;
    session.close();
    programs::for_server(&installed, server.major)?;
    let system_identifier = identify(newest, address, secret)?.system_identifier;
    let Server { version, wal_level, size_bytes, .. } = server;
    Ok(Seen { system_identifier, version, size_bytes, wal_level })
}

/// What tells a cluster, and its log, from every other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) system_identifier: String,
    pub(super) timeline: u32,
}

/// What a server says of the log that it keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) is_lost: bool,
}

/// What tells this cluster from every other one, asked for in the way in which a backup is.
pub(super) fn identify(programs: &Programs, address: &Address, secret: Option<&Secret>) -> Result<Identity, Fault> {
    let mut session = Session::open(programs, address, secret, Purpose::Replication)?;
    let rows = session.ask("IDENTIFY_SYSTEM;")?;
    session.close();
    let mut columns = rows.into_iter().flatten();
    let identity = columns.next().zip(columns.next().and_then(|timeline| timeline.parse().ok()));
    let identity = identity.map(|(system_identifier, timeline)| Identity { system_identifier, timeline });
    identity.ok_or_else(|| faults::fault(address, "it does not say which cluster it is"))
}

/// The newest programs can talk to every server.
pub(super) fn newest(installed: &[Programs]) -> Result<&Programs, Fault> {
    installed.last().ok_or_else(|| Fault::Failed("There is no psql.".to_owned()))
}

impl Session {
    /// A session in which questions are asked.
    pub(super) fn connect(programs: &Programs, address: &Address, secret: Option<&Secret>) -> Result<Self, Fault> {
        Self::open(programs, address, secret, Purpose::Questions)
    }

    fn open(programs: &Programs, address: &Address, secret: Option<&Secret>, purpose: Purpose) -> Result<Self, Fault> {
        let column = COLUMN.to_string();
        let arguments = ["-X", "-q", "-A", "-t", "-w", "-F", column.as_str(), "-v", "ON_ERROR_STOP=1"];
        let mut program = arguments.iter().fold(programs.psql()?, |program, argument| program.arg(argument));
        if purpose == Purpose::Replication {
            program = program.arg("-d").arg("replication=true");
        }
        let running = on_server(program, address, secret).with_input().start(PATIENCE)?;
        Ok(Self { address: address.clone(), running: Some(BufReader::new(running)) })
    }

    /// The rows of the answer.
    pub(super) fn ask(&mut self, question: &str) -> Result<Vec<Vec<String>>, Fault> {
        let Some(running) = &mut self.running else {
            return Err(faults::fault(&self.address, "the session has ended"));
        };
        let mut rows = Vec::new();
        let told = running.get_mut().tell(&format!("{question}\n\\echo {END}\n"));
        while told.is_ok() {
            let mut line = String::new();
            match running.read_line(&mut line) {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
            let line = line.trim_end_matches('\n');
            if line == END {
                return Ok(rows);
            }
            rows.push(line.split(COLUMN).map(str::to_owned).collect());
        }
        Err(self.why())
    }

    /// Why the session ended.
    fn why(&mut self) -> Fault {
        let Some(running) = self.running.take() else { return faults::fault(&self.address, "the session has ended") };
        let said = match running.into_inner().finish() {
            Ok(ended) => format!("psql ended without an answer {}", ended.said),
            Err(fault) => fault.to_string(),
        };
        faults::fault(&self.address, said.trim_end())
    }

    /// What the server is; a fault when it, or what the user may do there, does not suffice for a backup.
    pub(super) fn look(&mut self) -> Result<Server, Fault> {
        let rows = self.ask(rows::LOOK)?;
        let row: Option<[String; 14]> = rows.into_iter().next().and_then(|row| row.try_into().ok());
        let strange = || faults::fault(&self.address, "it does not say what it is as PostgreSQL does");
        judge(&self.address, row.ok_or_else(strange)?)
    }

    /// Whether the server has a summary of its log that begins or ends just at a place, and lets the user know.
    pub(super) fn is_summarized(&mut self, lsn: &str) -> Result<bool, Fault> {
        if self.ask(rows::MAY_READ_SUMMARIES)?.into_iter().flatten().next().as_deref() != Some("t") {
            return Ok(false);
        }
        Ok(self.ask(&rows::is_summarized(lsn))?.into_iter().flatten().next().is_some_and(|count| count != "0"))
    }

    /// The traces of backups that are there.
    pub(super) fn traces(&mut self, traces: &Traces) -> Result<Vec<String>, Fault> {
        Ok(self.ask(&rows::traces(&traces.prefix))?.into_iter().flatten().collect())
    }

    /// Leaves the trace of a backup in the place of those before it; of none without a name.
    pub(super) fn leave_trace(&mut self, traces: &Traces, name: Option<&str>) -> Result<(), Fault> {
        self.ask(&rows::drop_traces(&traces.prefix))?;
        name.map_or(Ok(()), |name| self.ask(&rows::leave_trace(name)).map(drop))
    }

    /// How large each database is whose size the user may know, in bytes.
    pub(super) fn sizes(&mut self) -> Result<BTreeMap<String, u64>, Fault> {
        let rows = self.ask(rows::SIZES)?.into_iter();
        Ok(rows.filter_map(|row| Some((row.first()?.clone(), row.get(1)?.parse().ok()?))).collect())
    }

    /// Keeps the server from throwing log away until the session ends.
    pub(super) fn hold_log(&mut self) -> Result<(), Fault> {
        // A session that has nothing to say is ended by servers that are told to.
        self.ask(rows::STAY)?;
        let name = format!("vaultdeck_{}", unique()?);
        self.ask(&rows::hold_log(&name)).map(drop)
    }

    /// Keeps the server from throwing log away until [`Self::release_log`]. Again for the same name is fine.
    pub(super) fn keep_log(&mut self, slot: &str) -> Result<(), Fault> {
        self.ask(&rows::keep_log(slot)).map(drop)
    }

    /// What the server says of the log that a slot keeps; nothing where there is no such slot.
    pub(super) fn kept_log(&mut self, slot: &str) -> Result<Option<Kept>, Fault> {
        self.ask(rows::STAY)?;
        let status = self.ask(&rows::kept_log(slot))?.into_iter().flatten().next();
        Ok(status.map(|status| Kept { is_lost: status == "lost" }))
    }

    /// Lets the server throw log away that a slot kept; whether there is no such slot any more.
    pub(super) fn release_log(&mut self, slot: &str) -> Result<bool, Fault> {
        self.ask(&rows::release_log(slot))?;
        Ok(self.ask(&rows::kept_log(slot))?.is_empty())
    }

    /// The server's time, and up to where its log goes.
    pub(super) fn written(&mut self) -> Result<(Time, u64), Fault> {
        let rows = self.ask(rows::WRITTEN)?;
        let mut columns = rows.iter().flatten();
        let read = columns.next().and_then(|text| time(text)).zip(columns.next().and_then(|text| parse_place(text)));
        read.ok_or_else(|| faults::fault(&self.address, "it does not say up to where its log is written"))
    }

    /// Has the server write soon what it has of its log in memory.
    pub(super) fn write_log(&mut self) -> Result<(), Fault> {
        self.ask(rows::WRITE_LOG).map(drop)
    }

    /// The user whom the cluster was made with.
    pub(super) fn first_user(&mut self) -> Result<String, Fault> {
        Ok(self.ask(rows::FIRST_USER)?.into_iter().flatten().next().unwrap_or_default())
    }

    /// The server's time.
    pub(super) fn time(&mut self) -> Result<Time, Fault> {
        let rows = self.ask(rows::TIME)?;
        let read = rows.iter().flatten().next().and_then(|text| time(text));
        read.ok_or_else(|| faults::fault(&self.address, "it does not say what time it is"))
    }

    /// How large a segment of the log is.
    pub(super) fn segment_size(&mut self) -> Result<u64, Fault> {
        let rows = self.ask(rows::SEGMENT_SIZE)?;
        let read = rows.iter().flatten().next().and_then(|text| text.parse().ok()).filter(|size| *size > 0);
        read.ok_or_else(|| faults::fault(&self.address, "it does not say how large the segments of its log are"))
    }

    /// Ends it.
    pub(super) fn close(mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.into_inner().finish();
        }
    }
}

/// A time in microseconds since 1970.
fn time(text: &str) -> Option<Time> {
    Time::from_timestamp_micros(text.parse().ok()?)
}

/// What a server's row means.
fn judge(address: &Address, row: [String; 14]) -> Result<Server, Fault> {
    let [number, version, wal_level, may_replicate, size, senders, slots, tablespaces, is_standby, ..] = &row;
    let [.., page, segment, summarizes, checksums, slots_in_use] = &row;
    let place = address.place();
    let major = number.parse::<u32>().unwrap_or_default() / 10_000;
    let unfit = |found: String, needs: &str| Fault::Unsupported { found, needs: needs.to_owned() };
    if major < OLDEST {
        let needs = format!("version {OLDEST} or a newer one");
        return Err(unfit(format!("The PostgreSQL server {version} at {place}"), &needs));
    }
    if may_replicate != "t" {
        return Err(Fault::Denied(format!(
            "The user {user} of the PostgreSQL server at {place} may not make backups: it has to be a superuser or have the right \
             REPLICATION (ALTER ROLE \"{user}\" REPLICATION).",
            user = address.user
        )));
    }
    if wal_level == "minimal" {
        let needs = "wal_level = replica, and a restart of the server";
        return Err(unfit(format!("The PostgreSQL server at {place} with wal_level = minimal"), needs));
    }
    for (name, value) in [("max_wal_senders", senders), ("max_replication_slots", slots)] {
        if value == "0" {
            let needs = format!("{name} of at least 1, and a restart of the server");
            return Err(unfit(format!("The PostgreSQL server at {place} with {name} = 0"), &needs));
        }
    }
    if !tablespaces.is_empty() {
        let found = format!("The PostgreSQL server at {place} with the tablespaces {tablespaces}");
        return Err(unfit(found, "a cluster that lies in its data directory alone"));
    }
    if is_standby == "t" {
        // What is read of it has `standby.signal`: what is restored of that would follow the primary.
        return Err(unfit(format!("The PostgreSQL server at {place}, which is a standby,"), "its primary"));
    }
    let bytes = |text: &String| text.parse::<u64>().unwrap_or_default();
    // Its trace takes a slot for good, and beside it a backup and a continuous recovery point need one each.
    let has_room = bytes(slots_in_use) + 3 <= bytes(slots);
    Ok(Server {
        version: version.clone(),
        major,
        wal_level: wal_level.clone(),
        size_bytes: bytes(size),
        division: Division { page: bytes(page), segment: bytes(segment) },
        checksums: checksums.clone(),
        tells_changes: major >= WITH_SUMMARIES && summarizes == "on" && has_room,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(change: impl Fn(&mut [String; 14])) -> Result<Server, String> {
        let address = Address::parse("postgresql://me@db").unwrap();
        let mut row = [
            "150018",
            "15.18 (Debian)",
            "replica",
            "t",
            "7000",
            "10",
            "10",
            "",
            "f",
            "8192",
            "1073741824",
            "off",
            "on",
            "0",
        ]
        .map(str::to_owned);
        change(&mut row);
        judge(&address, row).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_server_is_taken_that_can_be_backed_up_and_another_refused_with_what_it_lacks() {
        let server = judged(|_| {}).unwrap();
        assert_eq!((server.major, server.size_bytes, server.version.as_str()), (15, 7000, "15.18 (Debian)"));
        for (column, value, told) in [
            (0, "120022", "version 13 or a newer one is needed"),
            (2, "minimal", "wal_level = replica, and a restart"),
            (3, "f", "ALTER ROLE \"me\" REPLICATION"),
            (5, "0", "max_wal_senders of at least 1"),
            (6, "0", "max_replication_slots of at least 1"),
            (7, "fast, slow", "tablespaces fast, slow"),
            (8, "t", "which is a standby, cannot be used: its primary"),
        ] {
            let refused = judged(|row| value.clone_into(&mut row[column])).unwrap_err();
            assert!(refused.contains(told) && refused.contains("db:5432"), "{refused}");
        }
        assert!(judged(|row| "logical".clone_into(&mut row[2])).is_ok());
        for (version, setting, in_use, tells) in [
            ("180006", "on", "0", true),
            ("180006", "on", "7", true),
            ("180006", "on", "8", false),
            ("180006", "off", "0", false),
            ("160000", "on", "0", false),
        ] {
            let server = judged(|row| {
                version.clone_into(&mut row[0]);
                setting.clone_into(&mut row[11]);
                in_use.clone_into(&mut row[13]);
            });
            assert_eq!(server.unwrap().tells_changes, tells, "{version} {setting} {in_use}");
        }
    }
}
