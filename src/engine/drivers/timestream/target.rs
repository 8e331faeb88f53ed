//! Restoring into a new database.

use super::client::Client;
use super::line;
use super::policies::Description;
use super::source::{DESCRIPTION, Measurement, file_name};
use super::{database_of, location, url_of};
use crate::domain::types::keys::URL_KEY;
use crate::domain::types::timestream::{TimestreamRestore, supported_by_engine};
use crate::engine::drivers::http::{LONG, temporary};
use crate::engine::drivers::{
    Fault, Inside, Mark, RestoreAsk, RestoreCx, RestorePlan, Restored, Sink, Target, endpoint,
};
use crate::repository::{ItemPath, Node, Put, Refusal, RestoreOutcome, RestoreSize, StreamSink};
use bytes::Bytes;
use parking_lot::Mutex;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

/// The largest description.
const LARGEST_DESCRIPTION: u64 = 1 << 20;
/// How many bytes of points are written with one call, but for the last point.
const PIECE: usize = 1 << 20;
/// How many files are written at once.
const AT_ONCE: usize = 2;

/// What a restore of a database is to do.
pub(super) fn plan(ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
    let restore = TimestreamRestore::read(ask.metadata)?;
    supported_by_engine(ask.metadata)?;
    let of_source = ask.source.map(|source| url_of(&source.resource.location));
    let url = endpoint::of_restore(ask, URL_KEY, restore.url.as_deref(), of_source)?;
    let makes = Some(format!("{}/{}", restore.database, restore.table));
    Ok(RestorePlan { target: location(url, restore.database), makes, is_whole: true })
}

/// Opens nothing yet but the client.
pub(super) fn open<'a>(cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
    let restore = TimestreamRestore::read(cx.metadata)?;
    let path = ItemPath::root().join(DESCRIPTION.as_bytes());
    let text = cx.content.read(&path, LARGEST_DESCRIPTION)?;
    let text = text.ok_or_else(|| Fault::Failed("The recovery point has no database.json.".to_owned()))?;
    Ok(Box::new(NewDatabase {
        client: Client::open(cx.target, cx.secret, LONG)?,
        database: database_of(cx.target).to_owned(),
        description: Description::from_file(&text)?,
        measurements: measurements_in(cx.content)?,
        restore,
        written: Mutex::default(),
    }))
}

/// What a recovery point has points of, by the names of its folders.
fn measurements_in(content: &Inside<'_>) -> Result<BTreeSet<Vec<u8>>, Fault> {
    let mut found = BTreeSet::new();
    for policy in content.names(&ItemPath::root())? {
        if policy != DESCRIPTION.as_bytes() {
            found.extend(content.names(&ItemPath::root().join(&policy))?);
        }
    }
    Ok(found)
}

/// A database that is made.
struct NewDatabase {
    client: Client,
    database: String,
    description: Description,
    measurements: BTreeSet<Vec<u8>>,
    restore: TimestreamRestore,
    /// How many points were written, by retention policy and the name of the measurement's folder.
    written: Mutex<BTreeMap<(String, Vec<u8>), u64>>,
}

impl NewDatabase {
    fn write(&self, measurement: &[u8], content: &mut dyn Read) -> Result<(), Refusal> {
        let refused = |fault: Fault| match fault {
            Fault::Failed(why) => Refusal::Item(why),
            fault => Refusal::All(fault.into_io()),
        };
        let mut content = BufReader::with_capacity(1 << 18, content);
        let policy = policy_of(&mut content)?;
        let (mut points, mut line, mut count) = (Vec::new(), Vec::new(), 0);
        while line::read(&mut content, &mut line)? {
            points.extend_from_slice(&line);
            count += 1;
            if points.len() >= PIECE {
                self.client.write(&policy, Bytes::from(std::mem::take(&mut points))).map_err(refused)?;
            }
        }
        if !points.is_empty() {
            self.client.write(&policy, points.into()).map_err(refused)?;
        }
        *self.written.lock().entry((policy, measurement.to_vec())).or_default() += count;
        Ok(())
    }

