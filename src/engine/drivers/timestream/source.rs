//! Reading a database.

use super::answer::Series;
use super::client::Client;
use super::days::{Day, FIRST};
use super::line::{self, Kind};
use super::pieces::Pieces;
use super::policies::Description;
use super::rows::{self, quoted};
use crate::domain::Consistency;
use crate::engine::drivers::feed::{Feed, Files};
use crate::engine::drivers::http::LONG;
use crate::engine::drivers::{BackupCx, Fault, PointFacts, Source};
use crate::repository::{BackupOutcome, Control, TreeSource};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

/// Where a database lies in a snapshot.
const ROOT: &str = "/database";

/// What says what it is.
pub(super) const DESCRIPTION: &str = "database.json";

/// What stays as it is in the names of files.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b' ');

/// Longer names are none that a file can have.
const LONGEST_NAME: usize = 255;

/// A database that is open for a backup.
struct Open {
    feed: Feed<Database>,
    version: String,
}

/// The database while it is read.
struct Database {
    client: Client,
    /// What is not written yet of what comes first.
    description: Option<Vec<u8>>,
    /// What was not begun yet: policies with measurements.
    waiting: VecDeque<(String, String)>,
    measurement: Option<Measurement>,
    pieces: Option<Pieces>,
    /// What is to be read before the next rows.
    content: Vec<u8>,
    points: u64,
}

/// A measurement that is read, in one policy.
struct Measurement {
    policy: String,
    name: String,
    fields: BTreeMap<String, Kind>,
    /// From which time on its points are not read yet; nothing when all are.
    from: Option<i64>,
}

/// Opens the database of a resource.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let client = Client::open(&cx.of.resource.location, cx.of.secret.as_ref(), LONG)?;
    let stop = Some(cx.control);
    let version = client.look_at_server()?;
    let mut policies = client.policies(stop)?;
    policies.sort_by(|left, right| left.name.cmp(&right.name));
    let measurements = client.measurements(stop)?;
    let pairs = policies
        .iter()
        .flat_map(|policy| measurements.iter().map(move |measurement| (policy.name.clone(), measurement.clone())));
    let waiting = pairs.collect();
    let description = Description { database: client.database().to_owned(), policies }.to_file()?;
    let database = Database {
        client,
        description: Some(description),
        waiting,
        measurement: None,
        pieces: None,
        content: Vec::new(),
        points: 0,
    };
    Ok(Box::new(Open { feed: Feed::new(ROOT, 0, database), version }))
}

impl Source for Open {
    fn items(&self) -> &dyn TreeSource {
        &self.feed
    }

    fn root(&self) -> &Path {
        self.feed.root()
    }

    fn finish(self: Box<Self>, outcome: &BackupOutcome) -> Result<PointFacts, Fault> {
        let database = self.feed.into_files()?;
        if let Some(issue) = outcome.issues.first() {
            return Err(Fault::Failed(format!("{} is not in the backup: {}", issue.path.display(), issue.reason)));
        }
        // One that went away meanwhile answers as one without points does.
        database.client.policies(None)?;
        let details = [
            Consistency::None.detail(),
            ("EngineVersion".to_owned(), self.version),
            ("Points".to_owned(), database.points.to_string()),
        ];
        Ok(PointFacts { details: details.into(), ..PointFacts::default() })
    }
}

impl Measurement {
    /// As the server's language names it.
    fn place(&self, database: &str) -> String {
        format!("{}.{}.{}", quoted(database), quoted(&self.policy), quoted(&self.name))
    }

    /// Asks for its fields. One whose types differ would not come back as it was.
    fn open(policy: String, name: String, client: &Client, stop: &Control) -> Result<Self, Fault> {
        let mut this = Self { policy, name, fields: BTreeMap::new(), from: Some(FIRST) };
        let place = format!("{}.{}", quoted(&this.policy), quoted(&this.name));
        let database = quoted(client.database());
        let told = client.query(&format!("SHOW FIELD KEYS ON {database} FROM {place}"), Some(stop))?;
        for series in told {
            for row in &series.values {
                let (Some(field), Some(kind)) = (series.text(row, "fieldKey"), series.text(row, "fieldType")) else {
                    return Err(client.place().refused("fields without names or types"));
                };
                let Some(known) = Kind::of(&kind) else {
                    return Err(client.place().refused(&format!("the field {field} has the unknown type {kind}")));
                };
                if this.fields.insert(field.clone(), known).is_some_and(|other| other != known) {
                    return Err(Fault::Unsupported {
                        found: format!("The field {field} of measurement {}, which has several types,", this.name),
                        needs: "one type for each field".to_owned(),
                    });
                }
            }
        }
        Ok(this)
    }

    /// The fields, each with its type so that none is taken for a tag.
    fn asked(&self) -> String {
        let fields = self.fields.iter().map(|(field, kind)| format!("{}::{}", quoted(field), kind.word()));
        fields.collect::<Vec<_>>().join(",")
    }

