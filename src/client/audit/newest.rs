//! Reading the audit log: the newest changes of all sessions of its user.

use super::{AuditError, Entry, Phase};
use crate::client::text::clean_json;
use crate::domain::{Scope, Time};
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// How much of the end of the log is read, in bytes.
const TAIL: u64 = 1 << 20;
/// The most changes that are given.
const MOST: usize = 1000;

/// A request, with both of its lines in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged {
    /// What its lines have in common.
    pub id: String,
    /// When it was sent.
    pub at: Time,
    /// The run of the program that sent it, where the log has that.
    pub session: Option<String>,
    /// The user of this machine.
    pub who: String,
    /// The context: an engine, an endpoint, an AWS profile.
    pub context: String,
    /// Where it was sent to.
    pub scope: Scope,
    /// The operation.
    pub operation: String,
    /// Its input.
    pub request: Value,
    /// The service's id of it, where its answer told one.
    pub request_id: Option<String>,
    /// What came of it; none where the log does not say: it is under way, or its program ended.
    pub outcome: Option<Result<(), String>>,
}

/// The newest requests of a log, the newest first; none where there is no log yet. Lines that are none, as a power cut leaves them, are
/// passed over.
pub fn newest(path: &Path) -> Result<Vec<Logged>, AuditError> {
    let failed = |source| AuditError { path: path.to_owned(), source };
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened.map_err(failed)?,
    };
    Ok(requests(&tail(file).map_err(failed)?))
}

/// The whole lines at the end.
fn tail(mut file: File) -> std::io::Result<String> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    // Others append meanwhile.
    file.take(TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = if start == 0 { Some(&*text) } else { text.split_once('\n').map(|(_, rest)| rest) };
    Ok(whole.unwrap_or_default().to_owned())
}

fn requests(text: &str) -> Vec<Logged> {
    let mut found: Vec<Logged> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for entry in text.lines().filter_map(entry) {
        let place = *places.entry(entry.id.clone()).or_insert_with(|| {
            found.push(logged(&entry));
            found.len() - 1
        });
        let Some(request) = found.get_mut(place) else { continue };
        match entry.phase {
            Phase::Intended => {}
            Phase::Done => request.outcome = Some(Ok(())),
            Phase::Failed => request.outcome = Some(Err(entry.error.unwrap_or_default())),
        }
        if entry.request_id.is_some() {
            request.request_id = entry.request_id;
        }
    }
    found.reverse();
    found.truncate(MOST);
    found
}

/// What a line says, without what a terminal would obey.
fn entry(line: &str) -> Option<Entry> {
    serde_json::from_value(clean_json(serde_json::from_str(line).ok()?)).ok()
}

/// A request by the first of its lines.
fn logged(entry: &Entry) -> Logged {
    Logged {
        id: entry.id.clone(),
        at: entry.at,
        session: entry.session.clone(),
        who: entry.who.clone(),
        context: entry.context.clone(),
        scope: Scope::new(entry.account.clone(), entry.region.clone()),
        operation: entry.operation.clone(),
        request: entry.request.clone(),
        request_id: None,
        outcome: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Audit, tests};
    use super::*;
    use crate::client::text::clean;

    fn entry(id: &str, phase: Phase, error: Option<&str>) -> Entry {
        Entry {
            id: id.to_owned(),
            request_id: (phase != Phase::Intended).then(|| format!("r-{id}")),
            error: error.map(str::to_owned),
            ..tests::entry(phase)
        }
    }

    #[test]
    fn both_lines_of_a_request_are_one_change_the_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        assert_eq!(newest(&path).unwrap(), []);
        let audit = Audit::open(&path, "ada").unwrap();
        for line in [
            entry("1", Phase::Intended, None),
            entry("2", Phase::Intended, None),
            entry("1", Phase::Done, None),
            entry("3", Phase::Intended, None),
            entry("2", Phase::Failed, Some("no\u{1b}")),
        ] {
            audit.append(&line).unwrap();
        }
        let read = newest(&path).unwrap();
        let told: Vec<_> = read.iter().map(|one| (&*one.id, one.outcome.clone(), one.request_id.as_deref())).collect();
        let no = Some(Err(clean("no\u{1b}")));
        assert_eq!(told, [("3", None, None), ("2", no, Some("r-2")), ("1", Some(Ok(())), Some("r-1"))]);
    }

    #[test]
    fn what_is_no_line_is_passed_over_and_older_lines_have_no_session() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let mut old = serde_json::to_value(entry("1", Phase::Intended, None)).unwrap();
        old.as_object_mut().unwrap().remove("session");
        std::fs::write(&path, format!("{{\"at\": \n\u{0}\u{0}\n{old}\n{{\"half")).unwrap();
        let read = newest(&path).unwrap();
        assert_eq!(read.iter().map(|one| (&*one.id, &one.session)).collect::<Vec<_>>(), [("1", &None)]);
    }

    #[test]
    fn of_a_long_log_the_end_is_read_from_a_whole_line_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let line = |number: usize| serde_json::to_string(&entry(&number.to_string(), Phase::Intended, None)).unwrap();
        let lines: Vec<String> = (0..6000).map(line).collect();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() > TAIL);
        let read = newest(&path).unwrap();
        assert_eq!((read.len(), &*read[0].id, &*read[MOST - 1].id), (MOST, "5999", "5000"));
    }
}