    /// Looks whether the server has all that it took: only then is the restore done.
    fn look_back(&self) -> Result<(), Fault> {
        let names = self.client.measurements(None)?;
        let named: BTreeMap<Vec<u8>, String> =
            names.into_iter().map(|name| (file_name(&name).into_bytes(), name)).collect();
        for ((policy, folder), written) in &*self.written.lock() {
            let there = match named.get(folder).filter(|_| *written > 0) {
                Some(name) => Measurement::new(policy.clone(), name.clone()).count(&self.client)?,
                None => 0,
            };
            let of = format!("points of {} in the database {}", String::from_utf8_lossy(folder), self.database);
            match there.cmp(written) {
                Ordering::Equal => {}
                Ordering::Less => {
                    return Err(temporary(format!("The server took {written} {of}, and has {there} of them.")));
                }
                Ordering::Greater => {
                    return Err(Fault::Failed(format!(
                        "The server took {written} {of}, and has {there}: somebody else wrote into it. Choose another name."
                    )));
                }
            }
        }
        Ok(())
    }
}

/// The name of the policy that a file's points belong to.
fn policy_of(content: &mut BufReader<&mut dyn Read>) -> Result<String, Refusal> {
    let mut line = Vec::new();
    let no_heading = || Refusal::Item("it does not say to which retention policy it belongs".to_owned());
    loop {
        if !line::read(content, &mut line)? || !line.starts_with(b"#") {
            return Err(no_heading());
        }
        if let Some(policy) = line.strip_prefix(b"# CONTEXT-RETENTION-POLICY: ") {
            let policy = policy.strip_suffix(b"\n").unwrap_or(policy);
            return String::from_utf8(policy.to_vec()).map_err(|_| no_heading());
        }
    }
}

impl Target for NewDatabase {
    fn items(&self) -> &[ItemPath] {
        &[]
    }

    /// Looks only: a database without points is as good as none.
    fn begin(&mut self, _: &RestoreSize) -> Result<Mark, Fault> {
        self.client.look_at_server()?;
        match self.client.measurements(None) {
            Err(Fault::Gone(_)) => {}
            Ok(measurements) => {
                if let Some(first) = measurements.first() {
                    let (database, url) = (&self.database, self.client.url());
                    return Err(Fault::Failed(format!(
                        "The database {database} at {url} has points already, as of {first}: choose another name, since nothing is \
                         written over."
                    )));
                }
            }
            Err(fault) => return Err(fault),
        }
        Ok(Mark::of(&self.database))
    }

    /// The same point written again is the same point.
    fn resume(&mut self, before: &Mark) -> Result<(), Fault> {
        if before.read::<String>().as_ref() != Some(&self.database) {
            return Err(Fault::Failed(format!("The database {} was not begun by this job.", self.database)));
        }
        let there = match self.client.measurements(None) {
            Err(Fault::Gone(_)) => Vec::new(),
            there => there?,
        };
        match there.iter().find(|name| !self.measurements.contains(file_name(name).as_bytes())) {
            Some(other) => Err(Fault::Failed(format!(
                "The database {} has points of {other}, which the recovery point does not have: somebody else made it since this job \
                 began. Choose another name.",
                self.database
            ))),
            None => Ok(()),
        }
    }

    fn sink(&mut self) -> Result<Sink<'_>, Fault> {
        for question in self.description.questions(&self.database) {
            self.client.query(&question, None)?;
        }
        Ok(Sink::InOrder(self))
    }

    fn finish(self: Box<Self>, outcome: &RestoreOutcome) -> Result<Restored, Fault> {
        let policies = self.client.policies(None)?;
        let lacks: Vec<&str> = self
            .description
            .policies
            .iter()
            .filter(|policy| !policies.iter().any(|other| other.name == policy.name))
            .map(|policy| policy.name.as_str())
            .collect();
        if !lacks.is_empty() {
            return Err(Fault::Failed(format!(
                "The database {} lacks the retention policies {}.",
                self.database,
                lacks.join(", ")
            )));
        }
        if outcome.failures.is_empty() {
            self.look_back()?;
        }
        for question in self.restore.days.iter().flat_map(|days| self.description.limits(&self.database, *days)) {
            self.client.query(&question, None)?;
        }
        let shorter = self.description.policies.iter().any(|policy| policy.duration != "0s");
        let note = match self.restore.days {
            Some(days) => Some(format!(
                "The new database keeps its points for {days} days: the server drops those that are older, which were restored too."
            )),
            None => shorter.then(|| {
                "The new database keeps its points for ever; database.json tells for how long its source does."
                    .to_owned()
            }),
        };
        Ok(Restored {
            notes: note.into_iter().collect(),
            name: Some(self.restore.table),
            shares_secret: true,
            ..Restored::default()
        })
    }
}

