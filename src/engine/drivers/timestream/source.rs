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

/// How many lost policies and measurements are told by name.
const NAMED: usize = 5;

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
    /// The retention policies and measurements at the beginning.
    policies: Vec<String>,
    measurements: Vec<String>,
}

/// A measurement that is read, in one policy.
pub(super) struct Measurement {
    policy: String,
    name: String,
    fields: BTreeMap<String, Kind>,
    /// From which time on its points are not read yet; nothing when all are.
    from: Option<i64>,
}

/// Opens the database of a resource.
pub(super) fn open(cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
    let client = Client::open(&cx.of.resource.location, cx.of.secret.as_ref(), LONG)?;
    let version = client.look_at_server()?;
    let database = Database::open(client, cx.control)?;
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
        let details = [
            Consistency::None.detail(),
            ("EngineVersion".to_owned(), self.version),
            ("Points".to_owned(), database.points.to_string()),
        ];
        Ok(PointFacts { lacks: lacks(&database.lost()?), details: details.into(), ..PointFacts::default() })
    }
}

impl Database {
    fn open(client: Client, stop: &Control) -> Result<Self, Fault> {
        let mut policies = client.policies(Some(stop))?;
        policies.sort_by(|left, right| left.name.cmp(&right.name));
        let names: Vec<String> = policies.iter().map(|policy| policy.name.clone()).collect();
        let measurements = client.measurements(Some(stop))?;
        let pairs = names.iter().flat_map(|policy| measurements.iter().map(move |name| (policy.clone(), name.clone())));
        let waiting = pairs.collect();
        let description = Description { database: client.database().to_owned(), policies }.to_file()?;
        Ok(Self {
            client,
            description: Some(description),
            waiting,
            measurement: None,
            pieces: None,
            content: Vec::new(),
            points: 0,
            policies: names,
            measurements,
        })
    }

    /// What went away meanwhile, which answers as what has no points does. The database itself is asked for by its policies.
    fn lost(&self) -> Result<Vec<&str>, Fault> {
        let policies: Vec<String> = self.client.policies(None)?.into_iter().map(|policy| policy.name).collect();
        let measurements = self.client.measurements(None)?;
        let lost_policies = self.policies.iter().filter(|name| !policies.contains(name));
        let lost = self.measurements.iter().filter(|name| !measurements.contains(name));
        Ok(lost_policies.chain(lost).map(String::as_str).collect())
    }
}

impl Measurement {
    /// As the server's language names it.
    fn place(&self, database: &str) -> String {
        format!("{}.{}.{}", quoted(database), quoted(&self.policy), quoted(&self.name))
    }

    pub(super) fn new(policy: String, name: String) -> Self {
        Self { policy, name, fields: BTreeMap::new(), from: Some(FIRST) }
    }

    /// How many points there are of it, counted one by one.
    pub(super) fn count(&mut self, client: &Client) -> Result<u64, Fault> {
        let stop = Control::new();
        self.ask_for_fields(client, &stop)?;
        if self.fields.is_empty() {
            return Ok(0);
        }
        let question = rows::between(&self.asked(), &self.place(client.database()), FIRST, None);
        let (mut pieces, mut count) = (client.pieces(&question, &stop)?, 0);
        while let Some(piece) = pieces.next(Some(&stop))? {
            count += piece.iter().map(|series| series.values.len() as u64).sum::<u64>();
        }
        Ok(count)
    }