    /// The next day that has points.
    fn next_day(&self, client: &Client, stop: &Control) -> Result<Option<Day>, Fault> {
        let Some(from) = self.from.filter(|_| !self.fields.is_empty()) else { return Ok(None) };
        let (asked, place) = (self.asked(), self.place(client.database()));
        let question = rows::first_from(&asked, &place, from);
        let found = client.query(&question, Some(stop))?;
        let first = found.first().and_then(|series| series.raw(series.values.first()?, "time"));
        first
            .map(|time| time.parse().map(Day::of).map_err(|_| client.place().refused("a time that is none")))
            .transpose()
    }

    fn question(&self, day: Day, client: &Client) -> String {
        rows::between(&self.asked(), &self.place(client.database()), day.from(), day.until())
    }

    /// Writes points as lines; how many they were.
    fn write(&self, series: &Series, into: &mut Vec<u8>) -> Result<u64, Fault> {
        let unreadable = || Fault::Failed(format!("A point of {} came without a time or a value.", self.name));
        let head = line::series(&self.name, &series.tags)?;
        let fields: Vec<(String, &String, Kind)> = self
            .fields
            .iter()
            .map(|(name, kind)| Ok((line::field(name)?, name, *kind)))
            .collect::<Result<_, Fault>>()?;
        for row in &series.values {
            let mut first = true;
            into.extend_from_slice(head.as_bytes());
            for (written, name, kind) in &fields {
                let json = series.raw(row, name).ok_or_else(unreadable)?;
                let Some(value) = line::value(*kind, json) else { continue };
                into.extend_from_slice(format!("{}{written}={value}", if first { ' ' } else { ',' }).as_bytes());
                first = false;
            }
            let time = series.raw(row, "time").filter(|_| !first).ok_or_else(unreadable)?;
            into.extend_from_slice(format!(" {time}\n").as_bytes());
        }
        Ok(series.values.len() as u64)
    }

    fn path(&self, day: Day) -> PathBuf {
        [file_name(&self.policy), file_name(&self.name), format!("{}.lp", day.name())].iter().collect()
    }
}

/// A name as that of a file. A very long one ends with a hash of all of it.
fn file_name(name: &str) -> String {
    let encoded = utf8_percent_encode(name, KEPT).to_string();
    if encoded.len() <= LONGEST_NAME {
        return encoded;
    }
    let hash = crate::repository::Id::of(name.as_bytes()).to_string();
    format!("{}%{hash}", &encoded[..LONGEST_NAME - 1 - hash.len()])
}

/// What `influx -import` wants to be told first. It is a comment for whoever else reads it.
fn heading(database: &str, policy: &str) -> String {
    format!("# DML\n# CONTEXT-DATABASE: {database}\n# CONTEXT-RETENTION-POLICY: {policy}\n")
}

impl Files for Database {
    fn next(&mut self, stop: &Control) -> Result<Option<PathBuf>, Fault> {
        if let Some(description) = self.description.take() {
            self.content = description;
            return Ok(Some(DESCRIPTION.into()));
        }
        loop {
            if let Some(measurement) = &mut self.measurement
                && let Some(day) = measurement.next_day(&self.client, stop)?
            {
                measurement.from = day.until();
                self.pieces = Some(self.client.pieces(&measurement.question(day, &self.client), stop)?);
                self.content = heading(self.client.database(), &measurement.policy).into_bytes();
                return Ok(Some(measurement.path(day)));
            }
            let Some((policy, name)) = self.waiting.pop_front() else { return Ok(None) };
            self.measurement = Some(Measurement::open(policy, name, &self.client, stop)?);
        }
    }

    fn read(&mut self, buffer: &mut [u8], stop: &Control) -> Result<usize, Fault> {
        while self.content.is_empty() {
            let (Some(pieces), Some(measurement)) = (&mut self.pieces, &self.measurement) else { return Ok(0) };
            let Some(piece) = pieces.next(stop)? else {
                self.pieces = None;
                return Ok(0);
            };
            for series in &piece {
                self.points += measurement.write(series, &mut self.content)?;
            }
        }
        let length = buffer.len().min(self.content.len());
        buffer[..length].copy_from_slice(&self.content[..length]);
        self.content.drain(..length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_a_file_and_no_two_are_the_same() {
        for (name, file) in [("cpu_load", "cpu_load"), ("..", "%2E%2E"), ("a/b", "a%2Fb"), ("a%2Fb", "a%252Fb")] {
            assert_eq!(file_name(name), file);
        }
        let long = |end: &str| file_name(&format!("{}{end}", "é".repeat(500)));
        assert_eq!(long("a").len(), LONGEST_NAME);
        assert_ne!(long("a"), long("b"));
    }
}