impl StreamSink for NewDatabase {
    fn place(&self) -> PathBuf {
        PathBuf::from(&self.database)
    }

    fn put(&self, path: &ItemPath, node: &Node, content: &mut dyn Read) -> Result<Put, Refusal> {
        match path.components().iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice() {
            _ if !node.is_file() => {}
            [name] if *name == DESCRIPTION.as_bytes() => {
                // It was read before the database was made.
                io::copy(content, &mut io::sink())?;
            }
            [_, measurement, _] => self.write(measurement, content)?,
            _ => return Err(Refusal::Item("it is no part of a database".to_owned())),
        }
        Ok(Put::Written)
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::drivers::http::stand_in::{StandIn, Told};

    /// A server that answers that it has these points of one measurement.
    fn with_points(times: &'static str) -> StandIn {
        StandIn::that(move |asked| {
            let question = percent_encoding::percent_decode_str(&asked.body).decode_utf8_lossy().into_owned();
            let (columns, values) = match question.as_str() {
                q if q.contains("MEASUREMENTS") => (r#"["name"]"#, r#"[["cpu"]]"#),
                q if q.contains("FIELD KEYS") => (r#"["fieldKey","fieldType"]"#, r#"[["load","float"]]"#),
                _ => (r#"["time","load"]"#, times),
            };
            Told::of(
                200,
                format!(r#"{{"results":[{{"series":[{{"columns":{columns},"values":{values}}}]}}]}}"#).as_str(),
            )
        })
    }

    #[test]
    fn a_restore_is_done_only_when_the_server_has_what_it_took() {
        let looked = |times| {
            let server = with_points(times);
            let target = NewDatabase {
                client: Client::open(&location(server.url(), "new".to_owned()), None, LONG).unwrap(),
                database: "new".to_owned(),
                description: Description { database: "old".to_owned(), policies: Vec::new() },
                measurements: BTreeSet::new(),
                restore: TimestreamRestore {
                    table: "all".to_owned(),
                    database: "new".to_owned(),
                    url: None,
                    days: None,
                },
                written: Mutex::new([(("autogen".to_owned(), b"cpu".to_vec()), 2)].into()),
            };
            target.look_back()
        };
        assert_eq!(looked("[[1,0.5],[2,0.5]]"), Ok(()));
        assert!(matches!(looked("[[1,0.5]]"), Err(Fault::Temporary { .. })));
        assert!(matches!(looked("[[1,0.5],[2,0.5],[3,1]]"), Err(Fault::Failed(_))));
    }

    #[test]
    fn a_database_with_points_of_others_is_not_filled_on() {
        let names = r#"{"results":[{"series":[{"columns":["name"],"values":[["cpu"],["a/b"]]}]}]}"#;
        let server = StandIn::that(move |_| Told::of(200, names));
        let resumed = |measurements: &[&[u8]]| {
            let mut target = NewDatabase {
                client: Client::open(&location(server.url(), "new".to_owned()), None, LONG).unwrap(),
                database: "new".to_owned(),
                description: Description { database: "old".to_owned(), policies: Vec::new() },
                measurements: measurements.iter().map(|name| name.to_vec()).collect(),
                restore: TimestreamRestore {
                    table: "all".to_owned(),
                    database: "new".to_owned(),
                    url: None,
                    days: None,
                },
                written: Mutex::default(),
            };
            target.resume(&Mark::of(&"new"))
        };
        assert_eq!(resumed(&[b"cpu", b"a%2Fb", b"mem"]), Ok(()));
        assert!(resumed(&[b"cpu"]).unwrap_err().to_string().contains("points of a/b"));
    }
}