    /// Asks for its fields. One whose types differ would not come back as it was.
    fn ask_for_fields(&mut self, client: &Client, stop: &Control) -> Result<(), Fault> {
        let place = format!("{}.{}", quoted(&self.policy), quoted(&self.name));
        let database = quoted(client.database());
        let told = client.query(&format!("SHOW FIELD KEYS ON {database} FROM {place}"), Some(stop))?;
        self.fields.clear();
        for series in told {
            for row in &series.values {
                let (Some(field), Some(kind)) = (series.text(row, "fieldKey"), series.text(row, "fieldType")) else {
                    return Err(client.place().refused("fields without names or types"));
                };
                let Some(known) = Kind::of(&kind) else {
                    return Err(client.place().refused(&format!("the field {field} has the unknown type {kind}")));
                };
                if self.fields.insert(field.clone(), known).is_some_and(|other| other != known) {
                    return Err(Fault::Unsupported {
                        found: format!("The field {field} of measurement {}, which has several types,", self.name),
                        needs: "one type for each field".to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The fields, each with its type so that none is taken for a tag.
    fn asked(&self) -> String {
        let fields = self.fields.iter().map(|(field, kind)| format!("{}::{}", quoted(field), kind.word()));
        fields.collect::<Vec<_>>().join(",")
    }

    /// The next day that has points, of the fields that there are by then.
    fn next_day(&mut self, client: &Client, stop: &Control) -> Result<Option<Day>, Fault> {
        let Some(from) = self.from else { return Ok(None) };
        self.ask_for_fields(client, stop)?;
        if self.fields.is_empty() {
            return Ok(None);
        }
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

/// What there is to say of what went away.
fn lacks(lost: &[&str]) -> Option<String> {
    let more = lost.len().saturating_sub(NAMED);
    let named = lost.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!lost.is_empty())
        .then(|| format!("Dropped while the backup ran, and stored only as far as they had been read: {named}{more}"))
}

/// A name as that of a file. A very long one ends with a hash of all of it.
pub(super) fn file_name(name: &str) -> String {
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
            self.measurement = Some(Measurement::new(policy, name));
        }
    }

    fn read(&mut self, buffer: &mut [u8], stop: &Control) -> Result<usize, Fault> {
        while self.content.is_empty() {
            let (Some(pieces), Some(measurement)) = (&mut self.pieces, &self.measurement) else { return Ok(0) };
            let Some(piece) = pieces.next(Some(stop))? else {
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
    use crate::engine::drivers::http::stand_in::{StandIn, Told};
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_name_is_that_of_a_file_and_no_two_are_the_same() {
        for (name, file) in [("cpu_load", "cpu_load"), ("..", "%2E%2E"), ("a/b", "a%2Fb"), ("a%2Fb", "a%252Fb")] {
            assert_eq!(file_name(name), file);
        }
        let long = |end: &str| file_name(&format!("{}{end}", "é".repeat(500)));
        assert_eq!(long("a").len(), LONGEST_NAME);
        assert_ne!(long("a"), long("b"));
    }

    /// A row of a list, in columns of their names.
    fn list(columns: &[&str], rows: &[&[&str]]) -> String {
        let series = serde_json::json!({ "columns": columns, "values": rows });
        serde_json::json!({ "results": [{ "series": [series] }] }).to_string()
    }

    /// A server with two measurements, of which one is dropped and the other one gets another field after the first day was read.
    fn changing() -> StandIn {
        let is_read = AtomicBool::new(false);
        StandIn::that(move |asked| {
            let question = percent_encoding::percent_decode_str(&asked.body).decode_utf8_lossy().into_owned();
            let is_later = is_read.load(Ordering::Relaxed);
            let answer = match question.as_str() {
                q if q.contains("RETENTION") => {
                    list(&["name", "duration", "shardGroupDuration", "default"], &[&["auto", "0s", "168h0m0s", "true"]])
                }
                q if q.contains("MEASUREMENTS") && is_later => list(&["name"], &[&["kept"]]),
                q if q.contains("MEASUREMENTS") => list(&["name"], &[&["dropped"], &["kept"]]),
                q if q.contains("FIELD KEYS") && q.contains("dropped") => String::from(r#"{"results":[{}]}"#),
                q if q.contains("FIELD KEYS") && is_later => {
                    list(&["fieldKey", "fieldType"], &[&["a", "float"], &["b", "float"]])
                }
                q if q.contains("FIELD KEYS") => list(&["fieldKey", "fieldType"], &[&["a", "float"]]),
                q if q.contains("LIMIT 1") && !q.contains(">= 86400000000000 ") => {
                    String::from(r#"{"results":[{"series":[{"columns":["time","a"],"values":[[5,1]]}]}]}"#)
                }
                q if q.contains("LIMIT 1") => {
                    String::from(r#"{"results":[{"series":[{"columns":["time","a"],"values":[[86400000000005,1]]}]}]}"#)
                }
                q if q.contains("\"b\"::float") => String::from(
                    r#"{"results":[{"series":[{"columns":["time","a","b"],"values":[[86400000000005,1,2]]}]}]}"#,
                ),
                _ => {
                    is_read.store(true, Ordering::Relaxed);
                    String::from(r#"{"results":[{"series":[{"columns":["time","a"],"values":[[5,1]]}]}]}"#)
                }
            };
            Told::of(200, answer)
        })
    }

    #[test]
    fn a_field_that_came_meanwhile_is_read_and_a_measurement_that_went_is_told() {
        let server = changing();
        let at = super::super::location(server.url(), "metrics".to_owned());
        let stop = Control::new();
        let mut database = Database::open(Client::open(&at, None, LONG).unwrap(), &stop).unwrap();
        let mut read = Vec::new();
        for _ in 0..3 {
            let path = database.next(&stop).unwrap().unwrap();
            let mut buffer = [0; 4096];
            loop {
                match database.read(&mut buffer, &stop).unwrap() {
                    0 => break,
                    length => read.extend_from_slice(&buffer[..length]),
                }
            }
            assert!(path == Path::new(DESCRIPTION) || path.starts_with("auto/kept"), "{}", path.display());
        }
        let read = String::from_utf8(read).unwrap();
        assert!(read.contains("kept a=1 5\n") && read.contains("kept a=1,b=2 86400000000005\n"), "{read}");
        assert_eq!(database.lost().unwrap(), ["dropped"]);
    }

    #[test]
    fn what_went_away_is_told_by_name() {
        let names = ["m1", "m2", "m3", "m4", "m5", "m6"];
        assert_eq!(lacks(&[]), None);
        assert!(lacks(&names[..2]).unwrap().ends_with(": m1, m2"));
        assert!(lacks(&names).unwrap().ends_with("m5 and 1 more"));
    }
}
