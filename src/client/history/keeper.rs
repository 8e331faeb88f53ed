//! A thread that writes what is seen and tells what was: no key, no draw and no call waits for the disk.

use super::file::{HistoryError, HistoryFile};
use super::past::Past;
use super::rows::{COARSE, Connection};
use crate::client::Rows;
use crate::domain::job::BackupJob;
use crate::domain::{Scope, Time};
use chrono::Duration;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// The past is read again after so long: as time goes on, the lists lose what it has.
const READ_AGAIN: Duration = Duration::hours(12);

/// What the thread tells.
#[derive(Debug, Clone)]
pub enum News {
    /// The past of a scope is known.
    Past(Scope, Arc<Past>),
    /// The file cannot be used, or not be written. That is told once.
    Trouble(String),
}

/// The handle of the thread, which ends with it. No method waits.
#[derive(Debug)]
pub struct Keeper {
    seen: Sender<Seen>,
}

/// A list of jobs that was read.
#[derive(Debug)]
struct Seen {
    scope: Scope,
    jobs: Rows<BackupJob>,
    at: Time,
}

impl Keeper {
    /// Starts the thread for the context of that name; it tells what happens through `tell`.
    pub fn start(file: HistoryFile, context: String, tell: impl Fn(News) + Send + 'static) -> Self {
        let (seen, lists) = channel();
        let keeping = Keeping { file, context, tell, open: None, scopes: BTreeMap::new(), told: false };
        std::thread::spawn(move || keeping.run(&lists));
        Self { seen }
    }

    /// All backup jobs of a scope as they were listed at `at`, the newest first.
    pub fn seen(&self, scope: &Scope, jobs: &Rows<BackupJob>, at: Time) {
        // The thread ends by itself where the file cannot be used: then nothing is kept.
        let _ = self.seen.send(Seen { scope: scope.clone(), jobs: Arc::clone(jobs), at });
    }
}

/// What is known of one scope.
struct Known {
    /// Its list as it was last written.
    written: Rows<BackupJob>,
    /// When that was.
    noted: Option<Time>,
    /// When its past was last read.
    read: Option<Time>,
}

struct Keeping<F> {
    file: HistoryFile,
    context: String,
    tell: F,
    open: Option<Connection>,
    scopes: BTreeMap<Scope, Known>,
    told: bool,
}

impl<F: Fn(News)> Keeping<F> {
    fn run(mut self, lists: &Receiver<Seen>) {
        while let Ok(first) = lists.recv() {
            // Of what came meanwhile only the newest list of each scope counts.
            let mut newest = BTreeMap::from([(first.scope.clone(), first)]);
            newest.extend(lists.try_iter().map(|seen| (seen.scope.clone(), seen)));
            for seen in newest.into_values() {
                if let Err(error) = self.take(seen) {
                    self.trouble(&error);
                    return;
                }
            }
        }
    }

    /// Takes in one list. The error is one after which nothing more can be done with the file.
    fn take(&mut self, seen: Seen) -> Result<(), HistoryError> {
        let mut connection = match self.open.take() {
            Some(connection) => connection,
            None => match self.file.open() {
                Err(error) if error.is_of_now() => {
                    self.trouble(&error);
                    return Ok(());
                }
                opened => opened?,
            },
        };
        let place = (self.context.as_str(), &seen.scope);
        let unknown = || Known { written: Arc::from([]), noted: None, read: None };
        let known = self.scopes.entry(seen.scope.clone()).or_insert_with(unknown);
        let jobs = changed(&known.written, &seen.jobs);
        let mut refused = None;
        if !jobs.is_empty() || known.noted.is_none_or(|noted| seen.at - noted >= COARSE) {
            match self.file.write(&mut connection, place, &jobs, seen.at) {
                Ok(_) => (known.written, known.noted) = (Arc::clone(&seen.jobs), Some(seen.at)),
                // What could not be written now is tried again with the next list.
                Err(error) if error.is_of_now() => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        if known.read.is_none_or(|read| seen.at - read >= READ_AGAIN) {
            match self.file.past(&connection, place, seen.at) {
                Ok(past) => {
                    known.read = Some(seen.at);
                    (self.tell)(News::Past(seen.scope.clone(), Arc::new(past)));
                }
                // So is what could not be read.
                Err(error) if error.is_of_now() => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        self.open = Some(connection);
        if let Some(error) = refused {
            self.trouble(&error);
        }
        Ok(())
    }

    fn trouble(&mut self, error: &HistoryError) {
        if !std::mem::replace(&mut self.told, true) {
            (self.tell)(News::Trouble(error.to_string()));
        }
    }
}

/// The jobs of a list that are over, and that the list before has not, or has otherwise. Both are in the order of lists.
pub(super) fn changed<'a>(before: &[Arc<BackupJob>], now: &'a [Arc<BackupJob>]) -> Vec<&'a Arc<BackupJob>> {
    let mut before = before.iter().peekable();
    let mut is_changed = |job: &Arc<BackupJob>| {
        while before.next_if(|old| order(old, job) == Ordering::Less).is_some() {}
        !before.peek().is_some_and(|old| Arc::ptr_eq(old, job) || *old == job)
    };
    now.iter().filter(|job| is_changed(job) && job.state.is_final()).collect()
}

/// The order of lists: the newest first.
fn order(a: &BackupJob, b: &BackupJob) -> Ordering {
    (b.created, &a.id).cmp(&(a.created, &b.id))
}
